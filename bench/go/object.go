package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// Benchmarks of what moves Go values. Their twin is ../py, where there is one.

// A record is what the twin in Python has as a dict.
type record struct {
	ID    int
	Score float64
	Count int
	Text  string
	Words map[string]int
}

// newRecord makes one of about so many bytes when it is encoded, half of them
// in a map.
func newRecord(rank, size int) record {
	r := record{ID: rank, Score: 0.1, Count: size, Text: strings.Repeat("x", size/2), Words: map[string]int{}}
	for i := range size / 24 {
		r.Words[fmt.Sprintf("word%05d", i)] = i
	}
	return r
}

// records are made in the warm-up, one for each size.
var records = map[int]record{}

func pingpongObject(b *buffers, n int64) error {
	mine, ok := records[len(b.send)]
	if !ok {
		mine = newRecord(b.world.Rank(), len(b.send))
		records[len(b.send)] = mine
	}
	var got record
	err := pong(b, n,
		func() error { return object.Send(b.world, mine, b.peer, dataTag) },
		func() (err error) { got, _, err = object.Recv[record](b.world, b.peer, dataTag); return err })
	if err == nil && (got.ID != b.peer || len(got.Words) != len(mine.Words)) {
		err = fmt.Errorf("this is not what rank %d has sent", b.peer)
	}
	return err
}

// pingpongSliceObject sends numbers as an object, for which the receiver makes
// room each time, and pingpongSlice from buffer to buffer.
func pingpongSliceObject(b *buffers, n int64) error {
	return pong(b, n,
		func() error { return object.Send(b.world, b.fsend, b.peer, dataTag) },
		func() error { _, _, err := object.Recv[[]float64](b.world, b.peer, dataTag); return err })
}

func pingpongSlice(b *buffers, n int64) error {
	return pong(b, n,
		func() error { return mpi.Send(b.world, b.fsend, b.peer, dataTag) },
		func() error { _, err := mpi.Recv(b.world, b.frecv, b.peer, dataTag); return err })
}

// task does nothing, so that all of its time is the pool's.
var task = pool.Func("task", func(_ context.Context, x int) (int, error) { return x, nil })

// poolMap maps task over n numbers in chunks of the size, the start and the end
// of the pool included.
func poolMap(b *buffers, n int64) error {
	return pool.Run(b.world, func(ctx context.Context, p *pool.Pool) error {
		inputs := make([]int, n)
		for i := range inputs {
			inputs[i] = i
		}
		got, err := task.Map(ctx, p, inputs, pool.ChunkSize(len(b.send)))
		if err == nil && (len(got) != len(inputs) || got[n-1] != inputs[n-1]) {
			err = fmt.Errorf("%d tasks gave %d results", n, len(got))
		}
		return err
	})
}
