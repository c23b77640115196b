package attr_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/internal/attr"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestMain(m *testing.M) { mpitest.Main(m, 1, 2) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kind is how to make and free an object of a kind.
type kind struct {
	on   cgo.Attributed
	make func() (uintptr, error)
	dup  func(h uintptr) (uintptr, error)
	free func(h uintptr) error
}

var kinds = map[string]kind{
	"communicator": {
		cgo.OnComm,
		func() (uintptr, error) { c, err := cgo.CommDup(cgo.Self()); return uintptr(c), err },
		func(h uintptr) (uintptr, error) { c, err := cgo.CommDup(cgo.Comm(h)); return uintptr(c), err },
		func(h uintptr) error { return cgo.CommFree(cgo.Comm(h)) },
	},
	"datatype": {
		cgo.OnDatatype,
		func() (uintptr, error) { t, err := cgo.TypeContiguous("test", 3, cgo.Basic[0]); return uintptr(t), err },
		func(h uintptr) (uintptr, error) {
			t, err := cgo.TypeDup("test", cgo.Datatype(h))
			return uintptr(t), err
		},
		func(h uintptr) error { return cgo.TypeFree("test", cgo.Datatype(h)) },
	},
}

// What C code sets on a key of ours is not Go's: it is not seen, not copied and
// not deleted through Go's functions, and does not upset the count of values
// that keeps a freed key alive.
func TestValuesOfC(t *testing.T) {
	for name, kd := range kinds {
		t.Run(name, func(t *testing.T) {
			keys, values := attr.Live()
			var log []string
			k, err := attr.New("test", kd.on,
				func(_ uintptr, v any) (any, bool) {
					log = append(log, fmt.Sprint("copy ", v))
					return v.(int) + 1, true
				},
				func(_ uintptr, v any) { log = append(log, fmt.Sprint("delete ", v)) })
			must(t, err)
			a, err := kd.make()
			must(t, err)
			b, err := kd.make()
			must(t, err)
			must(t, k.Set("test", b, 10))
			foreigns := []uintptr{0x7fff12345678}
			for small := range uintptr(100) { // one would be b's, if that were counted from 0
				foreigns = append(foreigns, small)
			}
			for _, foreign := range foreigns {
				must(t, cgo.AttrSet("test", kd.on, a, k.Library(), foreign))
				if v, found := k.Get("test", a); found {
					t.Errorf("Get finds %v where C has set %#x", v, foreign)
				}
				d, err := kd.dup(a)
				must(t, err)
				if _, found, err := cgo.AttrGet("test", kd.on, d, k.Library()); err != nil || found {
					t.Errorf("C's value was copied (%v)", err)
				}
				must(t, kd.free(d))
			}
			must(t, k.Delete("test", a)) // C's value
			if _, found, err := cgo.AttrGet("test", kd.on, a, k.Library()); err != nil || found {
				t.Errorf("C's value is still there (%v)", err)
			}
			must(t, cgo.AttrSet("test", kd.on, a, k.Library(), 9))
			if v, found := k.Get("test", b); v != 10 || !found {
				t.Errorf("got %v, %v", v, found)
			}
			must(t, k.Free("test"))
			must(t, kd.free(a)) // only C's value goes: that of b still needs the key
			d, err := kd.dup(b)
			must(t, err)
			must(t, kd.free(d)) // first: a library may keep b for its sake
			must(t, kd.free(b))
			if want := []string{"copy 10", "delete 11", "delete 10"}; !slices.Equal(log, want) {
				t.Errorf("Go's functions saw %v, want %v", log, want)
			}
			if nk, nv := attr.Live(); nk != keys || nv != values {
				t.Errorf("%d keys and %d values are left behind", nk-keys, nv-values)
			}
		})
	}
}

// The last value of a freed key may be C's: nobody is left in Go to ask.
func TestValueOutlivesKey(t *testing.T) {
	for name, kd := range kinds {
		t.Run(name, func(t *testing.T) {
			fail := func(uintptr, any) { t.Error("called for C's value") }
			k, err := attr.New("test", kd.on, func(uintptr, any) (any, bool) { fail(0, nil); return nil, true }, fail)
			must(t, err)
			a, err := kd.make()
			must(t, err)
			must(t, cgo.AttrSet("test", kd.on, a, k.Library(), 0x7fff12345678))
			must(t, k.Free("test"))
			d, err := kd.dup(a)
			must(t, err)
			must(t, kd.free(a))
			must(t, kd.free(d))
		})
	}
}

// A number of one key means nothing under another.
func TestKeysApart(t *testing.T) {
	kd := kinds["datatype"]
	k, err := attr.New("test", kd.on, nil, nil)
	must(t, err)
	other, err := attr.New("test", kd.on, nil, func(uintptr, any) { t.Error("deleted under the wrong key") })
	must(t, err)
	a, err := kd.make()
	must(t, err)
	must(t, k.Set("test", a, "mine"))
	id, found, err := cgo.AttrGet("test", kd.on, a, k.Library())
	if err != nil || !found {
		t.Fatal(id, found, err)
	}
	must(t, cgo.AttrSet("test", kd.on, a, other.Library(), id))
	if v, found := other.Get("test", a); found {
		t.Errorf("the other key has %v", v)
	}
	must(t, other.Delete("test", a))
	if v, found := k.Get("test", a); v != "mine" || !found {
		t.Errorf("got %v, %v", v, found)
	}
	must(t, kd.free(a))
	must(t, k.Free("test"))
	must(t, other.Free("test"))
}
