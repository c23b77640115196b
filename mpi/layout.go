package mpi

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"

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

// part is one share of a buffer that is divided evenly among n ranks or
// neighbours; noun says which.
func part(op, name string, v view, n int, noun string) (int, error) {
	if n == 0 && v.n == 0 {
		return 0, nil
	}
	if n == 0 || v.n%n != 0 {
		return 0, argError(op, ErrCount, "len(%s) is %d, but must be a multiple of the %d %s", name, v.n, n, noun)
	}
	return v.n / n, nil
}

// checkViews checks what every collective has.
func (c *Comm) checkViews(op string, s, r view) error {
	if c.usable() && s.e.Err == nil && r.e.Err == nil {
		return nil
	}
	if err := c.check(op); err != nil {
		return err
	}
	if err := s.check(op); err != nil {
		return err
	}
	return r.check(op)
}

func (c *Comm) checkRoot(op string, root int, s, r view) error {
	if c.usable() && s.e.Err == nil && r.e.Err == nil && uint(root) < uint(c.peers) {
		return nil
	}
	if err := c.checkViews(op, s, r); err != nil {
		return err
	}
	switch {
	case uint(root) < uint(c.peers):
		return nil
	case !c.inter:
		return argError(op, ErrRoot, "root is %d, but the communicator's ranks are 0 to %d", root, c.peers-1)
	case root == Root || root == ProcNull:
		return nil
	}
	return argError(op, ErrRoot, "root is %d, but must be Root or ProcNull in the root's group, and a rank from 0 to %d in the other", root, c.peers-1)
}

func (c *Comm) checkIntra(op string) error {
	if !c.inter {
		return nil
	}
	return argError(op, ErrComm, "the communicator is an intercommunicator, for which MPI does not define this call")
}

func (c *Comm) checkInPlace(op string, v view) error {
	if err := c.checkViews(op, v, v); err != nil {
		return err
	}
	return c.checkIntra(op)
}

func (c *Comm) checkRootInPlace(op string, root int, v view) error {
	if err := c.checkRoot(op, root, v, v); err != nil {
		return err
	}
	return c.checkIntra(op)
}

func (c *Comm) checkNeighbors(op string, s, r view) error {
	if err := c.checkViews(op, s, r); err != nil {
		return err
	}
	if c.topology != TopoNone {
		return nil
	}
	return argError(op, ErrTopology, "the communicator has no topology: make one by CreateCart, CreateGraph or CreateDistGraph")
}

// checkShares checks the counts of a ReduceScatter against the buffer that they
// divide.
func (c *Comm) checkShares(op, name string, v view, counts []int) error {
	if len(counts) != c.size {
		return argError(op, ErrCount, "counts has %d entries, but the communicator has %d ranks", len(counts), c.size)
	}
	all := 0
	for i, k := range counts {
		switch {
		case k < 0:
			return argError(op, ErrCount, "counts[%d] is %d, but cannot be negative", i, k)
		case k > v.n-all:
			return argError(op, ErrCount, "counts of ranks 0 to %d sum to more than len(%s), which is %d", i, name, v.n)
		case k > maxInt32 && !cgo.Large:
			return argError(op, ErrCount, "counts[%d] is %d, beyond the %d that this MPI library can name", i, k, maxInt32)
		}
		all += k
	}
	if all != v.n {
		return argError(op, ErrCount, "counts sum to %d, but len(%s) is %d", all, name, v.n)
	}
	return nil
}

// fillParts describes buffers to C.
func fillParts(op, name string, to *[]cgo.Part, bufs []Buffer, n int, noun string) error {
	if len(bufs) != n {
		return argError(op, ErrCount, "%s has %d buffers, but there are %d %s", name, len(bufs), n, noun)
	}
	*to = (*to)[:0]
	for i := range bufs {
		v := viewOf(bufs[i])
		if err := v.check(op); err != nil {
			return argError(op, ErrBuffer, "%s[%d]: %v", name, i, err)
		}
		if v.n > maxInt32 && !cgo.Large {
			return argError(op, ErrCount, "%s[%d] has %d elements, but this MPI library takes at most %d from a rank", name, i, v.n, maxInt32)
		}
		*to = append(*to, cgo.Part{Buf: uintptr(v.ptr), N: v.n, T: v.e.T})
	}
	return nil
}

var parts = sync.Pool{New: func() any { return new([]cgo.Part) }}

// keepAlive keeps the buffers, and has them on the heap: C knows their
// addresses while Go code, run by C, may move this goroutine's stack.
func keepAlive(bufs []Buffer) {
	for i := range bufs {
		if escape.never {
			escape.p = bufs[i].v.ptr
		}
	}
	runtime.KeepAlive(bufs)
}

var escape struct {
	never bool
	p     unsafe.Pointer
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
	if sFrom < rFrom+uintptr(r.span()) && rFrom < sFrom+uintptr(s.span()) {
		return argError(op, ErrBuffer, "send and recv share memory: use separate slices, or the call's in-place form")
	}
	return nil
}

func checkOp(op string, o op.Op, v view) error {
	if o.Accepts(v.e) {
		return nil
	}
	if o.Freed() {
		return argError(op, ErrOp, "the operation %v has been freed", o)
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
	if s.e.T != r.e.T {
		if err := checkSameType(op, "send", s, "recv", r); err != nil {
			return err
		}
	}
	return checkOverlap(op, s, r)
}

// checkSameType checks the two sides of a reduction: slices have one type, but
// Buffers may not.
func checkSameType(op, sname string, s view, rname string, r view) error {
	if s.n == 0 || s.e.T == r.e.T {
		return nil
	}
	return argError(op, ErrType, "%s and %s have elements of different types: %v and %v", sname, rname, s.e.Kind, r.e.Kind)
}

// checkVectorCount says whether the library's vector collectives take so many
// elements from one rank.
func checkVectorCount(op, name string, n int) error {
	if n > maxInt32 && !cgo.Large {
		return argError(op, ErrCount, "%s has %d elements, but the vector collectives of this MPI library take at most %d from a rank", name, n, maxInt32)
	}
	return nil
}

// side is the side of a vector collective that is divided by counts and
// displacements, and how to speak of it.
type side struct {
	name     string
	prefix   string // of the names of counts and displs
	noun     string // what there is an entry for
	disjoint bool   // whether parts must not share elements
}

var (
	gatherRecv     = side{"recv", "", "ranks", true}
	inPlaceGather  = side{"buf", "", "ranks", true}
	scatterSend    = side{"send", "", "ranks", false}
	inPlaceScatter = side{"buf", "", "ranks", false}
	alltoallSend   = side{"send", "send", "ranks", false}
	alltoallRecv   = side{"recv", "recv", "ranks", true}
	neighborGather = side{"recv", "", "neighbours it receives from", true}
	neighborSend   = side{"send", "send", "neighbours it sends to", false}
	neighborRecv   = side{"recv", "recv", "neighbours it receives from", true}
)

// check checks counts and displacements of n parts against the buffer that they
// divide. Without displacements it is packed, and C works them out.
func (s *side) check(op string, v view, counts, displs []int, n int) error {
	if len(counts) != n {
		return argError(op, ErrCount, "%scounts has %d entries, but the communicator has %d %s", s.prefix, len(counts), n, s.noun)
	}
	if displs == nil {
		return s.checkPacked(op, v.n, counts)
	}
	if len(displs) != n {
		return argError(op, ErrCount, "%sdispls has %d entries, but the communicator has %d %s", s.prefix, len(displs), n, s.noun)
	}
	if err := s.checkParts(op, v.n, counts, displs); err != nil {
		return err
	}
	// Elements with holes may lie in one another.
	if s.disjoint && v.e.Kind != cgo.Derived {
		if i, j, bad := overlapping(counts, displs); bad {
			return argError(op, ErrCount, "the parts of ranks %d and %d overlap in %s: %sdispls %d and %d, %scounts %d and %d",
				i, j, s.name, s.prefix, displs[i], displs[j], s.prefix, counts[i], counts[j])
		}
	}
	return nil
}

// checkPacked checks that parts one after the other lie in the n elements of the
// buffer.
func (s *side) checkPacked(op string, n int, counts []int) error {
	at := 0
	for i, k := range counts {
		switch {
		case k < 0:
			return s.negative(op, i, k)
		case k > n-at:
			return argError(op, ErrCount, "%scounts of ranks 0 to %d sum to %d or more, but len(%s) is %d", s.prefix, i, at+min(k, n+1), s.name, n)
		case !cgo.Large && k > 0 && max(k, at) > maxInt32:
			return s.tooFar(op, i, k, at)
		}
		at += k
	}
	return nil
}

// checkParts checks that each part lies in the n elements of the buffer.
func (s *side) checkParts(op string, n int, counts, displs []int) error {
	for i, k := range counts {
		d := displs[i]
		switch {
		case k < 0:
			return s.negative(op, i, k)
		case d < 0:
			return argError(op, ErrCount, "%sdispls[%d] is %d, but cannot be negative", s.prefix, i, d)
		case k == 0: // nowhere
		case k > n || d > n-k:
			return argError(op, ErrCount, "the part of rank %d, %d elements from %d, leaves %s, whose length is %d", i, k, d, s.name, n)
		case !cgo.Large && max(k, d) > maxInt32:
			return s.tooFar(op, i, k, d)
		}
	}
	return nil
}

func (s *side) negative(op string, i, k int) error {
	return argError(op, ErrCount, "%scounts[%d] is %d, but cannot be negative", s.prefix, i, k)
}

func (s *side) tooFar(op string, i, k, d int) error {
	return argError(op, ErrCount, "the part of rank %d, %d elements from %d, is beyond the %d that the vector collectives of this MPI library can name", i, k, d, maxInt32)
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
