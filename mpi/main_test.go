package mpi_test

import (
	"testing"

	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestMain(m *testing.M) { mpitest.Main(m) }

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
