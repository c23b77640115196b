package datatype

import (
	"github.com/mpi4go/mpi4go/internal/attr"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Keyval is a key under which every datatype can carry a value of type T, its
// attribute, for libraries that keep something with the datatypes they are
// given. The value lives as long as the datatype, or until it is replaced or
// deleted. For attributes of communicators there is mpi.Keyval.
//
// All methods may be called from any goroutine. They are local: each rank has
// its own keys and values.
type Keyval[T any] struct{ k *attr.Key }

// NewKeyval makes a key.
//
// When Dup copies a datatype that has a value, copy returns what the new one
// gets, and true, or false for nothing. A nil copy is for nothing, and CopyAttr
// for the same value. The other constructors copy nothing.
//
// When a value goes, because it is deleted, replaced, or its datatype freed,
// delete is called with it, unless delete is nil. The library keeps a datatype,
// and its value, until pending communication that uses it is complete and the
// datatypes that were made of it are freed, so delete may be called later than
// Free. The values of a datatype of Of go in Finalize.
//
// The Datatype that the functions are given tells about the one in question, by
// Size and Extent among others, but does not compare equal to it, and is no good
// after they return. The functions run inside the MPI call that copies or frees:
// they should do little, and must not call MPI.
//
// Errors: ErrState.
//
// Implements: MPI_Type_create_keyval (MPI 4.1 §7.7.4)
func NewKeyval[T any](copy func(old Datatype, value T) (T, bool), delete func(t Datatype, value T)) (*Keyval[T], error) {
	const op = "datatype.NewKeyval"
	if err := cgo.Usable(op); err != nil {
		return nil, err
	}
	var onCopy func(uintptr, any) (any, bool)
	if copy != nil {
		onCopy = func(old uintptr, v any) (any, bool) { return copy(borrowed(old), attr.As[T](v)) }
	}
	var onDelete func(uintptr, any)
	if delete != nil {
		onDelete = func(t uintptr, v any) { delete(borrowed(t), attr.As[T](v)) }
	}
	k, err := attr.New(op, cgo.OnDatatype, onCopy, onDelete)
	if err != nil {
		return nil, err
	}
	return &Keyval[T]{k}, nil
}

// borrowed describes the datatype that a callback is about, which may be one of
// C code's, or one that its owner freed long ago. Free leaves it alone.
func borrowed(h uintptr) Datatype {
	d := &desc{shared: true}
	d.committed.Store(true) // not for a callback to do
	var err error
	d.e, d.lb, err = cgo.TypeInfo("datatype.Keyval", cgo.Datatype(h))
	d.e.Err = err
	return Datatype{d}
}

// CopyAttr is a copy function for NewKeyval: the new datatype gets the same
// value.
//
// Implements: MPI_TYPE_DUP_FN
func CopyAttr[T any](_ Datatype, value T) (T, bool) { return value, true }

func (kv *Keyval[T]) check(op string, t Datatype) error {
	if err := t.usable(op); err != nil {
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

// Set gives t the value v, in place of the one that it has. A predefined
// datatype can have none, because it is never freed, and the value would stay
// for good: give it to a Dup.
//
// Errors: ErrType, ErrKeyval, ErrState.
//
// Implements: MPI_Type_set_attr (MPI 4.1 §7.7.4)
func (kv *Keyval[T]) Set(t Datatype, v T) error {
	const op = "datatype.Keyval.Set"
	if err := kv.check(op, t); err != nil {
		return err
	}
	if t.predefined() {
		return argErrorf(op, cgo.ErrType, "%v is predefined: nobody frees it, so that a value would stay for good; set it on a Dup", t)
	}
	return kv.k.Set(op, uintptr(t.d.e.T), v)
}

// predefined says whether t is one that the library has made.
func (t Datatype) predefined() bool {
	return t.d.e.Kind != cgo.Derived || t == Byte || t == Packed
}

// Get is the value that t has, and true; or false when it has none, or cannot
// be used.
//
// Implements: MPI_Type_get_attr (MPI 4.1 §7.7.4)
func (kv *Keyval[T]) Get(t Datatype) (T, bool) {
	const op = "datatype.Keyval.Get"
	if kv.check(op, t) != nil {
		var none T
		return none, false
	}
	v, found := kv.k.Get(op, uintptr(t.d.e.T))
	return attr.As[T](v), found
}

// Delete takes the value from t. It does nothing when t has none.
//
// Errors: ErrType, ErrKeyval, ErrState.
//
// Implements: MPI_Type_delete_attr (MPI 4.1 §7.7.4)
func (kv *Keyval[T]) Delete(t Datatype) error {
	const op = "datatype.Keyval.Delete"
	if err := kv.check(op, t); err != nil {
		return err
	}
	return kv.k.Delete(op, uintptr(t.d.e.T))
}

// Free gives the key up. Datatypes keep the values that they have until they
// are freed, and copy and delete are still called for these. Calling it again,
// or on nil, does nothing.
//
// Errors: ErrState.
//
// Implements: MPI_Type_free_keyval (MPI 4.1 §7.7.4)
func (kv *Keyval[T]) Free() error {
	const op = "datatype.Keyval.Free"
	if kv.key() == nil {
		return nil
	}
	if err := cgo.Usable(op); err != nil {
		return err
	}
	return kv.k.Free(op)
}
