package mpi

import (
	"math/bits"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
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

	// -1 when cancelled. One field for both, because the Go compiler keeps a
	// struct of up to four in registers.
	bytes int64
}

// Bytes is the size of the message in bytes.
func (s Status) Bytes() int64 { return max(s.bytes, 0) }

// Cancelled reports whether the operation was cancelled.
//
// Implements: MPI_Test_cancelled (MPI 4.1 §3.8.4)
func (s Status) Cancelled() bool { return s.bytes < 0 }

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
	return countOf(s.Bytes(), int(unsafe.Sizeof(t)))
}

// Elements is the number of elements of basic types in the message that s
// describes, received as elements of t, of which the last may be incomplete: a
// datatype of a float64 and two int32 has three. It is Undefined when t is none
// or freed, and with some libraries when the message ends within a basic
// element, which others leave out. May be called from any goroutine between
// Init and Finalize.
//
// Implements: MPI_Get_elements (MPI 4.1 §5.1.11)
func (s Status) Elements(t datatype.Datatype) int {
	e := t.Elem()
	if e.Err != nil || cgo.Usable("Status.Elements") != nil {
		return Undefined
	}
	return cgo.Elements(s.Bytes(), e.T)
}

func countOf(bytes int64, size int) int {
	if size&(size-1) == 0 && size > 0 {
		// Every basic type; a division would be felt on small messages.
		if bytes&int64(size-1) != 0 {
			return Undefined
		}
		return int(bytes >> bits.TrailingZeros64(uint64(size)))
	}
	if size == 0 || bytes%int64(size) != 0 {
		return Undefined
	}
	return int(bytes / int64(size))
}

func newStatus(s cgo.Status, size int) Status {
	return Status{Source: int(s.Source), Tag: int(s.Tag), Count: countOf(max(s.Bytes, 0), size), bytes: s.Bytes}
}
