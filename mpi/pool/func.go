package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// Function is a task function, which workers know by its name. Its methods are
// called on rank 0, from any goroutine, several at once.
type Function[In, Out any] struct {
	name string
	f    func(context.Context, In) (Out, error)
}

// runner is a Function of any types.
type runner interface {
	run(ctx context.Context, o order, a *answer, b []byte) []byte
}

var registry sync.Map // of runners, by name

func lookup(name string) runner {
	f, _ := registry.Load(name)
	r, _ := f.(runner)
	return r
}

// Func declares a task function. It belongs in a variable at package level: all
// ranks run the same program, so each knows the function by its name.
//
//	var square = pool.Func("square", func(ctx context.Context, x int) (int, error) {
//		return x * x, nil
//	})
//
// A function of several arguments takes a struct of them, with exported fields.
// Inputs and results travel as package object sends them: by encoding/gob, and
// numbers and slices of them as memory. Tasks get copies, on rank 0 and on a single rank as
// well: what they change in their input nobody sees.
//
// The context of a task ends when its call is cancelled or another task has
// failed; long tasks should look at it. A worker runs one task at a time. A task
// that panics gives an error with its stack, and the worker goes on.
//
// Func panics if the name is empty or taken, or f is nil.
func Func[In, Out any](name string, f func(ctx context.Context, x In) (Out, error)) *Function[In, Out] {
	if name == "" {
		panic("pool: Func: the name is empty")
	}
	if f == nil {
		panic(fmt.Sprintf("pool: Func: the function for %q is nil", name))
	}
	t := &Function[In, Out]{name, f}
	if old, taken := registry.LoadOrStore(name, t); taken {
		panic(fmt.Sprintf("pool: Func: two functions have the name %q: a %T and a %T", name, old, t))
	}
	return t
}

// Name is the name that f was declared with.
func (f *Function[In, Out]) Name() string { return f.name }

// newJob makes a job of f.
func (f *Function[In, Out]) newJob(ctx context.Context, p *Pool, opts []Option) (*job, error) {
	if f == nil || f.f == nil {
		return nil, errors.New("pool: the Function is nil: Func makes one")
	}
	return p.newJob(ctx, f.name, opts)
}

// Map runs f on all inputs and returns the results in their order. It must have
// returned before the inputs are changed.
//
// The first error or panic of a task ends it: no more tasks are handed out, the
// context of those that run is cancelled, and when they have ended Map returns
// the error, a *TaskError. With CollectErrors all are run, and Map returns the
// results, zero for tasks that failed, and all errors joined. When ctx ends, Map
// likewise waits for the tasks that run, and returns its cause.
//
// Called on rank 0, by any goroutine.
func (f *Function[In, Out]) Map(ctx context.Context, p *Pool, inputs []In, opts ...Option) ([]Out, error) {
	j, err := f.newJob(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	outs := make([]Out, len(inputs))
	j.total, j.waiting, j.closed = len(inputs), len(inputs), true
	rest := inputs
	j.cut = func(n int) func([]byte) ([]byte, error) {
		part := rest[:n]
		rest = rest[n:]
		return func(b []byte) ([]byte, error) { return encode(b, part) }
	}
	j.store = func(c *chunk, a *answer) (func(), error) {
		// The chunks' results lie apart: this needs no lock.
		return nil, results(a, func(at int, out Out) { outs[c.first+at] = out })
	}
	if err := p.start(j); err != nil {
		return nil, err
	}
	if err := j.await(ctx); err != nil {
		if j.stopped {
			return nil, err
		}
		return outs, err
	}
	return outs, nil
}

// results calls yield with each result of an answer and its place in the chunk.
func results[Out any](a *answer, yield func(at int, out Out)) error {
	bad := a.failed()
	n := 0
	for at := range a.ran {
		if !bad[at] {
			n++
		}
	}
	outs, err := decode[Out](a.payload, n)
	if err != nil {
		return err
	}
	for at := range a.ran {
		if !bad[at] {
			yield(at, outs[0])
			outs = outs[1:]
		}
	}
	return nil
}

// Result is a result of All: that of the input at a place of its sequence.
type Result[Out any] struct {
	Index int
	Value Out
}

// All runs f on the values of seq, and yields the results as they come, in any
// order, each with its input's index. The sequence may be long or have no end:
// All takes only so many values ahead of the loop as keep the workers busy (see
// Lookahead).
//
// The first error of a task is yielded last, as are the cause of ctx when that
// ends, and what else goes wrong. With CollectErrors each error is yielded when
// it comes, and the loop goes on. When the loop is left, All stops handing out,
// cancels the tasks that run and waits for them.
//
// The sequence is run by a goroutine of its own, which All waits for in the end:
// a sequence that may block should end with ctx. A value must not be changed
// once it has been yielded, so a sequence must not use a buffer again. A panic
// in seq goes on in the loop.
//
// Called on rank 0, by any goroutine.
func (f *Function[In, Out]) All(ctx context.Context, p *Pool, seq iter.Seq[In], opts ...Option) iter.Seq2[Result[Out], error] {
	return func(yield func(Result[Out], error) bool) {
		if err := f.all(ctx, p, seq, opts, yield); err != nil {
			yield(Result[Out]{}, err)
		}
	}
}

var errLeft = errors.New("pool: the loop over All was left")

// all returns the error to yield last.
func (f *Function[In, Out]) all(ctx context.Context, p *Pool, seq iter.Seq[In], opts []Option, yield func(Result[Out], error) bool) error {
	j, err := f.newJob(ctx, p, opts)
	if err != nil {
		return err
	}
	if seq == nil {
		return fmt.Errorf("pool: %s: the sequence is nil", f.name)
	}
	type outcome struct {
		Result[Out]
		err error
	}
	var ( // under p.mu
		queue []In      // not handed out
		came  []outcome // not yielded
		took  int       // inputs
		ahead int       // of these, those whose outcome has not been yielded
		moved = sync.NewCond(&p.mu)
	)
	j.cut = func(n int) func([]byte) ([]byte, error) {
		part := queue[:n:n]
		queue = queue[n:]
		return func(b []byte) ([]byte, error) { return encode(b, part) }
	}
	j.store = func(c *chunk, a *answer) (func(), error) {
		outs := make([]outcome, 0, a.ran)
		err := results(a, func(at int, out Out) {
			outs = append(outs, outcome{Result[Out]{c.first + at, out}, nil})
		})
		return func() { came = append(came, outs...) }, err
	}
	j.fail = func(e *TaskError) { came = append(came, outcome{Result[Out]{Index: e.Index}, e}) }
	j.onStop = moved.Broadcast
	if err := p.start(j); err != nil {
		return err
	}

	// take is the loop body of seq.
	take := func(x In) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for !j.stopped && ahead >= j.lookahead() {
			moved.Wait()
		}
		if j.stopped {
			return false
		}
		queue = append(queue, x)
		took++
		ahead++
		j.waiting++
		p.list(j)
		return true
	}
	taken := make(chan struct{})
	var panicked any
	go func() {
		normal := false
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if !normal {
				panicked = recover()
				j.stop(errors.New("pool: the sequence given to All ended its goroutine"))
			}
			j.total, j.closed = took, true
			j.notify()
			j.check()
			close(taken)
		}()
		seq(take)
		normal = true
	}()
	defer func() {
		j.abandon(errLeft)
		if <-taken; panicked != nil {
			panic(panicked)
		}
		j.report(true) // if the loop was left
	}()

	j.newReports()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-j.changed:
		case <-j.reports.ticks():
		case <-j.finished:
			over = true
		}
		j.report(over)
		p.mu.Lock()
		batch := came
		came = nil
		p.mu.Unlock()
		for _, r := range batch {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			p.mu.Lock()
			ahead--
			moved.Signal()
			p.mu.Unlock()
			if !yield(r.Result, r.err) {
				return nil
			}
		}
	}
	return j.result()
}

// lookahead is how far All may be ahead of its loop.
func (j *job) lookahead() int {
	if n := j.opts.lookahead; n > 0 {
		return n
	}
	const most = 1 << 40 // as good as any, and what is made of it is an int
	return len(j.p.workers) * min(4*min(j.target(), most), max(1024, min(j.opts.chunk, most)))
}

// Future is the result of a task that Submit has handed out. Its methods may be
// called from any goroutine.
type Future[Out any] struct {
	j   *job
	out Out
}

// Submit hands out one task and does not wait for it. x is encoded before Submit
// returns, and may be changed then. Any number may be pending; each holds its
// encoded input in memory, so use All for long sequences. When ctx ends, the
// task is cancelled as by Cancel.
//
// Called on rank 0, by any goroutine.
func (f *Function[In, Out]) Submit(ctx context.Context, p *Pool, x In, opts ...Option) *Future[Out] {
	broken := func(err error) *Future[Out] { return &Future[Out]{j: brokenJob(err)} }
	j, err := f.newJob(ctx, p, opts)
	if err != nil {
		return broken(err)
	}
	payload, err := encode(nil, []In{x})
	if err != nil {
		return broken(fmt.Errorf("pool: %s: cannot encode the input: %w", f.name, err))
	}
	t := &Future[Out]{j: j}
	j.total, j.waiting, j.closed = 1, 1, true
	j.cut = func(int) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return append(b, payload...), nil }
	}
	j.store = func(_ *chunk, a *answer) (func(), error) {
		return nil, results(a, func(_ int, out Out) { t.out = out })
	}
	if ctx.Done() != nil {
		j.unwatch = context.AfterFunc(ctx, func() { j.end(context.Cause(ctx)) })
	}
	if err := p.start(j); err != nil {
		if j.unwatch != nil {
			j.unwatch()
		}
		return broken(err)
	}
	return t
}

// Wait blocks until the task has ended, and returns its result, or its error, a
// *TaskError. Of a task that was cancelled it returns context.Canceled, or the
// cause of the context given to Submit.
func (t *Future[Out]) Wait() (Out, error) {
	j := t.job()
	<-j.finished
	if err := j.result(); err != nil {
		var none Out
		return none, err
	}
	return t.out, nil
}

// Done returns a channel that is closed when the task has ended, for select: then
// Wait returns at once.
func (t *Future[Out]) Done() <-chan struct{} { return t.job().finished }

// Cancel takes the task back if no worker runs it yet, and cancels its context
// otherwise. It does not wait, and does nothing to a task that has ended.
func (t *Future[Out]) Cancel() {
	if j := t.job(); j.p != nil {
		j.end(context.Canceled)
	}
}

// brokenJob is one that has ended with an error before it began.
func brokenJob(err error) *job {
	j := &job{stopped: true, err: err, finished: make(chan struct{})}
	close(j.finished)
	return j
}

var noJob = brokenJob(errors.New("pool: the Future is nil: Submit makes one"))

func (t *Future[Out]) job() *job {
	if t == nil || t.j == nil {
		return noJob
	}
	return t.j
}

// Each runs f on x once on every worker, and returns the results in the order of
// the workers: to set something up, or to ask each for something. It waits for
// its turn behind what a worker has been given. Errors come as those of Map.
//
// Called on rank 0, by any goroutine.
func (f *Function[In, Out]) Each(ctx context.Context, p *Pool, x In, opts ...Option) ([]Out, error) {
	j, err := f.newJob(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	payload, err := encode(nil, []In{x})
	if err != nil {
		return nil, fmt.Errorf("pool: %s: cannot encode the input: %w", f.name, err)
	}
	outs := make([]Out, p.Workers())
	j.store = func(c *chunk, a *answer) (func(), error) {
		return nil, results(a, func(_ int, out Out) { outs[c.first] = out })
	}
	err = p.each(j, func(int) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return append(b, payload...), nil }
	})
	if err != nil {
		return nil, err
	}
	if err = j.await(ctx); err != nil && j.stopped {
		return nil, err
	}
	return outs, err
}

// Eacher is what Pool.Each takes: a *Function of any types.
type Eacher interface {
	each(ctx context.Context, p *Pool) error
}

// Each runs f once on every worker, on the zero value of its input, and drops
// what it returns. See Function.Each for more.
func (p *Pool) Each(ctx context.Context, f Eacher) error {
	if f == nil {
		return errors.New("pool: Each: the function is nil")
	}
	return f.each(ctx, p)
}

func (f *Function[In, Out]) each(ctx context.Context, p *Pool) error {
	var zero In
	_, err := f.Each(ctx, p, zero)
	return err
}
