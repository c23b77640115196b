package mpi

import "github.com/mpi4go/mpi4go/mpi/cgo"

// Ssend is Send in synchronous mode: it returns only when the receiver has
// begun to receive the message. A program that works with Ssend does not depend
// on the library to buffer its messages.
//
// Implements: MPI_Ssend (MPI 4.1 §3.4)
func Ssend[B Data](c *Comm, buf B, dest, tag int) error {
	return c.raise(c.send("Ssend", cgo.Synchronous, viewOf(buf), dest, tag))
}

// Rsend is Send in ready mode: the receiver must have posted the receive
// already, else the outcome is undefined.
//
// Implements: MPI_Rsend (MPI 4.1 §3.4)
func Rsend[B Data](c *Comm, buf B, dest, tag int) error {
	return c.raise(c.send("Rsend", cgo.Ready, viewOf(buf), dest, tag))
}

// Issend begins to send as Ssend does, and returns at once. See Request for
// what that means for buf.
//
// Implements: MPI_Issend (MPI 4.1 §3.7.2)
func Issend[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.isend("Issend", cgo.Synchronous, viewOf(buf), dest, tag)
}

// Irsend begins to send as Rsend does, and returns at once. See Request for
// what that means for buf.
//
// Implements: MPI_Irsend (MPI 4.1 §3.7.2)
func Irsend[B Data](c *Comm, buf B, dest, tag int) *Request {
	return c.isend("Irsend", cgo.Ready, viewOf(buf), dest, tag)
}
