package cgo

// #include "shim.h"
import "C"

import "unsafe"

// SendInit makes a persistent send. The buffer must be pinned and kept until
// the request is freed.
//
//go:uintptrescapes
func SendInit(mode int, buf uintptr, n int, t Datatype, dest, tag int, c Comm) (Request, int) {
	m := C.m4g_send_init(C.int(mode), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(dest), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// RecvInit makes a persistent receive. The buffer must be pinned and kept until
// the request is freed.
//
//go:uintptrescapes
func RecvInit(buf uintptr, n int, t Datatype, source, tag int, c Comm) (Request, int) {
	m := C.m4g_recv_init(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(source), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// Start starts a persistent request and returns the library's code.
func Start(r Request) int { return int(C.m4g_start(C.m4g_h(r))) }

// Startall starts persistent requests, in one crossing, and returns the
// library's code.
func Startall(rs []Request) int {
	return startall(uintptr(unsafe.Pointer(unsafe.SliceData(rs))), len(rs))
}

//go:uintptrescapes
func startall(rs uintptr, n int) int { return int(C.m4g_startall(C.int(n), C.m4g_addr(rs))) }
