package mpimat

import (
	"errors"
	"fmt"
	"math"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// MulVec is the product y = a * x where each rank has some rows of a, and as many
// numbers of y, and x is spread in any way: the parts of the ranks, one after the
// other, are as many numbers as a has columns. Any part may be empty, or nil. An
// empty y takes the length.
//
// The parts of x are gathered on all ranks, which takes memory for all of x. A
// program that multiplies by the same matrix again and again has less to do with
// NewOperator.
//
// Errors, on all ranks: ErrArg when the shapes do not fit, and ErrBuffer when y
// shares memory with a. Collective over c; may be called from any goroutine.
func MulVec(c *mpi.Comm, y *mat.VecDense, a *mat.Dense, x *mat.VecDense) error {
	const op = "mpimat.MulVec"
	var wrong error
	switch {
	case y != nil && y == x:
		wrong = argError(op, mpi.ErrArg, "y is x")
	case vecState(y) == filled && state(a) == filled && overlap(asColumn(y), a.RawMatrix()):
		wrong = argError(op, mpi.ErrBuffer, "y and a share memory")
	}
	rows, cols := dims(a)
	s, err := agree(c, op, wrong, rows, cols, vecState(y), length(y), length(x))
	if err != nil {
		return err
	}
	if cols, err = s.columns("a", 0); err != nil {
		return err
	}
	if n := s.sum(4); s.sum(0) > 0 && n != cols {
		return argError(op, mpi.ErrArg, "a has %d columns, but the parts of x are %d numbers", cols, n)
	}
	for rank := range s.ranks {
		switch is, n, want := s.of(rank, 2), s.of(rank, 3), s.of(rank, 0); {
		case is == missing && want > 0:
			return s.wrong(rank, mpi.ErrArg, "y is nil, but gets %d numbers", want)
		case is == filled && n != want:
			return s.wrong(rank, mpi.ErrArg, "y has %d numbers, but a has %d rows", n, want)
		}
	}
	if vecState(y) == empty && rows > 0 {
		y.ReuseAsVec(rows)
	}
	all := make([]float64, s.sum(4))
	if err := mpi.Allgatherv(c, contiguous(x), all, s.column(4), nil); err != nil {
		return err
	}
	if rows > 0 {
		raw := a.RawMatrix()
		blas64.Gemv(blas.NoTrans, 1, raw, blas64.Vector{N: cols, Inc: 1, Data: all}, 0, y.RawVector())
	}
	return nil
}

// contiguous is the numbers of x, copied only if they are apart: parts of a
// gathered vector are so few beside the whole.
func contiguous(x *mat.VecDense) []float64 {
	n := length(x)
	if n == 0 {
		return nil
	}
	if v := x.RawVector(); v.Inc == 1 {
		return v.Data[:n]
	}
	together := make([]float64, n)
	for i := range together {
		together[i] = x.AtVec(i)
	}
	return together
}

// asColumn is a vector as a matrix.
func asColumn(x *mat.VecDense) blas64.General {
	v := x.RawVector()
	return blas64.General{Rows: v.N, Cols: 1, Stride: v.Inc, Data: v.Data}
}

func length(x *mat.VecDense) int {
	if x == nil {
		return 0
	}
	return x.Len()
}

func vecState(x *mat.VecDense) int {
	switch {
	case x == nil:
		return missing
	case x.IsEmpty():
		return empty
	}
	return filled
}

// Operator is a square matrix that is known by what it does: it writes this
// rank's part of the product with x to y, given this rank's part of x. The parts
// of all ranks, one after the other, are the vectors; both slices have the length
// of this rank's part, which may be 0.
//
// All ranks call it together, so it may communicate: a matrix of few numbers in
// a row asks the neighbours for what it needs of their parts, by Sendrecv for
// example. If it returns an error, on any rank, what called it ends with an error
// on all ranks; it must not leave the others in a call that waits for it.
type Operator func(y, x []float64) error

// NewOperator is the Operator of a matrix of which each rank has some rows, a,
// none too, and as many numbers of the vectors. Each application gathers the
// vector on all ranks, in memory that the Operator keeps: use it for one
// computation at a time. The matrix is not copied. Vectors of another length are
// an error of the Operator on the rank that has them: ErrArg.
//
// Errors, on all ranks: ErrArg when the matrix is not square. Collective over c.
func NewOperator(c *mpi.Comm, a *mat.Dense) (Operator, error) {
	const name = "mpimat.NewOperator"
	rows, cols := dims(a)
	s, err := agree(c, name, nil, rows, cols)
	if err != nil {
		return nil, err
	}
	n, err := s.columns("a", 0)
	if err != nil {
		return nil, err
	}
	if all := s.sum(0); all != n {
		return nil, argError(name, mpi.ErrArg, "a is not square: %d rows of %d columns", all, n)
	}
	counts, all := s.column(0), make([]float64, n)
	return func(y, x []float64) error {
		var wrong error
		if len(y) != rows || len(x) != rows {
			// The others wait for this rank's part all the same.
			wrong = argError("mpimat.Operator", mpi.ErrArg, "y has %d numbers and x has %d, but this rank has %d rows of the matrix", len(y), len(x), rows)
			x = make([]float64, rows)
		}
		if err := mpi.Allgatherv(c, x, all, counts, nil); err != nil {
			return err
		}
		if wrong != nil {
			return wrong
		}
		if rows > 0 {
			blas64.Gemv(blas.NoTrans, 1, a.RawMatrix(), blas64.Vector{N: n, Inc: 1, Data: all}, 0, blas64.Vector{N: rows, Inc: 1, Data: y})
		}
		return nil
	}, nil
}

// Settings say when an iteration ends. All ranks have the same.
type Settings struct {
	// Tolerance is how small the residual has to become. 0 means 1e-8.
	Tolerance float64
	// MaxIterations is how many may be needed. 0 means twice the number of
	// unknowns, but at least 100.
	MaxIterations int
}

// Result is how an iteration has ended. It is the same on all ranks.
type Result struct {
	Iterations int
	Residual   float64 // relative; see CG and PowerIteration
}

// ErrNotConverged is the error of an iteration that was not done after
// Settings.MaxIterations. The vector is the best there is by then.
var ErrNotConverged = errors.New("not converged")

// CG solves a * x = b by conjugate gradients, for a symmetric and positive
// definite operator a. b and x are this rank's parts; x is the first guess
// and becomes the solution. It is done when the norm of b - a*x, relative to that
// of b, is at most Settings.Tolerance: this is Result.Residual.
//
// An iteration applies a once and adds up its dot products by two Allreduces, of
// two numbers each. They may be rounded in another order on another number
// of ranks, so that the number of iterations can differ by a few in thousands.
//
// Errors, on all ranks: ErrArg when b and x differ in length on a rank, or the
// settings differ between ranks; what a has returned; an operator that is found
// not to be positive definite; ErrNotConverged. Collective over c; may be called
// from any goroutine.
func CG(c *mpi.Comm, a Operator, b, x []float64, set Settings) (Result, error) {
	const name = "mpimat.CG"
	var wrong error
	if len(b) != len(x) {
		wrong = argError(name, mpi.ErrArg, "b has %d numbers here and x has %d", len(b), len(x))
	}
	v, err := begin(c, name, a, x, wrong, &set)
	if err != nil {
		return Result{}, err
	}
	r, p, q := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	failed := a(q, x)
	floats.SubTo(r, b, q)
	copy(p, r)
	sums, err := v.sum(failed, floats.Dot(r, r), floats.Dot(b, b))
	if err != nil {
		return Result{}, err
	}
	rr, bb := sums[0], sums[1]
	if bb == 0 {
		clear(x) // the solution, to which nothing is relative
		return Result{}, nil
	}
	var res Result
	for {
		res.Residual = math.Sqrt(rr / bb)
		switch {
		case res.Residual <= set.Tolerance:
			return res, nil
		case res.Iterations == set.MaxIterations:
			return res, fmt.Errorf("mpimat: CG: %w after %d iterations: the residual is %.3g", ErrNotConverged, res.Iterations, res.Residual)
		}
		failed := a(q, p)
		if sums, err = v.sum(failed, floats.Dot(p, q)); err != nil {
			return res, err
		}
		if !(sums[0] > 0) {
			return res, fmt.Errorf("mpimat: CG: the operator is not positive definite: p*a*p is %v after %d iterations", sums[0], res.Iterations)
		}
		alpha := rr / sums[0]
		floats.AddScaled(x, alpha, p)
		floats.AddScaled(r, -alpha, q)
		if sums, err = v.sum(nil, floats.Dot(r, r)); err != nil {
			return res, err
		}
		beta := sums[0] / rr
		rr = sums[0]
		floats.AddScaledTo(p, r, beta, p)
		res.Iterations++
	}
}

// PowerIteration finds the eigenvalue of a that is largest in magnitude, and its
// eigenvector. x is this rank's part of the first guess, which is not 0, and
// becomes that of the eigenvector, of norm 1. It is done when the norm of
// a*x - lambda*x, relative to lambda, is at most Settings.Tolerance: this is
// Result.Residual.
//
// The nearer the next eigenvalue comes to the largest in magnitude, the longer it
// takes; it does not converge if that is as large. An iteration applies a once,
// and needs two Allreduces of two numbers each.
//
// Errors, on all ranks: ErrArg when x is 0 or the settings differ between ranks;
// what a has returned; ErrNotConverged. Collective over c; may be called from any
// goroutine.
func PowerIteration(c *mpi.Comm, a Operator, x []float64, set Settings) (lambda float64, res Result, err error) {
	const name = "mpimat.PowerIteration"
	v, err := begin(c, name, a, x, nil, &set)
	if err != nil {
		return 0, res, err
	}
	y := make([]float64, len(x))
	sums, err := v.sum(nil, floats.Dot(x, x))
	if err != nil {
		return 0, res, err
	}
	if !(sums[0] > 0) || math.IsInf(sums[0], 1) {
		return 0, res, argError(name, mpi.ErrArg, "the norm of x is %v", math.Sqrt(sums[0]))
	}
	floats.Scale(1/math.Sqrt(sums[0]), x)
	for {
		// x has the norm 1, so this is lambda.
		failed := a(y, x)
		if sums, err = v.sum(failed, floats.Dot(x, y), floats.Dot(y, y)); err != nil {
			return lambda, res, err
		}
		lambda = sums[0]
		norm := math.Sqrt(sums[1])
		// Not as yy - lambda*lambda, which loses half of the digits.
		off := 0.0
		for i := range x {
			d := y[i] - lambda*x[i]
			off += d * d
		}
		if sums, err = v.sum(nil, off); err != nil {
			return lambda, res, err
		}
		if res.Residual = math.Sqrt(sums[0]); norm > 0 {
			res.Residual /= math.Abs(lambda)
		}
		switch {
		case res.Residual <= set.Tolerance:
			return lambda, res, nil
		case res.Iterations == set.MaxIterations:
			return lambda, res, fmt.Errorf("mpimat: PowerIteration: %w after %d iterations: the residual is %.3g", ErrNotConverged, res.Iterations, res.Residual)
		}
		floats.ScaleTo(x, 1/norm, y)
		res.Iterations++
	}
}

// begin has the ranks agree to begin an iteration, and sets what is left to
// default.
func begin(c *mpi.Comm, name string, a Operator, x []float64, wrong error, set *Settings) (sums, error) {
	switch {
	case wrong != nil:
	case a == nil:
		wrong = argError(name, mpi.ErrArg, "the operator is nil")
	case !(set.Tolerance >= 0) || math.IsInf(set.Tolerance, 1):
		wrong = argError(name, mpi.ErrArg, "the tolerance is %v", set.Tolerance)
	case set.MaxIterations < 0:
		wrong = argError(name, mpi.ErrArg, "the iterations are limited to %d", set.MaxIterations)
	}
	s, err := agree(c, name, wrong, len(x), set.MaxIterations, int(math.Float64bits(set.Tolerance)))
	if err != nil {
		return sums{}, err
	}
	for rank := range s.ranks {
		// Else one would go on when another stops.
		if s.of(rank, 1) != s.of(0, 1) || s.of(rank, 2) != s.of(0, 2) {
			return sums{}, s.wrong(rank, mpi.ErrArg, "the settings are not those of rank 0")
		}
	}
	if set.Tolerance == 0 {
		set.Tolerance = 1e-8
	}
	if set.MaxIterations == 0 {
		set.MaxIterations = max(2*s.sum(0), 100)
	}
	return sums{c, name, make([]float64, 0, 3)}, nil
}

// sums adds numbers up over the ranks.
type sums struct {
	c    *mpi.Comm
	name string
	buf  []float64
}

// sum returns the sums, unless an operator has failed on any rank: that travels
// with them, so that no rank waits for one that has given up.
func (s sums) sum(failed error, v ...float64) ([]float64, error) {
	fail := 0.0
	if failed != nil {
		fail = 1
	}
	buf := append(append(s.buf, v...), fail)
	if err := mpi.AllreduceInPlace(s.c, buf, op.Sum); err != nil {
		return nil, err
	}
	switch n := buf[len(v)]; {
	case failed != nil:
		return nil, fmt.Errorf("%s: the operator: %w", s.name, failed)
	case n > 0:
		return nil, fmt.Errorf("%s: the operator has failed on %v other ranks", s.name, n)
	}
	return buf[:len(v)], nil
}
