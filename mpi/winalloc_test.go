//go:build !race

// The race detector allocates.

package mpi_test

import (
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// A transfer's steady state allocates nothing.
func TestTransfersAllocateNothing(t *testing.T) {
	c := mpitest.World(t)
	mem := make([]float64, 100)
	w := window(t, c, mem)
	buf := make([]float64, 100)
	must(t, w.LockAll())
	me := c.Rank()
	got := testing.AllocsPerRun(100, func() {
		if mpi.Put(w, buf, me, 0) != nil || mpi.Accumulate(w, buf, me, 0, op.Sum) != nil || mpi.Get(w, buf, me, 0) != nil || w.Flush(me) != nil {
			t.Error("failed")
		}
	})
	if got != 0 && !raceEnabled {
		t.Errorf("Put, Accumulate, Get and Flush: %v allocations", got)
	}
	must(t, w.UnlockAll())
}
