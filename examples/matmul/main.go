// Matmul multiplies two matrices that are spread in blocks over a grid of ranks, by the algorithm SUMMA, and compares
// the product with gonum's own.
//
//	go build ./examples/matmul && mpirun -n 4 ./matmul -n 2048
//
// No rank needs the whole of a matrix but the root, which makes the factors and checks the product; with -check=false
// it does not compute the product by itself.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"gonum.org/v1/gonum/mat"
)

const root = 0

func main() {
	n := flag.Int("n", 500, "rows and columns of the matrices")
	check := flag.Bool("check", true, "compare with gonum's product")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n, *check) })
}

func run(world *mpi.Comm, n int, check bool) error {
	if n <= 0 {
		return fmt.Errorf("-n is %d: there must be at least one row", n)
	}
	grid, err := mpimat.NewGrid(world)
	if err != nil {
		return err
	}
	defer grid.Free()

	// Only the root has whole matrices. The blocks of the others are sent from where they lie in it, with no copy.
	var a, b, c *mat.Dense
	if world.Rank() == root {
		a, b, c = random(n, 1), random(n, 2), new(mat.Dense)
	}
	var myA, myB, myC mat.Dense // empty: they get the shape of this rank's block
	if err := grid.Scatter(a, &myA, root); err != nil {
		return err
	}
	if err := grid.Scatter(b, &myB, root); err != nil {
		return err
	}

	start := mpi.Wtime()
	if err := grid.Mul(&myC, &myA, &myB); err != nil {
		return err
	}
	if err := world.Barrier(); err != nil {
		return err
	}
	seconds := mpi.Wtime() - start

	if err := grid.Gather(&myC, c, root); err != nil {
		return err
	}
	if world.Rank() != root {
		return nil
	}
	rows, cols := grid.Dims()
	fmt.Printf("%d x %d matrices on a grid of %d x %d ranks\n", n, n, rows, cols)
	if check {
		var want, diff mat.Dense
		want.Mul(a, b)
		diff.Sub(c, &want)
		fmt.Printf("difference from gonum's product, relative: %.1e\n", mat.Norm(&diff, 2)/mat.Norm(&want, 2))
	}
	fmt.Printf("time = %.3f s\n", seconds)
	return nil
}

// random is a matrix of random numbers, the same in each run.
func random(n int, seed uint64) *mat.Dense {
	r := rand.New(rand.NewPCG(seed, 0))
	data := make([]float64, n*n)
	for i := range data {
		data[i] = r.NormFloat64()
	}
	return mat.NewDense(n, n, data)
}
