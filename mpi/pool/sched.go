package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
)

// The scheduler, on rank 0. Work is pulled, not dealt out: whenever a worker
// has room for a chunk and a job has inputs, a chunk is cut. Encoding and
// sending it take time, and are done by a goroutine for that worker. Nothing is
// sent, encoded or decoded, and no code of the program's is called, with mu held.

const (
	// depth is how many chunks a worker has at most: one that it runs, and the
	// next, so that it does not wait for messages in between.
	depth = 2
	// patience is how long that next one lies behind another while there are
	// workers with nothing to do: then it is called back for one of them.
	patience = 50 * time.Millisecond
	// prefetch: functions whose chunks take longer give no second chunk to a
	// worker. Then a message's time is nothing, but a task that lies behind a
	// long one while another worker is free would be a loss.
	prefetch = 50 * time.Millisecond
	// chunkTime is how long a chunk should take: long against a message, short
	// against what anybody waits for.
	chunkTime = 5 * time.Millisecond
	// chunkBytes bounds inputs or results of a chunk of more than one task.
	chunkBytes = 1 << 20
	chunkMax   = 8192
)

// Pool is the workers, as the function given to Run sees them. It may be used
// from any goroutine until that function returns.
type Pool struct {
	comm    *mpi.Comm
	opts    options
	workers []*worker

	mu        sync.Mutex
	room      [depth][]*worker  // the workers with so many chunks
	ready     []*job            // with inputs to hand out, the next first
	jobs      map[*job]struct{} // not finished
	chunks    map[uint64]*chunk // with a worker, or on the way
	usual     map[string]time.Duration
	lastJob   uint64
	lastChunk uint64
	full      int  // workers with depth chunks
	watched   bool // rebalance will come
	closed    bool
	broken    error // communication has failed

	sending  sync.WaitGroup
	receiver context.CancelCauseFunc // ends the goroutine that receives
	onBreak  context.CancelCauseFunc // ends the context of the function given to Run
}

// worker is a rank that runs tasks, under Pool.mu.
type worker struct {
	index, rank int
	chunks      int // that it has
	at          int // place in room[chunks]
	own         []*chunk
	last        *chunk    // the latest given to it, if not answered
	since       time.Time // when it began with what it does

	send    func([]byte) error
	outbox  []mail // for the goroutine that sends to w, if sending
	sending bool
}

// mail is a chunk to send, or else an order without a payload. They keep their
// sequence: a job's cancellation must not overtake its chunks.
type mail struct {
	c *chunk
	o order
}

// job is one Map, All, Submit or other call, under Pool.mu.
type job struct {
	p       *Pool
	id      uint64
	kind    byte
	name    string
	list    uint64 // of Gather and Free
	opts    options
	total   int      // inputs, or -1
	waiting int      // inputs not handed out
	back    []*chunk // of these, what was called back
	closed  bool
	listed  bool // in ready
	flying  map[*chunk]bool
	stopped bool
	err     error // why it stopped

	// cut takes the next n inputs, and returns what encodes them.
	cut   func(n int) func([]byte) ([]byte, error)
	first int // index of the next input

	// store takes the results in a payload, without mu; accept takes what
	// store returned, and the failures, with it.
	store  func(c *chunk, a *answer) (accept func(), err error)
	fail   func(*TaskError) // in place of keeping the error in fails
	onStop func()
	// Of Submit: ends the watch over its context.
	unwatch func() bool
	fails   []*TaskError

	done      int // tasks, failed ones too
	perWorker []int
	begun     time.Time
	reports   reports
	changed   chan struct{}
	finished  chan struct{}

	// What the chunks so far were like.
	perTask  time.Duration
	perBytes int
	grown    int // tasks in the largest
}

type chunk struct {
	id       uint64
	j        *job
	w        *worker
	first, n int
	encode   func([]byte) ([]byte, error)
	bytes    int
	own      bool // for that worker only
	recalled bool
}

var pools atomic.Uint64 // of this process so far

func newPool(c *mpi.Comm, opts options) *Pool {
	return &Pool{
		comm: c, opts: opts,
		// A List of one pool is none of another.
		lastJob: pools.Add(1) << 32,
		jobs:    map[*job]struct{}{}, chunks: map[uint64]*chunk{}, usual: map[string]time.Duration{},
	}
}

func (p *Pool) addWorker(rank int, send func([]byte) error) {
	w := &worker{index: len(p.workers), rank: rank, send: send, at: len(p.room[0])}
	p.workers = append(p.workers, w)
	p.room[0] = append(p.room[0], w)
}

// Workers is the number of ranks that run tasks.
func (p *Pool) Workers() int {
	if p == nil {
		return 0
	}
	return len(p.workers)
}

// newJob makes a job, unless ctx has ended; start lets the workers have it.
func (p *Pool) newJob(ctx context.Context, name string, opts []Option) (*job, error) {
	if p == nil || p.jobs == nil {
		return nil, fmt.Errorf("pool: %s: the Pool is nil: only the function given to Run, on rank 0, has one", name)
	}
	if ctx == nil {
		return nil, fmt.Errorf("pool: %s: the context is nil", name)
	}
	o := p.opts
	if err := o.apply("pool: "+name+": ", opts, false); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	j := &job{
		p: p, kind: runTasks, name: name, opts: o, total: -1,
		flying: map[*chunk]bool{}, perWorker: make([]int, len(p.workers)), begun: time.Now(),
		changed: make(chan struct{}, 1), finished: make(chan struct{}),
	}
	return j, nil
}

func (p *Pool) start(j *job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	if p.closed {
		return ErrClosed
	}
	p.lastJob++
	j.id = p.lastJob
	p.jobs[j] = struct{}{}
	p.list(j)
	return nil
}

// list has the inputs of j handed out; mu is held.
func (p *Pool) list(j *job) {
	if j.waiting > 0 && !j.listed && !j.stopped {
		j.listed = true
		p.ready = append(p.ready, j)
	}
	p.pump()
	j.check()
}

// each starts a job of one chunk for every worker; of worker i's chunk, encode
// makes the payload.
func (p *Pool) each(j *job, encode func(i int) func([]byte) ([]byte, error)) error {
	if err := p.start(j); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	j.total = len(p.workers)
	for _, w := range p.workers {
		c := &chunk{j: j, first: w.index, n: 1, encode: encode(w.index), own: true}
		w.own = append(w.own, c)
		j.waiting++
	}
	j.closed = true
	for _, w := range p.workers {
		p.pumpOwn(w)
	}
	j.check()
	return nil
}

func (p *Pool) pumpOwn(w *worker) {
	for w.chunks < depth && len(w.own) > 0 {
		c := w.own[0]
		w.own[0], w.own = nil, w.own[1:]
		if !c.j.stopped {
			c.j.waiting--
			p.launch(w, c)
		}
	}
}

// pump hands out chunks while there are inputs and room for them; mu is held.
// Workers that have nothing come first.
func (p *Pool) pump() {
	for have := range p.room {
		for len(p.room[have]) > 0 && len(p.ready) > 0 {
			j := p.ready[0]
			if j.stopped || j.waiting == 0 {
				j.listed = false
				p.ready[0], p.ready = nil, p.ready[1:]
				continue
			}
			if usual, known := p.usual[j.name]; have > 0 && (!known || usual > prefetch) {
				break
			}
			w := p.room[have][0]
			if have > 0 {
				if w = p.brisk(p.room[have]); w == nil {
					break
				}
			}
			c := j.next()
			// Jobs take turns.
			p.ready[0], p.ready = nil, p.ready[1:]
			if j.listed = j.waiting > 0; j.listed {
				p.ready = append(p.ready, j)
			}
			p.launch(w, c)
		}
	}
	p.watch()
}

// brisk finds a worker that has not been busy with one chunk for long.
func (p *Pool) brisk(ws []*worker) *worker {
	now := time.Now()
	for _, w := range ws {
		if now.Sub(w.since) < patience {
			return w
		}
	}
	return nil
}

// watch sees to it that no chunk lies behind a long one while a worker is free.
func (p *Pool) watch() {
	if !p.watched && p.full > 0 && len(p.room[0]) > 0 && !p.closed && p.broken == nil {
		p.watched = true
		time.AfterFunc(patience, p.rebalance)
	}
}

// rebalance calls back as many chunks as there are workers for them.
func (p *Pool) rebalance() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched = false
	free := len(p.room[0])
	if p.closed || p.broken != nil {
		return
	}
	now := time.Now()
	for _, w := range p.workers {
		if free == 0 {
			break
		}
		if c := w.last; w.chunks == depth && c != nil && !c.own && !c.recalled && now.Sub(w.since) >= patience {
			c.recalled = true
			p.post(w, mail{o: order{kind: recallChunk, chunk: c.id}})
			free--
		}
	}
	p.watch()
}

// next cuts a chunk, or takes one that was called back.
func (j *job) next() (c *chunk) {
	if len(j.back) > 0 {
		c, j.back = j.back[0], j.back[1:]
	} else {
		n := j.size()
		c = &chunk{j: j, first: j.first, n: n, encode: j.cut(n)}
		j.first += n
	}
	j.waiting -= c.n
	return c
}

// size is how many tasks the next chunk has.
func (j *job) size() int {
	n := j.opts.chunk
	if n == 0 {
		// Smaller towards the end, so that all end at about the same time.
		n = min(j.target(), max(1, j.waiting/(2*len(j.p.workers))))
	}
	return min(n, j.waiting)
}

// target is how many tasks make a good chunk, by what came back so far.
func (j *job) target() int {
	if j.opts.chunk > 0 {
		return j.opts.chunk
	}
	if j.grown == 0 {
		return 1
	}
	byTime := int(chunkTime / max(j.perTask, 1))
	byBytes := chunkBytes / max(j.perBytes, 1)
	return max(1, min(byTime, byBytes, 2*j.grown, chunkMax))
}

func (j *job) learn(c *chunk, a *answer) {
	perTask := a.took / time.Duration(a.ran)
	perBytes := max(c.bytes/c.n, len(a.payload)/a.ran)
	// A slow task counts at once, fast ones slowly.
	j.perTask = max(perTask, (3*j.perTask+perTask)/4)
	j.perBytes = max(perBytes, (3*j.perBytes+perBytes)/4)
	j.grown = max(j.grown, a.ran)
	usual := j.p.usual
	usual[j.name] = max(a.took, (3*usual[j.name]+a.took)/4)
}

// load notes that w has so many chunks; mu is held.
func (p *Pool) load(w *worker, chunks int) {
	if w.chunks < depth {
		list := p.room[w.chunks]
		last := list[len(list)-1]
		list[w.at], last.at = last, w.at
		p.room[w.chunks] = list[:len(list)-1]
	}
	if w.chunks == depth {
		p.full--
	}
	if chunks == depth {
		p.full++
	}
	if w.chunks = chunks; chunks < depth {
		w.at = len(p.room[chunks])
		p.room[chunks] = append(p.room[chunks], w)
	}
}

func (p *Pool) launch(w *worker, c *chunk) {
	if p.load(w, w.chunks+1); w.chunks == 1 {
		w.since = time.Now()
	}
	p.lastChunk++
	c.id, c.w, c.recalled, w.last = p.lastChunk, w, false, c
	p.chunks[c.id] = c
	c.j.flying[c] = true
	p.post(w, mail{c: c})
}

func (p *Pool) post(w *worker, m mail) {
	w.outbox = append(w.outbox, m)
	if !w.sending {
		w.sending = true
		p.sending.Add(1)
		go p.deliver(w)
	}
}

// deliver sends what is in w's outbox.
func (p *Pool) deliver(w *worker) {
	defer p.sending.Done()
	for {
		p.mu.Lock()
		if len(w.outbox) == 0 || p.broken != nil {
			w.outbox, w.sending = nil, false
			p.mu.Unlock()
			return
		}
		m := w.outbox[0]
		w.outbox = w.outbox[1:]
		p.mu.Unlock()
		if m.c != nil {
			p.transmit(m.c)
			continue
		}
		if err := w.send(m.o.append(nil)); err != nil {
			p.fail(err)
		}
	}
}

func (p *Pool) transmit(c *chunk) {
	j := c.j
	o := order{kind: j.kind, collect: j.opts.collect, job: j.id, chunk: c.id, name: j.name}
	if j.kind == sendPart || j.kind == dropPart {
		o.job = j.list
	}
	head := o.append(nil)
	b, err := c.encode(head)
	if err != nil {
		// The program's mistake, not the task's: it ends the job.
		p.mu.Lock()
		j.stop(fmt.Errorf("pool: %s: cannot encode an input from %d to %d: %w", j.name, c.first, c.first+c.n-1, err))
		p.mu.Unlock()
		p.answered(c, &answer{})
		return
	}
	c.bytes = len(b) - len(head)
	p.mu.Lock()
	skip := j.stopped
	p.mu.Unlock()
	if skip {
		p.answered(c, &answer{})
		return
	}
	if err := c.w.send(b); err != nil {
		p.fail(err)
	}
}

// arrived takes a worker's answer.
func (p *Pool) arrived(b []byte) {
	a, err := parseAnswer(b)
	if err != nil {
		p.fail(fmt.Errorf("pool: answer of a worker: %w", err))
		return
	}
	p.mu.Lock()
	c := p.chunks[a.chunk]
	p.mu.Unlock()
	if c != nil {
		p.answered(c, &a)
	}
}

// answered ends a chunk: the worker has room for another, and the job has the
// results.
func (p *Pool) answered(c *chunk, a *answer) {
	j, w := c.j, c.w
	p.mu.Lock()
	if p.chunks[c.id] == nil { // the pool is broken
		p.mu.Unlock()
		return
	}
	delete(p.chunks, c.id)
	p.load(w, w.chunks-1)
	if w.last == c {
		w.last = nil // it holds inputs
	}
	if a.ran > 0 {
		j.learn(c, a)
		w.since = time.Now()
	}
	if c.recalled && a.ran == 0 && len(a.fails) == 0 && !j.stopped {
		// It came back as it was. Another worker gets it.
		delete(j.flying, c)
		j.back = append(j.back, c)
		j.waiting += c.n
		p.list(j)
		p.mu.Unlock()
		return
	}
	p.pumpOwn(w)
	p.pump()
	p.mu.Unlock()

	var accept func()
	err := a.check(c.n)
	if err == nil && a.ran > 0 {
		accept, err = j.store(c, a)
	}
	fails := make([]*TaskError, len(a.fails))
	for i, f := range a.fails {
		fails[i] = &TaskError{Func: j.name, Index: c.first + f.at, Rank: w.rank, Stack: f.stack, Err: f.error()}
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	delete(j.flying, c)
	switch {
	case j.stopped:
		// What comes now, results or complaints about the cancelled
		// context, is nobody's any more.
	case err != nil:
		j.stop(fmt.Errorf("pool: %s: cannot decode a result of rank %d: %w", j.name, w.rank, err))
	case a.ran < c.n && len(a.fails) == 0:
		j.stop(fmt.Errorf("pool: %s: rank %d ran %d of %d tasks: %w", j.name, w.rank, a.ran, c.n, errBytes))
	default:
		j.done += a.ran
		j.perWorker[w.index] += a.ran
		if accept != nil {
			accept()
		}
		for _, e := range fails {
			switch {
			case !j.opts.collect || a.ran == 0:
				j.stop(e)
			case j.fail != nil:
				j.fail(e)
			default:
				j.fails = append(j.fails, e)
			}
		}
	}
	j.notify()
	j.check()
}

// check looks for what no worker would answer to a chunk of n tasks.
func (a *answer) check(n int) error {
	if a.ran > n {
		return errBytes
	}
	for _, f := range a.fails {
		if f.at >= n {
			return errBytes
		}
	}
	return nil
}

func (j *job) notify() {
	select {
	case j.changed <- struct{}{}:
	default:
	}
}

// stop hands out nothing more of j, whose error is err, and cancels the tasks
// that run. mu is held.
func (j *job) stop(err error) {
	select {
	case <-j.finished:
		return
	default:
	}
	if j.stopped {
		return
	}
	j.stopped, j.err = true, err
	j.waiting, j.back, j.cut = 0, nil, nil
	if j.onStop != nil {
		j.onStop()
	}
	var told []*worker
	for c := range j.flying {
		if w := c.w; j.kind == runTasks && !slices.Contains(told, w) {
			told = append(told, w)
			j.p.post(w, mail{o: order{kind: cancelJob, job: j.id}})
		}
	}
	j.check()
}

// check finishes j if nothing of it is left; mu is held.
func (j *job) check() {
	if len(j.flying) > 0 || !j.stopped && (!j.closed || j.waiting > 0) {
		return
	}
	select {
	case <-j.finished:
	default:
		delete(j.p.jobs, j)
		if j.unwatch != nil {
			j.unwatch()
		}
		close(j.finished)
	}
}

// result is the error of a finished job.
func (j *job) result() error {
	if j.stopped {
		return j.err
	}
	slices.SortFunc(j.fails, func(a, b *TaskError) int { return a.Index - b.Index })
	errs := make([]error, len(j.fails))
	for i, e := range j.fails {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// await returns when j is finished: all is done, or ctx has ended or a task has
// failed, and no task of j runs any more. It calls the progress function, whose
// panic ends the job as well.
func (j *job) await(ctx context.Context) error {
	j.newReports()
	defer j.abandon(errors.New("pool: the progress function panicked"))
	ended := ctx.Done()
	for {
		select {
		case <-ended:
			j.end(context.Cause(ctx))
			ended = nil
		case <-j.changed:
			j.report(false)
		case <-j.reports.ticks():
			j.report(false)
		case <-j.finished:
			j.report(true)
			return j.result()
		}
	}
}

// end stops j, from outside.
func (j *job) end(err error) {
	j.p.mu.Lock()
	j.stop(err)
	j.p.mu.Unlock()
}

// abandon stops j and waits until none of its tasks runs. It does nothing to a
// finished one.
func (j *job) abandon(err error) {
	j.end(err)
	<-j.finished
}

// fail ends everything: messages cannot be sent or received any more. Chunks
// that are with workers are lost.
func (p *Pool) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return
	}
	p.broken = err
	p.onBreak(err)
	clear(p.chunks)
	for j := range p.jobs {
		clear(j.flying)
		j.stop(err)
		j.check()
	}
}

// close stops what is left of the jobs and waits for their tasks, then releases
// the workers.
func (p *Pool) close() error {
	p.mu.Lock()
	p.closed = true
	var left []*job
	for j := range p.jobs {
		left = append(left, j)
		j.stop(ErrClosed)
	}
	p.mu.Unlock()
	for _, j := range left {
		<-j.finished
	}
	p.sending.Wait()
	o := order{kind: endPool}
	p.mu.Lock()
	errs := []error{p.broken}
	p.mu.Unlock()
	for _, w := range p.workers {
		errs = append(errs, w.send(o.append(nil)))
	}
	p.receiver(ErrClosed)
	return errors.Join(errs...)
}
