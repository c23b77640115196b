package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
)

// Benchmarks of what does not lie in memory as it travels.

// block is the ping-pong of a square block of a matrix four times as high and
// wide, by its layout: from one matrix, into the other.
func block(b *buffers, n int64) error {
	side, at := square(b)
	t, err := datatype.Vector(side, side, 4*side, datatype.Float64)
	if err != nil {
		return err
	}
	defer t.Free()
	out, in := mpi.Typed(b.all()[at:], 1, t), mpi.Typed(b.recv[at:], 1, t)
	return pong(b, n,
		func() error { return mpi.Send(b.world, out, b.peer, dataTag) },
		func() error { _, err := mpi.Recv(b.world, in, b.peer, dataTag); return err })
}

// blockCopy copies the block out, sends that, and copies it into place.
func blockCopy(b *buffers, n int64) error {
	side, at := square(b)
	row, part := 8*side, make([]byte, 8*side*side)
	return pong(b, n,
		func() error {
			for i := range side {
				copy(part[i*row:][:row], b.all()[at+i*4*row:])
			}
			return mpi.Send(b.world, part, b.peer, dataTag)
		},
		func() error {
			_, err := mpi.Recv(b.world, part, b.peer, dataTag)
			for i := range side {
				copy(b.recv[at+i*4*row:][:row], part[i*row:])
			}
			return err
		})
}

// square is the side of the block, in elements, and where it begins, in bytes.
func square(b *buffers) (side, at int) {
	side = int(math.Sqrt(float64(len(b.send) / 8)))
	return side, 8 * (side*4*side + side)
}

// A particle is 13 bytes of data in 24: the padding stays at home.
type particle struct {
	ID     int32
	Mass   float64
	Charge int8
}

const particleSize = 24

var particles = perSize(func(size int) [2][]particle {
	n := max(1, size/particleSize)
	return [2][]particle{slices.Repeat([]particle{{1, 2, 3}}, n), slices.Repeat([]particle{{4, 5, 6}}, n)}
})

// pingpongStruct is the ping-pong of as many structs as the size has room for,
// at least one.
func pingpongStruct(b *buffers, n int64) error {
	p := particles(len(b.send))
	err := pong(b, n,
		func() error { return mpi.Send(b.world, mpi.Structs(p[0]), b.peer, dataTag) },
		func() error { _, err := mpi.Recv(b.world, mpi.Structs(p[1]), b.peer, dataTag); return err })
	if err == nil && !slices.Equal(p[0], p[1]) {
		err = fmt.Errorf("these are not the structs that rank %d has sent", b.peer)
	}
	return err
}
