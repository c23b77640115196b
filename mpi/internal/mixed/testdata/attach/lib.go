// Package main is the C library of TestAttach: what ../attach.c calls. Each function
// says on standard error what is wrong, and returns how many things are.
package main

// #include <stdint.h>
import "C"

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {}

var wrong C.int

func expect(ok bool, format string, args ...any) {
	if !ok {
		wrong++
		fmt.Fprintf(os.Stderr, "go: "+format+"\n", args...)
	}
}

// Begin joins the MPI that C has initialised, for one thread at a time or for many.
//
//export Begin
func Begin(many C.int) C.int {
	expect(mpi.Initialized(), "MPI is not initialised")
	if many == 0 && mpi.Threads() != mpi.ThreadMultiple {
		// The level that the host has got counts.
		err := mpi.Init(mpi.AtLeast(mpi.ThreadSingle))
		expect(err == nil, "Init: %v", err)
		return wrong
	}
	err := mpi.Init()
	expect(err == nil, "Init: %v", err)
	expect(mpi.Threads() == mpi.ThreadMultiple, "the thread level is %v", mpi.Threads())
	return wrong
}

// Refused is Init where the host's thread level is too low for it, or where
// it has been called before.
//
//export Refused
func Refused(again C.int) C.int {
	err := mpi.Init(mpi.AtLeast(mpi.ThreadMultiple + 1))
	want := mpi.ErrUnsupported
	if again != 0 {
		want = mpi.ErrState
	}
	expect(errors.Is(err, want), "Init: %v, want %v", err, want)
	return wrong
}

// Work uses the host's communicator, by both of its handles, and the world.
//
//export Work
func Work(comm C.uintptr_t, fortran, many C.int) C.int {
	c, err := mpi.CommFromHandle(uintptr(comm))
	expect(err == nil, "CommFromHandle: %v", err)
	d, err := mpi.CommFromFortran(int(fortran))
	expect(err == nil, "CommFromFortran: %v", err)
	expect(c.Handle() == d.Handle() && c.Fortran() == int(fortran) && d.Fortran() == int(fortran), "two communicators of one")
	world := mpi.World()
	// The host's has the order turned around.
	expect(c.Size() == world.Size() && c.Rank() == world.Size()-1-world.Rank(), "rank %d of %d", c.Rank(), c.Size())

	for _, c := range []*mpi.Comm{c, d, world} {
		n, me := c.Size(), c.Rank()
		got := []int{-1}
		_, err := mpi.Sendrecv(c, []int{me}, (me+1)%n, 1, got, (me+n-1)%n, 1)
		expect(err == nil && got[0] == (me+n-1)%n, "Sendrecv: %d, %v", got[0], err)
		sum := []int{me}
		err = mpi.AllreduceInPlace(c, sum, op.Sum)
		expect(err == nil && sum[0] == n*(n-1)/2, "Allreduce: %d, %v", sum[0], err)
	}

	// Errors return to Go, and do not end the host or call its handler.
	if world.Size() > 1 && world.Rank() < 2 {
		peer := 1 - world.Rank()
		_, err = mpi.Sendrecv(world, []int{1, 2}, peer, 2, []int{0}, peer, 2)
		expect(errors.Is(err, mpi.ErrTruncate), "a message too long: %v", err)
	}

	if many != 0 {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				got := []int{-1}
				if _, errs[i] = mpi.Sendrecv(c, []int{i}, c.Rank(), 10+i, got, c.Rank(), 10+i); got[0] != i {
					errs[i] = errors.Join(errs[i], fmt.Errorf("goroutine %d got %d", i, got[0]))
				}
			})
		}
		wg.Wait()
		expect(errors.Join(errs...) == nil, "goroutines: %v", errors.Join(errs...))
	}
	return wrong
}

// End leaves the host's MPI, which the host may have finalised too early.
//
//export End
func End(late C.int) C.int {
	err := mpi.Finalize()
	expect((err == nil) == (late == 0), "Finalize: %v", err)
	expect(late == 0 || errors.Is(err, mpi.ErrState), "Finalize after the host's: %v", err)
	expect(mpi.Finalized(), "not finalised")
	return wrong
}
