package mpi

import (
	"sync"

	"github.com/mpi4go/mpi4go/internal/attr"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Keyval is a key under which every communicator can carry a value of type T,
// its attribute, for libraries that keep something with the communicator they
// are given. The value lives as long as the communicator, or until it is
// replaced or deleted.
//
// All methods may be called from any goroutine. They are local: each rank has
// its own keys and values.
type Keyval[T any] struct{ k *attr.Key }

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
	const op = "NewKeyval"
	if err := usable(op); err != nil {
		return nil, err
	}
	var onCopy func(uintptr, any) (any, bool)
	if copy != nil {
		onCopy = func(old uintptr, v any) (any, bool) { return copy(commOf(cgo.Comm(old)), attr.As[T](v)) }
	}
	var onDelete func(uintptr, any)
	if delete != nil {
		onDelete = func(c uintptr, v any) { delete(commOf(cgo.Comm(c)), attr.As[T](v)) }
	}
	k, err := attr.New(op, cgo.OnComm, onCopy, onDelete)
	if err != nil {
		return nil, err
	}
	return &Keyval[T]{k}, nil
}

// CopyAttr is a copy function for NewKeyval: a duplicate gets the same value.
//
// Implements: MPI_COMM_DUP_FN (MPI 4.1 §7.7.2)
func CopyAttr[T any](_ *Comm, value T) (T, bool) { return value, true }

func (kv *Keyval[T]) check(op string, c *Comm) error {
	if err := c.check(op); err != nil {
		return err
	}
	return kv.key().Check(op)
}

func (kv *Keyval[T]) key() *attr.Key {
	if kv == nil {
		return nil
	}
	return kv.k
}

// Set gives c the value v, in place of the one that it has.
//
// Errors: ErrComm, ErrKeyval.
//
// Implements: MPI_Comm_set_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Set(c *Comm, v T) error {
	const op = "Keyval.Set"
	if err := kv.check(op, c); err != nil {
		return err
	}
	return kv.k.Set(op, uintptr(c.h), v)
}

// Get is the value that c has, and true; or false when it has none, or cannot
// be used.
//
// Implements: MPI_Comm_get_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Get(c *Comm) (T, bool) {
	const op = "Keyval.Get"
	if kv.check(op, c) != nil {
		var none T
		return none, false
	}
	v, found := kv.k.Get(op, uintptr(c.h))
	return attr.As[T](v), found
}

// Delete takes the value from c. It does nothing when c has none.
//
// Errors: ErrComm, ErrKeyval.
//
// Implements: MPI_Comm_delete_attr (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Delete(c *Comm) error {
	const op = "Keyval.Delete"
	if err := kv.check(op, c); err != nil {
		return err
	}
	return kv.k.Delete(op, uintptr(c.h))
}

// Free gives the key up. Communicators keep the values that they have until
// they are freed, and copy and delete are still called for these. Calling it
// again, or on nil, does nothing.
//
// Implements: MPI_Comm_free_keyval (MPI 4.1 §7.7.2)
func (kv *Keyval[T]) Free() error {
	const op = "Keyval.Free"
	if kv.key() == nil {
		return nil
	}
	if err := usable(op); err != nil {
		return err
	}
	return kv.k.Free(op)
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
