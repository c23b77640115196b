package mpi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Batch systems announce the end of a job with a signal, and people press
// Ctrl-C. A Go program dies of SIGTERM and SIGINT at once, and the launcher then
// ends the other ranks; WithSignals is for programs that have something to save.

// program is Context, and interrupt ends it.
var program, interrupt = context.WithCancelCause(context.Background())

// Context is cancelled when this rank receives a signal of WithSignals, and
// context.Cause then says which one. Without WithSignals it is never cancelled.
// It may be called at any time, from any goroutine.
func Context() context.Context { return program }

// WithSignals gives the program the time to come to an end of its own when a
// signal asks for it: SIGTERM or SIGINT, unless others are named. The first of
// them cancels Context, and from then on the rank has the time grace, or 5 s if
// that is 0, to save what it must and to call Finalize, or to return from the
// function that Main runs. The job fails in any case, with 128 plus the number
// of the signal as the exit code: Main exits with it when all ranks have come to
// their end, and a rank whose time is over ends the whole job.
//
// Each rank sees the signals that it is sent itself. Slurm sends them to all
// ranks, and mpirun passes them on; but some launchers kill what is still there a
// second later.
func WithSignals(grace time.Duration, signals ...os.Signal) Option {
	if len(signals) == 0 {
		signals = []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	}
	if grace == 0 {
		grace = 5 * time.Second
	}
	return func(c *config) { c.ender = &ender{grace: grace, signals: signals} }
}

// ender ends the program for a signal.
type ender struct {
	grace   time.Duration
	signals []os.Signal
	ch      chan os.Signal
	over    chan struct{} // closed by Finalize when it is through
}

// endedBy is the ender of this process, nil if there is none; under initMu.
var endedBy *ender

func (e *ender) check(op string) error {
	if e != nil && e.grace < 0 {
		return argError(op, ErrArg, "grace is %v, but cannot be negative", e.grace)
	}
	return nil
}

// start may be called on nil.
func (e *ender) start() {
	if e == nil {
		return
	}
	endedBy = e
	e.ch, e.over = make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(e.ch, e.signals...)
	go e.run()
}

func (e *ender) run() {
	var cause *signalError
	select {
	case s := <-e.ch:
		cause = &signalError{s}
	case <-e.over:
		return
	}
	interrupt(cause)
	select {
	case <-time.After(e.grace):
		die(cause.code(), fmt.Sprintf("error: %s, and the program has not ended within %v", cause.text(), e.grace), nil)
	case <-e.over:
	}
}

// stop gives the signals back their old meaning. It may be called on nil.
func (e *ender) stop() {
	if e != nil {
		signal.Stop(e.ch)
		close(e.over)
	}
}

// signalError is the cause of the end of Context.
type signalError struct{ s os.Signal }

func (e *signalError) text() string  { return fmt.Sprintf("the signal %q has come", e.s) }
func (e *signalError) Error() string { return "mpi: " + e.text() }

// code is the exit code by which shells tell of the signal.
func (e *signalError) code() int {
	if n, ok := e.s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// interruption is the signal that has cancelled Context, if one has.
func interruption() *signalError {
	e, _ := context.Cause(program).(*signalError)
	return e
}

// isInterruption reports whether err is how a call gave up because of the
// signal: not an error of its own, which would end the other ranks in the middle
// of what they save.
func isInterruption(err error) bool {
	e := interruption()
	return e != nil && (errors.Is(err, e) || errors.Is(err, context.Canceled))
}
