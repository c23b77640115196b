package e2e

import (
	"fmt"
	"testing"
)

// TestTypes lets a rank receive what was sent as another type: check mode names
// both ends, and the job ends.
func TestTypes(t *testing.T) {
	at := lines(t, "types.go")
	started := lines(t, "check.go")["started"]
	at["sent types-persistent"], at["received types-persistent"] = started, started
	for scenario, ends := range map[string][2]string{
		"types-send":       {"Send to rank 0, tag 3, 4 float64", "Recv from rank %d, tag 3, 4 int64"},
		"types-isend":      {"Isend to rank 0, tag 3, 100000 float64", "Irecv from rank %d, tag 3, 100000 int64"},
		"types-any":        {"Ssend to rank 0, tag 5, 1 float64", "Recv from any rank, any tag, 9 int64"},
		"types-sendrecv":   {"Sendrecv to rank 0, tag 3, 4 float64", "Sendrecv from rank %d, tag 3, 4 int64"},
		"types-isendrecv":  {"Isendrecv to rank 0, tag 3, 4 float64", "Isendrecv from rank %d, tag 3, 4 int64"},
		"types-persistent": {"SendInit to rank 0, tag 3, 4 float64", "RecvInit from rank %d, tag 3, 4 int64"},
		"types-mprobe":     {"Send to rank 0, tag 3, 4 float64", "Mrecv from rank %d, tag 3, 4 int64"},
		"types-bsend":      {"Bsend to rank 0, tag 3, 4 float64", "Recv from rank %d, tag 3, 4 int64"},
		"types-order":      {"Send to rank 0, tag 3, 1 float64", "Irecv from rank %d, any tag, 1 int64"},
	} {
		for _, ranks := range []int{2, 3} {
			t.Run(fmt.Sprintf("%s/ranks=%d", scenario, ranks), func(t *testing.T) {
				t.Parallel()
				o := startWith(t, "MPI4GO_CHECK=1", ranks, scenario)
				o.failed(t)
				last := ranks - 1
				received := ends[1]
				if scenario != "types-any" {
					received = fmt.Sprintf(received, last)
				}
				o.says(t, 1, fmt.Sprintf("mpi: rank 0 of %d on %s: error: a message on MPI_COMM_WORLD was received as another type than it was sent as:\n", ranks, hostname(t)))
				o.says(t, 1, fmt.Sprintf("\trank %d: %s, at %s\n", last, ends[0], at["sent "+scenario]))
				o.says(t, 1, fmt.Sprintf("\trank 0: %s, at %s\n", received, at["received "+scenario]))
			})
		}
	}
}

// TestTypesAgreed runs what matches.
func TestTypesAgreed(t *testing.T) {
	for _, env := range []string{"0", "1"} {
		for _, scenario := range []string{"types-agree", "types-random", "types-unread", "types-shared"} {
			for _, ranks := range []int{1, 2, 3, 5} {
				t.Run(fmt.Sprintf("%s/%s/ranks=%d", env, scenario, ranks), func(t *testing.T) {
					t.Parallel()
					o := startWith(t, "MPI4GO_CHECK="+env, ranks, scenario)
					o.succeeded(t)
					o.prints(t, ranks, "agreed")
					if o.stderr != "" {
						t.Error("something was written to stderr")
					}
				})
			}
		}
	}
}
