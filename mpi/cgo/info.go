package cgo

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"bytes"
	"unsafe"
)

// Hints is the handle of an MPI_Info; 0 is MPI_INFO_NULL.
type Hints uintptr

// The most bytes of a key and of a value of an MPI_Info, with the zero that
// ends them in C.
var (
	MaxInfoKey = int(C.m4g_max_info_key())
	MaxInfoVal = int(C.m4g_max_info_val())
)

// HintsMake makes an MPI_Info of n pairs: a key and a value, each ended by a
// zero byte. When the library refuses a pair, it returns which.
func HintsMake(op string, pairs []byte, n int) (h Hints, refused int, err error) {
	return hintsMake(op, uintptr(unsafe.Pointer(unsafe.SliceData(pairs))), n)
}

//go:uintptrescapes
func hintsMake(op string, pairs uintptr, n int) (Hints, int, error) {
	m := C.m4g_info_make(C.m4g_addr(pairs), C.int(n))
	return Hints(m.h), int(m.flag), check(op, C.int(m.rc))
}

// HintsFree frees h.
func HintsFree(h Hints) { C.m4g_info_free(C.m4g_h(h)) }

// HintsRead reads h; 0 stands for MPI_INFO_ENV here.
func HintsRead(op string, h Hints) (map[string]string, error) {
	var p *C.char
	var n C.int64_t
	rc := C.m4g_info_read(C.m4g_h(h), &p, &n)
	return pairs(p, n), check(op, rc)
}

// HintsOfEnv is what MPI_INFO_ENV is, also when MPI is not initialised.
func HintsOfEnv(op string) (map[string]string, error) {
	var p *C.char
	var n C.int64_t
	rc := C.m4g_info_create_env(&p, &n)
	return pairs(p, n), check(op, rc)
}

// CommInfoGet reads the hints that c has.
func CommInfoGet(c Comm) (map[string]string, error) {
	var p *C.char
	var n C.int64_t
	rc := C.m4g_comm_get_info(C.m4g_h(c), &p, &n)
	return pairs(p, n), check("Comm.Info", rc)
}

// CommInfoSet gives c hints.
func CommInfoSet(c Comm, h Hints) error {
	return check("Comm.SetInfo", C.m4g_comm_set_info(C.m4g_h(c), C.m4g_h(h)))
}

func pairs(p *C.char, n C.int64_t) map[string]string {
	m := make(map[string]string)
	b := unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n))
	for len(b) > 0 {
		var key, value []byte
		key, b, _ = bytes.Cut(b, []byte{0})
		value, b, _ = bytes.Cut(b, []byte{0})
		m[string(key)] = string(value)
	}
	C.free(unsafe.Pointer(p))
	return m
}
