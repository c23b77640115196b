// Hello prints one line per rank, saying where it runs: the first program to try on a new machine.
//
//	go build ./examples/hello && mpirun -n 4 ./hello
package main

import (
	"fmt"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		host, err := mpi.ProcessorName()
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			// MPICH answers with a page of build settings; the first line names the version.
			version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
			fmt.Println("MPI library:", version)
		}
		// The ranks share one terminal and print in any order. One call per line keeps the lines whole.
		fmt.Printf("hello from rank %d of %d on %s\n", world.Rank(), world.Size(), host)
		return nil
	})
}
