package mpimat_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// turn sends a Buffer to the next rank and receives another from the one before.
func turn(c *mpi.Comm, send, recv mpi.Buffer) error {
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	_, err := mpi.Sendrecv(c, send, next, 3, recv, prev, 3)
	return err
}

// A part of a matrix travels from any layout to any other.
func TestDenseViews(t *testing.T) {
	c := mpitest.World(t)
	prev := (c.Rank() + c.Size() - 1) % c.Size()
	const rows, cols = 7, 9
	m := numbers(rows, cols, float64(1000*c.Rank()))
	theirs := numbers(rows, cols, float64(1000*prev))
	for _, w := range [][4]int{{0, 7, 0, 9}, {1, 5, 2, 6}, {2, 3, 1, 8}, {0, 7, 4, 5}, {3, 6, 0, 9}, {6, 7, 8, 9}, {2, 2, 1, 3}, {0, 7, 9, 9}} {
		i, k, j, l := w[0], w[1], w[2], w[3]
		what := fmt.Sprintf("rows %d to %d, columns %d to %d", i, k, j, l)
		r, n := k-i, l-j
		want := new(mat.Dense)
		if r > 0 && n > 0 {
			want = theirs.Slice(i, k, j, l).(*mat.Dense)
		} else {
			r, n = 0, 0
		}

		together := numbers(r, n, 0)
		must(t, turn(c, mpimat.Block(m, i, k, j, l), mpimat.Of(together)))
		equal(t, what+", packed", together, want)

		around, view := inside(r, n)
		must(t, turn(c, mpimat.Block(m, i, k, j, l), mpimat.Of(view)))
		equal(t, what+", into a view", view, want)
		intact(t, what, around, r, n)

		around, view = inside(r, n)
		must(t, turn(c, mpimat.Block(m, i, k, j, l), mpimat.Block(around, 1, 1+r, 2, 2+n)))
		equal(t, what+", into a block", view, want)
		intact(t, what, around, r, n)
	}
	for _, w := range [][2]int{{0, 7}, {2, 5}, {6, 7}} {
		got := numbers(w[1]-w[0], cols, 0)
		must(t, turn(c, mpimat.Rows(m, w[0], w[1]), mpimat.Of(got)))
		equal(t, fmt.Sprint("rows ", w), got, theirs.Slice(w[0], w[1], 0, cols).(*mat.Dense))
		got = numbers(rows, w[1]-w[0], 0)
		must(t, turn(c, mpimat.Cols(m, w[0], w[1]), mpimat.Of(got)))
		equal(t, fmt.Sprint("columns ", w), got, theirs.Slice(0, rows, w[0], w[1]).(*mat.Dense))
	}
}

func TestVectors(t *testing.T) {
	c := mpitest.World(t)
	prev := (c.Rank() + c.Size() - 1) % c.Size()
	const rows, cols = 6, 5
	m, theirs := numbers(rows, cols, float64(100*c.Rank())), numbers(rows, cols, float64(100*prev))

	// A column arrives as a column of another matrix.
	around, _ := inside(rows, cols)
	into := around.ColView(3).(*mat.VecDense)
	must(t, turn(c, mpimat.Of(m.ColView(2).(*mat.VecDense)), mpimat.Of(into.SliceVec(1, 1+rows).(*mat.VecDense))))
	for i := range rows {
		if got, want := around.At(1+i, 3), theirs.At(i, 2); got != want {
			t.Errorf("column: number %d is %v, want %v", i, got, want)
		}
		around.Set(1+i, 3, untouched)
	}
	intact(t, "column", around, 0, 0)

	// A row as a vector, and a column as a row.
	row := mat.NewVecDense(cols, nil)
	must(t, turn(c, mpimat.Of(m.RowView(4).(*mat.VecDense)), mpimat.Of(row)))
	if !mat.Equal(row, theirs.RowView(4)) {
		t.Errorf("row: got %v", row.RawVector().Data)
	}
	flat := make([]float64, rows)
	must(t, turn(c, mpimat.Of(m.ColView(0).(*mat.VecDense)), mpi.Slice(flat)))
	for i, got := range flat {
		if got != theirs.At(i, 0) {
			t.Errorf("column as a slice: number %d is %v", i, got)
		}
	}

	// The raw forms.
	in := make([]float64, 7)
	for i := range in {
		in[i] = untouched
	}
	must(t, turn(c, mpimat.Of(blas64.Vector{N: 3, Inc: 1, Data: []float64{1, 2, float64(c.Rank())}}),
		mpimat.Of(blas64.Vector{N: 3, Inc: 3, Data: in})))
	if want := []float64{1, untouched, untouched, 2, untouched, untouched, float64(prev)}; fmt.Sprint(in) != fmt.Sprint(want) {
		t.Errorf("blas64.Vector: got %v, want %v", in, want)
	}
	in32 := make([]float32, 4)
	must(t, turn(c, mpimat.Of(blas32.Vector{N: 2, Inc: 2, Data: []float32{5, 0, float32(c.Rank())}}),
		mpimat.Of(blas32.Vector{N: 2, Inc: 3, Data: in32})))
	if want := []float32{5, 0, 0, float32(prev)}; fmt.Sprint(in32) != fmt.Sprint(want) {
		t.Errorf("blas32.Vector: got %v, want %v", in32, want)
	}
	in32 = make([]float32, 8)
	must(t, turn(c, mpimat.Of(blas32.General{Rows: 2, Cols: 2, Stride: 3, Data: []float32{1, 2, -1, 3, float32(c.Rank())}}),
		mpimat.Block(blas32.General{Rows: 2, Cols: 4, Stride: 4, Data: in32}, 0, 2, 1, 3)))
	if want := []float32{0, 1, 2, 0, 0, 3, float32(prev), 0}; fmt.Sprint(in32) != fmt.Sprint(want) {
		t.Errorf("blas32.General: got %v, want %v", in32, want)
	}
	in = make([]float64, 8)
	must(t, turn(c, mpimat.Of(blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: []float64{1, 2, 3, float64(c.Rank())}}),
		mpimat.Of(blas64.General{Rows: 2, Cols: 2, Stride: 5, Data: in})))
	if want := []float64{1, 2, 0, 0, 0, 3, float64(prev), 0}; fmt.Sprint(in) != fmt.Sprint(want) {
		t.Errorf("blas64.General: got %v, want %v", in, want)
	}
}

func TestCDense(t *testing.T) {
	c := mpitest.World(t)
	prev := (c.Rank() + c.Size() - 1) % c.Size()
	m, got := mat.NewCDense(4, 5, nil), mat.NewCDense(4, 5, nil)
	for i := range 4 {
		for j := range 5 {
			m.Set(i, j, complex(float64(10*i+j), float64(c.Rank())))
		}
	}
	must(t, turn(c, mpimat.Of(m.Slice(1, 3, 1, 4).(*mat.CDense)), mpimat.Block(got, 0, 2, 2, 5)))
	for i := range 4 {
		for j := range 5 {
			want := complex128(0)
			if i < 2 && j >= 2 {
				want = complex(float64(10*(i+1)+j-1), float64(prev))
			}
			if got.At(i, j) != want {
				t.Errorf("%d, %d is %v, want %v", i, j, got.At(i, j), want)
			}
		}
	}
}

// Of a symmetric matrix the upper triangle travels, and nothing else is written.
func TestSymDense(t *testing.T) {
	c := mpitest.World(t)
	prev := (c.Rank() + c.Size() - 1) % c.Size()
	for n := 1; n <= 5; n++ {
		value := func(rank, i, j int) float64 { return float64(100*rank + 10*i + j) }
		m := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				m.SetSym(i, j, value(c.Rank(), i, j))
			}
		}
		data := make([]float64, (n+2)*(n+2))
		for i := range data {
			data[i] = untouched
		}
		got := mat.NewSymDense(n+2, data).SliceSym(1, 1+n).(*mat.SymDense)
		must(t, turn(c, mpimat.Of(m), mpimat.Of(got)))
		for i := range n + 2 {
			for j := range n + 2 {
				want := float64(untouched)
				if i >= 1 && i <= n && j >= i && j <= n {
					want = value(prev, i-1, j-1)
				}
				if data[i*(n+2)+j] != want {
					t.Fatalf("n = %d: %d, %d of what is around is %v, want %v", n, i, j, data[i*(n+2)+j], want)
				}
			}
		}
		// It is its triangle, row by row, to others.
		flat := make([]float64, n*(n+1)/2)
		must(t, turn(c, mpimat.Of(m), mpi.Slice(flat)))
		at := 0
		for i := range n {
			for j := i; j < n; j++ {
				if flat[at] != value(prev, i, j) {
					t.Fatalf("n = %d: number %d is %v, want %v", n, at, flat[at], value(prev, i, j))
				}
				at++
			}
		}
	}
}

// Nil and empty ones are Buffers of no elements.
func TestEmpty(t *testing.T) {
	c := mpitest.World(t)
	for i, b := range []mpi.Buffer{
		mpimat.Of((*mat.Dense)(nil)), mpimat.Of(new(mat.Dense)),
		mpimat.Of((*mat.CDense)(nil)), mpimat.Of(new(mat.CDense)),
		mpimat.Of((*mat.VecDense)(nil)), mpimat.Of(new(mat.VecDense)),
		mpimat.Of((*mat.SymDense)(nil)), mpimat.Of(new(mat.SymDense)),
		mpimat.Of(blas64.General{}), mpimat.Of(blas32.General{}),
		mpimat.Of(blas64.Vector{}), mpimat.Of(blas32.Vector{}),
		mpimat.Rows((*mat.Dense)(nil), 0, 0),
	} {
		if err := turn(c, b, b); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	// What MPI ignores may be nil.
	m, sum := numbers(2, 3, 1), (*mat.Dense)(nil)
	if c.Rank() == 0 {
		sum = numbers(2, 3, 0)
	}
	must(t, mpi.Reduce(c, mpimat.Of(m), mpimat.Of(sum), op.Sum, 0))
	if c.Rank() == 0 && sum.At(1, 2) != float64(6*c.Size()) {
		t.Errorf("the sum is %v", sum.At(1, 2))
	}
}

func TestBadBuffers(t *testing.T) {
	c := mpitest.World(t)
	m := numbers(3, 4, 0)
	for _, test := range []struct {
		what  string
		b     mpi.Buffer
		class mpi.Class
		words string
	}{
		{"rows from -1", mpimat.Rows(m, -1, 2), mpi.ErrArg, "mpimat.Rows: rows -1 to 2 are not in the matrix, which is 3 x 4"},
		{"rows to 4", mpimat.Rows(m, 0, 4), mpi.ErrArg, "rows 0 to 4"},
		{"rows backwards", mpimat.Rows(m, 2, 1), mpi.ErrArg, "rows 2 to 1"},
		{"columns to 5", mpimat.Cols(m, 0, 5), mpi.ErrArg, "mpimat.Cols: columns 0 to 5"},
		{"columns from -1", mpimat.Cols(m, -1, 2), mpi.ErrArg, "columns -1 to 2"},
		{"block", mpimat.Block(m, 0, 1, 3, 2), mpi.ErrArg, "mpimat.Block: columns 3 to 2"},
		{"rows of nil", mpimat.Rows((*mat.Dense)(nil), 0, 1), mpi.ErrArg, "0 x 0"},
		{"negative rows", mpimat.Of(blas64.General{Rows: -1, Cols: 1, Stride: 1}), mpi.ErrArg, "-1 x 1"},
		{"stride", mpimat.Of(blas64.General{Rows: 2, Cols: 3, Stride: 2, Data: make([]float64, 9)}), mpi.ErrArg, "the stride of the matrix is 2"},
		{"short", mpimat.Of(blas64.General{Rows: 2, Cols: 3, Stride: 4, Data: make([]float64, 6)}), mpi.ErrBuffer, "has 6 numbers"},
		{"short row", mpimat.Of(blas32.General{Rows: 1, Cols: 3, Stride: 4, Data: make([]float32, 2)}), mpi.ErrBuffer, "has 2 numbers"},
		{"huge", mpimat.Of(blas64.General{Rows: math.MaxInt, Cols: 3, Stride: 4, Data: make([]float64, 6)}), mpi.ErrBuffer, "has 6 numbers"},
		{"backwards", mpimat.Of(blas64.Vector{N: 2, Inc: -1, Data: make([]float64, 2)}), mpi.ErrArg, "the increment of the vector is -1"},
		{"no increment", mpimat.Of(blas64.Vector{N: 1, Data: make([]float64, 2)}), mpi.ErrArg, "the increment of the vector is 0"},
		{"negative length", mpimat.Of(blas32.Vector{N: -2, Inc: 1}), mpi.ErrArg, "-2 numbers"},
		{"short vector", mpimat.Of(blas64.Vector{N: 3, Inc: 2, Data: make([]float64, 4)}), mpi.ErrBuffer, "memory for 4"},
		{"no memory", mpimat.Of(blas64.Vector{N: 1, Inc: 2}), mpi.ErrBuffer, "memory for 0"},
	} {
		fails(t, test.what, mpi.Send(c, test.b, c.Rank(), 0), test.class, "Send", test.words)
	}
	if b := mpi.BadBuffer(nil); mpi.Send(c, b, mpi.ProcNull, 0) != nil {
		t.Error("a BadBuffer without an error is one")
	}
}

// Only what follows one another can be reduced, and the others say so.
func TestReduceOfView(t *testing.T) {
	c := mpitest.World(t)
	_, view := inside(2, 2)
	fails(t, "Allreduce of a view", mpi.AllreduceInPlace(c, mpimat.Of(view), op.Sum), mpi.ErrOp)
}

func TestBuffersAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	m, sym := numbers(50, 40, 0), mat.NewSymDense(20, nil)
	_, view := inside(10, 10)
	column := m.ColView(3).(*mat.VecDense)
	cm := mat.NewCDense(5, 5, nil)
	raw, raw32 := blas64.General{Rows: 2, Cols: 2, Stride: 3, Data: make([]float64, 5)}, blas32.Vector{N: 2, Inc: 2, Data: make([]float32, 3)}
	for what, b := range map[string]func() mpi.Buffer{
		"Dense":          func() mpi.Buffer { return mpimat.Of(m) },
		"view":           func() mpi.Buffer { return mpimat.Of(view) },
		"column":         func() mpi.Buffer { return mpimat.Of(column) },
		"SymDense":       func() mpi.Buffer { return mpimat.Of(sym) },
		"Block":          func() mpi.Buffer { return mpimat.Block(m, 1, 9, 2, 8) },
		"Rows":           func() mpi.Buffer { return mpimat.Rows(m, 1, 9) },
		"Cols":           func() mpi.Buffer { return mpimat.Cols(m, 1, 9) },
		"CDense":         func() mpi.Buffer { return mpimat.Block(cm, 1, 3, 2, 4) },
		"blas64.General": func() mpi.Buffer { return mpimat.Of(raw) },
		"blas32.Vector":  func() mpi.Buffer { return mpimat.Of(raw32) },
	} {
		must(t, mpi.Send(c, b(), mpi.ProcNull, 0)) // makes the datatype
		if got := testing.AllocsPerRun(50, func() {
			if mpi.Send(c, b(), mpi.ProcNull, 0) != nil {
				t.Error("Send failed")
			}
		}); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
}

// There is an end to the datatypes that are kept, and a way out.
func TestTypesAreBounded(t *testing.T) {
	c := mpitest.World(t)
	must(t, mpimat.Forget())
	defer mpimat.SetMaxTypes(3)()
	m := numbers(3, 9, 0)
	all := numbers(3, 5, 0)
	for n := 1; n <= 5; n++ {
		err := turn(c, mpimat.Cols(m, 0, n), mpimat.Of(all.Slice(0, 3, 0, n).(*mat.Dense)))
		switch {
		case mpimat.CachedTypes() > 3:
			t.Fatalf("%d datatypes are kept", mpimat.CachedTypes())
		case n == 1:
			must(t, err) // two layouts: strides 9 and 5
		case n > 2:
			fails(t, "a layout too many", err, mpi.ErrNoMem, "3 layouts", "Forget")
		}
	}
	kept := mpimat.Cols(m, 0, 1)
	must(t, mpi.Send(c, kept, mpi.ProcNull, 0))
	must(t, mpimat.Forget())
	if n := mpimat.CachedTypes(); n != 0 {
		t.Errorf("%d datatypes are kept after Forget", n)
	}
	fails(t, "a Buffer from before Forget", mpi.Send(c, kept, mpi.ProcNull, 0), mpi.ErrType, "freed")
	must(t, turn(c, mpimat.Cols(m, 0, 4), mpimat.Of(numbers(3, 4, 0))))
}
