package mpimat_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"gonum.org/v1/gonum/mat"
)

// See package mpi's tests: memory from the C library is never zero by good luck.
func TestMain(m *testing.M) {
	os.Setenv("MALLOC_PERTURB_", "191")
	mpitest.Main(m)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks that err is of the class and says all of the words.
func fails(t *testing.T, what string, err error, class mpi.Class, words ...string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("%s: got %v, want %v", what, err, class)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q does not say %q", what, err, w)
		}
	}
}

// numbers is a matrix of different numbers.
func numbers(rows, cols int, from float64) *mat.Dense {
	if rows == 0 || cols == 0 {
		return new(mat.Dense)
	}
	m := mat.NewDense(rows, cols, nil)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, from+float64(i*cols+j))
		}
	}
	return m
}

const untouched = -77

// inside is a matrix of untouched numbers, and a view of it of the given shape
// with something on all sides.
func inside(rows, cols int) (around, view *mat.Dense) {
	around = mat.NewDense(rows+3, cols+4, nil)
	for i := range rows + 3 {
		for j := range cols + 4 {
			around.Set(i, j, untouched)
		}
	}
	if rows == 0 || cols == 0 {
		return around, new(mat.Dense)
	}
	return around, around.Slice(1, 1+rows, 2, 2+cols).(*mat.Dense)
}

// intact checks that around is untouched but for the view.
func intact(t *testing.T, what string, around *mat.Dense, rows, cols int) {
	t.Helper()
	r, c := around.Dims()
	for i := range r {
		for j := range c {
			if i >= 1 && i < 1+rows && j >= 2 && j < 2+cols {
				continue
			}
			if around.At(i, j) != untouched {
				t.Fatalf("%s: written outside, at %d, %d of what is around: %v", what, i, j, around.At(i, j))
			}
		}
	}
}

// equal checks that a matrix, nil and empty being the same, is as wanted.
func equal(t *testing.T, what string, got, want *mat.Dense) {
	t.Helper()
	if got == nil {
		got = new(mat.Dense)
	}
	if !mat.Equal(got, want) {
		t.Errorf("%s: got\n%v\nwant\n%v", what, mat.Formatted(got), mat.Formatted(want))
	}
}
