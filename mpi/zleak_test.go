package mpi_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// In a file of its own that sorts last: what the libraries keep of thousands of
// communicators is nothing to run other tests on.

// Communicators that are made and freed leave nothing behind: neither their
// number nor memory runs out. MPI4GO_TEST_LEAK_ROUNDS is how often, where minutes
// do not matter.
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
	if text := os.Getenv("MPI4GO_TEST_LEAK_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		must(t, err)
	}
	for range rounds / 4 {
		round() // the library's pools and Go's heap find their size
	}
	before := held(t)
	start := time.Now()
	for range rounds {
		round()
	}
	// One communicator lost in each round is 8 KiB each on Open MPI, and on
	// MPICH the end of its numbers. What the race detector keeps is its own.
	more := held(t) - before
	t.Logf("%d rounds in %v: %d bytes", rounds, time.Since(start).Round(time.Millisecond), more)
	if more > 2<<20 && !raceEnabled {
		t.Errorf("%d rounds of Dup, Split and Free left %d bytes behind", rounds, more)
	}
}

// held is what C has allocated. What is resident says less: a thread that comes to
// MPI for the first time, or pieces of memory between others, are some MiB.
func held(t *testing.T) int {
	if n := cgo.MemoryOf().InUse; n > 0 {
		return n
	}
	return rss(t)
}
