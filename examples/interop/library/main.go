// Library calls a C library and a Fortran subroutine that use MPI, with communicators of Go, and gets one back.
package main

import (
	"fmt"

	"example.com/interop/library/norm"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		// C: the length of a vector that is spread over the ranks of a communicator, here of half of them.
		half, err := world.Split(world.Rank()%2, world.Rank())
		if err != nil {
			return err
		}
		defer half.Free()
		x := []float64{3 * float64(world.Rank()%2+1), 4 * float64(world.Rank()%2+1)}
		length := norm.Length(half, x)

		// Fortran: each value becomes the mean of itself and its neighbours, across the ranks.
		step := make([]float64, 3)
		if world.Rank() >= world.Size()/2 {
			step = []float64{1, 1, 1}
		}
		norm.Smooth(world, step)

		// Back: a communicator that C makes, the ranks of this one turned around.
		turned, err := norm.Turned(world)
		if err != nil {
			return err
		}
		defer turned.Free()

		lines, err := object.Gather(world, fmt.Sprintf("rank %d: length %.3f in its half of %d, smooth %.2f, turned %d",
			world.Rank(), length, half.Size(), step, turned.Rank()), 0)
		for _, line := range lines {
			fmt.Println(line)
		}
		return err
	})
}
