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
	descriptors []byte // nil when each value needs an Encoder of its own
	encoders    sync.Pool

	decoders sync.Map // of descriptors, as a string, to *sync.Pool of *decoder
	known    atomic.Int32
}

// maxKnown bounds how many descriptors of one type are remembered: processes
// number their types differently, and some may be malicious.
const maxKnown = 256

var infos sync.Map // of reflect.Type to *typeInfo

func infoOf(t reflect.Type) *typeInfo {
	if in, ok := infos.Load(t); ok {
		return in.(*typeInfo)
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

func (in *typeInfo) encode(v any) (encoded, error) {
	in.prime.Do(func() {
		if e, d := in.primed(); e != nil && len(d) > 0 {
			in.descriptors = d
			in.encoders.Put(e)
		}
	})
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
	var pool *sync.Pool
	var d *decoder
	if len(descriptors) > 0 {
		if p, ok := in.decoders.Load(string(descriptors)); ok {
			pool = p.(*sync.Pool)
			d, _ = pool.Get().(*decoder)
		}
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
		if pool == nil && in.known.Add(1) <= maxKnown {
			p, _ := in.decoders.LoadOrStore(string(descriptors), new(sync.Pool))
			pool = p.(*sync.Pool)
		}
		if pool != nil {
			d.r.Reset(nil)
			pool.Put(d)
		}
	}
	return nil
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
