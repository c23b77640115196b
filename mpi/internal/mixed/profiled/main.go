// Profiled is a program whose calls a profiling tool counts, between two calls
// of Pcontrol. Ranks form a ring: rank r sends messages of r+1 elements. With an
// argument it only aborts.
package main

import (
	"os"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		if len(os.Args) > 1 {
			world.Abort(3)
		}
		// Not to be counted.
		if err := step(world); err != nil {
			return err
		}
		if err := mpi.Pcontrol(1); err != nil {
			return err
		}
		if err := step(world); err != nil {
			return err
		}
		if err := mpi.Pcontrol(0); err != nil {
			return err
		}
		return step(world)
	})
}

// step makes, on each rank, 4 sends in three ways and as many receives, and one
// call each of some collectives.
func step(world *mpi.Comm) error {
	n, rank := world.Size(), world.Rank()
	next, last := (rank+1)%n, (rank+n-1)%n
	out, in := make([]float64, rank+1), make([]float64, last+1)

	rs := []*mpi.Request{mpi.Irecv(world, in, last, 1), mpi.Isend(world, out, next, 1)}
	if err := mpi.Waitall(rs...); err != nil {
		return err
	}
	if _, err := mpi.Sendrecv(world, out, next, 2, in, last, 2); err != nil {
		return err
	}
	send := func() error { return mpi.Send(world, out, next, 3) }
	ssend := func() error { return mpi.Ssend(world, out, next, 4) }
	recv := func(tag int) func() error {
		return func() error {
			_, err := mpi.Recv(world, in, last, tag)
			return err
		}
	}
	// Even ranks send first; the last of an odd number waits for its turn.
	order := []func() error{send, recv(3), ssend, recv(4)}
	if rank%2 == 1 {
		order = []func() error{recv(3), send, recv(4), ssend}
	}
	for _, f := range order {
		if err := f(); err != nil {
			return err
		}
	}

	if err := world.Barrier(); err != nil {
		return err
	}
	if err := mpi.Bcast(world, make([]float64, 10), 0); err != nil {
		return err
	}
	return mpi.AllreduceInPlace(world, []float64{1}, op.Sum)
}
