package pool

import (
	"errors"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi/object"
)

// Values travel as objects: the inputs of a chunk, or its results, as one slice.

var errBytes = errors.New("malformed message")

// encode appends s to b.
func encode[T any](b []byte, s []T) (_ []byte, err error) {
	defer recovered(&err) // a GobEncode of the program's may panic
	return object.Append(b, s)
}

// decode is the inverse of encode, of a slice that must have n elements, or any
// number if n is negative. The bytes came from another rank: whatever they are,
// it returns an error or a slice, which shares no memory with them.
func decode[T any](b []byte, n int) (s []T, err error) {
	defer recovered(&err)
	s, err = object.Decode[[]T](b)
	if err == nil && n >= 0 && len(s) != n {
		err = errBytes
	}
	return s, err
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}
