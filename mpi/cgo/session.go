package cgo

// #include <stdlib.h>
// #include "shim.h"
import "C"

import "unsafe"

// Session is the handle of a session.
type Session uintptr

// HasSessions says that the library has them (MPI-4).
var HasSessions = C.m4g_has_sessions() != 0

// SessionInit begins a session, which makes MPI usable if it was not. What it
// is made of it copies.
func SessionInit(h Hints) (Session, error) {
	m := C.m4g_session_init(C.m4g_h(h))
	if err := check("SessionInit", C.int(m.rc)); err != nil {
		return 0, err
	}
	sessions.Add(1)
	return Session(m.h), nil
}

// SessionFinalize ends s, and MPI when s was the last and Init was not called.
func SessionFinalize(op string, s Session, last bool) error {
	sessions.Add(-1)
	return check(op, C.m4g_session_finalize(C.m4g_h(s), flag(last)))
}

// SessionNumPsets is how many process sets s knows.
func SessionNumPsets(op string, s Session) (int, error) {
	var n C.int
	rc := C.m4g_session_num_psets(C.m4g_h(s), &n)
	return int(n), check(op, rc)
}

// SessionNthPset is the name of one of them.
func SessionNthPset(op string, s Session, n int) (string, error) {
	var p *C.char
	rc := C.m4g_session_nth_pset(C.m4g_h(s), C.int(n), &p)
	defer C.free(unsafe.Pointer(p))
	return C.GoString(p), check(op, rc)
}

// SessionInfo is the hints in use.
func SessionInfo(op string, s Session) (map[string]string, error) {
	var p *C.char
	var n C.int64_t
	rc := C.m4g_session_info(C.m4g_h(s), &p, &n)
	return pairs(p, n), check(op, rc)
}

// SessionPsetInfo is what is known of a process set.
func SessionPsetInfo(op string, s Session, pset string) (map[string]string, error) {
	name := C.CString(pset)
	defer C.free(unsafe.Pointer(name))
	var p *C.char
	var n C.int64_t
	rc := C.m4g_session_pset_info(C.m4g_h(s), C.m4g_addr(uintptr(unsafe.Pointer(name))), &p, &n)
	return pairs(p, n), check(op, rc)
}

// SessionGroup is the group of a process set.
func SessionGroup(op string, s Session, pset string) (GroupInfo, error) {
	name := C.CString(pset)
	defer C.free(unsafe.Pointer(name))
	return madeGroup(op, C.m4g_session_group(C.m4g_h(s), C.m4g_addr(uintptr(unsafe.Pointer(name)))))
}
