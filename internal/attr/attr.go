// Package attr keeps the Go values that are attributes of the library's
// objects. The library stores numbers, and calls back with them when it copies
// or deletes an attribute; what they stand for is here. The packages of the
// objects put types on it.
package attr

import (
	"runtime/debug"
	"sync"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Key is a key for attributes of one kind of object.
type Key struct {
	id     uintptr
	on     cgo.Attributed
	h      int // the library's key
	copy   func(old uintptr, v any) (any, bool)
	delete func(object uintptr, v any)

	// Under mu.
	freed bool
	uses  int // values of this key: the callbacks need it as long
}

type value struct {
	key *Key
	v   any
}

// What the numbers stand for.
var (
	mu     sync.Mutex
	last   uintptr
	keys   = make(map[uintptr]*Key)
	values = make(map[uintptr]value)
)

// mark is part of the number of each value. C code may set attributes of our
// keys, too, and neither a pointer nor a small number has these bits.
const mark = 0x4d34 << 48

func init() {
	cgo.AttrCopy = func(key, old, id uintptr) uintptr {
		mu.Lock()
		k, v := keys[key], values[id]
		mu.Unlock()
		// A value that C code has set is no value to Go, nor a copy of it.
		if k == nil || v.key != k || k.copy == nil {
			return 0
		}
		keep := false
		guard(func() { v.v, keep = k.copy(old, v.v) })
		if !keep {
			return 0
		}
		return k.store(v.v)
	}
	cgo.AttrDelete = func(key, object, id uintptr) {
		mu.Lock()
		k := keys[key]
		mu.Unlock()
		if k == nil {
			return
		}
		if v, found := k.drop(id); found && k.delete != nil {
			guard(func() { k.delete(object, v) })
		}
	}
}

// guard ends the job when f panics, which must not cross C.
func guard(f func()) {
	normal := false
	defer func() {
		if !normal {
			cgo.OnPanic(recover(), debug.Stack())
		}
	}()
	f()
	normal = true
}

// New makes a key. Both functions are given the handle of the object, and may
// be nil. MPI must be usable.
func New(op string, on cgo.Attributed, copy func(old uintptr, v any) (any, bool), delete func(object uintptr, v any)) (*Key, error) {
	k := &Key{on: on, copy: copy, delete: delete}
	mu.Lock()
	last++
	k.id = last
	keys[k.id] = k
	mu.Unlock()
	var err error
	if k.h, err = cgo.KeyvalCreate(op, on, k.id); err != nil {
		k.retire()
		return nil, err
	}
	leaks.Made("attribute key", k)
	return k, nil
}

// store gives a value its number.
func (k *Key) store(v any) uintptr {
	mu.Lock()
	defer mu.Unlock()
	last++
	id := last | mark
	values[id] = value{k, v}
	k.uses++
	return id
}

// drop forgets a value, and k when that was freed and had no other.
func (k *Key) drop(id uintptr) (v any, found bool) {
	mu.Lock()
	defer mu.Unlock()
	old := values[id]
	if old.key != k {
		return nil, false
	}
	delete(values, id)
	k.uses--
	k.forget()
	return old.v, true
}

// forget is called with mu held.
func (k *Key) forget() {
	if k.freed && k.uses == 0 {
		delete(keys, k.id)
	}
}

// retire reports whether k was not freed before.
func (k *Key) retire() bool {
	mu.Lock()
	defer mu.Unlock()
	if k.freed {
		return false
	}
	k.freed = true
	leaks.Freed(k)
	k.forget()
	return true
}

// Check says whether k can be used.
func (k *Key) Check(op string) error {
	if k == nil {
		return &cgo.Error{Op: op, Class: cgo.ErrKeyval, Msg: "the key is nil"}
	}
	mu.Lock()
	defer mu.Unlock()
	if k.freed {
		return &cgo.Error{Op: op, Class: cgo.ErrKeyval, Msg: "the key has been freed"}
	}
	return nil
}

// Set gives the object a value.
func (k *Key) Set(op string, object uintptr, v any) error {
	id := k.store(v)
	err := cgo.AttrSet(op, k.on, object, k.h, id)
	if err != nil {
		k.drop(id)
	}
	return err
}

// Get is the object's value.
func (k *Key) Get(op string, object uintptr) (v any, found bool) {
	id, _, err := cgo.AttrGet(op, k.on, object, k.h)
	if err != nil {
		return nil, false
	}
	mu.Lock()
	defer mu.Unlock()
	found = values[id].key == k
	return values[id].v, found
}

// Delete takes the value from the object, if it has one.
func (k *Key) Delete(op string, object uintptr) error {
	if _, found, err := cgo.AttrGet(op, k.on, object, k.h); err != nil || !found {
		return err
	}
	return cgo.AttrRemove(op, k.on, object, k.h)
}

// Free gives k up; a second time does nothing. MPI must be usable.
func (k *Key) Free(op string) error {
	if !k.retire() {
		return nil
	}
	return cgo.KeyvalFree(op, k.on, k.h)
}

// As is v as a T. A nil interface value stored as any has lost its type.
func As[T any](v any) T {
	t, _ := v.(T)
	return t
}
