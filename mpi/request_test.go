package mpi_test

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestWaitAgain(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := make([]int, 5)
	r := mpi.Irecv(c, buf, me, 9)
	if _, done, err := r.Test(); done || err != nil {
		t.Errorf("Test before the message: %v, %v", done, err)
	}
	must(t, mpi.Send(c, []int{1, 2, 3}, me, 9))
	first, err := r.Wait()
	must(t, err)
	second, err := r.Wait()
	must(t, err)
	st, done, err := r.Test()
	must(t, err)
	if first.Count != 3 || second != first || !done || st != first {
		t.Errorf("Wait %+v, again %+v, Test %+v %v", first, second, st, done)
	}
	var null *mpi.Request
	if st, err := null.Wait(); err != nil || st != (mpi.Status{}) {
		t.Errorf("Wait on nil: %+v, %v", st, err)
	}
	if st, done, err := null.Test(); err != nil || !done || st != (mpi.Status{}) {
		t.Errorf("Test on nil: %+v, %v, %v", st, done, err)
	}
	must(t, mpi.Waitall())
	must(t, mpi.Waitall(nil, r, nil))
}

func TestTestUntilDone(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := make([]int, 1)
	r := mpi.Irecv(c, buf, (me+1)%c.Size(), 1)
	s := mpi.Isend(c, []int{me}, (me+c.Size()-1)%c.Size(), 1)
	for {
		st, done, err := r.Test()
		must(t, err)
		if done {
			if st.Count != 1 || buf[0] != (me+1)%c.Size() {
				t.Errorf("got %v, %+v", buf, st)
			}
			break
		}
		runtime.Gosched()
	}
	_, err := s.Wait()
	must(t, err)
}

// Several goroutines wait for one request, none of them the one that posted it.
func TestManyWaitForOne(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for range 50 {
		buf := make([]int, 1)
		r := mpi.Irecv(c, buf, me, 4)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if st, err := r.Wait(); err != nil || st.Count != 1 || buf[0] != 77 {
					t.Errorf("status %+v, error %v, buffer %v", st, err, buf)
				}
			})
		}
		wg.Go(func() {
			if err := mpi.Waitall(r, r); err != nil {
				t.Error(err)
			}
		})
		runtime.Gosched()
		must(t, mpi.Send(c, []int{77}, me, 4))
		wg.Wait()
	}
}

func TestWaitallMany(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 1000 // more than one batch
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	bufs := make([][]int, n)
	var rs []*mpi.Request
	for i := range n {
		bufs[i] = []int{-1}
		rs = append(rs, mpi.Irecv(c, bufs[i], prev, i))
	}
	must(t, c.Barrier())
	for i := n - 1; i >= 0; i-- {
		rs = append(rs, mpi.Isend(c, []int{i}, next, i))
	}
	must(t, mpi.Waitall(rs...))
	for i := range bufs {
		if bufs[i][0] != i {
			t.Fatalf("message %d holds %d", i, bufs[i][0])
		}
	}
}

func TestWaitallErrors(t *testing.T) {
	c := mpitest.World(t)
	bad1, bad2 := mpi.Isend(c, []int{1}, -9, 0), mpi.Irecv(c, []int{1}, 0, -9)
	err := mpi.Waitall(bad1, bad2)
	if !errors.Is(err, mpi.ErrRank) || !errors.Is(err, mpi.ErrTag) {
		t.Errorf("Waitall: %v, want both ErrRank and ErrTag", err)
	}
}

// Nobody but MPI knows the buffers and requests while the collector runs.
func TestDroppedBuffers(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 200
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	got := make(chan []int32, n)
	var wg sync.WaitGroup
	for i := range n {
		r, buf := func() (*mpi.Request, []int32) {
			b := make([]int32, 1000)
			return mpi.Irecv(c, b, prev, i), b
		}()
		wg.Go(func() {
			r.Wait()
			got <- buf
		})
	}
	for i := range n {
		func() {
			b := make([]int32, 1000)
			for k := range b {
				b[k] = int32(i)
			}
			mpi.Isend(c, b, next, i) // request and buffer dropped
		}()
		if i%20 == 0 {
			runtime.GC()
			trash := make([][]int32, 100)
			for k := range trash {
				trash[k] = slices.Repeat([]int32{-7}, 1000)
			}
			runtime.KeepAlive(trash)
		}
	}
	wg.Wait()
	close(got)
	seen := make([]bool, n)
	for b := range got {
		if i := b[0]; i < 0 || int(i) >= n || seen[i] || slices.ContainsFunc(b, func(v int32) bool { return v != i }) {
			t.Errorf("a buffer was disturbed: begins with %d", b[0])
		} else {
			seen[i] = true
		}
	}
	must(t, c.Barrier())
}
