package cgo

// #include "shim.h"
import "C"

import "reflect"

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
	switch k {
	case Derived:
		return "a derived datatype"
	case Float32Int:
		return "ValueIndex[float32]"
	case Float64Int:
		return "ValueIndex[float64]"
	case Int16Int:
		return "ValueIndex[int16]"
	case Int32Int:
		return "ValueIndex[int32]"
	case Int64Int:
		return "ValueIndex[int64]"
	}
	return "unknown kind"
}

var kindSizes = [NumKinds]uintptr{1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16}

// Size is the size of an element in bytes.
func (k Kind) Size() uintptr { return kindSizes[k] }

// Derived is the kind of every element type that is not predefined.
const Derived = NumKinds

// KindOf is the kind of element that a basic Go type is, or Derived.
func KindOf(k reflect.Kind) Kind { return kindOf[k] }

var kindOf = func() (all [reflect.UnsafePointer + 1]Kind) {
	for k := range all {
		all[k] = Derived
	}
	for k, kind := range map[reflect.Kind]Kind{
		reflect.Bool: Bool, reflect.Int: Int64, reflect.Int8: Int8, reflect.Int16: Int16, reflect.Int32: Int32, reflect.Int64: Int64,
		reflect.Uint: Uint64, reflect.Uint8: Uint8, reflect.Uint16: Uint16, reflect.Uint32: Uint32, reflect.Uint64: Uint64,
		reflect.Uintptr: Uint64, reflect.Float32: Float32, reflect.Float64: Float64, reflect.Complex64: Complex64, reflect.Complex128: Complex128,
	} {
		all[k] = kind
	}
	return all
}()

// The kinds of a value and an index, in the order of m4g_value_index in handles.c.
const (
	FirstPair = Derived + 1 + iota
	Float64Int
	Int64Int
	Int32Int
	Int16Int
	endPairs

	Float32Int = FirstPair
)

// Pairs holds the datatypes of a value and an index.
var Pairs = func() (p [endPairs - FirstPair]Datatype) {
	for i := range p {
		p[i] = Datatype(C.m4g_value_index(C.int(i)))
	}
	return p
}()

// Elem is what there is to know of an element type. One that exists does not
// change, so that it can be shared and pointed to.
type Elem struct {
	T    Datatype
	Kind Kind
	Size int // bytes of data
	// Where the next element begins, and the first byte of data and the end of
	// the last one, all in bytes from where an element begins.
	Extent, From, To int
	Err              error // why there is no such type; the call that uses it returns it
}

// BasicElem describes every basic kind.
var BasicElem = func() (b [NumKinds]Elem) {
	for k := range b {
		n := int(kindSizes[k])
		b[k] = Elem{T: Basic[k], Kind: Kind(k), Size: n, Extent: n, To: n}
	}
	return b
}()

// Basic holds the datatype of every basic kind. Predefined handles are
// constants of the library, so it is valid before Init.
var Basic = func() (b [NumKinds]Datatype) {
	for k := range b {
		b[k] = Datatype(C.m4g_basic(C.int(k)))
	}
	return b
}()

// Untyped is MPI_BYTE, or MPI_PACKED.
func Untyped(packed bool) Datatype { return Datatype(C.m4g_untyped(flag(packed))) }

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
	Replace
	NoOp
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

// CommOf is c as this package would write it, when C code wrote it.
func CommOf(c uintptr) Comm { return Comm(C.m4g_comm_of(C.m4g_h(c))) }

// CommAdopt makes a communicator of other code return errors. For MPI_COMM_NULL
// it returns none (0).
func CommAdopt(c Comm) Comm { return Comm(C.m4g_comm_adopt(C.m4g_h(c)).h) }

// CommToFortran is Fortran's handle of c; of none (0), that of MPI_COMM_NULL.
func CommToFortran(c Comm) int { return int(C.m4g_comm_to_fortran(C.m4g_h(c))) }

// CommOfFortran is the communicator of a Fortran handle.
func CommOfFortran(f int) Comm { return Comm(C.m4g_comm_of_fortran(C.int64_t(f))) }
