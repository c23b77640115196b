package cgo

// #include "shim.h"
import "C"

import "unsafe"

// Large says that the library has calls with 64-bit counts (MPI-4), also for
// the counts and displacements of the vector collectives.
var Large = func() bool { v, _ := Version(); return v >= 4 }()

// InterBcastBroken says that the library's Bcast goes wrong between groups.
var InterBcastBroken = C.m4g_inter_bcast_broken() != 0

// Form is how a collective is called.
type Form int

// The forms of a collective. Other than Blocking they return a request, and the
// buffers must be pinned and kept until it is complete or freed.
const (
	Blocking Form = C.M4G_BLOCKING
	Begin    Form = C.M4G_BEGIN   // nonblocking
	Prepare  Form = C.M4G_PREPARE // persistent
)

// Flags of the in-place forms.
const (
	SendInPlace = C.M4G_SEND_IN_PLACE
	RecvInPlace = C.M4G_RECV_IN_PLACE
)

// The collectives with one count for each side, for Move.
const (
	Gather            = C.M4G_GATHER
	Scatter           = C.M4G_SCATTER
	Allgather         = C.M4G_ALLGATHER
	Alltoall          = C.M4G_ALLTOALL
	NeighborAllgather = C.M4G_NEIGHBOR_ALLGATHER
	NeighborAlltoall  = C.M4G_NEIGHBOR_ALLTOALL
)

// The collectives with a count for each rank, for Vector.
const (
	Gatherv            = C.M4G_GATHERV
	Scatterv           = C.M4G_SCATTERV
	Allgatherv         = C.M4G_ALLGATHERV
	Alltoallv          = C.M4G_ALLTOALLV
	NeighborAllgatherv = C.M4G_NEIGHBOR_ALLGATHERV
	NeighborAlltoallv  = C.M4G_NEIGHBOR_ALLTOALLV
)

// The collectives with a buffer and a type for each rank, for Each.
const (
	Alltoallw         = C.M4G_ALLTOALLW
	NeighborAlltoallw = C.M4G_NEIGHBOR_ALLTOALLW
)

// The reductions, for Reduce.
const (
	ReduceToRoot       = C.M4G_REDUCE
	Allreduce          = C.M4G_ALLREDUCE
	Scan               = C.M4G_SCAN
	Exscan             = C.M4G_EXSCAN
	ReduceScatterBlock = C.M4G_REDUCE_SCATTER_BLOCK
	ReduceLocal        = C.M4G_REDUCE_LOCAL
)

// SetPatient makes the collectives yield the core while they wait. It must not
// be called while one runs.
func SetPatient(on bool) {
	var i C.int
	if on {
		i = 1
	}
	C.m4g_set_patient(i)
}

// Each function below returns the request, if the form leaves one, and the
// library's return code. Keep is memory for one address: what the operation
// needs until it is complete or freed, when it must be given to Release.

func begun(m C.m4g_made) (Request, int) { return Request(m.h), int(m.rc) }

// Barrier waits for all ranks of c.
func Barrier(f Form, c Comm) (Request, int) { return begun(C.m4g_barrier(C.int(f), C.m4g_h(c))) }

// Bcast sends n elements from root to all.
//
//go:uintptrescapes
func Bcast(f Form, buf uintptr, n int, t Datatype, root int, c Comm) (Request, int) {
	return begun(C.m4g_bcast(C.int(f), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(root), C.m4g_h(c)))
}

// Move runs a collective with one count for each side: that of one rank's part.
//
//go:uintptrescapes
func Move(what int, f Form, flags int, s uintptr, sn int, st Datatype, r uintptr, rn int, rt Datatype, root int, c Comm) (Request, int) {
	return begun(C.m4g_move(C.int(what), C.int(f), C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st),
		C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.int(root), C.m4g_h(c)))
}

// Vector runs a collective with counts and displacements for each rank on one
// side or both: addresses of slen and rlen ints, or 0, which for displacements
// means parts one after the other. Unless Large, each must fit an int32.
//
//go:uintptrescapes
func Vector(what int, f Form, flags int, s uintptr, sn int, scounts, sdispls uintptr, slen int, st Datatype,
	r uintptr, rn int, rcounts, rdispls uintptr, rlen int, rt Datatype, root int, c Comm, keep uintptr) (Request, int) {
	return begun(C.m4g_vector(C.int(what), C.int(f), C.int(flags),
		C.m4g_addr(s), C.int64_t(sn), C.m4g_addr(scounts), C.m4g_addr(sdispls), C.int(slen), C.m4g_h(st),
		C.m4g_addr(r), C.int64_t(rn), C.m4g_addr(rcounts), C.m4g_addr(rdispls), C.int(rlen), C.m4g_h(rt),
		C.int(root), C.m4g_h(c), C.m4g_addr(keep)))
}

// Part is one rank's buffer for Each. It has the layout of m4g_part.
type Part struct {
	Buf uintptr
	N   int
	T   Datatype
}

var _ [unsafe.Sizeof(Part{}) - unsafe.Sizeof(C.m4g_part{})]struct{}

// Each runs a collective with a buffer for each rank: s and r are the
// addresses of slen and rlen Parts. The caller keeps the parts' buffers.
//
//go:uintptrescapes
func Each(what int, f Form, flags int, s uintptr, slen int, r uintptr, rlen int, c Comm, keep uintptr) (Request, int) {
	return begun(C.m4g_each(C.int(what), C.int(f), C.int(flags), C.m4g_addr(s), C.int(slen), C.m4g_addr(r), C.int(rlen),
		C.m4g_h(c), C.m4g_addr(keep)))
}

// Reduce runs a reduction of n elements of each rank. Unless it blocks, or the
// library is Large, n must fit an int32; that of ReduceScatterBlock always.
//
//go:uintptrescapes
func Reduce(what int, f Form, flags int, s, r uintptr, n int, t Datatype, o Op, root int, c Comm) (Request, int) {
	return begun(C.m4g_reduce(C.int(what), C.int(f), C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.int64_t(n), C.m4g_h(t),
		C.m4g_h(o), C.int(root), C.m4g_h(c)))
}

// ReduceScatter reduces, and leaves each rank its counts[rank] elements; counts
// is the address of n ints.
//
//go:uintptrescapes
func ReduceScatter(f Form, flags int, s, r, counts uintptr, n int, t Datatype, o Op, c Comm, keep uintptr) (Request, int) {
	return begun(C.m4g_reduce_scatter(C.int(f), C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.m4g_addr(counts), C.int(n),
		C.m4g_h(t), C.m4g_h(o), C.m4g_h(c), C.m4g_addr(keep)))
}

// Release gives back what an operation kept.
func Release(keep uintptr) { C.m4g_release(C.m4g_addr(keep)) }
