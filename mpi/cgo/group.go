package cgo

// #include "shim.h"
import "C"

import "unsafe"

// Group is the handle of a group of processes.
type Group uintptr

// GroupInfo is a group and what its users ask for. Rank is Undefined for a
// process that is not in it.
type GroupInfo struct {
	H          Group
	Rank, Size int
}

// What GroupCombine does with two groups.
const (
	Union        = C.M4G_UNION
	Intersection = C.M4G_INTERSECTION
	Difference   = C.M4G_DIFFERENCE
)

// What GroupPick does with a list.
const (
	Incl      = C.M4G_INCL
	Excl      = C.M4G_EXCL
	RangeIncl = C.M4G_RANGE_INCL
	RangeExcl = C.M4G_RANGE_EXCL
)

func madeGroup(op string, m C.m4g_groupinfo) (GroupInfo, error) {
	return GroupInfo{Group(m.h), int(m.rank), int(m.size)}, check(op, C.int(m.rc))
}

// EmptyGroup is MPI_GROUP_EMPTY.
func EmptyGroup() Group { return Group(C.m4g_group_empty()) }

// GroupOf is the group of c, or the remote one of an intercommunicator.
func GroupOf(op string, c Comm, remote bool) (GroupInfo, error) {
	var r C.int
	if remote {
		r = 1
	}
	return madeGroup(op, C.m4g_comm_group(C.m4g_h(c), r))
}

// GroupCombine is the union, intersection or difference of a and b.
func GroupCombine(op string, what int, a, b Group) (GroupInfo, error) {
	return madeGroup(op, C.m4g_group_combine(C.int(what), C.m4g_h(a), C.m4g_h(b)))
}

// GroupPick takes ranks out of g: list has the ranks, or first, last and
// stride of each of n ranges.
func GroupPick(op string, what int, g Group, n int, list []int32) (GroupInfo, error) {
	return groupPick(op, what, g, n, uintptr(unsafe.Pointer(unsafe.SliceData(list))))
}

//go:uintptrescapes
func groupPick(op string, what int, g Group, n int, list uintptr) (GroupInfo, error) {
	return madeGroup(op, C.m4g_group_pick(C.int(what), C.m4g_h(g), C.int(n), C.m4g_addr(list)))
}

// GroupTranslate fills to, of the length of from, with the ranks in b of the
// ranks from in a. It overwrites from.
func GroupTranslate(op string, a Group, from []int32, b Group, to []int32) error {
	return groupTranslate(op, a, len(from), uintptr(unsafe.Pointer(unsafe.SliceData(from))), b,
		uintptr(unsafe.Pointer(unsafe.SliceData(to))))
}

//go:uintptrescapes
func groupTranslate(op string, a Group, n int, from uintptr, b Group, to uintptr) error {
	return check(op, C.m4g_group_translate(C.m4g_h(a), C.int(n), C.m4g_addr(from), C.m4g_h(b), C.m4g_addr(to)))
}

// GroupCompare compares: 0 identical, 2 the same members, 3 neither.
func GroupCompare(a, b Group) (int, error) {
	m := C.m4g_group_compare(C.m4g_h(a), C.m4g_h(b))
	return int(m.flag), check("Group.Compare", C.int(m.rc))
}

// GroupFree frees g.
func GroupFree(g Group) error { return check("Group.Free", C.m4g_group_free(C.m4g_h(g))) }
