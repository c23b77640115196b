package object

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"errors"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// gob sends a type's descriptors before its first value, and compiles those it
// receives: nearly all of the time of a small object when each has an Encoder
// and a Decoder of its own. So both are kept, per type, with the descriptors
// behind them. The descriptors travel with each object all the same, because no
// rank knows what another has seen; a receiver that has compiled the very same
// bytes before passes them over.

// typeInfo is what is known of a type.
type typeInfo struct {
	t    reflect.Type
	name string

	// Of a slice that travels as memory; else nil and empty.
	elem   reflect.Type
	layout string
	note   []byte

	rows rowKind // of what is encoded as rows, whose layout is layout
	row  reflect.Type

	prime       sync.Once
	descriptors []byte // nil when each value needs an Encoder of its own, or there are none
	encoders    sync.Pool
	plan        *plan  // of the base; nil for none
	id          []byte // of t here, where there is a plan, and what follows before a value

	decoders sync.Map // of descriptors, as a string, to *heard
	known    atomic.Int32
}

// heard is what is known of descriptors that have been received.
type heard struct {
	decoders sync.Pool // of *decoder, who have seen them
	id       []byte    // as in typeInfo, where they mean the type's own parts; else nil
}

// maxKnown bounds how many descriptors of one type are remembered: processes
// number their types differently, and some may be malicious.
const maxKnown = 256

var (
	infos sync.Map                 // of reflect.Type to *typeInfo
	last  atomic.Pointer[typeInfo] // that was asked for: often it is the same again
)

func infoOf(t reflect.Type) *typeInfo {
	if in := last.Load(); in != nil && in.t == t {
		return in
	}
	if in, ok := infos.Load(t); ok {
		in := in.(*typeInfo)
		last.Store(in)
		return in
	}
	in := &typeInfo{t: t, name: t.String()}
	if t.Kind() == reflect.Slice && !encodesItself(t) {
		if layout, ok := layoutOf(t.Elem()); ok {
			in.elem, in.layout = t.Elem(), layout
			in.note = appendNote(nil, kindMemory, 0, layout)
		}
	}
	if in.elem == nil {
		in.rows, in.row, in.layout = rowsOf(t)
	}
	first, _ := infos.LoadOrStore(t, in)
	return first.(*typeInfo)
}

type encoder struct {
	buf bytes.Buffer
	enc *gob.Encoder

	b []byte // of those who go by a plan, and need no enc
}

func newEncoder() *encoder {
	e := new(encoder)
	e.enc = gob.NewEncoder(&e.buf)
	return e
}

// primed is an Encoder that has sent the descriptors of the type, and these; or
// nil when that is not the same for all values.
func (in *typeInfo) primed() (*encoder, []byte) {
	base := in.t
	for base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if !settled(base, map[reflect.Type]bool{}) {
		return nil, nil
	}
	e, zero := newEncoder(), reflect.New(base)
	if err := e.enc.EncodeValue(zero); err != nil {
		return nil, nil
	}
	all := bytes.Clone(e.buf.Bytes())
	e.buf.Reset()
	if err := e.enc.EncodeValue(zero); err != nil || !bytes.HasSuffix(all, e.buf.Bytes()) {
		return nil, nil
	}
	return e, all[:len(all)-e.buf.Len()]
}

// learn finds out how to encode and decode the type.
func (in *typeInfo) learn() {
	in.prime.Do(func() {
		e, d := in.primed()
		if e == nil {
			return
		}
		if p := planOf(in.base()); p != nil {
			r := reader{b: e.buf.Bytes()}
			r.uint() // the length
			if id := getSigned[int64](&r); !r.bad {
				in.plan, in.descriptors, in.id = p, d, idBytes(id, in.base())
				return
			}
		}
		if len(d) > 0 {
			in.descriptors = d
			in.encoders.Put(e)
		}
	})
}

// base is the type that the plan is for.
func (in *typeInfo) base() reflect.Type {
	if in.t.Kind() == reflect.Pointer {
		return in.t.Elem()
	}
	return in.t
}

// idBytes is what stands before a value of type t, whose number is id.
func idBytes(id int64, t reflect.Type) []byte {
	b := putSigned(nil, id)
	if t.Kind() != reflect.Struct {
		b = append(b, 0)
	}
	return b
}

// encodePlanned is encode by the plan.
func (in *typeInfo) encodePlanned(p unsafe.Pointer) encoded {
	if in.t.Kind() == reflect.Pointer {
		p = *(*unsafe.Pointer)(p)
	}
	e, _ := in.encoders.Get().(*encoder)
	if e == nil {
		e = new(encoder)
	}
	// The length stands before the value, and is known after it.
	const longest = 9
	begin := len(in.descriptors) + longest
	b := append(e.b[:0], make([]byte, begin)...)
	b = in.plan.put(append(b, in.id...), p)
	var a [longest]byte
	length := putUint(a[:0], uint64(len(b)-begin))
	begin -= len(length)
	copy(b[begin:], length)
	begin -= len(in.descriptors)
	copy(b[begin:], in.descriptors)
	e.b = appendNote(b, kindGob, len(in.descriptors), in.name)
	return encoded{b: e.b[begin:], st: e, in: in}
}

// decodePlanned is decode by the plan. It may fail where gob does not, but not
// the other way round.
func (in *typeInfo) decodePlanned(id, payload []byte, p unsafe.Pointer) bool {
	r := reader{b: payload}
	if r.uint() != uint64(len(r.b)) || !bytes.HasPrefix(r.b, id) {
		return false
	}
	if in.t.Kind() == reflect.Pointer {
		at := (*unsafe.Pointer)(p)
		if *at == nil {
			*at = reflect.New(in.t.Elem()).UnsafePointer()
		}
		p = *at
	}
	r.b = r.b[len(id):]
	in.plan.get(&r, p)
	return !r.bad && len(r.b) == 0
}

func (in *typeInfo) encode(v any) (encoded, error) {
	in.learn()
	if in.plan != nil {
		return in.encodePlanned(reflect.ValueOf(v).UnsafePointer()), nil
	}
	var e *encoder
	if in.descriptors != nil {
		if e, _ = in.encoders.Get().(*encoder); e == nil {
			e, _ = in.primed()
		}
	}
	if e == nil {
		e = newEncoder()
	}
	e.buf.Reset()
	e.buf.Write(in.descriptors)
	if err := e.enc.Encode(v); err != nil {
		return encoded{}, err
	}
	out := encoded{b: appendNote(e.buf.Bytes(), kindGob, len(in.descriptors), in.name), in: in}
	if in.descriptors != nil {
		out.st = e
	}
	return out, nil
}

type decoder struct {
	r   bytes.Reader // of the object under work
	dec *gob.Decoder
}

var errRest = errors.New("there are bytes behind the value")

func (in *typeInfo) decode(descriptors, payload []byte, v any) error {
	in.learn()
	own := in.plan != nil && bytes.Equal(descriptors, in.descriptors)
	if own && in.decodePlanned(in.id, payload, reflect.ValueOf(v).UnsafePointer()) {
		return nil // without a look at what else has been heard of
	}
	var h *heard
	if found, ok := in.decoders.Load(string(descriptors)); ok {
		h = found.(*heard)
	}
	if in.plan != nil && !own {
		if h == nil {
			h = in.remember(descriptors, in.translate(descriptors))
		}
		if h.id != nil && in.decodePlanned(h.id, payload, reflect.ValueOf(v).UnsafePointer()) {
			return nil
		}
	}

	var d *decoder
	if h != nil {
		d, _ = h.decoders.Get().(*decoder)
	}
	if d != nil {
		d.r.Reset(payload)
	} else {
		// Both lie together in the message.
		all := payload
		if len(descriptors) > 0 {
			all = append(bytes.Clone(descriptors), payload...)
		}
		d = new(decoder)
		d.r.Reset(all)
		d.dec = gob.NewDecoder(&d.r)
	}
	if err := d.dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err // and forget the decoder, which has an error for good
	}
	if d.r.Len() > 0 {
		return errRest
	}
	if len(descriptors) > 0 {
		if h == nil {
			h = in.remember(descriptors, nil)
		}
		d.r.Reset(nil)
		h.decoders.Put(d)
	}
	return nil
}

// remember makes a note of descriptors, unless there are too many already.
func (in *typeInfo) remember(descriptors, id []byte) *heard {
	h := &heard{id: id}
	if in.known.Add(1) <= maxKnown {
		found, _ := in.decoders.LoadOrStore(string(descriptors), h)
		h = found.(*heard)
	}
	return h
}

// settled reports whether the descriptors that gob sends are the same for all
// values of t: they are not when t holds interfaces, whose types come with the
// first value that has them.
func settled(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] || encodesItself(t) {
		return true
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return settled(t.Elem(), seen)
	case reflect.Map:
		return settled(t.Key(), seen) && settled(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !settled(f.Type, seen) {
				return false
			}
		}
	}
	return true
}

var selfEncoders = []reflect.Type{
	reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[encoding.BinaryMarshaler](),
}

// encodesItself reports whether gob leaves the encoding to methods of t.
func encodesItself(t reflect.Type) bool {
	for _, m := range selfEncoders {
		if t.Implements(m) || reflect.PointerTo(t).Implements(m) {
			return true
		}
	}
	return false
}
