package cgo

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"encoding/xml"
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
	type figure struct {
		Type string `xml:"type,attr"`
		Size int    `xml:"size,attr"`
	}
	var info struct {
		Heaps  []struct{} `xml:"heap"`
		Total  []figure   `xml:"total"`
		System []figure   `xml:"system"`
	}
	if xml.Unmarshal([]byte(C.GoString(text)), &info) != nil {
		return m
	}
	m.Arenas = len(info.Heaps)
	for _, f := range info.System {
		if f.Type == "current" {
			m.Bytes, m.InUse = m.Bytes+f.Size, m.InUse+f.Size
		}
	}
	for _, f := range info.Total {
		switch f.Type {
		case "mmap":
			m.Bytes, m.InUse = m.Bytes+f.Size, m.InUse+f.Size
		default: // free pieces
			m.InUse -= f.Size
		}
	}
	return m
}
