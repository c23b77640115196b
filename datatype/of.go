package datatype

import (
	"reflect"
	"sync"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Of is the datatype of the Go type T: a basic type, or any array or struct of
// such, nested to any depth, with no pointer in it. Its extent is the size of
// T, so that it describes the elements of a []T. Padding and blank fields are
// not sent, and what a receive finds there it leaves alone. int, uint and
// uintptr travel as 64-bit integers, bool as MPI_C_BOOL. Unexported fields
// travel like all others.
//
// The datatype is made once, by reflection, and shared by all who ask for it.
// It lives until Finalize: there is no need to free it, and Free does nothing.
//
// A struct in C with the same fields has the same datatype, and so has one that
// lies differently in memory but has the same fields in the same order.
//
// Errors: ErrType, which names the field that holds a pointer, a string, a
// slice, a map, a channel, a function or an interface; ErrState. May be called
// from any goroutine.
func Of[T any]() (Datatype, error) { return OfType(reflect.TypeFor[T]()) }

// OfType is Of for programs that meet the type at run time. No more than 4096
// types have a datatype at a time, and only a program that keeps making types
// can have more: it gets ErrNoMem.
func OfType(t reflect.Type) (Datatype, error) {
	if d, ok := cache.Load(t); ok {
		return d.(Datatype), nil
	}
	return cacheMiss(t)
}

var maxCached = 4096 // a variable for its test

var (
	cache   sync.Map // of reflect.Type to Datatype
	cacheMu sync.Mutex
	cached  int // entries; under cacheMu
)

func init() { cgo.AtFinalize(emptyCache) }

func cacheMiss(t reflect.Type) (Datatype, error) {
	const op = "datatype.Of"
	if t == nil {
		return Datatype{}, argError(op, cgo.ErrType, "there is no type")
	}
	cacheMu.Lock()
	defer cacheMu.Unlock()
	if d, ok := cache.Load(t); ok {
		return d.(Datatype), nil
	}
	if cached == maxCached {
		return Datatype{}, argErrorf(op, cgo.ErrNoMem, "%d types have a datatype, and %v would be one more", cached, t)
	}
	d, err := ofType(op, t)
	if err != nil {
		return Datatype{}, err
	}
	cache.Store(t, d)
	cached++
	return d, nil
}

func ofType(op string, t reflect.Type) (Datatype, error) {
	if d, ok := pairs[t]; ok {
		return d, nil
	}
	l, err := describe(t, pathOf(t))
	if err != nil {
		return Datatype{}, argError(op, cgo.ErrType, err.Error())
	}
	if d, ok := l.basic(); ok {
		return d, nil
	}
	if err := cgo.Usable(op); err != nil {
		return Datatype{}, err
	}
	d, err := l.make()
	if err != nil {
		return Datatype{}, err
	}
	// The name is for debuggers: it need not be there, nor be whole.
	name := t.String()
	_ = cgo.TypeSetName(op, d.d.e.T, name[:min(len(name), cgo.MaxObjectName())])
	d.d.shared = true
	leaks.Freed(d) // nobody has to
	return d, nil
}

// emptyCache frees what the cache holds.
func emptyCache() {
	cacheMu.Lock()
	defer cacheMu.Unlock()
	cache.Range(func(t, v any) bool {
		cache.Delete(t)
		if d := v.(Datatype).d; d.e.Kind == cgo.Derived {
			d.mu.Lock()
			defer d.mu.Unlock()
			// Nobody is left to tell of an error.
			_ = cgo.TypeFree("Finalize", d.retire())
		}
		return true
	})
	cached = 0
}

// layout is where the data of a Go type lies.
type layout struct {
	runs []run
	size int // of the type, padding included
}

// run is n elements one after the other: of a basic kind, or of a type that has
// holes.
type run struct {
	off, n int
	kind   cgo.Kind
	holed  *layout
}

func (r run) end() int {
	if r.holed != nil {
		return r.off + r.n*r.holed.size
	}
	return r.off + r.n*int(r.kind.Size())
}

// add puts n copies of m one after the other, from off on. Runs of one kind
// that meet become one, since libraries are fastest when there is least to
// follow.
func (l *layout) add(off, n int, m *layout) {
	switch {
	case len(m.runs) == 0:
		return
	case len(m.runs) == 1 && m.runs[0].holed == nil && m.runs[0].end()-m.runs[0].off == m.size:
		// No holes: all copies are one run.
		l.join(run{off: off, n: n * m.runs[0].n, kind: m.runs[0].kind})
	case n*len(m.runs) <= unrolled:
		for i := range n {
			for _, r := range m.runs {
				r.off += off + i*m.size
				l.join(r)
			}
		}
	default:
		l.runs = append(l.runs, run{off: off, n: n, kind: cgo.Derived, holed: m})
	}
}

// unrolled is how many runs an array in a struct may add to it. A longer one
// becomes a type of its own.
const unrolled = 32

func (l *layout) join(r run) {
	if n := len(l.runs); n > 0 {
		if last := &l.runs[n-1]; last.holed == nil && r.holed == nil && last.kind == r.kind && last.end() == r.off {
			last.n += r.n
			return
		}
	}
	l.runs = append(l.runs, r)
}

// holds says why a type has no datatype.
type holds struct {
	path string
	what reflect.Kind
}

func (h holds) Error() string {
	article := "a"
	if h.what == reflect.Interface || h.what == reflect.UnsafePointer {
		article = "an"
	}
	name := h.what.String()
	if h.what == reflect.Pointer {
		name = "pointer"
	}
	return h.path + " is " + article + " " + name + ", whose memory lies elsewhere: only types without pointers have a datatype"
}

// pathOf is how errors speak of a value of the type.
func pathOf(t reflect.Type) string {
	if t.Name() != "" {
		return t.Name()
	}
	return t.String()
}

func describe(t reflect.Type, path string) (*layout, error) {
	l := &layout{size: int(t.Size())}
	if l.size == 0 {
		return l, nil // of whatever it may be, there is none
	}
	if kind := cgo.KindOf(t.Kind()); kind != cgo.Derived {
		l.runs = []run{{n: 1, kind: kind}}
		return l, nil
	}
	switch t.Kind() {
	case reflect.Array:
		elem, err := describe(t.Elem(), path+"[0]")
		if err != nil {
			return nil, err
		}
		l.add(0, t.Len(), elem)
		return l, nil
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			// Blank fields are looked at too: reductions have temporary elements
			// in memory of the library, and the collector must never meet a
			// pointer from there.
			field, err := describe(f.Type, path+"."+f.Name)
			if err != nil {
				return nil, err
			}
			if f.Name != "_" {
				l.add(int(f.Offset), 1, field)
			}
		}
		return l, nil
	}
	return nil, holds{path, t.Kind()}
}

// basic is the datatype of a type that is nothing but one of a basic type.
func (l *layout) basic() (Datatype, bool) {
	if len(l.runs) != 1 {
		return Datatype{}, false
	}
	r := l.runs[0]
	if r.holed != nil || r.n != 1 || int(r.kind.Size()) != l.size {
		return Datatype{}, false
	}
	return basics[r.kind], true
}

// make makes the datatype, of as few parts as it can.
func (l *layout) make() (d Datatype, err error) {
	if d, ok := l.basic(); ok {
		return d, nil
	}
	lengths, displs, types := make([]int, len(l.runs)), make([]int, len(l.runs)), make([]Datatype, len(l.runs))
	sameType, sameLength := true, true
	for i, r := range l.runs {
		lengths[i], displs[i] = r.n, r.off
		if r.holed == nil {
			types[i] = basics[r.kind]
		} else {
			if types[i], err = r.holed.make(); err != nil {
				return Datatype{}, err
			}
			defer types[i].Free()
		}
		sameType = sameType && types[i] == types[0]
		sameLength = sameLength && r.n == lengths[0]
	}
	switch {
	case len(l.runs) == 0:
		d, err = Contiguous(0, Uint8)
	case len(l.runs) == 1 && displs[0] == 0:
		d, err = Contiguous(lengths[0], types[0])
	case sameType && sameLength:
		d, err = HindexedBlock(lengths[0], displs, types[0])
	case sameType:
		d, err = Hindexed(lengths, displs, types[0])
	default:
		d, err = Struct(lengths, displs, types)
	}
	if err != nil {
		return Datatype{}, err
	}
	if lb, extent := d.Extent(); lb == 0 && extent == l.size {
		return d, nil
	}
	defer d.Free()
	return Resized(d, 0, l.size)
}
