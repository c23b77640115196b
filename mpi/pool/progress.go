package pool

import "time"

// WithProgress has f called whenever results have come, and once when the call
// is over, by the goroutine that called Map, All or Each. It is not called for
// Submit.
func WithProgress(f func(Progress)) Option { return func(o *options) { o.progress = f } }

// Progress is how far a call has come.
type Progress struct {
	// Done is the number of tasks that are done, those that failed too.
	Done int
	// Total is the number of tasks, and -1 while All does not know it.
	Total int
	// Elapsed is the time since the call began.
	Elapsed time.Duration
	// PerWorker is the number of tasks that each worker has done.
	PerWorker []int
	// Over says that the call is over: nothing more will be done.
	Over bool
}

// Rate is the number of tasks done per second.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Done) / p.Elapsed.Seconds()
}

// Remaining estimates the time until all is done, by the rate so far. It is -1
// if nothing is known yet.
func (p Progress) Remaining() time.Duration {
	if p.Total < 0 || p.Done == 0 {
		return -1
	}
	return time.Duration(float64(p.Elapsed) / float64(p.Done) * float64(p.Total-p.Done))
}

// reports is who is told of a job's progress. Its methods are called by the
// goroutine that waits for the job.
type reports struct {
	to   []func(Progress)
	tick *time.Ticker // for a bar to move when no results come
	over bool         // told, or somebody who was told has panicked
}

func (j *job) newReports() {
	if f := j.opts.progress; f != nil {
		j.reports.to = append(j.reports.to, f)
	}
	if b := j.opts.bar; b != nil {
		d := newDisplay(*b)
		j.reports.to = append(j.reports.to, d.show)
		j.reports.tick = time.NewTicker(d.every)
	}
}

// ticks is for select.
func (r *reports) ticks() <-chan time.Time {
	if r.tick == nil {
		return nil
	}
	return r.tick.C
}

// report tells how far j is; over when it is finished, which it tells once.
func (j *job) report(over bool) {
	r := &j.reports
	if r.over || len(r.to) == 0 {
		return
	}
	j.p.mu.Lock()
	g := Progress{Done: j.done, Total: j.total, Elapsed: time.Since(j.begun), Over: over}
	workers := append([]int(nil), j.perWorker...)
	j.p.mu.Unlock()
	if r.over = true; over && r.tick != nil {
		r.tick.Stop()
	}
	for _, f := range r.to {
		g.PerWorker = append([]int(nil), workers...)
		f(g)
	}
	r.over = over
}
