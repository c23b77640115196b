package object

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// The layout of an element in memory, as text: "float64", or for a struct
// "{0 X float64,8 Y [3]int32}24", offsets and size in bytes. Two slices whose
// elements have the same layout are the same memory, whatever their types are
// called.

var layoutKinds = map[string]reflect.Type{
	"bool": reflect.TypeFor[bool](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](), "uint8": reflect.TypeFor[uint8](),
	"uint16": reflect.TypeFor[uint16](), "uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](),
	"float32": reflect.TypeFor[float32](), "float64": reflect.TypeFor[float64](),
	"complex64": reflect.TypeFor[complex64](), "complex128": reflect.TypeFor[complex128](),
}

// layoutOf describes t, if a slice of it can travel as memory: numbers, and
// structs of them in exported fields. Not those with a bool, which has bit
// patterns that Go must not see; []bool itself is looked through.
func layoutOf(t reflect.Type) (string, bool) {
	if t.Kind() == reflect.Bool && !encodesItself(t) {
		return "bool", true
	}
	var b strings.Builder
	ok := writeLayout(&b, t) && t.Size() > 0 && b.Len() < 1<<15
	return b.String(), ok
}

func writeLayout(b *strings.Builder, t reflect.Type) bool {
	if encodesItself(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Int:
		b.WriteString("int" + strconv.Itoa(t.Bits()))
	case reflect.Uint:
		b.WriteString("uint" + strconv.Itoa(t.Bits()))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		b.WriteString(t.Kind().String())
	case reflect.Array:
		fmt.Fprintf(b, "[%d]", t.Len())
		return t.Len() > 0 && writeLayout(b, t.Elem())
	case reflect.Struct:
		b.WriteByte('{')
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() || f.Anonymous {
				return false
			}
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%d %s ", f.Offset, f.Name)
			if !writeLayout(b, f.Type) {
				return false
			}
		}
		fmt.Fprintf(b, "}%d", t.Size())
		return t.NumField() > 0
	default:
		return false
	}
	return true
}

// memoryOf is the memory of *v and what follows it in a message, if v travels
// so; else nothing.
func memoryOf[T any](v *T) (data, note []byte) {
	in := infoOf(reflect.TypeFor[T]())
	if in.elem == nil {
		return nil, nil
	}
	s := (*sliceHeader)(unsafe.Pointer(v))
	return bytesAt(s.ptr, s.len, int(in.elem.Size())), in.note
}

// convert makes *v of elements that lie in memory by another layout: by gob, so
// that fields go by name.
func convert(layout string, memory []byte, v any) error {
	t, err := typeOf(layout)
	if err != nil {
		return err
	}
	if t.Size() == 0 || len(memory)%int(t.Size()) != 0 {
		return fmt.Errorf("%d bytes are no whole number of elements of %d", len(memory), t.Size())
	}
	n := len(memory) / int(t.Size())
	s := reflect.MakeSlice(reflect.SliceOf(t), n, n)
	if n > 0 {
		copy(unsafe.Slice((*byte)(s.UnsafePointer()), len(memory)), memory)
	}
	return throughGob(s, v)
}

func throughGob(from reflect.Value, v any) error {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).EncodeValue(from); err != nil {
		return err
	}
	return gob.NewDecoder(&buf).Decode(v)
}

// typeOf is a type of a layout.
func typeOf(layout string) (reflect.Type, error) {
	r := layoutReader{rest: layout}
	t, err := r.read(0)
	if err != nil || r.rest != "" {
		return nil, errors.Join(errLayout, err)
	}
	return t, nil
}

var errLayout = errors.New("the layout of its elements cannot be read")

// layoutReader makes a type of a layout. The text comes from another rank:
// nothing is taken for granted.
type layoutReader struct {
	rest   string
	fields int
}

const (
	maxDepth  = 32
	maxFields = 4096
	maxSize   = 1 << 30
)

func (r *layoutReader) read(depth int) (reflect.Type, error) {
	if depth > maxDepth {
		return nil, errors.New("it is too deep")
	}
	switch {
	case strings.HasPrefix(r.rest, "["):
		n, err := r.number("[", "]")
		if err != nil {
			return nil, err
		}
		t, err := r.read(depth + 1)
		if err != nil {
			return nil, err
		}
		if n < 1 || t.Size() == 0 || n > maxSize/int(t.Size()) {
			return nil, fmt.Errorf("an array of %d elements", n)
		}
		return reflect.ArrayOf(n, t), nil
	case strings.HasPrefix(r.rest, "{"):
		return r.structure(depth)
	}
	end := strings.IndexAny(r.rest, ",}")
	if end < 0 {
		end = len(r.rest)
	}
	t, ok := layoutKinds[r.rest[:end]]
	if !ok || depth > 0 && t.Kind() == reflect.Bool {
		return nil, fmt.Errorf("no type %.20q", r.rest[:end])
	}
	r.rest = r.rest[end:]
	return t, nil
}

// number reads one between two texts.
func (r *layoutReader) number(before, after string) (int, error) {
	text, rest, ok := strings.Cut(strings.TrimPrefix(r.rest, before), after)
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("%.20q is no number", text)
	}
	r.rest = rest
	return n, nil
}

func (r *layoutReader) structure(depth int) (reflect.Type, error) {
	var fields []reflect.StructField
	var offsets []int
	seen := map[string]bool{}
	for {
		r.rest = r.rest[1:] // { or ,
		at, err := r.number("", " ")
		if err != nil {
			return nil, err
		}
		name, rest, _ := strings.Cut(r.rest, " ")
		r.rest = rest
		if r.fields++; r.fields > maxFields || seen[name] || !exportedName(name) {
			return nil, fmt.Errorf("field %.20q", name)
		}
		seen[name] = true
		t, err := r.read(depth + 1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, reflect.StructField{Name: name, Type: t})
		offsets = append(offsets, at)
		if !strings.HasPrefix(r.rest, ",") {
			break
		}
	}
	if !strings.HasPrefix(r.rest, "}") {
		return nil, errors.New("an open struct")
	}
	r.rest = r.rest[1:]
	end := 0
	for end < len(r.rest) && r.rest[end] >= '0' && r.rest[end] <= '9' {
		end++
	}
	size, err := strconv.Atoi(r.rest[:end])
	if err != nil {
		return nil, err
	}
	r.rest = r.rest[end:]
	t := reflect.StructOf(fields)
	for i, at := range offsets {
		if int(t.Field(i).Offset) != at {
			return nil, fmt.Errorf("field %s is at %d there, and would be at %d here", fields[i].Name, at, t.Field(i).Offset)
		}
	}
	if int(t.Size()) != size || size > maxSize {
		return nil, fmt.Errorf("a struct of %d bytes there would have %d here", size, t.Size())
	}
	return t, nil
}

// exportedName reports whether reflect.StructOf takes the name.
func exportedName(name string) bool {
	for i, c := range name {
		if c > 127 || i == 0 && (c < 'A' || c > 'Z') ||
			(c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return name != ""
}
