package mpi

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

//go:noinline
func taken(t *trace) { callers(t) }

// A trace names the frame that called this module, of which a test is none.
func TestTrace(t *testing.T) {
	var tr trace
	_, _, line, _ := runtime.Caller(0)
	taken(&tr) // the next line
	call, at := tr.caller()
	if want := fmt.Sprintf("watchdog_internal_test.go:%d", line+1); call != "" || at != want {
		t.Errorf("called as %q at %s, want %s", call, at, want)
	}
	// At the end of a stack there are no more frames.
	var end trace
	var wg sync.WaitGroup
	wg.Go(func() { taken(&end) })
	wg.Wait()
	if end[len(end)-1] != 0 || end[0] == 0 {
		t.Errorf("the trace of a new goroutine is %v", end)
	}
	if call, at := new(trace).caller(); call != "" || at != "" {
		t.Errorf("an empty trace says %q, %q", call, at)
	}
}

func TestCallName(t *testing.T) {
	for f, want := range map[string]string{
		"mpi.(*Comm).Barrier":           "Comm.Barrier",
		"mpi.Recv[...]":                 "Recv",
		"mpi/object.Recv[...]":          "object.Recv",
		"mpi/pool.(*Pool[...]).Map":     "pool.Pool.Map",
		"mpi.Waitall":                   "Waitall",
		"mpi.(*SendBuffer).Detach":      "SendBuffer.Detach",
		"mpi/mpimat.(*Dense).Allreduce": "mpimat.Dense.Allreduce",
	} {
		if got := callName(f); got != want {
			t.Errorf("%s: %s, want %s", f, got, want)
		}
	}
}

func TestWatchdogOf(t *testing.T) {
	s := time.Second
	asked := watchdog{limit: s, abort: 2 * s}
	for env, want := range map[string]watchdog{
		"": asked, "off": {off: true}, "0": {off: true}, "3s": {limit: 3 * s}, "3s,3s": {limit: 3 * s, abort: 3 * s}, "1m,1h": {limit: 60 * s, abort: 3600 * s},
	} {
		if got, err := watchdogOf("Init", env, asked); got != want || err != nil {
			t.Errorf("%q: %v, %v, want %v", env, got, err, want)
		}
	}
	for _, env := range []string{"3", "on", "3s,", ",3s", "3s,2s", "0s", "-1s", "0,3s", "3s,off", "1s,2s,3s"} {
		if got, err := watchdogOf("Init", env, asked); err == nil {
			t.Errorf("%q: %v", env, got)
		}
	}
	for _, w := range []watchdog{{limit: -1}, {limit: 2 * s, abort: s}, {limit: s, abort: -s}, {abort: -s}} {
		if _, err := watchdogOf("Init", "", w); err == nil {
			t.Errorf("%v is accepted", w)
		}
	}
}

// Many calls at once each have a place of their own, and leave none behind.
func TestPlaces(t *testing.T) {
	debugging.Store(true)
	defer debugging.Store(false)
	const n = 1000
	var bs [n]*blocked
	var wg sync.WaitGroup
	for i := range bs {
		wg.Go(func() { bs[i] = watch(facts{op: "Test", tag: i}) })
	}
	wg.Wait()
	seen := make(map[int]bool)
	for _, s := range calls() {
		if s.facts.op == "Test" {
			seen[s.facts.tag] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d calls are seen", len(seen), n)
	}
	for _, b := range bs {
		wg.Go(b.over)
		wg.Go(func() { calls() })
	}
	wg.Wait()
	for _, s := range calls() {
		if s.facts.op == "Test" {
			t.Fatalf("%v is seen after it was over", s.facts)
		}
	}
	var none *blocked
	none.over()
}

// What the watchdog adds to a collective.
func BenchmarkWatch(b *testing.B) {
	debugging.Store(true)
	defer debugging.Store(false)
	for b.Loop() {
		watch(facts{op: "Test", c: world}).over()
	}
}
