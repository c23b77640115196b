package mpi

import "github.com/mpi4go/mpi4go/mpi/cgo"

// Pcontrol speaks to a profiling tool, one that has put itself between the
// program and the MPI library (PMPI), as those that LD_PRELOAD loads do. By
// custom level 0 turns it off, 1 on, and 2 makes it write what it has; more is
// for the tool to define. Without a tool nothing happens.
//
// Such a tool sees the calls that this package makes of the library, and those
// are not always the call of the same name: a send, such as Send, is an
// MPI_Isend, a receive an MPI_Irecv, each with as many MPI_Test or MPI_Testsome
// as it takes. With MPICH and more ranks on a host than it has processors, a
// collective such as Bcast is an MPI_Ibcast and tests. The further arguments that
// C may give to MPI_Pcontrol cannot be given here.
//
// Not collective. May be called from any goroutine, after Init.
//
// Errors: ErrState, ErrArg for a level beyond 32 bits.
//
// Implements: MPI_Pcontrol (MPI 4.1 §15.2.4)
func Pcontrol(level int) error {
	const op = "Pcontrol"
	if err := usable(op); err != nil {
		return err
	}
	if level != int(int32(level)) {
		return argError(op, ErrArg, "level is %d, but must fit into 32 bits", level)
	}
	return cgo.Pcontrol(level)
}
