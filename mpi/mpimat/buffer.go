package mpimat

import (
	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Matrix is what Rows, Cols and Block take a part of.
type Matrix interface {
	*mat.Dense | *mat.CDense | blas64.General | blas32.General
}

// Array is what Of takes: matrices, symmetric matrices and vectors.
type Array interface {
	Matrix | *mat.VecDense | *mat.SymDense | blas64.Vector | blas32.Vector
}

// Of is the Buffer of all numbers of a, in row-major order, where they are.
//
// How many elements it has depends on how they lie. A matrix whose rows follow
// one another in memory (the stride is the number of columns, or there is but one
// row) is a slice of its numbers, and so is a vector of increment 1. Predefined
// reductions take only these; AllreduceDense takes all. Any other matrix has a
// datatype for a row, and as many elements as rows; any other vector has as many
// elements as numbers.
//
// Of a symmetric matrix what travels is the triangle that gonum stores, the upper
// one with the diagonal: n*(n+1)/2 numbers as one element, row by row. What lies
// below the diagonal in memory, which gonum never reads, is neither sent nor
// written.
//
// A matrix can be received as any other layout of as many numbers: a column as a
// row, for example. In collectives it is safer when all ranks have as many
// elements, since a library may cut a long message at elements: BcastDense sees
// to that.
//
// A nil or empty a is a Buffer of no elements, for where MPI ignores the buffer.
// A blas64 or blas32 structure whose fields contradict one another, or whose
// increment is not positive, is an error of the call that the Buffer is given to:
// ErrArg or ErrBuffer; so is ErrState before Init, and ErrNoMem for one layout
// too many.
//
// Of allocates nothing after the first use of a shape and stride, and may be
// called from any goroutine. The matrix must not be reshaped before the call has
// returned or, of a nonblocking call, is complete. Datatypes are kept for at most
// 4096 layouts (a number of columns and a stride, whatever the number of rows),
// and freed at Finalize, or by Forget.
func Of[A Array](a A) mpi.Buffer {
	const op = "mpimat.Of"
	switch a := any(a).(type) {
	case *mat.VecDense:
		if a == nil {
			return mpi.Buffer{}
		}
		v := a.RawVector()
		return vector(op, datatype.Float64, v.Data, v.N, v.Inc)
	case blas64.Vector:
		return vector(op, datatype.Float64, a.Data, a.N, a.Inc)
	case blas32.Vector:
		return vector(op, datatype.Float32, a.Data, a.N, a.Inc)
	case *mat.SymDense:
		if a == nil {
			return mpi.Buffer{}
		}
		return symmetric(op, a.RawSymmetric())
	case *mat.Dense:
		return block(op, a, whole)
	case *mat.CDense:
		return block(op, a, whole)
	case blas64.General:
		return block(op, a, whole)
	case blas32.General:
		return block(op, a, whole)
	}
	panic("unreachable")
}

// Rows is the Buffer of the rows i to k-1 of m, as Of of that view: it has k-i
// elements, unless the rows follow one another in memory. A range that leaves
// the matrix is an error of the call that the Buffer is given to: ErrArg.
func Rows[M Matrix](m M, i, k int) mpi.Buffer {
	return block("mpimat.Rows", m, part{window: window{i: i, k: k}, allCols: true})
}

// Cols is the Buffer of the columns j to l-1 of m, as Of of that view: one
// element for each row, unless m has only these columns. A range that leaves
// the matrix is an error of the call that the Buffer is given to: ErrArg.
func Cols[M Matrix](m M, j, l int) mpi.Buffer {
	return block("mpimat.Cols", m, part{window: window{j: j, l: l}, allRows: true})
}

// Block is the Buffer of the rows i to k-1 of the columns j to l-1 of m, as Of
// of m.Slice(i, k, j, l), which, however, allocates. A range that leaves the
// matrix is an error of the call that the Buffer is given to: ErrArg.
func Block[M Matrix](m M, i, k, j, l int) mpi.Buffer {
	return block("mpimat.Block", m, part{window: window{i, k, j, l}})
}

// window is a part of a matrix: rows i to k-1, columns j to l-1.
type window struct{ i, k, j, l int }

// part is a window of a matrix that is still to be looked at.
type part struct {
	window
	allRows, allCols bool
}

var whole = part{allRows: true, allCols: true}

func block[M Matrix](op string, m M, w part) mpi.Buffer {
	switch m := any(m).(type) {
	case *mat.Dense:
		if m == nil {
			return general(op, datatype.Float64, []float64(nil), 0, 0, 0, w)
		}
		r := m.RawMatrix()
		return general(op, datatype.Float64, r.Data, r.Rows, r.Cols, r.Stride, w)
	case *mat.CDense:
		if m == nil {
			return general(op, datatype.Complex128, []complex128(nil), 0, 0, 0, w)
		}
		r := m.RawCMatrix()
		return general(op, datatype.Complex128, r.Data, r.Rows, r.Cols, r.Stride, w)
	case blas64.General:
		return general(op, datatype.Float64, m.Data, m.Rows, m.Cols, m.Stride, w)
	case blas32.General:
		return general(op, datatype.Float32, m.Data, m.Rows, m.Cols, m.Stride, w)
	}
	panic("unreachable")
}

func general[T float64 | float32 | complex128](op string, t datatype.Datatype, data []T, rows, cols, stride int, w part) mpi.Buffer {
	if w.allRows {
		w.k = rows
	}
	if w.allCols {
		w.l = cols
	}
	switch {
	case rows < 0 || cols < 0:
		return bad(op, mpi.ErrArg, "the matrix is %d x %d", rows, cols)
	case w.i < 0 || w.i > w.k || w.k > rows:
		return bad(op, mpi.ErrArg, "rows %d to %d are not in the matrix, which is %d x %d", w.i, w.k, rows, cols)
	case w.j < 0 || w.j > w.l || w.l > cols:
		return bad(op, mpi.ErrArg, "columns %d to %d are not in the matrix, which is %d x %d", w.j, w.l, rows, cols)
	case w.i == w.k || w.j == w.l:
		return mpi.Typed(data[:0], 0, t)
	case stride < cols:
		return bad(op, mpi.ErrArg, "the stride of the matrix is %d, but it has %d columns", stride, cols)
	case len(data) < cols || rows-1 > (len(data)-cols)/stride:
		return bad(op, mpi.ErrBuffer, "the matrix has %d numbers, too few for %d x %d with a stride of %d", len(data), rows, cols, stride)
	}
	data = data[w.i*stride+w.j : (w.k-1)*stride+w.l]
	rows, cols = w.k-w.i, w.l-w.j
	if rows == 1 || cols == stride {
		return mpi.Typed(data, rows*cols, t)
	}
	return typed(op, data, rows, key{t, row, cols, stride})
}

func vector[T float64 | float32](op string, t datatype.Datatype, data []T, n, inc int) mpi.Buffer {
	switch {
	case n < 0:
		return bad(op, mpi.ErrArg, "the vector has %d numbers", n)
	case n == 0:
		return mpi.Typed(data[:0], 0, t)
	case inc <= 0:
		return bad(op, mpi.ErrArg, "the increment of the vector is %d, but only vectors that go forward can travel", inc)
	case len(data) == 0 || n-1 > (len(data)-1)/inc:
		return bad(op, mpi.ErrBuffer, "the vector has memory for %d numbers, too little for %d with an increment of %d", len(data), n, inc)
	case inc == 1 || n == 1:
		return mpi.Typed(data, n, t)
	}
	return typed(op, data, n, key{t, row, 1, inc})
}

// symmetric takes what gonum's methods hand out, which is sound, and always
// stored above the diagonal.
func symmetric(op string, s blas64.Symmetric) mpi.Buffer {
	switch {
	case s.N == 0:
		return mpi.Typed(s.Data[:0], 0, datatype.Float64)
	case s.Uplo != blas.Upper:
		return bad(op, mpi.ErrArg, "the symmetric matrix is not stored above its diagonal")
	}
	return typed(op, s.Data, 1, key{datatype.Float64, triangle, s.N, s.Stride})
}

func typed[T any](op string, data []T, n int, k key) mpi.Buffer {
	t, err := types.get(op, k)
	if err != nil {
		return mpi.BadBuffer(err)
	}
	return mpi.Typed(data, n, t)
}

// byRows is the Buffer of a matrix with its rows as elements, however they lie,
// for collectives: there all ranks have the same number of elements, of the same
// size, or count in rows.
func byRows(m *mat.Dense) mpi.Buffer {
	rows, cols := dims(m)
	if rows == 0 {
		return mpi.Slice([]float64(nil))
	}
	r := m.RawMatrix()
	return typed("mpimat", r.Data, rows, key{datatype.Float64, row, cols, r.Stride})
}

// dims is m.Dims, also for nil.
func dims(m *mat.Dense) (rows, cols int) {
	if m == nil {
		return 0, 0
	}
	return m.Dims()
}

func bad(op string, class mpi.Class, format string, args ...any) mpi.Buffer {
	return mpi.BadBuffer(argError(op, class, format, args...))
}
