package mpi

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Request is a nonblocking operation. Its buffer belongs to MPI from the call
// that returned the Request until Wait, or a Test that reports completion, has
// returned: a send's buffer must not be written, a receive's neither read nor
// written. The memory itself is kept safe: it is pinned and held until then,
// even if the program drops the Request and the slice.
//
// Wait and Test may be called from any goroutine, by several at once, and again
// after completion, when they return the same result. A nil Request is complete
// and empty, as MPI_REQUEST_NULL is.
//
// A call with bad arguments returns a Request that is complete and whose Wait
// returns the error.
type Request struct {
	h     cgo.Request
	state atomic.Uint32
	op    string
	elem  int // bytes per element of a receive; 0 for a send
	size  int // bytes of the buffer
	null  bool
	keep  *flight

	// The result, written once before the state becomes reqDone.
	st  Status
	err error

	// Under engine.mu.
	index int // place in the engine's table
	first *parker
	more  []*parker
}

// The life of a request. Whoever moves it from active to claimed may test it;
// the others queue up and mark it contended, so that the claimer wakes them.
// A polled request is the engine's.
const (
	reqActive uint32 = iota
	reqClaimed
	reqContended
	reqPolled
	reqDone
)

// flight keeps what a pending operation uses: pinned, and reachable from the
// one list of everything in flight.
type flight struct {
	pin  runtime.Pinner
	r    *Request
	next *flight // free list
}

// flights is that list. Slots are used again, and never move: a Pinner that is
// dropped while it pins ends the process.
var flights struct {
	mu     sync.Mutex
	free   *flight
	blocks [][]flight
	n      int
}

func launch(r *Request, buf unsafe.Pointer) {
	flights.mu.Lock()
	f := flights.free
	if f == nil {
		b := make([]flight, 64)
		flights.blocks = append(flights.blocks, b)
		for i := range b[1:] {
			b[i+1].next, flights.free = flights.free, &b[i+1]
		}
		f = &b[0]
	} else {
		flights.free = f.next
	}
	f.r = r
	flights.n++
	flights.mu.Unlock()
	if buf != nil {
		f.pin.Pin(buf)
	}
	if r.size >= largeTransfer {
		eng.large.Add(1)
	}
	r.keep = f
}

func (r *Request) land() {
	f := r.keep
	if f == nil {
		return
	}
	r.keep = nil
	f.pin.Unpin()
	if r.size >= largeTransfer {
		eng.large.Add(-1)
	}
	flights.mu.Lock()
	f.r = nil
	f.next, flights.free = flights.free, f
	flights.n--
	flights.mu.Unlock()
}

// inFlight lists the operations that Finalize finds pending. Those that are
// complete, though nobody has waited for them, are not among them.
func inFlight() (ops []string) {
	var rs []*Request
	flights.mu.Lock()
	for _, b := range flights.blocks {
		for i := range b {
			if b[i].r != nil {
				rs = append(rs, b[i].r)
			}
		}
	}
	flights.mu.Unlock()
	for _, r := range rs {
		if _, done, _ := r.Test(); !done {
			ops = append(ops, r.op)
		}
	}
	return ops
}

// failed is the Request of a call that never got as far as posting.
func failed(op string, err error) *Request {
	r := &Request{op: op, err: err}
	r.state.Store(reqDone)
	return r
}

// result takes down what the library said of the completed operation.
func (r *Request) result(s cgo.Status) {
	if r.elem > 0 {
		r.st = newStatus(s, r.elem)
		if r.null {
			r.st = nobody
		}
	}
	if s.RC != 0 {
		r.err = cgo.NewError(r.op, int(s.RC))
	}
	r.land()
}

// finish completes a request of the engine's; engine.mu is held.
func (r *Request) finish(s cgo.Status) {
	r.result(s)
	r.release()
}

// release makes the result known; engine.mu is held.
func (r *Request) release() {
	first, more := r.first, r.more
	r.first, r.more = nil, nil
	r.state.Store(reqDone)
	if first != nil {
		eng.wakeUp(first)
	}
	for _, p := range more {
		eng.wakeUp(p)
	}
}

// abandon ends a request that can never complete, because MPI is finalised.
// Its buffer stays pinned: the library may still hold the address. engine.mu
// is held.
func (r *Request) abandon() {
	r.err = argError(r.op, ErrState, "MPI was finalised before the operation was complete")
	r.release()
}

// claim gives the caller the sole right to test r.
func (r *Request) claim() bool {
	return lifecycle.Load() == running && r.state.CompareAndSwap(reqActive, reqClaimed)
}

// complete ends a claim with the operation's result.
func (r *Request) complete(s cgo.Status) {
	r.result(s)
	if !r.state.CompareAndSwap(reqClaimed, reqDone) {
		eng.mu.Lock()
		r.release()
		eng.mu.Unlock()
	}
}

// unclaim ends a claim with the operation still pending.
func (r *Request) unclaim() {
	if !r.state.CompareAndSwap(reqClaimed, reqActive) {
		eng.mu.Lock()
		eng.add(r)
		eng.mu.Unlock()
	}
}

// attach makes p wait for r too, unless r is complete; engine.mu is held.
func (r *Request) attach(p *parker) {
	for {
		switch s := r.state.Load(); s {
		case reqDone:
			return
		case reqActive:
			if !r.state.CompareAndSwap(s, reqPolled) {
				continue
			}
			if eng.add(r); r.state.Load() == reqDone {
				return
			}
		case reqClaimed:
			if !r.state.CompareAndSwap(s, reqContended) {
				continue
			}
		}
		break
	}
	p.need++
	if r.first == nil {
		r.first = p
	} else {
		r.more = append(r.more, p)
	}
}

// Wait blocks until the operation is complete and returns its status and
// error. The goroutine that waits costs no thread.
//
// Implements: MPI_Wait (MPI 4.1 §3.7.3)
func (r *Request) Wait() (Status, error) {
	if r == nil {
		return Status{}, nil
	}
	if r.state.Load() == reqDone {
		return r.st, r.err
	}
	if r.claim() {
		spin, gated := eng.enter()
		h, s := cgo.Test(r.h, spin)
		eng.leave(gated)
		if h == 0 {
			r.complete(s)
			return r.st, r.err
		}
		r.unclaim()
	}
	eng.mu.Lock()
	p := eng.getParker()
	r.attach(p)
	eng.wait(p)
	eng.recycle(p)
	return r.st, r.err
}

func (e *engine) recycle(p *parker) {
	e.mu.Lock()
	e.putParker(p)
	e.mu.Unlock()
}

// Test reports whether the operation is complete, and if so its status and
// error. It does not block.
//
// Implements: MPI_Test (MPI 4.1 §3.7.3)
func (r *Request) Test() (Status, bool, error) {
	if r == nil {
		return Status{}, true, nil
	}
	if r.claim() {
		_, gated := eng.enter()
		h, s := cgo.Test(r.h, 0)
		eng.leave(gated)
		if h == 0 {
			r.complete(s)
		} else {
			r.unclaim()
		}
	} else if s := r.state.Load(); s == reqPolled || s == reqActive && lifecycle.Load() != running {
		eng.mu.Lock()
		if s == reqActive && r.state.CompareAndSwap(s, reqPolled) {
			eng.add(r)
		} else if !eng.led.Load() {
			eng.led.Store(true)
			eng.poll()
			eng.handOver()
		}
		eng.mu.Unlock()
	}
	if r.state.Load() == reqDone {
		return r.st, true, r.err
	}
	return Status{}, false, nil
}

// Waitall blocks until all the requests are complete. Its error joins theirs;
// each one's own result is still to be had from its Wait, which then returns
// at once. Nil requests are ignored.
//
// Implements: MPI_Waitall (MPI 4.1 §3.7.5)
func Waitall(rs ...*Request) error {
	eng.mu.Lock()
	p := eng.getParker()
	eng.mu.Unlock()

	p.testall(rs)

	eng.mu.Lock()
	for _, r := range rs {
		if r != nil {
			r.attach(p)
		}
	}
	eng.wait(p)
	eng.recycle(p)

	var errs []error
	for _, r := range rs {
		if r != nil && r.err != nil {
			errs = append(errs, r.err)
		}
	}
	if len(errs) <= 1 {
		if len(errs) == 1 {
			return errs[0]
		}
		return nil
	}
	return errors.Join(errs...)
}

// testall tests those of rs that nobody else is testing, in one call into C.
func (p *parker) testall(rs []*Request) {
	for _, r := range rs {
		if r != nil && r.claim() {
			p.claimed = append(p.claimed, r)
			p.handles = append(p.handles, r.h)
		}
	}
	n := len(p.claimed)
	if n == 0 {
		return
	}
	if len(p.out) < n {
		p.out = make([]cgo.RawStatus, cap(p.handles))
	}
	spin, gated := eng.enter()
	left := cgo.Testall(p.handles, p.out[:n], spin)
	eng.leave(gated)
	for i, r := range p.claimed {
		switch {
		case p.handles[i] == 0:
			r.complete(p.out[i].Status())
		case left < 0: // the library refused the list
			r.complete(cgo.Status{RC: int32(-left)})
		default:
			r.unclaim()
		}
		p.claimed[i] = nil
	}
	p.claimed, p.handles = p.claimed[:0], p.handles[:0]
}
