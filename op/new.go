package op

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// own is what an operation made by New has.
type own struct {
	t    *cgo.Elem // what it combines
	slot int
	// Where the library cannot do a reduction with t: the elements as bytes,
	// padding and all, and whether that is for all reductions. Else the zero
	// Datatype.
	raw    datatype.Datatype
	always bool

	freed atomic.Bool
	mu    sync.Mutex
	uses  int // pending reductions
}

// New makes an operation of a Go function, for elements of type T: any that
// datatype.Of takes, structs included. The function combines in[i] with
// inout[i], for each i, and leaves the result in inout[i]; the slices have the
// same length, which need not be that of the reduction's buffers, and are only
// valid during the call:
//
//	longest, err := op.New(func(in, inout []Vec3) {
//		for i := range in {
//			if in[i].Norm() > inout[i].Norm() {
//				inout[i] = in[i]
//			}
//		}
//	}, true)
//	...
//	err = mpi.Allreduce(world, mpi.Structs(s), mpi.Structs(r), longest)
//	...
//	err = longest.Free()
//
// The operation must be associative: the library groups the ranks as it likes.
// Unless it commutes, it combines them in the order of their ranks: in comes
// from lower ranks than inout.
//
// The library calls the function while it is in any of its calls, on any thread,
// and for several reductions at a time. It must not call MPI. A panic in it ends
// the whole job, with its stack. It should write nothing but the elements: what
// it finds in the padding of structs and in blank fields is not what the ranks
// have there.
//
// At most 512 operations can exist at a time on each rank; those freed do not
// count. A package may make its own after Init.
//
// Errors: ErrState, ErrType (which names the field that has no datatype), ErrOp
// for a nil function and for one operation too many. May be called from any
// goroutine, on each rank by itself.
//
// Implements: MPI_Op_create (MPI 4.1 §6.9.5)
func New[T any](f func(in, inout []T), commutes bool) (Op, error) {
	const op = "op.New"
	if err := cgo.Usable(op); err != nil {
		return Op{}, err
	}
	if f == nil {
		return Op{}, &cgo.Error{Op: op, Class: cgo.ErrOp, Msg: "the function is nil"}
	}
	t, err := datatype.Of[T]()
	if err != nil {
		if e, ok := err.(*cgo.Error); ok {
			err = &cgo.Error{Op: op, Code: e.Code, Class: e.Class, Msg: e.Msg}
		}
		return Op{}, err
	}
	e := t.Elem()
	if e.Err != nil {
		return Op{}, e.Err
	}
	call := func(in, inout unsafe.Pointer, n int) {
		f(unsafe.Slice((*T)(in), n), unsafe.Slice((*T)(inout), n))
	}
	var raw datatype.Datatype
	always := false
	if e.From != 0 || e.To != e.Extent {
		call = padded(f, e)
		always = cgo.ReducesLowerBound && e.From != 0
		if always || cgo.ReducesScatterStride && !commutes {
			if raw, err = datatype.Contiguous(e.Extent, datatype.Uint8); err != nil {
				return Op{}, err
			}
		}
	}
	h, slot, err := cgo.OpCreate(op, call, commutes)
	if err != nil {
		_ = raw.Free()
		return Op{}, err
	}
	w := &own{t: e, slot: slot, raw: raw, always: always}
	leaks.Freed(raw) // it goes with the operation
	leaks.Made("operation", w)
	return Op{&desc{name: "New[" + reflect.TypeFor[T]().String() + "]", h: h, keeps: !commutes, own: w}}, nil
}

// Type is the datatype by which reductions move elements such as e, which o
// accepts; scatters is set for ReduceScatter and ReduceScatterBlock.
func (o Op) Type(e *cgo.Elem, scatters bool) cgo.Datatype {
	if o.d == nil || o.d.own == nil {
		return e.T
	}
	return o.d.own.typeOf(e, scatters)
}

func (w *own) typeOf(e *cgo.Elem, scatters bool) cgo.Datatype {
	if w.always || scatters && w.raw != (datatype.Datatype{}) {
		return w.raw.Elem().T
	}
	return e.T
}

// padded calls f for a type that begins or ends with padding. The library's
// temporary memory begins and ends with the data: what Go takes for an element
// reaches beyond it, so that f gets copies.
func padded[T any](f func(in, inout []T), e *cgo.Elem) func(in, inout unsafe.Pointer, n int) {
	pool := sync.Pool{New: func() any { return new([]T) }}
	// data is the part of n elements that is there.
	data := func(p unsafe.Pointer, n int) []byte {
		return unsafe.Slice((*byte)(unsafe.Add(p, e.From)), (n-1)*e.Extent+e.To-e.From)
	}
	return func(in, inout unsafe.Pointer, n int) {
		buf := pool.Get().(*[]T)
		defer pool.Put(buf)
		if len(*buf) < 2*n {
			*buf = make([]T, 2*n)
		}
		a, b := (*buf)[:n:n], (*buf)[n:2*n:2*n]
		copy(data(unsafe.Pointer(&a[0]), n), data(in, n))
		result := data(unsafe.Pointer(&b[0]), n)
		copy(result, data(inout, n))
		f(a, b)
		copy(data(inout, n), result)
	}
}

func (w *own) accepts(e *cgo.Elem) bool { return !w.freed.Load() && e.T == w.t.T && w.t.Err == nil }

// Free gives up an operation made by New, whose place another can then have.
// Reductions that are pending still use it. Calling it again does nothing, and
// nor does freeing a predefined operation or the zero Op; any other use of a
// freed operation is an error.
//
// Errors: ErrState. Nobody may begin a reduction with it at the same time.
//
// Implements: MPI_Op_free (MPI 4.1 §6.9.5)
func (o Op) Free() error {
	const op = "Op.Free"
	if o.d == nil || o.d.own == nil {
		return nil
	}
	w := o.d.own
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.freed.Load() {
		return nil
	}
	if err := cgo.Usable(op); err != nil {
		return err
	}
	w.freed.Store(true)
	leaks.Freed(w)
	if w.uses > 0 {
		return nil // the last Release frees it
	}
	return w.free(op, o.d.h)
}

func (w *own) free(op string, h cgo.Op) error {
	if err := cgo.OpFree(op, h, w.slot); err != nil {
		return err
	}
	return w.raw.Free()
}

// Hold says that a reduction which uses o is pending, until Release: the
// library would find another function in its place.
func (o Op) Hold() {
	if o.d == nil || o.d.own == nil {
		return
	}
	o.d.own.mu.Lock()
	defer o.d.own.mu.Unlock()
	o.d.own.uses++
}

// Release undoes Hold.
func (o Op) Release() {
	if o.d == nil || o.d.own == nil {
		return
	}
	w := o.d.own
	w.mu.Lock()
	defer w.mu.Unlock()
	w.uses--
	if w.uses == 0 && w.freed.Load() && cgo.Usable("Op.Free") == nil {
		// Free has returned: there is nobody to tell of an error.
		_ = w.free("Op.Free", o.d.h)
	}
}
