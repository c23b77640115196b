package object

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
)

// An object's length is known only when it has arrived, so that the library
// cannot be given a buffer for it beforehand. Receives that have been begun
// wait in a queue of their communicator, and one goroutine per queue that is
// not empty probes for them, in the order in which they were begun.

var queues = struct {
	mu sync.Mutex
	of map[*mpi.Comm]*queue
}{of: make(map[*mpi.Comm]*queue)}

type queue struct {
	c    *mpi.Comm
	list []*posted // under queues.mu
}

// posted is a receive of any type.
type posted struct {
	source, tag int
	take        func(m *mpi.Message, err error) // called once, with a message or an error
}

// pending reports whether any receive has been begun on c and is not matched.
func pending(c *mpi.Comm) bool {
	queues.mu.Lock()
	defer queues.mu.Unlock()
	return queues.of[c] != nil
}

func post(c *mpi.Comm, p *posted) {
	queues.mu.Lock()
	defer queues.mu.Unlock()
	q := queues.of[c]
	if q == nil {
		q = &queue{c: c}
		queues.of[c] = q
		go q.serve()
	}
	q.list = append(q.list, p)
}

// withdraw takes p off its queue, and reports whether it was there.
func withdraw(c *mpi.Comm, p *posted) bool {
	queues.mu.Lock()
	defer queues.mu.Unlock()
	q := queues.of[c]
	if q == nil {
		return false
	}
	i := slices.Index(q.list, p)
	if i < 0 {
		return false
	}
	q.list = slices.Delete(q.list, i, i+1)
	return true
}

// matching takes off the queue the first that asked for such a message;
// queues.mu is held.
func (q *queue) matching(st mpi.Status) *posted {
	for i, p := range q.list {
		if (p.source == st.Source || p.source == mpi.AnySource) && (p.tag == st.Tag || p.tag == mpi.AnyTag) {
			q.list = slices.Delete(q.list, i, i+1)
			return p
		}
	}
	panic("object: a message that nobody asked for")
}

func (q *queue) serve() {
	idle := time.Now()
	for {
		found, more := q.look()
		switch {
		case !more:
			return
		case found:
			idle = time.Now()
		}
		if since := time.Since(idle); since > time.Millisecond {
			time.Sleep(min(since/64, time.Millisecond))
		} else {
			runtime.Gosched()
		}
	}
}

// look probes once for each receive of the queue, and reports whether it found
// any message, and whether receives are left. Nobody withdraws a receive while
// it is probed for: a message that has been taken has a taker.
func (q *queue) look() (found, more bool) {
	queues.mu.Lock()
	defer queues.mu.Unlock()
	for i := 0; i < len(q.list); {
		p := q.list[i]
		m, there, err := q.c.Improbe(p.source, p.tag)
		if err == nil && !there {
			i++
			continue
		}
		if err == nil {
			// One that was begun before may suit it too, and have been probed
			// for before it came.
			p = q.matching(m.Status())
		} else {
			q.list = slices.Delete(q.list, i, i+1)
		}
		found = true
		go p.take(m, err)
	}
	if len(q.list) == 0 {
		delete(queues.of, q.c)
	}
	return found, len(q.list) > 0
}

// Receiving is a receive that Irecv has begun. Its methods may be called from
// any goroutine.
type Receiving[T any] struct {
	c    *mpi.Comm
	p    *posted
	done chan struct{}

	// Written once before done is closed.
	v   T
	st  mpi.Status
	err error
}

// Irecv begins to receive an object, as Recv does, and returns at once. Several
// that the same message would suit get their messages in the order in which
// they were begun. No buffer is needed: each receives objects of any size.
func Irecv[T any](c *mpi.Comm, source, tag int) *Receiving[T] {
	r := &Receiving[T]{c: c, done: make(chan struct{})}
	r.p = &posted{source: source, tag: tag, take: func(m *mpi.Message, err error) {
		if err == nil {
			r.v, r.st, err = receive[T]("Irecv", m)
		}
		r.err = err
		close(r.done)
	}}
	if source == mpi.ProcNull {
		m, err := c.Mprobe(source, tag)
		r.p.take(m, err)
		return r
	}
	post(c, r.p)
	return r
}

// Wait blocks until the object is there, and returns it; so does every later
// call.
func (r *Receiving[T]) Wait() (T, mpi.Status, error) {
	<-r.done
	return r.v, r.st, r.err
}

// WaitContext is Wait until ctx ends: then it returns an error that wraps the
// context's cause. The receive goes on.
func (r *Receiving[T]) WaitContext(ctx context.Context) (v T, st mpi.Status, err error) {
	select {
	case <-r.done:
		return r.Wait()
	default:
	}
	select {
	case <-r.done:
		return r.Wait()
	case <-ctx.Done():
		return v, st, fmt.Errorf("object: Irecv: gave up waiting: %w", context.Cause(ctx))
	}
}

// Test returns the object if it is there, and says whether it is.
func (r *Receiving[T]) Test() (v T, st mpi.Status, there bool, err error) {
	select {
	case <-r.done:
		v, st, err = r.Wait()
		return v, st, true, err
	default:
		return v, st, false, nil
	}
}

// Done returns a channel that is closed when the object is there, for select.
func (r *Receiving[T]) Done() <-chan struct{} { return r.done }

// ErrCancelled is the error of a receive that Cancel has ended.
var ErrCancelled = errors.New("object: the receive was cancelled")

// Cancel ends a receive to which no message has come yet, and reports whether
// it did: Wait then returns ErrCancelled.
func (r *Receiving[T]) Cancel() bool {
	if !withdraw(r.c, r.p) {
		return false
	}
	r.p.take(nil, ErrCancelled)
	return true
}
