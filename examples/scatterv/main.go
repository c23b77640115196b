// Scatterv squares 1..N on all ranks when N does not divide by their number, and collects the squares and their sum.
//
//	go build ./examples/scatterv && mpirun -n 3 ./scatterv
package main

import (
	"flag"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

const root = 0

func main() {
	n := flag.Int("n", 11, "elements in all")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n) })
}

func run(world *mpi.Comm, n int) error {
	if n <= 0 {
		return fmt.Errorf("-n is %d: there must be at least one element", n)
	}
	// Only the root holds the whole; MPI ignores the nil slices of the others.
	var numbers, squares, total []float64
	if world.Rank() == root {
		numbers = make([]float64, n)
		for i := range numbers {
			numbers[i] = float64(i + 1)
		}
		squares, total = make([]float64, n), make([]float64, 1)
	}

	// Rank r gets counts[r] elements, those from displs[r] on; the first n%size ranks get one more than the rest.
	counts, displs := mpi.Partition(n, world.Size())
	part := make([]float64, counts[world.Rank()])
	if err := mpi.Scatterv(world, numbers, counts, displs, part, root); err != nil {
		return err
	}
	sum := 0.0
	for i, v := range part {
		part[i] = v * v
		sum += part[i]
	}
	if err := mpi.Gatherv(world, part, squares, counts, displs, root); err != nil {
		return err
	}
	if err := mpi.Reduce(world, []float64{sum}, total, op.Sum, root); err != nil {
		return err
	}

	if world.Rank() == root {
		fmt.Println("elements per rank:", counts)
		fmt.Println("squares:", squares)
		fmt.Println("sum:", total[0])
	}
	return nil
}
