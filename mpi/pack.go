package mpi

import (
	"slices"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Packing gathers data of several types and places into one slice of bytes, to
// send or store it as one. Each call goes on where the one before has ended:
//
//	at, err := mpi.Pack(world, header, out, 0)
//	...
//	at, err = mpi.Pack(world, mpi.Structs(particles), out, at)
//	...
//	err = mpi.Send(world, out[:at], dest, tag)
//
// What has been packed for a communicator can be unpacked by its ranks only; the
// external forms are for data that outlives the program, or comes from another:
// they write the representation external32, in which numbers are big-endian and
// of the same size everywhere (MPI 4.1 §14.5.2).
//
// All of these calls are local: no other rank takes part. They may be called from
// any goroutine.

// PackSize is how many bytes the elements of buf take at most when they are
// packed for c. Their values do not matter.
//
// Errors: ErrState, ErrComm, ErrCount, and those of a Buffer. May be called from
// any goroutine.
//
// Implements: MPI_Pack_size (MPI 4.1 §5.2)
func PackSize[B Data](c *Comm, buf B) (int, error) {
	const op = "PackSize"
	v := viewOf(buf)
	if err := c.checkPack(op, v); err != nil {
		return 0, err
	}
	return cgo.PackSize(op, v.n, v.e.T, c.h)
}

// Pack puts the elements of in into out, from out[position] on, in the form in
// which the ranks of c unpack them. It returns the position after them.
//
// Errors: ErrState, ErrComm, ErrArg, ErrCount, ErrBuffer if out is too short, and
// those of a Buffer. May be called from any goroutine.
//
// Implements: MPI_Pack (MPI 4.1 §5.2)
func Pack[B Data](c *Comm, in B, out []byte, position int) (int, error) {
	const op = "Pack"
	v := viewOf(in)
	if err := c.checkPack(op, v); err != nil {
		return position, err
	}
	return pack(op, c, v, out, position)
}

// Unpack takes the elements of out from in, from in[position] on, where Pack has
// put them or a message from a rank of c. It returns the position after them.
//
// Errors: ErrState, ErrComm, ErrArg, ErrCount, ErrBuffer if in is too short, and
// those of a Buffer. May be called from any goroutine.
//
// Implements: MPI_Unpack (MPI 4.1 §5.2)
func Unpack[B Data](c *Comm, in []byte, position int, out B) (int, error) {
	const op = "Unpack"
	v := viewOf(out)
	if err := c.checkPack(op, v); err != nil {
		return position, err
	}
	return unpack(op, c, in, position, v)
}

// PackExternalSize is how many bytes the elements of buf take in the external32
// representation. Their values do not matter.
//
// Errors: ErrState, and those of a Buffer. May be called from any goroutine.
//
// Implements: MPI_Pack_external_size (MPI 4.1 §5.3)
func PackExternalSize[B Data](buf B) (int, error) {
	v := viewOf(buf)
	if err := world.checkPack("PackExternalSize", v); err != nil {
		return 0, err
	}
	return v.bytes(), nil // Go's types are as large there as they are here
}

// PackExternal puts the elements of in into out, from out[position] on, in the
// external32 representation. It returns the position after them.
//
// Errors: ErrState, ErrArg, ErrCount, ErrBuffer if out is too short, and those of
// a Buffer. May be called from any goroutine.
//
// Implements: MPI_Pack_external (MPI 4.1 §5.3)
func PackExternal[B Data](in B, out []byte, position int) (int, error) {
	const op = "PackExternal"
	v := viewOf(in)
	if err := world.checkPack(op, v); err != nil {
		return position, err
	}
	end, err := pack(op, self, v, out, position)
	if err != nil {
		return position, err
	}
	return end, datatype.Externalize(op, v.e, out[position:end])
}

// UnpackExternal takes the elements of out from in, from in[position] on, where
// they are in the external32 representation. It returns the position after them.
//
// Errors: ErrState, ErrArg, ErrCount, ErrBuffer if in is too short, and those of
// a Buffer. May be called from any goroutine.
//
// Implements: MPI_Unpack_external (MPI 4.1 §5.3)
func UnpackExternal[B Data](in []byte, position int, out B) (int, error) {
	const op = "UnpackExternal"
	v := viewOf(out)
	if err := world.checkPack(op, v); err != nil {
		return position, err
	}
	if err := checkPacked(op, "in", in, position, v); err != nil {
		return position, err
	}
	own := slices.Clone(in[position : position+v.bytes()])
	if err := datatype.Externalize(op, v.e, own); err != nil {
		return position, err
	}
	n, err := unpack(op, self, own, 0, v)
	return position + n, err
}

// checkPack checks what all of these calls have.
func (c *Comm) checkPack(op string, v view) error {
	if err := c.checkViews(op, v, v); err != nil {
		return err
	}
	if !cgo.Large && v.bytes() > maxInt32 {
		return argError(op, ErrCount, "the elements have %d bytes, but this MPI library packs at most %d in a call", v.bytes(), maxInt32)
	}
	return nil
}

// checkPacked checks that the elements have room in a packed slice from position
// on, and that none of them lies in it.
func checkPacked(op, name string, packed []byte, position int, v view) error {
	size := v.bytes()
	switch {
	case position < 0 || position > len(packed):
		return argError(op, ErrArg, "position is %d, but len(%s) is %d", position, name, len(packed))
	case size > len(packed)-position:
		return argError(op, ErrBuffer, "the elements take %d bytes, but %s has %d from position %d on", size, name, len(packed)-position, position)
	}
	return checkOverlap(op, v, viewOf(packed[position:position+size]))
}

func pack(op string, c *Comm, v view, out []byte, position int) (int, error) {
	if err := checkPacked(op, "out", out, position, v); err != nil || v.bytes() == 0 {
		return position, err
	}
	n, err := cgo.Pack(op, uintptr(v.ptr), v.n, v.e.T, uintptr(unsafe.Pointer(&out[position])), len(out)-position, c.h)
	return position + n, err
}

func unpack(op string, c *Comm, in []byte, position int, v view) (int, error) {
	if err := checkPacked(op, "in", in, position, v); err != nil || v.bytes() == 0 {
		return position, err
	}
	n, err := cgo.Unpack(op, uintptr(unsafe.Pointer(&in[position])), len(in)-position, uintptr(v.ptr), v.n, v.e.T, c.h)
	return position + n, err
}
