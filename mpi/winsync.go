package mpi

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Synchronisation of windows: when transfers may begin, and when they are
// complete.

// Assert is a promise to the library about what a rank does around a call of
// synchronisation, which may save it work. A promise that is not kept has any
// consequence.
type Assert int

// The assertions (MPI 4.1 §12.5.5).
const (
	// ModeNoCheck: of Lock and LockAll, nobody holds a lock that would have to
	// be waited for; of Start, the targets have called Post, with ModeNoCheck
	// too.
	ModeNoCheck Assert = cgo.NoCheck
	// ModeNoStore, of Fence and Post: this rank has not written its own memory
	// of the window since the last synchronisation.
	ModeNoStore Assert = cgo.NoStore
	// ModeNoPut, of Fence and Post: nobody will put into this rank's memory, nor
	// accumulate, until the next Fence or Wait.
	ModeNoPut Assert = cgo.NoPut
	// ModeNoPrecede, of Fence: no rank has begun a transfer since the last
	// Fence. All ranks say so, or none.
	ModeNoPrecede Assert = cgo.NoPrecede
	// ModeNoSucceed, of Fence: no rank will begin a transfer before the next
	// Fence. All ranks say so, or none.
	ModeNoSucceed Assert = cgo.NoSucceed
)

func (a Assert) String() string {
	var s []string
	for _, m := range []struct {
		bit  Assert
		name string
	}{
		{ModeNoCheck, "MPI_MODE_NOCHECK"}, {ModeNoStore, "MPI_MODE_NOSTORE"}, {ModeNoPut, "MPI_MODE_NOPUT"},
		{ModeNoPrecede, "MPI_MODE_NOPRECEDE"}, {ModeNoSucceed, "MPI_MODE_NOSUCCEED"},
	} {
		if a&m.bit != 0 {
			s = append(s, m.name)
			a &^= m.bit
		}
	}
	if a != 0 || s == nil {
		s = append(s, fmt.Sprintf("Assert(%d)", int(a)))
	}
	return strings.Join(s, "|")
}

// asserted adds the assertions up, of which the call knows the legal ones.
func asserted(op string, legal Assert, asserts []Assert) (int, error) {
	var sum Assert
	for _, a := range asserts {
		if a&^legal != 0 {
			return 0, argError(op, ErrAssert, "%v is no assertion for this call", a)
		}
		sum |= a
	}
	return int(sum), nil
}

// LockType says who else may hold the lock of the same rank.
type LockType int

// The types of locks.
const (
	LockShared    LockType = cgo.LockShared    // others that are shared
	LockExclusive LockType = cgo.LockExclusive // nobody
)

// epoch is what a rank has begun in a window and not ended: an access epoch, in
// which it may reach others, and an exposure epoch, in which those that it has
// named may reach it. Within Fences everybody has both. The libraries do not all
// survive calls at the wrong time. Win.mu is held.
type epoch struct {
	access  access
	targets map[int]bool // locked or started
	exposed bool         // by Post
	held    map[int]*hold
}

type access int8

const (
	none        access = iota
	fenced             // by a Fence, with nothing begun: any other epoch may follow
	fencedInUse        // by a Fence, with transfers
	started
	locked
	lockedAll
)

func (a access) String() string {
	return [...]string{"none", "that of Fence", "that of Fence", "that of Start", "that of Lock", "that of LockAll"}[a]
}

// closed says whether no epoch is open but an empty one of Fence.
func (e *epoch) closed(op string) error {
	if e.access > fenced {
		return argError(op, ErrRMASync, "an access epoch is open, %v: end it first", e.access)
	}
	return e.unexposed(op)
}

func (e *epoch) unexposed(op string) error {
	if e.exposed {
		return argError(op, ErrRMASync, "the exposure epoch of Post is open: end it with Wait or Test first")
	}
	return nil
}

// reaches says whether a transfer with the rank may begin now. One that makes a
// request needs a lock.
func (e *epoch) reaches(op string, rank int, request bool) error {
	switch {
	case e.access == lockedAll || e.access == locked && e.targets[rank]:
		return nil
	case request:
		return argError(op, ErrRMASync, "rank %d is not locked, as MPI wants it for transfers with a request: call Lock or LockAll first", rank)
	case e.access == fenced:
		e.access = fencedInUse
	case e.access == fencedInUse || e.access == started && e.targets[rank]:
	default:
		return argError(op, ErrRMASync, "rank %d cannot be reached now (the access epoch is %v): call Fence, Start, Lock or LockAll first", rank, e.access)
	}
	return nil
}

// begin opens an access epoch.
func (e *epoch) begin(a access, targets ...int) {
	if e.targets == nil {
		e.targets = make(map[int]bool)
	}
	e.access = a
	for _, t := range targets {
		e.targets[t] = true
	}
}

// end closes the access epoch.
func (e *epoch) end() {
	e.access = none
	clear(e.targets)
}

// unlock gives up the lock of a rank.
func (e *epoch) unlock(rank int) {
	delete(e.targets, rank)
	if len(e.targets) == 0 {
		e.access = none
	}
}

// hold keeps the buffers of transfers with one rank until they are complete.
type hold struct {
	pin    runtime.Pinner
	target int
	next   *hold
}

// holds are free ones, with nothing pinned.
var holds = sync.Pool{New: func() any { return new(hold) }}

// everybody stands for all ranks, where one is asked for.
const everybody = -1

// take removes the holds of one rank, or of all: of the transfers that a call of
// synchronisation which follows will complete.
func (w *Win) take(target int) (all *hold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for t, h := range w.epoch.held {
		if target != everybody && t != target {
			continue
		}
		last := h
		for last.next != nil {
			last = last.next
		}
		last.next, all = all, h
		delete(w.epoch.held, t)
	}
	return all
}

// giveBack undoes take: the call has failed, and what it should have completed
// may still be under way.
func (w *Win) giveBack(h *hold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for h != nil {
		next := h.next
		h.next = w.epoch.held[h.target]
		w.epoch.held[h.target] = h
		h = next
	}
}

// release lets go of the buffers of transfers with one rank, or with all.
func (w *Win) release(target int) { w.take(target).drop() }

func (h *hold) drop() {
	for h != nil {
		next := h.next
		h.pin.Unpin()
		h.next = nil
		holds.Put(h)
		h = next
	}
}

// watch writes down a call that may block, on a rank or on everybody.
func (w *Win) watch(op string, rank int) *blocked {
	f := facts{op: op, c: w.c, win: w}
	if rank != everybody {
		f.way, f.peer = reaches, rank
	}
	return watch(f)
}

// enters is watch for a call that all ranks of w make: in check mode they compare
// it first, and those of the assertions that they must all give.
func (w *Win) enters(op string, assertions int) *blocked {
	b := w.watch(op, everybody)
	if b == nil || w.checker == nil {
		return b
	}
	v := newVote(facts{op: op}, terms{})
	if a := Assert(assertions) & (ModeNoPrecede | ModeNoSucceed); a != 0 {
		v.Op = a.String()
		v.Text += ", " + v.Op
	}
	w.checker.compare(b, v)
	return b
}

// label names w, as that of a Comm does.
func (w *Win) label() string {
	if name := w.name.Load(); name != nil && *name != "" {
		return "the window " + *name
	}
	s := "a window "
	if w.made != nil {
		call, at := w.made.caller()
		s += fmt.Sprintf("(made by %s at %s) ", call, at)
	}
	return s + "of " + w.c.label()
}

// sync makes a call of synchronisation, which may block.
func (w *Win) sync(op string, what, rank, assertions int) error {
	breathe()
	defer w.watch(op, rank).over()
	return cgo.WinSync(op, what, w.h, max(rank, 0), assertions)
}

// synced makes a call that completes the transfers with a rank, or with all.
func (w *Win) synced(op string, what, rank, assertions int) error {
	h := w.take(rank)
	if err := w.sync(op, what, rank, assertions); err != nil {
		w.giveBack(h)
		return err
	}
	h.drop()
	return nil
}

// change checks the window and moves its epoch, if f has nothing against it.
func (w *Win) change(op string, f func(e *epoch) error) error {
	if err := w.check(op); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return f(&w.epoch)
}

// restore is for a call that has failed after change.
func (w *Win) restore(f func(e *epoch)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.epoch)
}

func (w *Win) checkRank(op string, rank int) error {
	if uint(rank) < uint(w.size) {
		return nil
	}
	return argError(op, ErrRank, "target is %d, but the window's ranks are 0 to %d", rank, w.size-1)
}

// Fence ends the transfers of all ranks since the last Fence, here and at their
// targets, and begins an epoch in which all may begin new ones. The first Fence
// only begins one, and one with ModeNoSucceed only ends it. Collective over the
// ranks of w, which wait for each other unless the assertions show that there is
// no need.
//
// Errors: ErrWin, ErrAssert (also ModeNoPrecede, when this rank has begun
// transfers), ErrRMASync (another epoch is open).
//
// Implements: MPI_Win_fence (MPI 4.1 §12.5.1)
func (w *Win) Fence(asserts ...Assert) error {
	const op = "Win.Fence"
	sum, err := asserted(op, ModeNoStore|ModeNoPut|ModeNoPrecede|ModeNoSucceed, asserts)
	if err != nil {
		return w.raise(err)
	}
	err = w.change(op, func(e *epoch) error {
		switch {
		case e.access == fencedInUse && sum&cgo.NoPrecede != 0:
			return argError(op, ErrAssert, "this rank has begun transfers since the last Fence, against %v", ModeNoPrecede)
		case e.access == fencedInUse:
			return e.unexposed(op)
		}
		return e.closed(op)
	})
	if err != nil {
		return w.raise(err)
	}
	w.enters(op, sum).over()
	if err := w.synced(op, cgo.Fence, everybody, sum); err != nil {
		return w.raise(err)
	}
	w.restore(func(e *epoch) {
		e.access = fenced
		if sum&cgo.NoSucceed != 0 {
			e.access = none
		}
	})
	return nil
}

// Start begins an epoch in which this rank may reach those of the group, each of
// which calls Post with a group that has this rank in it. It may wait for them.
//
// Errors: ErrWin, ErrGroup (also when a member is no rank of w), ErrAssert,
// ErrRMASync (another access epoch is open).
//
// Implements: MPI_Win_start (MPI 4.1 §12.5.2)
func (w *Win) Start(g *Group, asserts ...Assert) error {
	const op = "Win.Start"
	sum, err := asserted(op, ModeNoCheck, asserts)
	if err != nil {
		return w.raise(err)
	}
	targets, err := w.ranksOf(op, g)
	if err != nil {
		return w.raise(err)
	}
	err = w.change(op, func(e *epoch) error {
		if e.access > fenced {
			return argError(op, ErrRMASync, "an access epoch is open, %v: end it first", e.access)
		}
		e.begin(started, targets...)
		return nil
	})
	if err != nil {
		return w.raise(err)
	}
	defer w.watch(op, everybody).over()
	if err = cgo.WinStart(op, false, w.h, g.h, sum); err != nil {
		w.restore((*epoch).end)
	}
	return w.raise(err)
}

// Complete ends the epoch of Start. When it returns, the buffers of its transfers
// may be used again.
//
// Errors: ErrWin, ErrRMASync (there has been no Start).
//
// Implements: MPI_Win_complete (MPI 4.1 §12.5.2)
func (w *Win) Complete() error {
	const op = "Win.Complete"
	err := w.change(op, func(e *epoch) error {
		if e.access != started {
			return argError(op, ErrRMASync, "there has been no Start (the access epoch is %v)", e.access)
		}
		return nil
	})
	if err == nil {
		err = w.synced(op, cgo.CompleteAccess, everybody, 0)
	}
	if err == nil {
		w.restore((*epoch).end)
	}
	return w.raise(err)
}

// Post begins an epoch in which the ranks of the group, each of which calls Start,
// may reach this rank's memory. It does not wait for them.
//
// Errors: ErrWin, ErrGroup (also when a member is no rank of w), ErrAssert,
// ErrRMASync (an exposure epoch is open).
//
// Implements: MPI_Win_post (MPI 4.1 §12.5.2)
func (w *Win) Post(g *Group, asserts ...Assert) error {
	const op = "Win.Post"
	sum, err := asserted(op, ModeNoCheck|ModeNoStore|ModeNoPut, asserts)
	if err != nil {
		return w.raise(err)
	}
	if _, err := w.ranksOf(op, g); err != nil {
		return w.raise(err)
	}
	err = w.change(op, func(e *epoch) error {
		if e.access == fencedInUse {
			return argError(op, ErrRMASync, "the epoch of Fence is open: end it first")
		}
		if err := e.unexposed(op); err != nil {
			return err
		}
		if e.access == fenced {
			e.access = none
		}
		e.exposed = true
		return nil
	})
	if err != nil {
		return w.raise(err)
	}
	if err = cgo.WinStart(op, true, w.h, g.h, sum); err != nil {
		w.restore(func(e *epoch) { e.exposed = false })
	}
	return w.raise(err)
}

// Wait ends the epoch of Post. It waits until the ranks that it named have called
// Complete; then what they have put is there.
//
// Errors: ErrWin, ErrRMASync (there has been no Post).
//
// Implements: MPI_Win_wait (MPI 4.1 §12.5.2)
func (w *Win) Wait() error {
	const op = "Win.Wait"
	err := w.change(op, func(e *epoch) error { return e.posted(op) })
	if err == nil {
		err = w.sync(op, cgo.WaitForAll, everybody, 0)
	}
	if err == nil {
		w.restore(func(e *epoch) { e.exposed = false })
	}
	return w.raise(err)
}

// Test is Wait that does not wait: it reports whether the epoch is over, and if
// so ends it.
//
// Errors: ErrWin, ErrRMASync (there has been no Post).
//
// Implements: MPI_Win_test (MPI 4.1 §12.5.2)
func (w *Win) Test() (bool, error) {
	const op = "Win.Test"
	err := w.change(op, func(e *epoch) error { return e.posted(op) })
	var over bool
	if err == nil {
		over, err = cgo.WinTest(op, w.h)
	}
	if over && err == nil {
		w.restore(func(e *epoch) { e.exposed = false })
	}
	return over, w.raise(err)
}

func (e *epoch) posted(op string) error {
	if !e.exposed {
		return argError(op, ErrRMASync, "there has been no Post")
	}
	return nil
}

// ranksOf is which ranks of w the members of g are.
func (w *Win) ranksOf(op string, g *Group) ([]int, error) {
	if err := w.check(op); err != nil {
		return nil, err
	}
	if err := g.check(op, "the group"); err != nil {
		return nil, err
	}
	all, err := newGroup(cgo.WinGroup(op, w.h))
	if err != nil {
		return nil, err
	}
	defer all.Free()
	ranks := make([]int, g.size)
	for i := range ranks {
		ranks[i] = i
	}
	if ranks, err = g.TranslateRanks(ranks, all); err != nil {
		return nil, err
	}
	for i, r := range ranks {
		if r == Undefined {
			return nil, argError(op, ErrGroup, "rank %d of the group is not in the window", i)
		}
	}
	return ranks, nil
}

// Lock begins an epoch in which this rank may reach the target, which calls
// nothing: alone when the lock is exclusive, and beside others that hold a shared
// one, else. It waits for those who hold one that does not go with it, here or in
// the first call that needs the lock. Several ranks may be locked at a time.
//
// Errors: ErrWin, ErrRank, ErrLocktype, ErrAssert, ErrRMASync (another epoch is
// open, or this rank has locked the target).
//
// Implements: MPI_Win_lock (MPI 4.1 §12.5.3)
func (w *Win) Lock(kind LockType, target int, asserts ...Assert) error {
	const op = "Win.Lock"
	sum, err := asserted(op, ModeNoCheck, asserts)
	if err != nil {
		return w.raise(err)
	}
	err = w.change(op, func(e *epoch) error {
		if err := w.checkRank(op, target); err != nil {
			return err
		}
		switch {
		case kind != LockShared && kind != LockExclusive:
			return argError(op, ErrLocktype, "kind is %d, but must be LockShared or LockExclusive", int(kind))
		case e.access == locked && e.targets[target]:
			return argError(op, ErrRMASync, "rank %d is locked already", target)
		case e.access > fenced && e.access != locked:
			return argError(op, ErrRMASync, "an access epoch is open, %v: end it first", e.access)
		}
		e.begin(locked, target)
		return nil
	})
	if err != nil {
		return w.raise(err)
	}
	if err = w.sync(op, int(kind), target, sum); err != nil {
		w.restore(func(e *epoch) { e.unlock(target) })
	}
	return w.raise(err)
}

// Unlock ends the epoch of Lock. When it returns, the transfers are complete,
// here and at the target.
//
// Errors: ErrWin, ErrRank, ErrRMASync (there has been no Lock).
//
// Implements: MPI_Win_unlock (MPI 4.1 §12.5.3)
func (w *Win) Unlock(target int) error {
	const op = "Win.Unlock"
	err := w.change(op, func(e *epoch) error {
		if err := w.checkRank(op, target); err != nil {
			return err
		}
		if e.access != locked || !e.targets[target] {
			return argError(op, ErrRMASync, "rank %d is not locked by Lock (the access epoch is %v)", target, e.access)
		}
		return nil
	})
	if err == nil {
		err = w.synced(op, cgo.Unlock, target, 0)
	}
	if err == nil {
		w.restore(func(e *epoch) { e.unlock(target) })
	}
	return w.raise(err)
}

// LockAll begins an epoch in which this rank may reach all, itself too, with a
// shared lock of each. It is not collective.
//
// Errors: ErrWin, ErrAssert, ErrRMASync (another access epoch is open).
//
// Implements: MPI_Win_lock_all (MPI 4.1 §12.5.3)
func (w *Win) LockAll(asserts ...Assert) error {
	const op = "Win.LockAll"
	sum, err := asserted(op, ModeNoCheck, asserts)
	if err != nil {
		return w.raise(err)
	}
	err = w.change(op, func(e *epoch) error {
		if e.access > fenced {
			return argError(op, ErrRMASync, "an access epoch is open, %v: end it first", e.access)
		}
		e.begin(lockedAll)
		return nil
	})
	if err != nil {
		return w.raise(err)
	}
	if err = w.sync(op, cgo.LockAll, everybody, sum); err != nil {
		w.restore((*epoch).end)
	}
	return w.raise(err)
}

// UnlockAll ends the epoch of LockAll. When it returns, the transfers are
// complete, here and at their targets.
//
// Errors: ErrWin, ErrRMASync (there has been no LockAll).
//
// Implements: MPI_Win_unlock_all (MPI 4.1 §12.5.3)
func (w *Win) UnlockAll() error {
	const op = "Win.UnlockAll"
	err := w.change(op, func(e *epoch) error {
		if e.access != lockedAll {
			return argError(op, ErrRMASync, "there has been no LockAll (the access epoch is %v)", e.access)
		}
		return nil
	})
	if err == nil {
		err = w.synced(op, cgo.UnlockAll, everybody, 0)
	}
	if err == nil {
		w.restore((*epoch).end)
	}
	return w.raise(err)
}

// Flush completes the transfers with the target that have begun, here and there,
// without giving up the lock: those of all goroutines.
//
// Errors: ErrWin, ErrRank, ErrRMASync (the target is not locked).
//
// Implements: MPI_Win_flush (MPI 4.1 §12.5.4)
func (w *Win) Flush(target int) error { return w.flush("Win.Flush", cgo.Flush, target) }

// FlushLocal is Flush on this side only: buffers may be used again and results
// are there, but what was put need not have arrived.
//
// Errors: as those of Flush.
//
// Implements: MPI_Win_flush_local (MPI 4.1 §12.5.4)
func (w *Win) FlushLocal(target int) error { return w.flush("Win.FlushLocal", cgo.FlushLocal, target) }

func (w *Win) flush(op string, what, target int) error {
	err := w.change(op, func(e *epoch) error {
		if err := w.checkRank(op, target); err != nil {
			return err
		}
		if e.access != lockedAll && !(e.access == locked && e.targets[target]) {
			return argError(op, ErrRMASync, "rank %d is not locked (the access epoch is %v)", target, e.access)
		}
		return nil
	})
	if err == nil {
		err = w.synced(op, what, target, 0)
	}
	return w.raise(err)
}

// FlushAll is Flush for all targets.
//
// Errors: ErrWin, ErrRMASync (no rank is locked).
//
// Implements: MPI_Win_flush_all (MPI 4.1 §12.5.4)
func (w *Win) FlushAll() error { return w.flushAll("Win.FlushAll", cgo.FlushAll) }

// FlushLocalAll is FlushLocal for all targets.
//
// Errors: ErrWin, ErrRMASync (no rank is locked).
//
// Implements: MPI_Win_flush_local_all (MPI 4.1 §12.5.4)
func (w *Win) FlushLocalAll() error { return w.flushAll("Win.FlushLocalAll", cgo.FlushLocalAll) }

func (w *Win) flushAll(op string, what int) error {
	err := w.change(op, func(e *epoch) error {
		if e.access < locked {
			return argError(op, ErrRMASync, "no rank is locked (the access epoch is %v)", e.access)
		}
		return nil
	})
	if err == nil {
		err = w.synced(op, what, everybody, 0)
	}
	return w.raise(err)
}

// Sync makes what this rank has written to its memory of the window visible to
// the others, and what they have written to it: it orders loads and stores around
// it. Ranks that write shared memory directly need it, and those with a window
// that is not Unified.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_sync (MPI 4.1 §12.5.4)
func (w *Win) Sync() error {
	const op = "Win.Sync"
	err := w.check(op)
	if err == nil {
		err = w.sync(op, cgo.SyncMemory, everybody, 0)
	}
	return w.raise(err)
}
