package mpi_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// That a tool hears of it, and sees the other calls, is tested in internal/mixed.
func TestPcontrol(t *testing.T) {
	mpitest.World(t)
	for _, level := range []int{0, 1, 2, -1, math.MaxInt32, math.MinInt32} {
		if err := mpi.Pcontrol(level); err != nil {
			t.Errorf("level %d: %v", level, err)
		}
	}
	for _, level := range []int{math.MaxInt32 + 1, math.MinInt32 - 1} {
		err := mpi.Pcontrol(level)
		if !errors.Is(err, mpi.ErrArg) || !strings.Contains(err.Error(), "level is ") {
			t.Errorf("level %d: %v", level, err)
		}
	}
}
