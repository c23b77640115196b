package object

import (
	"fmt"
	"sync"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi"
)

// Reductions by a Go function go along a tree, in messages from rank to rank.
// On the user's communicator these could be taken for messages of the user's:
// they have a duplicate of it for themselves, which is made by the first
// reduction on the communicator and freed with it.

var private = struct {
	once sync.Once
	key  *mpi.Keyval[*mpi.Comm]
	err  error
}{}

// privateOf is that duplicate. Collective when c has none yet.
func privateOf(c *mpi.Comm) (*mpi.Comm, error) {
	private.once.Do(func() {
		leaks.Unlisted(func() {
			private.key, private.err = mpi.NewKeyval(nil, func(_ *mpi.Comm, d *mpi.Comm) {
				go d.Free() // not inside the call that frees the other
			})
		})
	})
	if private.err != nil {
		return nil, private.err
	}
	if d, ok := private.key.Get(c); ok {
		return d, nil
	}
	var d *mpi.Comm
	var err error
	leaks.Unlisted(func() { d, err = c.Dup() })
	if err != nil {
		return nil, err
	}
	return d, private.key.Set(c, d)
}

const tag = 0

// partial is what a rank has combined so far, or why it has nothing.
type partial[T any] struct {
	op  string
	c   *mpi.Comm
	f   func(a, b T) T
	v   T
	err error
}

func begin[T any](op string, c *mpi.Comm, v T, f func(a, b T) T) (*partial[T], error) {
	if err := check(op, c); err != nil {
		return nil, err
	}
	if f == nil {
		return nil, fmt.Errorf("object: %s: the function is nil", op)
	}
	if c.IsInter() {
		return nil, fmt.Errorf("object: %s: the communicator is an intercommunicator, which has no order of ranks", op)
	}
	d, err := privateOf(c)
	return &partial[T]{op: op, c: d, f: f, v: v}, err
}

// object is what p sends: the value, or the error in place of it.
func (p *partial[T]) object() []byte {
	if p.err == nil {
		var b []byte
		if b, p.err = object(p.op, &p.v); p.err == nil {
			return b
		}
	}
	return failure(p.err)
}

// receive returns what another rank has sent, or notes the error.
func (p *partial[T]) receive(source int) (v T) {
	m, err := p.c.Mprobe(source, tag)
	if err == nil {
		v, _, err = receive[T](p.op, m)
	}
	if err != nil && p.err == nil {
		p.err = err
	}
	return v
}

// tree combines the values of all ranks on rank 0, in the order of the ranks.
func (p *partial[T]) tree() error {
	me, size := p.c.Rank(), p.c.Size()
	for step := 1; step < size; step *= 2 {
		if me&step != 0 {
			return mpi.Send(p.c, p.object(), me-step, tag)
		}
		if me+step < size {
			if v := p.receive(me + step); p.err == nil {
				p.v = p.f(p.v, v)
			}
		}
	}
	return nil
}

// Reduce combines the values of all ranks by f and returns the result on rank
// root, and the zero value elsewhere. f must be associative; it need not be
// commutative, for it combines the values in the order of the ranks. It is
// called in about log2 of the number of ranks steps, on several ranks at once,
// and may change its first argument and return it.
//
// Errors: on root when any rank's value cannot be encoded or decoded; and on
// that rank.
func Reduce[T any](c *mpi.Comm, v T, f func(a, b T) T, root int) (T, error) {
	const op = "Reduce"
	var none T
	if err := checkRoot(op, c, root); err != nil {
		return none, err
	}
	p, err := begin(op, c, v, f)
	if err != nil {
		return none, err
	}
	if err := p.tree(); err != nil {
		return none, err
	}
	switch me := c.Rank(); {
	case root == 0:
	case me == 0:
		if err := mpi.Send(p.c, p.object(), root, tag); err != nil {
			return none, err
		}
	case me == root:
		// Its own part is with rank 0 now, and so are its errors.
		p.err = nil
		p.v = p.receive(0)
	}
	if c.Rank() != root || p.err != nil {
		return none, p.err
	}
	return p.v, nil
}

func checkRoot(op string, c *mpi.Comm, root int) error {
	if err := check(op, c); err != nil {
		return err
	}
	if root < 0 || root >= c.Size() {
		return &mpi.Error{Op: "object." + op, Class: mpi.ErrRoot, Msg: fmt.Sprintf("root is %d, but the communicator has the ranks 0 to %d", root, c.Size()-1)}
	}
	return nil
}

// Allreduce is Reduce with the result on all ranks.
//
// Errors: on all ranks.
func Allreduce[T any](c *mpi.Comm, v T, f func(a, b T) T) (T, error) {
	const op = "Allreduce"
	var none T
	p, err := begin(op, c, v, f)
	if err != nil {
		return none, err
	}
	if err := p.tree(); err != nil {
		return none, err
	}
	// All ranks take rank 0's word, so that they have the same.
	b := p.object()
	if c.Rank() != 0 {
		b = nil
	}
	n := []int{len(b)}
	if err := mpi.Bcast(p.c, n, 0); err != nil {
		return none, err
	}
	if c.Rank() != 0 {
		b = make([]byte, n[0])
	}
	if err := mpi.Bcast(p.c, b, 0); err != nil {
		return none, err
	}
	if c.Rank() == 0 {
		return p.v, p.err
	}
	var result T
	err = from(op, 0, decodeBytes(b, &result))
	return result, err
}

// Scan returns on each rank the combination of the values of all ranks up to
// its own, in their order. f is as for Reduce, but may not change its
// arguments.
//
// Errors: on the rank whose value cannot be encoded or decoded, and on those
// after it.
func Scan[T any](c *mpi.Comm, v T, f func(a, b T) T) (T, error) {
	p, err := begin("Scan", c, v, f)
	if err == nil {
		err = p.scan()
	}
	if err == nil {
		err = p.err
	}
	if err != nil {
		var none T
		return none, err
	}
	return p.v, nil
}

// scan combines each rank's value with all before it: after each step with
// twice as many as before.
func (p *partial[T]) scan() error {
	me, size := p.c.Rank(), p.c.Size()
	for step := 1; step < size; step *= 2 {
		var sent *mpi.Request
		if me+step < size {
			sent = mpi.Isend(p.c, p.object(), me+step, tag)
		}
		if me >= step {
			if v := p.receive(me - step); p.err == nil {
				p.v = p.f(v, p.v)
			}
		}
		if _, err := sent.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// Exscan is Scan without the rank's own value: the combination of those of the
// ranks before it. Rank 0 gets the zero value.
func Exscan[T any](c *mpi.Comm, v T, f func(a, b T) T) (T, error) {
	var before T
	p, err := begin("Exscan", c, v, f)
	if err == nil {
		err = p.scan()
	}
	if err != nil {
		return before, err
	}
	var sent *mpi.Request
	if me := c.Rank(); me+1 < c.Size() {
		sent = mpi.Isend(p.c, p.object(), me+1, tag)
	}
	own := p.err
	if c.Rank() > 0 {
		p.err = nil
		before = p.receive(c.Rank() - 1)
	}
	if _, err := sent.Wait(); err != nil {
		return before, err
	}
	if own == nil {
		own = p.err
	}
	return before, own
}
