package mpi

import (
	"slices"
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// The checks of the collectives' buffers, counts and displacements: all of
// them before C is entered, none with an allocation unless it fails.

// Partition splits n elements over parts as evenly as possible: the first
// n%parts parts get one more than the rest. It returns what Scatterv and
// Gatherv take: how many elements each part has, and where it begins.
//
// It panics if n is negative or parts is not positive.
func Partition(n, parts int) (counts, displs []int) {
	if n < 0 || parts <= 0 {
		panic(argError("Partition", ErrArg, "cannot split %d elements into %d parts", n, parts).Error())
	}
	counts, displs = make([]int, parts), make([]int, parts)
	each, more := n/parts, n%parts
	at := 0
	for i := range counts {
		counts[i] = each
		if i < more {
			counts[i]++
		}
		displs[i] = at
		at += counts[i]
	}
	return counts, displs
}

// part is one rank's share of a buffer that holds Size equal parts.
func (c *Comm) part(op string, v view) (int, error) {
	if v.n%c.size != 0 {
		return 0, argError(op, ErrCount, "len(buf) is %d, but must be a multiple of the %d ranks", v.n, c.size)
	}
	return v.n / c.size, nil
}

// checkAll checks a receive buffer for one part of s from every rank.
func (c *Comm) checkAll(op string, s, r view) error {
	if r.n/c.size < s.n {
		return argError(op, ErrCount, "len(recv) is %d, but must be at least %d: the %d ranks times len(send), which is %d", r.n, c.size*s.n, c.size, s.n)
	}
	r.n = c.size * s.n
	return checkOverlap(op, s, r)
}

// checkOverlap refuses buffers that share memory, which MPI forbids and which
// gives wrong results without a word.
func checkOverlap(op string, s, r view) error {
	if s.n == 0 || r.n == 0 || s.e.Kind == cgo.Derived || r.e.Kind == cgo.Derived {
		return nil // layouts with holes may lie in one another
	}
	// As integers: a pointer to the end of a slice may not exist in Go.
	sFrom, rFrom := uintptr(s.ptr), uintptr(r.ptr)
	if sFrom < rFrom+uintptr(r.n*r.size()) && rFrom < sFrom+uintptr(s.n*s.size()) {
		return argError(op, ErrBuffer, "send and recv share memory: use separate slices, or the call's in-place form")
	}
	return nil
}

func checkOp(op string, o op.Op, v view) error {
	if o.Defined(v.e.Kind) {
		return nil
	}
	if o.Handle() == 0 {
		return argError(op, ErrOp, "no reduction operation given")
	}
	return argError(op, ErrOp, "MPI does not define %v for elements of type %v", o, v.e.Kind)
}

func checkReduce(op string, s, r view) error {
	if r.n < s.n {
		return argError(op, ErrCount, "len(recv) is %d, but must be at least len(send), which is %d", r.n, s.n)
	}
	r.n = s.n
	return checkOverlap(op, s, r)
}

// checkVectorCount says whether the library's vector collectives take so many
// elements from one rank.
func checkVectorCount(op, name string, n int) error {
	if n > maxInt32 && !cgo.Large {
		return argError(op, ErrCount, "%s has %d elements, but the vector collectives of this MPI library take at most %d from a rank", name, n, maxInt32)
	}
	return nil
}

// layout is the checked displacements of a vector collective.
type layout struct {
	displs []int
	pooled *[]int
}

func (l layout) done() {
	if l.pooled != nil {
		scratch.Put(l.pooled)
	}
}

var scratch = sync.Pool{New: func() any { return new([]int) }}

// Whether the parts of a buffer may share elements.
const (
	anywhere = false
	disjoint = true
)

// layoutOf checks counts and displacements against the buffer they divide, and
// works out the displacements of a packed one. done gives them back.
func (c *Comm) layoutOf(op, name string, v view, counts, displs []int, disjoint bool) (layout, error) {
	prefix := ""
	if op == "Alltoallv" {
		prefix = name
	}
	if len(counts) != c.peers {
		return layout{}, argError(op, ErrCount, "%scounts has %d entries, but the communicator has %d ranks", prefix, len(counts), c.peers)
	}
	if displs != nil && len(displs) != c.peers {
		return layout{}, argError(op, ErrCount, "%sdispls has %d entries, but the communicator has %d ranks", prefix, len(displs), c.peers)
	}
	var l layout
	if l.displs = displs; displs == nil {
		l.pooled = scratch.Get().(*[]int)
		*l.pooled = slices.Grow((*l.pooled)[:0], c.peers)[:c.peers]
		l.displs = *l.pooled
	}
	if err := checkParts(op, name, prefix, v.n, counts, l.displs, displs == nil); err != nil {
		l.done()
		return layout{}, err
	}
	if displs != nil && disjoint {
		if i, j, bad := overlapping(counts, displs); bad {
			return layout{}, argError(op, ErrCount, "the parts of ranks %d and %d overlap in %s: %sdispls %d and %d, %scounts %d and %d",
				i, j, name, prefix, displs[i], displs[j], prefix, counts[i], counts[j])
		}
	}
	return l, nil
}

// checkParts checks that each part lies in the n elements of the buffer; with
// packed set it fills in displs as it goes.
func checkParts(op, name, prefix string, n int, counts, displs []int, packed bool) error {
	at := 0
	for i, k := range counts {
		if k < 0 {
			return argError(op, ErrCount, "%scounts[%d] is %d, but cannot be negative", prefix, i, k)
		}
		if packed {
			displs[i] = at
		}
		d := displs[i]
		if d < 0 {
			return argError(op, ErrCount, "%sdispls[%d] is %d, but cannot be negative", prefix, i, d)
		}
		if k > n || d > n-k {
			if k == 0 {
				continue // a part of no elements is nowhere
			}
			if packed {
				return argError(op, ErrCount, "%scounts of ranks 0 to %d sum to %d or more, but len(%s) is %d", prefix, i, d+min(k, n+1), name, n)
			}
			return argError(op, ErrCount, "the part of rank %d, %d elements from %d, leaves %s, whose length is %d", i, k, d, name, n)
		}
		if !cgo.Large && (k > maxInt32 || d > maxInt32) {
			return argError(op, ErrCount, "the part of rank %d, %d elements from %d, is beyond the %d that the vector collectives of this MPI library can name", i, k, d, maxInt32)
		}
		at += k
	}
	return nil
}

// overlapping finds two parts that share an element. Parts in ascending order,
// the usual case, need no memory.
func overlapping(counts, displs []int) (i, j int, bad bool) {
	end := 0
	for k, n := range counts {
		if n == 0 {
			continue
		}
		if displs[k] < end {
			return overlappingUnordered(counts, displs)
		}
		end = displs[k] + n
	}
	return 0, 0, false
}

func overlappingUnordered(counts, displs []int) (i, j int, bad bool) {
	order := make([]int, 0, len(counts))
	for k, n := range counts {
		if n > 0 {
			order = append(order, k)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return displs[a] - displs[b] })
	for k := 1; k < len(order); k++ {
		if a, b := order[k-1], order[k]; displs[a]+counts[a] > displs[b] {
			return a, b, true
		}
	}
	return 0, 0, false
}
