package mpimat

import (
	"slices"
	"sync"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/mat"
)

// ScatterRows gives each rank its rows of m, which only the root has (on other
// ranks m may be nil): those that mpi.Partition of the number of rows says.
// part is what this rank gets; an empty one takes the shape, and one that is
// not empty has it. Views of larger matrices are read and written where they are.
//
// Errors, on all ranks: ErrRoot, ErrArg when a part does not fit or the ranks
// name different roots, and ErrBuffer when part and m of the root share memory.
// Collective over c; may be called from any goroutine.
func ScatterRows(c *mpi.Comm, m, part *mat.Dense, root int) error {
	const op = "mpimat.ScatterRows"
	rows, cols := dims(m)
	r, k := dims(part)
	wrong := checkRoot(c, op, root)
	if wrong == nil && c != nil && c.Rank() == root {
		wrong = farApart(op, "part", part, "m", m)
	}
	s, err := agree(c, op, wrong, root, rows, cols, state(part), r, k)
	if err != nil {
		return err
	}
	if err := s.same(0, mpi.ErrRoot, "root"); err != nil {
		return err
	}
	rows, cols = s.of(root, 1), s.of(root, 2)
	counts, displs := mpi.Partition(rows, c.Size())
	for rank, n := range counts {
		if err := s.accepts(rank, 3, "part", n, cols); err != nil {
			return err
		}
	}
	shapeUp(part, counts[c.Rank()], cols)
	var all mpi.Buffer
	if c.Rank() == root {
		all = byRows(m)
	}
	return mpi.Scatterv(c, all, counts, displs, byRows(part), root)
}

// GatherRows puts the parts of all ranks, one below the other, into m on the root
// (on other ranks m may be nil). The parts may have any number of rows, none
// too, but those that have any have the same number of columns. An empty m takes
// the shape. Views of larger matrices are read and written where they are.
//
// Errors, on all ranks: ErrRoot, ErrArg when the parts do not fit together, m
// does not fit them, or the ranks name different roots, and ErrBuffer when part
// and m of the root share memory. Collective over c; may be called from any
// goroutine.
func GatherRows(c *mpi.Comm, part, m *mat.Dense, root int) error {
	const op = "mpimat.GatherRows"
	rows, cols := dims(m)
	r, k := dims(part)
	wrong := checkRoot(c, op, root)
	if wrong == nil && c != nil && c.Rank() == root {
		wrong = farApart(op, "m", m, "part", part)
	}
	s, err := agree(c, op, wrong, root, state(m), rows, cols, r, k)
	if err != nil {
		return err
	}
	if err := s.same(0, mpi.ErrRoot, "root"); err != nil {
		return err
	}
	if cols, err = s.columns("part", 4); err != nil {
		return err
	}
	rows = s.sum(4)
	if err := s.accepts(root, 1, "m", rows, cols); err != nil {
		return err
	}
	var all mpi.Buffer
	if c.Rank() == root {
		shapeUp(m, rows, cols)
		all = byRows(m)
	}
	return mpi.Gatherv(c, byRows(part), all, s.column(4), nil, root)
}

// columns is how many columns the parts have, of which the ranks have said the
// rows and columns from the i-th thing on.
func (s said) columns(name string, i int) (int, error) {
	first := -1
	for rank := range s.ranks {
		switch rows, cols := s.of(rank, i), s.of(rank, i+1); {
		case rows == 0:
		case first < 0:
			first = rank
		case cols != s.of(first, i+1):
			return 0, s.wrong(rank, mpi.ErrArg, "%s is %d x %d, but on rank %d it has %d columns", name, rows, cols, first, s.of(first, i+1))
		}
	}
	if first < 0 {
		return 0, nil
	}
	return s.of(first, i+1), nil
}

// BcastDense copies m of the root to all ranks. An empty m takes the shape on the
// other ranks. Views of larger matrices are read and written where they are,
// whatever the other ranks have.
//
// Errors, on all ranks: ErrRoot, and ErrArg when an m has another shape or is nil,
// or the ranks name different roots. Collective over c; may be called from any
// goroutine.
func BcastDense(c *mpi.Comm, m *mat.Dense, root int) error {
	const op = "mpimat.BcastDense"
	rows, cols := dims(m)
	s, err := agree(c, op, checkRoot(c, op, root), root, state(m), rows, cols)
	if err != nil {
		return err
	}
	if err := s.same(0, mpi.ErrRoot, "root"); err != nil {
		return err
	}
	rows, cols = s.of(root, 2), s.of(root, 3)
	for rank := range s.ranks {
		if err := s.accepts(rank, 1, "m", rows, cols); err != nil {
			return err
		}
	}
	shapeUp(m, rows, cols)
	return mpi.Bcast(c, byRows(m), root)
}

// AllreduceDense combines the matrices m of all ranks number by number, and puts
// the result into m on all of them. A view of a larger matrix is copied to memory
// that is kept for the next, since MPI reduces numbers only where they follow
// one another.
//
// Errors, on all ranks: ErrArg when the shapes differ, ErrOp when an o is not
// defined for float64. Collective over c, all ranks with the same operation; may
// be called from any goroutine.
func AllreduceDense(c *mpi.Comm, m *mat.Dense, o op.Op) error {
	const name = "mpimat.AllreduceDense"
	var wrong error
	switch {
	case o.Accepts(datatype.Float64.Elem()):
	case o.Freed():
		wrong = argError(name, mpi.ErrOp, "the operation %v has been freed", o)
	case o.Handle() == 0:
		wrong = argError(name, mpi.ErrOp, "no reduction operation given")
	default:
		wrong = argError(name, mpi.ErrOp, "%v is not defined for float64", o)
	}
	rows, cols := dims(m)
	s, err := agree(c, name, wrong, rows, cols)
	if err != nil {
		return err
	}
	for rank := range s.ranks {
		if s.of(rank, 0) != s.of(0, 0) || s.of(rank, 1) != s.of(0, 1) {
			return s.wrong(rank, mpi.ErrArg, "m is %d x %d, but on rank 0 it is %d x %d", s.of(rank, 0), s.of(rank, 1), s.of(0, 0), s.of(0, 1))
		}
	}
	if rows == 0 {
		return nil
	}
	raw := m.RawMatrix()
	if rows == 1 || raw.Stride == cols {
		return mpi.AllreduceInPlace(c, raw.Data[:rows*cols], o)
	}
	kept := scratch.Get().(*[]float64)
	defer scratch.Put(kept)
	*kept = slices.Grow((*kept)[:0], rows*cols)[:rows*cols]
	for i := range rows {
		copy((*kept)[i*cols:], raw.Data[i*raw.Stride:][:cols])
	}
	if err := mpi.AllreduceInPlace(c, *kept, o); err != nil {
		return err
	}
	for i := range rows {
		copy(raw.Data[i*raw.Stride:][:cols], (*kept)[i*cols:])
	}
	return nil
}

var scratch = sync.Pool{New: func() any { return new([]float64) }}
