// Package op holds the reduction operations: what Reduce, Allreduce, Scan and
// their kin combine the ranks' elements with.
//
//	err := mpi.Allreduce(world, part, total, op.Sum)
//
// Each predefined operation is defined for some element types only, as the
// standard says: sums and products of numbers, maximum and minimum of ordered
// numbers, logical operations on integers and bool, bitwise ones on integers.
// A reduction on any other type is an error that names both, before any rank
// communicates. New makes an operation of a Go function, for any type.
//
// An Op is a small value that may be copied and used from any goroutine.
package op

import "github.com/mpi4go/mpi4go/mpi/cgo"

// Op is a reduction operation. The zero value is none.
type Op struct{ d *desc }

type desc struct {
	name  string
	h     cgo.Op
	kinds uint32 // bit k is set when the operation is defined for cgo.Kind k
	own   *own   // of New
	keeps bool   // the order of the operands: it does not commute
}

const (
	signed   = 1<<cgo.Int8 | 1<<cgo.Int16 | 1<<cgo.Int32 | 1<<cgo.Int64
	unsigned = 1<<cgo.Uint8 | 1<<cgo.Uint16 | 1<<cgo.Uint32 | 1<<cgo.Uint64
	integer  = signed | unsigned
	floating = 1<<cgo.Float32 | 1<<cgo.Float64
	complexx = 1<<cgo.Complex64 | 1<<cgo.Complex128
	logical  = 1 << cgo.Bool
	pairs    = 1<<cgo.Float32Int | 1<<cgo.Float64Int | 1<<cgo.Int16Int | 1<<cgo.Int32Int | 1<<cgo.Int64Int
)

func predefined(name string, i int, kinds uint32) Op {
	return Op{&desc{name: name, h: cgo.Ops[i], kinds: kinds}}
}

// The predefined operations (MPI 4.1 §6.9.2).
var (
	// Sum adds integers, floating-point and complex numbers.
	Sum = predefined("Sum", cgo.Sum, integer|floating|complexx)
	// Prod multiplies integers, floating-point and complex numbers.
	Prod = predefined("Prod", cgo.Prod, integer|floating|complexx)
	// Max is the largest of integers or floating-point numbers.
	Max = predefined("Max", cgo.Max, integer|floating)
	// Min is the smallest of integers or floating-point numbers.
	Min = predefined("Min", cgo.Min, integer|floating)
	// Land is logical and of integers (0 is false) or bool.
	Land = predefined("Land", cgo.Land, integer|logical)
	// Lor is logical or of integers (0 is false) or bool.
	Lor = predefined("Lor", cgo.Lor, integer|logical)
	// Lxor is logical exclusive or of integers (0 is false) or bool.
	Lxor = predefined("Lxor", cgo.Lxor, integer|logical)
	// Band is bitwise and of integers.
	Band = predefined("Band", cgo.Band, integer)
	// Bor is bitwise or of integers.
	Bor = predefined("Bor", cgo.Bor, integer)
	// Bxor is bitwise exclusive or of integers.
	Bxor = predefined("Bxor", cgo.Bxor, integer)
	// MaxLoc is the largest value and its index, the lowest of those that have
	// it: of elements of type datatype.ValueIndex.
	MaxLoc = predefined("MaxLoc", cgo.MaxLoc, pairs)
	// MinLoc is the smallest value and its index, the lowest of those that have
	// it: of elements of type datatype.ValueIndex.
	MinLoc = predefined("MinLoc", cgo.MinLoc, pairs)
)

// The operations of one-sided calls only (MPI 4.1 §12.3.4). They take elements of
// every type.
var (
	// Replace puts the origin's element in place of the target's: Accumulate by
	// it is a Put that no other update of the same element can tear.
	Replace = predefined("Replace", cgo.Replace, 0)
	// NoOp leaves the target's element as it is: GetAccumulate and FetchAndOp by
	// it read one that others update.
	NoOp = predefined("NoOp", cgo.NoOp, 0)
)

// Accumulates reports whether one-sided calls combine elements of kind k by the
// operation. They take no operations made by New.
func (o Op) Accumulates(k cgo.Kind) bool {
	return o == Replace || o == NoOp || o.d != nil && o.d.own == nil && o.d.kinds&(1<<k) != 0
}

// Freed reports whether Free has been called for an operation made by New.
func (o Op) Freed() bool { return o.d != nil && o.d.own != nil && o.d.own.freed.Load() }

// Handle is the MPI library's handle, 0 for the zero Op and freed ones.
func (o Op) Handle() cgo.Op {
	if o.d == nil || o.Freed() {
		return 0
	}
	return o.d.h
}

// Defined reports whether MPI defines the operation for elements of kind k. Of
// one made by New, Accepts knows more.
func (o Op) Defined(k cgo.Kind) bool { return o.d != nil && o.d.kinds&(1<<k) != 0 }

// Accepts reports whether the operation combines elements such as e.
func (o Op) Accepts(e *cgo.Elem) bool {
	if o.d == nil {
		return false
	}
	if o.d.own != nil {
		return o.d.own.accepts(e)
	}
	return o.d.kinds&(1<<e.Kind) != 0
}

// Commutes reports whether the operation may be applied in any order: all
// predefined ones, and those that New was told of. It is false of the zero Op.
//
// Implements: MPI_Op_commutative (MPI 4.1 §6.9.7)
func (o Op) Commutes() bool { return o.d != nil && !o.d.keeps }

// String is the operation's name, as in "Sum".
func (o Op) String() string {
	if o.d == nil {
		return "no operation"
	}
	return o.d.name
}
