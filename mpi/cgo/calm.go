package cgo

// #include "shim.h"
import "C"

import "time"

// gos is whether this is a Go program, and not a library in one of another
// language: these have threads before Go's.
var gos = C.m4g_main_thread() != 0

// Monitor is the number of the thread on which Go's monitor runs, 0 if that is not
// known.
func Monitor() int {
	if !gos {
		return 0
	}
	return int(C.m4g_monitor())
}

// Calm lets Go's monitor wake up later than it wants to, by so much at most, at
// times that suit the system.
func Calm(slack time.Duration) {
	if gos {
		C.m4g_calm(C.long(slack))
	}
}
