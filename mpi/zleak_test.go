package mpi_test

import (
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// In a file of its own that sorts last: what the libraries keep of thousands of
// communicators is nothing to run other tests on.

// Communicators that are made and freed leave nothing behind: neither their
// number nor memory runs out.
func TestCommLeak(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	round := func() {
		d, err := c.Dup()
		must(t, err)
		e, err := d.Split(me%2, -me)
		must(t, err)
		must(t, d.Free())
		must(t, e.Free())
	}
	rounds := 2000
	if crowded(c) && strings.Contains(mpi.LibraryVersion(), "MPICH") {
		// Its Split polls without giving up the core: 60 ms each on 5 ranks of
		// 2 cores.
		rounds = 60
	}
	for range rounds / 4 {
		round() // the library's pools and Go's heap find their size
	}
	before := rss(t)
	for range rounds {
		round()
	}
	// One communicator lost in each round is 8 KiB each on Open MPI, and on
	// MPICH the end of its numbers. A thread that comes to MPI for the first
	// time brings a heap of its own, of some MiB; what the race detector keeps
	// is its own, too.
	if more := rss(t) - before; more > 8<<20 && !raceEnabled {
		t.Errorf("%d rounds of Dup, Split and Free left %d bytes behind", rounds, more)
	}
}
