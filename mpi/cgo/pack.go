package cgo

// #include "shim.h"
import "C"

func sized(op string, s C.m4g_sized) (int, error) { return int(s.n), check(op, C.int(s.rc)) }

// PackSize is how many bytes n elements take at most.
func PackSize(op string, n int, t Datatype, c Comm) (int, error) {
	return sized(op, C.m4g_pack_size(C.int64_t(n), C.m4g_h(t), C.m4g_h(c)))
}

// Pack puts n elements into the room bytes at out, and returns how many of them
// it used.
//
//go:uintptrescapes
func Pack(op string, in uintptr, n int, t Datatype, out uintptr, room int, c Comm) (int, error) {
	return sized(op, C.m4g_pack(C.m4g_addr(in), C.int64_t(n), C.m4g_h(t), C.m4g_addr(out), C.int64_t(room), C.m4g_h(c)))
}

// Unpack takes n elements from the room bytes at in, and returns how many of
// them it used.
//
//go:uintptrescapes
func Unpack(op string, in uintptr, room int, out uintptr, n int, t Datatype, c Comm) (int, error) {
	return sized(op, C.m4g_unpack(C.m4g_addr(in), C.int64_t(room), C.m4g_addr(out), C.int64_t(n), C.m4g_h(t), C.m4g_h(c)))
}
