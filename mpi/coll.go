package mpi

import (
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// Barrier waits until all ranks of c have called it. Collective over c.
//
// Implements: MPI_Barrier (MPI 4.1 §6.3)
func (c *Comm) Barrier() error {
	if err := c.check("Barrier"); err != nil {
		return err
	}
	return cgo.Barrier(c.h)
}

// Bcast sends all elements of buf on the rank root into buf on all others.
// buf has the same length everywhere. Collective over c.
//
// Errors: ErrComm, ErrRoot, ErrTruncate where the library notices a short buf.
//
// Implements: MPI_Bcast (MPI 4.1 §6.4)
func Bcast[B Data](c *Comm, buf B, root int) error {
	const op = "Bcast"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	return cgo.Bcast(op, uintptr(v.ptr), v.n, v.e.T, root, c.h)
}

// Gather collects the ranks' send slices, all of the same length, in recv on
// the rank root, in rank order. On root len(recv) is at least Size*len(send);
// elsewhere recv is ignored and may be nil. Collective over c.
//
// Errors: ErrComm, ErrRoot, ErrCount, ErrBuffer.
//
// Implements: MPI_Gather (MPI 4.1 §6.5)
func Gather[B Data](c *Comm, send, recv B, root int) error {
	const op = "Gather"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if c.rank == root {
		if err := c.checkAll(op, s, r); err != nil {
			return err
		}
	}
	return cgo.Gather(op, 0, uintptr(s.ptr), s.n, s.e.T, uintptr(r.ptr), s.n, r.e.T, root, c.h)
}

// GatherInPlace is Gather with one buffer: on root buf holds all parts, root's
// own already in its place, and len(buf) is a multiple of Size; elsewhere buf
// is the part to send. Collective over c.
//
// Implements: MPI_Gather with MPI_IN_PLACE (MPI 4.1 §6.5)
func GatherInPlace[B Data](c *Comm, buf B, root int) error {
	const op = "GatherInPlace"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	if c.rank != root {
		return cgo.Gather(op, 0, uintptr(v.ptr), v.n, v.e.T, 0, 0, v.e.T, root, c.h)
	}
	n, err := c.part(op, v)
	if err != nil {
		return err
	}
	return cgo.Gather(op, cgo.InPlace, 0, 0, v.e.T, uintptr(v.ptr), n, v.e.T, root, c.h)
}

// Gatherv is Gather for parts of different length: on root the part of rank i,
// counts[i] elements, goes to recv[displs[i]:]. Nil displs mean packed, one
// after the other. counts and displs have Size entries, in elements, and their
// parts lie in recv and do not overlap. Elsewhere than on root recv, counts
// and displs are ignored and may be nil. Collective over c.
//
// Errors: ErrComm, ErrRoot, ErrCount, ErrBuffer.
//
// Implements: MPI_Gatherv (MPI 4.1 §6.5)
func Gatherv[B Data](c *Comm, send, recv B, counts, displs []int, root int) error {
	const op = "Gatherv"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if c.rank != root {
		if err := checkVectorCount(op, "send", s.n); err != nil {
			return err
		}
		return cgo.Gatherv(op, 0, uintptr(s.ptr), s.n, s.e.T, 0, 0, 0, 0, s.e.T, root, c.h)
	}
	l, err := c.layoutOf(op, "recv", r, counts, displs, disjoint)
	if err != nil {
		return err
	}
	defer l.done()
	if counts[root] != s.n {
		return argError(op, ErrCount, "counts[%d] is %d, but root's own send has %d elements", root, counts[root], s.n)
	}
	if err := checkOverlap(op, s, r); err != nil {
		return err
	}
	return cgo.Gatherv(op, 0, uintptr(s.ptr), s.n, s.e.T, uintptr(r.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, r.e.T, root, c.h)
}

// GathervInPlace is Gatherv with one buffer: on root buf holds all parts,
// root's own already in its place; elsewhere buf is the part to send.
// Collective over c.
//
// Implements: MPI_Gatherv with MPI_IN_PLACE (MPI 4.1 §6.5)
func GathervInPlace[B Data](c *Comm, buf B, counts, displs []int, root int) error {
	const op = "GathervInPlace"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	if c.rank != root {
		if err := checkVectorCount(op, "buf", v.n); err != nil {
			return err
		}
		return cgo.Gatherv(op, 0, uintptr(v.ptr), v.n, v.e.T, 0, 0, 0, 0, v.e.T, root, c.h)
	}
	l, err := c.layoutOf(op, "buf", v, counts, displs, disjoint)
	if err != nil {
		return err
	}
	defer l.done()
	return cgo.Gatherv(op, cgo.InPlace, 0, 0, v.e.T, uintptr(v.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, v.e.T, root, c.h)
}

// Scatter sends the parts of send on the rank root, Size parts of len(recv)
// elements each, to the ranks' recv, in rank order. recv has the same length
// everywhere, and on root len(send) is Size times that; elsewhere send is
// ignored and may be nil. Collective over c.
//
// Errors: ErrComm, ErrRoot, ErrCount, ErrBuffer.
//
// Implements: MPI_Scatter (MPI 4.1 §6.6)
func Scatter[B Data](c *Comm, send, recv B, root int) error {
	const op = "Scatter"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if c.rank == root {
		if s.n%c.size != 0 || s.n/c.size != r.n {
			return argError(op, ErrCount, "len(send) is %d on root, but must be %d: the %d ranks times len(recv), which is %d", s.n, c.size*r.n, c.size, r.n)
		}
		if err := checkOverlap(op, s, r); err != nil {
			return err
		}
	}
	return cgo.Scatter(op, 0, uintptr(s.ptr), r.n, s.e.T, uintptr(r.ptr), r.n, r.e.T, root, c.h)
}

// ScatterInPlace is Scatter with one buffer: on root buf holds all parts and
// keeps root's own where it is, and len(buf) is a multiple of Size; elsewhere
// buf receives the part. Collective over c.
//
// Implements: MPI_Scatter with MPI_IN_PLACE (MPI 4.1 §6.6)
func ScatterInPlace[B Data](c *Comm, buf B, root int) error {
	const op = "ScatterInPlace"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	if c.rank != root {
		return cgo.Scatter(op, 0, 0, 0, v.e.T, uintptr(v.ptr), v.n, v.e.T, root, c.h)
	}
	n, err := c.part(op, v)
	if err != nil {
		return err
	}
	return cgo.Scatter(op, cgo.InPlace, uintptr(v.ptr), n, v.e.T, 0, 0, v.e.T, root, c.h)
}

// Scatterv is Scatter for parts of different length: rank i receives the
// counts[i] elements of send[displs[i]:] on root, and its recv has just that
// length. Nil displs mean packed, one after the other. counts and displs have
// Size entries, in elements, and their parts lie in send. Elsewhere than on
// root send, counts and displs are ignored and may be nil. Collective over c.
//
// Errors: ErrComm, ErrRoot, ErrCount, ErrBuffer, ErrTruncate.
//
// Implements: MPI_Scatterv (MPI 4.1 §6.6)
func Scatterv[B Data](c *Comm, send B, counts, displs []int, recv B, root int) error {
	const op = "Scatterv"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if err := checkVectorCount(op, "recv", r.n); err != nil {
		return err
	}
	if c.rank != root {
		return cgo.Scatterv(op, 0, 0, 0, 0, 0, r.e.T, uintptr(r.ptr), r.n, r.e.T, root, c.h)
	}
	l, err := c.layoutOf(op, "send", s, counts, displs, anywhere)
	if err != nil {
		return err
	}
	defer l.done()
	if counts[root] != r.n {
		return argError(op, ErrCount, "counts[%d] is %d, but root's own recv has %d elements", root, counts[root], r.n)
	}
	if err := checkOverlap(op, s, r); err != nil {
		return err
	}
	return cgo.Scatterv(op, 0, uintptr(s.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, s.e.T, uintptr(r.ptr), r.n, r.e.T, root, c.h)
}

// ScattervInPlace is Scatterv with one buffer: on root buf holds all parts and
// keeps root's own where it is; elsewhere buf receives the part. Collective
// over c.
//
// Implements: MPI_Scatterv with MPI_IN_PLACE (MPI 4.1 §6.6)
func ScattervInPlace[B Data](c *Comm, buf B, counts, displs []int, root int) error {
	const op = "ScattervInPlace"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	if c.rank != root {
		if err := checkVectorCount(op, "buf", v.n); err != nil {
			return err
		}
		return cgo.Scatterv(op, 0, 0, 0, 0, 0, v.e.T, uintptr(v.ptr), v.n, v.e.T, root, c.h)
	}
	l, err := c.layoutOf(op, "buf", v, counts, displs, anywhere)
	if err != nil {
		return err
	}
	defer l.done()
	return cgo.Scatterv(op, cgo.InPlace, uintptr(v.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, v.e.T, 0, 0, v.e.T, root, c.h)
}

// Allgather is Gather to every rank: len(recv) is at least Size*len(send) on
// all of them. Collective over c.
//
// Errors: ErrComm, ErrCount, ErrBuffer.
//
// Implements: MPI_Allgather (MPI 4.1 §6.7)
func Allgather[B Data](c *Comm, send, recv B) error {
	const op = "Allgather"
	if err := c.check(op); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if err := c.checkAll(op, s, r); err != nil {
		return err
	}
	return cgo.Allgather(op, 0, uintptr(s.ptr), s.n, s.e.T, uintptr(r.ptr), s.n, r.e.T, c.h)
}

// AllgatherInPlace is Allgather with one buffer of Size equal parts, this
// rank's own already in its place. Collective over c.
//
// Implements: MPI_Allgather with MPI_IN_PLACE (MPI 4.1 §6.7)
func AllgatherInPlace[B Data](c *Comm, buf B) error {
	const op = "AllgatherInPlace"
	if err := c.check(op); err != nil {
		return err
	}
	v := viewOf(buf)
	n, err := c.part(op, v)
	if err != nil {
		return err
	}
	return cgo.Allgather(op, cgo.InPlace, 0, 0, v.e.T, uintptr(v.ptr), n, v.e.T, c.h)
}

// Allgatherv is Gatherv to every rank; counts and displs are the same on all
// of them. Collective over c.
//
// Errors: ErrComm, ErrCount, ErrBuffer.
//
// Implements: MPI_Allgatherv (MPI 4.1 §6.7)
func Allgatherv[B Data](c *Comm, send, recv B, counts, displs []int) error {
	const op = "Allgatherv"
	if err := c.check(op); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	l, err := c.layoutOf(op, "recv", r, counts, displs, disjoint)
	if err != nil {
		return err
	}
	defer l.done()
	if counts[c.rank] != s.n {
		return argError(op, ErrCount, "counts[%d] is %d, but this rank's send has %d elements", c.rank, counts[c.rank], s.n)
	}
	if err := checkOverlap(op, s, r); err != nil {
		return err
	}
	return cgo.Allgatherv(op, 0, uintptr(s.ptr), s.n, s.e.T, uintptr(r.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, r.e.T, c.h)
}

// AllgathervInPlace is Allgatherv with one buffer, this rank's part already in
// its place. Collective over c.
//
// Implements: MPI_Allgatherv with MPI_IN_PLACE (MPI 4.1 §6.7)
func AllgathervInPlace[B Data](c *Comm, buf B, counts, displs []int) error {
	const op = "AllgathervInPlace"
	if err := c.check(op); err != nil {
		return err
	}
	v := viewOf(buf)
	l, err := c.layoutOf(op, "buf", v, counts, displs, disjoint)
	if err != nil {
		return err
	}
	defer l.done()
	return cgo.Allgatherv(op, cgo.InPlace, 0, 0, v.e.T, uintptr(v.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), c.size, v.e.T, c.h)
}

// Alltoall sends part i of send to rank i, whose part of recv for this rank it
// fills: len(send) is a multiple of Size, the same on all ranks, and len(recv)
// is at least that. Collective over c.
//
// Errors: ErrComm, ErrCount, ErrBuffer.
//
// Implements: MPI_Alltoall (MPI 4.1 §6.8)
func Alltoall[B Data](c *Comm, send, recv B) error {
	const op = "Alltoall"
	if err := c.check(op); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if s.n%c.size != 0 {
		return argError(op, ErrCount, "len(send) is %d, but must be a multiple of the %d ranks", s.n, c.size)
	}
	if r.n < s.n {
		return argError(op, ErrCount, "len(recv) is %d, but must be at least len(send), which is %d", r.n, s.n)
	}
	if err := checkOverlap(op, s, r); err != nil {
		return err
	}
	n := s.n / c.size
	return cgo.Alltoall(op, 0, uintptr(s.ptr), n, s.e.T, uintptr(r.ptr), n, r.e.T, c.h)
}

// AlltoallInPlace is Alltoall with one buffer, whose parts are sent and
// replaced. Collective over c.
//
// Implements: MPI_Alltoall with MPI_IN_PLACE (MPI 4.1 §6.8)
func AlltoallInPlace[B Data](c *Comm, buf B) error {
	const op = "AlltoallInPlace"
	if err := c.check(op); err != nil {
		return err
	}
	v := viewOf(buf)
	n, err := c.part(op, v)
	if err != nil {
		return err
	}
	return cgo.Alltoall(op, cgo.InPlace, 0, 0, v.e.T, uintptr(v.ptr), n, v.e.T, c.h)
}

// Alltoallv is Alltoall for parts of different length: rank i is sent the
// sendcounts[i] elements of send[senddispls[i]:], and recvcounts[i] elements
// from it go to recv[recvdispls[i]:]. Nil displacements mean packed, one part
// after the other. All four have Size entries, in elements; their parts lie in
// the buffers, and those of recv do not overlap. Collective over c.
//
// Errors: ErrComm, ErrCount, ErrBuffer, ErrTruncate.
//
// Implements: MPI_Alltoallv (MPI 4.1 §6.8)
func Alltoallv[B Data](c *Comm, send B, sendcounts, senddispls []int, recv B, recvcounts, recvdispls []int) error {
	const op = "Alltoallv"
	if err := c.check(op); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	sl, err := c.layoutOf(op, "send", s, sendcounts, senddispls, anywhere)
	if err != nil {
		return err
	}
	defer sl.done()
	rl, err := c.layoutOf(op, "recv", r, recvcounts, recvdispls, disjoint)
	if err != nil {
		return err
	}
	defer rl.done()
	if me := c.rank; sendcounts[me] != recvcounts[me] {
		return argError(op, ErrCount, "sendcounts[%d] is %d and recvcounts[%d] is %d, but what this rank sends itself it must receive", me, sendcounts[me], me, recvcounts[me])
	}
	if err := checkOverlap(op, s, r); err != nil {
		return err
	}
	return cgo.Alltoallv(op, 0, uintptr(s.ptr), uintptr(addr(sendcounts)), uintptr(addr(sl.displs)), s.e.T,
		uintptr(r.ptr), uintptr(addr(recvcounts)), uintptr(addr(rl.displs)), r.e.T, c.size, c.h)
}

// AlltoallvInPlace is Alltoallv with one buffer, whose parts are sent and
// replaced: counts[j] on rank i equals counts[i] on rank j. Collective over c.
//
// Implements: MPI_Alltoallv with MPI_IN_PLACE (MPI 4.1 §6.8)
func AlltoallvInPlace[B Data](c *Comm, buf B, counts, displs []int) error {
	const op = "AlltoallvInPlace"
	if err := c.check(op); err != nil {
		return err
	}
	v := viewOf(buf)
	l, err := c.layoutOf(op, "buf", v, counts, displs, disjoint)
	if err != nil {
		return err
	}
	defer l.done()
	return cgo.Alltoallv(op, cgo.InPlace, 0, 0, 0, v.e.T,
		uintptr(v.ptr), uintptr(addr(counts)), uintptr(addr(l.displs)), v.e.T, c.size, c.h)
}

// Reduce combines the ranks' send slices, all of the same length, element by
// element with the operation o, in recv on the rank root. On root len(recv) is
// at least len(send); elsewhere recv is ignored and may be nil. Collective
// over c.
//
// Errors: ErrComm, ErrRoot, ErrOp (o is not defined for the element type),
// ErrCount, ErrBuffer.
//
// Implements: MPI_Reduce (MPI 4.1 §6.9.1)
func Reduce[B Data](c *Comm, send, recv B, o op.Op, root int) error {
	const op = "Reduce"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	s, r := viewOf(send), viewOf(recv)
	if err := checkOp(op, o, s); err != nil {
		return err
	}
	if c.rank == root {
		if err := checkReduce(op, s, r); err != nil {
			return err
		}
	}
	return cgo.Reduce(op, 0, uintptr(s.ptr), uintptr(r.ptr), s.n, s.e.T, o.Handle(), root, c.h)
}

// ReduceInPlace is Reduce with one buffer: root's own contribution is in buf,
// which receives the result; elsewhere buf is the contribution. Collective
// over c.
//
// Implements: MPI_Reduce with MPI_IN_PLACE (MPI 4.1 §6.9.1)
func ReduceInPlace[B Data](c *Comm, buf B, o op.Op, root int) error {
	const op = "ReduceInPlace"
	if err := c.checkRoot(op, root); err != nil {
		return err
	}
	v := viewOf(buf)
	if err := checkOp(op, o, v); err != nil {
		return err
	}
	if c.rank != root {
		return cgo.Reduce(op, 0, uintptr(v.ptr), 0, v.n, v.e.T, o.Handle(), root, c.h)
	}
	return cgo.Reduce(op, cgo.InPlace, 0, uintptr(v.ptr), v.n, v.e.T, o.Handle(), root, c.h)
}

// Allreduce is Reduce to every rank: len(recv) is at least len(send) on all of
// them. Collective over c.
//
// Errors: ErrComm, ErrOp, ErrCount, ErrBuffer.
//
// Implements: MPI_Allreduce (MPI 4.1 §6.9.6)
func Allreduce[B Data](c *Comm, send, recv B, o op.Op) error {
	return c.allranks("Allreduce", cgo.Allreduce, viewOf(send), viewOf(recv), o)
}

// AllreduceInPlace is Allreduce with one buffer: it holds this rank's
// contribution and receives the result. Collective over c.
//
// Implements: MPI_Allreduce with MPI_IN_PLACE (MPI 4.1 §6.9.6)
func AllreduceInPlace[B Data](c *Comm, buf B, o op.Op) error {
	return c.allranksInPlace("AllreduceInPlace", cgo.Allreduce, viewOf(buf), o)
}

// Scan combines the send slices of the ranks from 0 up to and including this
// one, element by element, in recv, whose length is at least len(send).
// Collective over c.
//
// Errors: ErrComm, ErrOp, ErrCount, ErrBuffer.
//
// Implements: MPI_Scan (MPI 4.1 §6.11.1)
func Scan[B Data](c *Comm, send, recv B, o op.Op) error {
	return c.allranks("Scan", cgo.Scan, viewOf(send), viewOf(recv), o)
}

// ScanInPlace is Scan with one buffer: it holds this rank's contribution and
// receives the result. Collective over c.
//
// Implements: MPI_Scan with MPI_IN_PLACE (MPI 4.1 §6.11.1)
func ScanInPlace[B Data](c *Comm, buf B, o op.Op) error {
	return c.allranksInPlace("ScanInPlace", cgo.Scan, viewOf(buf), o)
}

// Exscan combines the send slices of the ranks below this one, element by
// element, in recv, whose length is at least len(send). On rank 0 recv is left
// as it is. Collective over c.
//
// Errors: ErrComm, ErrOp, ErrCount, ErrBuffer.
//
// Implements: MPI_Exscan (MPI 4.1 §6.11.2)
func Exscan[B Data](c *Comm, send, recv B, o op.Op) error {
	return c.allranks("Exscan", cgo.Exscan, viewOf(send), viewOf(recv), o)
}

// ExscanInPlace is Exscan with one buffer: it holds this rank's contribution
// and receives the result, except on rank 0, where its contents are undefined
// afterwards. Collective over c.
//
// Implements: MPI_Exscan with MPI_IN_PLACE (MPI 4.1 §6.11.2)
func ExscanInPlace[B Data](c *Comm, buf B, o op.Op) error {
	return c.allranksInPlace("ExscanInPlace", cgo.Exscan, viewOf(buf), o)
}

func (c *Comm) allranks(op string, which cgo.Reduction, s, r view, o op.Op) error {
	if err := c.check(op); err != nil {
		return err
	}
	if err := checkOp(op, o, s); err != nil {
		return err
	}
	if err := checkReduce(op, s, r); err != nil {
		return err
	}
	return cgo.ReduceAll(op, which, 0, uintptr(s.ptr), uintptr(r.ptr), s.n, s.e.T, o.Handle(), c.h)
}

func (c *Comm) allranksInPlace(op string, which cgo.Reduction, v view, o op.Op) error {
	if err := c.check(op); err != nil {
		return err
	}
	if err := checkOp(op, o, v); err != nil {
		return err
	}
	return cgo.ReduceAll(op, which, cgo.InPlace, 0, uintptr(v.ptr), v.n, v.e.T, o.Handle(), c.h)
}
