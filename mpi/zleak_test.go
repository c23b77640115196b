package mpi_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
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
	before := rss(t)
	start := time.Now()
	for range rounds {
		round()
	}
	// One communicator lost in each round is 8 KiB each on Open MPI, and on
	// MPICH the end of its numbers. A thread that comes to MPI for the first
	// time brings a heap of its own, of some MiB; what the race detector keeps
	// is its own, too.
	more := rss(t) - before
	t.Logf("%d rounds in %v: %d bytes", rounds, time.Since(start).Round(time.Millisecond), more)
	if more > 8<<20 && !raceEnabled {
		t.Errorf("%d rounds of Dup, Split and Free left %d bytes behind", rounds, more)
	}
}
