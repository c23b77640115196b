package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
)

// listed wants n lines of a report that begin and end so.
func (o outcome) listed(t *testing.T, n int, begin, end string) {
	t.Helper()
	got := 0
	for line := range strings.Lines(o.stderr) {
		if strings.HasPrefix(line, "\t"+begin) && strings.HasSuffix(strings.TrimSuffix(line, "\n"), end) {
			got++
		}
	}
	if got != n {
		t.Errorf("%d lines of stderr are %q ... %q, want %d", got, begin, end, n)
	}
}

// TestLeftRequests ends programs with requests pending, each of a kind.
func TestLeftRequests(t *testing.T) {
	at := lines(t, "left.go")
	for _, ranks := range []int{1, 3} {
		for _, env := range []string{"", "leaks"} {
			t.Run(fmt.Sprintf("%s/ranks=%d", env, ranks), func(t *testing.T) {
				t.Setenv("MPI4GO_DEBUG", env)
				o := start(t, ranks, "left-requests")
				o.succeeded(t)
				o.prints(t, ranks, "ended")
				o.says(t, ranks, "mpi: ")
				for rank := range ranks {
					o.says(t, 1, fmt.Sprintf("mpi: Finalize on rank %d with 5 operations in flight:", rank))
					next := (rank + 1) % ranks
					o.listed(t, 1, fmt.Sprintf("Irecv from rank %d, tag 5, 3 int64, on MPI_COMM_WORLD, buffer 0x", next), " of 24 bytes, posted at "+at["left receive"])
					o.listed(t, 1, fmt.Sprintf("RecvInit from rank %d, tag 7, 2 float64, on MPI_COMM_WORLD, buffer 0x", next), " of 16 bytes, posted at "+at["left persistent"])
					o.listed(t, 1, fmt.Sprintf("Isendrecv from rank %d, tag 9, ", next), ", posted at "+at["left both"])
				}
				o.listed(t, ranks, "Irecv from any rank, tag 6, 8 uint8, on MPI_COMM_WORLD, buffer 0x", " of 8 bytes, posted at "+at["left any"])
				o.listed(t, ranks, "StartGrequest, posted at ", at["left own"])
			})
		}
	}
}

// TestLeftObjects ends programs with objects that nobody has freed: in debug mode
// Finalize names them.
func TestLeftObjects(t *testing.T) {
	at := lines(t, "left.go")
	for _, ranks := range []int{2, 3} {
		t.Run(fmt.Sprint("ranks=", ranks), func(t *testing.T) {
			t.Setenv("MPI4GO_DEBUG", "leaks")
			o := start(t, ranks, "left-objects")
			o.succeeded(t)
			for rank := range ranks {
				o.says(t, 1, fmt.Sprintf("mpi: Finalize on rank %d with 10 objects not freed:", rank))
			}
			for _, line := range []string{
				"3 communicators, made by Comm.Dup at " + at["left comms"],
				"a communicator, made by Request.Wait at " + at["left idup"],
				"a group, made by Comm.Group at " + at["left group"],
				"a datatype, made by datatype.Vector at " + at["left type"],
				"an operation, made by op.New at " + at["left op"],
				"an attribute key, made by NewKeyval at " + at["left key"],
				"a persistent request, made by SendInit at " + at["left request"],
				"a message, made by Comm.Mprobe at " + at["left message"],
			} {
				o.listed(t, ranks, line, "")
			}
			if n := strings.Count(o.stderr, "\n\t"); n != 8*ranks {
				t.Errorf("%d lines, want %d", n, 8*ranks)
			}
		})
	}
}

// TestLeftNothing frees all, or is not asked to look.
func TestLeftNothing(t *testing.T) {
	for scenario, env := range map[string]string{"left-nothing": "leaks", "left-objects": "0"} {
		t.Run(scenario, func(t *testing.T) {
			t.Setenv("MPI4GO_DEBUG", env)
			// What Open MPI itself finds.
			t.Setenv("OMPI_MCA_mpi_show_handle_leaks", map[string]string{"leaks": "1", "0": "0"}[env])
			for _, ranks := range []int{2, 3} {
				o := start(t, ranks, scenario)
				o.succeeded(t)
				o.says(t, 0, "mpi: ")
				if o.stderr != "" && scenario == "left-nothing" { // MPICH has reports of its own
					t.Error("something was written to stderr")
				}
			}
		})
	}
}

func TestLeftSession(t *testing.T) {
	if v, _ := mpi.StandardVersion(); v < 4 {
		return // without sessions there is none to leave
	}
	t.Setenv("MPI4GO_DEBUG", "leaks")
	o := start(t, 1, "left-session")
	o.succeeded(t)
	o.says(t, 1, "mpi: Finalize on rank 0 with 2 objects not freed:")
	o.listed(t, 1, "a communicator, made by CommCreateFromGroup at prog/session.go:", "")
	o.listed(t, 1, "a session, made by SessionInit at prog/session.go:", "")
}

func TestDebugSetting(t *testing.T) {
	t.Setenv("MPI4GO_DEBUG", "all")
	o := start(t, 1, "clean")
	o.failed(t)
	o.says(t, 1, `mpi: Init: MPI4GO_DEBUG is "all", but must be leaks, or 0 or empty`)
}
