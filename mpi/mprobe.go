package mpi

import (
	"context"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Matched probes. Between Probe and Recv another goroutine may receive the
// message that was probed; a matched probe takes the message out of the queue,
// and only who has the Message can receive it.

// Message is a message that Mprobe or Improbe has found and taken: no other
// receive or probe meets it any more. It must be received, with Mrecv or
// Imrecv, once; until then it holds memory in the library. Its methods, Mrecv
// and Imrecv may be called from any goroutine.
type Message struct {
	c      *Comm
	h      cgo.Message
	st     Status
	null   bool // from ProcNull
	expect *expectation
	taken  atomic.Bool
}

// Status tells of the message: its source, its tag, and its length in bytes.
// CountOf says how many elements that is.
func (m *Message) Status() Status {
	if m == nil {
		return Status{}
	}
	return m.st
}

// Mprobe waits for a message with the tag (or AnyTag) from source (or
// AnySource) and takes it, for Mrecv or Imrecv to receive into a buffer of the
// length that the Message's Status tells. However many goroutines call it at
// once, each message goes to one of them. From ProcNull it gets a message of no
// elements at once.
//
// Errors: ErrComm, ErrRank, ErrTag. May be called from any goroutine; one that
// waits costs no thread.
//
// Implements: MPI_Mprobe (MPI 4.1 §3.8.2)
func (c *Comm) Mprobe(source, tag int) (*Message, error) {
	return c.mprobe(context.Background(), "Mprobe", source, tag)
}

// MprobeContext is Mprobe until ctx ends: then it returns an error that wraps
// the context's cause, such as context.DeadlineExceeded, and has taken no
// message.
func (c *Comm) MprobeContext(ctx context.Context, source, tag int) (*Message, error) {
	return c.mprobe(ctx, "MprobeContext", source, tag)
}

// Improbe is Mprobe that does not block: it reports whether there is such a
// message.
//
// Implements: MPI_Improbe (MPI 4.1 §3.8.2)
func (c *Comm) Improbe(source, tag int) (*Message, bool, error) {
	const op = "Improbe"
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return nil, false, c.raise(err)
	}
	_, gated := eng.enter()
	h, s, found, x := c.improbe(op, source, tag, 0)
	eng.leave(gated)
	if s.RC != 0 {
		return nil, false, c.raise(cgo.NewError(op, int(s.RC)))
	}
	if !found {
		return nil, false, nil
	}
	return c.matched(h, s, source, x), true, nil
}

func (c *Comm) mprobe(ctx context.Context, op string, source, tag int) (*Message, error) {
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return nil, c.raise(err)
	}
	var h cgo.Message
	var s cgo.Status
	var x *expectation
	err := c.lookFor(ctx, op, source, tag, func(spin int64) (found bool) {
		h, s, found, x = c.improbe(op, source, tag, spin)
		return found || s.RC != 0
	})
	if err != nil {
		return nil, c.raise(err)
	}
	if s.RC != 0 {
		return nil, c.raise(cgo.NewError(op, int(s.RC)))
	}
	return c.matched(h, s, source, x), nil
}

// improbe looks for a message once.
func (c *Comm) improbe(op string, source, tag int, spin int64) (h cgo.Message, s cgo.Status, found bool, x *expectation) {
	if c.types == nil || source == ProcNull {
		h, s, found = cgo.Improbe(source, tag, c.h, spin)
		return h, s, found, nil
	}
	posting.Lock()
	defer posting.Unlock()
	h, s, found = cgo.Improbe(source, tag, c.h, spin)
	if found && s.RC == 0 {
		x = c.types.matched(op, newStatus(s, 1))
	}
	return h, s, found, x
}

func (c *Comm) matched(h cgo.Message, s cgo.Status, source int, x *expectation) *Message {
	if source == ProcNull {
		return &Message{c: c, h: h, st: nobody, null: true}
	}
	m := &Message{c: c, h: h, st: newStatus(s, 1), expect: x}
	leaks.Made("message", m)
	return m
}

// Mrecv receives m into buf, as Recv does. A message that is longer than buf
// is an error, ErrTruncate, and can still be received into a longer one.
//
// Errors: ErrTruncate; ErrRequest for a message that is nil or has been
// received; ErrComm after its communicator has been freed.
//
// Implements: MPI_Mrecv (MPI 4.1 §3.8.3)
func Mrecv[B Data](m *Message, buf B) (Status, error) {
	st, err := m.recv("Mrecv", viewOf(buf))
	return st, m.comm().raise(err)
}

// Imrecv begins to receive m into buf, as Mrecv does, and returns at once. See
// Request for what that means for buf.
//
// Implements: MPI_Imrecv (MPI 4.1 §3.8.3)
func Imrecv[B Data](m *Message, buf B) *Request { return m.irecv("Imrecv", viewOf(buf)) }

func (m *Message) comm() *Comm {
	if m == nil {
		return nil
	}
	return m.c
}

func (m *Message) recv(op string, v view) (Status, error) {
	if err := m.take(op, v); err != nil {
		return Status{}, err
	}
	spin, gated := eng.enter()
	h, s := cgo.Mrecv(uintptr(v.ptr), v.n, v.e.T, m.h, spin)
	eng.leave(gated)
	var st Status
	var err error
	switch {
	case h != 0:
		st, err = eng.finishBlocking(op, m.c, pendingHalf{h: h, v: v, peer: m.st.Source, tag: m.st.Tag}, pendingHalf{})
	case s.RC != 0:
		st, err = newStatus(s, v.size()), cgo.NewError(op, int(s.RC))
	default:
		st = newStatus(s, v.size())
	}
	if m.null {
		st = nobody
	}
	return st, err
}

func (m *Message) irecv(op string, v view) *Request {
	if err := m.take(op, v); err != nil {
		return failed(op, m.comm().raise(err))
	}
	r := &Request{op: op, elem: v.size(), size: v.bytes(), null: m.null, comm: m.c, peer: int32(m.st.Source), tag: int32(m.st.Tag), data: v.e}
	launch(r, v.ptr)
	_, gated := eng.enter()
	h, rc := cgo.Imrecv(uintptr(v.ptr), v.n, v.e.T, m.h)
	eng.leave(gated)
	return r.posted(h, rc)
}

// take gives the caller the sole right to receive m into v. The length of both
// is known, so a buffer that is too short is refused here: the message is not
// lost then, and a library that would write past the buffer does not get to.
func (m *Message) take(op string, v view) error {
	if m == nil {
		return argError(op, ErrRequest, "the message is nil")
	}
	if err := v.check(op); err != nil {
		return err
	}
	if err := m.c.check(op); err != nil {
		return err
	}
	if room := int64(v.bytes()); m.st.Bytes() > room && !m.taken.Load() {
		return argError(op, ErrTruncate, "the message has %d bytes, but buf has room for %d", m.st.Bytes(), room)
	}
	if !m.taken.CompareAndSwap(false, true) {
		return argError(op, ErrRequest, "the message has been received already")
	}
	leaks.Freed(m)
	m.expect.received(op, v)
	return nil
}
