package datatype_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// refused checks an error that is found before C is entered.
func refused(t *testing.T, err error, op string, class cgo.Class, says string) {
	t.Helper()
	var e *cgo.Error
	if !errors.As(err, &e) || e.Op != op || e.Class != class || e.Code != 0 || !strings.Contains(e.Msg, says) {
		t.Errorf("got %v, want %s from before C is entered, of %s, which says %q", err, class, op, says)
	}
}

func TestConstructorArguments(t *testing.T) {
	mpitest.World(t)
	f := datatype.Float64
	freed, err := datatype.Contiguous(3, f)
	must(t, err)
	must(t, freed.Free())
	down, err := datatype.Resized(f, 0, -5)
	must(t, err)
	defer down.Free()
	var none datatype.Datatype
	type ints = []int
	const far = math.MaxInt - 3
	for _, r := range []struct {
		op    string
		class cgo.Class
		says  string
		do    func() (datatype.Datatype, error)
	}{
		{"datatype.Contiguous", cgo.ErrCount, "count is -1", func() (datatype.Datatype, error) { return datatype.Contiguous(-1, f) }},
		{"datatype.Contiguous", cgo.ErrType, "the element type is the zero Datatype", func() (datatype.Datatype, error) { return datatype.Contiguous(1, none) }},
		{"datatype.Contiguous", cgo.ErrType, "the element type has been freed", func() (datatype.Datatype, error) { return datatype.Contiguous(1, freed) }},
		{"datatype.Contiguous", cgo.ErrCount, "", func() (datatype.Datatype, error) { return datatype.Contiguous(math.MaxInt, f) }},
		{"datatype.Vector", cgo.ErrCount, "count is -2", func() (datatype.Datatype, error) { return datatype.Vector(-2, 1, 1, f) }},
		{"datatype.Vector", cgo.ErrCount, "blocklength is -2", func() (datatype.Datatype, error) { return datatype.Vector(1, -2, 1, f) }},
		{"datatype.Vector", cgo.ErrCount, "", func() (datatype.Datatype, error) { return datatype.Vector(2, 1, far, f) }},
		{"datatype.Vector", cgo.ErrCount, "", func() (datatype.Datatype, error) { return datatype.Vector(2, 1, math.MinInt, f) }},
		{"datatype.Vector", cgo.ErrType, "freed", func() (datatype.Datatype, error) { return datatype.Vector(1, 1, 1, freed) }},
		{"datatype.Hvector", cgo.ErrCount, "more bytes than an address can name", func() (datatype.Datatype, error) { return datatype.Hvector(2, 1, far, f) }},
		{"datatype.Indexed", cgo.ErrArg, "blocklengths has 1 entries and displs has 2", func() (datatype.Datatype, error) { return datatype.Indexed(ints{1}, ints{1, 2}, f) }},
		{"datatype.Indexed", cgo.ErrCount, "blocklengths[1] is -7", func() (datatype.Datatype, error) { return datatype.Indexed(ints{1, -7}, ints{1, 2}, f) }},
		{"datatype.Indexed", cgo.ErrCount, "", func() (datatype.Datatype, error) { return datatype.Indexed(ints{1, 1}, ints{1, far}, f) }},
		{"datatype.Hindexed", cgo.ErrArg, "blocklengths has 0 entries and displs has 1", func() (datatype.Datatype, error) { return datatype.Hindexed(nil, ints{1}, f) }},
		{"datatype.Hindexed", cgo.ErrCount, "more bytes than an address", func() (datatype.Datatype, error) { return datatype.Hindexed(ints{1}, ints{far}, f) }},
		{"datatype.IndexedBlock", cgo.ErrCount, "blocklength is -1", func() (datatype.Datatype, error) { return datatype.IndexedBlock(-1, ints{1}, f) }},
		{"datatype.IndexedBlock", cgo.ErrCount, "", func() (datatype.Datatype, error) { return datatype.IndexedBlock(1, ints{-far}, f) }},
		{"datatype.HindexedBlock", cgo.ErrCount, "blocklength is -1", func() (datatype.Datatype, error) { return datatype.HindexedBlock(-1, ints{1}, f) }},
		{"datatype.HindexedBlock", cgo.ErrCount, "more bytes than an address", func() (datatype.Datatype, error) { return datatype.HindexedBlock(1, ints{-far}, f) }},
		{"datatype.Struct", cgo.ErrArg, "blocklengths has 2 entries and types has 1", func() (datatype.Datatype, error) {
			return datatype.Struct(ints{1, 2}, ints{1}, []datatype.Datatype{f})
		}},
		{"datatype.Struct", cgo.ErrArg, "displs has 2 entries and types has 1", func() (datatype.Datatype, error) {
			return datatype.Struct(ints{1}, ints{1, 2}, []datatype.Datatype{f})
		}},
		{"datatype.Struct", cgo.ErrType, "types[1] has been freed", func() (datatype.Datatype, error) {
			return datatype.Struct(ints{1, 1}, ints{1, 1}, []datatype.Datatype{f, freed})
		}},
		{"datatype.Struct", cgo.ErrCount, "blocklengths[0] is -1", func() (datatype.Datatype, error) {
			return datatype.Struct(ints{-1}, ints{1}, []datatype.Datatype{f})
		}},
		{"datatype.Struct", cgo.ErrCount, "more bytes than an address", func() (datatype.Datatype, error) {
			return datatype.Struct(ints{1, 1}, ints{0, -far}, []datatype.Datatype{f, f})
		}},
		{"datatype.Resized", cgo.ErrCount, "extent is ", func() (datatype.Datatype, error) { return datatype.Resized(f, 0, far) }},
		{"datatype.Contiguous", cgo.ErrType, "the element type has the extent -5", func() (datatype.Datatype, error) { return datatype.Contiguous(2, down) }},
		{"datatype.Indexed", cgo.ErrType, "extent -5", func() (datatype.Datatype, error) { return datatype.Indexed(ints{1}, ints{1}, down) }},
		{"datatype.Resized", cgo.ErrCount, "lb is ", func() (datatype.Datatype, error) { return datatype.Resized(f, -far, 0) }},
		{"datatype.Resized", cgo.ErrType, "zero Datatype", func() (datatype.Datatype, error) { return datatype.Resized(none, 0, 0) }},
		{"Datatype.Dup", cgo.ErrType, "freed", freed.Dup},
		{"datatype.Subarray", cgo.ErrArg, "sizes is empty", func() (datatype.Datatype, error) { return datatype.Subarray(nil, nil, nil, datatype.OrderC, f) }},
		{"datatype.Subarray", cgo.ErrArg, "subsizes has 1 entries and sizes has 2", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{4}, ints{0, 0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "starts has 1 entries and sizes has 2", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{4, 1}, ints{0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "sizes[1] is 0", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 0}, ints{4, 0}, ints{0, 0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "subsizes[1] is 5, but must be from 1 to sizes[1], which is 4", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{4, 5}, ints{0, 0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "subsizes[0] is 0", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{0, 4}, ints{0, 0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "starts[0] is 2, but must be from 0 to 1", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{3, 4}, ints{2, 0}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "starts[1] is -1", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{4, 4}, ints{3, 4}, ints{0, -1}, datatype.OrderC, f)
		}},
		{"datatype.Subarray", cgo.ErrArg, "order is 2", func() (datatype.Datatype, error) { return datatype.Subarray(ints{4}, ints{3}, ints{0}, 2, f) }},
		{"datatype.Subarray", cgo.ErrCount, "", func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{far, far}, ints{1, 1}, ints{0, 0}, datatype.OrderC, f)
		}},
		{"datatype.Darray", cgo.ErrArg, "size is 0", func() (datatype.Datatype, error) { return darrayOf(0, 0, 4, datatype.DistributeBlock, 0, 1) }},
		{"datatype.Darray", cgo.ErrRank, "rank is 2, but must be from 0 to 1", func() (datatype.Datatype, error) { return darrayOf(2, 2, 4, datatype.DistributeBlock, 0, 2) }},
		{"datatype.Darray", cgo.ErrArg, "psizes [3] make a grid of 3 processes, but size is 2", func() (datatype.Datatype, error) {
			return darrayOf(2, 1, 4, datatype.DistributeBlock, 0, 3)
		}},
		{"datatype.Darray", cgo.ErrArg, "psizes[0] is 0", func() (datatype.Datatype, error) { return darrayOf(2, 1, 4, datatype.DistributeBlock, 0, 0) }},
		{"datatype.Darray", cgo.ErrArg, "dargs[0] is -1", func() (datatype.Datatype, error) { return darrayOf(2, 1, 4, datatype.DistributeBlock, -1, 2) }},
		{"datatype.Darray", cgo.ErrArg, "2 blocks of 1 do not hold gsizes[0], which is 4", func() (datatype.Datatype, error) {
			return darrayOf(2, 1, 4, datatype.DistributeBlock, 1, 2)
		}},
		{"datatype.Darray", cgo.ErrArg, "psizes[0] is 2, but must be 1", func() (datatype.Datatype, error) { return darrayOf(2, 1, 4, datatype.DistributeNone, 0, 2) }},
		{"datatype.Darray", cgo.ErrArg, "distribs[0] is 7", func() (datatype.Datatype, error) { return darrayOf(2, 1, 4, 7, 0, 2) }},
		{"datatype.Darray", cgo.ErrArg, "dargs has 2 entries and gsizes has 1", func() (datatype.Datatype, error) {
			return datatype.Darray(1, 0, ints{4}, []datatype.Distribution{0}, ints{0, 0}, ints{1}, datatype.OrderC, f)
		}},
	} {
		made, err := r.do()
		refused(t, err, r.op, r.class, r.says)
		if made != none {
			t.Errorf("%s made a datatype and an error", r.op)
		}
	}
}

func TestBeforeInit(t *testing.T) {
	refused(t, early, "datatype.Contiguous", cgo.ErrState, "MPI is not initialised")
}

func darrayOf(size, rank, gsize int, d datatype.Distribution, darg, psize int) (datatype.Datatype, error) {
	return datatype.Darray(size, rank, []int{gsize}, []datatype.Distribution{d}, []int{darg}, []int{psize}, datatype.OrderC, datatype.Int8)
}

func TestFree(t *testing.T) {
	mpitest.World(t)
	var none datatype.Datatype
	must(t, none.Free())
	must(t, datatype.Float64.Free())
	if datatype.Float64.Size() != 8 || datatype.Float64.Elem().Err != nil {
		t.Error("Float64 has been freed")
	}
	d, err := datatype.Vector(2, 1, 3, datatype.Int32)
	must(t, err)
	copied := d
	must(t, d.Commit())
	must(t, d.Commit())
	must(t, d.Free())
	must(t, d.Free())
	must(t, copied.Free())
	refused(t, d.Commit(), "Datatype.Commit", cgo.ErrType, "the datatype has been freed")
	refused(t, copied.SetName("x"), "Datatype.SetName", cgo.ErrType, "freed")
	refused(t, copied.Elem().Err, "Datatype", cgo.ErrType, "freed")
	refused(t, none.Commit(), "Datatype.Commit", cgo.ErrType, "the zero Datatype")
	refused(t, none.Elem().Err, "Datatype", cgo.ErrType, "the zero Datatype")
	for _, x := range []datatype.Datatype{none, d} {
		lb, extent := x.Extent()
		from, reach := x.TrueExtent()
		if x.Handle() != 0 || x.Size() != 0 || lb != 0 || extent != 0 || from != 0 || reach != 0 || x.Name() != "" {
			t.Errorf("%v still has something to say", x)
		}
	}
}

func TestNames(t *testing.T) {
	mpitest.World(t)
	d, err := datatype.Contiguous(2, datatype.Int32)
	must(t, err)
	defer d.Free()
	if d.Name() != "" {
		t.Errorf("the name of a new datatype is %q", d.Name())
	}
	long := strings.Repeat("n", cgo.MaxObjectName())
	for _, name := range []string{"pair of int32", "", long} {
		must(t, d.SetName(name))
		if d.Name() != name {
			t.Errorf("the name is %q, want %q", d.Name(), name)
		}
	}
	refused(t, d.SetName(long+"n"), "Datatype.SetName", cgo.ErrArg, "bytes, but this MPI library keeps at most")
	refused(t, d.SetName("a\x00b"), "Datatype.SetName", cgo.ErrArg, "name has a zero byte at 1")
	if got := datatype.Float64.Name(); got != "MPI_DOUBLE" {
		t.Errorf("the name of Float64 is %q", got)
	}
}

// Counts beyond 32 bits either work or are refused, by what the library is.
func TestLarge(t *testing.T) {
	mpitest.World(t)
	const n = 3 << 30
	big, err := datatype.Contiguous(n, datatype.Int8)
	if !cgo.Large {
		refused(t, err, "datatype.Contiguous", cgo.ErrCount, "count is 3221225472, but this MPI library counts in 32 bits only")
		// What is not a count there may be as large as it likes.
		if big, err = datatype.Hindexed([]int{1, 1}, []int{0, n - 1}, datatype.Int8); err != nil {
			t.Fatal(err)
		}
		if _, extent := big.Extent(); extent != n {
			t.Errorf("the extent is %d, want %d", extent, n)
		}
		must(t, big.Free())
		return
	}
	must(t, err)
	types := []datatype.Datatype{big}
	for _, make := range []func() (datatype.Datatype, error){
		func() (datatype.Datatype, error) { return datatype.Vector(1, n, 1, datatype.Int8) },
		func() (datatype.Datatype, error) { return datatype.Hvector(1, n, 1, datatype.Int8) },
		func() (datatype.Datatype, error) { return datatype.Indexed([]int{n}, []int{0}, datatype.Int8) },
		func() (datatype.Datatype, error) { return datatype.Hindexed([]int{n}, []int{0}, datatype.Int8) },
		func() (datatype.Datatype, error) { return datatype.IndexedBlock(n, []int{0}, datatype.Int8) },
		func() (datatype.Datatype, error) { return datatype.HindexedBlock(n, []int{0}, datatype.Int8) },
		func() (datatype.Datatype, error) {
			return datatype.Struct([]int{n}, []int{0}, []datatype.Datatype{datatype.Int8})
		},
		func() (datatype.Datatype, error) {
			return datatype.Subarray([]int{n, 1}, []int{n, 1}, []int{0, 0}, datatype.OrderC, datatype.Int8)
		},
		func() (datatype.Datatype, error) { return darrayOf(1, 0, n, datatype.DistributeBlock, 0, 1) },
		big.Dup,
	} {
		d, err := make()
		must(t, err)
		types = append(types, d)
	}
	for i, d := range types {
		if _, extent := d.Extent(); extent != n || d.Size() != n {
			t.Errorf("type %d has size %d and extent %d, want %d", i, d.Size(), extent, n)
		}
		must(t, d.Free())
	}
}

// One goroutine's first use commits; the others see it committed.
func TestElemFromManyGoroutines(t *testing.T) {
	mpitest.World(t)
	for range 50 {
		d, err := datatype.Vector(2, 1, 3, datatype.Int32)
		must(t, err)
		elems := make(chan *cgo.Elem, 8)
		for range cap(elems) {
			go func() { elems <- d.Elem() }()
		}
		first := <-elems
		must(t, first.Err)
		rest := []*cgo.Elem{first}
		for range cap(elems) - 1 {
			rest = append(rest, <-elems)
		}
		if len(slices.Compact(rest)) != 1 {
			t.Error("the goroutines saw different Elems")
		}
		must(t, d.Free())
	}
}
