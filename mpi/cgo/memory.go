package cgo

// #include "shim.h"
import "C"

// Trim gives the system back what memory C has and does not use, as
// debug.FreeOSMemory does for Go: for programs that measure what they hold.
func Trim() { C.m4g_trim() }

// Arenas is the number of parts in which glibc keeps C's memory, 0 if it is not
// glibc.
func Arenas() int { return int(C.m4g_arenas()) }
