package datatype_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func refuses(t *testing.T, err error, class cgo.Class, text string) {
	t.Helper()
	if !errors.Is(err, class) || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %v with %q", err, class, text)
	}
}

func contiguous(t *testing.T, n int) datatype.Datatype {
	t.Helper()
	d, err := datatype.Contiguous(n, datatype.Int32)
	must(t, err)
	return d
}

// The life of values: set, replaced, copied by Dup alone, deleted with their
// datatypes.
func TestKeyval(t *testing.T) {
	type value struct{ n int }
	var copied, deleted []int
	kv, err := datatype.NewKeyval(
		func(old datatype.Datatype, v *value) (*value, bool) {
			if old.Size() != 12 {
				t.Errorf("copy was given a datatype of %d bytes, want 12", old.Size())
			}
			copied = append(copied, v.n)
			return &value{v.n + 100}, v.n != 13
		},
		func(d datatype.Datatype, v *value) {
			if lb, extent := d.Extent(); d.Size() != 12 || lb != 0 || extent != 12 {
				t.Errorf("delete was given a datatype of %d bytes, extent %d from %d", d.Size(), extent, lb)
			}
			must(t, d.Free()) // nothing happens
			deleted = append(deleted, v.n)
		})
	must(t, err)
	none, err := datatype.NewKeyval[string](nil, nil)
	must(t, err)
	all, err := datatype.NewKeyval(datatype.CopyAttr[[]string], nil)
	must(t, err)
	want := func(d datatype.Datatype, n int) {
		t.Helper()
		if v, found := kv.Get(d); found != (n != 0) || found && v.n != n {
			t.Errorf("the value is %+v, %v, want %d", v, found, n)
		}
	}

	a := contiguous(t, 3)
	want(a, 0)
	must(t, kv.Delete(a))
	must(t, kv.Set(a, &value{1}))
	must(t, kv.Set(a, &value{2}))
	want(a, 2)
	must(t, none.Set(a, "mine"))
	must(t, all.Set(a, []string{"x", "y"}))

	b, err := a.Dup()
	must(t, err)
	want(b, 102)
	if v, found := none.Get(b); found {
		t.Errorf("copied %q without a copy function", v)
	}
	if v, found := all.Get(b); !found || !slices.Equal(v, []string{"x", "y"}) {
		t.Errorf("got %v, %v", v, found)
	}
	must(t, kv.Set(b, &value{3}))
	want(a, 2)
	// Another constructor copies nothing.
	r, err := datatype.Resized(a, 0, 12)
	must(t, err)
	want(r, 0)
	must(t, r.Free())
	must(t, b.Free())
	want(b, 0)

	must(t, kv.Set(a, &value{13})) // not copied
	c, err := a.Dup()
	must(t, err)
	want(c, 0)
	must(t, kv.Set(c, &value{7}))
	must(t, kv.Delete(a))
	want(a, 0)

	// A freed key cannot be used, but its values live on.
	must(t, kv.Free())
	must(t, kv.Free())
	must(t, (*datatype.Keyval[int])(nil).Free())
	refuses(t, kv.Set(a, &value{1}), cgo.ErrKeyval, "freed")
	refuses(t, kv.Delete(c), cgo.ErrKeyval, "freed")
	want(c, 0)
	d, err := c.Dup()
	must(t, err)
	must(t, d.Free()) // first: a library may keep c for its sake
	must(t, c.Free())
	must(t, a.Free())
	if w := []int{2, 13, 7}; !slices.Equal(copied, w) {
		t.Errorf("copied %v, want %v", copied, w)
	}
	if w := []int{1, 102, 3, 2, 13, 107, 7}; !slices.Equal(deleted, w) {
		t.Errorf("deleted %v, want %v", deleted, w)
	}
	refuses(t, all.Set(a, nil), cgo.ErrType, "freed")
	refuses(t, all.Delete(datatype.Datatype{}), cgo.ErrType, "zero Datatype")
	refuses(t, (*datatype.Keyval[int])(nil).Set(datatype.Int32, 1), cgo.ErrKeyval, "nil")
	must(t, none.Free())
	must(t, all.Free())
}

// Who keeps a datatype keeps its value: pending communication, and datatypes
// made of it.
func TestKeyvalInUse(t *testing.T) {
	c := mpitest.World(t)
	var deleted []int
	kv, err := datatype.NewKeyval(nil, func(d datatype.Datatype, v int) {
		if d.Size() != 12 {
			t.Errorf("delete was given a datatype of %d bytes, want 12", d.Size())
		}
		deleted = append(deleted, v)
	})
	must(t, err)
	a := contiguous(t, 3)
	must(t, kv.Set(a, 1))
	in, out := make([]int32, 3), []int32{4, 5, 6}
	r := mpi.Irecv(c, mpi.Typed(in, 1, a), c.Rank(), 1)
	must(t, a.Free())
	must(t, mpi.Send(c, out, c.Rank(), 1))
	if _, err := r.Wait(); err != nil || !slices.Equal(in, out) {
		t.Errorf("received %v: %v", in, err)
	}
	b := contiguous(t, 3)
	must(t, kv.Set(b, 2))
	two, err := datatype.Contiguous(2, b)
	must(t, err)
	must(t, b.Free())
	must(t, two.Free())
	if w := []int{1, 2}; !slices.Equal(deleted, w) {
		t.Errorf("deleted %v, want %v", deleted, w)
	}
	must(t, kv.Free())
}

// Predefined datatypes are nobody's to free, those of Of are freed at last.
func TestKeyvalOfShared(t *testing.T) {
	var deleted []string
	kv, err := datatype.NewKeyval(datatype.CopyAttr[string], func(_ datatype.Datatype, v string) { deleted = append(deleted, v) })
	must(t, err)
	pair, err := datatype.Of[datatype.ValueIndex[float64]]()
	must(t, err)
	for _, p := range []datatype.Datatype{datatype.Float64, datatype.Int, datatype.Byte, datatype.Packed, pair} {
		refuses(t, kv.Set(p, "x"), cgo.ErrType, p.String()+" is predefined")
		if v, found := kv.Get(p); found {
			t.Errorf("%v has %q", p, v)
		}
		must(t, kv.Delete(p))
		d, err := p.Dup()
		must(t, err)
		must(t, kv.Set(d, "dup"))
		must(t, d.Free())
	}
	if w := slices.Repeat([]string{"dup"}, 5); !slices.Equal(deleted, w) {
		t.Errorf("deleted %q, want %q", deleted, w)
	}
	deleted = nil
	type mine struct {
		A int8
		B float64
	}
	m, err := datatype.Of[mine]()
	must(t, err)
	must(t, kv.Set(m, "of"))
	must(t, m.Free())
	if v, found := kv.Get(m); v != "of" || !found {
		t.Errorf("got %q, %v", v, found)
	}
	datatype.EmptyCache()
	if !slices.Equal(deleted, []string{"of"}) {
		t.Errorf("deleted %q, want that of the struct", deleted)
	}
	must(t, kv.Free())
}

// A value of an interface type may be nil, which is not the same as none.
func TestKeyvalOfNil(t *testing.T) {
	kv, err := datatype.NewKeyval(datatype.CopyAttr[error], func(_ datatype.Datatype, err error) { must(t, err) })
	must(t, err)
	a := contiguous(t, 1)
	must(t, kv.Set(a, nil))
	b, err := a.Dup()
	must(t, err)
	must(t, a.Free())
	if v, found := kv.Get(b); v != nil || !found {
		t.Errorf("got %v, %v", v, found)
	}
	must(t, b.Free())
	must(t, kv.Free())
}

// A value is held by its datatype, and by nothing after that is freed.
func TestKeyvalLifetime(t *testing.T) {
	kv, err := datatype.NewKeyval[*[1 << 16]byte](nil, nil)
	must(t, err)
	a := contiguous(t, 2)
	collected := make(chan bool)
	func() {
		v := new([1 << 16]byte)
		runtime.AddCleanup(v, func(done chan bool) { close(done) }, collected)
		must(t, kv.Set(a, v))
	}()
	runtime.GC()
	runtime.GC()
	if _, found := kv.Get(a); !found {
		t.Error("the value is lost")
	}
	select {
	case <-collected:
		t.Error("the value was collected while its datatype had it")
	default:
	}
	must(t, a.Free())
	for deadline := time.Now().Add(20 * time.Second); ; {
		runtime.GC()
		select {
		case <-collected:
			must(t, kv.Free())
			return
		default:
			if time.Now().After(deadline) {
				t.Fatal("the value is still held after its datatype was freed")
			}
			runtime.Gosched()
		}
	}
}
