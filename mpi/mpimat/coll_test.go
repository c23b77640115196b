package mpimat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/mat"
)

// share is this rank's rows of a matrix, nil for none.
func share(c *mpi.Comm, m *mat.Dense) *mat.Dense {
	rows, cols := m.Dims()
	counts, displs := mpi.Partition(rows, c.Size())
	n, first := counts[c.Rank()], displs[c.Rank()]
	if n == 0 {
		return nil
	}
	return m.Slice(first, first+n, 0, cols).(*mat.Dense)
}

// Rows go out and come back, from views to views, for any number of rows.
func TestScatterGatherRows(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for root := range c.Size() {
		for _, rows := range []int{0, 1, 2, 5, 11} {
			const cols = 3
			what := fmt.Sprintf("%d rows from %d", rows, root)
			want := numbers(rows, cols, 1)
			var mine *mat.Dense
			if rows > 0 {
				mine = share(c, want)
			}
			n, _ := mpi.Partition(rows, c.Size())
			around, view := inside(rows, cols)
			var m *mat.Dense // nil on other ranks
			if me == root {
				if rows > 0 {
					view.Copy(want)
				}
				m = view
			}
			// Into an empty part, a view, and nil where nothing comes.
			part := new(mat.Dense)
			must(t, mpimat.ScatterRows(c, m, part, root))
			same(t, what+": empty part", part, mine)
			outside, viewed := inside(n[me], cols)
			if n[me] == 0 {
				viewed = nil
			}
			must(t, mpimat.ScatterRows(c, m, viewed, root))
			same(t, what+": view", viewed, mine)
			intact(t, what, outside, n[me], cols)

			if me == root && rows > 0 {
				view.Zero()
			}
			must(t, mpimat.GatherRows(c, viewed, m, root))
			if me == root {
				equal(t, what+": gathered", m, want)
				intact(t, what, around, rows, cols)
				m = new(mat.Dense)
			}
			must(t, mpimat.GatherRows(c, part, m, root))
			if me == root {
				equal(t, what+": gathered into an empty one", m, want)
			}
		}
	}
	// Parts of any number of rows.
	var part, m *mat.Dense
	if me > 0 {
		part = numbers(me, 2, float64(me*(me-1)))
	}
	m = new(mat.Dense)
	must(t, mpimat.GatherRows(c, part, m, 0))
	if me == 0 {
		equal(t, "parts of any height", m, numbers(c.Size()*(c.Size()-1)/2, 2, 0))
	}
}

// Matrices may have one array, as long as they have no number in common.
func TestOneArray(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	both := numbers(n+1, 4, 1)
	whole := both.Slice(0, n, 2, 4).(*mat.Dense)
	behind := both.Slice(n, n+1, 2, 4).(*mat.Dense)
	must(t, mpimat.ScatterRows(c, whole, behind, n-1))
	equal(t, "the part", behind, whole.Slice(c.Rank(), c.Rank()+1, 0, 2).(*mat.Dense))
	// Next to one another, MPICH takes one for the other.
	beside := both.Slice(n-1, n, 0, 2).(*mat.Dense)
	if err := mpimat.ScatterRows(c, whole, beside, n-1); n > 1 {
		fails(t, "a part between the rows", err, mpi.ErrBuffer, "between the rows")
	} else {
		must(t, err)
	}

	g, err := mpimat.NewGrid(c)
	must(t, err)
	defer func() { must(t, g.Free()) }()
	i, k, j, l := g.Block(9, 9)
	rows, cols := k-i, l-j
	work := mat.NewDense(rows, 2*cols, nil)
	a, out := work.Slice(0, rows, 0, cols).(*mat.Dense), work.Slice(0, rows, cols, 2*cols).(*mat.Dense)
	a.Copy(numbers(9, 9, 1).Slice(i, k, j, l))
	must(t, g.Mul(out, a, a))
	want := new(mat.Dense)
	want.Mul(numbers(9, 9, 1), numbers(9, 9, 1))
	equal(t, "the product beside its factor", out, want.Slice(i, k, j, l).(*mat.Dense))
	for _, shared := range []mat.Matrix{work.Slice(0, rows, 1, 1+cols), work.Slice(0, rows, cols-1, 2*cols-1), mat.NewDense(rows, cols, work.RawMatrix().Data[cols:(rows+1)*cols])} {
		fails(t, "a product in its factor", g.Mul(shared.(*mat.Dense), a, numbers(rows, cols, 0)), mpi.ErrBuffer, "c and a share memory")
	}
}

func same(t *testing.T, what string, got, want *mat.Dense) {
	t.Helper()
	if want == nil {
		want = new(mat.Dense)
	}
	equal(t, what, got, want)
}

func TestBcastDense(t *testing.T) {
	c := mpitest.World(t)
	for root := range c.Size() {
		for _, shape := range [][2]int{{0, 0}, {1, 1}, {3, 4}, {500, 300}} {
			what := fmt.Sprint(shape, " from ", root)
			rows, cols := shape[0], shape[1]
			want := numbers(rows, cols, float64(root))
			around, m := inside(rows, cols)
			switch {
			case rows == 0:
			case c.Rank() == root:
				m.Copy(want)
			case (c.Rank()+root)%3 == 0:
				m = new(mat.Dense)
			case (c.Rank()+root)%3 == 1:
				m = mat.NewDense(rows, cols, nil)
			}
			must(t, mpimat.BcastDense(c, m, root))
			equal(t, what, m, want)
			if rows > 0 && m.RawMatrix().Stride != cols {
				intact(t, what, around, rows, cols)
			}
		}
	}
}

func TestAllreduceDense(t *testing.T) {
	c := mpitest.World(t)
	add, err := op.New(func(in, inout []float64) {
		for i := range in {
			inout[i] += in[i]
		}
	}, true)
	must(t, err)
	defer add.Free()
	for _, o := range []op.Op{op.Sum, add} {
		for _, shape := range [][2]int{{0, 0}, {1, 7}, {3, 4}, {40, 30}} {
			rows, cols := shape[0], shape[1]
			want := new(mat.Dense)
			if rows > 0 {
				want.Scale(float64(c.Size()), numbers(rows, cols, float64(c.Size()-1)/2))
			}
			around, view := inside(rows, cols)
			if c.Rank()%2 == 0 {
				view = numbers(rows, cols, float64(c.Rank())) // some have it in one piece
			} else if rows > 0 {
				view.Copy(numbers(rows, cols, float64(c.Rank())))
			}
			must(t, mpimat.AllreduceDense(c, view, o))
			equal(t, fmt.Sprint(o, " of ", shape), view, want)
			if c.Rank()%2 == 1 {
				intact(t, "AllreduceDense", around, rows, cols)
			}
		}
	}
}

// What is wrong on one rank is an error on all, which names the rank and changes
// nothing; the communicator works on.
func TestWrongShapes(t *testing.T) {
	c := mpitest.World(t)
	g, err := mpimat.NewGrid(c)
	must(t, err)
	defer func() { must(t, g.Free()) }()
	n := c.Size()
	for odd := range n {
		bad := c.Rank() == odd
		// pick is what this rank passes: the wrong thing on the odd one.
		pick := func(right, wrong *mat.Dense) *mat.Dense {
			if bad {
				return wrong
			}
			return right
		}
		number := func(right, wrong int) int {
			if bad {
				return wrong
			}
			return right
		}
		for _, test := range []struct {
			what  string
			err   error
			class mpi.Class
			words string
			alone bool // wrong on one rank too
		}{
			{"ScatterRows, part", mpimat.ScatterRows(c, numbers(n, 2, 0), pick(numbers(1, 2, 0), numbers(2, 2, 0)), 0), mpi.ErrArg, "part is 2 x 2, but must be 1 x 2", true},
			{"ScatterRows, nil part", mpimat.ScatterRows(c, numbers(n, 2, 0), pick(new(mat.Dense), nil), 0), mpi.ErrArg, "part is nil, but gets 1 x 2", true},
			{"ScatterRows, root", mpimat.ScatterRows(c, numbers(n, 2, 0), new(mat.Dense), number(0, n)), mpi.ErrRoot, fmt.Sprint("root is ", n), true},
			{"ScatterRows, roots", mpimat.ScatterRows(c, numbers(n, 2, 0), new(mat.Dense), number((odd+1)%n, odd)), mpi.ErrRoot, "root is ", false},
			{"ScatterRows, in place", inPlace(n, func(m, part *mat.Dense) error { return mpimat.ScatterRows(c, m, part, odd) }), mpi.ErrBuffer, "part and m share memory", true},
			{"GatherRows, in place", inPlace(n, func(m, part *mat.Dense) error { return mpimat.GatherRows(c, part, m, odd) }), mpi.ErrBuffer, "m and part share memory", true},
			{"GatherRows, columns", mpimat.GatherRows(c, pick(numbers(1, 2, 0), numbers(1, 3, 0)), new(mat.Dense), 0), mpi.ErrArg, "columns", false},
			{"GatherRows, m", mpimat.GatherRows(c, numbers(1, 2, 0), numbers(n+1, 2, 0), odd), mpi.ErrArg, fmt.Sprintf("m is %d x 2", n+1), true},
			{"GatherRows, nil m", mpimat.GatherRows(c, numbers(1, 2, 0), nil, odd), mpi.ErrArg, "m is nil", true},
			{"GatherRows, root", mpimat.GatherRows(c, numbers(1, 2, 0), new(mat.Dense), number(0, -1)), mpi.ErrRoot, "root is -1", true},
			{"BcastDense", mpimat.BcastDense(c, pick(numbers(2, 2, 0), numbers(2, 3, 0)), (odd+1)%n), mpi.ErrArg, "m is 2 x 3, but must be 2 x 2", false},
			{"BcastDense, nil", mpimat.BcastDense(c, pick(numbers(2, 2, 0), nil), (odd+1)%n), mpi.ErrArg, "m is nil", false},
			{"AllreduceDense", mpimat.AllreduceDense(c, pick(numbers(2, 2, 0), numbers(2, 3, 0)), op.Sum), mpi.ErrArg, "2 x 3", false},
			{"AllreduceDense, op", mpimat.AllreduceDense(c, numbers(2, 2, 0), map[bool]op.Op{true: op.Band, false: op.Sum}[bad]), mpi.ErrOp, "Band is not defined for float64", true},
			{"MulVec, x", mulVec(c, 1, n, 1, number(1, 2)), mpi.ErrArg, "columns, but the parts of x", true},
			{"MulVec, y", mulVec(c, 1, n, number(1, 2), 1), mpi.ErrArg, "y has 2 numbers, but a has 1 rows", true},
			{"MulVec, nil y", mulVec(c, 1, n, number(1, -1), 1), mpi.ErrArg, "y is nil", true},
			{"Grid.Scatter", g.Scatter(numbers(10, 10, 0), pick(new(mat.Dense), numbers(1, 1, 0)), 0), mpi.ErrArg, "block is 1 x 1", true},
			{"Grid.Scatter, root", g.Scatter(numbers(10, 10, 0), new(mat.Dense), number(0, 99)), mpi.ErrRoot, "root is 99", true},
			{"Grid.Gather", g.Gather(pick(numbers(2, 2, 0), numbers(2, 3, 0)), new(mat.Dense), (odd+1)%n), mpi.ErrArg, "block is", false},
			{"Grid.Mul", g.Mul(pick(new(mat.Dense), numbers(9, 9, 0)), product(g, 10), product(g, 10)), mpi.ErrArg, "c is 9 x 9", true},
			{"Grid.Mul, c is a", mulInPlace(g, bad), mpi.ErrArg, "c is one of the factors", true},
			{"Grid.Mul, a", g.Mul(new(mat.Dense), pick(product(g, 10), nil), product(g, 10)), mpi.ErrArg, "", true},
			{"CG, lengths", cg(c, number(1, 2), 1, identity, mpimat.Settings{}), mpi.ErrArg, "b has 2 numbers here and x has 1", true},
			{"CG, settings", cg(c, 1, 1, identity, mpimat.Settings{MaxIterations: number(1, 2)}), mpi.ErrArg, "settings", false},
			{"CG, iterations", cg(c, 1, 1, identity, mpimat.Settings{MaxIterations: number(1, -2)}), mpi.ErrArg, "limited to -2", true},
			{"CG, tolerance", cg(c, 1, 1, identity, mpimat.Settings{Tolerance: float64(number(0, -1))}), mpi.ErrArg, "the tolerance is -1", true},
			{"NewOperator", newOperator(c, pick(numbers(1, n, 0), numbers(2, n, 0))), mpi.ErrArg, "not square", true},
		} {
			if n == 1 && !test.alone {
				continue
			}
			what := fmt.Sprintf("%s wrong on rank %d", test.what, odd)
			fails(t, what, test.err, test.class, test.words)
			if t.Failed() {
				t.FailNow()
			}
		}
		// Nothing has gone wrong for what comes next.
		m := numbers(2, 2, 1)
		must(t, mpimat.AllreduceDense(c, m, op.Max))
	}
	if err := mpimat.BcastDense(nil, nil, 0); err == nil || !strings.Contains(err.Error(), "the communicator is nil") {
		t.Errorf("a nil communicator: %v", err)
	}
}

// inPlace calls f with a matrix and a row of it.
func inPlace(n int, f func(m, part *mat.Dense) error) error {
	m := numbers(n, 2, 0)
	return f(m, m.Slice(n-1, n, 0, 2).(*mat.Dense))
}

// product is this rank's block of an n x n matrix.
func product(g *mpimat.Grid, n int) *mat.Dense {
	i, k, j, l := g.Block(n, n)
	return numbers(k-i, l-j, 0)
}

func mulInPlace(g *mpimat.Grid, bad bool) error {
	a, c := product(g, 10), new(mat.Dense)
	if bad {
		c = a
	}
	return g.Mul(c, a, product(g, 10))
}

// mulVec multiplies rows x cols numbers; y of -1 numbers is nil.
func mulVec(c *mpi.Comm, rows, cols, y, x int) error {
	var to *mat.VecDense
	if y >= 0 {
		to = mat.NewVecDense(y, nil)
	}
	return mpimat.MulVec(c, to, numbers(rows, cols, 0), mat.NewVecDense(x, nil))
}

func identity(y, x []float64) error { copy(y, x); return nil }

func cg(c *mpi.Comm, b, x int, a mpimat.Operator, set mpimat.Settings) error {
	_, err := mpimat.CG(c, a, make([]float64, b), make([]float64, x), set)
	return err
}

func newOperator(c *mpi.Comm, a *mat.Dense) error {
	_, err := mpimat.NewOperator(c, a)
	return err
}
