package mpi

import (
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Persistent requests: a transfer that is made again and again between the
// same buffers is described once, by SendInit or RecvInit, and then started
// and waited for as often as needed, with no allocation and less work in the
// library. Buffers are pinned from Init to Free.

// SendInit makes a persistent request that sends all elements of buf, as Send
// does, each time it is started. Free it when done.
//
// Implements: MPI_Send_init (MPI 4.1 §3.9)
func SendInit[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.sendInit("SendInit", cgo.Standard, viewOf(buf), dest, tag)
}

// SsendInit is SendInit in synchronous mode; see Ssend.
//
// Implements: MPI_Ssend_init (MPI 4.1 §3.9)
func SsendInit[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.sendInit("SsendInit", cgo.Synchronous, viewOf(buf), dest, tag)
}

// RsendInit is SendInit in ready mode; see Rsend.
//
// Implements: MPI_Rsend_init (MPI 4.1 §3.9)
func RsendInit[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.sendInit("RsendInit", cgo.Ready, viewOf(buf), dest, tag)
}

// RecvInit makes a persistent request that receives into buf, as Recv does,
// each time it is started. Free it when done.
//
// Implements: MPI_Recv_init (MPI 4.1 §3.9)
func RecvInit[B Data](c *Comm, buf B, source, tag int) *Request {
	const op = "RecvInit"
	if err := c.checkRecv(op, "source", "tag", source, tag); err != nil {
		return failed(op, c.raise(err))
	}
	v := viewOf(buf)
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	r := &Request{op: op, elem: v.size(), size: v.bytes(), null: source == ProcNull, persistent: true, comm: c, peer: int32(source), tag: int32(tag), data: v.e}
	launch(r, v.ptr)
	h, rc := cgo.RecvInit(uintptr(v.ptr), v.n, v.e.T, source, tag, c.h)
	return r.made(h, rc)
}

func (c *Comm) sendInit(op string, mode int, v view, dest, tag int) *Request {
	if err := c.checkSend(op, "dest", "tag", dest, tag); err != nil {
		return failed(op, c.raise(err))
	}
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	r := &Request{op: op, size: v.bytes(), null: dest == ProcNull, persistent: true, comm: c, peer: int32(dest), tag: int32(tag), data: v.e}
	launch(r, v.ptr)
	h, rc := cgo.SendInit(mode, uintptr(v.ptr), v.n, v.e.T, dest, tag, c.h)
	return r.made(h, rc)
}

// made notes what the library made of a call that ends in Init. The request is
// inactive: complete, and nothing to report.
func (r *Request) made(h cgo.Request, rc int) *Request {
	if rc != 0 {
		r.land()
		return failed(r.op, r.comm.raise(cgo.NewError(r.op, rc)))
	}
	r.h = h
	if r.null {
		// MPICH 4.0 never starts what has MPI_PROC_NULL for a peer, and
		// MPI_Testsome then passes it over, as if it were inactive.
		r.local = func() error { return nil }
	}
	r.state.Store(reqReported)
	return r
}

// Start begins the transfer that a persistent request describes. See Request
// for what that means for its buffer. A request that is active must be waited
// for before it is started again.
//
// Errors: ErrRequest, and what was wrong with the call that made the request.
//
// Implements: MPI_Start (MPI 4.1 §3.9)
func (r *Request) Start() error {
	if err := r.arm("Request.Start"); err != nil {
		return err
	}
	if r.local != nil {
		r.startLocal()
		return nil
	}
	if checking.Load() {
		posting.Lock()
		r.announce()
	}
	_, gated := eng.enter()
	rc := r.begin()
	eng.leave(gated)
	if checking.Load() {
		posting.Unlock()
	}
	return r.started("Request.Start", rc)
}

// Startall starts all the requests, in any order, with one call into C. When
// one of them cannot be started, none is. Nil requests are ignored.
//
// Implements: MPI_Startall (MPI 4.1 §3.9)
func Startall(rs ...*Request) error {
	const op = "Startall"
	eng.mu.Lock()
	p := eng.getParker()
	eng.mu.Unlock()
	var err error
	handles := p.handles[:0]
	for i, r := range rs {
		if r == nil {
			continue
		}
		if err = r.arm(op); err != nil {
			for _, r := range rs[:i] {
				if r != nil {
					r.state.Store(reqReported)
				}
			}
			break
		}
		if r.local == nil && !r.nobody() {
			handles = append(handles, r.h)
		}
	}
	p.handles = handles
	if err == nil {
		rc := 0
		if len(handles) > 0 {
			if checking.Load() {
				posting.Lock()
				for _, r := range rs {
					if r != nil {
						r.announce()
					}
				}
			}
			_, gated := eng.enter()
			rc = cgo.Startall(handles)
			eng.leave(gated)
			if checking.Load() {
				posting.Unlock()
			}
		}
		plainly := rc == 0 && !debugging.Load()
		for _, r := range rs {
			var failed error
			switch {
			case r == nil:
			case plainly && r.local == nil && r.parts == nil:
				r.activate()
				continue
			case rc == 0 && r.local != nil:
				r.startLocal()
			case rc == 0 && r.nobody():
				failed = r.started(op, r.begin())
			default:
				failed = r.started(op, rc)
			}
			if err == nil {
				err = failed
			}
		}
	}
	eng.recycle(p)
	return err
}

// arm takes an inactive request, so that nobody else can start or test it.
func (r *Request) arm(op string) error {
	switch {
	case r == nil:
		return argError(op, ErrRequest, "the request is nil")
	case !r.persistent && r.err != nil:
		return r.err
	case !r.persistent:
		return argError(op, ErrRequest, "the request of %s is not persistent: only those of calls that end in Init can be started", r.op)
	}
	if err := usable(op); err != nil {
		return err
	}
	if !r.state.CompareAndSwap(reqReported, reqStarting) && !r.state.CompareAndSwap(reqDone, reqStarting) {
		return argError(op, ErrRequest, "the request of %s is active: wait for it before it is started again", r.op)
	}
	if r.h == 0 && r.local == nil {
		r.state.Store(reqReported)
		return argError(op, ErrRequest, "the request of %s has been freed", r.op)
	}
	return nil
}

// started makes an armed request active.
func (r *Request) started(op string, rc int) error {
	if rc != 0 {
		r.state.Store(reqReported)
		return cgo.NewError(op, rc)
	}
	if debugging.Load() && r.keep != nil {
		flights.mu.Lock()
		callers(&r.keep.from) // where it was started
		r.keep.note(r)
		flights.mu.Unlock()
	}
	if r.parts != nil {
		r.parts.open()
	}
	r.activate()
	return nil
}

// activate makes a request that the library has started active.
func (r *Request) activate() {
	r.st = Status{}
	if r.err != nil {
		r.err = nil
	}
	if r.done != nil {
		eng.mu.Lock()
		r.done = nil
		eng.mu.Unlock()
	}
	if r.size >= largeTransfer {
		eng.large.Add(int64(r.size))
	}
	r.state.Store(reqActive)
}

// startLocal does all that an armed request has to do which needs no library:
// one of BsendInit, or with ProcNull.
func (r *Request) startLocal() {
	r.st, r.err = Status{}, r.local()
	if r.null && r.elem > 0 {
		r.st = nobody
	}
	r.state.Store(reqDone)
}

func (r *Request) freePersistent() error {
	const op = "Request.Free"
	if err := r.arm(op); err != nil {
		if r.complete() && r.h == 0 && r.local == nil {
			return nil // freed already
		}
		return err
	}
	h := r.h
	if r.nobody() {
		h = r.parts.idle
	}
	r.h, r.local = 0, nil
	r.land()
	r.state.Store(reqReported)
	if h == 0 {
		return nil // the library does not know it
	}
	return cgo.RequestFree(h)
}
