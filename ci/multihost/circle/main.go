// Circle passes numbers around the ranks until it is stopped; each says when it has
// begun. When a host is lost, the rank behind it waits for it for ever.
package main

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		rank, size := world.Rank(), world.Size()
		last, next := (rank+size-1)%size, (rank+1)%size
		out, in := make([]int, 1000), make([]int, 1000)
		for round := 0; ; round++ {
			for i := range out {
				out[i] = round + rank + i
			}
			if _, err := mpi.Sendrecv(world, out, next, 0, in, last, 0); err != nil {
				return err
			}
			if round == 0 {
				fmt.Printf("rank %d runs\n", rank)
			}
			for i, x := range in {
				if x != round+last+i {
					return fmt.Errorf("round %d: element %d from rank %d is %d", round, i, last, x)
				}
			}
		}
	})
}
