package datatype_test

import (
	"math/rand/v2"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestString(t *testing.T) {
	mpitest.World(t)
	f := datatype.Float64
	type ints = []int
	for want, make := range map[string]func() (datatype.Datatype, error){
		"dup(float64)":                                    f.Dup,
		"contiguous(3 float64)":                           func() (datatype.Datatype, error) { return datatype.Contiguous(3, f) },
		"vector(3 blocks of 2 float64, stride 5)":         func() (datatype.Datatype, error) { return datatype.Vector(3, 2, 5, f) },
		"hvector(3 blocks of 2 float64, stride 50 bytes)": func() (datatype.Datatype, error) { return datatype.Hvector(3, 2, 50, f) },
		"indexed([1 2] float64 at [3 -4])":                func() (datatype.Datatype, error) { return datatype.Indexed(ints{1, 2}, ints{3, -4}, f) },
		"hindexed([1 2] float64 at bytes [3 -4])":         func() (datatype.Datatype, error) { return datatype.Hindexed(ints{1, 2}, ints{3, -4}, f) },
		"indexedblock(2 float64 at [3 -4])":               func() (datatype.Datatype, error) { return datatype.IndexedBlock(2, ints{3, -4}, f) },
		"hindexedblock(2 float64 at bytes [3 -4])":        func() (datatype.Datatype, error) { return datatype.HindexedBlock(2, ints{3, -4}, f) },
		"struct(2 float64 at 0, bool at 16)": func() (datatype.Datatype, error) {
			return datatype.Struct(ints{2, 1}, ints{0, 16}, []datatype.Datatype{f, datatype.Bool})
		},
		"struct()":                           func() (datatype.Datatype, error) { return datatype.Struct(nil, nil, nil) },
		"resized(float64, lb -8, extent 24)": func() (datatype.Datatype, error) { return datatype.Resized(f, -8, 24) },
		"subarray([1 2] of [3 4] float64 from [2 0], OrderFortran)": func() (datatype.Datatype, error) {
			return datatype.Subarray(ints{3, 4}, ints{1, 2}, ints{2, 0}, datatype.OrderFortran, f)
		},
		"darray(rank 3 of 6, [8 9 4] float64, [DistributeBlock DistributeCyclic DistributeNone] [0 2 0] over [2 3 1], OrderC)": func() (datatype.Datatype, error) {
			return datatype.Darray(6, 3, ints{8, 9, 4}, []datatype.Distribution{datatype.DistributeBlock, datatype.DistributeCyclic, datatype.DistributeNone},
				ints{0, 2, 0}, ints{2, 3, 1}, datatype.OrderC, f)
		},
	} {
		d, err := make()
		must(t, err)
		if got := d.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		must(t, d.Free())
		if d.String() != "a freed datatype" {
			t.Errorf("a freed datatype is %v", d)
		}
	}
	type sample struct {
		Pos  [3]float64
		N, M int32
		Tag  uint8
	}
	d, err := datatype.Of[sample]()
	must(t, err)
	if got, want := d.String(), "resized(struct(3 float64 at 0, 2 int32 at 24, uint8 at 32), lb 0, extent 40)"; got != want && got != want[len("resized("):len(want)-len(", lb 0, extent 40)")] {
		t.Errorf("got %s, want %s", got, want)
	}
	pair, err := datatype.Of[datatype.ValueIndex[float64]]()
	must(t, err)
	for want, d := range map[string]datatype.Datatype{"float64": f, "int64": datatype.Int, "bool": datatype.Bool, "ValueIndex[float64]": pair, "no datatype": {}} {
		if d.String() != want {
			t.Errorf("got %v, want %s", d, want)
		}
	}
	row, err := datatype.Contiguous(2, pair)
	must(t, err)
	defer row.Free()
	if got := row.String(); got != "contiguous(2 ValueIndex[float64])" {
		t.Errorf("got %s", got)
	}
}

func TestEnvelope(t *testing.T) {
	mpitest.World(t)
	e, err := datatype.Float64.Envelope()
	must(t, err)
	if e != (datatype.Envelope{Combiner: datatype.CombinerNamed}) {
		t.Errorf("the envelope of float64 is %+v", e)
	}
	d, err := datatype.Hindexed([]int{1, 2, 3}, []int{0, 50, 100}, datatype.Int8)
	must(t, err)
	defer d.Free()
	e, err = d.Envelope()
	must(t, err)
	// MPI 4.1 §5.1.13: the count and the lengths, the displacements, one type.
	if e != (datatype.Envelope{Combiner: datatype.CombinerHindexed, Integers: 4, Addresses: 3, Datatypes: 1}) {
		t.Errorf("the envelope is %+v", e)
	}
	var none datatype.Datatype
	_, err = none.Envelope()
	refused(t, err, "Datatype.Envelope", cgo.ErrType, "zero Datatype")
	_, err = none.Contents()
	refused(t, err, "Datatype.Contents", cgo.ErrType, "zero Datatype")
}

// Large counts come in another place.
func TestLargeContents(t *testing.T) {
	mpitest.World(t)
	if !cgo.Large {
		return // there are none
	}
	const n = 3 << 30
	c, err := datatype.Contiguous(n, datatype.Int8)
	must(t, err)
	defer c.Free()
	for want, make := range map[string]func() (datatype.Datatype, error){
		"contiguous(3221225472 int8)":                          func() (datatype.Datatype, error) { return datatype.Contiguous(n, datatype.Int8) },
		"vector(2 blocks of 1 int8, stride 3221225472)":        func() (datatype.Datatype, error) { return datatype.Vector(2, 1, n, datatype.Int8) },
		"hvector(1 blocks of 3221225472 int8, stride 7 bytes)": func() (datatype.Datatype, error) { return datatype.Hvector(1, n, 7, datatype.Int8) },
		"indexed([1 2] int8 at [3 3221225472])":                func() (datatype.Datatype, error) { return datatype.Indexed([]int{1, 2}, []int{3, n}, datatype.Int8) },
		"hindexed([1 3221225472] int8 at bytes [3 4])":         func() (datatype.Datatype, error) { return datatype.Hindexed([]int{1, n}, []int{3, 4}, datatype.Int8) },
		"indexedblock(3221225472 int8 at [3])":                 func() (datatype.Datatype, error) { return datatype.IndexedBlock(n, []int{3}, datatype.Int8) },
		"hindexedblock(3221225472 int8 at bytes [3])":          func() (datatype.Datatype, error) { return datatype.HindexedBlock(n, []int{3}, datatype.Int8) },
		"struct(int8 at 1, 3221225472 int16 at 2)": func() (datatype.Datatype, error) {
			return datatype.Struct([]int{1, n}, []int{1, 2}, []datatype.Datatype{datatype.Int8, datatype.Int16})
		},
		"subarray([1 2] of [1 3221225472] int8 from [0 5], OrderC)": func() (datatype.Datatype, error) {
			return datatype.Subarray([]int{1, n}, []int{1, 2}, []int{0, 5}, datatype.OrderC, datatype.Int8)
		},
		"darray(rank 1 of 2, [3221225472] int8, [DistributeBlock] [0] over [2], OrderC)": func() (datatype.Datatype, error) { return darrayOf(2, 1, n, datatype.DistributeBlock, 0, 2) },
	} {
		d, err := make()
		must(t, err)
		if got := d.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		must(t, d.Free())
	}
}

// rebuild makes a datatype from its contents.
func rebuild(t testing.TB, c *datatype.Contents) datatype.Datatype {
	t.Helper()
	types := make([]datatype.Datatype, len(c.Types))
	for i, part := range c.Types {
		types[i] = rebuild(t, part)
		defer func() { must(t, types[i].Free()) }()
	}
	var d datatype.Datatype
	var err error
	switch c.Combiner {
	case datatype.CombinerNamed:
		for _, d := range []datatype.Datatype{datatype.Uint8, datatype.Int16, datatype.Float32, datatype.Int64, datatype.Float64, datatype.Complex128} {
			if d.String() == c.Name {
				return d
			}
		}
		t.Fatalf("there is no %s", c.Name)
	case datatype.CombinerDup:
		d, err = types[0].Dup()
	case datatype.CombinerContiguous:
		d, err = datatype.Contiguous(c.Count, types[0])
	case datatype.CombinerVector:
		d, err = datatype.Vector(c.Count, c.Blocklength, c.Stride, types[0])
	case datatype.CombinerHvector:
		d, err = datatype.Hvector(c.Count, c.Blocklength, c.Stride, types[0])
	case datatype.CombinerIndexed:
		d, err = datatype.Indexed(c.Blocklengths, c.Displs, types[0])
	case datatype.CombinerHindexed:
		d, err = datatype.Hindexed(c.Blocklengths, c.Displs, types[0])
	case datatype.CombinerIndexedBlock:
		d, err = datatype.IndexedBlock(c.Blocklength, c.Displs, types[0])
	case datatype.CombinerHindexedBlock:
		d, err = datatype.HindexedBlock(c.Blocklength, c.Displs, types[0])
	case datatype.CombinerStruct:
		d, err = datatype.Struct(c.Blocklengths, c.Displs, types)
	case datatype.CombinerSubarray:
		d, err = datatype.Subarray(c.Sizes, c.Subsizes, c.Starts, c.Order, types[0])
	case datatype.CombinerDarray:
		d, err = datatype.Darray(c.Size, c.Rank, c.Sizes, c.Distribs, c.Dargs, c.Psizes, c.Order, types[0])
	case datatype.CombinerResized:
		d, err = datatype.Resized(types[0], c.Lb, c.Extent)
	default:
		t.Fatalf("no datatype of these tests is made so: %d", c.Combiner)
	}
	if err != nil {
		t.Fatalf("%v cannot be made again: %v", c, err)
	}
	return d
}

// checkContents makes a random type again from what its contents say, and
// compares that with the loop over the type map.
func checkContents(t *testing.T, rnd source) {
	t.Helper()
	m := random(t, rnd, 1+rnd.IntN(3))
	c, err := m.t.Contents()
	must(t, err)
	again := *m
	again.t = rebuild(t, c)
	checkQueries(t, &again)
	checkLayout(t, &again, 2)
	if got, want := again.t.String(), c.String(); got != want {
		t.Errorf("%s is made again as %s", want, got)
	}
	if m.derive {
		must(t, m.t.Free())
	}
	must(t, again.t.Free())
}

func TestRandomContents(t *testing.T) {
	mpitest.World(t)
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 1000 {
		checkContents(t, rnd)
	}
}

func FuzzContents(f *testing.F) {
	f.Add([]byte{2, 0, 1, 2, 3, 10, 1, 2, 3, 11, 4, 5, 6, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzing(t)
		checkContents(t, drawnFrom(drawn(data)))
	})
}
