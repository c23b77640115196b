package datatype

import (
	"slices"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Externalize turns packed elements such as e from this machine's representation
// into external32, in which all numbers are big-endian, or back. Go's basic types
// have the same sizes in both. It is for package mpi.
func Externalize(op string, e *cgo.Elem, packed []byte) error {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 || len(packed) == 0 {
		return nil // this machine is big-endian
	}
	c := &Contents{Combiner: CombinerNamed, kind: e.Kind, size: e.Size}
	if e.Kind == cgo.Derived {
		var err error
		if c, err = contents(op, e.T); err != nil {
			return err
		}
	}
	for len(packed) > 0 {
		packed = c.reverse(packed)
	}
	return nil
}

// reverse reverses each number of the element that b begins with, and returns
// what follows it.
func (c *Contents) reverse(b []byte) []byte {
	elem, rest := b[:c.size], b[c.size:]
	switch {
	case len(elem) == 0 || c.Combiner == CombinerNamed && c.kind == cgo.Derived: // Byte
	case c.kind != cgo.Derived:
		for _, n := range numbers(c.kind) {
			slices.Reverse(elem[:n])
			elem = elem[n:]
		}
	case c.Combiner == CombinerStruct:
		for i, part := range c.Types {
			for range c.Blocklengths[i] {
				elem = part.reverse(elem)
			}
		}
	default: // so many of the same
		for len(elem) > 0 {
			elem = c.Types[0].reverse(elem)
		}
	}
	return rest
}

// numbers is the sizes of the numbers that an element of a predefined type
// consists of.
func numbers(k cgo.Kind) []int {
	switch k {
	case cgo.Complex64:
		return []int{4, 4}
	case cgo.Complex128:
		return []int{8, 8}
	case cgo.Int16Int:
		return []int{2, 4}
	case cgo.Int32Int, cgo.Float32Int:
		return []int{4, 4}
	case cgo.Int64Int, cgo.Float64Int:
		return []int{8, 4}
	}
	return []int{int(k.Size())}
}
