package mpi

import (
	"reflect"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Data is what a communication call moves: a slice of a basic type, or a named
// type of such a slice (type Vector []float64). Its length is the number of elements; the memory goes to MPI
// as it is, with no copy. Nil and empty slices are legal wherever no elements
// are, and where MPI ignores the buffer.
//
// int and uint travel as 64-bit integers, bool as MPI_C_BOOL.
type Data interface {
	~[]bool | ~[]int8 | ~[]int16 | ~[]int32 | ~[]int64 | ~[]int |
		~[]uint8 | ~[]uint16 | ~[]uint32 | ~[]uint64 | ~[]uint |
		~[]float32 | ~[]float64 | ~[]complex64 | ~[]complex128
}

// view is a Data as MPI sees it.
type view struct {
	ptr  unsafe.Pointer
	n    int // elements
	t    cgo.Datatype
	kind cgo.Kind
}

// size is the size of one element in bytes.
func (v view) size() int { return int(v.kind.Size()) }

// viewOf costs a few nanoseconds and allocates nothing.
func viewOf[B Data](buf B) view {
	// All types of Data are slices, so the header says where and how many.
	h := (*struct {
		ptr      unsafe.Pointer
		len, cap int
	})(unsafe.Pointer(&buf))
	v := view{ptr: h.ptr, n: h.len}
	switch any(buf).(type) {
	case []float64:
		v.kind = cgo.Float64
	case []int:
		v.kind = cgo.Int64
	case []uint8:
		v.kind = cgo.Uint8
	case []float32:
		v.kind = cgo.Float32
	case []int64:
		v.kind = cgo.Int64
	case []int32:
		v.kind = cgo.Int32
	case []complex128:
		v.kind = cgo.Complex128
	default:
		v.kind = kinds[reflect.TypeFor[B]().Elem().Kind()]
	}
	v.t = cgo.Basic[v.kind]
	return v
}

var kinds = [...]cgo.Kind{
	reflect.Bool:       cgo.Bool,
	reflect.Int:        cgo.Int64,
	reflect.Int8:       cgo.Int8,
	reflect.Int16:      cgo.Int16,
	reflect.Int32:      cgo.Int32,
	reflect.Int64:      cgo.Int64,
	reflect.Uint:       cgo.Uint64,
	reflect.Uint8:      cgo.Uint8,
	reflect.Uint16:     cgo.Uint16,
	reflect.Uint32:     cgo.Uint32,
	reflect.Uint64:     cgo.Uint64,
	reflect.Float32:    cgo.Float32,
	reflect.Float64:    cgo.Float64,
	reflect.Complex64:  cgo.Complex64,
	reflect.Complex128: cgo.Complex128,
}

// addr is where an array of counts or displacements lies, 0 for none.
func addr(p []int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }

// The table above and the shim's counts take a Go int for 64 bits.
var _ [unsafe.Sizeof(int(0)) - 8]struct{}
