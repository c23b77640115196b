package op_test

import (
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// What MPI defines (MPI 4.1 §6.9.2), in the order of the kinds.
const (
	integers  = "int8 int16 int32 int64 uint8 uint16 uint32 uint64"
	floats    = "float32 float64"
	complexes = "complex64 complex128"
	locs      = "ValueIndex[float32] ValueIndex[float64] ValueIndex[int64] ValueIndex[int32] ValueIndex[int16]"
)

var predefined = []struct {
	o     op.Op
	name  string
	kinds string
}{
	{op.Sum, "Sum", integers + " " + floats + " " + complexes},
	{op.Prod, "Prod", integers + " " + floats + " " + complexes},
	{op.Max, "Max", integers + " " + floats},
	{op.Min, "Min", integers + " " + floats},
	{op.Land, "Land", "bool " + integers},
	{op.Lor, "Lor", "bool " + integers},
	{op.Lxor, "Lxor", "bool " + integers},
	{op.Band, "Band", integers},
	{op.Bor, "Bor", integers},
	{op.Bxor, "Bxor", integers},
	{op.MaxLoc, "MaxLoc", locs},
	{op.MinLoc, "MinLoc", locs},
	{op.Replace, "Replace", ""},
	{op.NoOp, "NoOp", ""},
	{op.Op{}, "no operation", ""},
}

func TestDefined(t *testing.T) {
	for _, p := range predefined {
		var kinds []string
		for k := range cgo.Int16Int + 1 {
			if p.o.Defined(k) {
				kinds = append(kinds, k.String())
			}
		}
		if got := strings.Join(kinds, " "); got != p.kinds {
			t.Errorf("%v is defined for %q, want %q", p.o, got, p.kinds)
		}
		if p.o.Defined(cgo.Derived) || p.o.Accepts(&cgo.Elem{Kind: cgo.Derived}) {
			t.Errorf("%v is defined for derived datatypes", p.o)
		}
		if p.o.Commutes() != (p.o != op.Op{}) {
			t.Errorf("%v commutes: %v", p.o, p.o.Commutes())
		}
		if got := p.o.String(); got != p.name {
			t.Errorf("the name is %q, want %q", got, p.name)
		}
	}
}

func TestHandles(t *testing.T) {
	if len(predefined) != cgo.NumOps+1 {
		t.Errorf("the table has %d operations, want all %d and the zero Op", len(predefined), cgo.NumOps)
	}
	names := make(map[cgo.Op]string)
	for _, p := range predefined {
		h := p.o.Handle()
		if (h == 0) != (p.o == op.Op{}) {
			t.Errorf("the handle of %v is %#x", p.o, h)
		}
		if other, taken := names[h]; taken {
			t.Errorf("%v has the handle of %s", p.o, other)
		}
		names[h] = p.name
	}
}
