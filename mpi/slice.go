package mpi

import (
	"reflect"
	"unsafe"
)

// hugePage is the size of a huge page, and from which MakeSlice uses them.
const hugePage = 2 << 20

// MakeSlice is make([]T, n) for long messages: from 2 MiB on it puts the slice on
// huge pages where the system has them (Linux, with transparent huge pages
// enabled or left to the program: "always" or "madvise" in
// /sys/kernel/mm/transparent_hugepage/enabled). Between processes of one host
// the kernel copies such memory two to three times faster, in C as in Go.
// Elsewhere, and when T holds pointers, it is an ordinary slice.
//
// The slice is garbage-collected as any other, takes up to 2 MiB more than its
// elements, and its capacity is n. What append makes of it is an ordinary slice.
//
// Called by any goroutine, also before Init.
func MakeSlice[T any](n int) []T {
	t := reflect.TypeFor[T]()
	size := int(t.Size())
	if size == 0 || n < hugePage/size || holdsPointers(t) {
		return make([]T, n)
	}
	all := unsafe.Pointer(unsafe.SliceData(make([]T, n+hugePage/size+1)))
	start := unsafe.Add(all, -uintptr(all)&(hugePage-1))
	adviseHuge(unsafe.Slice((*byte)(start), n*size))
	return unsafe.Slice((*T)(start), n)
}

func holdsPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return holdsPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	default:
		return t.Kind() > reflect.Complex128 || t.Kind() == reflect.Invalid
	}
}
