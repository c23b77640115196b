package datatype_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

var leaves = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](),
	reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
	reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	reflect.TypeFor[complex64](), reflect.TypeFor[complex128](), reflect.TypeFor[struct{}](), reflect.TypeFor[[0]string](),
}

// grow makes a type of what next says: next(n) is a number from 0 to n-1.
func grow(next func(n int) int, depth int) reflect.Type {
	if depth == 0 || next(4) == 0 {
		return leaves[next(len(leaves))]
	}
	if next(3) == 0 {
		lengths := []int{0, 1, 2, 3, 7, 40}
		return reflect.ArrayOf(lengths[next(len(lengths))], grow(next, depth-1))
	}
	fields := make([]reflect.StructField, next(6))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprint("F", i), Type: grow(next, depth-1)}
		switch next(6) {
		case 0:
			fields[i].Name, fields[i].PkgPath = fmt.Sprint("f", i), "p"
		case 1:
			fields[i].Name, fields[i].PkgPath = "_", "p"
		}
	}
	return reflect.StructOf(fields)
}

// bytesOf is where the data of a Go type lies, in the order of the fields.
func bytesOf(t reflect.Type, at int, to []int) []int {
	switch t.Kind() {
	case reflect.Array:
		for i := range t.Len() {
			to = bytesOf(t.Elem(), at+i*int(t.Elem().Size()), to)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Name != "_" {
				to = bytesOf(f.Type, at+int(f.Offset), to)
			}
		}
	default:
		for i := range int(t.Size()) {
			to = append(to, at+i)
		}
	}
	return to
}

func checkOf(t *testing.T, typ reflect.Type, n int) {
	t.Helper()
	d, err := datatype.OfType(typ)
	if err != nil {
		t.Fatalf("%v: %v", typ, err)
	}
	m := &model{t: d, bytes: bytesOf(typ, 0, nil), ub: int(typ.Size()), text: typ.String()}
	if typ.Size() < 1<<16 {
		checkQueries(t, m)
		checkLayout(t, m, n)
	}
}

func TestRandomTypes(t *testing.T) {
	mpitest.World(t)
	rnd := rand.New(rand.NewPCG(6, 6))
	for range 1500 {
		checkOf(t, grow(rnd.IntN, 1+rnd.IntN(4)), rnd.IntN(4))
	}
}

// drawn is a source of numbers for grow and random: those of data, then zeros.
func drawn(data []byte) func(n int) int {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		x := int(data[0]) % n
		data = data[1:]
		return x
	}
}

var initOnce = sync.OnceValue(func() error { return mpi.Init() })

// fuzzing starts MPI on this one rank: mpitest fuzzes without a launcher.
func fuzzing(t *testing.T) {
	t.Helper()
	if !mpi.Initialized() {
		must(t, initOnce())
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte{3, 1, 2, 4, 0, 1, 2, 3, 5, 3, 2, 6, 1, 1, 2, 6, 0, 9, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzing(t)
		typ := grow(drawn(data), 4)
		if _, err := datatype.OfType(typ); errors.Is(err, cgo.ErrNoMem) {
			datatype.EmptyCache()
		}
		checkOf(t, typ, 2)
	})
}

// The cache has a bound, and is empty after Finalize.
func TestCacheBound(t *testing.T) {
	mpitest.World(t)
	datatype.EmptyCache()
	defer datatype.SetMaxCached(3)()
	arrays := func(n int) (datatype.Datatype, error) {
		return datatype.OfType(reflect.ArrayOf(n, reflect.TypeFor[int16]()))
	}
	var ds []datatype.Datatype
	for n := range 3 {
		d, err := arrays(n)
		must(t, err)
		ds = append(ds, d)
	}
	_, err := arrays(3)
	refused(t, err, "datatype.Of", cgo.ErrNoMem, "3 types have a datatype, and [3]int16 would be one more")
	again, err := arrays(2)
	if must(t, err); again != ds[2] {
		t.Error("what the cache holds is made again")
	}
	datatype.EmptyCache()
	for _, d := range ds[2:] {
		refused(t, d.Commit(), "Datatype.Commit", cgo.ErrType, "freed")
	}
	if datatype.Int16.Size() != 2 || datatype.Int16.Elem().Err != nil {
		t.Error("a predefined type went with the cache")
	}
	_, err = arrays(3)
	must(t, err)
}

type meta struct {
	ID   int32
	Name string
}

type particle struct {
	Pos  [3]float64
	Meta meta
}

type label string

func TestTypesWithPointers(t *testing.T) {
	type T struct{ X int }
	refuse := func(_ datatype.Datatype, err error, says string) {
		t.Helper()
		refused(t, err, "datatype.Of", cgo.ErrType, says)
	}
	check := func(typ reflect.Type, says string) {
		t.Helper()
		d, err := datatype.OfType(typ)
		refuse(d, err, says)
	}
	d, err := datatype.Of[particle]()
	refuse(d, err, "particle.Meta.Name is a string, whose memory lies elsewhere")
	check(reflect.TypeFor[string](), "string is a string")
	check(reflect.TypeFor[label](), "label is a string")
	check(reflect.TypeFor[*int](), "*int is a pointer")
	check(reflect.TypeFor[struct{ A []int }](), ".A is a slice")
	check(reflect.TypeFor[struct{ A map[int]int }](), ".A is a map")
	check(reflect.TypeFor[struct{ A chan int }](), ".A is a chan")
	check(reflect.TypeFor[struct{ A func() }](), ".A is a func")
	check(reflect.TypeFor[struct{ A error }](), ".A is an interface")
	check(reflect.TypeFor[struct{ A *T }](), ".A is a pointer")
	check(reflect.TypeFor[struct{ A unsafe.Pointer }](), ".A is an unsafe.Pointer")
	check(reflect.TypeFor[struct{ _ *T }](), "._ is a pointer")
	check(reflect.TypeFor[struct{ a [4][2]particle }](), ".a[0][0].Meta.Name is a string")
	check(nil, "there is no type")
}

// What has no holes is as simple as it can be.
func TestSimplest(t *testing.T) {
	mpitest.World(t)
	type celsius float64
	type vec3 struct{ X, Y, Z float64 }
	type body struct {
		Pos, Vel vec3
		Temp     celsius
		Rest     [2]struct{ A, B float64 }
	}
	for _, c := range []struct {
		typ  reflect.Type
		want datatype.Datatype
	}{
		{reflect.TypeFor[float64](), datatype.Float64},
		{reflect.TypeFor[celsius](), datatype.Float64},
		{reflect.TypeFor[struct{ X celsius }](), datatype.Float64},
		{reflect.TypeFor[struct {
			_ struct{}
			X [1]struct{ Y int }
		}](), datatype.Int64},
		{reflect.TypeFor[bool](), datatype.Bool},
		{reflect.TypeFor[uintptr](), datatype.Uint64},
	} {
		d, err := datatype.OfType(c.typ)
		must(t, err)
		if d != c.want {
			t.Errorf("the datatype of %v is %v, want %v", c.typ, d, c.want)
		}
	}
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[vec3]():             "contiguous(3 float64)",
		reflect.TypeFor[body]():             "contiguous(11 float64)",
		reflect.TypeFor[[100]body]():        "contiguous(1100 float64)",
		reflect.TypeFor[[2]struct{}]():      "contiguous(0 uint8)",
		reflect.TypeFor[[3][4]complex128](): "contiguous(12 complex128)",
	} {
		d, err := datatype.OfType(typ)
		must(t, err)
		if got := d.String(); got != want {
			t.Errorf("the datatype of %v is %s, want %s", typ, got, want)
		}
	}
}

func TestOfIsShared(t *testing.T) {
	mpitest.World(t)
	type sample struct {
		At    int32
		Value float64
	}
	d, err := datatype.Of[sample]()
	must(t, err)
	must(t, d.Free())
	again, err := datatype.Of[sample]()
	must(t, err)
	if d != again || d.Size() != 12 || d.Elem().Err != nil {
		t.Errorf("%v and %v", d, again)
	}
	if !strings.HasSuffix(d.Name(), ".sample") {
		t.Errorf("the name is %q", d.Name())
	}
	if n := testing.AllocsPerRun(100, func() {
		d, _ := datatype.Of[sample]()
		d.Elem()
	}); n != 0 && !asanEnabled {
		t.Errorf("a datatype that is there already takes %v allocations", n)
	}
}

func checkPair[T float32 | float64 | int16 | int32 | int64 | int](t *testing.T, h cgo.Kind) {
	t.Helper()
	d, err := datatype.Of[datatype.ValueIndex[T]]()
	must(t, err)
	e, lb, err := cgo.TypeInfo("", cgo.Pairs[h-cgo.FirstPair])
	must(t, err)
	got := *d.Elem()
	if got != e || lb != 0 || e.Kind != h {
		t.Errorf("%v is %+v, and the library says %+v", h, got, e)
	}
	checkOf(t, reflect.TypeFor[datatype.ValueIndex[T]](), 3)
}

func TestPairs(t *testing.T) {
	mpitest.World(t)
	checkPair[float32](t, cgo.Float32Int)
	checkPair[float64](t, cgo.Float64Int)
	checkPair[int16](t, cgo.Int16Int)
	checkPair[int32](t, cgo.Int32Int)
	checkPair[int64](t, cgo.Int64Int)
	checkPair[int](t, cgo.Int64Int)
}
