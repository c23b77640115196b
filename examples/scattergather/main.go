// Scattergather deals the numbers 0..N-1 out in equal parts, lets every rank sum its part, and gathers the sums.
// N is a fixed number of elements per rank, so that it always divides; scatterv shows the other case.
//
//	go build ./examples/scattergather && mpirun -n 2 ./scattergather
package main

import (
	"flag"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

const root = 0

func main() {
	n := flag.Int("n", 5, "elements per rank")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n) })
}

func run(world *mpi.Comm, n int) error {
	if n <= 0 {
		return fmt.Errorf("-n is %d: every rank needs at least one element", n)
	}
	// Only the root holds the whole; MPI ignores the nil slices of the others.
	var numbers, sums []int
	if world.Rank() == root {
		numbers = make([]int, n*world.Size())
		for i := range numbers {
			numbers[i] = i
		}
		sums = make([]int, world.Size())
	}

	part := make([]int, n)
	if err := mpi.Scatter(world, numbers, part, root); err != nil {
		return err
	}
	sum := 0
	for _, v := range part {
		sum += v
	}
	if err := mpi.Gather(world, []int{sum}, sums, root); err != nil {
		return err
	}

	if world.Rank() == root {
		fmt.Printf("%d elements on %d ranks: the parts sum to %v\n", len(numbers), world.Size(), sums)
	}
	return nil
}
