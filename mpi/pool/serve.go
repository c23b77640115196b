package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A server is the worker's side: it runs what it is ordered to, one task at a
// time, in the order in which the orders came. While a task runs, the goroutine
// that receives can still hear that the job is cancelled.
type server struct {
	rank   int
	answer func([]byte) error
	over   chan struct{} // closed when the last order has been obeyed
	err    error         // of answer; read after over

	base context.Context
	end  context.CancelFunc

	mu    sync.Mutex
	news  *sync.Cond          // of queue and ended
	queue []order             // not begun
	ended bool                // no more will come
	jobs  map[uint64]*serving // whose chunks are here
	kept  map[uint64]*part
}

// serving is a job of which the worker has chunks.
type serving struct {
	ctx    context.Context
	cancel context.CancelFunc
	chunks int
}

type serverKey struct{}

func newServer(rank int, answer func([]byte) error) *server {
	s := &server{
		rank: rank, answer: answer,
		over: make(chan struct{}),
		jobs: map[uint64]*serving{}, kept: map[uint64]*part{},
	}
	s.news = sync.NewCond(&s.mu)
	s.base, s.end = context.WithCancel(context.WithValue(context.Background(), serverKey{}, s))
	go s.work()
	return s
}

// obey takes one message, and reports whether it was the last. It does not wait
// for tasks.
func (s *server) obey(b []byte) (last bool, err error) {
	o, err := parseOrder(b)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o.kind {
	case endPool:
		s.end()
		s.ended = true
		s.news.Signal()
		return true, nil
	case cancelJob:
		if j := s.jobs[o.job]; j != nil {
			j.cancel()
		}
		return false, nil
	case recallChunk:
		at := slices.IndexFunc(s.queue, func(q order) bool { return q.chunk == o.chunk })
		if at < 0 {
			return false, nil // its answer is on the way, or will be
		}
		s.leave(s.queue[at].job)
		s.queue = slices.Delete(s.queue, at, at+1)
		none := answer{chunk: o.chunk}
		return false, s.answer(none.finish(make([]byte, answerHead)))
	case runTasks:
		j := s.jobs[o.job]
		if j == nil {
			j = new(serving)
			j.ctx, j.cancel = context.WithCancel(s.base)
			s.jobs[o.job] = j
		}
		j.chunks++
	}
	s.queue = append(s.queue, o)
	s.news.Signal()
	return false, nil
}

// leave notes that a chunk of the job is here no longer; mu is held.
func (s *server) leave(id uint64) {
	j := s.jobs[id]
	if j.chunks--; j.chunks == 0 {
		j.cancel()
		delete(s.jobs, id)
	}
}

// work obeys until the end.
func (s *server) work() {
	defer close(s.over)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.ended {
			s.news.Wait()
		}
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return
		}
		o := s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		s.mu.Unlock()
		b := s.do(o)
		if s.err == nil {
			s.err = s.answer(b)
		}
	}
}

func (s *server) do(o order) []byte {
	a, b := answer{chunk: o.chunk}, make([]byte, answerHead)
	var err error
	switch o.kind {
	case runTasks:
		b = s.run(o, &a, b)
	case keepPart, sendPart, dropPart:
		a.ran = 1
		b, err = s.part(o, b)
	default:
		err = fmt.Errorf("unknown order %d", o.kind)
	}
	if err != nil {
		a.fails = []failure{failed(0, err)}
		b = b[:answerHead]
	}
	return a.finish(b)
}

func (s *server) run(o order, a *answer, b []byte) []byte {
	s.mu.Lock()
	j := s.jobs[o.job]
	s.mu.Unlock()
	if f := lookup(o.name); f == nil {
		a.fails = []failure{failed(0, fmt.Errorf("no function %q is declared on rank %d: pool.Func must be called at package level, on every rank", o.name, s.rank))}
	} else {
		start := time.Now()
		b = f.run(j.ctx, o, a, b)
		a.took = time.Since(start)
	}
	s.mu.Lock()
	s.leave(o.job)
	s.mu.Unlock()
	return b
}

// run runs the tasks of one chunk, fills in a, and appends the results to b.
func (f *Function[In, Out]) run(ctx context.Context, o order, a *answer, b []byte) []byte {
	ins, err := decode[In](o.payload, -1)
	if err != nil {
		a.fails = []failure{failed(0, fmt.Errorf("cannot decode the input: %w", err))}
		return b
	}
	outs := make([]Out, len(ins))
	for at := 0; at < len(ins); {
		// A goroutine of their own, because a task may end it by Goexit;
		// then another one goes on behind that task.
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for at < len(ins) && ctx.Err() == nil && (o.collect || len(a.fails) == 0) {
				at++
				f.runOne(ctx, at-1, ins, outs, a)
			}
		}()
		<-ended
		a.ran = at
		if ctx.Err() != nil || len(a.fails) > 0 && !o.collect {
			break
		}
	}
	return encodeGood(b, outs[:a.ran], a)
}

// encodeGood appends the results of the tasks that have not failed, one behind
// the other: the zero value in place of the others may have no encoding. A
// result that has none is its task's failure.
func encodeGood[Out any](b []byte, outs []Out, a *answer) []byte {
	good := outs
	if len(a.fails) > 0 {
		good = make([]Out, 0, len(outs))
		bad := a.failed()
		for i := range outs {
			if !bad[i] {
				good = append(good, outs[i])
			}
		}
	}
	full, err := encode(b, good)
	if err == nil {
		return full
	}
	bad, found := a.failed(), false
	for i := range outs {
		if bad[i] {
			continue
		}
		if _, one := encode(nil, outs[i:i+1]); one != nil {
			a.fails = append(a.fails, failed(i, fmt.Errorf("cannot encode the result: %w", one)))
			found = true
		}
	}
	if !found { // each can travel, but not all together
		for i := range outs {
			if !bad[i] {
				a.fails = append(a.fails, failed(i, fmt.Errorf("cannot encode the results: %w", err)))
			}
		}
	}
	return encodeGood(b, outs, a)
}

// runOne runs the task at a place of the chunk.
func (f *Function[In, Out]) runOne(ctx context.Context, at int, ins []In, outs []Out, a *answer) {
	normal := false
	defer func() {
		if normal {
			return
		}
		if p := recover(); p != nil {
			fail := failed(at, fmt.Errorf("panic: %v", p))
			fail.stack = string(debug.Stack())
			a.fails = append(a.fails, fail)
			return
		}
		a.fails = append(a.fails, failed(at, errors.New("the task ended its goroutine (runtime.Goexit, or FailNow of a test)")))
	}()
	out, err := f.f(ctx, ins[at])
	normal = true
	if err != nil {
		a.fails = append(a.fails, failed(at, err))
		return
	}
	outs[at] = out
}
