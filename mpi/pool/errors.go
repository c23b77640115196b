package pool

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
)

// ErrClosed is the error of calls on a Pool whose Run is over.
var ErrClosed = errors.New("pool: the function given to Run has returned")

// TaskError is the error or the panic of one task. errors.As finds it in what
// Map, All, Each and Wait return.
type TaskError struct {
	// Func is the name that the function was declared with.
	Func string
	// Index is the input's place in the list or sequence; 0 for Submit, and for
	// Each the worker's number.
	Index int
	// Rank is the worker's rank in the communicator given to Run.
	Rank int
	// Stack is the stack of a panic, and "" for an error.
	Stack string
	// Err is the error. Across ranks its text survives, and if its type is
	// registered with gob.Register the error itself, for errors.As.
	Err error
}

// Error has the function, the index, the rank, and for a panic the stack.
func (e *TaskError) Error() string {
	s := fmt.Sprintf("pool: %s: input %d on rank %d: %v", e.Func, e.Index, e.Rank, e.Err)
	if e.Stack != "" {
		s += "\n\n" + e.Stack
	}
	return s
}

// Unwrap returns e.Err.
func (e *TaskError) Unwrap() error { return e.Err }

// remoteError is an error of which only the text has travelled.
type remoteError string

func (e remoteError) Error() string { return string(e) }

// failed makes the failure of a task that travels.
func failed(at int, err error) failure {
	f := failure{at: at}
	defer func() {
		if p := recover(); p != nil { // Error, or GobEncode, of a type of the program's
			f.err = nil
			f.text = fmt.Sprintf("%T, whose text cannot be had: %v", err, p)
		}
	}()
	f.text = err.Error()
	var buf bytes.Buffer
	if gob.NewEncoder(&buf).Encode(&err) == nil { // only of registered types
		f.err = buf.Bytes()
	}
	return f
}

func (f *failure) error() (err error) {
	text := remoteError(f.text)
	if len(f.err) == 0 {
		return text
	}
	defer func() {
		if recover() != nil {
			err = text
		}
	}()
	if gob.NewDecoder(bytes.NewReader(f.err)).Decode(&err) != nil || err == nil {
		return text
	}
	return err
}
