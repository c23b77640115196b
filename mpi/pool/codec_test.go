package pool

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

type (
	keyed struct {
		Name string
		M    map[string]int
	}
	stubborn struct{ X *int }
)

func (stubborn) GobEncode() ([]byte, error) { panic("no") }

func roundTrip[T any](t *testing.T, s []T) {
	t.Helper()
	b, err := encode([]byte("head"), s)
	if err != nil || !bytes.HasPrefix(b, []byte("head")) {
		t.Errorf("%#v: %v", s, err)
		return
	}
	got, err := decode[T](b[4:], len(s))
	if err != nil || len(s) > 0 && !reflect.DeepEqual(got, s) {
		t.Errorf("%#v came back as %#v, %v", s, got, err)
	}
	if _, err := decode[T](b[4:], len(s)+1); err == nil {
		t.Errorf("%#v: another length is accepted", s)
	}
}

func TestCodec(t *testing.T) {
	roundTrip(t, []int{})
	roundTrip(t, []int{1, -2, 1 << 40})
	roundTrip(t, []bool{true, false})
	roundTrip(t, []time.Duration{time.Second})
	roundTrip(t, make([]struct{}, 5))
	roundTrip(t, [][]byte{[]byte("abc"), nil, {}, make([]byte, 300)})
	roundTrip(t, []string{"a", "", "b"})
	roundTrip(t, []keyed{{"x", map[string]int{"y": 1}}})
	roundTrip(t, [][]string{{"a"}, {"b", "c"}})
	for name, f := range map[string]func() error{
		"a func":           func() error { _, err := encode(nil, []func(){nil}); return err },
		"GobEncode panics": func() error { _, err := encode(nil, []stubborn{{}}); return err },
		"a nil pointer":    func() error { _, err := encode(nil, []*int{nil}); return err },
	} {
		if f() == nil {
			t.Errorf("%s can be encoded", name)
		}
	}
}

func TestWire(t *testing.T) {
	o := order{kind: runTasks, collect: true, job: 1 << 60, chunk: 7, name: "f"}
	got, err := parseOrder(append(o.append(nil), "payload"...))
	o.payload = []byte("payload")
	if err != nil || !reflect.DeepEqual(got, o) {
		t.Errorf("got %+v, %v", got, err)
	}
	a := answer{chunk: 3, ran: 5, took: time.Second, payload: []byte("results"),
		fails: []failure{{1, "text", "stack", []byte("err")}, {4, "", "", []byte{}}}}
	b := a.finish(append(make([]byte, answerHead), "results"...))
	back, err := parseAnswer(b)
	if err != nil || !reflect.DeepEqual(back, a) {
		t.Errorf("got %+v, %v", back, err)
	}
	for i := range b {
		if _, err := parseAnswer(b[:i]); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", i, len(b))
		}
	}
}

// Bytes from another rank give an error, and never a crash.
func FuzzMessages(f *testing.F) {
	for _, v := range [][]float64{{}, {1, 2}} {
		b, _ := encode(nil, v)
		f.Add(b)
	}
	a := answer{ran: 1, fails: []failure{{0, "text", "stack", []byte{1, 2, 3}}}}
	f.Add(a.finish(make([]byte, answerHead)))
	o := order{name: "name"}
	f.Add(o.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decode[int](b, -1)
		_, _ = decode[struct{}](b, -1)
		_, _ = decode[[]float64](b, -1)
		_, _ = decode[[]struct{}](b, -1)
		_, _ = decode[keyed](b, -1)
		_, _ = parseOrder(b)
		if a, err := parseAnswer(b); err == nil {
			for i := range a.fails {
				_ = a.fails[i].error().Error()
			}
		}
	})
}
