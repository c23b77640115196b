package mpimat_test

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"gonum.org/v1/gonum/mat"
)

// A column of a matrix travels from where it lies to another rank's vector.
func ExampleOf() {
	mpi.Main(func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			m := mat.NewDense(100, 80, nil)
			return mpi.Send(world, mpimat.Of(m.ColView(3).(*mat.VecDense)), 1, 0)
		}
		v := mat.NewVecDense(100, nil)
		_, err := mpi.Recv(world, mpimat.Of(v), 0, 0)
		return err
	})
}

// Each rank scales its rows of a matrix that only rank 0 has.
func ExampleScatterRows() {
	mpi.Main(func(world *mpi.Comm) error {
		var m *mat.Dense
		if world.Rank() == 0 {
			m = mat.NewDense(101, 10, nil)
		}
		part := new(mat.Dense) // gets its shape
		if err := mpimat.ScatterRows(world, m, part, 0); err != nil {
			return err
		}
		if !part.IsEmpty() {
			part.Scale(2, part)
		}
		return mpimat.GatherRows(world, part, m, 0)
	})
}

// The operator of CG needs no matrix: this one is diagonal.
func ExampleCG() {
	mpi.Main(func(world *mpi.Comm) error {
		b, x := []float64{1, 2, 3}, make([]float64, 3)
		res, err := mpimat.CG(world, func(y, x []float64) error {
			for i := range x {
				y[i] = float64(i+1) * x[i]
			}
			return nil
		}, b, x, mpimat.Settings{Tolerance: 1e-10})
		if err == nil && world.Rank() == 0 {
			fmt.Println(x, res.Iterations)
		}
		return err
	})
}
