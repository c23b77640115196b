// Package knownbug is the one table of bugs of MPI libraries that tests step
// around. A test that meets one asks Here, and skips or narrows itself; nothing
// else is skipped.
package knownbug

import (
	"fmt"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// A Bug of a library, in versions below Fixed.
type Bug struct {
	Library string // "Open MPI" or "MPICH"
	Fixed   [3]int // the first version without it; where nobody has said, the one after the series it was seen in
	What    string
	Where   string // the upstream report, or how it shows in C
}

// The bugs.
var (
	// TruncatedGet: a message of the rendezvous protocol that is longer than
	// the receive buffer is copied whole, past the buffer's end.
	TruncatedGet = Bug{"Open MPI", [3]int{4, 2, 0}, "a large message that is longer than the receive buffer overruns it",
		"a C program with MPI_Irecv of 8 and MPI_Isend of 1200000 bytes corrupts its heap through shared memory; no upstream report found"}
	// TruncatedSelf: a message of a rank to itself, into a receive that is
	// already posted, is cut to the buffer without an error.
	TruncatedSelf = Bug{"Open MPI", [3]int{4, 2, 0}, "MPI_ERR_TRUNCATE is not reported for a rank's message to itself",
		"a C program with MPI_Irecv of 8 and MPI_Isend of 12 bytes to itself gets MPI_SUCCESS; no upstream report found"}
	// NeighbourTwice: in a periodic grid of 1 or 2 ranks along a dimension, both
	// neighbours are one rank. What is sent to the one side must arrive from the
	// other (MPI 4.1 §8.6); MPICH does so in MPI_Neighbor_alltoall only, Open MPI
	// in the blocking forms only.
	NeighbourTwiceMPICH = Bug{"MPICH", [3]int{4, 1, 0}, "neighbourhood collectives swap the messages of a rank that is a neighbour on both sides",
		"MPI_Neighbor_alltoallv on a periodic grid of one rank; no upstream report looked for"}
	NeighbourTwiceOpenMPI = Bug{"Open MPI", [3]int{4, 2, 0}, "nonblocking neighbourhood collectives swap the messages of a rank that is a neighbour on both sides",
		"MPI_Ineighbor_alltoall on a periodic grid of one rank; no upstream report looked for"}
	// DarrayTrueExtent: the true extent of a Darray dealt out in turn holds
	// memory around the data as well.
	DarrayTrueExtent = Bug{"MPICH", [3]int{4, 1, 0}, "the true extent of a cyclic darray is too large",
		"a C program with MPI_Type_create_darray of rank 8 of 12, sizes {2,4,1}, all cyclic, grid {2,3,2}, Fortran order, of MPI_UINT8_T gets " +
			"2 from 2, and the one byte is at 3; no upstream report found"}
	// SignalledCode: mpirun passes a signal on, and forgets how the ranks ended, of
	// a single one always, of more now and then.
	SignalledCode = Bug{"MPICH", [3]int{4, 1, 0}, "mpirun that passed a signal on exits with 0 however the ranks end",
		"a C program of one rank that returns 75 from main after SIGUSR1; one of 3 ranks in MPI_Recv, after SIGTERM or SIGINT to mpirun, " +
			"in 42 of 100 runs; no upstream report looked for"}
	// JoinedCodes: mpirun exits with the codes of all ranks, joined by or, and that
	// of one that it has killed is the signal's.
	JoinedCodes = Bug{"MPICH", [3]int{5, 1, 0}, "mpirun joins the exit codes of all ranks by or",
		"exit_status |= in mpiexec.c of hydra, 4.0 to 5.0"}
	// PeerIntercomm: an intercommunicator as the communicator over which the
	// leaders of two groups find each other.
	PeerIntercomm = Bug{"Open MPI", [3]int{4, 2, 0}, "MPI_Intercomm_create takes no intercommunicator as peer",
		"a C program that gives one gets MPI_ERR_COMM; no upstream report found"}
	// UnsignedRMA: the operations of ours that stand in for these in collectives
	// cannot do so in one-sided calls, which take predefined ones only. So package
	// mpi refuses them.
	UnsignedRMA = Bug{"MPICH", [3]int{4, 1, 0}, "MPI_Accumulate and its kin compare unsigned integers as signed in MPI_MAX and MPI_MIN",
		"https://github.com/pmodels/mpich/issues/6083"}
	// LostResults: package mpi refuses this, too.
	LostResults = Bug{"Open MPI", [3]int{5, 0, 0}, "MPI_Get_accumulate loses the result when one of the datatypes is derived or has padding",
		"a C program with MPI_Get_accumulate of 3 elements to a column, by MPI_SUM of MPI_INT64_T, between fences, gets zeros; no upstream report found"}
)

var versions = regexp.MustCompile(`(Open MPI|MPICH)\D*(\d+)\.(\d+)(?:\.(\d+))?`)

// Here reports whether the library that runs has the bug.
func (b Bug) Here() bool { return b.in(cgo.LibraryVersion()) }

func (b Bug) in(library string) bool {
	m := versions.FindStringSubmatch(library)
	if m == nil || m[1] != b.Library {
		return false
	}
	for i, fixed := range b.Fixed {
		if v, _ := strconv.Atoi(m[i+2]); v != fixed {
			return v < fixed
		}
	}
	return false
}

// Ended reports whether a launcher that exits with code says so of a job in which
// one rank left with the code want, and the others were killed for it.
func Ended(code, want int) bool {
	const killed = int(syscall.SIGKILL)
	return code == want || JoinedCodes.Here() && (code == killed || code == want|killed)
}

// Skip skips the test where the bug is.
func (b Bug) Skip(t testing.TB) {
	t.Helper()
	if b.Here() {
		t.Skip(b)
	}
}

func (b Bug) String() string {
	return fmt.Sprintf("known bug of %s below %d.%d.%d: %s (%s)", b.Library, b.Fixed[0], b.Fixed[1], b.Fixed[2], b.What, b.Where)
}
