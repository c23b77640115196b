package cgo

// #include "shim.h"
import "C"

// CommInfo is what a communicator's users ask for all the time. Peers is the
// size of the remote group for an intercommunicator, else Size.
type CommInfo struct {
	Rank, Size, Peers int
	Inter             bool
}

// Info asks the library about c.
func Info(c Comm) (CommInfo, error) {
	i := C.m4g_comm_info(C.m4g_h(c))
	return CommInfo{int(i.rank), int(i.size), int(i.peers), i.inter != 0}, check("Comm", C.int(i.rc))
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
