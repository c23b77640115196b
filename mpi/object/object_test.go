package object_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

func TestMain(m *testing.M) { mpitest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func neighbours(c *mpi.Comm) (next, prev int) {
	return (c.Rank() + 1) % c.Size(), (c.Rank() + c.Size() - 1) % c.Size()
}

type point struct{ X, Y float64 }

type cell struct {
	ID   int32
	At   point
	Tags [3]int16
}

type shape interface{ Area() float64 }

type square struct{ Side float64 }

func (s square) Area() float64 { return s.Side * s.Side }

type node struct {
	Name string
	Next *node
}

type job struct {
	Name   string
	Limits map[string]float64
	Parts  []cell
	Shape  shape
	Chain  *node
	Big    *big.Int
	When   time.Time
	hidden int
}

type celsius []float64

func init() { gob.Register(square{}) }

// roundTrip sends v around the ring, by each way there is.
func roundTrip[T any](t *testing.T, c *mpi.Comm, v T) {
	t.Helper()
	next, prev := neighbours(c)
	same := func(how string, got T, st mpi.Status, err error) {
		t.Helper()
		must(t, err)
		if !reflect.DeepEqual(got, v) || st.Source != prev || st.Tag != 7 {
			t.Errorf("%s of %T: got %.200v from %d, tag %d; want %.200v", how, v, got, st.Source, st.Tag, v)
		}
	}
	for range 3 { // the first time gob compiles
		r := object.Isend(c, v, next, 7)
		got, st, err := object.Recv[T](c, prev, 7)
		same("Recv", got, st, err)
		_, err = r.Wait()
		must(t, err)
	}
	in := object.Irecv[T](c, mpi.AnySource, mpi.AnyTag)
	must(t, object.Send(c, v, next, 7))
	got, st, err := in.Wait()
	same("Irecv", got, st, err)
	got, st, err = object.Sendrecv[T, T](c, v, next, 7, prev, 7)
	same("Sendrecv", got, st, err)
}

func TestRoundTrips(t *testing.T) {
	c := mpitest.World(t)
	roundTrip(t, c, 42)
	roundTrip(t, c, "text")
	roundTrip(t, c, true)
	roundTrip(t, c, []bool{true, false, true})
	roundTrip(t, c, []int{1, -2, 3})
	roundTrip(t, c, []uint8("bytes"))
	roundTrip(t, c, celsius{1.5, -40})
	roundTrip(t, c, []complex64{1 + 2i})
	roundTrip(t, c, slices.Repeat([]float64{1.25}, 100_000))
	roundTrip(t, c, []string{"a", "", "c"})
	roundTrip(t, c, [][]float64{{1}, {2, 3}})
	roundTrip(t, c, map[string][]int{"a": {1}, "b": {2, 3}})
	roundTrip(t, c, point{1, 2})
	roundTrip(t, c, []cell{{1, point{2, 3}, [3]int16{4, 5, 6}}, {ID: -1}})
	roundTrip(t, c, [2]point{{1, 2}, {3, 4}})
	roundTrip(t, c, &point{5, 6})
	roundTrip(t, c, strings.Repeat("long ", 100_000))
	roundTrip(t, c, job{
		Name: "first", Limits: map[string]float64{"a": 1}, Parts: []cell{{ID: 9}}, Shape: square{3},
		Chain: &node{"x", &node{"y", nil}}, Big: big.NewInt(1 << 60), When: time.Unix(1e9, 5).UTC(),
	})
	roundTrip[shape](t, c, square{2})
	roundTrip[shape](t, c, nil)
	roundTrip(t, c, []shape{square{2}, square{3}})
}

// Slices of no elements arrive as such; unexported fields do not travel.
func TestSmallThings(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	for _, v := range [][]float64{nil, {}} {
		got, _, err := object.Sendrecv[[]float64, []float64](c, v, next, 1, prev, 1)
		if must(t, err); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	}
	got, _, err := object.Sendrecv[job, job](c, job{Name: "n", hidden: 5}, next, 1, prev, 1)
	if must(t, err); got.hidden != 0 || got.Name != "n" {
		t.Errorf("got %+v", got)
	}
	// A []bool whose bytes have other bits.
	buf, st, err := object.Recv[int](c, mpi.ProcNull, 3)
	if must(t, err); buf != 0 || st.Source != mpi.ProcNull {
		t.Errorf("from nobody: %v, %+v", buf, st)
	}
	must(t, object.Send(c, slices.Repeat([]int{1}, 1_000_000), mpi.ProcNull, 3))
	if v, _, err := object.Irecv[string](c, mpi.ProcNull, 3).Wait(); v != "" || err != nil {
		t.Errorf("Irecv from nobody: %q, %v", v, err)
	}
}

// gob's rules: fields go by name, whatever else the two sides declare; also
// where the sender's values travel as memory.
func TestOtherDeclarations(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	type narrow struct{ Y, Z float64 }
	type wide struct {
		Name string
		X    float64
	}
	n, _, err := object.Sendrecv[point, narrow](c, point{1, 2}, next, 1, prev, 1)
	if must(t, err); n != (narrow{Y: 2}) {
		t.Errorf("got %+v", n)
	}
	w, _, err := object.Sendrecv[[]point, []wide](c, []point{{1, 2}, {3, 4}}, next, 1, prev, 1)
	if must(t, err); !slices.Equal(w, []wide{{X: 1}, {X: 3}}) {
		t.Errorf("got %+v", w)
	}
	ns, _, err := object.Sendrecv[[]point, []narrow](c, []point{{1, 2}}, next, 1, prev, 1)
	if must(t, err); !slices.Equal(ns, []narrow{{Y: 2}}) {
		t.Errorf("got %+v", ns)
	}
	i, _, err := object.Sendrecv[[]int32, []int64](c, []int32{1, -2}, next, 1, prev, 1)
	if must(t, err); !slices.Equal(i, []int64{1, -2}) {
		t.Errorf("got %v", i)
	}
	s, _, err := object.Sendrecv[[]wide, []point](c, []wide{{"n", 3}}, next, 1, prev, 1)
	if must(t, err); !slices.Equal(s, []point{{X: 3}}) {
		t.Errorf("got %v", s)
	}
	a, _, err := object.Sendrecv[[]int, [2]int](c, []int{3, 4}, next, 1, prev, 1)
	if err == nil {
		t.Errorf("a slice became the array %v", a) // gob does not do that
	}
}

// What does not fit is an error that names both types, and the message is gone.
func TestWrongTypes(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	wrong := func(err error, sent, want string) {
		t.Helper()
		var te *object.TypeError
		if !errors.As(err, &te) || te.Sent != sent || te.Want != want {
			t.Errorf("the error is %v, want one of %s and %s", err, sent, want)
		}
	}
	_, _, err := object.Sendrecv[string, int](c, "x", next, 1, prev, 1)
	wrong(err, "string", "int")
	_, _, err = object.Sendrecv[[]float64, []string](c, []float64{1}, next, 1, prev, 1)
	wrong(err, "[]float64", "[]string")
	_, _, err = object.Sendrecv[map[string]int, []cell](c, map[string]int{"a": 1}, next, 1, prev, 1)
	wrong(err, "map[string]int", "[]object_test.cell")
	_, _, err = object.Sendrecv[[]float64, []int](c, []float64{1.5}, next, 1, prev, 1)
	wrong(err, "[]float64", "[]int")
	// No object at all.
	sent := mpi.Isend(c, []int{1, 2, 3}, next, 1)
	_, _, err = object.Recv[int](c, prev, 1)
	wrong(err, "", "int")
	must(t, mpi.Waitall(sent))
	sent = mpi.Isend(c, []byte{1}, next, 1)
	_, _, err = object.Recv[[]float64](c, prev, 1)
	wrong(err, "", "[]float64")
	must(t, mpi.Waitall(sent))
	if _, there, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); there || err != nil {
		t.Errorf("a message is left, %v", err)
	}
	// What gob cannot encode is not sent.
	for _, err := range []error{
		object.Send(c, make(chan int), next, 1),
		object.Send[*point](c, nil, next, 1),
		object.Send(c, struct{ x int }{1}, next, 1),
	} {
		if err == nil {
			t.Error("no error of a value that cannot be encoded")
		}
	}
	if _, err := object.Isend(c, func() {}, next, 1).Wait(); err == nil {
		t.Error("Isend of a function: no error")
	}
	if err := object.Send(c, 1, c.Size(), 0); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Send to a rank too large: %v", err)
	}
	if err := object.Send(c, slices.Repeat([]int{1}, 100_000), -5, 0); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("a large Send to a negative rank: %v", err)
	}
	if _, _, err := object.Recv[int](c, c.Size(), 0); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Recv from a rank too large: %v", err)
	}
	if _, _, err := object.Irecv[int](c, 0, -7).Wait(); !errors.Is(err, mpi.ErrTag) {
		t.Errorf("Irecv with a wrong tag: %v", err)
	}
}

// A context ends a receive, which then has received nothing; Cancel does too.
func TestGivingUp(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := object.RecvContext[int](ctx, c, prev, 9); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	first := object.Irecv[int](c, prev, 9)
	if _, _, err := first.WaitContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if _, _, err := object.RecvContext[int](ctx, c, prev, 9); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("behind an Irecv: %v", err)
	}
	if _, _, there, err := first.Test(); there || err != nil {
		t.Errorf("there: %v, %v", there, err)
	}
	second := object.Irecv[int](c, prev, 9)
	if !first.Cancel() || first.Cancel() {
		t.Error("Cancel of a pending receive, twice")
	}
	if _, _, err := first.Wait(); !errors.Is(err, object.ErrCancelled) {
		t.Errorf("a cancelled receive: %v", err)
	}
	must(t, c.Barrier()) // nobody is to be given anything before it has given up
	must(t, object.Send(c, 5, next, 9))
	select {
	case <-second.Done():
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	if v, _, there, err := second.Test(); v != 5 || !there || err != nil || second.Cancel() {
		t.Errorf("got %d, %v, %v", v, there, err)
	}
}

// Receives that the same messages suit get them in order, also when a blocking
// one follows; Probe sees objects.
func TestOrder(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	const n = 50
	var rs []*object.Receiving[int]
	for i := range n {
		tag := 5
		if i%2 == 0 {
			tag = mpi.AnyTag
		}
		rs = append(rs, object.Irecv[int](c, prev, tag))
	}
	var sent []*mpi.Request
	for i := range n + 2 {
		sent = append(sent, object.Isend(c, i, next, 5))
	}
	last, _, err := object.Recv[int](c, prev, 5)
	if must(t, err); last != n {
		t.Errorf("Recv behind the others got %d, want %d", last, n)
	}
	for i, r := range rs {
		if v, _, err := r.Wait(); v != i || err != nil {
			t.Errorf("receive %d got %d, %v", i, v, err)
		}
	}
	st, err := c.Probe(prev, 5)
	must(t, err)
	v, got, err := object.Recv[int](c, st.Source, st.Tag)
	if must(t, err); v != n+1 || got != st {
		t.Errorf("got %d with %+v, probed %+v", v, got, st)
	}
	must(t, mpi.Waitall(sent...))
}

func TestManyGoroutines(t *testing.T) {
	c := mpitest.World(t)
	next, prev := neighbours(c)
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Go(func() {
			for i := range 20 {
				want := map[string]int{fmt.Sprint(g): i}
				got, _, err := object.Sendrecv[map[string]int, map[string]int](c, want, next, g, prev, g)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("goroutine %d: got %v, %v", g, got, err)
				}
				big := slices.Repeat([]int{g, i}, 3000)
				in := object.Irecv[[]int](c, prev, g)
				if err := object.Send(c, big, next, g); err != nil {
					t.Error(err)
				}
				if got, _, err := in.Wait(); err != nil || !slices.Equal(got, big) {
					t.Errorf("goroutine %d: got %d numbers, %v", g, len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

// 50 MB of strings, and of numbers.
// An object is one message, however large. A slice of numbers lies in it as it
// does in memory.
func TestOneMessage(t *testing.T) {
	numbers := make([]float64, 100)
	raw := make([]byte, 8*len(numbers))
	for i := range numbers {
		numbers[i] = float64(i) / 7
		binary.NativeEndian.PutUint64(raw[8*i:], math.Float64bits(numbers[i]))
	}
	if !bytes.Contains(object.Encoded(numbers), raw) {
		t.Error("100 numbers do not travel as memory")
	}
	c := mpitest.World(t)
	words := map[string]string{"long": strings.Repeat("x", 1<<20), "short": "y"}
	switch c.Rank() {
	case 0:
		for to := 1; to < c.Size(); to++ {
			_, err := object.Isend(c, words, to, 3).Wait()
			must(t, err)
		}
	default:
		st, err := c.Probe(0, 3)
		must(t, err)
		if st.Bytes() < 1<<20 {
			t.Errorf("the first message has %d bytes", st.Bytes())
		}
		got, st, err := object.Recv[map[string]string](c, 0, 3)
		if err != nil || !reflect.DeepEqual(got, words) || st.Bytes() < 1<<20 {
			t.Errorf("got %d words, %d bytes, %v", len(got), st.Bytes(), err)
		}
	}
	must(t, c.Barrier())
	if _, found, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); found || err != nil {
		t.Errorf("another message is left: %v, %v", found, err)
	}
}

func TestLargeObjects(t *testing.T) {
	c := mpitest.World(t)
	if testing.Short() || c.Size() != 2 {
		t.Skip("on 2 ranks, without -short")
	}
	next, prev := neighbours(c)
	text := strings.Repeat("0123456789", 5_000_000)
	got, _, err := object.Sendrecv[[]string, []string](c, []string{text, "end"}, next, 1, prev, 1)
	if must(t, err); len(got) != 2 || got[0] != text || got[1] != "end" {
		t.Error("the strings differ")
	}
	numbers := make([]float64, 6_250_000)
	for i := range numbers {
		numbers[i] = float64(i)
	}
	back, _, err := object.Sendrecv[[]float64, []float64](c, numbers, next, 1, prev, 1)
	if must(t, err); !slices.Equal(back, numbers) {
		t.Error("the numbers differ")
	}
}
