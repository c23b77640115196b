package mpi

import "github.com/mpi4go/mpi4go/mpi/cgo"

// Isendrecv begins what Sendrecv does, and returns at once. The Request is
// complete when both transfers are, and has the status of the receive; see it
// for what that means for the buffers, which must not overlap. Cancel cancels
// the receive alone.
//
// Implements: MPI_Isendrecv (MPI 4.1 §3.10)
func Isendrecv[S, R Data](c *Comm, send S, dest, sendtag int, recv R, source, recvtag int) *Request {
	const op = "Isendrecv"
	s, r := viewOf(send), viewOf(recv)
	if err := c.checkSendrecv(op, dest, sendtag, source, recvtag); err != nil {
		return failed(op, c.raise(err))
	}
	if err := s.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	if err := r.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	if dest != ProcNull && source != ProcNull {
		if err := checkOverlap(op, s, r); err != nil {
			return failed(op, c.raise(err))
		}
	}
	return c.isendrecv(op, s, dest, sendtag, r, source, recvtag)
}

// IsendrecvReplace begins what SendrecvReplace does, and returns at once; see
// Isendrecv.
//
// Implements: MPI_Isendrecv_replace (MPI 4.1 §3.10)
func IsendrecvReplace[B Data](c *Comm, buf B, dest, sendtag, source, recvtag int) *Request {
	const op = "IsendrecvReplace"
	if err := c.checkSendrecv(op, dest, sendtag, source, recvtag); err != nil {
		return failed(op, c.raise(err))
	}
	v := viewOf(buf)
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	return c.isendrecv(op, v.clone(), dest, sendtag, v, source, recvtag)
}

// isendrecv posts the two operations, and makes them the halves of one Request.
// MPI_Isendrecv itself came with MPI-4 only, and MPICH's before 4.1 is of no
// use: it leaves the status unset and crashes or hangs with MPI_PROC_NULL.
func (c *Comm) isendrecv(op string, s view, dest, sendtag int, r view, source, recvtag int) *Request {
	q := &Request{op: op, elem: r.size(), size: s.bytes() + r.bytes(), null: source == ProcNull, comm: c, peer: int32(source), tag: int32(recvtag), data: r.e}
	launch(q, r.ptr, s.ptr)
	x, note := c.exchanges(op, s, dest, sendtag, r, source, recvtag)
	q.expect = x
	_, gated := eng.enter()
	sh, rh, src, raw := cgo.Sendrecv(uintptr(s.ptr), s.n, s.e.T, dest, sendtag,
		uintptr(r.ptr), r.n, r.e.T, source, recvtag, c.h, 0)
	eng.leave(gated)
	note.posted()
	if src != 0 {
		q.err = cgo.NewError(op, src)
	}
	switch {
	case rh != 0:
		q.h, q.second = rh, sh
	case sh != 0:
		// The receive is complete; the send's turn is now.
		q.second = sh
		q.result(raw)
		q.turnOver()
	default:
		q.result(raw)
		q.state.Store(reqDone)
	}
	return q
}
