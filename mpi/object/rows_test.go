package object_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

type (
	halves []uint16
	place  struct { // the same fields in another order
		Y, X float64
		Name string
	}
)

func TestRows(t *testing.T) {
	c := mpitest.World(t)
	roundTrip(t, c, [][]float64{{1, 2, 3}, nil, {}, make([]float64, 10_000)})
	roundTrip(t, c, []halves{{1, 2}, {65535}})
	roundTrip(t, c, [][]point{{{1, 2}}, {{3, 4}, {5, 6}}})
	roundTrip(t, c, [][]bool{{true, false}, {true}})
	roundTrip(t, c, [][]byte{[]byte("abc"), nil})
	roundTrip(t, c, struct{}{})
	roundTrip(t, c, make([]struct{}, 7))
	roundTrip(t, c, [0]int{})
}

// coding has v encoded behind other bytes and decoded, and refuses what is cut.
func coding[T any](t *testing.T, v T) []byte {
	t.Helper()
	b, err := object.Append([]byte("head"), v)
	if err != nil || !bytes.HasPrefix(b, []byte("head")) {
		t.Fatalf("%T: %q, %v", v, b[:min(len(b), 4)], err)
	}
	b = b[4:]
	got, err := object.Decode[T](b)
	if err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%T: %v came back as %v, %v", v, v, got, err)
	}
	for i := range b {
		var wrong *object.TypeError
		if _, err := object.Decode[T](b[:i]); !errors.As(err, &wrong) {
			t.Errorf("%T: the first %d of %d bytes: %v", v, i, len(b), err)
		}
	}
	return b
}

func TestAppendDecode(t *testing.T) {
	coding(t, 42)
	coding(t, "text")
	coding(t, map[string]int{"a": 1})
	coding(t, []float64{1, 2, 3})
	coding(t, []string{"a", "", "b"})
	coding(t, [][]int32{{1}, {2, 3}})
	coding(t, struct{}{})
	coding(t, []struct{}{{}, {}})
	if _, err := object.Append(nil, func() {}); err == nil {
		t.Error("a func can be encoded")
	}

	// What was decoded shares no memory with the bytes.
	b := coding(t, [][]byte{{1, 2}})
	rows, _ := object.Decode[[][]byte](b)
	clear(b)
	if !reflect.DeepEqual(rows, [][]byte{{1, 2}}) {
		t.Errorf("the rows changed with the message: %v", rows)
	}
	b = coding(t, []byte{1, 2})
	s, _ := object.Decode[[]byte](b)
	clear(b)
	if !bytes.Equal(s, []byte{1, 2}) {
		t.Errorf("the slice changed with the message: %v", s)
	}
}

// Rows of another type that has the same fields go by name; others are errors.
func TestRowsConvert(t *testing.T) {
	b := object.Encoded([][]point{{{1, 2}, {3, 4}}, {{5, 6}}})
	got, err := object.Decode[[][]place](b)
	if want := [][]place{{{Y: 2, X: 1}, {Y: 4, X: 3}}, {{Y: 6, X: 5}}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	wrong := func(err error) {
		t.Helper()
		var te *object.TypeError
		if !errors.As(err, &te) {
			t.Errorf("got %v", err)
		}
	}
	_, err = object.Decode[[][]string](b)
	wrong(err)
	_, err = object.Decode[[]float64](b)
	wrong(err)
	_, err = object.Decode[struct{}](b)
	wrong(err)
	_, err = object.Decode[[][]float64](object.Encoded(struct{}{}))
	wrong(err)
	_, err = object.Decode[struct{}](object.Encoded(make([]struct{}, 3)))
	wrong(err)
	_, err = object.Decode[[]struct{}](object.Encoded(struct{}{}))
	wrong(err)
	_, err = object.Decode[int](object.Encoded(make([]struct{}, 3)))
	wrong(err)
}
