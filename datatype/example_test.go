package datatype_test

import (
	"fmt"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
)

// The third column of a matrix goes to the next rank, from where it is to where
// it belongs.
func Example() {
	const rows, cols = 100, 80
	mpi.Main(func(world *mpi.Comm) error {
		column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
		if err != nil {
			return err
		}
		defer column.Free()
		fmt.Println(column) // vector(100 blocks of 1 float64, stride 80)

		matrix, other := make([]float64, rows*cols), make([]float64, rows*cols)
		next, before := (world.Rank()+1)%world.Size(), (world.Rank()+world.Size()-1)%world.Size()
		_, err = mpi.Sendrecv(world, mpi.Typed(matrix[2:], 1, column), next, 0, mpi.Typed(other[2:], 1, column), before, 0)
		return err
	})
}
