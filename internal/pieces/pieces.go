// Package pieces lets the packages beside mpi send a message that lies in two
// places, which no slice describes. Package mpi sets its functions.
package pieces

// Isend begins to send a and then b as one message of bytes. comm is a
// *mpi.Comm, and the result a *mpi.Request.
var Isend func(comm any, a, b []byte, dest, tag int) any

// Failed is a *mpi.Request of a call that never got as far as posting.
var Failed func(op string, err error) any
