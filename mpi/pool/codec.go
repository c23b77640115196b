package pool

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// The codec: how a slice of values becomes bytes and comes back. The rest of
// the package knows only encode and decode. gob takes nearly everything; what
// has no pointers in it, and slices of such elements, travel as memory, for all
// ranks run the same program.
const (
	formGob    = iota // what gob makes of the slice
	formMemory        // the length, and the elements' memory
	formSlices        // of a slice of slices: the length, and of each its length and memory
)

var errBytes = errors.New("malformed message")

// encode appends s to b.
func encode[T any](b []byte, s []T) (_ []byte, err error) {
	defer recovered(&err) // a GobEncode of the program's may panic
	t := reflect.TypeFor[T]()
	switch {
	case plain(t):
		b = binary.AppendUvarint(append(b, formMemory), uint64(len(s)))
		return append(b, memory(unsafe.Pointer(unsafe.SliceData(s)), uintptr(len(s))*t.Size())...), nil
	case t.Kind() == reflect.Slice && plain(t.Elem()):
		room := 2 * binary.MaxVarintLen64
		for i := range s {
			room += binary.MaxVarintLen64 + reflect.ValueOf(&s[i]).Elem().Len()*int(t.Elem().Size())
		}
		b = slices.Grow(b, room)
		b = binary.AppendUvarint(append(b, formSlices), uint64(len(s)))
		for i := range s {
			v := reflect.ValueOf(&s[i]).Elem()
			if v.IsNil() {
				b = binary.AppendUvarint(b, 0) // nil comes back as nil
				continue
			}
			b = binary.AppendUvarint(b, uint64(v.Len())+1)
			b = append(b, memory(v.UnsafePointer(), uintptr(v.Len())*t.Elem().Size())...)
		}
		return b, nil
	}
	buf := bytes.NewBuffer(append(b, formGob))
	err = gob.NewEncoder(buf).Encode(s)
	return buf.Bytes(), err
}

// decode is the inverse of encode. The bytes came from another rank: whatever
// they are, it returns an error or a slice, which shares no memory with them.
func decode[T any](b []byte) (_ []T, err error) {
	defer recovered(&err)
	if len(b) == 0 {
		return nil, errBytes
	}
	t := reflect.TypeFor[T]()
	form, b := b[0], b[1:]
	if form == formGob {
		var s []T
		err := gob.NewDecoder(bytes.NewReader(b)).Decode(&s)
		return s, err
	}
	n, b, err := cutLen(b)
	switch {
	case err != nil:
		return nil, err
	case form == formMemory && plain(t):
		if !fits(n, t.Size(), b) || n*uint64(t.Size()) != uint64(len(b)) {
			return nil, errBytes
		}
		s := make([]T, n)
		copy(memory(unsafe.Pointer(unsafe.SliceData(s)), uintptr(len(b))), b)
		return s, nil
	case form == formSlices && t.Kind() == reflect.Slice && plain(t.Elem()):
		if n > uint64(len(b)) {
			return nil, errBytes
		}
		s := make([]T, n)
		for i := range s {
			var m uint64
			if m, b, err = cutLen(b); err != nil {
				return nil, err
			}
			if m == 0 {
				continue
			}
			m--
			if !fits(m, t.Elem().Size(), b) {
				return nil, errBytes
			}
			v := reflect.MakeSlice(t, int(m), int(m))
			size := uintptr(m) * t.Elem().Size()
			copy(memory(v.UnsafePointer(), size), b)
			b = b[size:]
			reflect.ValueOf(&s[i]).Elem().Set(v)
		}
		if len(b) > 0 {
			return nil, errBytes
		}
		return s, nil
	}
	return nil, errBytes
}

// decodeN is decode of a slice that must have n elements.
func decodeN[T any](b []byte, n int) ([]T, error) {
	s, err := decode[T](b)
	if err == nil && len(s) != n {
		err = errBytes
	}
	return s, err
}

func cutLen(b []byte) (uint64, []byte, error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > 1<<48 {
		return 0, nil, errBytes
	}
	return n, b[k:], nil
}

func fits(n uint64, size uintptr, b []byte) bool {
	return size == 0 || n <= uint64(len(b))/uint64(size)
}

// plain reports whether a value is its memory: no pointers, at any depth.
func plain(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plain(t.Field(i).Type) {
				return false
			}
		}
		return true
	default:
		return k >= reflect.Bool && k <= reflect.Complex128 && k != reflect.Uintptr
	}
}

func memory(p unsafe.Pointer, n uintptr) []byte { return unsafe.Slice((*byte)(p), n) }

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}
