package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

// tag is that of all messages; the communicator is the pool's alone.
const tag = 0

// Run makes the ranks of c a pool of workers. All ranks of c call it: rank 0
// runs f, and the others serve, running the tasks that f gives out, until it
// returns.
//
// Run returns f's error on rank 0 and nil on the others: their part was to
// serve, and that went well. It returns an error on any rank whose messages
// fail. When f returns, tasks that still run are cancelled and waited for (those
// of a Submit that nobody waited for), and the workers are released. So they are
// when f panics: the panic then goes on.
//
// The context that f gets ends when f returns, or when communication fails.
//
// The pool's messages travel on a duplicate of c: tasks and f may use c and any
// other communicator. Rank 0 runs tasks only if it is alone, or with the option
// RootWorks. The options count on rank 0; calls on the pool can override them.
//
// Collective over c, which must be no intercommunicator. Several pools may run
// at once on different communicators.
func Run(c *mpi.Comm, f func(ctx context.Context, p *Pool) error, opts ...Option) error {
	if c == nil {
		return errors.New("pool: Run: the communicator is nil")
	}
	if c.IsInter() {
		return errors.New("pool: Run: the communicator is an intercommunicator, which has no one rank 0")
	}
	private, err := c.Dup()
	if err != nil {
		return fmt.Errorf("pool: Run: %w", err)
	}
	var o options
	if c.Rank() == 0 {
		return lead(private, f, &o, opts)
	}
	if err := serve(private); err != nil {
		return fmt.Errorf("pool: rank %d: %w", c.Rank(), err)
	}
	return private.Free()
}

// lead is rank 0's part. The workers wait for it, so nothing may end it before
// they are released: neither bad options, nor a panic or Goexit of f.
func lead(c *mpi.Comm, f func(context.Context, *Pool) error, o *options, opts []Option) (err error) {
	err = o.apply("pool: Run: ", opts, true)
	if err == nil && f == nil {
		err = errors.New("pool: Run: the function is nil")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	p := newPool(c, *o)
	p.onBreak = cancel
	var local *server
	if o.rootWorks || c.Size() == 1 {
		local = newServer(0, func(b []byte) error { go p.arrived(b); return nil })
		p.addWorker(0, func(b []byte) error { _, err := local.obey(b); return err })
	}
	for rank := 1; rank < c.Size(); rank++ {
		p.addWorker(rank, func(b []byte) error { return mpi.Send(c, b, rank, tag) })
	}
	received := p.receive(c)
	defer func() {
		cancel(ErrClosed)
		closing := p.close()
		<-received
		if local != nil {
			<-local.over
		}
		if closing == nil {
			closing = c.Free()
		}
		if err == nil {
			err = closing
		}
	}()
	if err != nil {
		return err
	}
	return f(ctx, p)
}

// receive takes the workers' answers, until p.receiver is called.
func (p *Pool) receive(c *mpi.Comm) <-chan struct{} {
	ctx, cancel := context.WithCancelCause(context.Background())
	p.receiver = cancel
	received := make(chan struct{})
	if c.Size() == 1 {
		close(received)
		return received
	}
	go func() {
		defer close(received)
		for {
			b, err := next(ctx, c, mpi.AnySource)
			if err != nil {
				if ctx.Err() == nil {
					p.fail(fmt.Errorf("pool: %w", err))
				}
				return
			}
			go p.arrived(b) // decoding may take long
		}
	}()
	return received
}

// serve is the part of the other ranks.
func serve(c *mpi.Comm) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	s := newServer(c.Rank(), func(b []byte) error {
		err := mpi.Send(c, b, 0, tag)
		if err != nil {
			cancel(err)
		}
		return err
	})
	for {
		b, err := next(ctx, c, 0)
		last := false
		if err == nil {
			last, err = s.obey(b)
		}
		if err != nil {
			// Tasks may still run; who does not serve cannot wait for them.
			s.end()
			return err
		}
		if last {
			<-s.over
			return s.err
		}
	}
}

// next receives a message.
func next(ctx context.Context, c *mpi.Comm, source int) ([]byte, error) {
	m, err := c.MprobeContext(ctx, source, tag)
	if err != nil {
		return nil, err
	}
	b := make([]byte, m.Status().Bytes())
	_, err = mpi.Mrecv(m, b)
	return b, err
}
