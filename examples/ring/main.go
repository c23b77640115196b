// Ring passes every rank's number once around a ring, without blocking, so that each rank can add up all of them.
//
//	go build ./examples/ring && mpirun -n 4 ./ring
package main

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

const tag = 0

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		rank, size := world.Rank(), world.Size()
		left, right := (rank+size-1)%size, (rank+1)%size

		sum := 0
		out, in := []int{rank}, make([]int, 1)
		for range size {
			// All ranks send at the same time. With blocking sends each could wait for its neighbour to
			// receive, for ever; nonblocking calls only start the transfers and cannot wait in a circle.
			recv := mpi.Irecv(world, in, left, tag)
			send := mpi.Isend(world, out, right, tag)
			// Until Waitall returns, both slices belong to MPI.
			if err := mpi.Waitall(recv, send); err != nil {
				return err
			}
			sum += in[0]
			out, in = in, out // what came from the left goes on to the right
		}
		// After as many steps as there are ranks, the number that a rank sent off is back.
		if out[0] != rank {
			return fmt.Errorf("my number came back as %d, want %d", out[0], rank)
		}
		fmt.Printf("rank %d of %d: the sum around the ring is %d\n", rank, size, sum)
		return nil
	})
}
