package mpi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Check mode, of messages: the receiver learns the element type of what was sent,
// and compares it with that of its buffer.
//
// Neither the message nor what it matches may change, so the type goes aside: a
// note on the checker's communicator, sent before the message. Which note is of
// which message follows from MPI's order. Of the messages of one rank with one
// tag, the first one sent is received by the receive that was posted first, of
// those that did receive such a message. So notes are counted by source and tag,
// and a receive takes its note when it is complete, and so are all those before
// it that might have received the like.
//
// A send and its note are one step to other goroutines, and so are a receive and
// its place in the list: posting is held meanwhile. (It is for check mode alone,
// so that one lock for everything is good enough.)
var posting sync.Mutex

// typeCheck is the type check of a communicator.
type typeCheck struct {
	c    *Comm
	own  *Comm         // the checker's
	sent []int         // notes to each rank; under posting
	kick chan struct{} // for the judge
	stop chan struct{} // closed when it is to stop
	over sync.WaitGroup

	mu    sync.Mutex
	begun bool           // the judge runs
	list  []*expectation // in the order in which they were posted
	off   bool           // C receives here, too

	// The judge's.
	notes map[address][]*note
	got   []int  // notes from each rank
	ended []bool // there are no more notes from this rank: C sends there, too
}

// address is what tells messages of a rank apart that overtake each other.
type address struct{ source, tag int }

// note is what a sender says of a message.
type note struct {
	Tag   int
	Kind  string // of its elements; empty where any will do
	Bytes int
	Last  bool // there will be no more: messages may now be C's

	Text, At string // for the report
}

// expectation is a receive, from when it was posted until it is judged.
type expectation struct {
	t     *typeCheck
	facts facts
	from  trace
	to    address // or wildcards

	// Under t.mu.
	done    bool // it has received a message, or never will
	void    bool // it never will
	typed   bool // facts are known: not so between Mprobe and Mrecv
	counted bool // of underWay
	note    *note
}

func newTypeCheck(k *checker) *typeCheck {
	return &typeCheck{
		c: k.c, own: k.own, sent: make([]int, k.c.size),
		kick: make(chan struct{}, 1), stop: make(chan struct{}),
		notes: make(map[address][]*note), got: make([]int, k.c.size), ended: make([]bool, k.c.size),
	}
}

// sends announces a message. If it returns something, its posted must be called
// when the message has been posted.
func (c *Comm) sends(op string, v view, dest, tag int) *typeCheck {
	t := c.types
	if t == nil || dest == ProcNull {
		return nil
	}
	posting.Lock()
	t.announce(facts{op: op, c: c, way: sends, peer: dest, tag: tag, n: v.n, e: v.e}, v.bytes())
	return t
}

// posted may be called on nil.
func (t *typeCheck) posted() {
	if t != nil {
		posting.Unlock()
	}
}

// announce sends a note; posting is held.
func (t *typeCheck) announce(f facts, bytes int) {
	t.mu.Lock()
	off := t.off
	t.mu.Unlock()
	if off {
		return
	}
	var from trace
	callers(&from)
	_, at := from.caller()
	n := note{Tag: f.tag, Bytes: bytes, Text: cut(f.what()), At: at[max(len(at)-textRoom, 0):]}
	if f.e.Kind != cgo.Derived {
		n.Kind = f.e.Kind.String()
	}
	t.send(n, f.peer)
}

func (t *typeCheck) send(n note, dest int) {
	text, err := json.Marshal(n)
	failedCheck(err)
	failedCheck(t.own.isend("check", cgo.Standard, viewOf(text), dest, tagNote).Free())
	t.sent[dest]++
}

// awaits lists a receive. If it returns something, its posted must be called when
// the receive has been posted, and its result when it is complete.
func (c *Comm) awaits(op string, v view, source, tag int) *expectation {
	t := c.types
	if t == nil || source == ProcNull {
		return nil
	}
	posting.Lock()
	x := &expectation{facts: facts{op: op, c: c, way: receives, peer: source, tag: tag, n: v.n, e: v.e}, typed: true}
	callers(&x.from)
	t.expect(x)
	return x
}

// exchanges is both. The posted of the typeCheck must be called.
func (c *Comm) exchanges(op string, s view, dest, sendtag int, r view, source, recvtag int) (*expectation, *typeCheck) {
	t := c.types
	if t == nil {
		return nil, nil
	}
	posting.Lock()
	if dest != ProcNull {
		t.announce(facts{op: op, c: c, way: sends, peer: dest, tag: sendtag, n: s.n, e: s.e}, s.bytes())
	}
	if source == ProcNull {
		return nil, t
	}
	x := &expectation{facts: facts{op: op, c: c, way: receives, peer: source, tag: recvtag, n: r.n, e: r.e}, typed: true}
	callers(&x.from)
	t.expect(x)
	return x, t
}

// announce is sends or awaits for a persistent request that is about to be
// started; posting is held.
func (r *Request) announce() {
	if r.comm == nil || r.comm.types == nil || r.coll || r.parts != nil || r.local != nil {
		return
	}
	f := r.facts()
	if f.way == sends {
		r.comm.types.announce(f, r.size)
		return
	}
	x := &expectation{facts: f, typed: true}
	callers(&x.from)
	r.comm.types.expect(x)
	r.expect = x
}

// expect lists x; posting is held.
func (t *typeCheck) expect(x *expectation) {
	x.t, x.to = t, address{x.facts.peer, x.facts.tag}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.off {
		x.t = nil
		return
	}
	t.list = append(t.list, x)
	if !t.begun {
		t.begun = true
		t.over.Go(t.judge)
	}
}

// posted may be called on nil.
func (x *expectation) posted() {
	if x != nil {
		posting.Unlock()
	}
}

// result takes down what was received. It may be called on nil, and with the
// engine's lock held.
func (x *expectation) result(st Status, err error) {
	if x == nil || x.t == nil {
		return
	}
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	x.done = true
	// A message that was too long has come, too.
	e, _ := err.(*Error)
	x.void = st.Cancelled() || err != nil && (e == nil || e.Class != ErrTruncate)
	x.to = address{st.Source, st.Tag}
	x.counted = true
	underWay.Add(1)
	t.wake()
}

func (t *typeCheck) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// matched lists a message that a matched probe has found; posting is held.
func (t *typeCheck) matched(op string, st Status) *expectation {
	x := &expectation{facts: facts{op: op, c: t.c, way: receives, peer: st.Source, tag: st.Tag}}
	t.expect(x)
	x.result(st, nil)
	return x
}

// received says into what such a message is received.
func (x *expectation) received(op string, v view) {
	if x == nil || x.t == nil {
		return
	}
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	x.facts.op, x.facts.n, x.facts.e, x.typed = op, v.n, v.e, true
	callers(&x.from)
	x.compare()
}

// judge judges what has been received, until it is told to stop.
func (t *typeCheck) judge() {
	for t.judgeAll() {
		select {
		case <-t.kick:
		case <-t.stop:
			return
		}
	}
}

// judgeAll gives each receive that is ready for it its note. It returns false when
// it was told to stop.
func (t *typeCheck) judgeAll() bool {
	for x := t.next(); x != nil; x = t.next() {
		n, stopped := t.noteFor(x.to)
		if stopped {
			return false
		}
		t.mu.Lock()
		i := slices.Index(t.list, x)
		t.list = slices.Delete(t.list, i, i+1)
		x.note = n
		x.compare()
		x.settle()
		t.mu.Unlock()
	}
	return true
}

// settle says that x is judged; t.mu is held.
func (x *expectation) settle() {
	if x.counted {
		x.counted = false
		underWay.Add(-1)
	}
}

// next is a receive that is complete, and whose place in the order is known.
func (t *typeCheck) next() *expectation {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := 0; i < len(t.list); i++ {
		x := t.list[i]
		switch {
		case !x.done:
		case x.void || t.off:
			x.settle()
			t.list = slices.Delete(t.list, i, i+1)
			i--
		case !slices.ContainsFunc(t.list[:i], func(before *expectation) bool { return before.mayBe(x.to) }):
			return x
		}
	}
	return nil
}

// mayBe reports whether x may receive, or has received, a message of a.
func (x *expectation) mayBe(a address) bool {
	return (x.to.source == a.source || x.to.source == AnySource) && (x.to.tag == a.tag || x.to.tag == AnyTag)
}

// noteFor is the next note of such a message. It was sent before the message, but
// may come after it. It is nil when C has sent the message.
func (t *typeCheck) noteFor(a address) (n *note, stopped bool) {
	for len(t.notes[a]) == 0 {
		if t.ended[a.source] {
			return nil, false
		}
		if !t.take(a.source) {
			return nil, true
		}
	}
	n = t.notes[a][0]
	if t.notes[a] = t.notes[a][1:]; len(t.notes[a]) == 0 {
		delete(t.notes, a)
	}
	return n, false
}

// take receives a note, unless the judge is told to stop before there is one.
func (t *typeCheck) take(source int) bool {
	text := make([]byte, voteRoom)
	r := t.own.irecv("check", viewOf(text), source, tagNote)
	if !waitHiddenUntil(t.stop, r) {
		failedCheck(r.Cancel())
		waitHidden(r)
		if r.Status().Cancelled() {
			return false
		}
	}
	if lifecycle.Load() != running { // abandoned by Finalize
		return false
	}
	n := new(note)
	failedCheck(json.Unmarshal(text[:r.Status().Count], n))
	t.got[source]++
	if n.Last {
		t.ended[source] = true
		return true
	}
	a := address{source, n.Tag}
	t.notes[a] = append(t.notes[a], n)
	return true
}

// compare ends the job when the types of sender and receiver are known and not
// the same; t.mu is held.
func (x *expectation) compare() {
	n := x.note
	if n == nil || !x.typed || x.facts.e == nil {
		return
	}
	kind := x.facts.e.Kind
	if n.Kind == "" || n.Bytes == 0 || kind == cgo.Derived || n.Kind == kind.String() {
		return
	}
	c := x.t.c
	_, at := x.from.caller()
	what := fmt.Sprintf("error: a message on %s was received as another type than it was sent as:\n\t%s: %s, at %s\n\t%s: %s, at %s",
		c.label(), c.ranksName([]int{x.to.source}), n.Text, cmp.Or(n.At, "an unknown place"),
		c.ranksName([]int{c.rank}), x.facts.what(), cmp.Or(at, "an unknown place"))
	doomed.Store(true)   // Finalize must not overtake it
	go die(1, what, nil) // the caller may hold the engine's lock
}

// shared ends the check of c's messages, because C code has got hold of c: it
// sends no notes, and its receives are not listed.
func (c *Comm) shared() {
	t := c.types
	if t == nil {
		return
	}
	posting.Lock()
	defer posting.Unlock()
	t.mu.Lock()
	was := t.off
	t.off = true
	t.mu.Unlock()
	if was || lifecycle.Load() != running {
		return
	}
	for dest := range t.sent {
		t.send(note{Last: true}, dest)
	}
	t.wake()
}

// free follows the last message on the communicator. The notes that nobody has
// read must not stay: the library may give their context to another one.
func (t *typeCheck) free() {
	if t == nil {
		return
	}
	close(t.stop)
	t.over.Wait()
	t.stop = nil // from here on, take waits
	posting.Lock()
	defer posting.Unlock()
	total := make([]int, t.c.size)
	var rs []*Request
	for i := range total {
		rs = append(rs, t.own.isend("check", cgo.Standard, viewOf(t.sent[i:i+1]), i, tagTotal),
			t.own.irecv("check", viewOf(total[i:i+1]), i, tagTotal))
	}
	waitHidden(rs...)
	for i, n := range total {
		for t.got[i] < n {
			t.take(i)
		}
		t.ended[i] = true
	}
	t.judgeAll()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.list { // they go on, and nobody looks
		x.t = nil
	}
}
