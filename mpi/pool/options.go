package pool

import "fmt"

// Option changes how a pool works. Given to Run it holds for all calls on the
// pool, given to Map or another call for that one.
type Option func(*options)

type options struct {
	chunk     int
	lookahead int
	collect   bool
	rootWorks bool
	progress  func(Progress)
	bar       *Bar
	err       error
}

func (o *options) apply(who string, opts []Option, run bool) error {
	root := o.rootWorks
	for _, opt := range opts {
		if opt != nil {
			opt(o)
		}
	}
	if o.err == nil && !run && o.rootWorks != root {
		o.err = fmt.Errorf("RootWorks is an option of Run, not of one call")
	}
	if o.err != nil {
		return fmt.Errorf("%s%w", who, o.err)
	}
	return nil
}

// RootWorks has rank 0 run tasks too, beside the function given to Run. It is an
// option of Run only.
func RootWorks() Option { return func(o *options) { o.rootWorks = true } }

// ChunkSize sends n tasks with each message; of All, at most n of those that it
// has when a worker is free. Without it the pool finds a size by
// the time that tasks take: many short ones at once, long ones one by one.
func ChunkSize(n int) Option {
	return func(o *options) {
		if o.chunk = n; n < 1 {
			o.err = fmt.Errorf("ChunkSize is %d, but must be 1 or more", n)
		}
	}
}

// Lookahead lets All take at most n inputs from its sequence whose results the
// loop has not had yet. Without it these are about four chunks per worker, and at
// most 1024 tasks.
func Lookahead(n int) Option {
	return func(o *options) {
		if o.lookahead = n; n < 1 {
			o.err = fmt.Errorf("Lookahead is %d, but must be 1 or more", n)
		}
	}
}

// CollectErrors has all tasks run, even if some fail. The errors come back
// together, joined by errors.Join in the order of the inputs; of All, each as it
// comes. Without it the first error ends the call, and tasks that run meanwhile
// are cancelled.
func CollectErrors() Option { return func(o *options) { o.collect = true } }
