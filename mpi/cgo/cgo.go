// Package cgo is the thin C layer under package mpi, and the only package of
// the module with import "C". Programs use package mpi; this one is public
// only so that other packages of the module, and those who need an MPI call
// that mpi does not have yet, can build on the same handles.
//
// Its functions convert, call and check: they apply no policy. Three rules
// hold throughout.
//
// Buffers are addresses (uintptr), and the functions that take one carry the
// directive go:uintptrescapes: a caller who writes the conversion in the
// argument list,
//
//	cgo.Bcast(uintptr(unsafe.Pointer(p)), n, t, root, comm)
//
// has p's memory on the heap and alive for the duration of the call. A pending
// operation needs more than that: its caller pins the memory (runtime.Pinner)
// and keeps it until the request is complete.
//
// No communication call is marked noescape or nocallback: a Go reduction
// operation or error handler may run inside it.
//
// All functions may be called from any goroutine, at the thread level that
// Init returned.
package cgo

/*
#include "shim.h"

// ucx.c: dlsym, for C libraries that have it in a library of its own.
#cgo linux LDFLAGS: -ldl

// Only queries that touch no Go memory and call nothing back.
#cgo noescape m4g_basic
#cgo nocallback m4g_basic
#cgo noescape m4g_op
#cgo nocallback m4g_op
#cgo noescape m4g_comm
#cgo nocallback m4g_comm
#cgo noescape m4g_wtime
#cgo nocallback m4g_wtime
#cgo noescape m4g_wtick
#cgo nocallback m4g_wtick
*/
import "C"

import "unsafe"

// Nop makes an ordinary call into C that does nothing: the price of one
// crossing, for benchmarks.
func Nop() { C.m4g_nop() }

// Thread levels as Init returns them.
const (
	ThreadSingle = iota
	ThreadFunneled
	ThreadSerialized
	ThreadMultiple
)

// Init initialises MPI, asking for MPI_THREAD_MULTIPLE, makes the world and
// self communicators return errors, and gives every signal handler that C
// installed SA_ONSTACK, without which the Go runtime dies on the signal.
func Init() (level int, err error) {
	var provided C.int
	rc := C.m4g_init(&provided)
	return int(provided), check("Init", rc)
}

// Attach joins an MPI that other code in the process has initialised, and does
// what Init does besides; the signals that Go turns into panics stay as they are.
func Attach() (level int, err error) {
	var provided C.int
	rc := C.m4g_attach(&provided)
	return int(provided), check("Init", rc)
}

// Detach gives the world and self communicators the error handlers back that
// they had before Attach.
func Detach() error { return check("Finalize", C.m4g_detach()) }

// Finalize ends the use of MPI.
func Finalize() error { return check("Finalize", C.m4g_finalize()) }

// Initialized reports whether MPI has been initialised, by anyone.
func Initialized() bool { return C.m4g_initialized() != 0 }

// Finalized reports whether MPI has been finalised, by anyone.
func Finalized() bool { return C.m4g_finalized() != 0 }

// LibraryVersion is the text by which the loaded library names itself.
func LibraryVersion() string {
	buf := make([]byte, 8192)
	n := C.m4g_library_version((*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
	return string(buf[:n])
}

// Headers names the MPI whose mpi.h this package was compiled with.
func Headers() string { return C.GoString(C.m4g_headers()) }

// Version is the version of the MPI standard that the library implements.
func Version() (version, subversion int) {
	var v, s C.int
	C.m4g_version(&v, &s)
	return int(v), int(s)
}

// ProcessorName names the host.
func ProcessorName() string {
	buf := make([]byte, 1024)
	n := C.m4g_processor_name((*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
	return string(buf[:n])
}

// Wtime is the library's clock, in seconds.
func Wtime() float64 { return float64(C.m4g_wtime()) }

// Wtick is the resolution of Wtime, in seconds.
func Wtick() float64 { return float64(C.m4g_wtick()) }

// Abort ends all ranks of c with the exit code. It does not return.
func Abort(c Comm, code int) { C.m4g_abort(C.m4g_h(c), C.int(code)) }

// TagUB is the largest tag that c allows.
func TagUB(c Comm) int { return int(C.m4g_tag_ub(C.m4g_h(c))) }

// CPUs is the number of processors online on this host, whatever this process
// is bound to.
func CPUs() int { return int(C.m4g_cpus()) }
