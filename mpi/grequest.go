package mpi

import (
	"cmp"
	"sync"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// general is the Go side of a generalised request. C knows it by a number.
type general struct {
	query    func() (Status, error)
	free     func() error
	onCancel func(complete bool) error

	completed atomic.Bool // Complete has been called
	finished  atomic.Bool // and the library knows
	mu        sync.Mutex
	err       error // of query and free, for Wait
}

var generals = struct {
	mu   sync.Mutex
	last uintptr
	m    map[uintptr]*general
}{m: make(map[uintptr]*general)}

// noGeneral is the number of requests without functions.
const noGeneral = 0

func generalOf(id uintptr) *general {
	generals.mu.Lock()
	defer generals.mu.Unlock()
	return generals.m[id]
}

// A panic in a user's function ends the job here: it must not cross C.
func init() {
	cgo.GrequestQuery = func(id uintptr) (bytes int64, source, tag int, cancelled bool) {
		st := Status{Source: AnySource, Tag: AnyTag}
		if id == noGeneral {
			return 0, st.Source, st.Tag, false
		}
		g := generalOf(id)
		if g.query != nil {
			guard(func() {
				var err error
				st, err = g.query()
				g.fail(err)
			})
		}
		return int64(max(st.Count, 0)), st.Source, st.Tag, st.Cancelled()
	}
	cgo.GrequestFree = func(id uintptr) {
		if id == noGeneral {
			return
		}
		g := generalOf(id)
		if g.free != nil {
			guard(func() { g.fail(g.free()) })
		}
		generals.mu.Lock()
		delete(generals.m, id)
		generals.mu.Unlock()
	}
}

func (g *general) fail(err error) {
	g.mu.Lock()
	g.err = cmp.Or(g.err, err)
	g.mu.Unlock()
}

// end is the error of the complete request.
func (g *general) end(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return cmp.Or(g.err, err)
}

// cancel is called outside C: what it calls may use other requests.
func (g *general) cancel() error {
	if g.onCancel == nil {
		return nil
	}
	return g.onCancel(g.completed.Load())
}

// StartGrequest makes a request that stands for some work of the program's own:
// it is complete when Complete has been called, and can be waited for in every
// way, alone or in one list with others.
//
// Query is called once, when the request completes; what it returns is the
// result of Wait: of the Status, Source, Tag, Count, which is in bytes here, and
// whether SetCancelled was called. Free is called once after that; its error is
// the result's when query had none. Both run inside the call that finds the
// request complete, in any goroutine: they should do little, and must not call
// MPI. Cancel is called by Request.Cancel, in its goroutine, and told whether
// Complete has been called already; it may call Complete. Each may be nil. A
// panic in query or free ends the job, as one in a goroutine of Go does.
//
// May be called from any goroutine. A request that is never completed does not
// keep Finalize from ending; its functions are then not called.
//
// Implements: MPI_Grequest_start, MPI_Status_set_elements (MPI 4.1 §13.2, §13.3)
func StartGrequest(query func() (Status, error), free func() error, cancel func(complete bool) error) *Request {
	const op = "StartGrequest"
	if err := usable(op); err != nil {
		return failed(op, err)
	}
	g := &general{query: query, free: free, onCancel: cancel}
	generals.mu.Lock()
	generals.last++
	id := generals.last
	generals.m[id] = g
	generals.mu.Unlock()
	r := &Request{op: op, elem: 1, general: g}
	launch(r)
	h, rc := cgo.GrequestStart(id)
	if rc != 0 {
		generals.mu.Lock()
		delete(generals.m, id)
		generals.mu.Unlock()
	}
	return r.posted(h, rc)
}

// Complete says that the work which a request of StartGrequest stands for is
// done. May be called from any goroutine, once.
//
// Errors: ErrRequest, ErrState.
//
// Implements: MPI_Grequest_complete (MPI 4.1 §13.2)
func (r *Request) Complete() error {
	const op = "Request.Complete"
	switch {
	case r == nil:
		return argError(op, ErrRequest, "the request is nil")
	case r.general == nil && r.err != nil && r.complete():
		return r.err
	case r.general == nil:
		return argError(op, ErrRequest, "the request is of %s, but must be of StartGrequest", r.op)
	}
	if err := usable(op); err != nil {
		return err
	}
	if !r.general.completed.CompareAndSwap(false, true) {
		return argError(op, ErrRequest, "the request has been completed before")
	}
	if err := completeGeneral(op, r.h); err != nil {
		return err
	}
	r.general.finished.Store(true)
	eng.mu.Lock()
	freed := r.freed
	eng.mu.Unlock()
	if freed {
		r.general.settle()
	}
	return nil
}

func completeGeneral(op string, h cgo.Request) error {
	_, gated := eng.enter()
	rc := cgo.GrequestComplete(h)
	eng.leave(gated)
	if rc != 0 {
		return cgo.NewError(op, rc)
	}
	eng.mu.Lock()
	eng.stir() // whoever waits may be asleep
	eng.mu.Unlock()
	return nil
}

// settle is for a request that has been freed: nobody waits for it, so that its
// functions would run only when somebody waits for another.
func (g *general) settle() {
	if g.finished.Load() {
		eng.turn()
	}
}

// SetCancelled makes s say that the operation was cancelled, for the query
// function of StartGrequest.
//
// Implements: MPI_Status_set_cancelled (MPI 4.1 §13.3)
func (s *Status) SetCancelled() { s.bytes = -1 }
