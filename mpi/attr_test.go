package mpi_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// The life of values: set, replaced, copied by every way to duplicate, deleted
// with their communicators.
func TestKeyval(t *testing.T) {
	c := mpitest.World(t)
	type value struct{ n int }
	var deleted []int
	var from []*mpi.Comm // whose values were copied
	kv, err := mpi.NewKeyval(
		func(old *mpi.Comm, v *value) (*value, bool) {
			from = append(from, old)
			return &value{v.n + 100}, v.n != 13
		},
		func(d *mpi.Comm, v *value) {
			if d.Size() != c.Size() || d.Rank() != c.Rank() {
				t.Errorf("delete was given rank %d of %d", d.Rank(), d.Size())
			}
			deleted = append(deleted, v.n)
		})
	must(t, err)
	none, err := mpi.NewKeyval[string](nil, nil)
	must(t, err)
	all, err := mpi.NewKeyval(mpi.CopyAttr[[]string], nil)
	must(t, err)

	want := func(c *mpi.Comm, n int) {
		t.Helper()
		if v, found := kv.Get(c); found != (n != 0) || found && v.n != n {
			t.Errorf("the value is %+v, %v, want %d", v, found, n)
		}
	}
	want(c, 0)
	must(t, kv.Delete(c))
	must(t, kv.Set(c, &value{1}))
	want(c, 1)
	want(mpi.World(), 0)
	must(t, kv.Set(c, &value{2}))
	want(c, 2)
	must(t, none.Set(c, "mine"))
	must(t, all.Set(c, []string{"a", "b"}))

	dups := map[string]func() (*mpi.Comm, error){
		"Dup":         c.Dup,
		"DupWithInfo": func() (*mpi.Comm, error) { return c.DupWithInfo(mpi.Info{}) },
		"Idup":        func() (*mpi.Comm, error) { d, r := c.Idup(); _, err := r.Wait(); return d, err },
	}
	for _, name := range []string{"Dup", "DupWithInfo", "Idup"} {
		d, err := dups[name]()
		must(t, err)
		want(d, 102)
		if _, found := none.Get(d); found {
			t.Errorf("%s copied a value without a copy function", name)
		}
		if v, found := all.Get(d); !found || !slices.Equal(v, []string{"a", "b"}) {
			t.Errorf("%s: got %v, %v", name, v, found)
		}
		must(t, kv.Set(d, &value{3}))
		want(c, 2)
		must(t, d.Free())
		want(d, 0)
	}
	if !slices.Equal(from, []*mpi.Comm{c, c, c}) {
		t.Errorf("copied from %v, want three times from %p", from, c)
	}
	split, err := c.Split(0, c.Rank())
	must(t, err)
	want(split, 0)
	must(t, split.Free())
	if v, found := none.Get(c); v != "mine" || !found {
		t.Errorf("got %q, %v", v, found)
	}
	must(t, kv.Set(c, &value{13})) // not copied
	d, err := c.Dup()
	must(t, err)
	want(d, 0)

	// A freed key cannot be used, but its values live on.
	must(t, kv.Set(d, &value{7}))
	must(t, kv.Delete(c))
	want(c, 0)
	must(t, kv.Free())
	must(t, kv.Free())
	must(t, (*mpi.Keyval[int])(nil).Free())
	is(t, kv.Set(c, &value{1}), mpi.ErrKeyval, "freed")
	is(t, kv.Delete(c), mpi.ErrKeyval, "freed")
	want(d, 0)
	e, err := d.Dup()
	must(t, err)
	must(t, d.Free())
	must(t, e.Free())
	if w := []int{1, 102, 3, 102, 3, 102, 3, 2, 13, 7, 107}; !slices.Equal(deleted, w) {
		t.Errorf("deleted %v, want %v", deleted, w)
	}
	must(t, none.Delete(c))
	must(t, none.Free())
	must(t, all.Free())
	is(t, all.Set(nil, nil), mpi.ErrComm, "nil")
	is(t, all.Set(d, nil), mpi.ErrComm, "freed")
	is(t, (*mpi.Keyval[int])(nil).Set(c, 1), mpi.ErrKeyval, "nil")
}

// A value of an interface type may be nil, which is not the same as none.
func TestKeyvalOfNil(t *testing.T) {
	c := mpitest.World(t)
	kv, err := mpi.NewKeyval(mpi.CopyAttr[error], func(*mpi.Comm, error) {})
	must(t, err)
	must(t, kv.Set(c, nil))
	d, err := c.Dup()
	must(t, err)
	if v, found := kv.Get(d); v != nil || !found {
		t.Errorf("got %v, %v", v, found)
	}
	must(t, d.Free())
	must(t, kv.Free())
}

// What C code in the same process makes and frees is copied and deleted, too.
func TestKeyvalInC(t *testing.T) {
	c := mpitest.World(t)
	deleted := 0
	kv, err := mpi.NewKeyval(
		func(old *mpi.Comm, v int) (int, bool) {
			if old != mpi.World() && (old.Size() != c.Size() || old.Rank() != c.Rank()) {
				t.Errorf("copy is given rank %d of %d", old.Rank(), old.Size())
			}
			return v + 1, true
		},
		func(d *mpi.Comm, v int) {
			if d.Size() != c.Size() || d.Rank() != c.Rank() || d.IsInter() {
				t.Errorf("delete of %d is given rank %d of %d", v, d.Rank(), d.Size())
			}
			deleted = 10*deleted + v
		})
	must(t, err)
	must(t, kv.Set(mpi.World(), 1))
	one, err := cgo.CommDup(cgo.World())
	must(t, err)
	two, err := cgo.CommDup(one)
	must(t, err)
	must(t, cgo.CommFree(one))
	must(t, cgo.CommFree(two))
	must(t, kv.Delete(mpi.World()))
	must(t, kv.Free())
	if deleted != 231 {
		t.Errorf("deleted %d, want 231", deleted)
	}
}

// A value is held by its communicator, and by nothing after it is freed.
func TestKeyvalLifetime(t *testing.T) {
	c := mpitest.World(t)
	kv, err := mpi.NewKeyval[*[1 << 16]byte](nil, nil)
	must(t, err)
	d, err := c.Dup()
	must(t, err)
	collected := make(chan bool)
	func() {
		v := new([1 << 16]byte)
		runtime.AddCleanup(v, func(done chan bool) { close(done) }, collected)
		must(t, kv.Set(d, v))
	}()
	runtime.GC()
	runtime.GC()
	if _, found := kv.Get(d); !found {
		t.Error("the value is lost")
	}
	select {
	case <-collected:
		t.Error("the value was collected while its communicator had it")
	default:
	}
	must(t, d.Free())
	for deadline := time.Now().Add(20 * time.Second); ; {
		runtime.GC()
		select {
		case <-collected:
			must(t, kv.Free())
			return
		default:
			if time.Now().After(deadline) {
				t.Fatal("the value is still held after its communicator was freed")
			}
			runtime.Gosched()
		}
	}
}

func TestPredefinedAttributes(t *testing.T) {
	c := mpitest.World(t)
	size, found := mpi.UniverseSize()
	if found && size < 1 {
		t.Errorf("the universe has %d ranks", size)
	}
	if strings.HasPrefix(mpi.LibraryVersion(), "Open MPI") && !found {
		t.Error("there is no UniverseSize, which Open MPI's launcher sets")
	}
	app, hasApp := mpi.AppNum()
	if !hasApp || app != 0 {
		t.Errorf("AppNum is %d, %v, but the launcher started one program", app, hasApp)
	}
	t.Log(fmt.Sprint(size, found, app, hasApp, mpi.WtimeIsGlobal()))
	if ub := c.TagUB(); ub < 32767 || ub > 1<<31-1 {
		t.Errorf("TagUB is %d", ub)
	}
}
