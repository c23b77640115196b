package cgo

// #include "shim.h"
import "C"

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Batch is the most requests that one Testsome takes.
const Batch = 128

// Done describes a request that Testsome found complete, by its place in the
// list. It has the layout of m4g_done.
type Done struct {
	c C.m4g_done
}

// Index is the request's place in the list.
func (d *Done) Index() int { return int(d.c.index) }

// Status is the completed operation's status.
func (d *Done) Status() Status { return status(&d.c.st) }

// RawStatus is a status as Testall fills it in.
type RawStatus struct {
	c C.m4g_status
}

// Status converts it.
func (s *RawStatus) Status() Status { return status(&s.c) }

// Want is what a test is to find out of an operation that is complete; the rest of its
// Status, but for RC, is of no meaning.
type Want int

// What may be wanted.
const (
	WantMessage   Want = C.M4G_WANT_MESSAGE   // of a receive: source, tag, bytes
	WantCancelled Want = C.M4G_WANT_CANCELLED // of one that is to be cancelled
)

// Test tests r for spin nanoseconds, at least once. It returns the request,
// or 0 once it is complete.
func Test(r Request, spin int64, want Want) (Request, Status) {
	r, s, _ := unbrief(C.m4g_test(C.m4g_h(r), C.int64_t(spin), C.int(want)))
	return r, s
}

// Testsome tests at most Batch requests until one is complete or spin
// nanoseconds are over; if none is, and yield is set, it gives up the core
// before it returns. It fills in one Done per completed request; out is as
// long as rs. A negative result is minus the library's error code.
func Testsome(rs []Request, out []Done, spin int64, yield bool) int {
	var y C.int
	if yield {
		y = 1
	}
	return testsome(uintptr(unsafe.Pointer(unsafe.SliceData(rs))), uintptr(unsafe.Pointer(unsafe.SliceData(out))), len(rs), spin, y)
}

//go:uintptrescapes
func testsome(rs, out uintptr, n int, spin int64, yield C.int) int {
	return int(C.m4g_testsome(C.int(n), C.m4g_addr(rs), C.m4g_addr(out), C.int64_t(spin), yield))
}

// Testall tests all requests until they are complete or spin nanoseconds are
// over, in one crossing. Completed ones become 0, and their status is filled
// in at the same place of out. It returns how many are still pending; a
// negative result is minus the library's error code.
func Testall(rs []Request, out []RawStatus, spin int64, want Want) int {
	return testall(uintptr(unsafe.Pointer(unsafe.SliceData(rs))), uintptr(unsafe.Pointer(unsafe.SliceData(out))), len(rs), spin, want)
}

//go:uintptrescapes
func testall(rs, out uintptr, n int, spin int64, want Want) int {
	return int(C.m4g_testall(C.int(n), C.m4g_addr(rs), C.m4g_addr(out), C.int64_t(spin), C.int(want)))
}

// RequestFree lets go of r without waiting for it.
func RequestFree(r Request) error { return check("Request.Free", C.m4g_request_free(C.m4g_h(r))) }

// Cancel marks r for cancellation.
func Cancel(r Request) error { return check("Request.Cancel", C.m4g_cancel(C.m4g_h(r))) }

// Elements is the number of basic elements in a message of so many bytes of
// type t, or Undefined.
func Elements(bytes int64, t Datatype) int {
	return int(C.m4g_elements(C.int64_t(bytes), C.m4g_h(t)))
}

// Yield gives up the core to another process that wants it.
func Yield() { C.m4g_yield() }

var news = (*int32)(&C.m4g_news)

// News tells a Testsome that goes on for some time to come back.
func News(is bool) {
	n := int32(0)
	if is {
		n = 1
	}
	atomic.StoreInt32(news, n)
}

// Nap sleeps for so long, in C, or until Kick, which may come before. One thread at
// a time may.
func Nap(d time.Duration) { C.m4g_nap(C.int64_t(d)) }

// Kick ends a Nap.
func Kick() { C.m4g_kick() }

// SetShared tells that ranks share cores: functions that test for some time then give
// the core up in between, unless the library does when it has nothing to do.
func SetShared() { C.m4g_set_shared(1 + C.m4g_yields()) }
