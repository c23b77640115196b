package mpi

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// The progress engine: how goroutines wait.
//
// A blocking call first tests its request for a few microseconds inside the C
// call that posted it, and mostly that is all. What is not complete by then is
// handed to the engine, which holds every request that somebody waits for in
// one table. At any time at most one goroutine leads: it tests the table, for
// itself and for all the others, which are parked on a channel each. When the
// leader's own wait is over it hands the lead to another parked goroutine. So
// a lone waiter polls for itself, as C does, and ten thousand waiters cost one
// polling goroutine and no threads.
//
// The table's rule: anyone may append to it, under mu; only the leader removes.
// So the leader may read the part it has seen without holding mu.
type engine struct {
	mu      sync.Mutex
	led     atomic.Bool // somebody leads; written under mu
	handles []cgo.Request
	reqs    []*Request // reqs[i] is the request of handles[i]
	parked  *parker    // the goroutines that could take the lead, a doubly linked list
	free    *parker    // parkers to use again
	parkers []*parker  // all of them, for the watchdog and siblings.go
	waits   uint64     // how many there have been
	passive int        // requests of the table with a Done channel
	orders  []func()   // for the leader, while it is not inside C: see alone

	stirred  bool // something was added since the leader last looked
	sleeping bool // the leader sleeps: kick wakes it
	napping  bool // the leader sleeps in C, for a short time: cgo.Kick wakes it
	kick     chan struct{}
	timer    *time.Timer // the leader's
	out      [cgo.Batch]cgo.Done
	finished [cgo.Batch]*Request
	cursor   int
	closed   bool          // MPI is finalised: nothing may be tested any more
	gate     chan struct{} // see enter

	// How long to test inside one C call: in the call that posts a request,
	// and in each turn of the leader.
	spinFirst, spinLead int64

	// Bytes of pending transfers that the library moves piece by piece while
	// it is called. The leader stays awake for as long as they may take.
	large atomic.Int64
}

const (
	// largeTransfer is the size from which a transfer may need many calls into
	// the library; both libraries send less in one piece.
	largeTransfer = 4 << 10
	// slowest is how long a byte of one may take: 20 ns are 50 MB/s. Without a
	// limit, one that nobody will ever receive would keep a core busy.
	slowest = 20 * time.Nanosecond
)

var eng = engine{kick: make(chan struct{}, 1), gate: make(chan struct{}, 8)}

// tune sets the bounds of spinning, for so many ranks on so many processors: it
// saves the way back into Go. Where ranks share them, whoever spins gives the
// processor up between two tests, and a few tests take as long as the others' turns.
func (e *engine) tune(ranks, cpus int) {
	spin := 20 * time.Microsecond
	if ranks > cpus {
		spin = min(100*time.Microsecond*time.Duration(ranks/cpus), time.Millisecond)
	}
	e.spinFirst, e.spinLead = int64(spin), int64(spin)
}

// enter precedes every call into C of a goroutine that does not lead, and says
// for how long the call may test what it posts: alone, with nobody leading, for
// spinFirst. Beside others not at all, for the leader will find it; and then at
// most so many goroutines are let in at once as the gate holds. Inside they may
// have to wait for the library's locks, and each goroutine that waits in C
// takes a thread: without the gate, a thousand that arrive together would make
// the Go runtime start a hundred.
func (e *engine) enter() (spin int64, gated bool) {
	breathe()
	if !e.led.Load() && !cgo.Busy() {
		return e.spinFirst, false
	}
	e.gate <- struct{}{}
	return 0, true
}

// breathe gives Go's scheduler a turn now and then. It takes a goroutine that
// has called C for 10 ms without one for stuck: its monitor takes the processor
// away from the goroutine, and looks again every 20 microseconds, on the core
// of a thread that polls in C. Programs that did nothing but call MPI lost a
// third of their speed by that.
func breathe() {
	if cgo.Due() {
		runtime.Gosched()
	}
}

func (e *engine) leave(gated bool) {
	if gated {
		<-e.gate
	}
}

// parker is a goroutine's place to wait.
type parker struct {
	ch         chan wake // capacity 1: a parked goroutine is sent exactly one
	need       int       // requests still to complete; under engine.mu
	listed     bool      // in engine.parked
	prev, next *parker

	// For siblings.go, under engine.mu.
	pending int    // requests that may yet complete; more than need for Waitany
	wait    uint64 // the number of the wait
	limited bool   // it may give up
	seeks   facts  // of a probe, which waits here for no request

	// Scratch of blocking calls, here so that they allocate nothing.
	own     [2]Request
	call    blocked // that waits here
	hidden  bool    // ... and which the watchdog is not to report; under engine.mu
	claimed []*Request
	handles []cgo.Request
	out     []cgo.RawStatus
}

// wake is why a parked goroutine goes on.
type wake int8

const (
	over     wake = iota // the wait is over
	takeLead             // it is to lead
	gaveUp               // its context has ended
)

func (e *engine) getParker() *parker {
	p := e.free
	if p == nil {
		p = &parker{ch: make(chan wake, 1)}
		e.parkers = append(e.parkers, p)
		return p
	}
	e.free, p.next = p.next, nil
	return p
}

func (e *engine) putParker(p *parker) {
	p.need, p.pending = 0, 0
	p.next, e.free = e.free, p
}

func (e *engine) list(p *parker) {
	p.listed, p.prev, p.next = true, nil, e.parked
	if e.parked != nil {
		e.parked.prev = p
	}
	e.parked = p
}

func (e *engine) unlist(p *parker) {
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		e.parked = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.listed, p.prev, p.next = false, nil, nil
}

// add takes over a pending request; mu is held.
func (e *engine) add(r *Request) {
	if e.closed {
		r.abandon()
		return
	}
	r.state.Store(reqPolled)
	r.index = len(e.reqs)
	e.reqs = append(e.reqs, r)
	e.handles = append(e.handles, r.h)
	e.stir()
}

// stir tells the leader that there is news; mu is held.
func (e *engine) stir() {
	e.stirred = true
	cgo.News(true)
	switch {
	case e.napping:
		cgo.Kick()
	case e.sleeping:
		select {
		case e.kick <- struct{}{}:
		default:
		}
	}
}

// seen is for the leader, which knows of all there is; mu is held.
func (e *engine) seen() {
	e.stirred = false
	cgo.News(false)
}

func (e *engine) remove(r *Request) {
	last := len(e.reqs) - 1
	moved := e.reqs[last]
	e.reqs[r.index], e.handles[r.index] = moved, e.handles[last]
	moved.index = r.index
	e.reqs[last] = nil
	e.reqs, e.handles = e.reqs[:last], e.handles[:last]
}

// wait blocks until nothing that p needs is pending, or done is closed: then it
// returns false. mu is held on entry, and not on return.
func (e *engine) wait(p *parker, done <-chan struct{}) bool {
	if p.need <= 0 {
		e.mu.Unlock()
		return true
	}
	e.waits++
	p.wait, p.limited = e.waits, done != nil
	if debugging.Load() {
		p.call.begin(facts{})
		defer p.call.over()
	}
	if e.led.Load() {
		e.list(p)
		e.stir()
		e.mu.Unlock()
		switch e.park(p, done) {
		case over:
			return true
		case gaveUp:
			return false
		}
		e.mu.Lock()
	} else {
		e.led.Store(true)
	}
	return e.lead(p, done)
}

// park blocks until p is woken or done is closed.
func (e *engine) park(p *parker, done <-chan struct{}) wake {
	if done == nil {
		return <-p.ch
	}
	select {
	case w := <-p.ch:
		return w
	case <-done:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.listed {
		e.unlist(p)
		return gaveUp
	}
	w := <-p.ch // it was on its way
	if w == takeLead {
		e.handOver()
		return gaveUp
	}
	return w
}

// wakeUp tells p, one of whose requests is complete; mu is held.
func (e *engine) wakeUp(p *parker) {
	p.need--
	p.pending--
	if p.need <= 0 && p.listed {
		e.unlist(p)
		p.ch <- over
	}
}

// lead tests the table until p needs nothing more, then hands the lead on. It
// returns false when done is closed before. Without p it is the background
// poller, and leads while there are Done channels to close and nobody is parked
// who could take over. mu is held on entry, and not on return.
func (e *engine) lead(p *parker, done <-chan struct{}) bool {
	var (
		since   = time.Now() // the last time anything happened
		yielded = since
		single  = runtime.GOMAXPROCS(0) == 1
		enough  = func() bool {
			if p != nil {
				return p.need <= 0
			}
			return e.passive == 0 || e.parked != nil
		}
	)
	defer e.mu.Unlock()
	defer e.handOver()
	e.seen()
	for !enough() {
		e.obey()
		got := e.poll()
		if enough() {
			break
		}
		now := time.Now()
		if got > 0 || e.stirred {
			e.seen()
			since = now
		}
		var nap time.Duration
		if e.cursor >= len(e.reqs) { // the whole table has been tested
			nap = e.nap(now.Sub(since))
			if p == nil {
				nap *= 3 // nobody's call is waiting
			}
		}
		e.napping = nap > 0 && nap < shortest
		e.sleeping = nap >= shortest
		e.mu.Unlock()
		switch {
		case nap >= shortest:
			e.sleep(nap, done)
		case nap > 0:
			cgo.Nap(nap)
		case got > 0 || single || now.Sub(yielded) > 200*time.Microsecond:
			// Let those run who were woken, and with one P everybody
			// else. Not on every turn: with an idle P, Gosched wakes a
			// thread that carries this goroutine off.
			runtime.Gosched()
			yielded = now
		}
		ended := false
		if done != nil {
			select {
			case <-done:
				ended = true
			default:
			}
		}
		e.mu.Lock()
		e.sleeping, e.napping = false, false
		if ended {
			return enough()
		}
	}
	return true
}

// handOver ends a lead; mu is held.
func (e *engine) handOver() {
	e.obey()
	if next := e.parked; next != nil {
		e.unlist(next)
		next.ch <- takeLead
		return
	}
	if e.passive > 0 {
		go func() {
			e.mu.Lock()
			e.lead(nil, nil)
		}()
		return
	}
	e.led.Store(false)
}

// watch sees to it that somebody leads; mu is held.
func (e *engine) watch() {
	if !e.led.Load() {
		e.led.Store(true)
		e.handOver()
	}
}

// obey does what alone has asked of the leader; mu is held.
func (e *engine) obey() {
	for len(e.orders) > 0 {
		order := e.orders[0]
		e.orders = e.orders[1:]
		order()
	}
}

// alone runs f with mu held and no request of the table under test.
func (e *engine) alone(f func()) {
	e.mu.Lock()
	if !e.led.Load() {
		f()
		e.mu.Unlock()
		return
	}
	ran := make(chan struct{})
	e.orders = append(e.orders, func() { f(); close(ran) })
	e.stir()
	e.mu.Unlock()
	<-ran
}

// poll tests the next part of the table, and completes what it finds. mu is
// held on entry and on return, but not in between.
func (e *engine) poll() int {
	if e.closed {
		e.abandonAll()
		return 0
	}
	n := len(e.reqs)
	if e.cursor >= n {
		e.cursor = 0
	}
	at := e.cursor
	n = min(n-at, cgo.Batch)
	if n == 0 {
		return 0
	}
	e.cursor += n
	handles, reqs := e.handles[at:at+n], e.reqs[at:at+n]
	spin := e.spinLead
	if len(e.reqs) > cgo.Batch {
		spin = 0 // the next part of the table is waiting
	}
	e.mu.Unlock()
	got := cgo.Testsome(handles, e.out[:n], spin, true)
	e.mu.Lock()
	if got < 0 {
		// The library refused the whole list: no request of it can be
		// completed any more, and each of their waiters must hear of it.
		for i := n - 1; i >= 0; i-- {
			r := reqs[i]
			e.remove(r)
			r.finish(cgo.Status{RC: int32(-got)})
		}
		return n
	}
	for i := range got {
		e.finished[i] = reqs[e.out[i].Index()]
	}
	for i := range got {
		r := e.finished[i]
		e.finished[i] = nil
		e.remove(r)
		r.finish(e.out[i].Status())
	}
	return got
}

// close ends all polling, for Finalize. Whoever still waits gets an error.
func (e *engine) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.stir()
	for e.led.Load() {
		// The leader may be inside C, and abandons everything when it is
		// back; only then may MPI be finalised.
		e.mu.Unlock()
		time.Sleep(50 * time.Microsecond)
		e.mu.Lock()
	}
	e.abandonAll()
}

func (e *engine) abandonAll() {
	for i := len(e.reqs) - 1; i >= 0; i-- {
		r := e.reqs[i]
		e.remove(r)
		r.abandon()
	}
}

// pollOnce looks after the table once if nobody else does; mu is held, but not
// in between.
func (e *engine) pollOnce() {
	if len(e.reqs) > 0 && !e.led.Load() {
		e.led.Store(true)
		e.poll()
		e.handOver()
	}
}

// turn has the whole table tested at least once, by whoever leads.
func (e *engine) turn() {
	e.mu.Lock()
	parts := len(e.reqs)/cgo.Batch + 1
	e.mu.Unlock()
	for range parts + 1 {
		e.mu.Lock()
		e.pollOnce()
		e.mu.Unlock()
		// A leader tests one part between two orders.
		e.alone(func() {})
	}
}

// nap is how long the leader may sleep when nothing has happened for so long:
// at most a sixty-fourth of that, so that no wait grows by more than it, and
// not while the library may have a long transfer to move.
func (e *engine) nap(idle time.Duration) time.Duration {
	if idle < 3200*time.Microsecond || idle < time.Duration(e.large.Load())*slowest {
		return 0
	}
	return min(idle/64, shortest)
}

// shortest is the shortest time that Go sleeps when it has nothing else to do.
const shortest = time.Millisecond

func (e *engine) sleep(d time.Duration, done <-chan struct{}) {
	if e.timer == nil {
		e.timer = time.NewTimer(d)
	} else {
		e.timer.Reset(d)
	}
	select {
	case <-e.timer.C:
	case <-e.kick:
	case <-done:
	}
}

// backoff paces a goroutine that must poll for itself (a probe): first it
// yields, and after a while it sleeps, by the leader's rule.
type backoff struct {
	since time.Time
}

func (b *backoff) pause() {
	if b.since.IsZero() {
		b.since = time.Now()
	}
	if nap := eng.nap(time.Since(b.since)); nap > 0 {
		time.Sleep(nap)
		return
	}
	cgo.Yield()
	runtime.Gosched()
}
