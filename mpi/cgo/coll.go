package cgo

// #include "shim.h"
import "C"

// Large says that the library has calls with 64-bit counts (MPI-4), also for
// the counts and displacements of the vector collectives.
var Large = func() bool { v, _ := Version(); return v >= 4 }()

// InPlace is the flag of the in-place form of a collective.
const InPlace = C.M4G_IN_PLACE

// SetPatient makes the collectives yield the core while they wait. It must not
// be called while one runs.
func SetPatient(on bool) {
	var i C.int
	if on {
		i = 1
	}
	C.m4g_set_patient(i)
}

// Barrier waits for all ranks of c.
func Barrier(c Comm) error { return check("Barrier", C.m4g_barrier(C.m4g_h(c))) }

// Bcast sends n elements from root to all.
//
//go:uintptrescapes
func Bcast(op string, buf uintptr, n int, t Datatype, root int, c Comm) error {
	return check(op, C.m4g_bcast(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(root), C.m4g_h(c)))
}

// Gather takes sn elements from each rank to root; rn counts one rank's part.
//
//go:uintptrescapes
func Gather(op string, flags int, s uintptr, sn int, st Datatype, r uintptr, rn int, rt Datatype, root int, c Comm) error {
	return check(op, C.m4g_gather(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.int(root), C.m4g_h(c)))
}

// Scatter sends each rank its rn elements from root; sn counts one rank's part.
//
//go:uintptrescapes
func Scatter(op string, flags int, s uintptr, sn int, st Datatype, r uintptr, rn int, rt Datatype, root int, c Comm) error {
	return check(op, C.m4g_scatter(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.int(root), C.m4g_h(c)))
}

// Allgather is Gather to every rank.
//
//go:uintptrescapes
func Allgather(op string, flags int, s uintptr, sn int, st Datatype, r uintptr, rn int, rt Datatype, c Comm) error {
	return check(op, C.m4g_allgather(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.m4g_h(c)))
}

// Alltoall sends sn elements from every rank to every rank.
//
//go:uintptrescapes
func Alltoall(op string, flags int, s uintptr, sn int, st Datatype, r uintptr, rn int, rt Datatype, c Comm) error {
	return check(op, C.m4g_alltoall(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.m4g_h(c)))
}

// In the vector forms, counts and displs are the addresses of nranks ints each,
// or 0 where MPI ignores them. Unless Large, each must fit an int32.

// Gatherv is Gather with a count and a place for each rank.
//
//go:uintptrescapes
func Gatherv(op string, flags int, s uintptr, sn int, st Datatype, r, counts, displs uintptr, nranks int, rt Datatype, root int, c Comm) error {
	return check(op, C.m4g_gatherv(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.m4g_addr(counts), C.m4g_addr(displs), C.int(nranks), C.m4g_h(rt), C.int(root), C.m4g_h(c)))
}

// Scatterv is Scatter with a count and a place for each rank.
//
//go:uintptrescapes
func Scatterv(op string, flags int, s, counts, displs uintptr, nranks int, st Datatype, r uintptr, rn int, rt Datatype, root int, c Comm) error {
	return check(op, C.m4g_scatterv(C.int(flags), C.m4g_addr(s), C.m4g_addr(counts), C.m4g_addr(displs), C.int(nranks), C.m4g_h(st), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt), C.int(root), C.m4g_h(c)))
}

// Allgatherv is Gatherv to every rank.
//
//go:uintptrescapes
func Allgatherv(op string, flags int, s uintptr, sn int, st Datatype, r, counts, displs uintptr, nranks int, rt Datatype, c Comm) error {
	return check(op, C.m4g_allgatherv(C.int(flags), C.m4g_addr(s), C.int64_t(sn), C.m4g_h(st), C.m4g_addr(r), C.m4g_addr(counts), C.m4g_addr(displs), C.int(nranks), C.m4g_h(rt), C.m4g_h(c)))
}

// Alltoallv is Alltoall with counts and places for each pair of ranks.
//
//go:uintptrescapes
func Alltoallv(op string, flags int, s, scounts, sdispls uintptr, st Datatype, r, rcounts, rdispls uintptr, rt Datatype, nranks int, c Comm) error {
	return check(op, C.m4g_alltoallv(C.int(flags), C.m4g_addr(s), C.m4g_addr(scounts), C.m4g_addr(sdispls), C.m4g_h(st), C.m4g_addr(r), C.m4g_addr(rcounts), C.m4g_addr(rdispls), C.m4g_h(rt), C.int(nranks), C.m4g_h(c)))
}

// Reduce combines n elements of each rank into root's.
//
//go:uintptrescapes
func Reduce(op string, flags int, s, r uintptr, n int, t Datatype, o Op, root int, c Comm) error {
	return check(op, C.m4g_reduce(C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.int64_t(n), C.m4g_h(t), C.m4g_h(o), C.int(root), C.m4g_h(c)))
}

// Reduction names one of the reductions that have no root.
type Reduction int

// The reductions without a root.
const (
	Allreduce Reduction = iota // to every rank
	Scan                       // of the ranks up to and including this one
	Exscan                     // of the ranks below this one
)

// ReduceAll runs one of them. (One function with a switch, not three: a call
// through a function value would lose go:uintptrescapes.)
//
//go:uintptrescapes
func ReduceAll(op string, which Reduction, flags int, s, r uintptr, n int, t Datatype, o Op, c Comm) error {
	var rc C.int
	switch which {
	case Allreduce:
		rc = C.m4g_allreduce(C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.int64_t(n), C.m4g_h(t), C.m4g_h(o), C.m4g_h(c))
	case Scan:
		rc = C.m4g_scan(C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.int64_t(n), C.m4g_h(t), C.m4g_h(o), C.m4g_h(c))
	case Exscan:
		rc = C.m4g_exscan(C.int(flags), C.m4g_addr(s), C.m4g_addr(r), C.int64_t(n), C.m4g_h(t), C.m4g_h(o), C.m4g_h(c))
	}
	return check(op, rc)
}
