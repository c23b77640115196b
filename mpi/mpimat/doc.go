// Package mpimat makes gonum's matrices and vectors buffers of MPI calls, and
// has linear algebra on matrices that are spread over ranks.
//
// Of is the Buffer of a matrix or vector, for every call that moves data:
//
//	err := mpi.Send(world, mpimat.Of(m), dest, tag)
//	...
//	_, err := mpi.Recv(world, mpimat.Of(m.Slice(2, 5, 0, 4).(*mat.Dense)), source, tag)
//
// Rows, Cols and Block are Buffers of a part of a matrix. None of them copies,
// also where the numbers do not lie in one piece, and none allocates but for
// the first use of a layout.
//
// ScatterRows, GatherRows, BcastDense, AllreduceDense, MulVec and the methods
// of Grid are collective: all ranks call them, in the same order. Before any
// number moves, the ranks tell each other the shapes of their matrices. If these
// do not fit, on whichever rank, all ranks get an error that names it, and no
// matrix is changed. That is one Allgather of a few integers (at most 8 of each
// rank) in each call: some microseconds within a host.
//
// # Shapes
//
// Where a matrix is spread by rows, the ranks have consecutive rows, in the order
// of the ranks; mpi.Partition says how many each, unless a function says that
// any will do. gonum has no matrices without rows: a rank that has no rows
// passes an empty one, new(mat.Dense), or nil.
//
// A matrix or vector that is only written may be empty, new(mat.Dense), and then
// gets the shape that it should have, as in gonum's own methods. Where it is
// not, the shape must fit.
//
// No two arguments may share memory.
package mpimat
