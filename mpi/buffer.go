package mpi

import (
	"reflect"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Data is what a communication call moves: a slice of a basic type, a named
// type of such a slice (type Vector []float64), or a Buffer for any other
// layout. Its length is the number of elements; the memory goes to MPI as it
// is, with no copy. Nil and empty slices are legal wherever no elements are,
// and where MPI ignores the buffer.
//
// int and uint travel as 64-bit integers, bool as MPI_C_BOOL.
type Data interface {
	~[]bool | ~[]int8 | ~[]int16 | ~[]int32 | ~[]int64 | ~[]int |
		~[]uint8 | ~[]uint16 | ~[]uint32 | ~[]uint64 | ~[]uint |
		~[]float32 | ~[]float64 | ~[]complex64 | ~[]complex128 | Buffer
}

// Buffer is memory with a layout that a slice of a basic type cannot describe.
// It is a small value: make it where it is used. What was wrong with its
// making is returned by the call that it is given to. The zero Buffer has no
// elements.
type Buffer struct{ v view }

// Slice is the Buffer of a slice, for calls that take Buffers of different
// types.
func Slice[B Data](s B) Buffer { return Buffer{viewOf(s)} }

// view is a Data as MPI sees it.
type view struct {
	ptr unsafe.Pointer
	n   int // elements
	e   *cgo.Elem
}

// elem is what the zero Buffer lacks.
func (v view) elem() *cgo.Elem {
	if v.e == nil {
		return &cgo.BasicElem[cgo.Uint8]
	}
	return v.e
}

// size is how many bytes of data an element has; 1 where that is none, so that
// no elements of no bytes are counted as 0.
func (v view) size() int { return max(v.e.Size, 1) }

// bytes is how many bytes of data there are.
func (v view) bytes() int { return v.n * v.e.Size }

// span is how far the memory of the elements reaches from ptr.
func (v view) span() int {
	if v.n == 0 {
		return 0
	}
	return max((v.n-1)*v.e.Extent, 0) + v.e.To
}

// check returns what was wrong with the making of a Buffer.
func (v view) check(op string) error {
	if v.e.Err == nil {
		return nil
	}
	return v.bad(op)
}

func (v view) bad(op string) error {
	if e, ok := v.e.Err.(*Error); ok {
		return &Error{Op: op, Code: e.Code, Class: e.Class, Msg: e.Op + ": " + e.Msg}
	}
	return v.e.Err
}

// viewOf costs a few nanoseconds and allocates nothing.
func viewOf[B Data](buf B) view {
	var kind cgo.Kind
	switch any(buf).(type) {
	case []float64:
		kind = cgo.Float64
	case []int:
		kind = cgo.Int64
	case []uint8:
		kind = cgo.Uint8
	case []float32:
		kind = cgo.Float32
	case []int64:
		kind = cgo.Int64
	case []int32:
		kind = cgo.Int32
	case []complex128:
		kind = cgo.Complex128
	case Buffer:
		v := (*(*Buffer)(unsafe.Pointer(&buf))).v
		v.e = v.elem()
		return v
	default:
		kind = cgo.KindOf(reflect.TypeFor[B]().Elem().Kind())
	}
	// All other types of Data are slices: the header says where and how many.
	h := (*struct {
		ptr      unsafe.Pointer
		len, cap int
	})(unsafe.Pointer(&buf))
	return view{h.ptr, h.len, &cgo.BasicElem[kind]}
}

// copyTo copies the elements, with what lies between them, into mem, which is
// as long as their span, and is the view of that copy.
func (v view) copyTo(mem []byte) view {
	if n := v.span(); n > 0 {
		copy(mem, unsafe.Slice((*byte)(v.ptr), n))
		v.ptr = unsafe.Pointer(unsafe.SliceData(mem))
	}
	return v
}

// clone is a copy of the elements in memory of its own.
func (v view) clone() view { return v.copyTo(make([]byte, v.span())) }

// addr is where an array of counts or displacements lies, 0 for none.
func addr(p []int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }

// The table above and the shim's counts take a Go int for 64 bits.
var _ [unsafe.Sizeof(int(0)) - 8]struct{}
