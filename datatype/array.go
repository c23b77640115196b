package datatype

import (
	"math"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Order says how a multidimensional array lies in memory.
type Order int

// The orders (MPI 4.1 §5.1.3).
const (
	OrderC       Order = cgo.OrderC       // the last dimension is contiguous, as in Go
	OrderFortran Order = cgo.OrderFortran // the first dimension is contiguous
)

func (o Order) String() string {
	switch o {
	case OrderC:
		return "OrderC"
	case OrderFortran:
		return "OrderFortran"
	}
	return "unknown order"
}

// Distribution says how one dimension of an array is dealt out to the
// processes along that dimension of a grid.
type Distribution int

// The distributions (MPI 4.1 §5.1.4).
const (
	DistributeBlock  Distribution = cgo.DistributeBlock  // one block each
	DistributeCyclic Distribution = cgo.DistributeCyclic // blocks in turn
	DistributeNone   Distribution = cgo.DistributeNone   // not at all: each has the whole dimension
)

// DistributeDfltDarg lets the library choose the length of the blocks: as even
// as possible for DistributeBlock, 1 for DistributeCyclic.
const DistributeDfltDarg = cgo.DistributeDfltDarg

func (d Distribution) String() string {
	switch d {
	case DistributeBlock:
		return "DistributeBlock"
	case DistributeCyclic:
		return "DistributeCyclic"
	case DistributeNone:
		return "DistributeNone"
	}
	return "unknown distribution"
}

// dims checks what the descriptions of arrays have in common.
func (k *checks) dims(name string, sizes []int, order Order, t Datatype) {
	if len(sizes) == 0 {
		k.bad(cgo.ErrArg, "%s is empty, but an array has one dimension at least", name)
	}
	if order != OrderC && order != OrderFortran {
		k.bad(cgo.ErrArg, "order is %d, but must be OrderC or OrderFortran", order)
	}
	for i, n := range sizes {
		if n < 1 {
			k.bad(cgo.ErrArg, "%s[%d] is %d, but must be 1 at least", name, i, n)
		}
	}
	k.counts(name, sizes)
	k.blocks(1, times(sizes...), 0, t)
}

// Subarray is a part of an array of len(sizes) dimensions, of elements of type
// t: subsizes[i] indices of dimension i, from starts[i]. Its extent is that of
// the whole array.
//
// Errors: ErrState, ErrType, ErrCount, and ErrArg for a part that is empty or
// not within the array. May be called from any goroutine.
//
// Implements: MPI_Type_create_subarray (MPI 4.1 §5.1.3)
func Subarray(sizes, subsizes, starts []int, order Order, t Datatype) (Datatype, error) {
	k := begin("datatype.Subarray", t)
	k.equal("subsizes", len(subsizes), "sizes", len(sizes))
	k.equal("starts", len(starts), "sizes", len(sizes))
	k.dims("sizes", sizes, order, t)
	for i, n := range sizes {
		if k.err != nil {
			break
		}
		if subsizes[i] < 1 || subsizes[i] > n {
			k.bad(cgo.ErrArg, "subsizes[%d] is %d, but must be from 1 to sizes[%d], which is %d", i, subsizes[i], i, n)
		} else if starts[i] < 0 || starts[i] > n-subsizes[i] {
			k.bad(cgo.ErrArg, "starts[%d] is %d, but must be from 0 to %d: sizes[%d] is %d and subsizes[%d] is %d",
				i, starts[i], n-subsizes[i], i, n, i, subsizes[i])
		}
	}
	return k.made(func() (cgo.Datatype, error) {
		return cgo.TypeSubarray(k.op, sizes, subsizes, starts, int(order), t.d.e.T)
	})
}

// Darray is the share of one process of an array that is distributed over a
// grid of size processes. The array has len(gsizes) dimensions of gsizes[i]
// elements of type t. Dimension i is dealt out by distribs[i] to psizes[i]
// processes, in blocks of dargs[i] elements (or DistributeDfltDarg). The grid's
// processes are numbered in row-major order, whatever the order of the array,
// and rank is the number of the one whose share it is. The extent is that of
// the whole array.
//
// Errors: ErrState, ErrType, ErrCount, and ErrArg for a grid that does not have
// size processes or cannot hold the array. May be called from any goroutine.
//
// Implements: MPI_Type_create_darray (MPI 4.1 §5.1.4)
func Darray(size, rank int, gsizes []int, distribs []Distribution, dargs, psizes []int, order Order, t Datatype) (Datatype, error) {
	k := begin("datatype.Darray", t)
	if size < 1 || size > math.MaxInt32 {
		k.bad(cgo.ErrArg, "size is %d, but must be from 1 to %d", size, math.MaxInt32)
	}
	if rank < 0 || rank >= size {
		k.bad(cgo.ErrRank, "rank is %d, but must be from 0 to %d", rank, size-1)
	}
	k.equal("distribs", len(distribs), "gsizes", len(gsizes))
	k.equal("dargs", len(dargs), "gsizes", len(gsizes))
	k.equal("psizes", len(psizes), "gsizes", len(gsizes))
	k.dims("gsizes", gsizes, order, t)
	kinds := make([]int, len(distribs))
	for i := range gsizes {
		if k.err != nil {
			break
		}
		kinds[i] = int(distribs[i])
		k.distribution(i, gsizes[i], distribs[i], dargs[i], psizes[i])
	}
	if p := times(psizes...); k.err == nil && p != size {
		k.bad(cgo.ErrArg, "psizes %v make a grid of %d processes, but size is %d", psizes, p, size)
	}
	return k.made(func() (cgo.Datatype, error) {
		return cgo.TypeDarray(k.op, size, rank, gsizes, kinds, dargs, psizes, int(order), t.d.e.T)
	})
}

func (k *checks) distribution(i, gsize int, d Distribution, darg, psize int) {
	switch {
	case psize < 1:
		k.bad(cgo.ErrArg, "psizes[%d] is %d, but must be 1 at least", i, psize)
	case darg < 0 && darg != DistributeDfltDarg || darg > math.MaxInt32:
		k.bad(cgo.ErrArg, "dargs[%d] is %d, but must be from 1 to %d, or DistributeDfltDarg", i, darg, math.MaxInt32)
	case d == DistributeNone && psize != 1:
		k.bad(cgo.ErrArg, "psizes[%d] is %d, but must be 1, because distribs[%d] is %v", i, psize, i, d)
	case d == DistributeBlock && darg != DistributeDfltDarg && times(darg, psize) < gsize:
		k.bad(cgo.ErrArg, "dargs[%d] is %d and psizes[%d] is %d, but %d blocks of %d do not hold gsizes[%d], which is %d",
			i, darg, i, psize, psize, darg, i, gsize)
	case d != DistributeNone && d != DistributeBlock && d != DistributeCyclic:
		k.bad(cgo.ErrArg, "distribs[%d] is %d, which is no distribution", i, d)
	}
}
