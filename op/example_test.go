package op_test

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func Example() {
	mpi.Main(func(world *mpi.Comm) error {
		mine := []float64{float64(world.Rank())}
		sum, highest := make([]float64, 1), make([]float64, 1)
		if err := mpi.Allreduce(world, mine, sum, op.Sum); err != nil {
			return err
		}
		if err := mpi.Allreduce(world, mine, highest, op.Max); err != nil {
			return err
		}
		fmt.Println(op.Sum, sum[0], op.Max, highest[0])
		return nil
	})
}
