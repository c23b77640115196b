package cgo

// #include "shim.h"
import "C"

import (
	"sync/atomic"
	"unsafe"
)

var busy = (*int32)(unsafe.Pointer(&C.m4g_busy))

// Busy reports whether a goroutine is inside C to post or test a point-to-point
// operation, mostly: it may miss some beside others.
func Busy() bool { return atomic.LoadInt32(busy) != 0 }

var due = (*int32)(unsafe.Pointer(&C.m4g_due))

// Due reports, once every few milliseconds of calls, that Go's scheduler should
// have a turn.
func Due() bool { return atomic.LoadInt32(due) != 0 && undue() }

func undue() bool { return atomic.SwapInt32(due, 0) != 0 }

// Send modes that the library looks after; buffered mode is package mpi's.
const (
	Standard = iota
	Synchronous
	Ready
)

// Status tells of a completed receive or probe. RC is the operation's return
// code, Bytes is -1 when it was cancelled.
//
// (Four fields are the most that the Go compiler keeps in registers.)
type Status struct {
	Bytes       int64
	RC          int32
	Source, Tag int32
}

func status(s *C.m4g_status) Status {
	st := Status{Bytes: int64(s.bytes), RC: int32(s.rc), Source: int32(s.source), Tag: int32(s.tag)}
	if s.cancelled != 0 {
		st.Bytes = -1
	}
	return st
}

// unbrief reads the two words that shim.h describes. A pending operation gives
// its request and true.
func unbrief(p C.m4g_brief) (r Request, s Status, pending bool) {
	s.Source, s.Tag = int32(p.b>>32), int32(p.b)
	switch p.a >> 62 {
	case C.M4G_COMPLETE:
		s.Bytes = int64(p.a)
	case C.M4G_PENDING:
		return Request(p.b), Status{}, true
	case C.M4G_FAILED:
		s.RC = int32(p.a)
	case C.M4G_CANCELLED:
		s.Bytes = -1
	}
	return 0, s, false
}

// Send posts a send and tests it for spin nanoseconds. A request other than 0
// is still pending, and the buffer in use. rc is the return code.
//
//go:uintptrescapes
func Send(mode int, buf uintptr, n int, t Datatype, dest, tag int, c Comm, spin int64) (r Request, rc int) {
	m := C.m4g_send(C.int(mode), C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(dest), C.int(tag), C.m4g_h(c), C.int64_t(spin))
	return Request(m.h), int(m.rc)
}

// Recv posts a receive and tests it for spin nanoseconds. A request other than
// 0 is still pending, and the buffer in use.
//
//go:uintptrescapes
func Recv(buf uintptr, n int, t Datatype, source, tag int, c Comm, spin int64) (Request, Status) {
	r, s, _ := unbrief(C.m4g_recv(C.m4g_addr(buf), C.int64_t(n), C.m4g_h(t), C.int(source), C.int(tag), C.m4g_h(c), C.int64_t(spin)))
	return r, s
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

// IsendPieces posts a send of na bytes at a and nb bytes at b, in one message.
// Both must be pinned and kept until the request is complete.
//
//go:uintptrescapes
func IsendPieces(a uintptr, na int, b uintptr, nb int, dest, tag int, c Comm) (Request, int) {
	m := C.m4g_isend_pieces(C.m4g_addr(a), C.int64_t(na), C.m4g_addr(b), C.int64_t(nb), C.int(dest), C.int(tag), C.m4g_h(c))
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
	_, s, none := unbrief(C.m4g_iprobe(C.int(source), C.int(tag), C.m4g_h(c), C.int64_t(spin)))
	return s, !none
}
