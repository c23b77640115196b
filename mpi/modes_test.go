package mpi_test

import (
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// A synchronous send is complete only when its message is being received.
func TestSynchronousMode(t *testing.T) {
	c := mpitest.World(t)
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	s := mpi.Issend(c, []int{c.Rank()}, next, 1)
	must(t, c.Barrier())
	for range 100 {
		if _, done, err := s.Test(); done || err != nil {
			t.Fatalf("Issend is complete with no receive posted: %v", err)
		}
	}
	must(t, c.Barrier())
	buf := make([]int, 1)
	_, err := mpi.Recv(c, buf, prev, 1)
	must(t, err)
	if _, err := s.Wait(); err != nil || buf[0] != prev {
		t.Errorf("received %v, error %v", buf, err)
	}

	r := mpi.Irecv(c, buf, prev, 2)
	must(t, mpi.Ssend(c, []int{10 + c.Rank()}, next, 2))
	_, err = r.Wait()
	if must(t, err); buf[0] != 10+prev {
		t.Errorf("Ssend: received %v", buf)
	}
	must(t, mpi.Ssend(c, buf, mpi.ProcNull, 0))
}

// The receives are posted before the barrier, so ready sends are allowed.
func TestReadyMode(t *testing.T) {
	c := mpitest.World(t)
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	for _, n := range []int{0, 1, 100_000} {
		want := slices.Repeat([]int32{int32(prev)}, n)
		out := slices.Repeat([]int32{int32(c.Rank())}, n)
		for i, send := range []func() error{
			func() error { return mpi.Rsend(c, out, next, 1) },
			func() error { _, err := mpi.Irsend(c, out, next, 1).Wait(); return err },
			func() error {
				s := mpi.RsendInit(c, out, next, 1)
				must(t, s.Start())
				_, err := s.Wait()
				must(t, s.Free())
				return err
			},
		} {
			in := make([]int32, n)
			r := mpi.Irecv(c, in, prev, 1)
			must(t, c.Barrier())
			done := make(chan error, 1)
			go func() { done <- send() }()
			_, err := r.Wait()
			must(t, err)
			must(t, <-done)
			if !slices.Equal(in, want) {
				t.Errorf("way %d, %d elements: wrong data", i, n)
			}
		}
	}
}
