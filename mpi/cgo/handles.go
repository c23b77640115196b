package cgo

// #include "shim.h"
import "C"

// Handles are the library's own, carried as integers: comparable, unseen by
// the garbage collector, and the same Go types on every MPI. The zero value is
// no handle.
type (
	Comm     uintptr
	Datatype uintptr
	Op       uintptr
	Request  uintptr
)

// Ranks and tags with a meaning of their own. The shim turns them into the
// library's values, which differ between libraries.
const (
	AnySource = C.M4G_ANY_SOURCE
	ProcNull  = C.M4G_PROC_NULL
	Root      = C.M4G_ROOT
	AnyTag    = C.M4G_ANY_TAG
	Undefined = C.M4G_UNDEFINED
)

// Kind numbers the basic element types.
type Kind uint8

// The basic kinds, in the order of m4g_basic in handles.c.
const (
	Bool Kind = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Complex64
	Complex128
	NumKinds
)

var kindNames = [NumKinds]string{
	"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
	"float32", "float64", "complex64", "complex128",
}

func (k Kind) String() string {
	if k < NumKinds {
		return kindNames[k]
	}
	return "unknown kind"
}

var kindSizes = [NumKinds]uintptr{1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16}

// Size is the size of an element in bytes.
func (k Kind) Size() uintptr { return kindSizes[k] }

// Basic holds the datatype of every basic kind. Predefined handles are
// constants of the library, so it is valid before Init.
var Basic = func() (b [NumKinds]Datatype) {
	for k := range b {
		b[k] = Datatype(C.m4g_basic(C.int(k)))
	}
	return b
}()

// The predefined reduction operations, in the order of m4g_op in handles.c.
const (
	Sum = iota
	Prod
	Max
	Min
	Land
	Lor
	Lxor
	Band
	Bor
	Bxor
	MaxLoc
	MinLoc
	NumOps
)

// Ops holds the handle of every predefined operation.
var Ops = func() (o [NumOps]Op) {
	for i := range o {
		o[i] = Op(C.m4g_op(C.int(i)))
	}
	return o
}()

// World is MPI_COMM_WORLD.
func World() Comm { return Comm(C.m4g_comm(0)) }

// Self is MPI_COMM_SELF.
func Self() Comm { return Comm(C.m4g_comm(1)) }
