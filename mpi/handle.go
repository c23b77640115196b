package mpi

import (
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Handle is the library's own handle of c, for C code in this process that takes
// a communicator: pass it as a uintptr_t and cast it to MPI_Comm there, which is
// right for every library. It is 0 for nil and for a communicator that has been
// freed. The communicator stays c's: C code must not free it.
//
// May be called from any goroutine, after Init.
func (c *Comm) Handle() uintptr {
	if c == nil {
		return 0
	}
	c.shared()
	return uintptr(c.h)
}

// Fortran is the handle of c for Fortran code in this process that takes a
// communicator, as an INTEGER (C's MPI_Fint), or as the MPI_VAL of a TYPE(MPI_Comm).
// For nil and for a communicator that has been freed it is that of MPI_COMM_NULL.
//
// May be called from any goroutine, after Init.
//
// Implements: MPI_Comm_c2f (MPI 4.1 §19.3.4)
func (c *Comm) Fortran() int {
	var h cgo.Comm
	if c != nil {
		c.shared()
		h = c.h
	}
	return cgo.CommToFortran(h)
}

// CommFromHandle is the communicator that C code in this process has: h is its
// MPI_Comm, cast to uintptr_t. For one of Go's it is that Comm, for MPI_COMM_NULL
// it is nil. Any other stays C's, which must keep it while Go uses it: who made
// it frees it, and Free frees it for both sides. It returns errors from here on
// (MPI_ERRORS_RETURN), to C too; C code that relies on an error handler of
// its own gives Go a duplicate.
//
// Not collective. May be called from any goroutine.
//
// Errors: ErrState, ErrComm. The library may not notice that h is no
// communicator, and crash.
func CommFromHandle(h uintptr) (*Comm, error) {
	const op = "CommFromHandle"
	if err := usable(op); err != nil {
		return nil, err
	}
	if h == 0 {
		return nil, argError(op, ErrComm, "the handle is 0: it must be an MPI_Comm of this process")
	}
	return adopt(cgo.CommOf(h))
}

// CommFromFortran is CommFromHandle for the handle that Fortran code has.
//
// Implements: MPI_Comm_f2c (MPI 4.1 §19.3.4)
func CommFromFortran(f int) (*Comm, error) {
	const op = "CommFromFortran"
	if err := usable(op); err != nil {
		return nil, err
	}
	if f != int(int32(f)) {
		return nil, argError(op, ErrComm, "the handle is %d, but Fortran's have 32 bits", f)
	}
	return adopt(cgo.CommOfFortran(f))
}

// adopt finds or makes the Comm of a handle.
func adopt(h cgo.Comm) (*Comm, error) {
	if c, ok := comms.Load(h); ok && !c.(*Comm).foreign {
		return c.(*Comm), nil
	}
	// One that was C's before is made anew: C may have freed that, and the
	// library given the handle to another.
	c := &Comm{foreign: true}
	if h = cgo.CommAdopt(h); h == 0 {
		return nil, nil
	}
	if err := c.fill(h); err != nil {
		return nil, err
	}
	return c, nil
}
