package datatype

import (
	"reflect"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// ValueIndex is a value and an index, such as the rank that it came from. The
// operations op.MaxLoc and op.MinLoc find the largest and the smallest value of
// all, with its index, and the lowest index of those that are equal:
//
//	in := []datatype.ValueIndex[float64]{{Value: x, Index: int32(world.Rank())}}
//	err := mpi.Allreduce(world, mpi.Structs(in), mpi.Structs(out), op.MaxLoc)
//
// In C these are the types MPI_FLOAT_INT, MPI_DOUBLE_INT, MPI_SHORT_INT,
// MPI_2INT, and MPI_LONG_INT for int64 and int (MPI 4.1 §6.9.4).
type ValueIndex[T float32 | float64 | int16 | int32 | int64 | int] struct {
	Value T
	Index int32
}

// pair is the predefined datatype of a ValueIndex.
func pair[T float32 | float64 | int16 | int32 | int64 | int](k cgo.Kind) Datatype {
	var v ValueIndex[T]
	d := &desc{shared: true, e: cgo.Elem{
		T:      cgo.Pairs[k-cgo.FirstPair],
		Kind:   k,
		Size:   int(unsafe.Sizeof(v.Value) + unsafe.Sizeof(v.Index)),
		Extent: int(unsafe.Sizeof(v)),
		To:     int(unsafe.Offsetof(v.Index) + unsafe.Sizeof(v.Index)),
	}}
	d.committed.Store(true)
	return Datatype{d}
}

var pairs = map[reflect.Type]Datatype{
	reflect.TypeFor[ValueIndex[float32]](): pair[float32](cgo.Float32Int),
	reflect.TypeFor[ValueIndex[float64]](): pair[float64](cgo.Float64Int),
	reflect.TypeFor[ValueIndex[int16]]():   pair[int16](cgo.Int16Int),
	reflect.TypeFor[ValueIndex[int32]]():   pair[int32](cgo.Int32Int),
	reflect.TypeFor[ValueIndex[int64]]():   pair[int64](cgo.Int64Int),
	reflect.TypeFor[ValueIndex[int]]():     pair[int](cgo.Int64Int),
}
