package object

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"unsafe"
)

// Slices of slices of numbers, as [][]float64, and what has no bytes at all, as
// struct{} or a slice of it, which gob refuses. The payload is
//
//	number of rows | for each row: 0 if it is nil, or 1 + its length; its memory
//
// where a type without bytes has rows of none, and no lengths.

// sliceHeader is how a slice of any type lies in memory.
type sliceHeader struct {
	ptr      unsafe.Pointer
	len, cap int
}

func bytesAt(p unsafe.Pointer, n, size int) []byte { return unsafe.Slice((*byte)(p), n*size) }

// rowKind says whether t is encoded so, and as what.
type rowKind byte

const (
	noRows   rowKind = iota
	rowSlice         // a slice of slices that travel as memory
	rowCount         // a slice of elements without bytes
	rowNone          // a value without bytes
)

func rowsOf(t reflect.Type) (kind rowKind, row reflect.Type, layout string) {
	if bare(t) {
		return rowNone, nil, ""
	}
	if t.Kind() != reflect.Slice || encodesItself(t) {
		return noRows, nil, ""
	}
	row = t.Elem()
	if bare(row) {
		return rowCount, row, ""
	}
	if row.Kind() == reflect.Slice && !encodesItself(row) {
		if layout, ok := layoutOf(row.Elem()); ok {
			return rowSlice, row, "[]" + layout
		}
	}
	return noRows, nil, ""
}

// bare reports whether a value of t has no bytes, and nothing to say.
func bare(t reflect.Type) bool {
	return t.Size() == 0 && (t.Kind() == reflect.Struct || t.Kind() == reflect.Array) && !encodesItself(t)
}

// appendRows appends the payload of the value at p.
func (in *typeInfo) appendRows(b []byte, p unsafe.Pointer) []byte {
	if in.rows == rowNone {
		return b
	}
	s := (*sliceHeader)(p)
	b = binary.AppendUvarint(b, uint64(s.len))
	if in.rows == rowCount {
		return b
	}
	rows := unsafe.Slice((*sliceHeader)(s.ptr), s.len)
	size := int(in.row.Elem().Size())
	n := 0
	for _, r := range rows {
		n += binary.MaxVarintLen64 + r.len*size
	}
	if cap(b)-len(b) < n {
		b = append(make([]byte, 0, len(b)+n+trailerSize+len(in.layout)), b...)
	}
	for _, r := range rows {
		if r.ptr == nil {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(r.len)+1)
		b = append(b, bytesAt(r.ptr, r.len, size)...)
	}
	return b
}

var errRows = errors.New("its rows do not fit its length")

// decodeRows makes *v of the payload of an object whose layout is v's.
func (in *typeInfo) decodeRows(b []byte, v reflect.Value) error {
	if in.rows == rowNone {
		if len(b) > 0 {
			return errRows
		}
		return nil
	}
	n, k := binary.Uvarint(b)
	if k <= 0 || n > 1<<48 {
		return errRows
	}
	b = b[k:]
	if in.rows == rowCount {
		if len(b) > 0 {
			return errRows
		}
		v.Set(reflect.MakeSlice(in.t, int(n), int(n)))
		return nil
	}
	if n > uint64(len(b)) { // each row has at least one byte
		return errRows
	}
	list := reflect.MakeSlice(in.t, int(n), int(n))
	size := uint64(in.row.Elem().Size())
	for i := range int(n) {
		m, k := binary.Uvarint(b)
		if k <= 0 {
			return errRows
		}
		b = b[k:]
		if m == 0 {
			continue // nil
		}
		if m--; m > uint64(len(b))/size {
			return errRows
		}
		row := reflect.MakeSlice(in.row, int(m), int(m))
		to := bytesAt(row.UnsafePointer(), int(m), int(size))
		copy(to, b)
		if in.row.Elem().Kind() == reflect.Bool {
			onlyBools(to)
		}
		list.Index(i).Set(row)
		b = b[len(to):]
	}
	if len(b) > 0 {
		return errRows
	}
	v.Set(list)
	return nil
}

// convertRows makes *v of rows of another layout, as convert does.
func convertRows(layout string, payload []byte, v any) error {
	layout, ok := strings.CutPrefix(layout, "[]")
	if !ok {
		return errors.New("it has no bytes")
	}
	elem, err := typeOf(layout)
	if err != nil {
		return err
	}
	row := reflect.SliceOf(elem)
	in := &typeInfo{t: reflect.SliceOf(row), rows: rowSlice, row: row}
	rows := reflect.New(in.t).Elem()
	if err := in.decodeRows(payload, rows); err != nil {
		return err
	}
	return throughGob(rows, v)
}

// onlyBools clears what a bool of Go has no bits for.
func onlyBools(b []byte) {
	for i := range b {
		b[i] &= 1
	}
}
