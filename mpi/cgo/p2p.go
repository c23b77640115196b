package cgo

// #include "shim.h"
import "C"

// Send modes.
const (
	Standard = iota
	Buffered
	Synchronous
	Ready
)

// Status tells of a completed receive or probe. RC is the operation's return
// code.
type Status struct {
	Bytes       int64
	RC          int32
	Source, Tag int32
	Cancelled   bool
}

func status(s *C.m4g_status) Status {
	return Status{
		Bytes: int64(s.bytes), RC: int32(s.rc), Source: int32(s.source), Tag: int32(s.tag), Cancelled: s.cancelled != 0,
	}
}

// Send posts a send and tests it for spin nanoseconds. A request other than 0
// is still pending, and the buffer in use. rc is the return code.
//
//go:uintptrescapes
func Send(mode int, buf uintptr, n int, t Datatype, dest, tag int, c Comm, spin int64) (r Request, rc int) {
	p := C.m4g_send(C.int(mode), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(dest), C.int(tag), C.m4g_h(c), C.int64_t(spin))
	return Request(p.req), int(p.st.rc)
}

// Recv posts a receive and tests it for spin nanoseconds. A request other than
// 0 is still pending, and the buffer in use.
//
//go:uintptrescapes
func Recv(buf uintptr, n int, t Datatype, source, tag int, c Comm, spin int64) (Request, Status) {
	p := C.m4g_recv(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(source), C.int(tag), C.m4g_h(c), C.int64_t(spin))
	return Request(p.req), status(&p.st)
}

// Sendrecv posts a receive and a send and tests both for spin nanoseconds.
// Requests other than 0 are still pending, and their buffers in use. src is
// the return code of the send.
//
//go:uintptrescapes
func Sendrecv(sbuf uintptr, sn int, st Datatype, dest, stag int, rbuf uintptr, rn int, rt Datatype, source, rtag int, c Comm, spin int64) (s, r Request, src int, rst Status) {
	p := C.m4g_sendrecv(C.m4g_addr(sbuf), C.int64_t(sn), C.m4g_h(st), C.int(dest), C.int(stag),
		C.m4g_addr(rbuf), C.int64_t(rn), C.m4g_h(rt), C.int(source), C.int(rtag), C.m4g_h(c), C.int64_t(spin))
	return Request(p.sreq), Request(p.rreq), int(p.src), status(&p.st)
}

// Isend posts a send. The buffer must be pinned and kept until the request is
// complete.
//
//go:uintptrescapes
func Isend(mode int, buf uintptr, n int, t Datatype, dest, tag int, c Comm) (Request, int) {
	m := C.m4g_isend(C.int(mode), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(dest), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// Irecv posts a receive. The buffer must be pinned and kept until the request
// is complete.
//
//go:uintptrescapes
func Irecv(buf uintptr, n int, t Datatype, source, tag int, c Comm) (Request, int) {
	m := C.m4g_irecv(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(source), C.int(tag), C.m4g_h(c))
	return Request(m.h), int(m.rc)
}

// Iprobe looks for a message for spin nanoseconds, at least once.
func Iprobe(source, tag int, c Comm, spin int64) (Status, bool) {
	p := C.m4g_iprobe(C.int(source), C.int(tag), C.m4g_h(c), C.int64_t(spin))
	return status(&p.st), p.req != 0
}
