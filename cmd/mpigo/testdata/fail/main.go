// Fail is a program that fails: by an error, or with the exit code that it is given.
package main

import (
	"errors"
	"os"
	"strconv"

	"github.com/mpi4go/mpi4go/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		if code, err := strconv.Atoi(os.Args[len(os.Args)-1]); err == nil && world.Rank() == 0 {
			world.Abort(code)
		}
		if world.Rank() == world.Size()-1 {
			return errors.New("failed on purpose")
		}
		return world.Barrier()
	})
}
