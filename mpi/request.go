package mpi

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
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
	asked atomic.Bool // to be cancelled
	// Of a call that blocks, in a parker.
	blocking bool
	// A persistent request keeps its handle, and its buffer stays pinned,
	// until Free.
	persistent bool
	coll       bool
	parts      *partition
	general    *general
	keep       *flight
	kept       uintptr      // what C keeps for the operation
	local      func() error // what starting a request of BsendInit, or with ProcNull, does
	reduces    op.Op        // held while the request is pending

	// The other half of an Isendrecv, whose turn comes when h is complete.
	second cgo.Request
	turned bool  // it has come
	comm   *Comm // whose error handler hears of a failure
	win    *Win  // ... or that of a window

	expect *expectation // of check mode

	// For reports on what is pending; data is nil where there is none.
	peer, tag int32
	data      *cgo.Elem

	// Takes down what a complete operation made, before anybody is told.
	then func() error

	// The result, written once before the state becomes reqDone.
	st  Status
	err error

	// Under engine.mu.
	index int // place in the engine's table
	first *parker
	more  []*parker
	done  chan struct{} // made by Done, closed at completion
	freed bool          // nobody will wait
}

// The life of a request. Whoever moves it from active to claimed may test it;
// the others queue up and mark it contended, so that the claimer wakes them.
// A polled request is the engine's. A complete one is reported once somebody
// has been told: from then on it is to Waitany and its kin what an inactive
// request is in MPI.
const (
	reqActive uint32 = iota
	reqClaimed
	reqContended
	reqPolled
	reqStarting // this and above: nothing is pending; armed by Start
	reqDone
	reqReported
)

// flight keeps what a pending operation uses: pinned, and reachable from the
// one list of everything in flight.
type flight struct {
	pin   runtime.Pinner
	r     *Request
	from  trace          // who posted it
	buf   unsafe.Pointer // the buffer, or the first one
	slot  *slot          // where a short message arrives
	stay  bool           // it does: the buffer is not pinned
	about *stuck         // what the watchdog says of it; under flights.mu
	next  *flight        // free list
}

// flights is that list. Slots are used again, and never move: a Pinner that is
// dropped while it pins ends the process.
var flights struct {
	mu     sync.Mutex
	free   *flight
	blocks [][]flight
	pin    runtime.Pinner // of the slots
	n      int
}

// A slot is where a receive of at most so many bytes takes place, to be copied
// when it is complete: that costs far less than to pin a buffer. Slots are pinned
// for good.
type slot [128]byte

// launch keeps r, which uses bufs, until it lands.
func launch(r *Request, bufs ...unsafe.Pointer) {
	f := takeOff(r, bufs...)
	for _, b := range bufs {
		if b != nil {
			f.pin.Pin(b)
		}
	}
	if r.size >= largeTransfer && !r.persistent {
		eng.large.Add(int64(r.size))
	}
}

// launchReceive is launch of a receive into v. It returns where the library is
// to put the message.
func launchReceive(r *Request, v view) uintptr {
	if v.e.Kind == cgo.Derived || r.size > len(slot{}) {
		launch(r, v.ptr)
		return uintptr(v.ptr)
	}
	f := takeOff(r, v.ptr)
	f.stay = true
	return uintptr(unsafe.Pointer(f.slot))
}

func takeOff(r *Request, bufs ...unsafe.Pointer) *flight {
	flights.mu.Lock()
	if flights.free == nil {
		b, slots := make([]flight, 64), new([64]slot)
		flights.blocks = append(flights.blocks, b)
		flights.pin.Pin(slots)
		for i := range b {
			b[i].slot = &slots[i]
			b[i].next, flights.free = flights.free, &b[i]
		}
	}
	f := flights.free
	flights.free = f.next
	if !dearTraces || debugging.Load() {
		callers(&f.from)
	}
	f.r, f.buf = r, nil
	if len(bufs) > 0 {
		f.buf = bufs[0]
	}
	flights.n++
	if debugging.Load() {
		f.note(r)
	}
	flights.mu.Unlock()
	r.keep = f
	return f
}

func (r *Request) land() {
	f := r.keep
	if f == nil {
		return
	}
	r.keep = nil
	if f.stay {
		f.stay = false
	} else {
		f.pin.Unpin()
	}
	if r.kept != 0 {
		cgo.Release(r.kept)
		r.kept = 0
	}
	r.reduces.Release()
	if r.size >= largeTransfer && !r.persistent {
		eng.large.Add(-int64(r.size))
	}
	flights.mu.Lock()
	f.r, f.buf = nil, nil
	f.next, flights.free = flights.free, f
	flights.n--
	flights.mu.Unlock()
}

// hidden reports whether r is one of check mode's own.
func (r *Request) hidden() bool { return r.comm != nil && r.comm.hidden }

// slabs are Requests made several at a time, for the calls that are made most.
var slabs = sync.Pool{New: func() any { return new(slab) }}

type slab struct {
	used int
	rs   [16]Request
}

func newRequest() *Request {
	s := slabs.Get().(*slab)
	r := &s.rs[s.used]
	if s.used++; s.used < len(s.rs) {
		slabs.Put(s)
	}
	return r
}

// failed is the Request of a call that never got as far as posting.
func failed(op string, err error) *Request {
	r := &Request{op: op, err: err}
	r.state.Store(reqDone)
	return r
}

// result takes down what the library said of the completed operation.
func (r *Request) result(s cgo.Status) {
	if r.elem > 0 && !r.turned {
		r.st = newStatus(s, r.elem)
		if r.null {
			r.st = nobody
		} else if f := r.keep; f != nil && f.stay && s.RC == 0 {
			copy(unsafe.Slice((*byte)(f.buf), r.size), f.slot[:max(0, s.Bytes)])
		}
	}
	if s.RC != 0 && r.err == nil {
		r.err = cgo.NewError(r.op, int(s.RC))
	}
	if r.general != nil {
		r.err = r.general.end(r.err)
	}
	if r.then != nil && r.err == nil {
		r.err = r.then()
	}
	if x := r.expect; x != nil {
		r.expect = nil
		x.result(r.st, r.err)
	}
	if r.second != 0 {
		return
	}
	switch {
	case !r.persistent:
		r.land()
	case r.size >= largeTransfer:
		eng.large.Add(-int64(r.size))
	}
}

// turnOver goes on to the second half of an Isendrecv whose first half is
// complete, if r is one.
func (r *Request) turnOver() bool {
	if r.second == 0 {
		return false
	}
	r.h, r.second = r.second, 0
	r.turned = true // the status is the receive's
	return true
}

// finish completes a request of the engine's; engine.mu is held.
func (r *Request) finish(s cgo.Status) {
	r.result(s)
	if r.turnOver() {
		eng.add(r)
		return
	}
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
	if r.done != nil {
		eng.passive--
		close(r.done)
	}
}

// abandon ends a request that can never complete, because MPI is finalised.
// Its buffer stays pinned: the library may still hold the address. engine.mu
// is held.
func (r *Request) abandon() {
	r.err = argError(r.op, ErrState, "MPI was finalised before the operation was complete")
	r.release()
}

// wants is what result needs to know.
func (r *Request) wants() (w cgo.Want) {
	if r.elem > 0 {
		w = cgo.WantMessage
	}
	if r.asked.Load() || r.general != nil {
		w |= cgo.WantCancelled
	}
	return w
}

// claim gives the caller the sole right to test r. It looks first: a swap that
// fails is dear, and in a long list most requests may be complete.
func (r *Request) claim() bool {
	return r.state.Load() == reqActive && lifecycle.Load() == running && r.state.CompareAndSwap(reqActive, reqClaimed)
}

// settle ends a claim with the operation's result. With told the caller goes on to
// report it: a success is then marked as reported at once, which saves a swap.
// settle says whether it is.
func (r *Request) settle(s cgo.Status, told bool) (reported bool) {
	r.result(s)
	if r.turnOver() {
		r.unclaim()
		return false
	}
	if told && r.err == nil && r.state.CompareAndSwap(reqClaimed, reqReported) {
		return true
	}
	if !r.state.CompareAndSwap(reqClaimed, reqDone) {
		eng.mu.Lock()
		r.release()
		eng.mu.Unlock()
	}
	return false
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
		case reqStarting, reqDone, reqReported:
			return
		case reqActive:
			if !r.state.CompareAndSwap(s, reqPolled) {
				continue
			}
			if eng.add(r); r.complete() {
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
	p.pending++
	if r.first == nil {
		r.first = p
	} else {
		r.more = append(r.more, p)
	}
}

func (r *Request) complete() bool { return r.state.Load() >= reqStarting }

// report returns the result of a complete request.
func (r *Request) report() (Status, error) {
	if r.state.Load() == reqDone && r.state.CompareAndSwap(reqDone, reqReported) {
		r.tell()
	}
	return r.st, r.err
}

// tell has the error handler hear of a failure.
func (r *Request) tell() {
	if r.err != nil {
		r.comm.handle(r.err)
		r.win.handle(r.err)
	}
}

// Wait blocks until the operation is complete and returns its status and
// error. The goroutine that waits costs no thread.
//
// Implements: MPI_Wait (MPI 4.1 §3.7.3)
func (r *Request) Wait() (Status, error) {
	st, _, err := r.wait(nil)
	return st, err
}

// WaitContext is Wait until ctx ends: then it returns an error that wraps the
// context's cause, such as context.DeadlineExceeded. The operation goes on,
// and its buffer stays MPI's; it can be waited for again, or cancelled.
func (r *Request) WaitContext(ctx context.Context) (Status, error) {
	st, done, err := r.wait(ctx.Done())
	if !done {
		return Status{}, gaveUpError(r.op, ctx)
	}
	return st, err
}

func (r *Request) wait(done <-chan struct{}) (Status, bool, error) {
	if r == nil {
		return Status{}, true, nil
	}
	if r.claim() {
		spin, gated := eng.enter()
		h, s := cgo.Test(r.h, spin, r.wants())
		eng.leave(gated)
		if h == 0 {
			r.settle(s, true)
		} else {
			r.unclaim()
		}
	}
	if !r.complete() {
		eng.mu.Lock()
		p := eng.getParker()
		r.attach(p)
		if !eng.wait(p, done) {
			eng.mu.Lock()
			r.detach(p)
			eng.putParker(p)
			eng.mu.Unlock()
			return Status{}, false, nil
		}
		eng.recycle(p)
	}
	st, err := r.report()
	return st, true, err
}

// detach undoes attach; engine.mu is held.
func (r *Request) detach(p *parker) {
	if r.first == p {
		r.first = nil
		return
	}
	for i, q := range r.more {
		if q == p {
			r.more = slices.Delete(r.more, i, i+1)
			return
		}
	}
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
	if !r.poke() {
		return Status{}, false, nil
	}
	st, err := r.report()
	return st, true, err
}

// GetStatus is Test, but leaves a complete request for Waitany and its kin to
// find.
//
// Implements: MPI_Request_get_status (MPI 4.1 §3.7.6)
func (r *Request) GetStatus() (Status, bool, error) {
	if r == nil {
		return Status{}, true, nil
	}
	if !r.poke() {
		return Status{}, false, nil
	}
	return r.st, true, r.err
}

// Status is the status of a complete operation, and zero before.
func (r *Request) Status() Status {
	if r == nil || !r.complete() {
		return Status{}
	}
	return r.st
}

// poke gives the library a chance to complete r, and reports whether it is.
func (r *Request) poke() bool {
	if r.claim() {
		_, gated := eng.enter()
		h, s := cgo.Test(r.h, 0, r.wants())
		eng.leave(gated)
		if h == 0 {
			r.settle(s, false)
			if !r.complete() {
				return r.poke() // the second half
			}
		} else {
			r.unclaim()
		}
	} else if !r.complete() {
		eng.mu.Lock()
		if r.state.CompareAndSwap(reqActive, reqPolled) { // MPI is finalised
			eng.add(r)
		}
		eng.pollOnce()
		eng.mu.Unlock()
	}
	return r.complete()
}

// Done returns a channel that is closed when the operation is complete, for
// select; Wait then returns at once. While nobody waits otherwise, a goroutine
// in the background looks after all such channels, and sleeps most of the
// time: a completion may be seen a few milliseconds late after a long silence.
func (r *Request) Done() <-chan struct{} {
	if r == nil || r.complete() {
		return closed
	}
	eng.mu.Lock()
	defer eng.mu.Unlock()
	if r.done != nil {
		return r.done
	}
	for {
		switch s := r.state.Load(); s {
		case reqStarting, reqDone, reqReported:
			return closed
		case reqActive:
			if !r.state.CompareAndSwap(s, reqPolled) {
				continue
			}
			if eng.add(r); r.complete() {
				return closed
			}
		case reqClaimed:
			if !r.state.CompareAndSwap(s, reqContended) {
				continue
			}
		}
		break
	}
	r.done = make(chan struct{})
	eng.passive++
	eng.watch()
	return r.done
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Cancel asks for the operation to be cancelled: a receive that no message has
// matched yet. It must still be waited for, and its Status then says whether
// it was cancelled or completed after all. Cancelling a complete operation does
// nothing.
//
// Implements: MPI_Cancel (MPI 4.1 §3.8.4)
func (r *Request) Cancel() (err error) {
	if r == nil || r.complete() {
		return nil
	}
	if r.general != nil {
		return r.general.cancel()
	}
	if r.coll {
		return argError("Request.Cancel", ErrRequest, "the request of %s cannot be cancelled: MPI does not define it for collectives", r.op)
	}
	if r.win != nil {
		return argError("Request.Cancel", ErrRequest, "the request of %s cannot be cancelled: MPI does not define it for windows", r.op)
	}
	if r.parts != nil {
		return argError("Request.Cancel", ErrRequest, "the request of %s cannot be cancelled: libraries do not provide it for partitioned communication", r.op)
	}
	r.asked.Store(true)
	if r.claim() {
		err = cgo.Cancel(r.h)
		r.unclaim()
		return err
	}
	eng.alone(func() {
		// Not while another goroutine tests it: then it is given to the
		// engine as soon as that is over.
		switch r.state.Load() {
		case reqPolled, reqActive:
			if lifecycle.Load() == running {
				err = cgo.Cancel(r.h)
			}
		case reqClaimed, reqContended:
			err = errBusy
		}
	})
	if err == errBusy {
		runtime.Gosched()
		return r.Cancel()
	}
	return err
}

var errBusy = errors.New("busy")

// Free lets go of the request: nobody will wait for it. The operation goes on,
// and its buffer stays MPI's until it is complete, which only the other side of
// a message can tell. Free may be called twice, and on nil.
//
// A persistent request is freed when it is inactive; the memory of its buffer
// is held until then. It cannot be freed while it is active: ErrRequest.
//
// Implements: MPI_Request_free (MPI 4.1 §3.7.3)
func (r *Request) Free() error {
	if r == nil || r.complete() && !r.persistent {
		return nil
	}
	if r.persistent {
		return r.freePersistent()
	}
	// The engine tests it along with all others, and lands its buffer.
	eng.mu.Lock()
	if r.state.CompareAndSwap(reqActive, reqPolled) {
		eng.add(r)
	}
	r.freed = true
	eng.mu.Unlock()
	if r.general != nil {
		r.general.settle()
	}
	return nil
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

	if p.testall(rs, true) {
		eng.recycle(p)
		return nil
	}

	eng.mu.Lock()
	for _, r := range rs {
		if r != nil {
			r.attach(p)
		}
	}
	eng.wait(p, nil)
	eng.recycle(p)
	return reportAll(rs)
}

// reportAll joins the errors of complete requests.
func reportAll(rs []*Request) error {
	var errs []error
	for _, r := range rs {
		if r == nil {
			continue
		}
		if _, err := r.report(); err != nil {
			errs = append(errs, err)
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

// Testall reports whether all the requests are complete, and if so what
// Waitall would return. It does not block.
//
// Implements: MPI_Testall (MPI 4.1 §3.7.5)
func Testall(rs ...*Request) (bool, error) {
	testNow(rs)
	for _, r := range rs {
		if r != nil && !r.complete() {
			return false, nil
		}
	}
	return true, reportAll(rs)
}

// Waitany blocks until one of the requests is complete, and returns its place
// in the list and its error; its status is to be had from its Status. Nil
// requests, and complete ones whose result some call has already returned, are
// passed over. When the list has no others, the place is Undefined.
//
// Implements: MPI_Waitany (MPI 4.1 §3.7.5)
func Waitany(rs ...*Request) (int, error) {
	for {
		if i, found, err := Testany(rs...); found {
			return i, err
		}
		waitForOne(rs)
	}
}

// Testany is Waitany that does not block: it reports whether there is such a
// request, or none left to wait for.
//
// Implements: MPI_Testany (MPI 4.1 §3.7.5)
func Testany(rs ...*Request) (int, bool, error) {
	i, pending := nextUnreported(rs, 0)
	if i == Undefined && pending {
		// Not before: one test finds all that are complete, and a loop that
		// takes them one by one would test the whole list for each.
		testNow(rs)
		i, pending = nextUnreported(rs, 0)
	}
	return i, i != Undefined || !pending, errOf(rs, i)
}

// Waitsome blocks until at least one of the requests is complete, and returns
// the places of all that are, passing over the same ones as Waitany, and their
// errors joined. When the list has none to wait for, it returns nil.
//
// Implements: MPI_Waitsome (MPI 4.1 §3.7.5)
func Waitsome(rs ...*Request) ([]int, error) {
	for {
		done, pending, err := testsome(rs)
		if len(done) > 0 || !pending {
			return done, err
		}
		waitForOne(rs)
	}
}

// Testsome is Waitsome that does not block: it may return no places.
//
// Implements: MPI_Testsome (MPI 4.1 §3.7.5)
func Testsome(rs ...*Request) ([]int, error) {
	done, _, err := testsome(rs)
	return done, err
}

func testsome(rs []*Request) (done []int, pending bool, err error) {
	testNow(rs)
	var errs []error
	for i := range rs {
		at, more := nextUnreported(rs[i:i+1], i)
		pending = pending || more
		if at != Undefined {
			done = append(done, at)
			errs = append(errs, rs[i].err)
		}
	}
	return done, pending, errors.Join(errs...)
}

// nextUnreported finds a complete request that nobody has been told of, and
// reports it; and says whether any request is pending. from is added to the
// place.
func nextUnreported(rs []*Request, from int) (i int, pending bool) {
	for i, r := range rs {
		if r == nil {
			continue
		}
		switch s := r.state.Load(); {
		case s == reqDone && r.state.CompareAndSwap(s, reqReported):
			r.tell()
			return from + i, pending
		case s < reqStarting:
			pending = true
		}
	}
	return Undefined, pending
}

func errOf(rs []*Request, i int) error {
	if i == Undefined {
		return nil
	}
	return rs[i].err
}

// testNow gives the library a chance to complete each of rs.
func testNow(rs []*Request) {
	eng.mu.Lock()
	p := eng.getParker()
	eng.mu.Unlock()
	p.testall(rs, false)
	eng.mu.Lock()
	eng.putParker(p)
	eng.pollOnce()
	eng.mu.Unlock()
}

// waitForOne blocks until one of rs that was pending is complete.
func waitForOne(rs []*Request) {
	eng.mu.Lock()
	p := eng.getParker()
	pending := 0
	for _, r := range rs {
		if r != nil && !r.complete() {
			r.attach(p)
			pending++
		}
	}
	if p.need == pending && pending > 0 {
		p.need = 1
	} else {
		p.need = 0 // one has become complete meanwhile
	}
	eng.wait(p, nil)
	eng.mu.Lock()
	for _, r := range rs {
		if r != nil {
			r.detach(p)
		}
	}
	eng.putParker(p)
	eng.mu.Unlock()
}

// testall tests those of rs that nobody else is testing, in one call into C: once,
// or, for a caller that waits for all and reports them, for a while. It says whether
// that is done, all are complete, and none has failed.
func (p *parker) testall(rs []*Request, all bool) (well bool) {
	well = all
	var want cgo.Want
	claimed, handles := p.claimed[:0], p.handles[:0]
	for _, r := range rs {
		switch {
		case r == nil:
		case r.claim():
			claimed, handles = append(claimed, r), append(handles, r.h)
			want |= r.wants()
		case well:
			well = r.succeeded()
		}
	}
	if len(claimed) == 0 {
		return well
	}
	p.claimed, p.handles = claimed, handles
	if len(p.out) < len(handles) {
		p.out = make([]cgo.RawStatus, cap(handles))
	}
	out := p.out[:len(handles)]
	spin, gated := eng.enter()
	if !all {
		spin = 0
	}
	left := cgo.Testall(handles, out, spin, want)
	eng.leave(gated)
	for i, r := range claimed {
		switch {
		case handles[i] == 0:
			well = r.settle(out[i].Status(), all) && well
		case left < 0: // the library refused the list
			well = r.settle(cgo.Status{RC: int32(-left)}, all) && well
		default:
			r.unclaim()
			well = false
		}
	}
	clear(claimed)
	return well
}

// succeeded reports whether r is complete, without an error, and reports it.
func (r *Request) succeeded() bool {
	s := r.state.Load()
	return s >= reqDone && r.err == nil && (s == reqReported || r.state.CompareAndSwap(s, reqReported))
}
