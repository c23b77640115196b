package mpimat_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// TestBlockPanics asks for blocks of matrices that cannot be.
func TestBlockPanics(t *testing.T) {
	g, err := mpimat.NewGrid(mpitest.World(t))
	must(t, err)
	defer func() { must(t, g.Free()) }()
	for _, bad := range [][2]int{{-1, 2}, {2, -1}, {math.MinInt, math.MinInt}} {
		func() {
			defer func() {
				want := fmt.Sprintf("cannot split %d elements into", min(bad[0], bad[1]))
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("Block(%d, %d) panics with %q, want %q", bad[0], bad[1], got, want)
				}
			}()
			g.Block(bad[0], bad[1])
		}()
	}
}

// TestBadInput calls every function with every argument that it cannot have, on
// all ranks with the same. What is wrong on one rank only is in TestWrongShapes.
func TestBadInput(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	freed, err := c.Dup()
	must(t, err)
	must(t, freed.Free())
	g, err := mpimat.NewGrid(c)
	must(t, err)
	defer func() { must(t, g.Free()) }()
	gone, err := mpimat.NewGrid(c)
	must(t, err)
	must(t, gone.Free())
	sum, err := op.New(func(in, inout []float64) {}, true)
	must(t, err)
	must(t, sum.Free())
	// One row of a matrix of n rows on each rank.
	row := numbers(1, n, 1)
	times, err := mpimat.NewOperator(c, row)
	must(t, err)

	type wrongs = []badinput.Wrong
	none := (*mat.Dense)(nil)
	shapes := func(says string, list ...*mat.Dense) (all wrongs) {
		for _, m := range list {
			all = append(all, badinput.Wrong{m, mpi.ErrArg, says})
		}
		return all
	}
	places := func(says string, list ...int) (all wrongs) {
		for _, x := range append(list, -1, math.MaxInt, math.MinInt) {
			all = append(all, badinput.Wrong{x, mpi.ErrArg, says})
		}
		return all
	}
	comms := wrongs{{nil, mpi.ErrComm, "communicator is nil"}, {freed, mpi.ErrComm, "communicator has been freed"}}
	if n > 1 {
		half, err := c.Split(c.Rank()%2, 0)
		must(t, err)
		inter, err := mpi.IntercommCreate(half, 0, c, 1-c.Rank()%2, 0)
		must(t, err)
		comms = append(comms, badinput.Wrong{inter, mpi.ErrComm, "intercommunicator"})
		defer func() {
			must(t, inter.Free())
			must(t, half.Free())
		}()
	}
	whole := numbers(n, 2, 0)
	a := product(g, 10)
	x, one := mat.NewVecDense(1, nil), []float64{1}
	nan, inf := math.NaN(), math.Inf(1)
	badinput.Table{
		Funcs: map[string]any{
			"Of": mpimat.Of[blas64.General], "Rows": mpimat.Rows[*mat.Dense], "Cols": mpimat.Cols[*mat.Dense], "Block": mpimat.Block[*mat.Dense],
			"ScatterRows": mpimat.ScatterRows, "GatherRows": mpimat.GatherRows, "BcastDense": mpimat.BcastDense, "AllreduceDense": mpimat.AllreduceDense,
			"NewGrid": mpimat.NewGrid, "Grid.Scatter": (*mpimat.Grid).Scatter, "Grid.Gather": (*mpimat.Grid).Gather, "Grid.Mul": (*mpimat.Grid).Mul,
			"MulVec": mpimat.MulVec, "NewOperator": mpimat.NewOperator, "CG": mpimat.CG, "PowerIteration": mpimat.PowerIteration,
		},
		Fine: map[string]string{
			"Forget": "no arguments", "Grid.Free": "nil is none to free", "Grid.Dims": "it cannot fail",
			"Grid.Block": "it panics as mpi.Partition does: see TestBlockPanics",
		},
		Any: []string{"BcastDense.m", "AllreduceDense.m"}, // wrong only if they differ
		Good: map[string]any{
			"c *mpi.Comm": c, "*Grid": g, "root int": n - 1, "a A": blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: make([]float64, 4)},
			"m M": numbers(3, 4, 0), "i int": 0, "k int": 2, "j int": 0, "l int": 2, "o op.Op": op.Sum,
			"m *mat.Dense": whole, "part *mat.Dense": numbers(1, 2, 0), "Grid.Scatter.m": numbers(10, 10, 0), "Grid.Gather.m": numbers(10, 10, 0), "block *mat.Dense": product(g, 10),
			"Grid.Mul.c": product(g, 10), "Grid.Mul.a": a, "Grid.Mul.b": product(g, 10),
			"y *mat.VecDense": mat.NewVecDense(1, nil), "a *mat.Dense": row, "x *mat.VecDense": x,
			"a Operator": times, "b []float64": one, "x []float64": make([]float64, 1), "PowerIteration.x": one, "set Settings": mpimat.Settings{MaxIterations: 3},
		},
		Bad: map[string]wrongs{
			"c *mpi.Comm": comms, "*Grid": {{nil, mpi.ErrComm, "grid is nil"}, {new(mpimat.Grid), mpi.ErrComm, "grid has been freed"}, {gone, mpi.ErrComm, "grid has been freed"}},
			"root int": {{-1, mpi.ErrRoot, "root is"}, {n, mpi.ErrRoot, "root is"}, {math.MaxInt, mpi.ErrRoot, "root is"}, {mpi.ProcNull, mpi.ErrRoot, "root is"}},
			"a A": {
				{blas64.General{Rows: -1, Cols: 1, Stride: 1}, mpi.ErrArg, "matrix is -1 x 1"}, {blas64.General{Rows: 1, Cols: math.MinInt, Stride: 1}, mpi.ErrArg, "matrix is 1 x -"},
				{blas64.General{Rows: 2, Cols: 3, Stride: 2, Data: make([]float64, 9)}, mpi.ErrArg, "stride"}, {blas64.General{Rows: 2, Cols: 3, Data: make([]float64, 9)}, mpi.ErrArg, "stride"},
				{blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: make([]float64, 3)}, mpi.ErrBuffer, "has 3 numbers"}, {blas64.General{Rows: 2, Cols: 2, Stride: 2}, mpi.ErrBuffer, "has 0 numbers"},
				{blas64.General{Rows: math.MaxInt, Cols: 2, Stride: 2, Data: make([]float64, 4)}, mpi.ErrBuffer, "has 4 numbers"},
				{blas64.General{Rows: 2, Cols: math.MaxInt, Stride: math.MaxInt, Data: make([]float64, 4)}, mpi.ErrBuffer, "has 4 numbers"},
			},
			"m M":   shapes("the matrix, which is 0 x 0", none, new(mat.Dense)),
			"i int": places("rows", 3), "k int": places("rows", 4), "j int": places("columns", 3), "l int": places("columns", 5),
			"o op.Op": {{op.Op{}, mpi.ErrOp, "no reduction operation"}, {op.Band, mpi.ErrOp, "not defined for float64"}, {op.MaxLoc, mpi.ErrOp, "not defined for float64"}, {sum, mpi.ErrOp, "freed"}},
			// No two of these fit one another: nil fits nil.
			"ScatterRows.m": shapes("part is", none, new(mat.Dense), numbers(n, 3, 0), numbers(2*n, 2, 0)), "ScatterRows.part": append(shapes("part is", numbers(3, 2, 0), numbers(1, 4, 0)), badinput.Wrong{whole.Slice(0, 1, 0, 2), mpi.ErrBuffer, "part and m share memory"}),
			"GatherRows.m":    shapes("m is", numbers(n, 3, 0), numbers(n+1, 2, 0)),
			"GatherRows.part": append(shapes("m is", none, new(mat.Dense), numbers(3, 2, 0), numbers(1, 4, 0)), badinput.Wrong{whole.Slice(0, 1, 0, 2), mpi.ErrBuffer, "m and part share memory"}),
			"Grid.Scatter.m":  shapes("block is", none, numbers(11, 11, 0)), "Grid.Scatter.block": shapes("block is", numbers(1, 1, 0), numbers(12, 12, 0)),
			"Grid.Gather.m": shapes("m is", none, numbers(11, 11, 0)), "Grid.Gather.block": shapes("block is|m is", numbers(1, 1, 0)),
			"Grid.Mul.c": append(shapes("c is", numbers(9, 9, 0), a), badinput.Wrong{a.Slice(0, 1, 0, 1), mpi.ErrBuffer, "c and a share memory"}),
			"Grid.Mul.a": shapes("of a ", none, numbers(3, 4, 0)), "Grid.Mul.b": shapes("of b ", none, numbers(7, 2, 0)),
			"y *mat.VecDense": {{mat.NewVecDense(3, nil), mpi.ErrArg, "y has 3"}, {x, mpi.ErrArg, "y is x"}, {row.ColView(0), mpi.ErrBuffer, "y and a share memory"}},
			"x *mat.VecDense": {{nil, mpi.ErrArg, "parts of x"}, {mat.NewVecDense(3, nil), mpi.ErrArg, "parts of x"}},
			"a *mat.Dense":    shapes("a has|a is", numbers(1, n+1, 0), numbers(2, n, 0)), "MulVec.a": shapes("a has", none, numbers(1, n+1, 0), numbers(2, n, 0)),
			"a Operator": {{nil, mpi.ErrArg, "operator is nil"}}, "b []float64": {{[]float64(nil), mpi.ErrArg, "b has 0"}, {make([]float64, 2), mpi.ErrArg, "b has 2"}},
			"CG.x": {{[]float64(nil), mpi.ErrArg, "x has 0"}, {make([]float64, 2), mpi.ErrArg, "x has 2"}},
			"PowerIteration.x": {
				{[]float64{0}, mpi.ErrArg, "norm of x"}, {[]float64{nan}, mpi.ErrArg, "norm of x"}, {[]float64{inf}, mpi.ErrArg, "norm of x"},
				{[]float64{1, 1}, badinput.Another, "x has 2"}, {[]float64(nil), mpi.ErrArg, "norm of x"},
			},
			"set Settings": {
				{mpimat.Settings{Tolerance: -1}, mpi.ErrArg, "tolerance is -1"}, {mpimat.Settings{Tolerance: nan}, mpi.ErrArg, "tolerance is NaN"}, {mpimat.Settings{Tolerance: inf}, mpi.ErrArg, `tolerance is \+Inf`},
				{mpimat.Settings{MaxIterations: -1}, mpi.ErrArg, "limited to -1"}, {mpimat.Settings{MaxIterations: math.MinInt}, mpi.ErrArg, "limited to -"},
			},
		},
		Error: func(result any) error {
			if b, ok := result.(mpi.Buffer); ok {
				return mpi.Send(c, b, mpi.ProcNull, 0)
			}
			return nil
		},
	}.Test(t)
}
