package cgo

// #include "shim.h"
import "C"

// Inside is a blocking collective that a thread is in.
type Inside struct {
	Thread uintptr
	Calls  uint32 // that the thread has made before
	Call   string // MPI_Allreduce is "Allreduce"
	Comm   Comm
	N      int // elements of one rank's part; 0 where that is not known
	Type   Datatype
	Op     Op // of a reduction
	Root   int
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
