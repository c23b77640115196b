package datatype

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

func argErrorf(op string, class cgo.Class, format string, args ...any) error {
	return argError(op, class, fmt.Sprintf(format, args...))
}

// checks collects what can be wrong with the arguments of a constructor: its
// methods do nothing once an error is found.
type checks struct {
	op  string
	err error
	// The most that the data and the memory of the new type can amount to, in
	// bytes; -1 when that is more than an address can name.
	size, reach int
}

// begin checks the types that the new one is made of.
func begin(op string, types ...Datatype) *checks {
	k := &checks{op: op, err: cgo.Usable(op)}
	for i, t := range types {
		name := "the element type"
		if len(types) > 1 {
			name = fmt.Sprintf("types[%d]", i)
		}
		if k.err == nil {
			k.err = t.check(op, name)
		}
	}
	return k
}

func (k *checks) bad(class cgo.Class, format string, args ...any) {
	if k.err == nil {
		k.err = argErrorf(k.op, class, format, args...)
	}
}

// count checks a number of elements.
func (k *checks) count(name string, n int) {
	if n < 0 {
		k.bad(cgo.ErrCount, "%s is %d, but cannot be negative", name, n)
	}
	k.narrow(name, n)
}

// narrow checks a number that is an int in the library's ordinary calls.
func (k *checks) narrow(name string, n int) {
	if !cgo.Large && (n > math.MaxInt32 || n < math.MinInt32) {
		k.bad(cgo.ErrCount, "%s is %d, but this MPI library counts in 32 bits only", name, n)
	}
}

func (k *checks) counts(name string, v []int) {
	for i, n := range v {
		if n < 0 || !cgo.Large && n > math.MaxInt32 {
			k.count(fmt.Sprintf("%s[%d]", name, i), n)
		}
	}
}

func (k *checks) narrows(name string, v []int) {
	for i, n := range v {
		if n > math.MaxInt32 || n < math.MinInt32 {
			k.narrow(fmt.Sprintf("%s[%d]", name, i), n)
		}
	}
}

// equal checks that two arrays have the same length.
func (k *checks) equal(a string, na int, b string, nb int) {
	if na != nb {
		k.bad(cgo.ErrArg, "%s has %d entries and %s has %d, but they must have as many", a, na, b, nb)
	}
	k.narrow("the number of "+b, nb)
}

// most is far below what an int holds, so that the sum of two is none too big.
const most = 1 << 60

// times multiplies numbers without their signs, to at most most.
func times(v ...int) int {
	p := uint64(1)
	for _, x := range v {
		if x == 0 {
			return 0
		}
	}
	for _, x := range v {
		hi, lo := bits.Mul64(p, magnitude(x))
		if hi != 0 || lo > most {
			return most
		}
		p = lo
	}
	return int(p)
}

func magnitude(x int) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// blocks takes account of count blocks of n elements of t, which begin up to
// displ bytes away: the library multiplies and adds without looking whether the
// result fits.
func (k *checks) blocks(count, n, displ int, t Datatype) {
	if k.err != nil || n == 0 || count == 0 {
		return
	}
	lb, extent := t.Extent()
	if extent < 0 {
		k.bad(cgo.ErrType, "the element type has the extent %d: no type can be made of one with a negative extent", extent)
		return
	}
	far := 0
	for _, x := range [...]int{lb, lb + extent, t.d.e.From, t.d.e.To} {
		far = max(far, int(magnitude(x)))
	}
	k.size = min(most, k.size+times(count, n, t.Size()))
	k.reach = max(k.reach, min(most, times(displ)+times(n, extent)+far))
	if k.size >= most || k.reach >= most {
		k.bad(cgo.ErrCount, "the type would have more bytes than an address can name")
	}
}

// made makes the type unless an error was found.
func (k *checks) made(construct func() (cgo.Datatype, error)) (Datatype, error) {
	if k.err != nil {
		return Datatype{}, k.err
	}
	h, err := construct()
	return made(k.op, h, err)
}

// Contiguous is count elements of type t, one after the other.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_contiguous (MPI 4.1 §5.1.2)
func Contiguous(count int, t Datatype) (Datatype, error) {
	k := begin("datatype.Contiguous", t)
	k.count("count", count)
	k.blocks(1, count, 0, t)
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeContiguous(k.op, count, t.d.e.T) })
}

// Vector is count blocks of blocklength elements of type t. Each block begins
// stride elements after the one before; stride may be negative.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_vector (MPI 4.1 §5.1.2)
func Vector(count, blocklength, stride int, t Datatype) (Datatype, error) {
	k := begin("datatype.Vector", t)
	_, extent := t.Extent()
	k.narrow("stride", stride)
	return vector(k, false, count, blocklength, stride, times(stride, extent), t)
}

// Hvector is Vector with a stride in bytes.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_create_hvector (MPI 4.1 §5.1.2)
func Hvector(count, blocklength, stride int, t Datatype) (Datatype, error) {
	return vector(begin("datatype.Hvector", t), true, count, blocklength, stride, stride, t)
}

// vector makes a vector whose blocks are apart bytes apart.
func vector(k *checks, bytes bool, count, blocklength, stride, apart int, t Datatype) (Datatype, error) {
	k.count("count", count)
	k.count("blocklength", blocklength)
	k.blocks(count, blocklength, times(count, apart), t)
	return k.made(func() (cgo.Datatype, error) {
		return cgo.TypeVector(k.op, bytes, count, blocklength, stride, t.d.e.T)
	})
}

// Indexed is len(displs) blocks of elements of type t: block i has
// blocklengths[i] elements and begins displs[i] elements from the start.
//
// Errors: ErrState, ErrType, ErrCount, and ErrArg for arrays of different
// lengths. May be called from any goroutine.
//
// Implements: MPI_Type_indexed (MPI 4.1 §5.1.2)
func Indexed(blocklengths, displs []int, t Datatype) (Datatype, error) {
	return indexed("datatype.Indexed", false, blocklengths, displs, t)
}

// Hindexed is Indexed with displacements in bytes.
//
// Errors: ErrState, ErrType, ErrCount, and ErrArg for arrays of different
// lengths. May be called from any goroutine.
//
// Implements: MPI_Type_create_hindexed (MPI 4.1 §5.1.2)
func Hindexed(blocklengths, displs []int, t Datatype) (Datatype, error) {
	return indexed("datatype.Hindexed", true, blocklengths, displs, t)
}

func indexed(op string, bytes bool, blocklengths, displs []int, t Datatype) (Datatype, error) {
	k := begin(op, t)
	k.equal("blocklengths", len(blocklengths), "displs", len(displs))
	k.counts("blocklengths", blocklengths)
	if k.err == nil {
		for i, d := range displs {
			k.at(bytes, 1, blocklengths[i], d, t)
		}
	}
	if !bytes {
		k.narrows("displs", displs)
	}
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeIndexed(op, bytes, blocklengths, displs, t.d.e.T) })
}

// at is blocks with a displacement in bytes or in elements.
func (k *checks) at(bytes bool, count, n, displ int, t Datatype) {
	if !bytes {
		_, extent := t.Extent()
		displ = times(displ, extent)
	}
	k.blocks(count, n, displ, t)
}

// IndexedBlock is len(displs) blocks of blocklength elements of type t: block i
// begins displs[i] elements from the start.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_create_indexed_block (MPI 4.1 §5.1.2)
func IndexedBlock(blocklength int, displs []int, t Datatype) (Datatype, error) {
	return indexedBlock("datatype.IndexedBlock", false, blocklength, displs, t)
}

// HindexedBlock is IndexedBlock with displacements in bytes.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_create_hindexed_block (MPI 4.1 §5.1.2)
func HindexedBlock(blocklength int, displs []int, t Datatype) (Datatype, error) {
	return indexedBlock("datatype.HindexedBlock", true, blocklength, displs, t)
}

func indexedBlock(op string, bytes bool, blocklength int, displs []int, t Datatype) (Datatype, error) {
	k := begin(op, t)
	k.count("blocklength", blocklength)
	k.narrow("the number of displs", len(displs))
	if !bytes {
		k.narrows("displs", displs)
	}
	for _, d := range displs {
		k.at(bytes, 1, blocklength, d, t)
	}
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeIndexedBlock(op, bytes, blocklength, displs, t.d.e.T) })
}

// Struct is len(types) blocks: block i has blocklengths[i] elements of type
// types[i] and begins displs[i] bytes from the start. Of makes the type of a Go
// struct. The library may round the extent up, as a C compiler pads a struct;
// Resized sets it.
//
// Errors: ErrState, ErrType, ErrCount, and ErrArg for arrays of different
// lengths. May be called from any goroutine.
//
// Implements: MPI_Type_create_struct (MPI 4.1 §5.1.2)
func Struct(blocklengths, displs []int, types []Datatype) (Datatype, error) {
	k := begin("datatype.Struct", types...)
	k.equal("blocklengths", len(blocklengths), "types", len(types))
	k.equal("displs", len(displs), "types", len(types))
	k.counts("blocklengths", blocklengths)
	handles := make([]cgo.Datatype, len(types))
	for i := range types {
		if k.err != nil {
			break
		}
		handles[i] = types[i].d.e.T
		k.blocks(1, blocklengths[i], displs[i], types[i])
	}
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeStruct(k.op, blocklengths, displs, handles) })
}

// Resized is t with other bounds: it begins lb bytes from the start, and the
// next one follows extent bytes after it. The data stays where it is. A
// negative extent is for descending order, but no other type can be made of one
// that has it, which MPI allows: MPICH moves the wrong memory then. There are
// negative strides for that.
//
// Errors: ErrState, ErrType, ErrCount. May be called from any goroutine.
//
// Implements: MPI_Type_create_resized (MPI 4.1 §5.1.7)
func Resized(t Datatype, lb, extent int) (Datatype, error) {
	k := begin("datatype.Resized", t)
	for _, x := range [...]struct {
		name  string
		value int
	}{{"lb", lb}, {"extent", extent}} {
		if magnitude(x.value) >= most {
			k.bad(cgo.ErrCount, "%s is %d, which is more bytes than an address can name", x.name, x.value)
		}
	}
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeResized(k.op, t.d.e.T, lb, extent) })
}

// Dup is a copy of t, with a life of its own.
//
// Errors: ErrState, ErrType. May be called from any goroutine.
//
// Implements: MPI_Type_dup (MPI 4.1 §5.1.10)
func (t Datatype) Dup() (Datatype, error) {
	k := begin("Datatype.Dup", t)
	return k.made(func() (cgo.Datatype, error) { return cgo.TypeDup(k.op, t.d.e.T) })
}
