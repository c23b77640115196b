package mpi

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Typed is the Buffer of count elements of the layout t, the first of which
// begins where s does. A column of a matrix, for example, is one element of a
// datatype.Vector:
//
//	column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
//	...
//	err = mpi.Send(world, mpi.Typed(matrix[j:], 1, column), dest, tag)
//
// The whole layout lies in s, by its true extent; T holds no pointers. If not,
// the call that the Buffer is given to returns the error, and nothing is sent.
//
// Errors of that call: ErrType, ErrCount, ErrBuffer, ErrState. It allocates
// nothing, and may be called from any goroutine. The datatype must not be freed
// before that call has returned.
func Typed[T any](s []T, count int, t datatype.Datatype) Buffer {
	const op = "Typed"
	e := t.Elem()
	var zero T
	room := len(s) * int(unsafe.Sizeof(zero))
	switch low, high, ok := reach(e, count); {
	case e.Err != nil:
		return Buffer{view{e: e}}
	case count < 0:
		return invalid(op, ErrCount, "count is %d, but cannot be negative", count)
	case !pointerFree(reflect.TypeFor[T]()):
		return invalid(op, ErrType, "%v holds pointers, which mean nothing to another rank", reflect.TypeFor[T]())
	case !ok:
		return invalid(op, ErrCount, "%d elements of an extent of %d bytes are beyond any memory", count, e.Extent)
	case low < 0 || high > room:
		return invalid(op, ErrBuffer, "%d elements of the layout reach from byte %d to byte %d of s, which has the bytes 0 to %d", count, low, high, room)
	}
	return Buffer{view{unsafe.Pointer(unsafe.SliceData(s)), count, e}}
}

// Structs is the Buffer of a slice whose elements are structs or arrays without
// pointers, nested to any depth, or of any basic type: those of named types,
// such as []time.Duration, are no Data by themselves. Its length is the number
// of elements. Padding does not travel; see datatype.Of.
//
// The error of the call that the Buffer is given to is ErrType when T holds
// pointers, and names the field. It allocates nothing but for a type's first
// use, and may be called from any goroutine.
func Structs[T any](s []T) Buffer {
	t, err := datatype.Of[T]()
	if err != nil {
		return Buffer{view{e: &cgo.Elem{Err: err}}}
	}
	e := t.Elem()
	if e.Err != nil {
		return Buffer{view{e: e}}
	}
	return Buffer{view{unsafe.Pointer(unsafe.SliceData(s)), len(s), e}}
}

// BadBuffer is a Buffer that cannot be made: the call that it is given to
// returns err. It is for packages that make Buffers of types of their own, as
// mpimat does. Without an error it is the zero Buffer.
func BadBuffer(err error) Buffer {
	if err == nil {
		return Buffer{}
	}
	return Buffer{view{e: &cgo.Elem{Err: err}}}
}

func invalid(op string, class Class, format string, args ...any) Buffer {
	return BadBuffer(argError(op, class, format, args...))
}

// reach says which bytes n elements touch, from the first to the end of the
// last, counted from where the first element begins; and whether that can be
// said in an int.
func reach(e *cgo.Elem, n int) (low, high int, ok bool) {
	if n <= 0 || e.Size == 0 {
		return 0, 0, true
	}
	last := (n - 1) * e.Extent
	if n > 1 && last/(n-1) != e.Extent {
		return 0, 0, false
	}
	low, high = e.From+min(last, 0), e.To+max(last, 0)
	return low, high, low <= e.From && high >= e.To // else one of the sums ran over
}

// pointerFree reports whether the memory of a t holds no pointers: MPI would
// send what means nothing elsewhere, and write what the collector must not see.
func pointerFree(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array, reflect.Struct:
	default:
		return false
	}
	if free, known := pointerFrees.Load(t); known {
		return free.(bool)
	}
	free := true
	if t.Kind() == reflect.Array {
		free = t.Len() == 0 || pointerFree(t.Elem())
	} else {
		for i := range t.NumField() {
			free = free && pointerFree(t.Field(i).Type)
		}
	}
	pointerFrees.Store(t, free)
	return free
}

// pointerFrees remembers arrays and structs. A program has few.
var pointerFrees sync.Map
