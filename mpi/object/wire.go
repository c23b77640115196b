package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// An object on its way is
//
//	descriptors | payload | name | trailer
//
// The trailer has a fixed length, and stands at the end, so that a payload that
// is memory begins where the receiver's slice begins. Its parts: the length of
// the name, the kind, a mark, and the length of the descriptors.
type kind byte

const (
	kindGob    kind = iota // descriptors: gob's, of the type; may be empty
	kindMemory             // name: the element's layout, see layout.go
	kindCodec              // descriptors: the codec's name
	kindFailed             // payload: an error text instead of an object
	kindRows               // name: the rows' layout, see rows.go
	kinds

	mark        = 0x6f
	trailerSize = 8
)

func appendNote(b []byte, k kind, descriptors int, name string) []byte {
	if len(name) > 1<<16-1 {
		name = name[:1<<16-1]
	}
	b = append(b, name...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)))
	b = append(b, byte(k), mark)
	return binary.LittleEndian.AppendUint32(b, uint32(descriptors))
}

// parts are those of an object that has arrived.
type parts struct {
	kind                 kind
	descriptors, payload []byte
	name                 string
}

var errNoObject = errors.New("it has no trailer of this package")

// split takes apart what has arrived for a value of the type.
func (in *typeInfo) split(b []byte) (p parts, err error) {
	n := len(b) - trailerSize
	if n < 0 || b[n+3] != mark || b[n+2] >= byte(kinds) {
		return p, errNoObject
	}
	name := n - int(binary.LittleEndian.Uint16(b[n:]))
	descriptors := int64(binary.LittleEndian.Uint32(b[n+4:]))
	if name < 0 || descriptors > int64(name) {
		return p, errNoObject
	}
	return parts{kind(b[n+2]), b[:descriptors], b[descriptors:name], in.named(b[name:n])}, nil
}

// named is a name as a string, without making one of those that are met most.
func (in *typeInfo) named(b []byte) string {
	switch string(b) {
	case in.name:
		return in.name
	case in.layout:
		return in.layout
	}
	return string(b)
}

// encoded is an object ready to be sent.
type encoded struct {
	b  []byte
	st *encoder // whose buffer b is, or nil
	in *typeInfo
}

func (e encoded) bytes() []byte { return e.b }

// release gives the buffer back: nobody may use the bytes any more.
func (e encoded) release() {
	if e.st != nil {
		e.in.encoders.Put(e.st)
	}
}

// encode makes an object of *v.
func encode[T any](op string, v *T) (encoded, error) {
	if data, note := memoryOf(v); note != nil {
		return encoded{b: append(append(make([]byte, 0, len(data)+len(note)), data...), note...)}, nil
	}
	in := infoOf(reflect.TypeFor[T]())
	if in.rows != noRows {
		return encoded{b: appendNote(in.appendRows(nil, unsafe.Pointer(v)), kindRows, 0, in.layout)}, nil
	}
	if in.t.Kind() == reflect.Pointer && reflect.ValueOf(v).Elem().IsNil() {
		return encoded{}, fmt.Errorf("object: %s: a nil %v is no value to send", op, in.t)
	}
	if c := chosen.Load(); c != nil {
		name := (*c).Name() // which comes first
		b, err := (*c).Append([]byte(name), v)
		if err != nil {
			return encoded{}, fmt.Errorf("object: %s: a %v cannot be encoded: %w", op, in.t, err)
		}
		return encoded{b: appendNote(b, kindCodec, len(name), in.name)}, nil
	}
	e, err := in.encode(v)
	if err != nil {
		return encoded{}, fmt.Errorf("object: %s: a %v cannot be encoded: %w", op, in.t, err)
	}
	return e, nil
}

// failure is an object that tells of an error in place of one.
func failure(err error) []byte { return appendNote([]byte(err.Error()), kindFailed, 0, "") }

// buffers are those of messages that were decoded by gob, which copies.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// space is where an object is received.
type space[T any] struct {
	bytes  []byte
	slice  reflect.Value // of type T, whose memory bytes is; or none
	in     *typeInfo
	pooled *[]byte
}

// room makes room for n bytes.
func room[T any](n int) space[T] {
	in := infoOf(reflect.TypeFor[T]())
	if in.elem != nil {
		size := int(in.elem.Size())
		s := makeSlice(in.t, (n+size-1)/size, size)
		return space[T]{bytes: unsafe.Slice((*byte)(s.UnsafePointer()), n), slice: s, in: in}
	}
	p := buffers.Get().(*[]byte)
	if cap(*p) < n {
		*p = make([]byte, n)
	}
	return space[T]{bytes: (*p)[:n], in: in, pooled: p}
}

// makeSlice makes a slice of n elements without pointers, of some size each. A
// long one is not zero: it will be overwritten, and clearing it would take as
// long as to receive it. Memory that has not been cleared is to be had from a
// strings.Builder only.
func makeSlice(t reflect.Type, n, size int) reflect.Value {
	if n*size < large {
		return reflect.MakeSlice(t, n, n)
	}
	var b strings.Builder
	b.Grow(n * size)
	b.WriteByte(0)
	h := &sliceHeader{unsafe.Pointer(unsafe.StringData(b.String())), n, n}
	return reflect.NewAt(t, unsafe.Pointer(h)).Elem()
}

func (s space[T]) release() {
	if s.pooled != nil {
		buffers.Put(s.pooled)
	}
}

// decode makes *v of what has been received, and releases the space.
func (s space[T]) decode(v *T) error {
	defer s.release()
	p, err := s.in.split(s.bytes)
	if err != nil {
		return &TypeError{Want: s.in.name, Err: err}
	}
	if p.kind == kindMemory && s.slice.IsValid() && p.name == s.in.layout {
		size := int(s.in.elem.Size())
		if len(p.payload)%size != 0 {
			return &TypeError{Sent: "[]" + p.name, Want: s.in.name, Err: fmt.Errorf("%d bytes are no whole number of elements of %d", len(p.payload), size)}
		}
		n := len(p.payload) / size
		if s.in.elem.Kind() == reflect.Bool {
			onlyBools(p.payload)
		}
		reflect.ValueOf(v).Elem().Set(s.slice.Slice3(0, n, n))
		return nil
	}
	return decodeParts(s.in, p, v)
}

// decodeBytes makes *v of an object that lies in memory of others.
func decodeBytes[T any](b []byte, v *T) error {
	if in := infoOf(reflect.TypeFor[T]()); in.elem == nil {
		p, err := in.split(b)
		if err != nil {
			return &TypeError{Want: in.name, Err: err}
		}
		return decodeParts(in, p, v)
	}
	s := room[T](len(b))
	copy(s.bytes, b)
	return s.decode(v)
}

func decodeParts[T any](in *typeInfo, p parts, v *T) (err error) {
	name := p.name
	defer func() {
		// gob is not supposed to panic, nor is a codec; but these bytes come
		// from elsewhere.
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err != nil && p.kind != kindFailed {
			err = &TypeError{Sent: name, Want: in.name, Err: err}
		}
	}()
	switch p.kind {
	case kindGob:
		return in.decode(p.descriptors, p.payload, v)
	case kindCodec:
		c, ok := codecs.Load(string(p.descriptors))
		if !ok {
			return fmt.Errorf("its codec %q is not registered here", p.descriptors)
		}
		return c.(Codec).Decode(p.payload, v)
	case kindMemory:
		name = "[]" + p.name
		return convert(p.name, p.payload, v)
	case kindRows:
		if name = "[]" + p.name; in.rows == noRows || in.layout != p.name {
			return convertRows(p.name, p.payload, v)
		}
		return in.decodeRows(p.payload, reflect.ValueOf(v).Elem())
	default:
		return fmt.Errorf("%s", p.payload)
	}
}
