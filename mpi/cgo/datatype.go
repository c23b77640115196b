package cgo

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import "unsafe"

// How a constructor orders the dimensions of an array, and distributes one.
const (
	OrderC       = C.M4G_ORDER_C
	OrderFortran = C.M4G_ORDER_FORTRAN

	DistributeBlock    = C.M4G_DISTRIBUTE_BLOCK
	DistributeCyclic   = C.M4G_DISTRIBUTE_CYCLIC
	DistributeNone     = C.M4G_DISTRIBUTE_NONE
	DistributeDfltDarg = C.M4G_DISTRIBUTE_DFLT_DARG
)

func madeType(op string, m C.m4g_made) (Datatype, error) {
	return Datatype(m.h), check(op, C.int(m.rc))
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// ints is an array for C, which keeps no pointer to it. That of no numbers is
// somewhere: a library may refuse a null pointer without asking how many.
func ints(v []int) *C.int64_t {
	if len(v) == 0 {
		return (*C.int64_t)(unsafe.Pointer(&nowhere))
	}
	return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(v)))
}

var nowhere int

// The constructors. Op is the call that an error names. With bytes set, strides
// and displacements count bytes, else elements. Unless Large, all numbers must
// fit an int32, but for those in bytes.

// TypeContiguous is n elements in a row.
func TypeContiguous(op string, n int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_contiguous(C.int64_t(n), C.m4g_h(t)))
}

// TypeVector is n blocks of length elements at equal distances.
func TypeVector(op string, bytes bool, n, length, stride int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_vector(flag(bytes), C.int64_t(n), C.int64_t(length), C.int64_t(stride), C.m4g_h(t)))
}

// TypeIndexed is len(displs) blocks of any lengths at any places.
func TypeIndexed(op string, bytes bool, lengths, displs []int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_indexed(flag(bytes), C.int64_t(len(displs)), ints(lengths), ints(displs), C.m4g_h(t)))
}

// TypeIndexedBlock is blocks of one length at any places.
func TypeIndexedBlock(op string, bytes bool, length int, displs []int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_indexed_block(flag(bytes), C.int64_t(len(displs)), C.int64_t(length), ints(displs), C.m4g_h(t)))
}

// TypeStruct is blocks of different types.
func TypeStruct(op string, lengths, displs []int, types []Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_struct(C.int64_t(len(types)), ints(lengths), ints(displs),
		(*C.m4g_h)(unsafe.Pointer(unsafe.SliceData(types)))))
}

// TypeSubarray is a part of an array of len(sizes) dimensions.
func TypeSubarray(op string, sizes, subsizes, starts []int, order int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_subarray(C.int(len(sizes)), ints(sizes), ints(subsizes), ints(starts), C.int(order), C.m4g_h(t)))
}

// TypeDarray is one rank's share of an array distributed over a grid.
func TypeDarray(op string, size, rank int, gsizes, distribs, dargs, psizes []int, order int, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_darray(C.int(size), C.int(rank), C.int(len(gsizes)), ints(gsizes), ints(distribs),
		ints(dargs), ints(psizes), C.int(order), C.m4g_h(t)))
}

// TypeResized is t with other bounds, in bytes.
func TypeResized(op string, t Datatype, lb, extent int) (Datatype, error) {
	return madeType(op, C.m4g_type_resized(C.m4g_h(t), C.int64_t(lb), C.int64_t(extent)))
}

// TypeDup is a copy of t.
func TypeDup(op string, t Datatype) (Datatype, error) {
	return madeType(op, C.m4g_type_dup(C.m4g_h(t)))
}

// TypeCommit makes t fit for communication.
func TypeCommit(op string, t Datatype) error { return check(op, C.m4g_type_commit(C.m4g_h(t))) }

// TypeFree lets go of t. What was made of it and what is pending goes on.
func TypeFree(op string, t Datatype) error { return check(op, C.m4g_type_free(C.m4g_h(t))) }

// TypeInfo asks the library about t: the Elem of it, and its lower bound. The
// kind is Derived unless t is predefined.
func TypeInfo(op string, t Datatype) (e Elem, lb int, err error) {
	i := C.m4g_type_info(C.m4g_h(t))
	e = Elem{T: t, Kind: Derived, Size: int(i.size), Extent: int(i.extent), From: int(i.from), To: int(i.to)}
	if e.Size == 0 {
		e.From, e.To = 0, 0 // the libraries say what they like
	}
	for k, basic := range Basic {
		if t == basic {
			e.Kind = Kind(k)
		}
	}
	for i, pair := range Pairs {
		if t == pair {
			e.Kind = FirstPair + Kind(i)
		}
	}
	return e, int(i.lb), check(op, C.int(i.rc))
}

// MaxObjectName is the length of the longest name that an object may have.
func MaxObjectName() int { return int(C.m4g_max_object_name()) - 1 }

// TypeSetName names t; the name is at most MaxObjectName long.
func TypeSetName(op string, t Datatype, name string) error {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return check(op, C.m4g_type_set_name(C.m4g_h(t), s))
}

// TypeName is the name of t.
func TypeName(op string, t Datatype) (string, error) {
	buf := make([]byte, MaxObjectName())
	n := C.m4g_type_name(C.m4g_h(t), (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
	if n < 0 {
		return "", NewError(op, int(-n))
	}
	return string(buf[:n]), nil
}

// Combiner says which constructor made a datatype.
type Combiner int

// The combiners, in the order of those in datatype.c.
const (
	CombinerNamed Combiner = iota
	CombinerDup
	CombinerContiguous
	CombinerVector
	CombinerHvector
	CombinerIndexed
	CombinerHindexed
	CombinerIndexedBlock
	CombinerHindexedBlock
	CombinerStruct
	CombinerSubarray
	CombinerDarray
	CombinerResized
	CombinerF90Real
	CombinerF90Complex
	CombinerF90Integer
	CombinerUnknown
)

// Envelope is how many arguments of each sort a constructor took.
type Envelope struct {
	Combiner                           Combiner
	Integers, Addresses, Counts, Types int
	c                                  C.m4g_envelope
}

// TypeEnvelope asks how t was made.
func TypeEnvelope(op string, t Datatype) (Envelope, error) {
	e := C.m4g_type_envelope(C.m4g_h(t))
	return Envelope{Combiner(e.combiner), int(e.ints), int(e.addrs), int(e.counts), int(e.types), e}, check(op, C.int(e.rc))
}

// TypeContents is what t, whose envelope is e, was made from. The caller frees
// those of the types that are not predefined.
func TypeContents(op string, t Datatype, e Envelope) (integers, addresses, counts []int, types []Datatype, err error) {
	// One more of each, for the sake of their addresses.
	integers, addresses, counts = make([]int, e.Integers+1), make([]int, e.Addresses+1), make([]int, e.Counts+1)
	types = make([]Datatype, e.Types+1)
	rc := C.m4g_type_contents(C.m4g_h(t), e.c, ints(integers), ints(addresses), ints(counts), (*C.m4g_h)(unsafe.Pointer(&types[0])))
	return integers[:e.Integers], addresses[:e.Addresses], counts[:e.Counts], types[:e.Types], check(op, rc)
}
