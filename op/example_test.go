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

// A reduction of structs by a Go function: the bounds of what all ranks have.
func ExampleNew() {
	type bounds struct{ Low, High float64 }
	mpi.Main(func(world *mpi.Comm) error {
		union, err := op.New(func(in, inout []bounds) {
			for i := range in {
				inout[i].Low = min(in[i].Low, inout[i].Low)
				inout[i].High = max(in[i].High, inout[i].High)
			}
		}, true)
		if err != nil {
			return err
		}
		defer union.Free()
		mine, all := []bounds{{-float64(world.Rank()), 1}}, make([]bounds, 1)
		if err := mpi.Allreduce(world, mpi.Structs(mine), mpi.Structs(all), union); err != nil {
			return err
		}
		fmt.Println(all[0])
		return nil
	})
}
