// Sendrecv sends a slice from rank 0 to rank 1; all other ranks stay idle.
//
//	go build ./examples/sendrecv && mpirun -n 2 ./sendrecv
package main

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

// tag marks the message; a receive takes only messages that carry the tag it asks for.
const tag = 7

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		if world.Size() < 2 {
			fmt.Println("nobody to talk to: sendrecv needs 2 ranks, start it with mpirun -n 2")
			return nil
		}
		switch world.Rank() {
		case 0:
			data := []float64{0, 0.5, 1, 1.5, 2}
			if err := mpi.Send(world, data, 1, tag); err != nil {
				return err
			}
			fmt.Printf("rank 0 sent %v to rank 1 with tag %d\n", data, tag)
		case 1:
			// The element type must match the sender's. The buffer may be longer than the message,
			// never shorter; the status tells how much came.
			buf := make([]float64, 8)
			status, err := mpi.Recv(world, buf, 0, tag)
			if err != nil {
				return err
			}
			fmt.Printf("rank 1 received %v from rank %d with tag %d\n", buf[:status.Count], status.Source, status.Tag)
		}
		return nil
	})
}
