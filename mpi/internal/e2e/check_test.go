package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
)

// TestCheck lets the last rank of a communicator call a collective that does not
// match that of the others: rank 0 names both groups and their lines, and the
// job ends.
func TestCheck(t *testing.T) {
	at := lines(t, "check.go")
	at["good check-counts"], at["bad check-counts"] = at["counts"], at["counts"]
	for scenario, calls := range map[string][2]string{
		"check-root":        {"Bcast, root 0, 4 int64", "Bcast, root 1, 4 int64"},
		"check-op":          {"Allreduce, Sum, 4 int64", "Allreduce, Max, 4 int64"},
		"check-count":       {"Allgather, 2 int64", "Allgather, 3 int64"},
		"check-type":        {"Bcast, root 0, 4 int64", "Bcast, root 0, 4 float64"},
		"check-call":        {"Barrier", "Bcast, root 0, 4 int64"},
		"check-counts":      {"Allgatherv, int64, counts [", "Allgatherv, int64, counts ["},
		"check-nonblocking": {"Ibcast, root 0, 4 int64", "Iscatter, root 0, 4 int64"},
		"check-form":        {"Barrier", "Ibarrier"},
		"check-persistent":  {"BcastInit, root 0, 4 int64", "BcastInit, root 1, 4 int64"},
		"check-split":       {"Comm.Split", "Comm.Dup"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			const ranks = 4
			o := startWith(t, "MPI4GO_CHECK=1", ranks, scenario)
			o.failed(t)
			o.says(t, 1, fmt.Sprintf("mpi: rank 0 of %d on %s: error: the ranks of MPI_COMM_WORLD call collectives that do not match:\n", ranks, hostname(t)))
			o.groups(t, 2, "ranks 0-2: "+calls[0], at["good "+scenario])
			o.groups(t, 2, "rank 3: "+calls[1], at["bad "+scenario])
		})
		t.Run(scenario+" split", func(t *testing.T) {
			t.Parallel()
			const ranks = 5
			o := startWith(t, "MPI4GO_CHECK=1", ranks, scenario, "split")
			o.failed(t)
			o.says(t, 1, fmt.Sprintf("mpi: rank 0 of %d on %s: error: the ranks of a communicator of 3 ranks (made by Comm.Split at %s) call collectives that do not match:\n",
				ranks, hostname(t), at["made"]))
			calls := calls
			for i, call := range calls {
				calls[i] = strings.NewReplacer("root 0", "root 0 (0 of the world)", "root 1", "root 1 (2 of the world)").Replace(call)
			}
			o.groups(t, 2, "ranks 0-1 (0, 2 of the world): "+calls[0], at["good "+scenario])
			o.groups(t, 2, "rank 2 (4 of the world): "+calls[1], at["bad "+scenario])
		})
	}
}

// groups wants a report of n groups, one of which begins and ends so.
func (o outcome) groups(t *testing.T, n int, call, at string) {
	t.Helper()
	got, found := 0, false
	for line := range strings.Lines(o.stderr) {
		if strings.HasPrefix(line, "\trank") {
			got++
			found = found || strings.HasPrefix(line, "\t"+call) && strings.HasSuffix(line, ", at "+at+"\n")
		}
	}
	if got != n || !found {
		t.Errorf("%d groups, want %d, one of which says %q at %s", got, n, call, at)
	}
}

// TestCheckAgreed runs what matches, though not all ranks say the same.
func TestCheckAgreed(t *testing.T) {
	for _, env := range []string{"0", "1"} {
		for _, ranks := range []int{1, 2, 3, 5} {
			t.Run(fmt.Sprintf("%s/ranks=%d", env, ranks), func(t *testing.T) {
				t.Parallel()
				o := startWith(t, "MPI4GO_CHECK="+env, ranks, "check-agree")
				o.succeeded(t)
				o.prints(t, ranks, "agreed")
				if o.stderr != "" {
					t.Error("something was written to stderr")
				}
			})
		}
	}
}

// TestCheckFinalize lets one rank end while the others go on.
func TestCheckFinalize(t *testing.T) {
	t.Setenv("MPI4GO_CHECK", "1")
	at := lines(t, "check.go")
	o := start(t, 3, "check-finalize")
	o.failed(t)
	o.groups(t, 2, "ranks 0-1: Barrier", at["stay"])
	o.groups(t, 2, "rank 2: Finalize", at["main"])
}

// TestCheckAbsent lets one rank not come: the watchdog names it.
func TestCheckAbsent(t *testing.T) {
	t.Setenv("MPI4GO_CHECK", "1")
	t.Setenv("MPI4GO_WATCHDOG", "1s,3s")
	at := lines(t, "check.go")
	o := start(t, 4, "check-absent")
	o.failed(t)
	o.contains(t, fmt.Sprintf("mpi: watchdog: rank 0 of 4 on %s: waits in Barrier, on MPI_COMM_WORLD, at %s, to which rank 1 did not come, for ", hostname(t), at["present"]))
	o.says(t, 0, "mpi: watchdog: rank 1 of 4")

	o = start(t, 3, "check-absent-0")
	o.failed(t)
	for rank := 1; rank < 3; rank++ {
		o.contains(t, fmt.Sprintf("mpi: watchdog: rank %d of 3 on %s: waits in Barrier, on MPI_COMM_WORLD, at %s, to which rank 0 did not come, for ", rank, hostname(t), at["without 0"]))
	}
}

func TestCheckSetting(t *testing.T) {
	t.Setenv("MPI4GO_CHECK", "yes")
	o := start(t, 1, "clean")
	o.failed(t)
	o.says(t, 1, `mpi: Init: MPI4GO_CHECK is "yes", but must be 1, or 0 or empty`)
	if v, _ := mpi.StandardVersion(); v >= 4 {
		o = start(t, 1, "session-first")
		o.contains(t, `mpi: SessionInit: MPI4GO_CHECK is "yes"`)
	}
}
