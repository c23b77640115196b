package cgo

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// Trim gives the system back what memory C has and does not use, as
// debug.FreeOSMemory does for Go: for programs that measure what they hold.
func Trim() { C.m4g_trim() }

// Memory is what C's allocator has. It is all 0 where that is not glibc's.
type Memory struct {
	Arenas       int // in which threads allocate
	Bytes, InUse int
}

// MemoryOf asks the allocator.
func MemoryOf() (m Memory) {
	text := C.m4g_malloc_info()
	if text == nil {
		return m
	}
	defer C.free(unsafe.Pointer(text))
	all := C.GoString(text)
	m.Arenas = strings.Count(all, "<heap ")
	// After the arenas come the sums: <total type="rest" count="7" size="812"/>
	for line := range strings.Lines(all[strings.LastIndex(all, "</heap>")+1:]) {
		var n, size int
		switch {
		case scans(line, `<system type="current" size="%d"`, &size):
			m.Bytes, m.InUse = m.Bytes+size, m.InUse+size
		case scans(line, `<total type="mmap" count="%d" size="%d"`, &n, &size):
			m.Bytes, m.InUse = m.Bytes+size, m.InUse+size
		case scans(line, `<total type="fast" count="%d" size="%d"`, &n, &size),
			scans(line, `<total type="rest" count="%d" size="%d"`, &n, &size):
			m.InUse -= size // free pieces
		}
	}
	return m
}

func scans(line, format string, to ...any) bool {
	n, _ := fmt.Sscanf(line, format, to...)
	return n == len(to)
}
