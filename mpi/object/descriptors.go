package object

import "reflect"

// Processes number their types differently, so that the descriptors of the same
// type may differ from one rank to the next. They are read here to see whether a
// plan fits all the same.

// The numbers that gob gives to the basic types.
const (
	idBool = 1 + iota
	idInt
	idUint
	idFloat
	idByteSlice
	idString
	idComplex
)

// common and descriptor have the fields of gob's own descriptors, of which one
// of the outer ones is there.
type common struct {
	Name string
	ID   int
}

type descriptor struct {
	Array struct {
		Common common
		Elem   int
		Len    int
	}
	Slice struct {
		Common common
		Elem   int
	}
	Struct struct {
		Common common
		Fields []common
	}
	Map struct {
		Common common
		Key    int
		Elem   int
	}
}

var descriptorPlan = planOf(reflect.TypeFor[descriptor]())

// translate returns what stands before a value in a message with these
// descriptors, when they mean the type's own parts, and else nil.
func (in *typeInfo) translate(descriptors []byte) []byte {
	types := map[int]*descriptor{}
	root := 0
	for r := (reader{b: descriptors}); len(r.b) > 0; {
		one := reader{b: r.bytes()}
		id, d := -getSigned[int](&one), new(descriptor)
		descriptorPlan.get(&one, reflect.ValueOf(d).UnsafePointer())
		if r.bad || one.bad || len(one.b) > 0 || id <= 0 || types[id] != nil {
			return nil
		}
		types[id] = d
		if root == 0 {
			root = id
		}
	}
	if !means(in.base(), root, types) {
		return nil
	}
	return idBytes(int64(root), in.base())
}

// means reports whether number id is a type with the parts of t, which has a plan
// and hence does not contain itself.
func means(t reflect.Type, id int, types map[int]*descriptor) bool {
	switch t.Kind() {
	case reflect.Bool:
		return id == idBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return id == idInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return id == idUint
	case reflect.Float32, reflect.Float64:
		return id == idFloat
	case reflect.Complex64, reflect.Complex128:
		return id == idComplex
	case reflect.String:
		return id == idString
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return id == idByteSlice
	}
	d := types[id]
	if d == nil {
		return false
	}
	switch t.Kind() {
	case reflect.Array:
		return d.Array.Common.ID == id && d.Array.Len == t.Len() && means(t.Elem(), d.Array.Elem, types)
	case reflect.Slice:
		return d.Slice.Common.ID == id && means(t.Elem(), d.Slice.Elem, types)
	case reflect.Map:
		return d.Map.Common.ID == id && means(t.Key(), d.Map.Key, types) && means(t.Elem(), d.Map.Elem, types)
	case reflect.Struct:
		fields := d.Struct.Fields
		if d.Struct.Common.ID != id {
			return false
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				continue
			}
			if len(fields) == 0 || fields[0].Name != f.Name || !means(f.Type, fields[0].ID, types) {
				return false
			}
			fields = fields[1:]
		}
		return len(fields) == 0
	}
	return false
}
