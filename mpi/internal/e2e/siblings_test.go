package e2e

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// TestGone lets ranks return early for which others wait: the job ends, and the first
// report tells who waits, in what, and for whom.
func TestGone(t *testing.T) {
	at := lines(t, "siblings.go")
	const one = "which has left: its mpi.Main function has returned, or it has called Finalize"
	const some = "which have left: their mpi.Main functions have returned, or they have called Finalize"
	for _, test := range []struct {
		scenario, call, line string
		ranks                []int
		last                 bool // it is the last rank that waits, for all others
	}{
		{"gone-recv", "Recv from rank 0, tag 7, 3 int64, on MPI_COMM_WORLD", "recv", []int{2, 4}, false},
		{"gone-any", "Recv from any rank, any tag, 1 int64, on MPI_COMM_WORLD", "any", []int{3}, true},
		{"gone-ssend", "Ssend to rank 0, tag 3, 2 int64, on MPI_COMM_WORLD", "ssend", []int{2}, false},
		{"gone-probe", "Probe from rank 0, tag 5, on MPI_COMM_WORLD", "probe", []int{3}, false},
		{"gone-barrier", "Barrier, on MPI_COMM_WORLD", "barrier", []int{2, 3}, false},
		{"gone-waitall", "Waitall, for Irecv from rank 0, tag 0, 1 int64, on MPI_COMM_WORLD", "waitall", []int{3}, false},
		{"gone-reduce", "Reduce, root 0, on MPI_COMM_WORLD", "reduce", []int{4}, false},
		{"gone-dup", "Dup, on MPI_COMM_WORLD", "dup", []int{3}, false},
		{"gone-bcast", "Bcast, root 0, on MPI_COMM_WORLD", "bcast", []int{4}, true},
		{"gone-beside", "Recv", "beside", []int{3}, false},
		{"gone-plain", "Recv from rank 0, tag 7, 3 int64, on MPI_COMM_WORLD", "recv", []int{3}, false},
	} {
		for _, ranks := range test.ranks {
			t.Run(fmt.Sprintf("%s/ranks=%d", test.scenario, ranks), func(t *testing.T) {
				t.Parallel() // it is waiting, most of the time
				who, gone := fmt.Sprintf("[1-%d]", ranks-1), "rank 0, "+one
				if test.last {
					who = fmt.Sprint(ranks - 1)
					if ranks > 2 {
						gone = fmt.Sprintf("ranks 0-%d, %s", ranks-2, some)
					}
				}
				o := start(t, ranks, test.scenario)
				o.failed(t)
				o.says(t, 1, "mpi: ")
				o.reports(t, fmt.Sprintf("^mpi: rank %s of %d on %s: error: %s\n", who, ranks, regexp.QuoteMeta(hostname(t)),
					regexp.QuoteMeta(fmt.Sprintf("%s, at %s, waits for %s", test.call, at[test.line], gone))))
			})
		}
	}
	// The last three are a communicator, on which the last of the world is the first.
	t.Run("gone-allreduce", func(t *testing.T) {
		t.Parallel()
		o := start(t, 4, "gone-allreduce")
		o.failed(t)
		o.says(t, 1, "mpi: ")
		o.reports(t, fmt.Sprintf("^mpi: rank [12] of 4 on %s: error: %s\n", regexp.QuoteMeta(hostname(t)), regexp.QuoteMeta(
			fmt.Sprintf("AllreduceInPlace, on a communicator of 3 ranks, at %s, waits for rank 0 (3 of the world), %s", at["allreduce"], one))))
	})
}

// TestGoneOff has a wait that nobody could know to be limited.
func TestGoneOff(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "off")
	o := start(t, 2, "stay-timer")
	o.succeeded(t)
	o.says(t, 0, "mpi: rank ")
}

// reports wants text on stderr.
func (o outcome) reports(t *testing.T, text string) {
	t.Helper()
	if want := regexp.MustCompile("(?m)" + text); !want.MatchString(o.stderr) {
		t.Errorf("stderr says nothing like %v", want)
	}
}

// TestStay lets ranks return early, or wait for long, in programs that are correct:
// nobody may end them.
func TestStay(t *testing.T) {
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	for scenario, ranks := range map[string][]int{
		"stay-exchange": {4},
		"stay-bcast":    {4},
		"stay-context":  {2},
		"stay-listener": {3},
		"stay-cancel":   {2},
		"stay-waitany":  {3},
		"stay-op":       {4},
		"stay-late":     {3},
		"stay-isend":    {2},
	} {
		for _, n := range ranks {
			t.Run(fmt.Sprintf("%s/ranks=%d", scenario, n), func(t *testing.T) {
				t.Parallel() // as above
				o := runWithin(t, 3*limit, l, n, prog, scenario)
				o.succeeded(t)
				o.says(t, 0, "mpi: rank ")
			})
		}
	}
}
