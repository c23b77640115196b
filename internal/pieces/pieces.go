// Package pieces lets the packages beside mpi do what its API does not offer: send
// a message that lies in two places, which no slice describes, and check a
// communicator. Package mpi sets its functions.
package pieces

// Isend begins to send a and then b as one message of bytes. comm is a
// *mpi.Comm, and the result a *mpi.Request.
var Isend func(comm any, a, b []byte, dest, tag int) any

// Failed is a *mpi.Request of a call that never got as far as posting.
var Failed func(op string, err error) any

// CheckRecv is Check for a receive from source with a tag, called recvtag.
var CheckRecv func(op string, comm any, source, tag int) error

// Check says whether comm, a *mpi.Comm, can be used by the call op.
var Check func(op string, comm any) error
