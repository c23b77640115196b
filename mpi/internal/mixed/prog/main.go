// Prog is rank 0 of the job that package mixed starts; rank 1 is peer.c. For
// each layout it sends values made by value, and wants back those made with the
// other seed, in place, and nothing in between touched.
package main

import (
	"fmt"
	"math"
	"reflect"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// record is peer.c's struct record.
type record struct {
	Flag  int8
	Value float64
	Cell  [2]int16
	Inner struct {
		ID   int32
		Done bool
	}
}

const peer = 1

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		if world.Size() != 2 || world.Rank() != 0 {
			return fmt.Errorf("rank %d of %d, want 0 of 2", world.Rank(), world.Size())
		}
		for _, step := range []func(*mpi.Comm) error{records, column, block, scattered, numbers, reductions} {
			if err := step(world); err != nil {
				return err
			}
		}
		fmt.Println("go: all right")
		return nil
	})
}

// value is element i of what the Go side (seed 1) or the C side (seed 2) sends.
func value(seed, i int) float64 { return float64(1000*seed + i) }

// swap sends out and receives in, both with tag.
func swap(world *mpi.Comm, out, in mpi.Buffer, tag int) error {
	_, err := mpi.Sendrecv(world, out, peer, tag, in, peer, tag)
	return err
}

func made(seed, i int) record {
	r := record{Flag: int8(seed + i), Value: value(seed, i), Cell: [2]int16{int16(-i), int16(seed)}}
	r.Inner.ID, r.Inner.Done = int32(i*seed), i%2 == 0
	return r
}

func records(world *mpi.Comm) error {
	const n = 7
	out, in := make([]record, n), make([]record, n)
	for i := range out {
		out[i] = made(1, i)
	}
	if err := swap(world, mpi.Structs(out), mpi.Structs(in), 1); err != nil {
		return err
	}
	for i := range in {
		if in[i] != made(2, i) {
			return fmt.Errorf("record %d is %+v, want %+v", i, in[i], made(2, i))
		}
	}
	return nil
}

// fill makes a matrix whose cells are all -1.
func fill(n int) []float64 {
	m := make([]float64, n)
	for i := range m {
		m[i] = -1
	}
	return m
}

// typed swaps one element of the layout t, whose cells are at the given places
// of a matrix of size cells, in the order of the data.
func typed(world *mpi.Comm, t datatype.Datatype, err error, size int, cells []int, tag int) error {
	if err != nil {
		return err
	}
	out, in, want := fill(size), fill(size), fill(size)
	for i, at := range cells {
		out[at], want[at] = value(1, i), value(2, i)
	}
	if err := swap(world, mpi.Typed(out, 1, t), mpi.Typed(in, 1, t), tag); err != nil {
		return err
	}
	for i := range in {
		if in[i] != want[i] {
			return fmt.Errorf("%v: cell %d is %v, want %v", t, i, in[i], want[i])
		}
	}
	return t.Free()
}

func column(world *mpi.Comm) error {
	const rows, cols, j = 5, 4, 2
	t, err := datatype.Vector(rows, 1, cols, datatype.Float64)
	if err != nil {
		return err
	}
	// One element of the vector, which begins in the column's first cell.
	shifted, err := datatype.HindexedBlock(1, []int{8 * j}, t)
	var cells []int
	for i := range rows {
		cells = append(cells, i*cols+j)
	}
	return typed(world, shifted, err, rows*cols, cells, 2)
}

func block(world *mpi.Comm) error {
	t, err := datatype.Subarray([]int{6, 5}, []int{3, 2}, []int{2, 1}, datatype.OrderC, datatype.Float64)
	var cells []int
	for i := 2; i < 5; i++ {
		cells = append(cells, i*5+1, i*5+2)
	}
	return typed(world, t, err, 30, cells, 3)
}

func scattered(world *mpi.Comm) error {
	t, err := datatype.Indexed([]int{2, 0, 3}, []int{7, 4, 1}, datatype.Float64)
	return typed(world, t, err, 10, []int{7, 8, 1, 2, 3}, 4)
}

type exchange struct {
	out, in mpi.Buffer
	same    func() bool
}

// numbers swaps one slice of each basic type, the elements of which are
// 1 (Go's) and 2 (C's), plus their place.
func numbers(world *mpi.Comm) error {
	f := math.Inf(1)
	for i, b := range []exchange{
		pair([]int8{1, -2}, []int8{2, -3}),
		pair([]uint8{1, 255}, []uint8{2, 254}),
		pair([]int16{1, math.MinInt16}, []int16{2, math.MaxInt16}),
		pair([]uint16{1, math.MaxUint16}, []uint16{2, math.MaxUint16 - 1}),
		pair([]int32{1, math.MinInt32}, []int32{2, math.MaxInt32}),
		pair([]uint32{1, math.MaxUint32}, []uint32{2, math.MaxUint32 - 1}),
		pair([]int64{1, math.MinInt64}, []int64{2, math.MaxInt64}),
		pair([]uint64{1, math.MaxUint64}, []uint64{2, math.MaxUint64 - 1}),
		pair([]float32{1, float32(f)}, []float32{2, -float32(f)}),
		pair([]float64{1, f}, []float64{2, -f}),
		pair([]complex64{1 + 2i, -1i}, []complex64{2 + 1i, 1i}),
		pair([]complex128{1 + 2i, -1i}, []complex128{2 + 1i, 1i}),
		pair([]bool{true, false}, []bool{false, true}),
	} {
		if err := swap(world, b.out, b.in, 5); err != nil {
			return err
		}
		if !b.same() {
			return fmt.Errorf("numbers of type %d from C are wrong", i)
		}
	}
	return nil
}

func pair[S mpi.Data](out, want S) (b exchange) {
	in := reflect.MakeSlice(reflect.TypeFor[S](), reflect.ValueOf(want).Len(), reflect.ValueOf(want).Len()).Interface().(S)
	b.out, b.in = mpi.Slice(out), mpi.Slice(in)
	b.same = func() bool { return reflect.DeepEqual(in, want) }
	return b
}

// reductions combines with the C rank, which gives 2, 3, ... where Go gives
// 1, 2, ...
func reductions(world *mpi.Comm) error {
	sum := make([]float64, 3)
	if err := mpi.Allreduce(world, []float64{1, 2, 3}, sum, op.Sum); err != nil {
		return err
	}
	if sum[0] != 3 || sum[1] != 5 || sum[2] != 7 {
		return fmt.Errorf("the sum is %v, want [3 5 7]", sum)
	}
	at := make([]datatype.ValueIndex[float64], 1)
	mine := []datatype.ValueIndex[float64]{{Value: 4.5, Index: 10}}
	if err := mpi.Allreduce(world, mpi.Structs(mine), mpi.Structs(at), op.MaxLoc); err != nil {
		return err
	}
	if at[0] != (datatype.ValueIndex[float64]{Value: 5.5, Index: 20}) {
		return fmt.Errorf("the largest is %+v, want 5.5 at 20", at[0])
	}
	return nil
}
