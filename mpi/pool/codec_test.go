package pool

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"
)

type (
	mixed struct {
		A int
		B [3]float32
		c bool // travels too: it is memory
	}
	named []uint16
	keyed struct {
		Name string
		M    map[string]int
	}
	stubborn struct{ X *int }
)

func (stubborn) GobEncode() ([]byte, error) { panic("no") }

func roundTrip[T any](t *testing.T, form byte, s []T) {
	t.Helper()
	b, err := encode([]byte("head"), s)
	if err != nil || !bytes.HasPrefix(b, []byte("head")) || b[4] != form {
		t.Errorf("%#v: form %d, %v", s, b[4], err)
		return
	}
	got, err := decode[T](b[4:])
	if err != nil || len(got) != len(s) || len(s) > 0 && !reflect.DeepEqual(got, s) {
		t.Errorf("%#v came back as %#v, %v", s, got, err)
	}
	// Whatever is missing or too much is an error, except that gob may stop
	// before the end of what it is given.
	for i := range b[4:] {
		if _, err := decode[T](b[4 : 4+i]); err == nil {
			t.Errorf("%#v: the first %d of %d bytes are accepted", s, i, len(b)-4)
		}
	}
	if _, err := decodeN[T](b[4:], len(s)+1); err == nil {
		t.Errorf("%#v: another length is accepted", s)
	}
	if form != formGob {
		if _, err := decode[T](append(b[4:], 0)); !errors.Is(err, errBytes) {
			t.Errorf("%#v: one byte more is accepted: %v", s, err)
		}
	}
}

func TestCodec(t *testing.T) {
	roundTrip(t, formMemory, []int{})
	roundTrip(t, formMemory, []int{1, -2, 1 << 40})
	roundTrip(t, formMemory, []mixed{{1, [3]float32{1, 2, 3}, true}, {}})
	roundTrip(t, formMemory, []time.Duration{time.Second})
	roundTrip(t, formMemory, make([]struct{}, 5))
	roundTrip(t, formSlices, [][]byte{[]byte("abc"), nil, {}, make([]byte, 300)})
	roundTrip(t, formSlices, []named{{1, 2}, nil})
	roundTrip(t, formSlices, [][]mixed{{{A: 1}}, {}})
	roundTrip(t, formGob, []string{"a", "", "b"})
	roundTrip(t, formGob, []keyed{{"x", map[string]int{"y": 1}}})
	roundTrip(t, formGob, [][]string{{"a"}, {"b", "c"}})
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

// What comes back shares no memory with the message.
func TestCodecCopies(t *testing.T) {
	b, err := encode(nil, [][]byte{{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := decode[[]byte](b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if s[0][0] != 1 || s[0][1] != 2 {
		t.Errorf("the slice changed with the message: %v", s)
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
	for _, s := range [][]byte{{}, {formMemory, 255, 255, 255, 255, 255, 31}, {formSlices, 2, 0, 255, 255, 3}, {formGob, 12, 255, 131, 2, 1, 2}} {
		f.Add(s)
	}
	a := answer{ran: 1, fails: []failure{{0, "text", "stack", []byte{1, 2, 3}}}}
	f.Add(a.finish(make([]byte, answerHead)))
	o := order{name: "name"}
	f.Add(o.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decode[int](b)
		_, _ = decode[struct{}](b)
		_, _ = decode[[]float64](b)
		_, _ = decode[[]struct{}](b)
		_, _ = decode[keyed](b)
		_, _ = parseOrder(b)
		if a, err := parseAnswer(b); err == nil {
			for i := range a.fails {
				_ = a.fails[i].error().Error()
			}
		}
	})
}
