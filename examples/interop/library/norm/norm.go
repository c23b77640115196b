// Package norm makes Go functions of a C library and a Fortran subroutine. All of them are collective.
package norm

/*
#include <stdint.h>
#include "norm.h"

// A handle crosses as an integer: an MPI_Comm is a pointer in one library and an int in another.
static double length_of(uintptr_t comm, const double *x, int n) { return norm_length((MPI_Comm)comm, x, n); }
static uintptr_t turned_of(uintptr_t comm) { return (uintptr_t)norm_turned((MPI_Comm)comm); }

// The subroutine in smooth.f90.
void smooth(double *x, int n, MPI_Fint comm);
*/
import "C"

import (
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi"
)

// Length is the length of the vector whose parts are the x of all ranks of c.
func Length(c *mpi.Comm, x []float64) float64 {
	return float64(C.length_of(C.uintptr_t(c.Handle()), first(x), C.int(len(x))))
}

// Smooth replaces each value by the mean of itself and its neighbours, in this rank's x or the next one's.
func Smooth(c *mpi.Comm, x []float64) {
	C.smooth(first(x), C.int(len(x)), C.MPI_Fint(c.Fortran()))
}

// Turned is a communicator with the ranks of c in reverse order, made by C. The caller frees it.
func Turned(c *mpi.Comm) (*mpi.Comm, error) {
	return mpi.CommFromHandle(uintptr(C.turned_of(C.uintptr_t(c.Handle()))))
}

func first(x []float64) *C.double { return (*C.double)(unsafe.Pointer(unsafe.SliceData(x))) }
