package cgo

// #include "shim.h"
import "C"

// Inside is a blocking collective that a thread is in.
type Inside struct {
	Thread uintptr
	Calls  uint32 // that the thread has made before
	Call   string // MPI_Allreduce is "Allreduce"
	Comm   Comm
	// Of a call that has no such thing they are an earlier one's: N elements of
	// Type are one rank's part, where all have the same.
	N    int
	Type Datatype
	Op   Op
	Root int
}

// Insides are the blocking collectives that threads are in; of more than 64, the
// others are left out.
func Insides() []Inside {
	var out [64]C.m4g_inside
	all := make([]Inside, C.m4g_insides(&out[0], C.int(len(out))))
	for i := range all {
		x := &out[i]
		all[i] = Inside{uintptr(x.thread), uint32(x.calls), C.GoString(x.call), Comm(x.comm), int(x.n), Datatype(x._type), Op(x.op), int(x.root)}
	}
	return all
}
