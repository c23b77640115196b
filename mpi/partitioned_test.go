package mpi_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// partitioned skips where the library has no partitioned communication, which
// the request must say.
func partitioned(t *testing.T, c *mpi.Comm) {
	t.Helper()
	r := mpi.PsendInit(c, 1, []int{1}, mpi.ProcNull, 0)
	if err := r.Start(); errors.Is(err, mpi.ErrUnsupported) {
		is(t, err, mpi.ErrUnsupported, "MPI-4")
		_, err := mpi.PrecvInit(c, 1, []int{1}, mpi.ProcNull, 0).Wait()
		is(t, err, mpi.ErrUnsupported, "PrecvInit")
		t.SkipNow()
	}
	must(t, r.Pready(0))
	_, err := r.Wait()
	must(t, err)
	must(t, r.Free())
}

// The parts are handed over by one goroutine each, in different ways, and the
// two sides divide the data differently.
func TestPartitioned(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{8, 40_000} {
		out, in := make([]int32, n), make([]int32, n)
		s, r := mpi.PsendInit(c, 8, out, next, 1), mpi.PrecvInit(c, 4, in, prev, 1)
		for round := range 6 {
			clear(in)
			must(t, mpi.Startall(s, r))
			part := func(p int) {
				for i := p * n / 8; i < (p+1)*n/8; i++ {
					out[i] = int32(1000*me + 10*round + i%7)
				}
			}
			switch round % 3 {
			case 0:
				var wg sync.WaitGroup
				for p := range 8 {
					wg.Go(func() {
						part(p)
						if err := s.Pready(p); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			case 1:
				for p := range 8 {
					part(p)
				}
				must(t, s.PreadyRange(2, 7))
				must(t, s.PreadyRange(0, 1))
			case 2:
				for p := range 8 {
					part(p)
				}
				must(t, s.PreadyList(7, 0, 3, 1))
				must(t, s.PreadyList())
				must(t, s.PreadyList(2, 4, 5, 6))
			}
			right := func(from, to int) {
				t.Helper()
				for i := from; i < to; i++ {
					if want := int32(1000*prev + 10*round + i%7); in[i] != want {
						t.Fatalf("round %d: element %d is %d, want %d", round, i, in[i], want)
					}
				}
			}
			for p := range 4 { // each part may be read when it is there
				for {
					there, err := r.Parrived(p)
					must(t, err)
					if there {
						break
					}
					runtime.Gosched()
				}
				right(p*n/4, (p+1)*n/4)
			}
			switch round % 3 {
			case 0:
				must(t, mpi.Waitall(r, s))
			case 1:
				<-s.Done()
				<-r.Done()
			case 2:
				_, err := s.WaitContext(context.Background())
				must(t, err)
				for range 2 {
					_, err = r.Wait()
					must(t, err)
				}
			}
			right(0, n)
			there, err := r.Parrived(3)
			if must(t, err); !there {
				t.Error("Parrived of a complete request is false")
			}
		}
		must(t, s.Free())
		must(t, r.Free())
	}
}

func TestPartitionedRefuses(t *testing.T) {
	c := mpitest.World(t)
	buf := make([]int, 6)
	is(t, mpi.PsendInit(c, 4, buf, 0, 0).Start(), mpi.ErrCount, "len(buf) is 6, but must be a multiple of the 4 partitions")
	is(t, mpi.PrecvInit(c, 0, buf, 0, 0).Start(), mpi.ErrArg, "partitions is 0")
	is(t, mpi.PsendInit(c, 2, buf, c.Size(), 0).Start(), mpi.ErrRank, "dest is")
	is(t, mpi.PrecvInit(c, 2, buf, mpi.AnySource, 0).Start(), mpi.ErrRank, "source is")
	is(t, mpi.PrecvInit(c, 2, buf, 0, mpi.AnyTag).Start(), mpi.ErrTag, "tag is")
	is(t, mpi.PsendInit(c, 4, buf, 0, 0).Pready(0), mpi.ErrCount, "len(buf)")
	is(t, (*mpi.Request)(nil).Pready(0), mpi.ErrRequest, "nil")
	is(t, mpi.Isend(c, buf, mpi.ProcNull, 0).Pready(0), mpi.ErrRequest, "of Isend")

	partitioned(t, c)
	me := c.Rank()
	s, r := mpi.PsendInit(c, 2, buf, me, 1), mpi.PrecvInit(c, 3, make([]int, 6), me, 1)
	is(t, s.Pready(0), mpi.ErrRequest, "not been started")
	must(t, mpi.Startall(s, r))
	is(t, s.Pready(2), mpi.ErrArg, "partition is 2, but the request has 0 to 1")
	is(t, s.PreadyRange(0, 2), mpi.ErrArg, "partitions 0 to 2")
	is(t, s.PreadyRange(1, 0), mpi.ErrArg, "partitions 1 to 0")
	is(t, r.Pready(0), mpi.ErrRequest, "must be of PsendInit")
	_, err := s.Parrived(0)
	is(t, err, mpi.ErrRequest, "must be of PrecvInit")
	_, err = r.Parrived(3)
	is(t, err, mpi.ErrArg, "partition is 3")
	must(t, s.Pready(1))
	is(t, s.Pready(1), mpi.ErrArg, "partition 1 has been handed over already")
	is(t, s.PreadyRange(0, 1), mpi.ErrArg, "partition 1 has been handed over already")
	must(t, s.Pready(0))
	must(t, mpi.Waitall(s, r))
	must(t, s.Free())
	must(t, r.Free())
}
