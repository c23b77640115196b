package mpi_test

import (
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// The steady state of a transfer allocates nothing, parked or not.
func TestPointToPointAllocatesNothing(t *testing.T) { pointToPointAllocatesNothing(t) }

// Nor does it while the watchdog looks on.
func TestWatchedAllocatesNothing(t *testing.T) {
	mpi.Debug(true)
	defer mpi.Debug(false)
	pointToPointAllocatesNothing(t)
}

func pointToPointAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{1, 100_000} {
		buf, in := make([]float64, n), make([]float64, n)
		named := make(temperatures, n)
		check := func(what string, f func() error) {
			t.Helper()
			got := testing.AllocsPerRun(100, func() {
				if err := f(); err != nil {
					t.Error(err)
				}
			})
			if got != 0 {
				t.Errorf("%s of %d elements: %v allocations per call", what, n, got)
			}
		}
		check("Sendrecv", func() error {
			_, err := mpi.Sendrecv(c, buf, next, 0, in, prev, 0)
			return err
		})
		if c.Size() > 1 {
			check("Send and Recv", func() error {
				if me%2 == 0 {
					if me+1 < c.Size() {
						if err := mpi.Send(c, named, me+1, 0); err != nil {
							return err
						}
						_, err := mpi.Recv(c, named, me+1, 0)
						return err
					}
					return nil
				}
				if _, err := mpi.Recv(c, buf, me-1, 0); err != nil {
					return err
				}
				return mpi.Send(c, buf, me-1, 0)
			})
		}
		check("Bcast", func() error { return mpi.Bcast(c, buf, 0) })
		got := testing.AllocsPerRun(100, func() {
			r, s := mpi.Irecv(c, in, prev, 0), mpi.Isend(c, buf, next, 0)
			if err := mpi.Waitall(r, s); err != nil {
				t.Error(err)
			}
		})
		if got > 2 {
			t.Errorf("Irecv, Isend and Waitall of %d elements: %v allocations, want the two requests", n, got)
		}
	}
}

func BenchmarkRankAndSize(b *testing.B) {
	c := mpi.World()
	n := 0
	for b.Loop() {
		n += c.Rank() + c.Size()
	}
	_ = n
}
