// Package mpi is MPI for Go: message passing between the processes of a
// parallel job, over the system's Open MPI or MPICH.
//
// A program is an ordinary MPI program. Its work is a function that every
// process (rank) of the job runs:
//
//	func main() {
//		mpi.Main(func(world *mpi.Comm) error {
//			part := []float64{float64(world.Rank())}
//			sum := make([]float64, 1)
//			if err := mpi.Allreduce(world, part, sum, op.Sum); err != nil {
//				return err
//			}
//			fmt.Println("rank", world.Rank(), "of", world.Size(), "has", sum[0])
//			return nil
//		})
//	}
//
// It is built with go build, -tags openmpi or -tags mpich choosing the library
// (without a tag it is the system's default), and started with the launcher of
// that library:
//
//	mpirun -n 4 ./prog
//
// # Names
//
// Each function is one MPI call, its name that of the standard without MPI_
// and with its parts joined: MPI_Sendrecv_replace is SendrecvReplace. Calls
// that move data are functions with the communicator first; others are methods
// (MPI_Comm_split is Comm.Split). I begins a nonblocking call, and InPlace ends
// the form of a collective that MPI gives MPI_IN_PLACE. Each comment ends with
// the call it implements and its place in the standard.
//
// # Buffers
//
// What a call moves is a slice of a basic type, or a named type of such a slice
// (see Data), and its length is the count. The memory goes to MPI as it is:
// nothing is copied or allocated on the way. A wrong length is an error before
// anything is sent.
//
// Ranks can also read, write and update each other's memory, without a call of
// its owner: WinCreate makes a slice of each rank a window, to which Put, Get and
// Accumulate go. Win has the rules.
//
// # Waiting
//
// A send, a receive, a probe or a Wait that waits costs no thread: any number of
// goroutines may do so at once. A collective is one call into C and holds a
// thread until it is over. While a process has goroutines that compute, give
// each rank the cores for them: mpirun of Open MPI may bind a rank to one core
// (use --map-by slot:PE=n, or --bind-to none).
//
// # Errors
//
// Every call checks its arguments before C is entered and returns an *Error,
// whose class errors.Is finds:
//
//	if errors.Is(err, mpi.ErrTruncate) { ... }
//
// An error that the function given to Main returns ends the whole job; see
// Main for what happens to a rank that fails.
//
// # When a job hangs
//
// With MPI4GO_WATCHDOG=30s in the environment each rank says what it waits for
// when a call has blocked for that long (see Watchdog), and with MPI4GO_CHECK=1
// the ranks compare each collective before they make it, and name those that
// call another one. The guide is docs/debugging.md.
package mpi
