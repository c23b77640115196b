package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestWindowWatched blocks in calls of windows, which the watchdog names.
func TestWindowWatched(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "500ms,2500ms")
	at := lines(t, "win.go")
	o := start(t, 2, "win-watch")
	o.failed(t)
	for _, text := range []string{
		"waits in Win.Fence, in a window (made by WinCreate at " + at["made"] + ") of MPI_COMM_WORLD, at " + at["fence"],
		"waits in Win.Wait, in the window halo, at " + at["wait"],
		"waits in WinCreate, on a communicator of 2 ranks (made by Comm.Dup at " + at["dup"] + "), at " + at["create"],
	} {
		o.contains(t, "mpi: watchdog: rank 0 of 2 on "+hostname(t)+": "+text+", for ")
	}
	if !strings.Contains(o.stderr, "waits in Win.Lock, target 1, in a window (made by WinAllocate at ") &&
		!strings.Contains(o.stderr, "waits in Win.Unlock, target 1, in a window (made by WinAllocate at ") {
		t.Error("stderr does not speak of the lock")
	}
}

// TestWindowChecked lets the last rank call what does not match on a window whose
// communicator has been freed.
func TestWindowChecked(t *testing.T) {
	t.Setenv("MPI4GO_CHECK", "1")
	at := lines(t, "win.go")
	for scenario, calls := range map[string][2]string{
		"win-check-call":   {"Win.Fence", "Win.Free"},
		"win-check-assert": {"Win.Fence", "Win.Fence, MPI_MODE_NOSUCCEED"},
	} {
		t.Run(scenario, func(t *testing.T) {
			o := start(t, 3, scenario)
			o.failed(t)
			o.says(t, 1, fmt.Sprintf("mpi: rank 0 of 3 on %s: error: the ranks of a communicator of 3 ranks (made by Comm.Dup at %s) call collectives that do not match:\n",
				hostname(t), at["dup of a window"]))
			o.groups(t, 2, "ranks 0-1 (0-1 of the world): "+calls[0], at["good "+scenario])
			o.groups(t, 2, "rank 2 (2 of the world): "+calls[1], at["bad "+scenario])
		})
	}
}

// TestWindowKept ends programs that have not freed all windows: Finalize names each
// of them, with where it was made when calls are written down, and then what else is
// left over, which must not get lost behind that error.
func TestWindowKept(t *testing.T) {
	at := lines(t, "win.go")
	for _, test := range []struct {
		check, debug string
		places       bool
	}{
		{"0", "", false},
		{"1", "", true},
		{"0", "leaks", true},
	} {
		t.Run(fmt.Sprintf("check=%s/debug=%s", test.check, test.debug), func(t *testing.T) {
			t.Setenv("MPI4GO_CHECK", test.check)
			t.Setenv("MPI4GO_DEBUG", test.debug)
			first, second := "a window of MPI_COMM_WORLD", "a window of MPI_COMM_WORLD"
			if test.places {
				first = "a window (made by WinAllocate at " + at["kept allocated"] + ") of MPI_COMM_WORLD"
				second = "a window (made by WinCreate at " + at["kept created"] + ") of MPI_COMM_WORLD"
			}
			for _, ranks := range []int{1, 3} {
				o := start(t, ranks, "win-kept")
				o.failed(t)
				o.contains(t, fmt.Sprintf("mpi: rank 0 of %d on %s: error: mpi: Finalize: windows that have not been freed: 2: %s; %s (MPI_ERR_WIN)\n",
					ranks, hostname(t), first, second))
				o.says(t, 1, "mpi: Finalize on rank 0 with 1 operation in flight:")
				if o.contains(t, "Irecv from any rank, tag 5, 1 int64, on MPI_COMM_WORLD"); test.debug == "leaks" {
					o.says(t, 1, "mpi: Finalize on rank 0 with 1 object not freed:")
					o.contains(t, "\ta communicator, made by Comm.Dup at "+at["kept communicator"])
				}
				o = start(t, ranks, "win-late")
				o.succeeded(t)
				if o.stderr != "" {
					t.Error("something was written to stderr")
				}
			}
		})
	}
}
