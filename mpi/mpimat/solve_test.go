package mpimat_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"gonum.org/v1/gonum/mat"
)

// random is the same matrix on all ranks.
func random(rows, cols int, seed uint64) *mat.Dense {
	if rows == 0 || cols == 0 {
		return new(mat.Dense)
	}
	r := rand.New(rand.NewPCG(seed, uint64(rows*cols)))
	m := mat.NewDense(rows, cols, nil)
	m.Apply(func(int, int, float64) float64 { return r.NormFloat64() }, m)
	return m
}

// definite is a symmetric, positive definite matrix.
func definite(n int) *mat.Dense {
	m, a := random(n, n, 4), new(mat.Dense)
	a.Mul(m, m.T())
	for i := range n {
		a.Set(i, i, a.At(i, i)+float64(n))
	}
	return a
}

func close(t *testing.T, what string, got *mat.Dense, want *mat.Dense) {
	t.Helper()
	if got == nil {
		got = new(mat.Dense)
	}
	if r, c := got.Dims(); !mat.EqualApprox(got, want, 1e-10) {
		t.Errorf("%s: %d x %d: not what gonum says", what, r, c)
	}
}

func TestMulVec(t *testing.T) {
	c := mpitest.World(t)
	for _, shape := range [][2]int{{1, 1}, {2, 9}, {13, 7}, {30, 31}} {
		rows, cols := shape[0], shape[1]
		a, xs := random(rows, cols, 1), random(cols, 2, 2)
		want := new(mat.VecDense)
		want.MulVec(a, xs.ColView(1))
		counts, displs := mpi.Partition(rows, c.Size())
		n, first := counts[c.Rank()], displs[c.Rank()]
		xcounts, xdispls := mpi.Partition(cols, c.Size())
		var x *mat.VecDense // of a column, so its numbers are apart
		if k := xcounts[c.Rank()]; k > 0 {
			at := xdispls[c.Rank()]
			x = xs.ColView(1).(*mat.VecDense).SliceVec(at, at+k).(*mat.VecDense)
		}
		out, _ := inside(rows, 3)
		for _, column := range []bool{false, true} {
			y := new(mat.VecDense)
			if column && n > 0 {
				y = out.Slice(0, n, 0, 3).(*mat.Dense).ColView(1).(*mat.VecDense)
			}
			must(t, mpimat.MulVec(c, y, share(c, a), x))
			for i := range n {
				if math.Abs(y.AtVec(i)-want.AtVec(first+i)) > 1e-12*float64(cols) {
					t.Fatalf("%v: number %d is %v, want %v", shape, first+i, y.AtVec(i), want.AtVec(first+i))
				}
			}
		}
	}
}

// The product of blocks is that of gonum, on all shapes: also with fewer rows than
// the grid has, more than a panel, and factors that are views.
func TestGrid(t *testing.T) {
	c := mpitest.World(t)
	g, err := mpimat.NewGrid(c)
	must(t, err)
	defer func() { must(t, g.Free()) }()
	for i, shape := range [][3]int{{1, 1, 1}, {2, 1, 3}, {1, 9, 1}, {7, 5, 11}, {16, 16, 16}, {33, 700, 20}, {3, 2, 1}, {0, 0, 0}} {
		m, k, n := shape[0], shape[1], shape[2]
		root := i % c.Size()
		a, b, want := random(m, k, 1), random(k, n, 2), new(mat.Dense)
		if m > 0 {
			want.Mul(a, b)
		}
		var wholeA, wholeB, wholeC *mat.Dense
		if c.Rank() == root {
			wholeA, wholeB, wholeC = a, b, new(mat.Dense)
		}
		blockB := new(mat.Dense)
		i, ie, j, je := g.Block(m, k)
		rows, cols := ie-i, je-j
		if rows == 0 || cols == 0 {
			rows, cols = 0, 0
		}
		around, blockA := inside(rows, cols)
		must(t, g.Scatter(wholeA, blockA, root))
		must(t, g.Scatter(wholeB, blockB, root))
		intact(t, "Scatter", around, rows, cols)
		if rows > 0 {
			equal(t, "the block of a", blockA, a.Slice(i, ie, j, je).(*mat.Dense))
		}
		blockC := new(mat.Dense)
		for range 2 { // into an empty one, and into one with numbers
			must(t, g.Mul(blockC, blockA, blockB))
		}
		if i, ie, j, je := g.Block(m, n); i < ie && j < je {
			close(t, fmt.Sprint("the block of ", shape), blockC, want.Slice(i, ie, j, je).(*mat.Dense))
		}
		must(t, g.Gather(blockC, wholeC, root))
		if c.Rank() == root {
			close(t, fmt.Sprint("the product ", shape), wholeC, want)
		}
		if c.Rank() == root && m > 0 {
			around, view := inside(m, n)
			must(t, g.Gather(blockC, view, root))
			close(t, "the product in a view", view, want)
			intact(t, "Gather", around, m, n)
		} else {
			must(t, g.Gather(blockC, wholeC, root))
		}
	}
	if rows, cols := g.Dims(); rows*cols != c.Size() {
		t.Errorf("the grid is %d x %d", rows, cols)
	}
	var none *mat.Dense
	err = g.Mul(none, random(3, 3, 1), none)
	if c.Size() == 1 {
		fails(t, "3 x 3 times nothing", err, mpi.ErrArg)
	}
}

func TestCG(t *testing.T) {
	c := mpitest.World(t)
	for _, n := range []int{1, 3, 20, 61} {
		a, b := definite(n), random(n, 1, 9)
		want := new(mat.Dense)
		must(t, want.Solve(a, b))
		op, err := mpimat.NewOperator(c, share(c, a))
		must(t, err)
		counts, displs := mpi.Partition(n, c.Size())
		k, first := counts[c.Rank()], displs[c.Rank()]
		x := make([]float64, k)
		res, err := mpimat.CG(c, op, b.RawMatrix().Data[first:first+k], x, mpimat.Settings{Tolerance: 1e-13})
		must(t, err)
		if res.Iterations < 1 || res.Residual > 1e-13 {
			t.Errorf("n = %d: %+v", n, res)
		}
		for i := range x {
			if math.Abs(x[i]-want.At(first+i, 0)) > 1e-11 {
				t.Errorf("n = %d: unknown %d is %v, want %v", n, first+i, x[i], want.At(first+i, 0))
			}
		}
		// From the solution there is nothing left to do, and to 0 there is no way.
		res, err = mpimat.CG(c, op, b.RawMatrix().Data[first:first+k], x, mpimat.Settings{Tolerance: 1e-10})
		must(t, err)
		if res.Iterations != 0 {
			t.Errorf("n = %d: %d iterations from the solution", n, res.Iterations)
		}
		res, err = mpimat.CG(c, op, make([]float64, k), x, mpimat.Settings{})
		must(t, err)
		for i := range x {
			if x[i] != 0 || res.Iterations != 0 {
				t.Errorf("n = %d: the solution for 0 is %v", n, x[i])
			}
		}
	}
}

// How an iteration can fail: on all ranks.
func TestIterationsFail(t *testing.T) {
	c := mpitest.World(t)
	last := c.Size() - 1
	mine := errors.New("no more")
	one := []float64{1}
	for at := range 2 {
		calls := 0
		_, err := mpimat.CG(c, func(y, x []float64) error {
			copy(y, x)
			if calls++; c.Rank() == last && calls > at {
				return mine
			}
			return nil
		}, []float64{float64(c.Rank()) + 1}, make([]float64, 1), mpimat.Settings{})
		if err == nil || (c.Rank() == last) != errors.Is(err, mine) || !strings.Contains(err.Error(), "the operator") {
			t.Errorf("an operator that fails in call %d: %v", at, err)
		}
	}
	minus := func(y, x []float64) error { y[0] = -x[0]; return nil }
	if _, err := mpimat.CG(c, minus, one, make([]float64, 1), mpimat.Settings{}); err == nil || !strings.Contains(err.Error(), "not positive definite") {
		t.Errorf("CG with an indefinite operator: %v", err)
	}
	nan := func(y, x []float64) error { y[0] = math.NaN(); return nil }
	if _, err := mpimat.CG(c, nan, one, make([]float64, 1), mpimat.Settings{}); err == nil {
		t.Error("CG with NaN succeeded")
	}
	scale := func(y, x []float64) error { y[0] = float64(1+c.Rank()) * x[0]; return nil }
	_, err := mpimat.CG(c, scale, one, make([]float64, 1), mpimat.Settings{MaxIterations: 1})
	if (c.Size() > 1) != errors.Is(err, mpimat.ErrNotConverged) {
		t.Errorf("CG with too few iterations: %v", err)
	}
	_, _, err = mpimat.PowerIteration(c, scale, []float64{1}, mpimat.Settings{MaxIterations: 1})
	if (c.Size() > 1) != errors.Is(err, mpimat.ErrNotConverged) {
		t.Errorf("power iteration with too few iterations: %v", err)
	}
	_, _, err = mpimat.PowerIteration(c, scale, []float64{0}, mpimat.Settings{})
	fails(t, "power iteration from 0", err, mpi.ErrArg, "the norm of x is 0")
	_, _, err = mpimat.PowerIteration(c, nil, []float64{1}, mpimat.Settings{})
	fails(t, "no operator", err, mpi.ErrArg, "nil")
}

// A rank whose vectors have another length than its part of the operator fails
// without leaving the others in the operator.
func TestOperatorLengths(t *testing.T) {
	c := mpitest.World(t)
	times, err := mpimat.NewOperator(c, share(c, definite(2*c.Size())))
	must(t, err)
	for odd := range c.Size() {
		x := make([]float64, 2)
		if c.Rank() == odd {
			x = make([]float64, 3)
		}
		err := times(make([]float64, 2), x)
		if c.Rank() == odd {
			fails(t, "Operator", err, mpi.ErrArg, "x has 3", "this rank has 2 rows")
		} else {
			must(t, err)
		}
		_, err = mpimat.CG(c, times, x, make([]float64, len(x)), mpimat.Settings{})
		if err == nil || !strings.Contains(err.Error(), "the operator") || (c.Rank() == odd) != errors.Is(err, mpi.ErrArg) {
			t.Errorf("CG, wrong lengths on rank %d: %v", odd, err)
		}
	}
}

func TestPowerIteration(t *testing.T) {
	c := mpitest.World(t)
	for _, n := range []int{1, 4, 23} {
		a := definite(n)
		for i := range n { // set apart what is largest
			a.Set(0, i, a.At(0, i)+float64(50*n)/float64(i+1))
			if i > 0 {
				a.Set(i, 0, a.At(0, i))
			}
		}
		sym := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				sym.SetSym(i, j, a.At(i, j))
			}
		}
		var eigen mat.EigenSym
		if !eigen.Factorize(sym, true) {
			t.Fatal("gonum finds no eigenvalues")
		}
		var vectors mat.Dense
		eigen.VectorsTo(&vectors)
		want := eigen.Values(nil)[n-1]
		op, err := mpimat.NewOperator(c, share(c, a))
		must(t, err)
		counts, displs := mpi.Partition(n, c.Size())
		x := make([]float64, counts[c.Rank()])
		for i := range x {
			x[i] = 1
		}
		got, res, err := mpimat.PowerIteration(c, op, x, mpimat.Settings{Tolerance: 1e-11, MaxIterations: 10000})
		must(t, err)
		if math.Abs(got-want) > 1e-9*want || res.Residual > 1e-11 {
			t.Errorf("n = %d: the eigenvalue is %v, want %v; %+v", n, got, want, res)
		}
		first := displs[c.Rank()]
		for i := range x {
			if math.Abs(math.Abs(x[i])-math.Abs(vectors.At(first+i, n-1))) > 1e-8 {
				t.Errorf("n = %d: number %d of the eigenvector is %v, want %v", n, first+i, x[i], vectors.At(first+i, n-1))
			}
		}
	}
}
