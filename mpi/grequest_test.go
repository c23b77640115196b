package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// A generalised request waits in every way, alone and beside a receive, until
// somebody completes it.
func TestGrequest(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	waits := map[string]func(g, r *mpi.Request) error{
		"Wait":        func(g, r *mpi.Request) error { _, err := g.Wait(); return err },
		"WaitContext": func(g, r *mpi.Request) error { _, err := g.WaitContext(context.Background()); return err },
		"Done":        func(g, r *mpi.Request) error { <-g.Done(); _, err := g.Wait(); return err },
		"Waitall":     func(g, r *mpi.Request) error { return mpi.Waitall(g, r) },
		"Waitsome": func(g, r *mpi.Request) error {
			for left := 2; left > 0; {
				done, err := mpi.Waitsome(r, g)
				if err != nil {
					return err
				}
				left -= len(done)
			}
			return nil
		},
		"Waitany": func(g, r *mpi.Request) error {
			for range 2 {
				if i, err := mpi.Waitany(r, nil, g); i == mpi.Undefined || err != nil {
					return fmt.Errorf("%d: %w", i, err)
				}
			}
			return nil
		},
		"Test": func(g, r *mpi.Request) error {
			for {
				if _, done, err := g.Test(); done || err != nil {
					return err
				}
			}
		},
	}
	for name, wait := range waits {
		var queries, frees atomic.Int32
		var work string
		g := mpi.StartGrequest(
			func() (mpi.Status, error) {
				queries.Add(1)
				return mpi.Status{Source: 3, Tag: 4, Count: len(work)}, nil
			},
			func() error { frees.Add(1); return nil }, nil)
		r := mpi.Irecv(c, make([]int, 1), me, 1)
		if _, done, err := g.Test(); done || err != nil {
			t.Errorf("Test before Complete: %v, %v", done, err)
		}
		if i, found, err := mpi.Testany(r, g); i != mpi.Undefined || found || err != nil {
			t.Errorf("Testany before Complete: %d, %v, %v", i, found, err)
		}
		go func() {
			work = "done"
			if err := g.Complete(); err != nil {
				t.Error(err)
			}
			if err := mpi.Send(c, []int{1}, me, 1); err != nil {
				t.Error(err)
			}
		}()
		must(t, wait(g, r))
		st, err := g.Wait()
		if must(t, err); st.Source != 3 || st.Tag != 4 || st.Count != 4 || st.Bytes() != 4 || st.Cancelled() {
			t.Errorf("%s: status %+v", name, st)
		}
		if q, f := queries.Load(), frees.Load(); q != 1 || f != 1 {
			t.Errorf("%s: query was called %d times and free %d times, want once", name, q, f)
		}
		is(t, g.Complete(), mpi.ErrRequest, "before")
		_, err = r.Wait()
		must(t, err)
	}
}

func TestGrequestErrors(t *testing.T) {
	c := mpitest.World(t)
	bad, worse := errors.New("bad"), errors.New("worse")
	g := mpi.StartGrequest(func() (mpi.Status, error) { return mpi.Status{}, bad }, func() error { return worse }, nil)
	h := mpi.StartGrequest(nil, func() error { return worse }, nil)
	fine := mpi.StartGrequest(nil, nil, nil)
	for _, r := range []*mpi.Request{h, fine, g} {
		must(t, r.Complete())
	}
	if err := mpi.Waitall(g, fine, h); !errors.Is(err, bad) || !errors.Is(err, worse) {
		t.Errorf("Waitall: %v, want both errors", err)
	}
	if _, err := g.Wait(); err != bad {
		t.Errorf("Wait: %v, want the error of query", err)
	}
	if st, err := fine.Wait(); err != nil || st.Count != 0 || st.Source != mpi.AnySource || st.Tag != mpi.AnyTag {
		t.Errorf("Wait without functions: %+v, %v", st, err)
	}
	is(t, mpi.Isend(c, []int{}, mpi.ProcNull, 0).Complete(), mpi.ErrRequest, "of Isend")
	is(t, mpi.Isend(c, []int{}, -9, 0).Complete(), mpi.ErrRank, "dest is -9")
	is(t, (*mpi.Request)(nil).Complete(), mpi.ErrRequest, "nil")
}

func TestGrequestCancel(t *testing.T) {
	mpitest.World(t)
	for _, polled := range []bool{false, true} {
		var g *mpi.Request
		var told []bool
		cancelled := false
		g = mpi.StartGrequest(
			func() (st mpi.Status, err error) {
				if cancelled {
					st.SetCancelled()
				}
				return st, nil
			}, nil,
			func(complete bool) error {
				told = append(told, complete)
				if !complete {
					cancelled = true
					return g.Complete()
				}
				return nil
			})
		if polled {
			g.Done()
		}
		must(t, g.Cancel())
		if st, err := g.Wait(); err != nil || !st.Cancelled() || len(told) != 1 || told[0] {
			t.Errorf("%+v, %v; cancel was told %v", st, err, told)
		}
		must(t, g.Cancel()) // complete: nothing happens
		if len(told) != 1 {
			t.Error("cancel was called for a complete request")
		}
	}
}

// The error of the cancel function is Cancel's.
func TestGrequestCancelError(t *testing.T) {
	mpitest.World(t)
	stuck := errors.New("stuck")
	g := mpi.StartGrequest(nil, nil, func(bool) error { return stuck })
	if err := g.Cancel(); err != stuck {
		t.Errorf("Cancel: %v", err)
	}
	must(t, g.Complete())
	_, err := g.Wait()
	must(t, err)
	g = mpi.StartGrequest(nil, nil, nil)
	must(t, g.Cancel()) // nobody to tell
	must(t, g.Complete())
	must(t, mpi.Waitall(g))
}

// The functions of a request that is freed run once, when it has been completed,
// though nobody waits for it.
func TestGrequestFree(t *testing.T) {
	mpitest.World(t)
	for name, end := range map[string][2]func(*mpi.Request) error{
		"Free, Complete": {(*mpi.Request).Free, (*mpi.Request).Complete},
		"Complete, Free": {(*mpi.Request).Complete, (*mpi.Request).Free},
	} {
		var queries, frees atomic.Int32
		g := mpi.StartGrequest(
			func() (mpi.Status, error) { queries.Add(1); return mpi.Status{}, nil },
			func() error { frees.Add(1); return nil }, nil)
		must(t, end[0](g))
		must(t, end[1](g))
		if q, f := queries.Load(), frees.Load(); q != 1 || f != 1 {
			t.Errorf("%s: query was called %d times and free %d times, want once", name, q, f)
		}
		must(t, g.Free()) // again
	}
}

// Many at once: each is completed by one of two goroutines that try, what that
// did before is seen by whoever waits, and each result is its own.
func TestGrequestMany(t *testing.T) {
	mpitest.World(t)
	const n = 500
	odd := errors.New("odd")
	works, rs := make([]int, n), make([]*mpi.Request, n)
	var queries, frees, completed, refused atomic.Int32
	var all sync.WaitGroup
	for i := range n {
		rs[i] = mpi.StartGrequest(
			func() (mpi.Status, error) {
				queries.Add(1)
				st := mpi.Status{Source: i, Tag: 2 * i, Count: works[i]}
				if i%2 == 1 {
					return st, odd
				}
				return st, nil
			},
			func() error { frees.Add(1); return nil }, nil)
	}
	for i := range n {
		var once sync.Once
		for range 2 {
			all.Go(func() {
				once.Do(func() { works[i] = 3 * i })
				switch err := rs[i].Complete(); {
				case err == nil:
					completed.Add(1)
				case errors.Is(err, mpi.ErrRequest):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
	}
	if err := mpi.Waitall(rs...); !errors.Is(err, odd) {
		t.Errorf("Waitall: %v", err)
	}
	for i, r := range rs {
		st, err := r.Wait()
		if (err == odd) != (i%2 == 1) || st.Source != i || st.Tag != 2*i || st.Count != 3*i || works[i] != 3*i {
			t.Errorf("request %d: %+v, %v", i, st, err)
		}
		works[i] = 0
	}
	all.Wait()
	if queries.Load() != n || frees.Load() != n || completed.Load() != n || refused.Load() != n {
		t.Errorf("%d queries, %d frees, %d completed, %d refused; want %d each",
			queries.Load(), frees.Load(), completed.Load(), refused.Load(), n)
	}
}

// Work of the program's own in one list with a message.
func ExampleStartGrequest() {
	c := mpi.World()
	var answer int
	work := mpi.StartGrequest(nil, nil, nil)
	go func() {
		answer = 6 * 7
		work.Complete()
	}()
	note := make([]int, 1)
	message := mpi.Irecv(c, note, c.Rank(), 1)
	if err := mpi.Send(c, []int{5}, c.Rank(), 1); err != nil {
		fmt.Println(err)
	}
	if err := mpi.Waitall(work, message); err != nil {
		fmt.Println(err)
	}
	fmt.Println(answer, note[0])
	// Output: 42 5
}
