package object

import (
	"bytes"
	"reflect"
	"unsafe"
)

// Encoded is v as it would travel.
func Encoded[T any](v T) []byte {
	b, err := Append(nil, v)
	if err != nil {
		panic(err)
	}
	return b
}

// DecodeTo makes *v of what has arrived.
func DecodeTo[T any](b []byte, v *T) error { return decodeBytes(b, v) }

// Planned is what v would be by the plan of its type, if it has one.
func Planned[T any](v T) (b []byte, ok bool) {
	in := infoOf(reflect.TypeFor[T]())
	if in.learn(); in.plan == nil {
		return nil, false
	}
	b = in.encodePlanned(unsafe.Pointer(&v)).b
	p, err := in.split(b)
	if err != nil {
		panic(err)
	}
	return b[:len(p.descriptors)+len(p.payload)], true
}

// FromPlan makes *v of what gob has made, by the plan of its type alone.
func FromPlan[T any](descriptors, payload []byte, v *T) bool {
	in := infoOf(reflect.TypeFor[T]())
	in.learn()
	id := in.id
	if !bytes.Equal(descriptors, in.descriptors) {
		id = in.translate(descriptors)
	}
	return id != nil && in.decodePlanned(id, payload, unsafe.Pointer(v))
}
