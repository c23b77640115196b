package mpi_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// Handles go out and come back as the same communicators. That other languages
// can use them is tested in internal/mixed.
func TestHandles(t *testing.T) {
	c := mpitest.World(t)
	half, err := c.Split(c.Rank()%2, -c.Rank())
	if err != nil {
		t.Fatal(err)
	}
	var seen []uintptr
	for _, d := range []*mpi.Comm{mpi.World(), mpi.Self(), c, half} {
		if d.Handle() == 0 || slices.Contains(seen, d.Handle()) {
			t.Errorf("handle %#x after %#x", d.Handle(), seen)
		}
		seen = append(seen, d.Handle())
		if back, err := mpi.CommFromHandle(d.Handle()); back != d || err != nil {
			t.Errorf("CommFromHandle: %p, %v, want %p", back, err, d)
		}
		if back, err := mpi.CommFromFortran(d.Fortran()); back != d || err != nil {
			t.Errorf("CommFromFortran(%d): %p, %v, want %p", d.Fortran(), back, err, d)
		}
	}
	if err := half.Free(); err != nil {
		t.Fatal(err)
	}

	// What is freed or nil is MPI_COMM_NULL to Fortran, and the way back knows it.
	for _, d := range []*mpi.Comm{nil, half} {
		if d.Handle() != 0 {
			t.Errorf("handle %#x, want 0", d.Handle())
		}
		if back, err := mpi.CommFromFortran(d.Fortran()); back != nil || err != nil {
			t.Errorf("CommFromFortran(%d): %v, %v, want nil", d.Fortran(), back, err)
		}
	}

	for _, err := range []error{
		func() error { _, err := mpi.CommFromHandle(0); return err }(),
		func() error { _, err := mpi.CommFromFortran(1 << 40); return err }(),
	} {
		if !errors.Is(err, mpi.ErrComm) || !strings.Contains(err.Error(), "the handle is ") {
			t.Errorf("error %v, want an ErrComm that names the handle", err)
		}
	}
}

// A communicator of which only the library knows, as if C had made it, is whole.
func TestCommFromHandle(t *testing.T) {
	c := mpitest.World(t)
	h, err := cgo.CommDup(cgo.Comm(c.Handle()))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mpi.CommFromHandle(uintptr(h))
	if err != nil {
		t.Fatal(err)
	}
	if d.Rank() != c.Rank() || d.Size() != c.Size() {
		t.Errorf("rank %d of %d, want %d of %d", d.Rank(), d.Size(), c.Rank(), c.Size())
	}
	sum := []int{d.Rank()}
	if err := mpi.AllreduceInPlace(d, sum, op.Sum); err != nil {
		t.Fatal(err)
	}
	if want := c.Size() * (c.Size() - 1) / 2; sum[0] != want {
		t.Errorf("the sum is %d, want %d", sum[0], want)
	}
	if err := d.Free(); err != nil {
		t.Error(err)
	}
	if err := d.Barrier(); !errors.Is(err, mpi.ErrComm) {
		t.Errorf("after Free: %v", err)
	}
}
