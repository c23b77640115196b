// Package datatype holds MPI datatypes: descriptions of memory that lies any
// way, so that communication takes it from where it is and puts it where it
// belongs, with no copy in between.
//
// For a slice of structs the datatype follows from the Go type:
//
//	t, err := datatype.Of[Particle]()
//
// For anything else it is constructed from smaller ones. The third column of a
// matrix of 100 rows and 80 columns, for example, is 100 blocks of one element
// each, 80 elements apart:
//
//	column, err := datatype.Vector(100, 1, 80, datatype.Float64)
//	...
//	err = mpi.Send(world, mpi.Typed(matrix[2:], 1, column), dest, tag)
//	...
//	err = column.Free()
//
// Constructors check their arguments before they call the library, take counts
// and displacements of any size that it can name, and may be called between
// Init and Finalize, from any goroutine, on each rank by itself: none is
// collective.
//
// A datatype's size is how many bytes of data it describes. Its extent is how
// far the next one begins after it in memory, which may be more, less, or
// negative. Where the data really lies, from the first byte to the end of the
// last, is its true extent. All three are in bytes.
package datatype

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Datatype describes a layout of memory. It is a small value that may be
// copied, compared, and used from any goroutine, but not while it is being
// freed. The zero Datatype is none, and an error wherever one is used.
//
// There is no need to commit a datatype: the first communication that uses it
// does. Who constructs one frees it.
type Datatype struct{ d *desc }

type desc struct {
	e  cgo.Elem // Err is set once freed
	lb int
	// Nobody frees a shared datatype but Finalize: those that the library
	// predefines, and those of Of.
	shared    bool
	committed atomic.Bool
	mu        sync.Mutex // held by who commits, or frees
}

func basic(k cgo.Kind) Datatype {
	d := &desc{e: cgo.BasicElem[k], shared: true}
	d.committed.Store(true)
	return Datatype{d}
}

// The datatypes of Go's basic types. Int and Uint are 64 bits wide.
var (
	Bool       = basic(cgo.Bool)
	Int8       = basic(cgo.Int8)
	Int16      = basic(cgo.Int16)
	Int32      = basic(cgo.Int32)
	Int64      = basic(cgo.Int64)
	Int        = Int64
	Uint8      = basic(cgo.Uint8)
	Uint16     = basic(cgo.Uint16)
	Uint32     = basic(cgo.Uint32)
	Uint64     = basic(cgo.Uint64)
	Uint       = Uint64
	Float32    = basic(cgo.Float32)
	Float64    = basic(cgo.Float64)
	Complex64  = basic(cgo.Complex64)
	Complex128 = basic(cgo.Complex128)
)

// Byte is a byte of anything, sent and received as it is. Packed is a byte of
// what mpi.Pack has written: a message of it can be received as what was packed.
var (
	Byte   = untyped(false)
	Packed = untyped(true)
)

func untyped(packed bool) Datatype {
	d := &desc{e: cgo.Elem{T: cgo.Untyped(packed), Kind: cgo.Derived, Size: 1, Extent: 1, To: 1}, shared: true}
	d.committed.Store(true)
	return Datatype{d}
}

var basics = [cgo.NumKinds]Datatype{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float32, Float64, Complex64, Complex128}

func argError(op string, class cgo.Class, msg string) error {
	return &cgo.Error{Op: op, Class: class, Msg: msg}
}

// check says whether t can be used by the call op, whose argument it is.
func (t Datatype) check(op, name string) error {
	switch {
	case t.d == nil:
		return argError(op, cgo.ErrType, name+" is the zero Datatype")
	case t.d.e.Err != nil:
		return argError(op, cgo.ErrType, name+" has been freed")
	}
	return nil
}

// usable says whether a method of t can call the library.
func (t Datatype) usable(op string) error {
	if err := t.check(op, "the datatype"); err != nil {
		return err
	}
	return cgo.Usable(op)
}

// made describes what a constructor has made.
func made(op string, h cgo.Datatype, err error) (Datatype, error) {
	if err != nil {
		return Datatype{}, err
	}
	d := new(desc)
	if d.e, d.lb, err = cgo.TypeInfo(op, h); err != nil {
		cgo.TypeFree(op, h)
		return Datatype{}, err
	}
	// A copy of a basic type, or one in a row, is another type, on which MPI
	// defines no reductions.
	d.e.Kind = cgo.Derived
	leaks.Made("datatype", Datatype{d})
	return Datatype{d}, nil
}

// Commit makes t fit for communication. The first call that uses t does so too,
// so that Commit only chooses the moment. Committing again costs nothing.
//
// Errors: ErrType, ErrState. May be called from any goroutine.
//
// Implements: MPI_Type_commit (MPI 4.1 §5.1.9)
func (t Datatype) Commit() error {
	const op = "Datatype.Commit"
	if err := t.usable(op); err != nil {
		return err
	}
	return t.d.commit(op)
}

func (d *desc) commit(op string) error {
	if d.committed.Load() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.committed.Load() {
		return nil
	}
	if err := cgo.TypeCommit(op, d.e.T); err != nil {
		return err
	}
	d.committed.Store(true)
	return nil
}

// Elem is what communication needs to know of t, for packages that call the
// library: t is committed. If t cannot be used, the Elem says why.
func (t Datatype) Elem() *cgo.Elem {
	const op = "Datatype"
	if t.d != nil && t.d.committed.Load() {
		return &t.d.e
	}
	err := t.usable(op)
	if err == nil {
		err = t.d.commit(op)
	}
	if err != nil {
		return &cgo.Elem{Err: err}
	}
	return &t.d.e
}

// Free gives t up. Datatypes that were made of it are not affected, nor is
// communication that has begun. Calling it again, or on the zero Datatype, does
// nothing, and nor does freeing a datatype that all share: the predefined ones
// and those of Of. Any other use of a freed datatype is an error.
//
// Errors: ErrState. Nobody else may use t at the same time.
//
// Implements: MPI_Type_free (MPI 4.1 §5.1.9)
func (t Datatype) Free() error {
	const op = "Datatype.Free"
	if t.d == nil || t.d.shared {
		return nil
	}
	h, err := t.d.release(op)
	if h == 0 {
		return err
	}
	// Not under mu: functions of a Keyval may be called.
	return cgo.TypeFree(op, h)
}

// release retires d; it returns no handle when somebody else has done so.
func (d *desc) release(op string) (cgo.Datatype, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.e.Err != nil {
		return 0, nil
	}
	if err := cgo.Usable(op); err != nil {
		return 0, err
	}
	return d.retire(), nil
}

// retire makes every further use an error.
func (d *desc) retire() cgo.Datatype {
	leaks.Freed(Datatype{d})
	h := d.e.T
	d.e = cgo.Elem{Err: argError("Datatype", cgo.ErrType, "the datatype has been freed")}
	d.committed.Store(true) // so that Elem returns the error
	return h
}

// Handle is the library's handle, 0 for the zero Datatype and freed ones.
func (t Datatype) Handle() cgo.Datatype {
	if t.d == nil {
		return 0
	}
	return t.d.e.T
}

// Size is how many bytes of data t describes, holes left out. It is 0 for the
// zero Datatype and freed ones.
//
// Implements: MPI_Type_size, MPI_Type_size_x (MPI 4.1 §5.1.5)
func (t Datatype) Size() int {
	if t.d == nil {
		return 0
	}
	return t.d.e.Size
}

// Extent is the lower bound of t and its extent: from where one begins to where
// the next does, in bytes. Both are 0 for the zero Datatype and freed ones.
//
// Implements: MPI_Type_get_extent, MPI_Type_get_extent_x (MPI 4.1 §5.1.7)
func (t Datatype) Extent() (lb, extent int) {
	if t.d == nil || t.d.e.Err != nil {
		return 0, 0
	}
	return t.d.lb, t.d.e.Extent
}

// TrueExtent is where the data of t begins, in bytes from the address that a
// call is given, and how far it reaches from there. Both are 0 where there is
// no data, and for the zero Datatype and freed ones.
//
// Implements: MPI_Type_get_true_extent, MPI_Type_get_true_extent_x (MPI 4.1 §5.1.8)
func (t Datatype) TrueExtent() (lb, extent int) {
	if t.d == nil {
		return 0, 0
	}
	return t.d.e.From, t.d.e.To - t.d.e.From
}

// Name is the name of t, as debuggers and tools for MPI show it: that which
// SetName gave it, or the library's. It is empty if there is none, or if t
// cannot be used.
//
// Implements: MPI_Type_get_name (MPI 4.1 §7.8)
func (t Datatype) Name() string {
	if t.usable("Datatype.Name") != nil {
		return ""
	}
	name, _ := cgo.TypeName("Datatype.Name", t.d.e.T)
	return name
}

// SetName names t.
//
// Errors: ErrType, ErrState, and ErrArg for a name that is longer than the
// library can keep, or has a zero byte. Nobody else may ask for the name at the
// same time.
//
// Implements: MPI_Type_set_name (MPI 4.1 §7.8)
func (t Datatype) SetName(name string) error {
	const op = "Datatype.SetName"
	if err := t.usable(op); err != nil {
		return err
	}
	if err := checkText(op, "name", name); err != nil {
		return err
	}
	return cgo.TypeSetName(op, t.d.e.T, name)
}

func checkText(op, arg, s string) error {
	if n := cgo.MaxObjectName(); len(s) > n {
		return argErrorf(op, cgo.ErrArg, "%s has %d bytes, but this MPI library keeps at most %d", arg, len(s), n)
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return argErrorf(op, cgo.ErrArg, "%s has a zero byte at %d", arg, i)
	}
	return nil
}
