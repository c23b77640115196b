// Cg solves the Poisson equation on a square by conjugate gradients: its rows of points are spread over the ranks, and
// nobody ever has a matrix. The solution is known, so the error can be seen.
//
//	go build ./examples/cg && mpirun -n 4 ./cg -n 500
//
// -n 500 are 250,000 unknowns.
package main

import (
	"flag"
	"fmt"
	"math"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	n := flag.Int("n", 100, "points along each edge of the square")
	eps := flag.Float64("eps", 1e-8, "the residual at which to stop, relative")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n, *eps) })
}

func run(world *mpi.Comm, n int, eps float64) error {
	if n < world.Size() {
		return fmt.Errorf("-n is %d: there must be a row for each of the %d ranks", n, world.Size())
	}
	counts, displs := mpi.Partition(n, world.Size())
	rows, first := counts[world.Rank()], displs[world.Rank()]
	// The solution, which is 0 on the edge of the square.
	h := 1 / float64(n+1)
	u, b := make([]float64, rows*n), make([]float64, rows*n)
	for i := range rows {
		for j := range n {
			x, y := float64(j+1)*h, float64(first+i+1)*h
			u[i*n+j] = math.Sin(math.Pi*x) * math.Sin(math.Pi*y) * (1 + x*y)
		}
	}
	laplace := newLaplace(world, rows, n)
	// What the operator makes of u is the right-hand side that u is the solution of.
	if err := laplace(b, u); err != nil {
		return err
	}

	start := mpi.Wtime()
	x := make([]float64, rows*n)
	res, err := mpimat.CG(world, laplace, b, x, mpimat.Settings{Tolerance: eps})
	if err != nil {
		return err
	}
	seconds := mpi.Wtime() - start

	worst := []float64{0}
	for i := range x {
		worst[0] = max(worst[0], math.Abs(x[i]-u[i]))
	}
	if err := mpi.AllreduceInPlace(world, worst, op.Max); err != nil {
		return err
	}
	if world.Rank() == 0 {
		fmt.Printf("%d unknowns on %d ranks: %d iterations\nerror = %.1e\ntime  = %.3f s\n", n*n, world.Size(), res.Iterations, worst[0], seconds)
	}
	return nil
}

// newLaplace is the operator: four times each point less its neighbours. Those of the first and the last row belong to
// other ranks, and come by Sendrecv; beyond the square they are 0, which ProcNull leaves them.
func newLaplace(world *mpi.Comm, rows, n int) mpimat.Operator {
	above, below := world.Rank()-1, world.Rank()+1
	if above < 0 {
		above = mpi.ProcNull
	}
	if below == world.Size() {
		below = mpi.ProcNull
	}
	up, down := make([]float64, n), make([]float64, n)
	return func(y, x []float64) error {
		if _, err := mpi.Sendrecv(world, x[:n], above, 0, down, below, 0); err != nil {
			return err
		}
		if _, err := mpi.Sendrecv(world, x[(rows-1)*n:], below, 0, up, above, 0); err != nil {
			return err
		}
		for i := range rows {
			row, over, under := x[i*n:(i+1)*n], up, down
			if i > 0 {
				over = x[(i-1)*n : i*n]
			}
			if i < rows-1 {
				under = x[(i+1)*n : (i+2)*n]
			}
			for j, v := range row {
				sum := 4*v - over[j] - under[j]
				if j > 0 {
					sum -= row[j-1]
				}
				if j < n-1 {
					sum -= row[j+1]
				}
				y[i*n+j] = sum
			}
		}
		return nil
	}
}
