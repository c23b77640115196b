package mpi_test

import (
	"os"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// The ranks inherit the environment. glibc then hands out memory that is full
// of a pattern: what a library forgets to set is never zero by good luck.
func TestMain(m *testing.M) {
	os.Setenv("MALLOC_PERTURB_", "191")
	mpitest.Main(m)
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
