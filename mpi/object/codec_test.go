package object_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// JSON is a codec: fields are named as their tags say.
type JSON struct{}

func (JSON) Name() string { return "json" }

func (JSON) Append(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(b, text...), err
}

func (JSON) Decode(data []byte, v any) error { return json.Unmarshal(data, v) }

func ExampleUse() {
	object.Use(JSON{})
	defer object.Use(nil)

	type reading struct {
		Station string  `json:"station"`
		Value   float64 `json:"value"`
	}
	self := mpi.Self()
	r := object.Isend(self, reading{"north", 21.5}, 0, 0)
	// Fields that the receiver does not know are no matter to JSON either.
	got, _, err := object.Recv[map[string]any](self, 0, 0)
	fmt.Println(got["station"], got["value"], err)
	if _, err := r.Wait(); err != nil {
		fmt.Println(err)
	}
	// Output: north 21.5 <nil>
}

func TestCodec(t *testing.T) {
	c := mpitest.World(t)
	object.Use(JSON{})
	defer object.Use(nil)
	roundTrip(t, c, map[string]string{"a": "b"})
	roundTrip(t, c, slices.Repeat([]float64{1.5}, 5000)) // as memory all the same
	next, prev := neighbours(c)
	if err := object.Send(c, make(chan int), next, 1); err == nil {
		t.Error("no error of a channel in JSON")
	}
	_, _, err := object.Sendrecv[string, int](c, "x", next, 1, prev, 1)
	if err == nil {
		t.Error("a string became an int")
	}
}

// FuzzDecode has bytes received that no sender of ours made.
func FuzzDecode(f *testing.F) {
	f.Add(object.Encoded(42))
	f.Add(object.Encoded("text"))
	f.Add(object.Encoded(map[string]int{"a": 1}))
	f.Add(object.Encoded(job{Name: "n", Parts: []cell{{ID: 1}}, Chain: &node{Name: "c"}}))
	f.Add(object.Encoded([]cell{{ID: 1}, {ID: 2}}))
	f.Add(object.Encoded([]float64{1, 2}))
	f.Add(object.Encoded([]bool{true}))
	f.Add(object.Encoded([][]float64{{1}, nil, {2, 3}}))
	f.Add(object.Encoded(make([]struct{}, 3)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		object.DecodeTo(data, new(int))
		object.DecodeTo(data, new(string))
		object.DecodeTo(data, new([]float64))
		object.DecodeTo(data, new([]cell))
		object.DecodeTo(data, new(map[string]int))
		object.DecodeTo(data, new(job))
		object.DecodeTo(data, new([][]float64))
		object.DecodeTo(data, new([][]cell))
		object.DecodeTo(data, new([]struct{}))
		object.DecodeTo(data, new(struct{}))
		var bs []bool
		if object.DecodeTo(data, &bs) == nil {
			for _, b := range bs {
				if b != true && b != false {
					t.Error("a bool that is neither")
				}
			}
		}
	})
}

func BenchmarkSmallStruct(b *testing.B) {
	v := struct {
		Name    string
		Limits  map[string]int
		A, B, C float64
	}{"name", map[string]int{"x": 1}, 1, 2, 3}
	b.Run("object", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got := v
			if err := object.DecodeTo(object.Encoded(v), &got); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gob", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var buf bytes.Buffer
			got := v
			if err := gob.NewEncoder(&buf).Encode(v); err != nil {
				b.Fatal(err)
			}
			if err := gob.NewDecoder(&buf).Decode(&got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
