package cgo

// #include "shim.h"
import "C"

// PsendInit makes a partitioned send of parts times n elements. The buffer must
// be pinned and kept until the request is freed.
//
//go:uintptrescapes
func PsendInit(parts int, buf uintptr, n int, t Datatype, dest, tag int, c Comm) (Request, int) {
	m := C.m4g_psend_init(C.int(parts), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(dest), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// PrecvInit makes a partitioned receive of parts times n elements. The buffer
// must be pinned and kept until the request is freed.
//
//go:uintptrescapes
func PrecvInit(parts int, buf uintptr, n int, t Datatype, source, tag int, c Comm) (Request, int) {
	m := C.m4g_precv_init(C.int(parts), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(source), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// PreadyRange says that the parts from low to high, both included, may be sent,
// and returns the library's code.
func PreadyRange(r Request, low, high int) int {
	return int(C.m4g_pready_range(C.m4g_h(r), C.int(low), C.int(high)))
}

// Parrived reports whether a part has arrived.
func Parrived(r Request, part int) (arrived bool, rc int) {
	m := C.m4g_parrived(C.m4g_h(r), C.int(part))
	return m.flag != 0, int(m.rc)
}
