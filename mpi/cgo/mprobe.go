package cgo

// #include "shim.h"
import "C"

// Message is a message that a matched probe has taken out of the queue.
type Message uintptr

// Improbe looks for a message for spin nanoseconds, at least once, and takes
// the one that it finds. A status with an RC other than 0 is an error, and
// there is no message.
func Improbe(source, tag int, c Comm, spin int64) (Message, Status, bool) {
	m := C.m4g_improbe(C.int(source), C.int(tag), C.m4g_h(c), C.int64_t(spin))
	return Message(m.message), status(&m.st), m.found != 0
}

// Mrecv posts the receive of m and tests it for spin nanoseconds. A request
// other than 0 is still pending, and the buffer in use.
//
//go:uintptrescapes
func Mrecv(buf uintptr, n int, t Datatype, m Message, spin int64) (Request, Status) {
	r, s, _ := unbrief(C.m4g_mrecv(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.m4g_h(m), C.int64_t(spin)))
	return r, s
}

// Imrecv posts the receive of m. The buffer must be pinned and kept until the
// request is complete.
//
//go:uintptrescapes
func Imrecv(buf uintptr, n int, t Datatype, m Message) (Request, int) {
	i := C.m4g_imrecv(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.m4g_h(m))
	return Request(i.h), int(i.rc)
}
