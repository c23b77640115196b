package mpi_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestPersistent(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	sends := map[string]func(*mpi.Comm, []int, int, int) *mpi.Request{
		"SendInit": mpi.SendInit[[]int], "SsendInit": mpi.SsendInit[[]int],
	}
	for name, send := range sends {
		for _, n := range []int{0, 1, 100_000} {
			out, in := make([]int, n), make([]int, n)
			s, r := send(c, out, next, 1), mpi.RecvInit(c, in, prev, 1)
			// Inactive: nothing to wait for.
			if st, err := r.Wait(); err != nil || st != (mpi.Status{}) {
				t.Errorf("Wait before Start: %+v, %v", st, err)
			}
			if i, err := mpi.Waitany(s, r); i != mpi.Undefined || err != nil {
				t.Errorf("Waitany before Start: %d, %v", i, err)
			}
			for round := range 10 {
				for i := range out {
					out[i] = me*1000 + round + i
				}
				switch round % 3 {
				case 0:
					must(t, mpi.Startall(r, nil, s))
					must(t, mpi.Waitall(r, s))
				case 1:
					must(t, r.Start())
					must(t, s.Start())
					<-r.Done()
					_, err := s.Wait()
					must(t, err)
				case 2:
					must(t, mpi.Startall(s, r))
					for range 2 {
						_, err := mpi.Waitany(s, r)
						must(t, err)
					}
				}
				if round%4 == 0 {
					runtime.GC()
				}
				if st, err := r.Wait(); err != nil || st.Count != n || st.Source != prev {
					t.Fatalf("%s, round %d: %+v, %v", name, round, st, err)
				}
				for i := range in {
					if in[i] != prev*1000+round+i {
						t.Fatalf("%s, round %d: element %d is %d", name, round, i, in[i])
					}
				}
			}
			for range 2 {
				must(t, s.Free())
				must(t, r.Free())
			}
			if err := s.Start(); !errors.Is(err, mpi.ErrRequest) || !strings.Contains(err.Error(), "freed") {
				t.Errorf("Start after Free: %v", err)
			}
		}
	}
}

func TestPersistentErrors(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	bad := mpi.SendInit(c, []int{1}, -9, 0)
	if err := bad.Start(); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Start of a bad request: %v, want ErrRank", err)
	}
	if _, err := bad.Wait(); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Wait of a bad request: %v, want ErrRank", err)
	}
	if err := mpi.Isend(c, []int{}, me, 9).Start(); !errors.Is(err, mpi.ErrRequest) {
		t.Errorf("Start of an Isend: %v, want ErrRequest", err)
	}
	_, err := mpi.Recv(c, []int{}, me, 9)
	must(t, err)
	var null *mpi.Request
	if err := null.Start(); !errors.Is(err, mpi.ErrRequest) {
		t.Errorf("Start of nil: %v, want ErrRequest", err)
	}

	buf := []int{0}
	r, s := mpi.RecvInit(c, buf, me, 1), mpi.SendInit(c, []int{7}, me, 1)
	must(t, r.Start())
	for what, err := range map[string]error{"Start": r.Start(), "Startall": mpi.Startall(s, r), "Free": r.Free()} {
		if !errors.Is(err, mpi.ErrRequest) || !strings.Contains(err.Error(), "active") {
			t.Errorf("%s of an active request: %v", what, err)
		}
	}
	must(t, s.Start()) // the failed Startall has not started it
	must(t, mpi.Waitall(r, s))
	if buf[0] != 7 {
		t.Errorf("received %v", buf)
	}
	must(t, r.Start())
	must(t, r.Cancel())
	if st, err := r.Wait(); err != nil || !st.Cancelled() {
		t.Errorf("cancelled: %+v, %v", st, err)
	}
	must(t, r.Free())
	must(t, s.Free())
}

func TestPersistentAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{1, 100_000} {
		s, r := mpi.SendInit(c, make([]int, n), next, 1), mpi.RecvInit(c, make([]int, n), prev, 1)
		for what, wait := range map[string]func() error{
			"Waitall": func() error { return mpi.Waitall(r, s) },
		} {
			got := testing.AllocsPerRun(100, func() {
				if err := mpi.Startall(r, s); err != nil {
					t.Error(err)
				}
				if err := wait(); err != nil {
					t.Error(err)
				}
			})
			if got != 0 {
				t.Errorf("Startall and %s of %d elements: %v allocations", what, n, got)
			}
			got = testing.AllocsPerRun(100, func() {
				r.Start()
				s.Start()
				r.Wait()
				s.Wait()
			})
			if got != 0 {
				t.Errorf("Start and Wait of %d elements: %v allocations", n, got)
			}
		}
		must(t, s.Free())
		must(t, r.Free())
	}
}

// With ProcNull a transfer is complete as soon as it is started, and waits
// beside others that are not.
func TestPersistentProcNull(t *testing.T) {
	c := mpitest.World(t)
	buf, in := make([]int, 2), make([]int, 2)
	s, r := mpi.SendInit(c, buf, mpi.ProcNull, 1), mpi.RecvInit(c, buf, mpi.ProcNull, 1)
	for range 2 {
		pending := mpi.Irecv(c, in, c.Rank(), 1)
		must(t, mpi.Startall(s, r))
		if done, err := mpi.Waitsome(pending, r, s); err != nil || !slices.Equal(done, []int{1, 2}) {
			t.Errorf("Waitsome: %v, %v", done, err)
		}
		if st, err := r.Wait(); err != nil || st.Source != mpi.ProcNull || st.Tag != mpi.AnyTag || st.Count != 0 {
			t.Errorf("Wait: %+v, %v", st, err)
		}
		must(t, s.Start())
		must(t, r.Start())
		<-r.Done()
		must(t, mpi.Send(c, buf, c.Rank(), 1))
		must(t, mpi.Waitall(r, pending, s))
	}
	must(t, s.Free())
	must(t, r.Free())
	is(t, r.Start(), mpi.ErrRequest, "freed")

	// A persistent collective may get the memory of such requests.
	for range 3 {
		r := mpi.BcastInit(c, buf, 0)
		must(t, r.Start())
		_, err := r.Wait()
		must(t, err)
		must(t, r.Free())
	}
}
