package mpi_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// TestCalm counts how often Go's monitor wakes up while a goroutine is in C, before
// it is told that it may take its time and after.
func TestCalm(t *testing.T) {
	if mpitest.World(t).Size() > cgo.CPUs() {
		return // it wakes up only when it gets a core
	}
	wakeUps := func() int {
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", cgo.Monitor()))
		must(t, err)
		m := regexp.MustCompile(`\nvoluntary_ctxt_switches:\s*(\d+)`).FindSubmatch(text)
		n, err := strconv.Atoi(string(m[1]))
		must(t, err)
		return n
	}
	count := func(slack time.Duration) int {
		cgo.Calm(slack)
		before := wakeUps()
		for range 30 {
			time.Sleep(time.Millisecond)
			cgo.Iprobe(0, 1, cgo.Self(), 5e6)
		}
		return wakeUps() - before
	}
	const usual = 50 * time.Microsecond
	defer cgo.Calm(usual)
	var often, seldom int
	for range 30 { // other processes may keep it from waking up
		if often, seldom = count(usual), count(5*time.Millisecond); seldom < often/2 {
			return
		}
	}
	t.Errorf("the monitor wakes up %d times, where it did %d times", seldom, often)
}
