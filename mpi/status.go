package mpi

import (
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Status tells of a message that was received or probed.
type Status struct {
	// Source is the sender's rank in the communicator (AnySource and
	// ProcNull where the standard says so).
	Source int
	// Tag is the message's tag.
	Tag int
	// Count is the number of elements received, in elements of the receive
	// buffer: it may be less than the buffer's length. It is Undefined when
	// the message does not hold a whole number of them. A probe knows no
	// element type and counts bytes; CountOf counts elements.
	Count int

	bytes     int64
	cancelled bool
}

// Bytes is the size of the message in bytes.
func (s Status) Bytes() int64 { return s.bytes }

// Cancelled reports whether the operation was cancelled.
//
// Implements: MPI_Test_cancelled (MPI 4.1 §3.8.4)
func (s Status) Cancelled() bool { return s.cancelled }

// CountOf is the number of elements of type T in the message that s describes,
// or Undefined when it does not hold a whole number of them. It is how a
// receiver sizes the buffer for a message that it has probed:
//
//	st, err := world.Probe(source, tag)
//	...
//	buf := make([]float64, mpi.CountOf[float64](st))
//
// Implements: MPI_Get_count (MPI 4.1 §3.2.5)
func CountOf[T any](s Status) int {
	var t T
	return countOf(s.bytes, int(unsafe.Sizeof(t)))
}

func countOf(bytes int64, size int) int {
	if size == 0 || bytes%int64(size) != 0 {
		return Undefined
	}
	return int(bytes / int64(size))
}

func newStatus(s cgo.Status, size int) Status {
	return Status{
		Source: int(s.Source), Tag: int(s.Tag), Count: countOf(s.Bytes, size),
		bytes: s.Bytes, cancelled: s.Cancelled,
	}
}
