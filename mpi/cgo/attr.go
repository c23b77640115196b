package cgo

// #include "shim.h"
import "C"

// AttrCopy and AttrDelete are called when the library copies or deletes an
// attribute, from inside the call that does it, with the numbers that
// KeyvalCreate and AttrSet were given. AttrCopy returns the number of the copy,
// or 0 for none. Package mpi sets both before the first key is made. They must
// not panic: that would unwind the library.
var (
	AttrCopy   func(key uintptr, old Comm, value uintptr) uintptr
	AttrDelete func(key uintptr, c Comm, value uintptr)
)

//export m4gAttrCopy
func m4gAttrCopy(key C.uintptr_t, old C.m4g_h, value C.uintptr_t) C.uintptr_t {
	return C.uintptr_t(AttrCopy(uintptr(key), Comm(old), uintptr(value)))
}

//export m4gAttrDelete
func m4gAttrDelete(key C.uintptr_t, c C.m4g_h, value C.uintptr_t) {
	AttrDelete(uintptr(key), Comm(c), uintptr(value))
}

// KeyvalCreate makes a key for attributes of communicators.
func KeyvalCreate(key uintptr) (int, error) {
	m := C.m4g_keyval_create(C.uintptr_t(key))
	return int(m.flag), check("NewKeyval", C.int(m.rc))
}

// KeyvalFree gives up a key; communicators keep their attributes of it.
func KeyvalFree(keyval int) error {
	return check("Keyval.Free", C.m4g_keyval_free(C.int(keyval)))
}

// AttrSet attaches the value with the number, in place of what was there.
func AttrSet(c Comm, keyval int, value uintptr) error {
	return check("Keyval.Set", C.m4g_attr_set(C.m4g_h(c), C.int(keyval), C.uintptr_t(value)))
}

// AttrGet is the number of the attached value, or 0.
func AttrGet(c Comm, keyval int) (uintptr, error) {
	m := C.m4g_attr_get(C.m4g_h(c), C.int(keyval))
	return uintptr(m.h), check("Keyval.Get", C.int(m.rc))
}

// AttrRemove removes an attribute.
func AttrRemove(c Comm, keyval int) error {
	return check("Keyval.Delete", C.m4g_attr_delete(C.m4g_h(c), C.int(keyval)))
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
