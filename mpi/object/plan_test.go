package object_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/object"
)

type (
	flag  bool
	label string

	basics struct {
		B    bool
		I    int
		I8   int8
		I16  int16
		I32  int32
		I64  int64
		U    uint
		U8   uint8
		U16  uint16
		U32  uint32
		U64  uint64
		Up   uintptr
		F32  float32
		F64  float64
		C64  complex64
		C128 complex128
		S    string
		F    flag
		L    label
	}
	nested struct {
		hidden int
		One    basics
		Many   []basics
		Four   [4]basics
		Bytes  []byte
		Octets [3]byte
		Floats []float64
		Ints   []int
		Shorts []int16
		Words  []string
		Lists  [][]string
		Labels []label
	}
	maps struct {
		SF map[string]float64
		SS map[string]string
		SI map[string]int
		IB map[int]bool
		II map[int64]int64
		LF map[label]flag
		SB map[string]basics
		AS map[[2]int8][]string
		MM map[string]map[int]string
	}
	// nested2 has the parts of nested, with other names for the types.
	basics2 basics
	nested2 struct {
		One    basics2
		Many   []basics2
		Four   [4]basics2
		Bytes  []byte
		Octets [3]uint8
		Floats []float64
		Ints   []int64
		Shorts []int32
		Words  []string
		Lists  [][]label
		Labels []string
	}
)

// random fills v, whose slices and maps get up to n elements, some of them nil.
func random(r *rand.Rand, v reflect.Value, n int) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		random(r, v.Elem(), n)
		return
	}
	if r.IntN(4) == 0 {
		return // zero
	}
	extreme := r.IntN(4) == 0
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x := int64(r.Uint64()) >> r.IntN(64)
		if extreme {
			x = math.MinInt64
		}
		v.SetInt(x >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		x := r.Uint64() >> r.IntN(64)
		if extreme {
			x = math.MaxUint64
		}
		v.SetUint(x >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		x := float64(float32(r.NormFloat64()))
		if extreme {
			x = []float64{math.Inf(1), math.Inf(-1), math.MaxFloat32, -1, 256}[r.IntN(5)]
		}
		v.SetFloat(x)
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(float64(r.IntN(3)), float64(float32(r.NormFloat64()))))
	case reflect.String:
		b := make([]byte, r.IntN(2*n)*(1+r.IntN(20)))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		v.SetString(string(b))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				random(r, v.Field(i), n)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			random(r, v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(n), 2*n))
		for i := range v.Len() {
			random(r, v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(n) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			random(r, key, n)
			random(r, elem, n)
			v.SetMapIndex(key, elem)
		}
	}
}

// byGob is v by an Encoder of its own: the type's descriptors, and the value.
func byGob(t testing.TB, v any) (descriptors, payload []byte) {
	t.Helper()
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	first := b.Len()
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	// The second time there are no descriptors. Maps have another order, but
	// the same length.
	n := 2*first - b.Len()
	return b.Bytes()[:n:n], b.Bytes()[n:first]
}

// checkPlan compares the plan of T with gob, both ways. Maps come in any order,
// so that the bytes are compared only without.
func checkPlan[T any](t *testing.T, v T, exact bool) {
	t.Helper()
	b, ok := object.Planned(v)
	if !ok {
		t.Fatalf("%T has no plan", v)
	}
	descriptors, payload := byGob(t, &v)
	if want := append(bytes.Clone(descriptors), payload...); exact && !bytes.Equal(b, want) {
		t.Fatalf("of %+v came\n%x, want gob's\n%x", v, b, want)
	}
	var got, want, back T
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&got); err != nil {
		t.Fatalf("gob cannot decode %+v: %v", v, err)
	}
	if err := gob.NewDecoder(bytes.NewReader(append(descriptors, payload...))).Decode(&want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("of %+v gob decodes %+v", want, got)
	}
	if !object.FromPlan(descriptors, payload, &back) {
		t.Fatalf("%+v was not decoded", v)
	}
	if !reflect.DeepEqual(back, want) {
		t.Fatalf("of %+v came %+v", want, back)
	}
}

func checkRandom[T any](t *testing.T, exact bool) {
	t.Helper()
	for seed := range uint64(200) {
		var v T
		random(rand.New(rand.NewPCG(seed, 1)), reflect.ValueOf(&v).Elem(), 1+int(seed%10))
		checkPlan(t, v, exact)
	}
}

// What a plan makes is what gob makes, byte for byte, and what gob makes a plan
// reads.
func TestPlan(t *testing.T) {
	checkRandom[basics](t, true)
	checkRandom[nested](t, true)
	checkRandom[maps](t, false)
	checkRandom[*basics](t, true)
	checkRandom[string](t, true)
	checkRandom[float64](t, true)
	checkRandom[map[string][]float64](t, false)
	checkRandom[[3]string](t, true)
	checkRandom[[]string](t, true)
}

// Longer than any room that is made in advance.
func TestPlanLong(t *testing.T) {
	many := make([]basics, 20_000)
	for i := range many {
		many[i].I, many[i].S = i, string(rune(i))
	}
	checkPlan(t, nested{hidden: 1, Many: many, Words: make([]string, 1<<17), Bytes: make([]byte, 1<<20)}, true)
	long := maps{SF: map[string]float64{}, LF: map[label]flag{}}
	for i := range 1 << 16 {
		long.SF[string(rune(i))], long.LF[label(rune(i))] = float64(i), i%2 == 0
	}
	checkPlan(t, long, false)
	// Around the lengths at which maps go in batches.
	for _, n := range []int{31, 32, 33, 63, 64, 65, 66, 95, 96, 97, 300} {
		words, ints := map[string]string{}, map[int]bool{}
		for i := range n {
			words[fmt.Sprint(i)], ints[i] = fmt.Sprint("word ", i), i%3 == 0
		}
		checkPlan(t, words, false)
		checkPlan(t, ints, false)
		descriptors, payload := byGob(t, &words)
		for k := 0; k < len(payload); k += 7 {
			if got := (map[string]string)(nil); object.FromPlan(descriptors, payload[:k], &got) {
				t.Errorf("%d bytes of %d were made %d words of %d", k, len(payload), len(got), n)
			}
		}
	}
}

// Another type with the same parts goes by the plan, one with others does not.
func TestPlanOfOthers(t *testing.T) {
	for seed := range uint64(100) {
		var v nested
		random(rand.New(rand.NewPCG(seed, 2)), reflect.ValueOf(&v).Elem(), 5)
		descriptors, payload := byGob(t, &v)
		var got, want nested2
		if err := gob.NewDecoder(bytes.NewReader(append(descriptors, payload...))).Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !object.FromPlan(descriptors, payload, &got) || !reflect.DeepEqual(got, want) {
			t.Fatalf("of %+v came %+v, want %+v", v, got, want)
		}
	}
	descriptors, payload := byGob(t, struct{ A, B int }{1, 2})
	var swapped struct{ B, A int }
	var fewer struct{ A int }
	var floats struct{ A, B float64 }
	if object.FromPlan(descriptors, payload, &swapped) || object.FromPlan(descriptors, payload, &fewer) || object.FromPlan(descriptors, payload, &floats) {
		t.Error("the plan of another type was used")
	}
	descriptors, payload = byGob(t, struct{ A int }{1000})
	var narrow struct{ A int8 }
	if object.FromPlan(descriptors, payload, &narrow) {
		t.Errorf("1000 was made %d", narrow.A)
	}
}

// What gob refuses, a plan refuses.
func TestPlanRefuses(t *testing.T) {
	descriptors, payload := byGob(t, struct{ A float64 }{1e300})
	var float struct{ A float32 }
	if object.FromPlan(descriptors, payload, &float) {
		t.Errorf("1e300 was made %g", float.A)
	}
	var pair struct{ A [2]int8 }
	descriptors, payload = byGob(t, struct{ A [3]int8 }{[3]int8{1, 2, 3}})
	if object.FromPlan(descriptors, payload, &pair) {
		t.Errorf("three elements were made %v", pair.A)
	}
	descriptors, payload = byGob(t, pair)
	payload[len(payload)-4] = 1 // the length of the array, before its elements and the end of the struct
	if object.FromPlan(descriptors, payload, &pair) {
		t.Errorf("one element was made %v", pair.A)
	}
	// Any byte less.
	descriptors, payload = byGob(t, basics{I: 1 << 40, S: "text", F64: 1.7})
	for n := range payload {
		var v basics
		if object.FromPlan(descriptors, payload[:n], &v) {
			t.Errorf("%d bytes of %d were made %+v", n, len(payload), v)
		}
	}
}

// FuzzPlan: what a plan makes of wrong bytes, gob makes of them, too.
func FuzzPlan(f *testing.F) {
	for seed := range uint64(20) {
		var v maps
		random(rand.New(rand.NewPCG(seed, 3)), reflect.ValueOf(&v).Elem(), 4)
		_, payload := byGob(f, &v)
		f.Add(payload)
	}
	descriptors, _ := byGob(f, maps{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var got, want maps
		if !object.FromPlan(descriptors, payload, &got) {
			return
		}
		if err := gob.NewDecoder(bytes.NewReader(append(bytes.Clone(descriptors), payload...))).Decode(&want); err != nil {
			t.Fatalf("the plan took what gob does not: %v", err)
		}
		// As texts, in which NaN is NaN.
		if got, want := fmt.Sprint(got), fmt.Sprint(want); got != want {
			t.Fatalf("the plan made %s, gob %s", got, want)
		}
	})
}
