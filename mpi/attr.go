package mpi

import (
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Keyval is a key under which every communicator can carry a value of type T,
// its attribute, for libraries that keep something with the communicator they
// are given. The value lives as long as the communicator, or until it is
// replaced or deleted.
//
// All methods may be called from any goroutine. They are local: each rank has
// its own keys and values.
type Keyval[T any] struct{ k *keyval }

// keyval is a key without its type. C knows it by a number.
type keyval struct {
	id     uintptr
	h      int // the library's key
	copy   func(old *Comm, value any) (any, bool)
	delete func(c *Comm, value any)

	// Under attrs.mu.
	freed bool
	uses  int // values of this key: the callbacks need it as long
}

// attrs is what C's numbers stand for.
var attrs = struct {
	mu     sync.Mutex
	last   uintptr
	keys   map[uintptr]*keyval
	values map[uintptr]any
}{keys: make(map[uintptr]*keyval), values: make(map[uintptr]any)}

// comms finds a Comm by its handle, for callbacks.
var comms sync.Map // of cgo.Comm to *Comm

func commOf(h cgo.Comm) *Comm {
	if c, ok := comms.Load(h); ok {
		return c.(*Comm)
	}
	// Not one of ours: made by C code in this process. It can be asked for what
	// the caller's function may need, while the library may be asked.
	c := &Comm{rank: -1}
	if lifecycle.Load() == running {
		if i, err := cgo.Info(h); err == nil {
			c.rank, c.size, c.peers, c.inter = i.Rank, i.Size, i.Peers, i.Inter
		}
	}
	return c
}

// A panic in a user's function ends the job here: it must not cross C.
func init() {
	cgo.AttrCopy = func(key uintptr, old cgo.Comm, value uintptr) uintptr {
		attrs.mu.Lock()
		k, v := attrs.keys[key], attrs.values[value]
		attrs.mu.Unlock()
		if k.copy == nil {
			return 0
		}
		keep := false
		guard(func() { v, keep = k.copy(commOf(old), v) })
		if !keep {
			return 0
		}
		return k.store(v)
	}
	cgo.AttrDelete = func(key uintptr, c cgo.Comm, value uintptr) {
		k, v := drop(key, value)
		if k.delete != nil {
			guard(func() { k.delete(commOf(c), v) })
		}
	}
}

// store gives a value its number.
func (k *keyval) store(v any) uintptr {
	attrs.mu.Lock()
	defer attrs.mu.Unlock()
	attrs.last++
	attrs.values[attrs.last] = v
	k.uses++
	return attrs.last
}

// drop forgets a value, and its key when that was freed and had no other.
func drop(key, value uintptr) (*keyval, any) {
	attrs.mu.Lock()
	defer attrs.mu.Unlock()
	k, v := attrs.keys[key], attrs.values[value]
	delete(attrs.values, value)
	k.uses--
	k.forget()
	return k, v
}

// forget is called with attrs.mu held.
func (k *keyval) forget() {
	if k.freed && k.uses == 0 {
		delete(attrs.keys, k.id)
	}
}

// NewKeyval makes a key.
//
// When a communicator that has a value is duplicated, copy returns what the
// duplicate gets, and true, or false for nothing. A nil copy is for nothing,
// and CopyAttr for the same value. Other ways to make a communicator of one
// copy nothing.
//
// When a value goes, because it is deleted, replaced, or its communicator
// freed, delete is called with it, unless delete is nil. The values of Self go
// first thing in Finalize. Of a communicator that is being freed, delete can
// ask the rank and size, but not use it.
//
// The functions run inside the MPI call that duplicates or frees: they should
// do little, and must not call MPI.
//
// Errors: ErrState.
//
// Implements: MPI_Comm_create_keyval (MPI 4.1 §7.7.2)
func NewKeyval[T any](copy func(old *Comm, value T) (T, bool), delete func(c *Comm, value T)) (*Keyval[T], error) {
	if err := world.check("NewKeyval"); err != nil {
		return nil, err
	}
	k := new(keyval)
	if copy != nil {
		k.copy = func(old *Comm, v any) (any, bool) { return copy(old, as[T](v)) }
	}
	if delete != nil {
		k.delete = func(c *Comm, v any) { delete(c, as[T](v)) }
	}
	attrs.mu.Lock()
	attrs.last++
	k.id = attrs.last
	attrs.keys[k.id] = k
	attrs.mu.Unlock()
	var err error
	if k.h, err = cgo.KeyvalCreate(k.id); err != nil {
		k.forgetNow()
		return nil, err
	}
	return &Keyval[T]{k}, nil
}

// as is v as a T. A nil interface value stored as any has lost its type.
func as[T any](v any) T {
	t, _ := v.(T)
	return t
}

// forgetNow reports whether k was not freed before.
func (k *keyval) forgetNow() bool {
	attrs.mu.Lock()
	defer attrs.mu.Unlock()
	if k.freed {
		return false
	}
	k.freed = true
	k.forget()
	return true
}

// CopyAttr is a copy function for NewKeyval: a duplicate gets the same value.
//
// Implements: MPI_COMM_DUP_FN (MPI 4.1 §7.7.2)
func CopyAttr[T any](_ *Comm, value T) (T, bool) { return value, true }

func (kv *Keyval[T]) check(op string, c *Comm) error {
	if err := c.check(op); err != nil {
		return err
	}
	if kv == nil || kv.k == nil {
		return argError(op, ErrKeyval, "the key is nil")
	}
	attrs.mu.Lock()
	defer attrs.mu.Unlock()
	if kv.k.freed {
		return argError(op, ErrKeyval, "the key has been freed")
	}
	return nil
}

// Set gives c the value v, in place of the one that it has.
//
// Errors: ErrComm, ErrKeyval.
//
// Implements: MPI_Comm_set_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Set(c *Comm, v T) error {
	if err := kv.check("Keyval.Set", c); err != nil {
		return err
	}
	id := kv.k.store(v)
	err := cgo.AttrSet(c.h, kv.k.h, id)
	if err != nil {
		drop(kv.k.id, id)
	}
	return err
}

// Get is the value that c has, and true; or false when it has none, or cannot
// be used.
//
// Implements: MPI_Comm_get_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Get(c *Comm) (T, bool) {
	var none T
	if kv.check("Keyval.Get", c) != nil {
		return none, false
	}
	id, err := cgo.AttrGet(c.h, kv.k.h)
	if err != nil || id == 0 {
		return none, false
	}
	attrs.mu.Lock()
	defer attrs.mu.Unlock()
	v, found := attrs.values[id]
	return as[T](v), found
}

// Delete takes the value from c. It does nothing when c has none.
//
// Errors: ErrComm, ErrKeyval.
//
// Implements: MPI_Comm_delete_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Delete(c *Comm) error {
	if err := kv.check("Keyval.Delete", c); err != nil {
		return err
	}
	if id, err := cgo.AttrGet(c.h, kv.k.h); err != nil || id == 0 {
		return err
	}
	return cgo.AttrRemove(c.h, kv.k.h)
}

// Free gives the key up. Communicators keep the values that they have until
// they are freed, and copy and delete are still called for these. Calling it
// again, or on nil, does nothing.
//
// Implements: MPI_Comm_free_keyval (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Free() error {
	const op = "Keyval.Free"
	if kv == nil || kv.k == nil {
		return nil
	}
	if err := world.check(op); err != nil {
		return err
	}
	if !kv.k.forgetNow() {
		return nil // freed before
	}
	return cgo.KeyvalFree(kv.k.h)
}

// UniverseSize is how many ranks the launcher says could run at once, and false
// when it says nothing. Reads the attribute MPI_UNIVERSE_SIZE (MPI 4.1 §11.10.1).
func UniverseSize() (int, bool) { return predefined("UniverseSize", cgo.UniverseSize) }

// AppNum is the number of the program that this rank runs among those that the
// launcher started together, from 0, and false when it does not say. Reads the
// attribute MPI_APPNUM (MPI 4.1 §11.10.3).
func AppNum() (int, bool) { return predefined("AppNum", cgo.AppNum) }

// WtimeIsGlobal reports whether Wtime shows the same time on all ranks. Reads
// the attribute MPI_WTIME_IS_GLOBAL (MPI 4.1 §9.1.2).
func WtimeIsGlobal() bool {
	v, found := predefined("WtimeIsGlobal", cgo.WtimeIsGlobal)
	return found && v != 0
}

// IOProc is a rank that can read and write files as C programs do: AnySource
// when every rank can, this rank when it can and others cannot, and ProcNull
// when none can. Reads the attribute MPI_IO (MPI 4.1 §9.1.2).
func IOProc() int {
	rank, found := predefined("IOProc", cgo.IOProc)
	if !found {
		return ProcNull
	}
	return rank
}

func predefined(op string, which int) (int, bool) {
	if world.check(op) != nil {
		return 0, false
	}
	return cgo.Predefined(which)
}
