package mpi

import (
	"unsafe"

	"github.com/mpi4go/mpi4go/internal/pieces"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

func init() {
	pieces.Failed = func(op string, err error) any { return failed(op, err) }
	pieces.Check = func(op string, comm any) error { return comm.(*Comm).check(op) }
	pieces.CheckRecv = func(op string, comm any, source, tag int) error {
		return comm.(*Comm).checkRecv(op, "source", "recvtag", source, tag)
	}
	pieces.Isend = func(comm any, a, b []byte, dest, tag int) any { return comm.(*Comm).isendPieces(a, b, dest, tag) }
}

// piece is a byte of such a message, which has no type: it is received as bytes, or
// as whatever they are.
var piece = &cgo.Elem{Kind: cgo.Derived, Size: 1, Extent: 1, To: 1}

// isendPieces begins to send a and then b as one message.
func (c *Comm) isendPieces(a, b []byte, dest, tag int) *Request {
	const op = "Isend"
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return failed(op, c.raise(err))
	}
	pa, pb := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b))
	r := &Request{op: op, size: len(a) + len(b), comm: c, peer: int32(dest), tag: int32(tag), data: noView.e}
	launch(r, pa, pb)
	note := c.sends(op, view{n: r.size, e: piece}, dest, tag)
	_, gated := eng.enter()
	h, rc := cgo.IsendPieces(uintptr(pa), len(a), uintptr(pb), len(b), dest, tag, c.h)
	eng.leave(gated)
	note.posted()
	return r.posted(h, rc)
}
