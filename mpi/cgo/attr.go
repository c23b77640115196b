package cgo

// #include "shim.h"
import "C"

// Attributed is a kind of object that can have attributes.
type Attributed int

// The kinds. Each has keys of its own.
const (
	OnComm     Attributed = C.M4G_ON_COMM
	OnDatatype Attributed = C.M4G_ON_TYPE
	OnWin      Attributed = C.M4G_ON_WIN
)

// AttrCopy and AttrDelete are called when the library copies or deletes an
// attribute, from inside the call that does it, with the numbers that
// KeyvalCreate and AttrSet were given, and the handle of the object. AttrCopy
// returns the number of the copy, or 0 for none. Package attr sets both. They
// must not panic: that would unwind the library.
var (
	AttrCopy   func(key, old, value uintptr) uintptr
	AttrDelete func(key, object, value uintptr)
)

//export m4gAttrCopy
func m4gAttrCopy(key C.uintptr_t, old C.m4g_h, value C.uintptr_t) C.uintptr_t {
	return C.uintptr_t(AttrCopy(uintptr(key), uintptr(old), uintptr(value)))
}

//export m4gAttrDelete
func m4gAttrDelete(key C.uintptr_t, object C.m4g_h, value C.uintptr_t) {
	AttrDelete(uintptr(key), uintptr(object), uintptr(value))
}

// KeyvalCreate makes a key for attributes of one kind of object.
func KeyvalCreate(op string, on Attributed, key uintptr) (int, error) {
	m := C.m4g_keyval_create(C.int(on), C.uintptr_t(key))
	return int(m.flag), check(op, C.int(m.rc))
}

// KeyvalFree gives up a key; objects keep their attributes of it.
func KeyvalFree(op string, on Attributed, keyval int) error {
	return check(op, C.m4g_keyval_free(C.int(on), C.int(keyval)))
}

// AttrSet attaches the value with the number, in place of what was there.
func AttrSet(op string, on Attributed, object uintptr, keyval int, value uintptr) error {
	return check(op, C.m4g_attr_set(C.int(on), C.m4g_h(object), C.int(keyval), C.uintptr_t(value)))
}

// AttrGet is the number of the attached value, if there is one.
func AttrGet(op string, on Attributed, object uintptr, keyval int) (value uintptr, found bool, err error) {
	m := C.m4g_attr_get(C.int(on), C.m4g_h(object), C.int(keyval))
	return uintptr(m.h), m.flag != 0, check(op, C.int(m.rc))
}

// AttrRemove removes an attribute.
func AttrRemove(op string, on Attributed, object uintptr, keyval int) error {
	return check(op, C.m4g_attr_delete(C.int(on), C.m4g_h(object), C.int(keyval)))
}

// The attributes that the library sets, in the order of m4g_attr_predefined.
const (
	UniverseSize = iota
	AppNum
	WtimeIsGlobal
	LastUsedCode
	IOProc
)

// Predefined is the value of one of these.
func Predefined(which int) (value int, found bool) {
	m := C.m4g_attr_predefined(C.int(which))
	return int(m.h), m.rc == 0 && m.flag != 0
}
