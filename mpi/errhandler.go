package mpi

import "errors"

// Errhandler is what happens when a call on a communicator fails: besides the
// error that the call returns, in any case. It may be used on any number of
// communicators, or of sessions, or of windows, by any goroutine.
//
// Implements: MPI_Errhandler_free (MPI 4.1 §9.3.4), which the garbage collector does
type Errhandler struct {
	comm    func(c *Comm, err error) // nil in one for something else, as the others are
	session func(s *Session, err error)
	win     func(w *Win, err error)
}

var (
	// ErrorsReturn does nothing: calls return their errors. Every communicator
	// begins with it, unless it is made of one with another handler.
	ErrorsReturn = &Errhandler{func(*Comm, error) {}, func(*Session, error) {}, func(*Win, error) {}}
	// ErrorsAreFatal reports the error as Main does one that the program
	// returns, and ends the whole job.
	ErrorsAreFatal = &Errhandler{func(_ *Comm, err error) { fatal(err) }, func(_ *Session, err error) { fatal(err) }, func(_ *Win, err error) { fatal(err) }}
)

func fatal(err error) { die(1, "error: "+err.Error(), nil) }

// NewErrhandler makes an error handler of a function. It is called with the
// communicator and the error, in the goroutine of the failing call and before
// this returns. The error of a nonblocking call counts for the first call that
// finds the request complete; one in the arguments for the call itself.
//
// Implements: MPI_Comm_create_errhandler (MPI 4.1 §9.3.1)
func NewErrhandler(f func(c *Comm, err error)) *Errhandler { return &Errhandler{comm: f} }

// SetErrhandler makes h the error handler of the sends, receives, probes and
// collectives on c, of their requests, and of the calls that make communicators
// of c; these inherit it. Nil is ErrorsReturn. May be called from any goroutine.
//
// Errors: ErrComm, ErrArg (a handler for something else).
//
// Implements: MPI_Comm_set_errhandler (MPI 4.1 §9.3.1)
func (c *Comm) SetErrhandler(h *Errhandler) error {
	const op = "Comm.SetErrhandler"
	if err := c.check(op); err != nil {
		return err
	}
	if h != nil && h.comm == nil {
		return argError(op, ErrArg, "the error handler is not one for communicators")
	}
	c.errhandler.Store(h)
	return nil
}

// Errhandler is the error handler of c.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_get_errhandler (MPI 4.1 §9.3.1)
func (c *Comm) Errhandler() (*Errhandler, error) {
	if err := c.check("Comm.Errhandler"); err != nil {
		return nil, err
	}
	if h := c.errhandler.Load(); h != nil {
		return h, nil
	}
	return ErrorsReturn, nil
}

// CallErrhandler calls the error handler of c with an error of the program's
// own.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_call_errhandler (MPI 4.1 §9.5)
func (c *Comm) CallErrhandler(err error) error {
	if err := c.check("Comm.CallErrhandler"); err != nil {
		return err
	}
	c.handle(err)
	return nil
}

// The library's own handlers would know of its own errors only, and be called
// for the wrong communicator by the calls that test many requests. So it always
// returns its codes, and the handlers are called where Go functions return.

// raise gives the error of a call on c to its handler, and returns it.
func (c *Comm) raise(err error) error {
	if err != nil {
		c.failure(err)
	}
	return err
}

// failure leaves out what is no failure of MPI's: that a context has ended.
func (c *Comm) failure(err error) {
	if errors.As(err, new(*Error)) {
		c.handle(err)
	}
}

// raised is raise for a call that returns a status.
func (c *Comm) raised(st Status, err error) (Status, error) {
	return st, c.raise(err)
}

func (c *Comm) handle(err error) {
	if c == nil {
		return
	}
	if h := c.errhandler.Load(); h != nil {
		h.comm(c, err)
	}
}

// child is d, made of c: it inherits the handler.
func (c *Comm) child(d *Comm, err error) (*Comm, error) {
	if d != nil {
		d.errhandler.Store(c.errhandler.Load())
	}
	return d, c.raise(err)
}
