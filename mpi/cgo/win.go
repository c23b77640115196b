package cgo

// #include "shim.h"
import "C"

import "unsafe"

// Win is the handle of a window.
type Win uintptr

// WinCreate makes a window of size bytes of the caller's, which must be pinned
// and kept until the window is freed. Displacements count bytes in every window;
// the caller's memory begins at skip. The transfers of one that is alone must be
// made by RMAAlone and SwapAlone.
//
//go:uintptrescapes
func WinCreate(op string, base uintptr, size int, h Hints, c Comm) (w Win, skip int, alone bool, err error) {
	m := C.m4g_win_create(C.m4g_addr(base), C.int64_t(size), C.m4g_h(h), C.m4g_h(c))
	return Win(m.h), int(m.skip), m.alone != 0, check(op, C.int(m.rc))
}

// WinAllocate makes a window of size bytes of the library's, which lie at the
// address, nil if there are none. With shared set the ranks can reach each
// other's.
func WinAllocate(op string, shared bool, size int, h Hints, c Comm) (Win, unsafe.Pointer, error) {
	m := C.m4g_win_allocate(flag(shared), C.int64_t(size), C.m4g_h(h), C.m4g_h(c))
	return Win(m.h), m.base, check(op, C.int(m.rc))
}

// WinCreateDynamic makes a window without memory, which may be alone as one of
// WinCreate.
func WinCreateDynamic(op string, h Hints, c Comm) (w Win, alone bool, err error) {
	m := C.m4g_win_create_dynamic(C.m4g_h(h), C.m4g_h(c))
	return Win(m.h), m.alone != 0, check(op, C.int(m.rc))
}

// WinAttach adds memory to a dynamic window, which must be pinned and kept until
// it is detached, and returns its displacement.
//
//go:uintptrescapes
func WinAttach(op string, w Win, base uintptr, size int) (int, error) {
	s := C.m4g_win_attach(C.m4g_h(w), C.m4g_addr(base), C.int64_t(size))
	return int(s.n), check(op, C.int(s.rc))
}

// WinDetach takes memory from a dynamic window.
//
//go:uintptrescapes
func WinDetach(op string, w Win, base uintptr) error {
	return check(op, C.m4g_win_detach(C.m4g_h(w), C.m4g_addr(base)))
}

// WinSharedQuery is where the memory of a rank lies, nil if it has none, and its
// size in bytes.
func WinSharedQuery(op string, w Win, rank int) (base unsafe.Pointer, size int, err error) {
	m := C.m4g_win_shared_query(C.m4g_h(w), C.int(rank))
	return m.base, int(m.size), check(op, C.int(m.rc))
}

// WinFree frees w.
func WinFree(op string, w Win) error { return check(op, C.m4g_win_free(C.m4g_h(w))) }

// WinGroup is the group of w.
func WinGroup(op string, w Win) (GroupInfo, error) {
	return madeGroup(op, C.m4g_win_group(C.m4g_h(w)))
}

// WinUnified reports whether w has the unified memory model.
func WinUnified(w Win) bool { return C.m4g_win_unified(C.m4g_h(w)) != 0 }

// WinInfoSet gives w hints.
func WinInfoSet(op string, w Win, h Hints) error {
	return check(op, C.m4g_win_set_info(C.m4g_h(w), C.m4g_h(h)))
}

// WinInfoGet reads the hints that w has.
func WinInfoGet(op string, w Win) (map[string]string, error) {
	var p *C.char
	var n C.int64_t
	rc := C.m4g_win_get_info(C.m4g_h(w), &p, &n)
	return pairs(p, n), check(op, rc)
}

// WinSetName names w.
func WinSetName(op string, w Win, name string) error {
	b := append([]byte(name), 0)
	return winSetName(op, w, uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

//go:uintptrescapes
func winSetName(op string, w Win, name uintptr) error {
	return check(op, C.m4g_win_set_name(C.m4g_h(w), C.m4g_addr(name)))
}

// WinName is the name of w.
func WinName(op string, w Win) (string, error) {
	buf := make([]byte, MaxObjectName()+1)
	n := C.m4g_win_get_name(C.m4g_h(w), (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
	if n < 0 {
		return "", check(op, -n)
	}
	return string(buf[:n]), nil
}

// AllocMem is size bytes of memory of the library's.
func AllocMem(op string, size int, h Hints) (unsafe.Pointer, error) {
	m := C.m4g_alloc_mem(C.int64_t(size), C.m4g_h(h))
	return m.base, check(op, C.int(m.rc))
}

// FreeMem gives back what AllocMem has returned.
func FreeMem(op string, base unsafe.Pointer) error { return check(op, C.m4g_free_mem(base)) }
