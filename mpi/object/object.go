// Package object sends Go values of any type between ranks: structs, maps,
// strings, slices of them, whatever package encoding/gob takes. It is the easy
// way, as mpi4py's lower-case methods are; package mpi is the fast one, for
// slices of numbers.
//
//	type Job struct { Name string; Limits map[string]float64 }
//
//	err := object.Send(world, Job{Name: "first"}, 1, 0)
//	...
//	job, status, err := object.Recv[Job](world, 0, 0)
//
// An object is one message, of any size: the receiver asks for the message's
// length and makes room for it. It travels on the communicator it is sent on,
// so that Probe sees it; use a tag, or a duplicate of the communicator, for
// objects only, as what package mpi sends is no object.
//
// Values are encoded by gob, with its rules: fields go by name, so that sender
// and receiver may declare a struct differently; unexported fields do not
// travel; what an interface holds must be registered with gob.Register. Slices
// of numbers, and of structs that hold only numbers in exported fields, travel
// as memory, at the speed of package mpi, and slices of such slices nearly so.
// Register adds other encodings.
//
// A value that cannot be encoded is an error before anything is sent, or, in a
// collective, on every rank that was to have it. A message that is no object,
// or one of a type that does not fit, is an error of the receiver, and the
// message is gone. The bytes of a message never crash the program.
//
// All functions may be called from any goroutine; collectives, as those of
// package mpi, by one goroutine at a time per communicator, in the same order
// on all ranks. A goroutine that waits costs no thread.
package object

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/mpi4go/mpi4go/internal/pieces"
	"github.com/mpi4go/mpi4go/mpi"
)

// large is the size from which it is cheaper to send memory from where it is
// than to copy it.
const large = 16 << 10

// Send sends v to rank dest. It returns when v may be changed.
//
// Errors: those of mpi.Send, and what gob says of a value that it cannot
// encode.
func Send[T any](c *mpi.Comm, v T, dest, tag int) error {
	const op = "Send"
	if data, note := memoryOf(&v); len(data) >= large && dest != mpi.ProcNull {
		_, err := pieces.Isend(c, data, note, dest, tag).(*mpi.Request).Wait()
		return err
	}
	e, err := encode(op, &v)
	if err != nil {
		return err
	}
	defer e.release()
	return mpi.Send(c, e.bytes(), dest, tag)
}

// Isend begins to send v to rank dest and returns at once. Until the Request
// is complete, v may not be changed when it is a slice of numbers; any other
// value is encoded before Isend returns.
func Isend[T any](c *mpi.Comm, v T, dest, tag int) *mpi.Request {
	const op = "Isend"
	if data, note := memoryOf(&v); len(data) >= large && dest != mpi.ProcNull {
		return pieces.Isend(c, data, note, dest, tag).(*mpi.Request)
	}
	e, err := encode(op, &v)
	if err != nil {
		return pieces.Failed(op, err).(*mpi.Request)
	}
	return mpi.Isend(c, e.bytes(), dest, tag) // which keeps the bytes
}

// Recv receives an object with the tag (or mpi.AnyTag) from source (or
// mpi.AnySource). The status counts bytes, of the encoded object. From
// mpi.ProcNull comes the zero value.
//
// Errors: those of mpi.Recv, and a *TypeError when the object is no T; it has
// been received then.
func Recv[T any](c *mpi.Comm, source, tag int) (T, mpi.Status, error) {
	return RecvContext[T](context.Background(), c, source, tag)
}

// RecvContext is Recv until ctx ends: then it returns an error that wraps the
// context's cause, and has received nothing.
func RecvContext[T any](ctx context.Context, c *mpi.Comm, source, tag int) (T, mpi.Status, error) {
	if pending(c) { // Irecvs that were called before come first
		r := Irecv[T](c, source, tag)
		v, st, err := r.WaitContext(ctx)
		if ctx.Err() != nil && !r.Cancel() {
			return r.Wait()
		}
		return v, st, err
	}
	var v T
	m, err := c.MprobeContext(ctx, source, tag)
	if err != nil {
		return v, mpi.Status{}, err
	}
	return receive[T]("Recv", m)
}

// receive receives the message m.
func receive[T any](op string, m *mpi.Message) (v T, st mpi.Status, err error) {
	st = m.Status()
	r := room[T](int(st.Bytes()))
	if st, err = mpi.Mrecv(m, r.bytes); err != nil || st.Source == mpi.ProcNull {
		r.release()
		return v, st, err
	}
	err = r.decode(&v)
	if err != nil {
		err = fmt.Errorf("object: %s: from rank %d, tag %d: %w", op, st.Source, st.Tag, err)
	}
	return v, st, err
}

// Sendrecv sends v to rank dest and receives an object from source, both at
// once: ranks that exchange objects do not wait for each other forever.
func Sendrecv[S, R any](c *mpi.Comm, v S, dest, sendtag int, source, recvtag int) (R, mpi.Status, error) {
	// Before anything is sent: somebody would have to receive it.
	if err := pieces.CheckRecv("object.Sendrecv", c, source, recvtag); err != nil {
		var none R
		return none, mpi.Status{}, err
	}
	s := Isend(c, v, dest, sendtag)
	if _, failed, err := s.Test(); failed && err != nil {
		var none R
		return none, mpi.Status{}, err
	}
	r, st, err := Recv[R](c, source, recvtag)
	if _, sent := s.Wait(); err == nil {
		err = sent
	}
	return r, st, err
}

// TypeError says that what arrived is not of the type that was asked for.
type TypeError struct {
	Sent string // the type as the sender names it; empty when it is no object
	Want string
	Err  error
}

func (e *TypeError) Error() string {
	if e.Sent == "" {
		return fmt.Sprintf("the message is no object, and no %s: %v", e.Want, e.Err)
	}
	return fmt.Sprintf("a %s was sent, which is no %s: %v", e.Sent, e.Want, e.Err)
}

func (e *TypeError) Unwrap() error { return e.Err }

// Append appends v to b, encoded as Send encodes it: for those who keep objects,
// or send them by other ways.
func Append[T any](b []byte, v T) ([]byte, error) {
	const op = "Append"
	in := infoOf(reflect.TypeFor[T]())
	switch data, note := memoryOf(&v); {
	case note != nil:
		return append(append(slices.Grow(b, len(data)+len(note)), data...), note...), nil
	case in.rows != noRows:
		return appendNote(in.appendRows(b, unsafe.Pointer(&v)), kindRows, 0, in.layout), nil
	}
	e, err := encode(op, &v)
	if err != nil {
		return b, err
	}
	defer e.release()
	return append(b, e.bytes()...), nil
}

// Decode returns the object that is encoded in data, which may have come from
// Append on any rank. It keeps nothing of data.
//
// Errors: a *TypeError when data is no object, or no T.
func Decode[T any](data []byte) (v T, err error) {
	if err = decodeBytes(data, &v); err != nil {
		err = fmt.Errorf("object: Decode: %w", err)
	}
	return v, err
}
