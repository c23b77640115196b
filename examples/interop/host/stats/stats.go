// Stats is a library for C programs with MPI, written in Go: each function returns 0, or 1 for an error, which it
// prints.
package main

// #include <stdint.h>
import "C"

import (
	"fmt"
	"math"
	"os"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {} // the go command wants it; nobody calls it

// StatsInit joins the MPI of the calling program.
//
//export StatsInit
func StatsInit() C.int { return code(mpi.Init()) }

// StatsFinalize must be called before MPI_Finalize.
//
//export StatsFinalize
func StatsFinalize() C.int { return code(mpi.Finalize()) }

// Stats computes mean and standard deviation of all the values that the ranks of a communicator have. Collective.
//
//export Stats
func Stats(comm C.uintptr_t, x *C.double, n C.int, mean, deviation *C.double) C.int {
	c, err := mpi.CommFromHandle(uintptr(comm))
	if err != nil {
		return code(err)
	}
	sums := []float64{float64(n), 0, 0}
	for _, v := range unsafe.Slice((*float64)(x), n) {
		sums[1] += v
		sums[2] += v * v
	}
	if err := mpi.AllreduceInPlace(c, sums, op.Sum); err != nil {
		return code(err)
	}
	m := sums[1] / sums[0]
	*mean, *deviation = C.double(m), C.double(math.Sqrt(sums[2]/sums[0]-m*m))
	return 0
}

func code(err error) C.int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
