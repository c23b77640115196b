package main

import (
	"slices"
	"sync"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// Benchmarks of transfers under which something else is done.

// mebibytes are two buffers of 1 MiB, made in the warm-up.
var mebibytes = sync.OnceValue(func() [2][]float64 {
	return [2][]float64{slices.Repeat([]float64{1}, 1<<17), slices.Repeat([]float64{2}, 1<<17)}
})

// overlap exchanges 1 MiB, and computes as many microseconds as the size says
// before it waits.
func overlap(b *buffers, n int64) error {
	data := mebibytes()
	return repeat(n, func() error {
		in := mpi.Irecv(b.world, data[1], b.peer, dataTag)
		out := mpi.Isend(b.world, data[0], b.peer, dataTag)
		compute(len(b.send))
		return mpi.Waitall(in, out)
	})
}

func overlapIallreduce(b *buffers, n int64) error {
	data := mebibytes()
	return repeat(n, func() error {
		r := mpi.Iallreduce(b.world, data[0], data[1], op.Sum)
		compute(len(b.send))
		return wait(r)
	})
}

// compute keeps the core busy, by the clock: so the twins compute equally long,
// whatever their compilers make of a loop.
func compute(us int) {
	for start, d := time.Now(), time.Duration(us)*time.Microsecond; time.Since(start) < d; {
	}
}

// threads is the ping-pong of so many goroutines at once, each with a tag of
// its own.
func threads(count int) func(b *buffers, n int64) error {
	return func(b *buffers, n int64) error {
		size := len(b.send)
		errs := make(chan error, count)
		for i := range count {
			recv, tag := b.recv[i*size:(i+1)*size], threadTag+i
			go func() {
				errs <- pong(b, n,
					func() error { return mpi.Send(b.world, b.send, b.peer, tag) },
					func() error { _, err := mpi.Recv(b.world, recv, b.peer, tag); return err })
			}()
		}
		for range count {
			if err := <-errs; err != nil {
				return err // which ends the job, and the others with it
			}
		}
		return nil
	}
}
