package mpi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// The tables of classes in C and in Go have the same order: each class of the
// standard has its own name on both sides, and the library's code for it comes
// back as that class.
func TestClassTables(t *testing.T) {
	mpitest.World(t)
	class := mpi.Class(0)
	for ; class < mpi.ErrUnsupported; class++ {
		code, name := class.Code(), cgo.HeaderName(class)
		if name == "" || name != class.String() {
			t.Errorf("class %d is %q in C and %q in Go", class, name, class)
		}
		if class == cgo.Success {
			continue
		}
		err := cgo.NewError("Test", code)
		var e *mpi.Error
		if !errors.As(err, &e) || e.Code != code || e.Class != class || !errors.Is(err, class) || !strings.HasSuffix(err.Error(), "("+name+")") {
			t.Errorf("the library's %s, %d, comes back as %v", name, code, err)
		}
	}
	// Ours follow, and are in no header.
	for ; class <= mpi.ErrLaunch; class++ {
		if name := cgo.HeaderName(class); name != "" || class.Code() != 0 {
			t.Errorf("%v is %s, %d, in C", class, name, class.Code())
		}
	}
	if s := class.String(); s != "MPI_ERR_UNKNOWN" && s != "added class 1" {
		t.Errorf("there is a class after the last: %s", s)
	}
}
