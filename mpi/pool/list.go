package pool

import (
	"context"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
)

// List is a list of which each worker has a part: Scatter deals it out, tasks
// read and change the parts where they are, and Gather brings them together
// again. A List is a name of that list and travels as the input of a task, of
// Each as a rule.
//
//	l, err := pool.Scatter(ctx, p, words)
//	_, err = upper.Each(ctx, p, l) // changes l.Part(ctx) on each worker
//	words, err = pool.Gather(ctx, p, l)
type List[T any] struct {
	// ID is the list's number, the same on all ranks; exported for codecs.
	ID uint64
}

// part is a worker's part of a list, or what it came as until somebody asks.
type part struct {
	raw    []byte
	list   any // a []T
	encode func(b []byte) ([]byte, error)
}

// Scatter splits a list of any length over the workers as evenly as possible, in
// their order. The parts stay with the workers until Free, or the pool's end.
//
// Called on rank 0, by any goroutine.
func Scatter[T any](ctx context.Context, p *Pool, list []T) (List[T], error) {
	j, err := p.newJob(ctx, "Scatter", nil)
	if err != nil {
		return List[T]{}, err
	}
	counts, displs := mpi.Partition(len(list), p.Workers())
	j.kind = keepPart // of the list that has this job's number
	err = p.lists(ctx, j, func(w int) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return encode(b, list[displs[w]:][:counts[w]]) }
	})
	return List[T]{j.id}, err
}

// Gather returns the parts of l, one behind the other in the order of the
// workers. The workers keep them.
//
// Called on rank 0, by any goroutine.
func Gather[T any](ctx context.Context, p *Pool, l List[T]) ([]T, error) {
	j, err := p.newJob(ctx, "Gather", nil)
	if err != nil {
		return nil, err
	}
	parts := make([][]T, p.Workers())
	j.kind, j.list = sendPart, l.ID
	j.store = func(c *chunk, a *answer) (func(), error) {
		if len(a.fails) > 0 {
			return nil, nil
		}
		var err error
		parts[c.first], err = decode[T](a.payload, -1)
		return nil, err
	}
	if err := p.lists(ctx, j, noPayload); err != nil {
		return nil, err
	}
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	list := make([]T, 0, n)
	for _, part := range parts {
		list = append(list, part...)
	}
	return list, nil
}

// Free has the workers forget l.
//
// Called on rank 0, by any goroutine.
func (l List[T]) Free(ctx context.Context, p *Pool) error {
	j, err := p.newJob(ctx, "List.Free", nil)
	if err != nil {
		return err
	}
	j.kind, j.list = dropPart, l.ID
	return p.lists(ctx, j, noPayload)
}

// Part is the worker's part of l, for a task to read and to change; ctx is the
// task's. The slice must not be used when the task is over.
func (l List[T]) Part(ctx context.Context) ([]T, error) {
	s, t, err := l.part(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.list == nil {
		list, err := decode[T](t.raw, -1)
		if err != nil {
			return nil, fmt.Errorf("pool: List.Part: %w", err)
		}
		keep(t, list)
	}
	list, ok := t.list.([]T)
	if !ok {
		return nil, fmt.Errorf("pool: List.Part: the list is a %T, not a %T", t.list, list)
	}
	return list, nil
}

// SetPart makes list the worker's part of l, whose length may be another.
func (l List[T]) SetPart(ctx context.Context, list []T) error {
	s, t, err := l.part(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(t, list)
	return nil
}

func (l List[T]) part(ctx context.Context) (*server, *part, error) {
	var s *server
	if ctx != nil {
		s, _ = ctx.Value(serverKey{}).(*server)
	}
	if s == nil {
		return nil, nil, fmt.Errorf("pool: List.Part and SetPart need the context of a task")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.kept[l.ID]
	if t == nil {
		return nil, nil, fmt.Errorf("pool: rank %d has no part of list %d: it was freed, or Scatter never made it in this pool", s.rank, l.ID)
	}
	return s, t, nil
}

// keep makes list the part t; the server's mu is held.
func keep[T any](t *part, list []T) {
	t.raw, t.list = nil, list
	t.encode = func(b []byte) ([]byte, error) { return encode(b, list) }
}

func noPayload(int) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return b, nil }
}

// lists runs a job of Scatter, Gather or Free.
func (p *Pool) lists(ctx context.Context, j *job, payload func(w int) func([]byte) ([]byte, error)) error {
	if j.store == nil {
		j.store = func(*chunk, *answer) (func(), error) { return nil, nil }
	}
	j.opts.collect, j.opts.progress, j.opts.bar = false, nil, nil
	if err := p.each(j, payload); err != nil {
		return err
	}
	return j.await(ctx)
}

// part obeys an order about a list; Gather's gets the part behind b.
func (s *server) part(o order, b []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.kind == keepPart {
		s.kept[o.job] = &part{raw: o.payload}
		return b, nil
	}
	t := s.kept[o.job]
	if t == nil {
		return b, fmt.Errorf("rank %d has no part of list %d: it was freed, or Scatter never made it in this pool", s.rank, o.job)
	}
	if o.kind == dropPart {
		delete(s.kept, o.job)
		return b, nil
	}
	if t.list == nil {
		return append(b, t.raw...), nil
	}
	return t.encode(b)
}
