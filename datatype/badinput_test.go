package datatype_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// TestBadInput calls every function with every argument that it cannot have.
func TestBadInput(t *testing.T) {
	mpitest.World(t)
	freed, err := datatype.Contiguous(3, datatype.Float64)
	if err != nil {
		t.Fatal(err)
	}
	if err := freed.Free(); err != nil {
		t.Fatal(err)
	}
	kv, err := datatype.NewKeyval[int](nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer kv.Free()
	lost, err := datatype.NewKeyval[int](nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := lost.Free(); err != nil {
		t.Fatal(err)
	}
	pair, err := datatype.Contiguous(2, datatype.Float64)
	if err != nil {
		t.Fatal(err)
	}
	defer pair.Free()

	type wrongs = []badinput.Wrong
	huge := []int{math.MaxInt, math.MinInt}
	numbers := func(class cgo.Class, says string, list ...int) (all wrongs) {
		for _, x := range list {
			all = append(all, badinput.Wrong{x, class, says})
		}
		return all
	}
	// An array of one entry, with too many, a number of its own for each array, and
	// with those of bad.
	arrays := func(name string, many int, class cgo.Class, bad ...int) wrongs {
		all := wrongs{{make([]int, many), cgo.ErrArg, name}}
		for _, x := range bad {
			all = append(all, badinput.Wrong{[]int{x}, class, name + "|more bytes than"})
		}
		return all
	}
	types := wrongs{{datatype.Datatype{}, cgo.ErrType, "zero Datatype"}, {freed, cgo.ErrType, "freed"}}
	tab := badinput.Table{
		Funcs: map[string]any{
			"Contiguous": datatype.Contiguous, "Vector": datatype.Vector, "Hvector": datatype.Hvector, "Indexed": datatype.Indexed,
			"Hindexed": datatype.Hindexed, "IndexedBlock": datatype.IndexedBlock, "HindexedBlock": datatype.HindexedBlock,
			"Struct": datatype.Struct, "Subarray": datatype.Subarray, "Darray": datatype.Darray, "Resized": datatype.Resized,
			"OfType":          datatype.OfType,
			"Datatype.Commit": datatype.Datatype.Commit, "Datatype.Contents": datatype.Datatype.Contents, "Datatype.Dup": datatype.Datatype.Dup,
			"Datatype.Envelope": datatype.Datatype.Envelope, "Datatype.SetName": datatype.Datatype.SetName,
			"Keyval.Delete": (*datatype.Keyval[int]).Delete, "Keyval.Set": (*datatype.Keyval[int]).Set,
		},
		Fine: map[string]string{
			"Contents.String": "it cannot fail", "Distribution.String": "it cannot fail", "Order.String": "it cannot fail", "Datatype.String": "it cannot fail",
			"Datatype.Elem": "the Elem says what is wrong", "Datatype.Extent": "that of none is 0", "Datatype.TrueExtent": "that of none is 0",
			"Datatype.Size": "that of none is 0", "Datatype.Name": "that of none is empty", "Datatype.Handle": "that of none is 0",
			"Datatype.Free": "the zero Datatype is none to free", "Keyval.Free": "nil is none to free", "Keyval.Get": "it says that there is none",
			"Of": "see OfType", "CopyAttr": "it cannot fail", "NewKeyval": "nil functions are allowed", "Externalize": "for package mpi, which checks",
		},
		Ops: map[string]string{"OfType": "datatype.Of"},
		Any: []string{"v T"},
		Good: map[string]any{
			"t Datatype": datatype.Float64, "count int": 1, "blocklength int": 1, "stride int": 1, "blocklengths []int": []int{1}, "displs []int": []int{0},
			"types []Datatype": []datatype.Datatype{datatype.Float64}, "sizes []int": []int{4}, "subsizes []int": []int{2}, "starts []int": []int{0},
			"order Order": datatype.OrderC, "size int": 1, "rank int": 0, "gsizes []int": []int{4}, "distribs []Distribution": []datatype.Distribution{datatype.DistributeBlock},
			"dargs []int": []int{datatype.DistributeDfltDarg}, "psizes []int": []int{1}, "lb int": 0, "extent int": 8, "t reflect.Type": reflect.TypeFor[int](),
			"*Keyval[T]": kv, "v T": 0, "name string": "name", "Keyval.Set.t": pair, "Keyval.Delete.t": pair,
		},
		Bad: map[string]wrongs{
			"t Datatype": types, "Keyval.Set.t": append(wrongs{{datatype.Float64, cgo.ErrType, "predefined"}}, types...),
			"count int": numbers(cgo.ErrCount, "count is|more bytes", -1, math.MaxInt, math.MinInt), "blocklength int": numbers(cgo.ErrCount, "blocklength is|more bytes", -1, math.MaxInt, math.MinInt),
			"stride int": numbers(cgo.ErrCount, "stride is|more bytes|32 bits", huge...), "lb int": numbers(cgo.ErrCount, "lb is", huge...), "extent int": numbers(cgo.ErrCount, "extent is", huge...),
			"blocklengths []int": arrays("blocklengths", 2, cgo.ErrCount, -1, math.MaxInt, math.MinInt), "displs []int": arrays("displs", 3, cgo.ErrCount, huge...),
			"IndexedBlock.displs": numbersIn("displs", huge), "HindexedBlock.displs": numbersIn("displs", huge),
			"types []Datatype": {{make([]datatype.Datatype, 4), cgo.ErrType, "zero Datatype"}, {[]datatype.Datatype{{}}, cgo.ErrType, "zero Datatype"}, {[]datatype.Datatype{freed}, cgo.ErrType, "freed"}},
			"sizes []int":      append(arrays("sizes", 2, cgo.ErrArg, 0, -1), badinput.Wrong{[]int{math.MaxInt}, cgo.ErrCount, "more bytes|sizes|32 bits"}), "subsizes []int": arrays("subsizes", 3, cgo.ErrArg, 0, -1, 5, math.MaxInt),
			"starts []int": arrays("starts", 4, cgo.ErrArg, -1, 3, math.MaxInt), "order Order": {{datatype.Order(9), cgo.ErrArg, "order is"}, {datatype.Order(-1), cgo.ErrArg, "order is"}},
			"size int": numbers(cgo.ErrArg, "size is", 0, -1, 2, math.MaxInt), "rank int": numbers(cgo.ErrRank, "rank is", -1, 1, math.MaxInt),
			"gsizes []int":            append(arrays("gsizes", 2, cgo.ErrArg, 0, -1), badinput.Wrong{[]int{math.MaxInt}, cgo.ErrCount, "more bytes|gsizes|32 bits"}),
			"distribs []Distribution": {{[]datatype.Distribution{}, cgo.ErrArg, "distribs has"}, {[]datatype.Distribution{9}, cgo.ErrArg, `distribs\[0\] is`}},
			"dargs []int":             arrays("dargs", 3, cgo.ErrArg, -7, 3), "psizes []int": arrays("psizes", 4, cgo.ErrArg, 0, -1, 2, math.MaxInt),
			"t reflect.Type": {{nil, cgo.ErrType, "no type"}, {reflect.TypeFor[map[int]int](), cgo.ErrType, "map"}, {reflect.TypeFor[struct{ S string }](), cgo.ErrType, "S"}},
			"*Keyval[T]":     {{nil, cgo.ErrKeyval, "key is nil"}, {lost, cgo.ErrKeyval, "key has been freed"}},
			"name string":    {{strings.Repeat("x", 100000), cgo.ErrArg, "name has"}, {"a\x00b", cgo.ErrArg, "name has a zero byte"}},
		},
	}
	tab.Test(t)
}

// numbersIn is arrays of one entry, where any number of entries will do.
func numbersIn(name string, bad []int) (all []badinput.Wrong) {
	for _, x := range bad {
		all = append(all, badinput.Wrong{[]int{x}, cgo.ErrCount, name + `\[0\] is|more bytes than`})
	}
	return all
}
