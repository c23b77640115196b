package op_test

import (
	"testing"

	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// TestBadInput calls every function with every argument that it cannot have.
func TestBadInput(t *testing.T) {
	mpitest.World(t)
	const asks = "it asks what the operation is"
	badinput.Table{
		Funcs: map[string]any{"New": op.New[int]},
		Fine: map[string]string{
			"Op.Free": "the zero Op and predefined ones are none to free", "Op.Hold": "for package mpi, which checks", "Op.Release": "as Hold",
			"Op.Type": "as Hold", "Op.Accepts": asks, "Op.Accumulates": asks, "Op.Commutes": asks, "Op.Defined": asks, "Op.Freed": asks, "Op.Handle": asks, "Op.String": asks,
		},
		Any:  []string{"commutes bool"},
		Good: map[string]any{"f func(in, inout []T)": func(in, inout []int) {}, "commutes bool": true},
		Bad:  map[string][]badinput.Wrong{"f func(in, inout []T)": {{nil, cgo.ErrOp, "the function is nil"}}},
	}.Test(t)
	type held struct{ S []int }
	if _, err := op.New(func(in, inout []held) {}, true); err == nil {
		t.Error("an operation on elements with pointers")
	}
}
