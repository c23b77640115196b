package mpi

import (
	"errors"
	"slices"
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Buffered mode: a send copies its message and is complete, received or not.
//
// The copy travels as a standard send that the engine looks after, not as an
// MPI_Bsend, because those of the libraries cannot be relied on. In Open MPI
// 4.1 one that finds no room has already taken its place in the sequence of
// messages, and whatever is sent to that rank on that communicator afterwards
// never arrives. Open MPI needs room for messages above 4 KiB only, MPICH for
// those that it cannot send at once: a buffer that is too small on one is large
// enough on the other. And MPI_Buffer_detach keeps a thread, which spins in
// MPICH, until the last message is received.

// SendBuffer is the room for messages in buffered mode, from AttachBuffer to
// Detach. Its methods may be called from any goroutine.
type SendBuffer struct {
	size, used int
	pending    []*Request // sends of copies, each holding BsendSize of the room
	mem        []byte     // for the next copy
	err        error      // of sends whose Bsend had returned
	leaving    bool
}

// buffered is the attached buffer. Sends hold mu while they post, which never
// waits for another rank.
var buffered struct {
	mu sync.Mutex
	b  *SendBuffer
}

// AttachBuffer provides room for messages in buffered mode: the sum of
// BsendSize of all messages that are to be under way at once. A process has one
// such buffer at a time, for all communicators. It serves the sends of this
// package; C code in the same process attaches its own.
//
// Memory is taken for the messages as they are sent, not ahead.
//
// Errors: ErrArg for a negative size, ErrBuffer when a buffer is attached.
//
// Implements: MPI_Buffer_attach (MPI 4.1 §3.6)
func AttachBuffer(bytes int) (*SendBuffer, error) {
	const op = "AttachBuffer"
	if err := usable(op); err != nil {
		return nil, err
	}
	if bytes < 0 {
		return nil, argError(op, ErrArg, "bytes is %d, but cannot be negative", bytes)
	}
	buffered.mu.Lock()
	defer buffered.mu.Unlock()
	if b := buffered.b; b != nil {
		return nil, argError(op, ErrBuffer, "a buffer of %d bytes is attached already, and a process has only one: detach it first", b.size)
	}
	buffered.b = &SendBuffer{size: bytes}
	return buffered.b, nil
}

// Detach gives the buffer up, and waits until all messages in it have left:
// the large ones among them do so when they are received. Sends in buffered
// mode are errors from the moment it is called. Its own error is that of a send
// that failed after it was buffered. Calling it again, or on nil, does nothing.
//
// Finalize detaches a buffer that is still attached.
//
// Implements: MPI_Buffer_detach (MPI 4.1 §3.6)
func (b *SendBuffer) Detach() error {
	buffered.mu.Lock()
	if b == nil || buffered.b != b {
		buffered.mu.Unlock()
		return nil
	}
	if err := usable("SendBuffer.Detach"); err != nil {
		buffered.mu.Unlock()
		return err
	}
	b.leaving = true
	pending := b.pending
	buffered.mu.Unlock()

	err := Waitall(pending...) // two Detaches at once both wait

	buffered.mu.Lock()
	defer buffered.mu.Unlock()
	if buffered.b == b {
		buffered.b = nil
	}
	return errors.Join(b.err, err)
}

// detachBuffer is for Finalize.
func detachBuffer() error {
	buffered.mu.Lock()
	b := buffered.b
	buffered.mu.Unlock()
	return b.Detach()
}

// BsendOverhead is the room that a message in buffered mode needs besides its
// data. It may be called before Init.
//
// Implements: MPI_BSEND_OVERHEAD (MPI 4.1 §3.6)
func BsendOverhead() int { return cgo.BsendOverhead() }

// BsendSize is the room that one message of all elements of buf needs in the
// buffer, BsendOverhead included.
func BsendSize[B Data](buf B) int { return viewOf(buf).bsendSize() }

func (v view) bsendSize() int { return v.bytes() + BsendOverhead() }

// Bsend is Send in buffered mode: it copies buf and returns, whether or not
// there is a receive. The copy needs room in a buffer that AttachBuffer has
// provided, until the message has left this rank.
//
// Errors: ErrComm, ErrRank, ErrTag; ErrBuffer when no buffer is attached or its
// room does not suffice: then nothing is sent. May be called from any goroutine.
//
// Implements: MPI_Bsend (MPI 4.1 §3.4)
func Bsend[B Data](c *Comm, buf B, dest, tag int) error {
	return c.raise(c.bsend("Bsend", viewOf(buf), dest, tag))
}

// Ibsend is Bsend, with its error kept for Wait. The Request is complete: buf
// may be used again at once.
//
// Implements: MPI_Ibsend (MPI 4.1 §3.7.2)
func Ibsend[B Data](c *Comm, buf B, dest, tag int) *Request {
	const op = "Ibsend"
	return failed(op, c.raise(c.bsend(op, viewOf(buf), dest, tag)))
}

// BsendInit is SendInit in buffered mode; see Bsend. The request is complete as
// soon as it is started, and Wait returns what Bsend would have. Room in the
// buffer is needed from then on, not from BsendInit on.
//
// Implements: MPI_Bsend_init (MPI 4.1 §3.9)
func BsendInit[B Data](c *Comm, buf B, dest, tag int) *Request {
	const op = "BsendInit"
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return failed(op, c.raise(err))
	}
	v := viewOf(buf)
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	r := &Request{op: op, persistent: true, comm: c}
	r.local = func() error { return c.bsend(op, v, dest, tag) }
	r.state.Store(reqReported)
	return r
}

func (c *Comm) bsend(op string, v view, dest, tag int) error {
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return err
	}
	if err := v.check(op); err != nil {
		return err
	}
	if dest == ProcNull {
		return nil // needs no room
	}
	buffered.mu.Lock()
	defer buffered.mu.Unlock()
	b := buffered.b
	switch {
	case b == nil:
		return argError(op, ErrBuffer, "no buffer is attached: call AttachBuffer first")
	case b.leaving:
		return argError(op, ErrBuffer, "the buffer is being detached")
	}
	need := v.bsendSize()
	if need > b.size-b.used {
		b.reap()
	}
	if free := b.size - b.used; need > free {
		return argError(op, ErrBuffer, "the message needs %d bytes of the attached buffer, but %d of its %d are free", need, free, b.size)
	}

	if len(b.mem) < v.span() {
		b.mem = make([]byte, v.span())
	}
	v = v.copyTo(b.mem)
	note := c.sends(op, v, dest, tag)
	_, gated := eng.enter()
	h, rc := cgo.Send(cgo.Standard, uintptr(v.ptr), v.n, v.e.T, dest, tag, c.h, 0)
	eng.leave(gated)
	note.posted()
	if rc != 0 {
		return cgo.NewError(op, rc)
	}
	if h == 0 {
		return nil // the library has taken the message already
	}
	b.mem = nil
	r := &Request{op: op, h: h, size: v.bytes(), comm: c, peer: int32(dest), tag: int32(tag), data: v.e}
	launch(r, v.ptr)
	b.pending = append(b.pending, r)
	b.used += need
	return r.Free() // nobody waits, but the engine looks after it
}

// reap makes room where messages have left; buffered.mu is held.
func (b *SendBuffer) reap() {
	eng.turn()
	b.pending = slices.DeleteFunc(b.pending, func(r *Request) bool {
		if !r.complete() {
			return false
		}
		b.used -= r.size + BsendOverhead()
		b.err = errors.Join(b.err, r.err)
		return true
	})
}
