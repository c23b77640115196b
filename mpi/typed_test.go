package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// A column of one rank's matrix becomes a row of the next one's, by every kind
// of call, and nothing else is touched.
func TestColumns(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	const rows, cols = 7, 5
	column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
	must(t, err)
	matrix := make([]float64, rows*cols)
	for i := range matrix {
		matrix[i] = float64(1000*me + i)
	}
	given := slices.Clone(matrix)
	of := func(rank, j int) []float64 {
		s := make([]float64, rows)
		for i := range s {
			s[i] = float64(1000*rank + i*cols + j)
		}
		return s
	}
	for j := range cols {
		row := make([]float64, rows)
		st, err := mpi.Sendrecv(c, mpi.Typed(matrix[j:], 1, column), next, 1, row, prev, 1)
		if must(t, err); st.Count != rows || !slices.Equal(row, of(prev, j)) {
			t.Errorf("column %d: %+v, %v", j, st, row)
		}
		// Into a column, of another matrix; the count is in elements of the layout.
		other := slices.Repeat([]float64{-1}, rows*cols)
		r := mpi.Irecv(c, mpi.Typed(other[j:], 1, column), prev, 2)
		s := mpi.Isend(c, mpi.Typed(matrix[j:], 1, column), next, 2)
		must(t, mpi.Waitall(r, s))
		if st := r.Status(); st.Count != 1 || st.Bytes() != rows*8 {
			t.Errorf("column %d: %+v", j, st)
		}
		for i, x := range other {
			if want := float64(1000*prev + i); i%cols == j && x != want || i%cols != j && x != -1 {
				t.Fatalf("column %d: element %d is %v", j, i, x)
			}
		}
	}
	// All columns at once: the next element begins one further.
	next1, err := datatype.Resized(column, 0, 8)
	must(t, err)
	transposed := make([]float64, rows*cols)
	_, err = mpi.Sendrecv(c, mpi.Typed(matrix, cols, next1), next, 3, transposed, prev, 3)
	must(t, err)
	for i, x := range transposed {
		if want := float64(1000*prev + i%rows*cols + i/rows); x != want {
			t.Errorf("transposed: element %d is %v, want %v", i, x, want)
		}
	}
	// Gathered: the columns that the ranks send, as the rows of root's matrix.
	all := make([]float64, rows*size)
	must(t, mpi.Allgather(c, mpi.Typed(matrix[2:], 1, column), mpi.Typed(all, size, mustType(t, datatype.Float64, rows))))
	for r := range size {
		if got := all[r*rows : (r+1)*rows]; !slices.Equal(got, of(r, 2)) {
			t.Errorf("Allgather: row %d is %v", r, got)
		}
	}
	// Replaced where it is.
	_, err = mpi.SendrecvReplace(c, mpi.Typed(matrix[1:], 1, column), next, 4, prev, 4)
	must(t, err)
	for i := range matrix {
		want := given[i]
		if i%cols == 1 {
			want = float64(1000*prev + i)
		}
		if matrix[i] != want {
			t.Errorf("SendrecvReplace: element %d is %v, want %v", i, matrix[i], want)
		}
	}
	if !raceEnabled {
		row := make([]float64, rows)
		if n := testing.AllocsPerRun(50, func() {
			if _, err := mpi.Sendrecv(c, mpi.Typed(matrix[1:], 1, column), next, 1, row, prev, 1); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	must(t, column.Free())
	must(t, next1.Free())
	if err := mpi.Send(c, mpi.Typed(matrix, 1, column), me, 0); !errors.Is(err, mpi.ErrType) || !strings.Contains(err.Error(), "freed") {
		t.Errorf("a freed datatype: %v", err)
	}
}

// mustType is n elements of t as one, freed with the test.
func mustType(t *testing.T, of datatype.Datatype, n int) datatype.Datatype {
	t.Helper()
	d, err := datatype.Contiguous(n, of)
	must(t, err)
	t.Cleanup(func() { must(t, d.Free()) })
	return d
}

// A layout one element, or one byte, too long is refused by every call.
func TestTypedBounds(t *testing.T) {
	c := mpitest.World(t)
	column, err := datatype.Vector(3, 1, 4, datatype.Float64) // reaches to element 9
	must(t, err)
	back, err := datatype.Hindexed([]int{1}, []int{-8}, datatype.Float64)
	must(t, err)
	down, err := datatype.Resized(datatype.Float64, 0, -8)
	must(t, err)
	far, err := datatype.Resized(datatype.Float64, 0, 1<<40)
	must(t, err)
	s := make([]float64, 9)
	type node struct {
		_ float64
		_ [2]struct{ s []byte }
	}
	for _, b := range []struct {
		what  string
		b     mpi.Buffer
		class mpi.Class
		says  string
	}{
		{"one element short", mpi.Typed(s[:8], 1, column), mpi.ErrBuffer, "reach from byte 0 to byte 72 of s, which has the bytes 0 to 64"},
		{"two, of which the second is too long", mpi.Typed(s, 2, column), mpi.ErrBuffer, "2 elements"},
		{"a byte short", mpi.Typed(make([]byte, 71), 1, column), mpi.ErrBuffer, "0 to 71"},
		{"before the beginning", mpi.Typed(s, 1, back), mpi.ErrBuffer, "from byte -8"},
		{"downwards", mpi.Typed(s, 2, down), mpi.ErrBuffer, "from byte -8"},
		{"a negative count", mpi.Typed(s, -1, column), mpi.ErrCount, "count is -1"},
		{"beyond all numbers", mpi.Typed(s, 1<<30, far), mpi.ErrCount, "beyond any memory"},
		{"no datatype", mpi.Typed(s, 1, datatype.Datatype{}), mpi.ErrType, "zero Datatype"},
		{"pointers", mpi.Typed(make([]node, 9), 1, column), mpi.ErrType, "node holds pointers"},
	} {
		for call, err := range map[string]error{
			"Send":  mpi.Send(c, b.b, c.Rank(), 0),
			"Irecv": func() error { _, err := mpi.Irecv(c, b.b, c.Rank(), 0).Wait(); return err }(),
			"Bcast": mpi.Bcast(c, b.b, 0),
		} {
			if !errors.Is(err, b.class) || !strings.Contains(err.Error(), b.says) || !strings.Contains(err.Error(), call) {
				t.Errorf("%s, %s: %v, want a %v that says %q", b.what, call, err, b.class, b.says)
			}
		}
	}
	// What just fits, and what there is none of.
	for _, b := range []mpi.Buffer{mpi.Typed(s, 1, column), mpi.Typed(s[1:], 0, back), mpi.Typed(s[:0], 0, column), {}} {
		r := mpi.Irecv(c, make([]float64, 9), c.Rank(), 0)
		must(t, mpi.Send(c, b, c.Rank(), 0))
		_, err := r.Wait()
		must(t, err)
	}
	for _, d := range []datatype.Datatype{column, back, down, far} {
		must(t, d.Free())
	}
}

type particle struct {
	Pos, Vel [3]float64
	Alive    bool
	ID       int32
	_        int64
	Charge   complex64
}

// Slices of structs by every kind of call; what lies between their fields stays.
func TestStructs(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	of := func(rank, n int) []particle {
		s := make([]particle, n)
		for i := range s {
			s[i] = particle{Pos: [3]float64{float64(rank), float64(i), 1}, Alive: i%2 == 0, ID: int32(rank*1000 + i), Charge: complex(float32(i), -1)}
		}
		return s
	}
	for _, n := range []int{0, 1, 3000} {
		in := make([]particle, n+1)
		st, err := mpi.Sendrecv(c, mpi.Structs(of(me, n)), next, 1, mpi.Structs(in), prev, 1)
		if must(t, err); st.Count != n || !slices.Equal(in[:n], of(prev, n)) || in[n] != (particle{}) {
			t.Errorf("%d structs: %+v, or wrong data", n, st)
		}
		in = in[:n]
		if me == 0 {
			in = of(0, n)
		}
		must(t, mpi.Bcast(c, mpi.Structs(in), 0))
		all := make([]particle, n*size)
		must(t, mpi.Allgather(c, mpi.Structs(of(me, n)), mpi.Structs(all)))
		for r := range size {
			if !slices.Equal(in, of(0, n)) || !slices.Equal(all[r*n:(r+1)*n], of(r, n)) {
				t.Errorf("%d structs: wrong data from rank %d", n, r)
			}
		}
	}
	// Elements of a named basic type are no Data, but a Buffer.
	waits := []time.Duration{time.Duration(me + 1)}
	must(t, mpi.AllreduceInPlace(c, mpi.Structs(waits), op.Sum))
	if want := time.Duration(size * (size + 1) / 2); waits[0] != want {
		t.Errorf("the durations sum to %v, want %v", waits[0], want)
	}
	is(t, mpi.Send(c, mpi.Structs([]struct{ A struct{ B string } }{{}}), me, 0), mpi.ErrType, "A.B")
	is(t, mpi.AllreduceInPlace(c, mpi.Structs(of(me, 1)), op.Sum), mpi.ErrOp, "Sum")
	if !raceEnabled {
		s, in := of(me, 5), make([]particle, 5)
		if n := testing.AllocsPerRun(50, func() {
			if _, err := mpi.Sendrecv(c, mpi.Structs(s), next, 1, mpi.Structs(in), prev, 1); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// A column goes out of one matrix and into another, with no copy.
func ExampleTyped() {
	c := mpi.World()
	const rows, cols = 3, 4
	a, b := make([]float64, rows*cols), make([]float64, rows*cols)
	for i := range a {
		a[i] = float64(i)
	}
	column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer column.Free()
	// Column 1 of a becomes column 0 of b.
	_, err = mpi.Sendrecv(c, mpi.Typed(a[1:], 1, column), c.Rank(), 0, mpi.Typed(b, 1, column), c.Rank(), 0)
	fmt.Println(b, err)
	// Output: [1 0 0 0 5 0 0 0 9 0 0 0] <nil>
}

// Elements counts the basic elements of a message, also of one that ends within
// an element of the datatype.
func TestElements(t *testing.T) {
	c := mpitest.World(t)
	type mixed struct {
		A    int8
		B    float64
		C, D int16
	}
	dt, err := datatype.Of[mixed]() // 13 bytes of data: 1, 8, 2, 2
	must(t, err)
	three, err := datatype.Contiguous(3, datatype.Int32)
	must(t, err)
	for _, tt := range []struct {
		bytes int
		dt    datatype.Datatype
		want  int
	}{
		{0, dt, 0}, {1, dt, 1}, {9, dt, 2}, {11, dt, 3}, {13, dt, 4}, {14, dt, 5}, {26, dt, 8},
		{12, three, 3}, {16, three, 4}, {8, datatype.Float64, 1}, {8, datatype.Datatype{}, mpi.Undefined},
	} {
		buf := make([]byte, 30)
		st, err := mpi.Sendrecv(c, buf[:tt.bytes], c.Rank(), 0, make([]byte, 30), c.Rank(), 0)
		must(t, err)
		if got := st.Elements(tt.dt); got != tt.want {
			t.Errorf("%d bytes of %v: %d elements, want %d", tt.bytes, tt.dt, got, tt.want)
		}
	}
	must(t, three.Free())
	if got := (mpi.Status{}).Elements(three); got != mpi.Undefined {
		t.Errorf("a freed datatype has %d elements, want Undefined", got)
	}
}
