package cgo

// #include "shim.h"
import "C"

import "unsafe"

// CommInfo is what a communicator's users ask for all the time. Peers is the
// size of the remote group for an intercommunicator, else Size. With a topology,
// the degrees are how many neighbours this rank receives from and sends to.
type CommInfo struct {
	Rank, Size, Peers   int
	Inter               bool
	Topology            int
	Indegree, Outdegree int
	Weighted            bool // the topology is a distributed graph with weights
}

// Info asks the library about c.
func Info(c Comm) (CommInfo, error) {
	i := C.m4g_comm_info(C.m4g_h(c))
	return CommInfo{
		int(i.rank), int(i.size), int(i.peers), i.inter != 0,
		int(i.topology), int(i.indegree), int(i.outdegree), i.weighted != 0,
	}, check("Comm", C.int(i.rc))
}

// CommDup duplicates c.
func CommDup(c Comm) (Comm, error) { return made("Comm.Dup", C.m4g_comm_dup(C.m4g_h(c))) }

// CommSplit splits c; a color of Undefined gives no communicator (0).
func CommSplit(c Comm, color, key int) (Comm, error) {
	return made("Comm.Split", C.m4g_comm_split(C.m4g_h(c), C.int(color), C.int(key)))
}

// CommFree frees c.
func CommFree(c Comm) error { return check("Comm.Free", C.m4g_comm_free(C.m4g_h(c))) }

func made(op string, m C.m4g_made) (Comm, error) { return Comm(m.h), check(op, C.int(m.rc)) }

// What CommSplitType splits by.
const (
	SplitShared     = C.M4G_SHARED
	SplitHWGuided   = C.M4G_HW_GUIDED
	SplitHWUnguided = C.M4G_HW_UNGUIDED
)

// CommDupWithInfo duplicates c with other hints.
func CommDupWithInfo(c Comm, h Hints) (Comm, error) {
	return made("Comm.DupWithInfo", C.m4g_comm_dup_with_info(C.m4g_h(c), C.m4g_h(h)))
}

// CommIdup begins to duplicate c, with other hints if withInfo is set. When the
// request is complete, the cell must be given to CommIdupDone.
func CommIdup(c Comm, withInfo bool, h Hints) (r Request, cell uintptr, rc int) {
	var w C.int
	if withInfo {
		w = 1
	}
	var at C.m4g_addr
	m := C.m4g_comm_idup(C.m4g_h(c), w, C.m4g_h(h), &at)
	return Request(m.h), uintptr(at), int(m.rc)
}

// CommIdupDone is the communicator that a complete CommIdup made.
func CommIdupDone(cell uintptr) Comm { return Comm(C.m4g_comm_idup_done(C.m4g_addr(cell)).h) }

// CommSplitType splits c by kind, or by Undefined: no communicator (0).
func CommSplitType(op string, c Comm, kind, key int, h Hints) (Comm, error) {
	return made(op, C.m4g_comm_split_type(C.m4g_h(c), C.int(kind), C.int(key), C.m4g_h(h)))
}

// CommCreate makes a communicator of the ranks of c that are in g; the others
// get none (0).
func CommCreate(c Comm, g Group) (Comm, error) {
	return made("Comm.Create", C.m4g_comm_create(C.m4g_h(c), C.m4g_h(g)))
}

// CommCreateGroup is CommCreate called by the members of g alone.
func CommCreateGroup(c Comm, g Group, tag int) (Comm, error) {
	return made("Comm.CreateGroup", C.m4g_comm_create_group(C.m4g_h(c), C.m4g_h(g), C.int(tag)))
}

// CommCompare compares: 0 the same, 1 the same ranks, 2 the same members, 3
// none of these.
func CommCompare(a, b Comm) (int, error) {
	m := C.m4g_comm_compare(C.m4g_h(a), C.m4g_h(b))
	return int(m.flag), check("Comm.Compare", C.int(m.rc))
}

// CommSetName names c.
func CommSetName(c Comm, name string) error {
	b := append([]byte(name), 0)
	return commSetName(c, uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

//go:uintptrescapes
func commSetName(c Comm, name uintptr) error {
	return check("Comm.SetName", C.m4g_comm_set_name(C.m4g_h(c), C.m4g_addr(name)))
}

// CommName is the name of c.
func CommName(c Comm) (string, error) {
	buf := make([]byte, MaxObjectName()+1)
	n := C.m4g_comm_get_name(C.m4g_h(c), (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
	if n < 0 {
		return "", check("Comm.Name", -n)
	}
	return string(buf[:n]), nil
}

// IntercommCreate joins the groups of local and of the remote leader's local.
// Peer matters on the leader only, and may be 0 elsewhere.
func IntercommCreate(local Comm, localLeader int, peer Comm, remoteLeader, tag int) (Comm, error) {
	return made("IntercommCreate", C.m4g_intercomm_create(C.m4g_h(local), C.int(localLeader), C.m4g_h(peer), C.int(remoteLeader), C.int(tag)))
}

// IntercommMerge makes one group of both; the one that says high comes second.
func IntercommMerge(c Comm, high bool) (Comm, error) {
	var h C.int
	if high {
		h = 1
	}
	return made("Comm.Merge", C.m4g_intercomm_merge(C.m4g_h(c), h))
}

// MaxStringTag is the length of the longest string tag, and one.
var MaxStringTag = int(C.m4g_max_string_tag())

// CommCreateFromGroup makes a communicator of g, whose members find each other
// by the tag.
func CommCreateFromGroup(g Group, tag string, h Hints) (Comm, error) {
	b := append([]byte(tag), 0)
	return commCreateFromGroup(g, uintptr(unsafe.Pointer(unsafe.SliceData(b))), h)
}

//go:uintptrescapes
func commCreateFromGroup(g Group, tag uintptr, h Hints) (Comm, error) {
	return made("CommCreateFromGroup", C.m4g_comm_create_from_group(C.m4g_h(g), C.m4g_addr(tag), C.m4g_h(h)))
}

// IntercommCreateFromGroups joins two groups, whose members find each other by
// the tag. RemoteLeader matters on the local leader only.
func IntercommCreateFromGroups(local Group, localLeader int, remote Group, remoteLeader int, tag string, h Hints) (Comm, error) {
	b := append([]byte(tag), 0)
	return intercommCreateFromGroups(local, localLeader, remote, remoteLeader, uintptr(unsafe.Pointer(unsafe.SliceData(b))), h)
}

//go:uintptrescapes
func intercommCreateFromGroups(local Group, localLeader int, remote Group, remoteLeader int, tag uintptr, h Hints) (Comm, error) {
	return made("IntercommCreateFromGroups", C.m4g_intercomm_create_from_groups(C.m4g_h(local), C.int(localLeader),
		C.m4g_h(remote), C.int(remoteLeader), C.m4g_addr(tag), C.m4g_h(h)))
}
