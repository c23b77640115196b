package mpi

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// The watchdog: a goroutine that looks, a few times a second, for calls that
// have blocked for long, and says what they wait for.
//
// A call that may block writes down what it is, in a place of its own, and who
// called it, as return addresses; that is all it does. A send, receive or wait
// does so when it gives up its first spin and goes to the engine, and so the
// fast ones do nothing at all; a collective, which is one call into C, before.
// Pending requests are known by their flights.

// debugging is set when calls write down what they do. It is set once, before
// MPI can be used.
var debugging atomic.Bool

// facts is what a call or a request is about.
type facts struct {
	op   string
	c    *Comm
	win  *Win // of which c is, or was, the communicator
	way  way
	peer int // or the root
	tag  int
	n    int       // elements
	e    *cgo.Elem // of this type; nil where there are none to speak of
	o    op.Op
}

// way is what the peer of facts is.
type way uint8

const (
	noPeer way = iota
	sends
	receives
	rooted
	reaches // the target of a window
)

func (f facts) String() string {
	switch {
	case f.win != nil:
		return f.what() + ", in " + f.win.label()
	case f.c != nil:
		return f.what() + ", on " + f.c.label()
	}
	return f.what()
}

// what leaves out the communicator.
func (f facts) what() string {
	var b strings.Builder
	b.WriteString(f.op)
	switch f.way {
	case sends:
		fmt.Fprintf(&b, " to %s, tag %d", f.c.peerName(f.peer), f.tag)
	case receives:
		fmt.Fprintf(&b, " from %s, ", f.c.peerName(f.peer))
		if f.tag == AnyTag {
			b.WriteString("any tag")
		} else {
			fmt.Fprintf(&b, "tag %d", f.tag)
		}
	case rooted:
		b.WriteString(", root " + strings.TrimPrefix(f.c.peerName(f.peer), "rank "))
	case reaches:
		b.WriteString(", target " + strings.TrimPrefix(f.c.peerName(f.peer), "rank "))
	}
	if f.o != (op.Op{}) {
		fmt.Fprintf(&b, ", %v", f.o)
	}
	switch {
	case f.e == nil:
	case f.n < 0:
		fmt.Fprintf(&b, ", %v", f.e.Kind)
	case f.e.Kind == cgo.Derived:
		fmt.Fprintf(&b, ", %d elements of %d bytes", f.n, f.e.Size)
	default:
		fmt.Fprintf(&b, ", %d %v", f.n, f.e.Kind)
	}
	return b.String()
}

// peerName is a rank of c, and which rank of the world that is.
func (c *Comm) peerName(rank int) string {
	switch rank {
	case AnySource:
		return "any rank"
	case ProcNull:
		return "ProcNull"
	case Root:
		return "Root"
	}
	if c != nil && uint(rank) < uint(len(c.members)) {
		return fmt.Sprintf("rank %d (%d of the world)", rank, c.members[rank])
	}
	return fmt.Sprintf("rank %d", rank)
}

// label names c, without a call of MPI: the watchdog must not depend on it.
func (c *Comm) label() string {
	if name := c.name.Load(); name != nil && *name != "" {
		return *name
	}
	switch c {
	case world:
		return "MPI_COMM_WORLD"
	case self:
		return "MPI_COMM_SELF"
	}
	s := fmt.Sprintf("a communicator of %d ranks", c.size)
	if c.made != nil {
		call, at := c.made.caller()
		s += fmt.Sprintf(" (made by %s at %s)", call, at)
	}
	return s
}

// note takes down what reports on c need: where it was made, and which ranks of
// the world its ranks are.
func (c *Comm) note() {
	c.made = new(trace)
	callers(c.made)
	if world.h != 0 && c != world && c != self {
		c.members = c.worldRanks()
	}
}

// worldRanks is c's ranks (of an intercommunicator, the other group's) as those of
// the world, and Undefined where they are none; nil if that cannot be found out.
func (c *Comm) worldRanks() []int {
	g, err := newGroup(cgo.GroupOf("Comm.Group", c.h, c.inter))
	if err != nil {
		return nil
	}
	defer g.Free()
	all, err := newGroup(cgo.GroupOf("Comm.Group", world.h, false))
	if err != nil {
		return nil
	}
	defer all.Free()
	ranks := make([]int, g.size)
	for i := range ranks {
		ranks[i] = i
	}
	members, err := g.TranslateRanks(ranks, all)
	if err != nil {
		return nil
	}
	return members
}

// blocked is the place where a call that may block writes down what it is. Its
// state is a lock that is free, or the call's, or the watchdog's for a moment.
type blocked struct {
	state atomic.Uint32
	facts facts
	since int64 // see clock
	from  trace
	round atomic.Pointer[round] // of check mode, if that is on
}

const (
	idle uint32 = iota
	writing
	waiting
	reading
)

// clock is how long ago the watchdog began, as of its last look: to read the
// time is too dear for a small message.
var clock atomic.Int64

// begin writes down a call in a place that is idle or just taken.
func (b *blocked) begin(f facts) {
	b.facts, b.since = f, clock.Load()
	b.round.Store(nil)
	callers(&b.from)
	b.state.Store(waiting)
}

// over says that the call is over. It may be called on nil.
func (b *blocked) over() {
	for b != nil && !b.state.CompareAndSwap(waiting, idle) {
		runtime.Gosched() // the watchdog is reading
	}
}

// read copies what a call in progress has written.
func (b *blocked) read(to *stuck) bool {
	if !b.state.CompareAndSwap(waiting, reading) {
		return false
	}
	*to = stuck{facts: b.facts, since: b.since, from: b.from, round: b.round.Load()}
	b.state.Store(waiting)
	return true
}

// places holds those of calls that are not the engine's: there they are in the
// parkers. There are as many as ever were needed at once.
var places chunk

type chunk struct {
	blocked [32]blocked
	next    atomic.Pointer[chunk]
}

// watch writes down a call on c that may block. Its over must be called
// afterwards.
func (c *Comm) watch(op string) *blocked { return watch(facts{op: op, c: c}) }

func watch(f facts) *blocked {
	if !debugging.Load() {
		return nil
	}
	for k := &places; ; k = k.next.Load() {
		for i := range k.blocked {
			b := &k.blocked[i]
			if b.state.Load() == idle && b.state.CompareAndSwap(idle, writing) {
				b.begin(f)
				return b
			}
		}
		if k.next.Load() == nil {
			k.next.CompareAndSwap(nil, new(chunk))
		}
	}
}

// stuck is a call or a request, as the watchdog saw it.
type stuck struct {
	facts facts
	parts []facts // of a call in the engine: what it sends and receives
	need  int     // and how many requests it waits for
	round *round
	since int64
	from  trace
}

// calls are the calls in progress.
func calls() (all []stuck) {
	var s stuck
	for k := &places; k != nil; k = k.next.Load() {
		for i := range k.blocked {
			if k.blocked[i].read(&s) {
				all = append(all, s)
			}
		}
	}
	eng.mu.Lock()
	defer eng.mu.Unlock()
	for _, p := range eng.parkers {
		if p.hidden || !p.call.read(&s) {
			continue
		}
		s.need = p.need
		for i := range p.own {
			if r := &p.own[i]; r.op != "" && !r.complete() {
				s.facts.op = r.op
				s.parts = append(s.parts, r.facts())
			}
		}
		all = append(all, s)
	}
	return all
}

// requests are the pending ones, but for those of blocking calls.
func requests() (all []stuck) {
	flights.mu.Lock()
	defer flights.mu.Unlock()
	for _, b := range flights.blocks {
		for i := range b {
			if f := &b[i]; f.r != nil && !f.r.blocking && !f.r.complete() && f.about != nil && !f.r.hidden() {
				all = append(all, *f.about)
			}
		}
	}
	return all
}

// facts is what r was when it was posted.
func (r *Request) facts() facts {
	f := facts{op: r.op, c: r.comm, peer: int(r.peer), tag: int(r.tag), e: r.data, o: r.reduces}
	if f.e != nil && f.e.Size > 0 {
		f.n = r.size / f.e.Size
	}
	switch {
	case r.win != nil:
		f.c, f.win, f.way = r.win.c, r.win, reaches
	case r.coll || r.general != nil:
	case r.elem > 0:
		f.way = receives
	default:
		f.way = sends
	}
	return f
}

// note takes down what the flight of r is about; flights.mu is held.
func (f *flight) note(r *Request) {
	if f.about == nil {
		f.about = new(stuck)
	}
	f.about.facts, f.about.since, f.about.from = r.facts(), clock.Load(), f.from
}

// Watchdog has each rank say on standard error what it waits for when a call
// has blocked for longer than limit, again when that time has doubled, and so
// on: the call, its peer, tag, elements and communicator, where the program
// made it, and the requests that are pending. When a call has blocked for
// longer than abort, unless that is 0, the whole job ends with a report.
//
// The environment variable MPI4GO_WATCHDOG, set to "30s" or "30s,2m" (limit and
// abort), does the same for programs that do not ask for it. Set to "off" there is
// none for those that do, and no job is ended because it waits for ranks that have
// left, which needs no Watchdog.
func Watchdog(limit, abort time.Duration) Option {
	return func(c *config) { c.watchdog = watchdog{limit: limit, abort: abort} }
}

type watchdog struct {
	limit, abort time.Duration
	off          bool // nor does anybody look for ranks that have left
	begun        time.Time
	// When the next report is due, and the time between it and the one after.
	next, wait time.Duration
}

// watchdogOf is what the environment says, or else the program.
func watchdogOf(op, env string, w watchdog) (watchdog, error) {
	const name = "MPI4GO_WATCHDOG"
	switch env {
	case "":
	case "off", "0":
		return watchdog{off: true}, nil
	default:
		limit, abort, two := strings.Cut(env, ",")
		var err error
		if w.limit, err = time.ParseDuration(limit); err == nil {
			w.abort = 0
			if two {
				w.abort, err = time.ParseDuration(abort)
			}
		}
		if err != nil || w.limit <= 0 || two && w.abort < w.limit {
			return w, argError(op, ErrArg, `%s is %q, but must be "off", a time such as "30s", or two such as "30s,2m", of which the second, to abort, is not the shorter one`, name, env)
		}
		return w, nil
	}
	if w.limit < 0 || w.abort != 0 && w.abort < w.limit {
		return w, argError(op, ErrArg, "the limits of the watchdog are %v and %v, but cannot be negative, and the second, unless it is 0, not less than the first", w.limit, w.abort)
	}
	return w, nil
}

// start is called before MPI can be used.
func (w watchdog) start() {
	if w.limit == 0 {
		return
	}
	debugging.Store(true)
	w.begun = time.Now()
	go w.run()
}

// run looks often enough that times are right by a twentieth.
func (w *watchdog) run() {
	for range time.Tick(min(max(w.limit/20, time.Millisecond), 250*time.Millisecond)) {
		if lifecycle.Load() == finalized && len(calls()) == 0 {
			return
		}
		now := time.Since(w.begun)
		clock.Store(int64(now))
		w.look(now)
	}
}

// look reports when a call has blocked for long and a report is due.
func (w *watchdog) look(now time.Duration) {
	all := slices.DeleteFunc(calls(), func(s stuck) bool { return now-time.Duration(s.since) <= w.limit })
	if len(all) == 0 {
		w.next, w.wait = 0, w.limit
		return
	}
	slices.SortFunc(all, func(a, b stuck) int { return cmp.Compare(a.since, b.since) })
	first := all[0]
	blocked := now - time.Duration(first.since)
	abort := w.abort > 0 && blocked > w.abort
	if now >= w.next || abort {
		os.Stderr.WriteString(w.report(now, all))
		w.next = now + w.wait
		w.wait *= 2
	}
	if abort {
		call, at := first.call()
		die(1, fmt.Sprintf("error: %s at %s has blocked for longer than the %v that the watchdog allows", call, at, w.abort), nil)
	}
}

// most is how many calls, and how many requests, one report lists.
const most = 8

func (w *watchdog) report(now time.Duration, all []stuck) string {
	var b strings.Builder
	who := "mpi: watchdog: "
	if world.h != 0 {
		who += fmt.Sprintf("rank %d of %d", world.rank, world.size)
	} else {
		who += fmt.Sprintf("process %d", os.Getpid())
	}
	host, _ := os.Hostname()
	line := func(s *stuck, format string, args ...any) {
		age := now - time.Duration(s.since)
		since := time.Now().Add(-age)
		fmt.Fprintf(&b, "%s on %s: %s, for %v, since %s\n", who, host, fmt.Sprintf(format, args...),
			age.Round(100*time.Millisecond), since.Format(time.TimeOnly))
	}
	for i := range all[:min(len(all), most)] {
		s := &all[i]
		_, at := s.call()
		line(s, "waits in %s, at %s%s", s.describe(), at, s.absent())
	}
	if more := len(all) - most; more > 0 {
		fmt.Fprintf(&b, "%s on %s: and in %d more calls\n", who, host, more)
	}
	pending := requests()
	slices.SortFunc(pending, func(a, b stuck) int { return cmp.Compare(a.since, b.since) })
	for i := range pending[:min(len(pending), most)] {
		s := &pending[i]
		_, at := s.call()
		line(s, "pending: %s, posted at %s", s.facts, at)
	}
	if more := len(pending) - most; more > 0 {
		fmt.Fprintf(&b, "%s on %s: pending: %d more requests\n", who, host, more)
	}
	return b.String()
}

// call is the function of this module that the program called, and where.
func (s *stuck) call() (call, at string) {
	call, at = s.from.caller()
	return cmp.Or(call, s.facts.op, "a call"), cmp.Or(at, "an unknown place")
}

// absent says which ranks a collective waits for, where check mode knows.
func (s *stuck) absent() string {
	if s.round == nil {
		return ""
	}
	if ranks := s.round.absent(); len(ranks) > 0 {
		return ", to which " + s.facts.c.ranksName(ranks) + " did not come"
	}
	return ""
}

// describe says what a call is about. The program may have called one that is
// made of others: object.Recv, which waits in Mprobe.
func (s *stuck) describe() string {
	call, _ := s.call()
	var inner string
	switch {
	case len(s.parts) == 1:
		inner = s.parts[0].String()
	case len(s.parts) == 2: // the communicator is named once
		a, b := s.parts[0], s.parts[1]
		b.op = ", and"
		inner = a.what() + b.String()
	case s.facts.op != "":
		inner = s.facts.String()
	case s.need == 1:
		return call + " for 1 request"
	default:
		return fmt.Sprintf("%s for %d requests", call, s.need)
	}
	if name := strings.TrimPrefix(call, "Comm."); name == strings.TrimPrefix(s.facts.op, "Comm.") {
		return inner
	}
	return call + ", in " + inner
}
