package object

import (
	"encoding"
	"encoding/binary"
	"encoding/gob"
	"math"
	"math/bits"
	"reflect"
	"unsafe"
)

// gob looks at every value by reflection, and a map of strings costs it twice as
// much as it does Python. A type whose values say nothing of other types, that is
// one without pointers, interfaces and methods for gob, has a plan instead: what
// to do with each of its parts, found out once. The bytes are gob's own, so that
// whoever has another type, and hence no use for the plan, leaves them to gob.

// plan is how to encode and decode values of a type.
type plan struct {
	// empty reports whether gob leaves out a field of this value; nil for never.
	empty func(p unsafe.Pointer) bool
	put   func(b []byte, p unsafe.Pointer) []byte
	get   func(r *reader, p unsafe.Pointer)
}

// reader takes apart what has arrived. After an error it finds nothing more.
type reader struct {
	b     []byte
	bad   bool
	block []byte // short strings are cut from it
}

func (r *reader) fail() {
	r.b, r.bad = nil, true
}

func putUint(b []byte, x uint64) []byte {
	if x < 0x80 {
		return append(b, byte(x))
	}
	n := (bits.Len64(x) + 7) / 8
	var a [9]byte
	a[0] = byte(-n)
	binary.BigEndian.PutUint64(a[1:], x<<(64-8*n))
	return append(b, a[:1+n]...)
}

func (r *reader) uint() (x uint64) {
	if len(r.b) == 0 || r.b[0] >= 0x80 {
		return r.long()
	}
	x, r.b = uint64(r.b[0]), r.b[1:]
	return x
}

// long is uint of more than 7 bits.
func (r *reader) long() uint64 {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	n := 256 - int(r.b[0])
	if n > 8 || len(r.b) <= n {
		r.fail()
		return 0
	}
	var x uint64
	if len(r.b) > 8 {
		x = binary.BigEndian.Uint64(r.b[1:]) >> (64 - 8*n)
	} else {
		for _, c := range r.b[1 : 1+n] {
			x = x<<8 | uint64(c)
		}
	}
	r.b = r.b[1+n:]
	return x
}

// count is how many things follow, each of at least some bytes.
func (r *reader) count(bytes int) int {
	n := r.uint()
	if n > uint64(len(r.b)/bytes) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) bytes() (b []byte) {
	n := r.count(1)
	b, r.b = r.b[:n], r.b[n:]
	return b
}

// Strings shorter than this share blocks: to get memory for each would take
// longer than the rest of its decoding. Blocks are small, because whoever keeps
// one of the strings keeps the block.
const (
	shortString = 64
	blockSize   = 1024
)

func (r *reader) string() string {
	s := r.bytes()
	n := len(s)
	if n == 0 {
		return ""
	}
	if n >= shortString {
		return string(s)
	}
	if len(r.block) < n {
		r.block = make([]byte, min(blockSize, n+len(r.b)))
	}
	copy(r.block, s)
	out := unsafe.String(&r.block[0], n)
	r.block = r.block[n:]
	return out
}

// scalar is how gob writes a value of a basic type.
type scalar[E any] struct {
	put func([]byte, E) []byte
	get func(*reader) E
	// look reads something of what each value points to; nil if that is nothing.
	look func([]E) byte
}

func lookAtStrings(s []string) (all byte) {
	for _, s := range s {
		if s != "" {
			all |= s[0]
		}
	}
	return all
}

type signed interface {
	int | int8 | int16 | int32 | int64
}

type unsigned interface {
	uint | uint8 | uint16 | uint32 | uint64 | uintptr
}

func putBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func getBool(r *reader) bool { return r.uint() != 0 }

func putSigned[E signed](b []byte, v E) []byte {
	x := int64(v)
	return putUint(b, uint64(x<<1^x>>63))
}

func getSigned[E signed](r *reader) E {
	u := r.uint()
	x := int64(u>>1) ^ -int64(u&1)
	if int64(E(x)) != x {
		r.fail()
	}
	return E(x)
}

func putUnsigned[E unsigned](b []byte, v E) []byte { return putUint(b, uint64(v)) }

func getUnsigned[E unsigned](r *reader) E {
	x := r.uint()
	if uint64(E(x)) != x {
		r.fail()
	}
	return E(x)
}

func putFloat[E float32 | float64](b []byte, v E) []byte {
	return putUint(b, bits.ReverseBytes64(math.Float64bits(float64(v))))
}

func getFloat64(r *reader) float64 {
	return math.Float64frombits(bits.ReverseBytes64(r.uint()))
}

func getFloat32(r *reader) float32 {
	x := getFloat64(r)
	if a := math.Abs(x); a > math.MaxFloat32 && a <= math.MaxFloat64 {
		r.fail()
	}
	return float32(x)
}

func putString(b []byte, v string) []byte { return append(putUint(b, uint64(len(v))), v...) }

func getString(r *reader) string { return r.string() }

var (
	bools    = scalar[bool]{put: putBool, get: getBool}
	strs     = scalar[string]{put: putString, get: getString, look: lookAtStrings}
	float32s = scalar[float32]{put: putFloat[float32], get: getFloat32}
	float64s = scalar[float64]{put: putFloat[float64], get: getFloat64}

	complex64s = scalar[complex64]{
		put: func(b []byte, v complex64) []byte { return putFloat(putFloat(b, real(v)), imag(v)) },
		get: func(r *reader) complex64 { re := getFloat32(r); return complex(re, getFloat32(r)) },
	}
	complex128s = scalar[complex128]{
		put: func(b []byte, v complex128) []byte { return putFloat(putFloat(b, real(v)), imag(v)) },
		get: func(r *reader) complex128 { re := getFloat64(r); return complex(re, getFloat64(r)) },
	}
)

func signeds[E signed]() scalar[E]     { return scalar[E]{put: putSigned[E], get: getSigned[E]} }
func unsigneds[E unsigned]() scalar[E] { return scalar[E]{put: putUnsigned[E], get: getUnsigned[E]} }

// planOf makes a plan for t, or none.
func planOf(t reflect.Type) *plan { return planIn(t, map[reflect.Type]bool{}) }

// planIn knows the types that t is part of: one that contains itself has no plan.
func planIn(t reflect.Type, within map[reflect.Type]bool) *plan {
	if within[t] || encodesItself(t) || decodesItself(t) {
		return nil
	}
	within[t] = true
	defer delete(within, t)

	switch t.Kind() {
	case reflect.Bool:
		return planOne(bools)
	case reflect.Int:
		return planOne(signeds[int]())
	case reflect.Int8:
		return planOne(signeds[int8]())
	case reflect.Int16:
		return planOne(signeds[int16]())
	case reflect.Int32:
		return planOne(signeds[int32]())
	case reflect.Int64:
		return planOne(signeds[int64]())
	case reflect.Uint:
		return planOne(unsigneds[uint]())
	case reflect.Uint8:
		return planOne(unsigneds[uint8]())
	case reflect.Uint16:
		return planOne(unsigneds[uint16]())
	case reflect.Uint32:
		return planOne(unsigneds[uint32]())
	case reflect.Uint64:
		return planOne(unsigneds[uint64]())
	case reflect.Uintptr:
		return planOne(unsigneds[uintptr]())
	case reflect.Float32:
		return planOne(float32s)
	case reflect.Float64:
		return planOne(float64s)
	case reflect.Complex64:
		return planOne(complex64s)
	case reflect.Complex128:
		return planOne(complex128s)
	case reflect.String:
		return planOne(strs)
	case reflect.Struct:
		return planStruct(t, within)
	case reflect.Array:
		return planArray(t, within)
	case reflect.Slice:
		return planSlice(t, within)
	case reflect.Map:
		return planMap(t, within)
	}
	return nil
}

var selfDecoders = []reflect.Type{
	reflect.TypeFor[gob.GobDecoder](), reflect.TypeFor[encoding.BinaryUnmarshaler](),
}

func decodesItself(t reflect.Type) bool {
	for _, m := range selfDecoders {
		if t.Implements(m) || reflect.PointerTo(t).Implements(m) {
			return true
		}
	}
	return false
}

func planOne[E comparable](s scalar[E]) *plan {
	return &plan{
		empty: func(p unsafe.Pointer) bool { var zero E; return *(*E)(p) == zero },
		put:   func(b []byte, p unsafe.Pointer) []byte { return s.put(b, *(*E)(p)) },
		get:   func(r *reader, p unsafe.Pointer) { *(*E)(p) = s.get(r) },
	}
}

// planStruct: a field is preceded by how many fields further it is than the last
// one that was sent, and 0 ends them all.
func planStruct(t reflect.Type, within map[reflect.Type]bool) *plan {
	type field struct {
		*plan
		offset uintptr
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		part := planIn(f.Type, within)
		if part == nil {
			return nil
		}
		fields = append(fields, field{part, f.Offset})
	}
	if len(fields) == 0 {
		return nil
	}
	return &plan{
		put: func(b []byte, p unsafe.Pointer) []byte {
			last := -1
			for i := range fields {
				f := &fields[i]
				at := unsafe.Add(p, f.offset)
				if f.empty != nil && f.empty(at) {
					continue
				}
				b = f.put(putUint(b, uint64(i-last)), at)
				last = i
			}
			return append(b, 0)
		},
		get: func(r *reader, p unsafe.Pointer) {
			last := -1
			for {
				delta := r.uint()
				if delta == 0 {
					return
				}
				if delta >= uint64(len(fields)-last) {
					r.fail()
					return
				}
				last += int(delta)
				fields[last].get(r, unsafe.Add(p, fields[last].offset))
			}
		},
	}
}

func planArray(t reflect.Type, within map[reflect.Type]bool) *plan {
	part := planIn(t.Elem(), within)
	if part == nil {
		return nil
	}
	n, size := t.Len(), t.Elem().Size()
	return &plan{
		put: func(b []byte, p unsafe.Pointer) []byte {
			b = putUint(b, uint64(n))
			for i := range n {
				b = part.put(b, unsafe.Add(p, uintptr(i)*size))
			}
			return b
		},
		get: func(r *reader, p unsafe.Pointer) {
			if r.uint() != uint64(n) {
				r.fail()
			}
			for i := 0; i < n && !r.bad; i++ {
				part.get(r, unsafe.Add(p, uintptr(i)*size))
			}
		},
	}
}

func noLength(p unsafe.Pointer) bool { return (*sliceHeader)(p).len == 0 }

func planSlice(t reflect.Type, within map[reflect.Type]bool) *plan {
	switch t.Elem() {
	case reflect.TypeFor[string]():
		return planSliceOf(strs)
	case reflect.TypeFor[float64]():
		return planSliceOf(float64s)
	case reflect.TypeFor[int]():
		return planSliceOf(signeds[int]())
	}
	if t.Elem().Kind() == reflect.Uint8 {
		return &plan{
			empty: noLength,
			put: func(b []byte, p unsafe.Pointer) []byte {
				s := *(*[]byte)(p)
				return append(putUint(b, uint64(len(s))), s...)
			},
			get: func(r *reader, p unsafe.Pointer) {
				s := (*[]byte)(p)
				*s = append((*s)[:0], r.bytes()...)
			},
		}
	}
	part := planIn(t.Elem(), within)
	if part == nil {
		return nil
	}
	size := t.Elem().Size()
	return &plan{
		empty: noLength,
		put: func(b []byte, p unsafe.Pointer) []byte {
			h := (*sliceHeader)(p)
			b = putUint(b, uint64(h.len))
			for i := range h.len {
				b = part.put(b, unsafe.Add(h.ptr, uintptr(i)*size))
			}
			return b
		},
		get: func(r *reader, p unsafe.Pointer) {
			n := r.count(1)
			s := reflect.NewAt(t, p).Elem()
			// No more memory at once than the bytes vouch for: a byte may stand
			// for a large struct.
			const most = 1 << 20
			if n <= s.Cap() {
				s.SetLen(n)
			} else {
				room := min(n, int(most/max(size, 1))+1)
				s.Set(reflect.MakeSlice(t, room, room))
			}
			for i := 0; i < n && !r.bad; i++ {
				if i == s.Len() {
					s.Grow(1)
					s.SetLen(min(n, s.Cap()))
				}
				part.get(r, unsafe.Add(s.UnsafePointer(), uintptr(i)*size))
			}
		},
	}
}

func planSliceOf[E any](one scalar[E]) *plan {
	return &plan{
		empty: noLength,
		put: func(b []byte, p unsafe.Pointer) []byte {
			s := *(*[]E)(p)
			b = putUint(b, uint64(len(s)))
			for _, v := range s {
				b = one.put(b, v)
			}
			return b
		},
		get: func(r *reader, p unsafe.Pointer) {
			n := r.count(1)
			s := *(*[]E)(p)
			if cap(s) < n {
				s = make([]E, n)
			}
			s = s[:n]
			for i := 0; i < n && !r.bad; i++ {
				s[i] = one.get(r)
			}
			*(*[]E)(p) = s
		},
	}
}

func planMap(t reflect.Type, within map[reflect.Type]bool) *plan {
	var p *plan
	switch t.Key() {
	case reflect.TypeFor[string]():
		p = planMapBy(strs, t.Elem())
	case reflect.TypeFor[int]():
		p = planMapBy(signeds[int](), t.Elem())
	case reflect.TypeFor[int64]():
		p = planMapBy(signeds[int64](), t.Elem())
	}
	if p != nil {
		return p
	}
	key, elem := planIn(t.Key(), within), planIn(t.Elem(), within)
	if key == nil || elem == nil {
		return nil
	}
	return &plan{
		empty: noMap,
		put: func(b []byte, p unsafe.Pointer) []byte {
			m := reflect.NewAt(t, p).Elem()
			b = putUint(b, uint64(m.Len()))
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			for it := m.MapRange(); it.Next(); {
				k.Elem().SetIterKey(it)
				v.Elem().SetIterValue(it)
				b = elem.put(key.put(b, k.UnsafePointer()), v.UnsafePointer())
			}
			return b
		},
		get: func(r *reader, p unsafe.Pointer) {
			n := r.count(2)
			m := reflect.NewAt(t, p).Elem()
			if m.IsNil() {
				m.Set(reflect.MakeMapWithSize(t, min(n, mapRoom)))
			}
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			for i := 0; i < n && !r.bad; i++ {
				key.get(r, k.UnsafePointer())
				elem.get(r, v.UnsafePointer())
				m.SetMapIndex(k.Elem(), v.Elem())
				k.Elem().SetZero()
				v.Elem().SetZero()
			}
		},
	}
}

// mapRoom bounds the elements that room is made for in advance.
const mapRoom = 1 << 14

func noMap(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil }

// planMapBy is for the maps that are met most, which need no reflection.
func planMapBy[K comparable](key scalar[K], elem reflect.Type) *plan {
	switch elem {
	case reflect.TypeFor[string]():
		return planMapOf(key, strs)
	case reflect.TypeFor[int]():
		return planMapOf(key, signeds[int]())
	case reflect.TypeFor[int64]():
		return planMapOf(key, signeds[int64]())
	case reflect.TypeFor[float64]():
		return planMapOf(key, float64s)
	case reflect.TypeFor[bool]():
		return planMapOf(key, bools)
	}
	return nil
}

func planMapOf[K comparable, E any](key scalar[K], elem scalar[E]) *plan {
	return &plan{
		empty: noMap,
		put: func(b []byte, p unsafe.Pointer) []byte {
			m := *(*map[K]E)(p)
			b = putUint(b, uint64(len(m)))
			if len(m) > 2*batch {
				return putBatches(b, m, key, elem)
			}
			for k, v := range m {
				b = elem.put(key.put(b, k), v)
			}
			return b
		},
		get: func(r *reader, p unsafe.Pointer) {
			n := r.count(2)
			m := *(*map[K]E)(p)
			if m == nil {
				m = make(map[K]E, n)
				*(*map[K]E)(p) = m
			}
			if n > 2*batch {
				n -= getBatches(r, m, n/batch, key, elem)
			}
			for i := 0; i < n && !r.bad; i++ {
				k := key.get(r)
				m[k] = elem.get(r)
			}
		},
	}
}

// A large map has its elements in an order that memory knows nothing of, and
// each that is met or put there waits for memory. Those of a batch wait together:
// there is little else to do between them.
const batch = 32

func putBatches[K comparable, E any](b []byte, m map[K]E, key scalar[K], elem scalar[E]) []byte {
	var keys [batch]K
	var elems [batch]E
	n := 0
	flush := func() {
		if key.look != nil {
			key.look(keys[:n])
		}
		if elem.look != nil {
			elem.look(elems[:n])
		}
		for i := range n {
			b = elem.put(key.put(b, keys[i]), elems[i])
		}
		n = 0
	}
	for k, v := range m {
		keys[n], elems[n] = k, v
		if n++; n == batch {
			flush()
		}
	}
	flush()
	return b
}

// getBatches returns how many elements it has put into m.
func getBatches[K comparable, E any](r *reader, m map[K]E, batches int, key scalar[K], elem scalar[E]) int {
	var keys [batch]K
	var elems [batch]E
	for i := range batches {
		for j := range batch {
			keys[j], elems[j] = key.get(r), elem.get(r)
		}
		if r.bad {
			return i * batch
		}
		for j := range batch {
			m[keys[j]] = elems[j]
		}
	}
	return batches * batch
}
