package mpi

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Send sends all elements of buf to the rank dest of c, with a tag from 0 to
// c.TagUB. It returns when buf may be used again, which may be before the
// message is received. A message to ProcNull goes nowhere.
//
// Errors: ErrComm, ErrRank, ErrTag. May be called from any goroutine.
//
// Implements: MPI_Send (MPI 4.1 §3.2.1)
func Send[B Data](c *Comm, buf B, dest, tag int) error {
	return c.raise(c.send("Send", cgo.Standard, viewOf(buf), dest, tag))
}

// Recv receives a message with the tag (or AnyTag) from the rank source of c
// (or AnySource) into buf. The message may be shorter than buf: Status.Count
// is its length in elements. A longer one is an error, ErrTruncate, and what
// did not fit is lost. A receive from ProcNull returns at once, with a count
// of 0.
//
// Errors: ErrComm, ErrRank, ErrTag, ErrTruncate. May be called from any
// goroutine; one that waits costs no thread.
//
// Implements: MPI_Recv (MPI 4.1 §3.2.4)
func Recv[B Data](c *Comm, buf B, source, tag int) (Status, error) {
	return c.raised(c.recv("Recv", viewOf(buf), source, tag))
}

// Sendrecv sends all elements of send to dest and receives a message from
// source into recv, both at once, so that ranks can exchange in a ring without
// a deadlock. The buffers must not overlap. See Send and Recv.
//
// Implements: MPI_Sendrecv (MPI 4.1 §3.10)
func Sendrecv[S, R Data](c *Comm, send S, dest, sendtag int, recv R, source, recvtag int) (Status, error) {
	return c.raised(c.sendrecv("Sendrecv", viewOf(send), dest, sendtag, viewOf(recv), source, recvtag))
}

// SendrecvReplace sends all elements of buf to dest and receives a message
// from source into buf in their place. It allocates a copy of buf.
//
// Implements: MPI_Sendrecv_replace (MPI 4.1 §3.10)
func SendrecvReplace[B Data](c *Comm, buf B, dest, sendtag, source, recvtag int) (Status, error) {
	// The arguments come first: a copy of a large buffer is not for nothing.
	if err := c.checkSendrecv("SendrecvReplace", dest, sendtag, source, recvtag); err != nil {
		return Status{}, c.raise(err)
	}
	v := viewOf(buf)
	if err := v.check("SendrecvReplace"); err != nil {
		return Status{}, c.raise(err)
	}
	return c.raised(c.sendrecv("SendrecvReplace", v.clone(), dest, sendtag, v, source, recvtag))
}

// Isend begins to send all elements of buf, as Send does, and returns at once.
// See Request for what that means for buf.
//
// Implements: MPI_Isend (MPI 4.1 §3.7.2)
func Isend[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.isend("Isend", cgo.Standard, viewOf(buf), dest, tag)
}

// Irecv begins to receive into buf, as Recv does, and returns at once. See
// Request for what that means for buf.
//
// Implements: MPI_Irecv (MPI 4.1 §3.7.2)
func Irecv[B Data](c *Comm, buf B, source, tag int) *Request {
	return c.irecv("Irecv", viewOf(buf), source, tag)
}

// Probe waits for a message with the tag (or AnyTag) from source (or
// AnySource) without receiving it. CountOf says how many elements it has. When
// several goroutines receive on c, another may take the message first.
//
// Implements: MPI_Probe (MPI 4.1 §3.8.1)
func (c *Comm) Probe(source, tag int) (Status, error) {
	return c.raised(c.probe(context.Background(), "Probe", source, tag))
}

// ProbeContext is Probe until ctx ends: then it returns an error that wraps the
// context's cause, such as context.DeadlineExceeded.
func (c *Comm) ProbeContext(ctx context.Context, source, tag int) (Status, error) {
	return c.raised(c.probe(ctx, "ProbeContext", source, tag))
}

// Iprobe reports whether there is a message with the tag (or AnyTag) from
// source (or AnySource), and what Probe would say of it. It does not block.
//
// Implements: MPI_Iprobe (MPI 4.1 §3.8.1)
func (c *Comm) Iprobe(source, tag int) (Status, bool, error) {
	if err := c.checkRecv("Iprobe", "source", "tag", source, tag); err != nil {
		return Status{}, false, c.raise(err)
	}
	_, gated := eng.enter()
	s, found := cgo.Iprobe(source, tag, c.h, 0)
	eng.leave(gated)
	if !found {
		return Status{}, false, nil
	}
	if s.RC != 0 {
		return Status{}, false, c.raise(cgo.NewError("Iprobe", int(s.RC)))
	}
	return newStatus(s, 1), true, nil
}

func (c *Comm) send(op string, mode int, v view, dest, tag int) error {
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return err
	}
	if err := v.check(op); err != nil {
		return err
	}
	note := c.sends(op, v, dest, tag)
	spin, gated := eng.enter()
	h, rc := cgo.Send(mode, uintptr(v.ptr), v.n, v.e.T, dest, tag, c.h, spin)
	eng.leave(gated)
	note.posted()
	if h != 0 {
		_, err := eng.finishBlocking(op, c, pendingHalf{}, pendingHalf{h: h, v: v, peer: dest, tag: tag})
		return err
	}
	if rc != 0 {
		return cgo.NewError(op, rc)
	}
	return nil
}

func (c *Comm) recv(op string, v view, source, tag int) (Status, error) {
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return Status{}, err
	}
	if err := v.check(op); err != nil {
		return Status{}, err
	}
	x := c.awaits(op, v, source, tag)
	spin, gated := eng.enter()
	h, s := cgo.Recv(uintptr(v.ptr), v.n, v.e.T, source, tag, c.h, spin)
	eng.leave(gated)
	x.posted()
	if h != 0 {
		return eng.finishBlocking(op, c, pendingHalf{h, v, source, tag, x}, pendingHalf{})
	}
	st := newStatus(s, v.size())
	if source == ProcNull {
		st = nobody
	}
	if s.RC != 0 {
		err := cgo.NewError(op, int(s.RC))
		x.result(st, err)
		return st, err
	}
	x.result(st, nil)
	return st, nil
}

// nobody is the status of a receive from ProcNull (MPI 4.1 §3.11). MPICH 4.0
// leaves it out in MPI_Test.
var nobody = Status{Source: ProcNull, Tag: AnyTag}

func (c *Comm) checkSendrecv(op string, dest, sendtag, source, recvtag int) error {
	if err := c.checkSend(op, "dest", "sendtag", dest, sendtag); err != nil {
		return err
	}
	return c.checkRecv(op, "source", "recvtag", source, recvtag)
}

func (c *Comm) sendrecv(op string, s view, dest, sendtag int, r view, source, recvtag int) (Status, error) {
	if err := c.checkSendrecv(op, dest, sendtag, source, recvtag); err != nil {
		return Status{}, err
	}
	if err := s.check(op); err != nil {
		return Status{}, err
	}
	if err := r.check(op); err != nil {
		return Status{}, err
	}
	if dest != ProcNull && source != ProcNull {
		if err := checkOverlap(op, s, r); err != nil {
			return Status{}, err
		}
	}
	x, note := c.exchanges(op, s, dest, sendtag, r, source, recvtag)
	spin, gated := eng.enter()
	sh, rh, src, raw := cgo.Sendrecv(uintptr(s.ptr), s.n, s.e.T, dest, sendtag,
		uintptr(r.ptr), r.n, r.e.T, source, recvtag, c.h, spin)
	eng.leave(gated)
	note.posted()
	st, err := newStatus(raw, r.size()), error(nil)
	switch {
	case src != 0:
		err = cgo.NewError(op, src)
	case raw.RC != 0:
		err = cgo.NewError(op, int(raw.RC))
	}
	if source == ProcNull {
		st = nobody
	}
	if rh == 0 {
		x.result(st, err)
	}
	if sh != 0 || rh != 0 {
		pst, perr := eng.finishBlocking(op, c, pendingHalf{rh, r, source, recvtag, x}, pendingHalf{h: sh, v: s, peer: dest, tag: sendtag})
		if rh != 0 {
			st = pst
		}
		if err == nil {
			err = perr
		}
	}
	return st, err
}

func (c *Comm) isend(op string, mode int, v view, dest, tag int) *Request {
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return failed(op, c.raise(err))
	}
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	r := newRequest()
	r.op, r.size, r.comm, r.peer, r.tag, r.data = op, v.bytes(), c, int32(dest), int32(tag), v.e
	if r.size <= shortMessage {
		// Mostly the library has let go of it by the end of the call, so that
		// there is nothing to pin.
		note := c.sends(op, v, dest, tag)
		_, gated := eng.enter()
		h, rc := cgo.Send(mode, uintptr(v.ptr), v.n, v.e.T, dest, tag, c.h, 0)
		eng.leave(gated)
		note.posted()
		if h != 0 {
			launch(r, v.ptr)
		} else {
			r.state.Store(reqDone)
		}
		return r.posted(h, rc)
	}
	launch(r, v.ptr)
	note := c.sends(op, v, dest, tag)
	_, gated := eng.enter()
	h, rc := cgo.Isend(mode, uintptr(v.ptr), v.n, v.e.T, dest, tag, c.h)
	eng.leave(gated)
	note.posted()
	return r.posted(h, rc)
}

// shortMessage is in bytes.
const shortMessage = 2048

func (c *Comm) irecv(op string, v view, source, tag int) *Request {
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return failed(op, c.raise(err))
	}
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	r := newRequest()
	r.op, r.size, r.comm, r.peer, r.tag, r.data = op, v.bytes(), c, int32(source), int32(tag), v.e
	r.elem, r.null = v.size(), source == ProcNull
	at := launchReceive(r, v)
	r.expect = c.awaits(op, v, source, tag)
	_, gated := eng.enter()
	h, rc := cgo.Irecv(at, v.n, v.e.T, source, tag, c.h)
	eng.leave(gated)
	r.expect.posted()
	return r.posted(h, rc)
}

// posted notes what the library made of a nonblocking call.
func (r *Request) posted(h cgo.Request, rc int) *Request {
	r.h = h
	if rc != 0 {
		r.elem = 0
		r.result(cgo.Status{RC: int32(rc)})
		r.state.Store(reqDone)
	}
	return r
}

func (c *Comm) probe(ctx context.Context, op string, source, tag int) (Status, error) {
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return Status{}, err
	}
	var s cgo.Status
	err := c.lookFor(ctx, op, source, tag, func(spin int64) (found bool) {
		s, found = cgo.Iprobe(source, tag, c.h, spin)
		return found
	})
	if err != nil {
		return Status{}, err
	}
	if s.RC != 0 {
		return Status{}, cgo.NewError(op, int(s.RC))
	}
	return newStatus(s, 1), nil
}

// lookFor calls look, which asks the library for a message for spin
// nanoseconds, until it has an answer or ctx ends. A probe has no request that
// the engine could test, so it polls for itself: it starts where a blocking
// receive would, and then looks again whenever the engine has had its turn.
func (c *Comm) lookFor(ctx context.Context, op string, source, tag int, look func(spin int64) bool) error {
	var b backoff
	f := facts{op: op, c: c, way: receives, peer: source, tag: tag}
	if debugging.Load() {
		defer watch(f).over()
	}
	var p *parker
	defer func() { eng.seekOver(p) }()
	for {
		probers.Add(1)
		err := c.check(op) // Finalize may have come meanwhile
		found := false
		if err == nil {
			spin, gated := eng.enter()
			found = look(spin)
			eng.leave(gated)
		}
		probers.Add(-1)
		if found || err != nil {
			return err
		}
		if p == nil {
			p = eng.seek(f, ctx.Done() != nil)
		}
		b.pause()
		if ctx.Err() != nil {
			return gaveUpError(op, ctx)
		}
	}
}

// seek writes down a probe that has to wait, and seekOver that it is over.
func (e *engine) seek(f facts, limited bool) *parker {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.getParker()
	e.waits++
	p.wait, p.limited, p.seeks = e.waits, limited, f
	return p
}

func (e *engine) seekOver(p *parker) {
	if p == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	p.seeks = facts{}
	e.putParker(p)
}

// probers counts the goroutines that are asking the library for a message:
// Finalize lets them go first.
var probers atomic.Int32

// gaveUpError is the error of a call whose context has ended.
func gaveUpError(op string, ctx context.Context) error {
	return fmt.Errorf("mpi: %s: gave up waiting: %w", op, context.Cause(ctx))
}

// pendingHalf is what a blocking call left pending; the zero value is nothing.
type pendingHalf struct {
	h         cgo.Request
	v         view
	peer, tag int
	expect    *expectation
}

// finishBlocking waits for what a blocking call could not complete inside its
// call into C. Only now are the buffers pinned: the caller's frame has held
// them so far.
func (e *engine) finishBlocking(op string, c *Comm, recv, send pendingHalf) (Status, error) {
	e.mu.Lock()
	p := e.getParker()
	for i, half := range [2]pendingHalf{recv, send} {
		r := &p.own[i]
		*r = Request{}
		if half.h == 0 {
			r.state.Store(reqDone)
			continue
		}
		r.op, r.h, r.size, r.blocking = op, half.h, half.v.bytes(), true
		r.comm, r.peer, r.tag, r.data = c, int32(half.peer), int32(half.tag), half.v.e
		r.expect = half.expect
		if i == 0 {
			r.elem = half.v.size()
		}
		launch(r, half.v.ptr)
		r.attach(p)
	}
	e.wait(p, nil)
	st, err := p.own[0].st, p.own[0].err
	if err == nil {
		err = p.own[1].err
	}
	e.recycle(p)
	return st, err
}
