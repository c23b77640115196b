package mpi

import (
	"sync"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Partitioned communication: one message whose parts are handed to the library
// one by one, by the goroutines that make them, and looked at one by one by
// those that use them.

// partition is what a partitioned request knows of its parts.
type partition struct {
	n     int
	sends bool
	null  bool // nobody is there

	mu    sync.Mutex
	ready []bool // of a send, which parts have been handed over since Start
}

// PsendInit makes a persistent request that sends all elements of buf in
// partitions of equal length: len(buf) is a multiple of partitions. Once it is
// started, each part is sent when Pready, PreadyRange or PreadyList has named
// it, and must not be written from then on until the request is complete.
// Tag and communicator match it with one PrecvInit, in the order of the calls;
// there are no wildcards. Free it when done.
//
// Errors, from Start and Wait: ErrComm, ErrRank, ErrTag, ErrCount, and
// ErrUnsupported where the library has no MPI-4.
//
// Implements: MPI_Psend_init (MPI 4.1 §4.2.1)
func PsendInit[B Data](c *Comm, partitions int, buf B, dest, tag int) *Request {
	return c.partitioned("PsendInit", true, partitions, viewOf(buf), dest, tag)
}

// PrecvInit makes a persistent request that receives into buf what a PsendInit
// sends. buf has as many elements as that has, in partitions of equal length,
// of which there may be another number. Once it is started, Parrived says
// whether a part is there and may be read. Free it when done.
//
// Errors, from Start and Wait: ErrComm, ErrRank, ErrTag, ErrCount, and
// ErrUnsupported where the library has no MPI-4.
//
// Implements: MPI_Precv_init (MPI 4.1 §4.2.1)
func PrecvInit[B Data](c *Comm, partitions int, buf B, source, tag int) *Request {
	return c.partitioned("PrecvInit", false, partitions, viewOf(buf), source, tag)
}

func (c *Comm) partitioned(op string, sends bool, partitions int, v view, peer, tag int) *Request {
	name := "source"
	if sends {
		name = "dest"
	}
	if err := c.checkSend(op, name, "tag", peer, tag); err != nil {
		return failed(op, c.raise(err))
	}
	if err := v.check(op); err != nil {
		return failed(op, c.raise(err))
	}
	if partitions < 1 || partitions > maxInt32 {
		return failed(op, c.raise(argError(op, ErrArg, "partitions is %d, but must be at least 1 and fit 32 bits", partitions)))
	}
	if v.n%partitions != 0 {
		return failed(op, c.raise(argError(op, ErrCount, "len(buf) is %d, but must be a multiple of the %d partitions", v.n, partitions)))
	}
	r := &Request{op: op, size: v.bytes(), persistent: true, comm: c, parts: &partition{n: partitions, sends: sends, null: peer == ProcNull}}
	launch(r, v.ptr)
	var h cgo.Request
	var rc int
	if sends {
		r.parts.ready = make([]bool, partitions)
		h, rc = cgo.PsendInit(partitions, uintptr(v.ptr), v.n/partitions, v.e.T, peer, tag, c.h)
	} else {
		r.elem, r.null = v.size(), peer == ProcNull
		h, rc = cgo.PrecvInit(partitions, uintptr(v.ptr), v.n/partitions, v.e.T, peer, tag, c.h)
	}
	return r.made(h, rc)
}

// Pready hands one part of a started PsendInit over, from 0. May be called from
// any goroutine, by several at once, and once for each part and Start.
//
// Errors: ErrRequest, ErrArg.
//
// Implements: MPI_Pready (MPI 4.1 §4.2.1)
func (r *Request) Pready(partition int) error {
	return r.pready("Request.Pready", partition, partition)
}

// PreadyRange is Pready for the parts from low to high, both included.
//
// Implements: MPI_Pready_range (MPI 4.1 §4.2.1)
func (r *Request) PreadyRange(low, high int) error {
	return r.pready("Request.PreadyRange", low, high)
}

// PreadyList is Pready for the parts of a list.
//
// Implements: MPI_Pready_list (MPI 4.1 §4.2.1)
func (r *Request) PreadyList(partitions ...int) error {
	for _, p := range partitions {
		if err := r.pready("Request.PreadyList", p, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) pready(op string, low, high int) error {
	if err := r.checkPart(op, true, low, high); err != nil {
		return err
	}
	p := r.parts
	p.mu.Lock()
	if r.complete() {
		p.mu.Unlock()
		return argError(op, ErrRequest, "the request of %s has not been started", r.op)
	}
	for i := low; i <= high; i++ {
		if p.ready[i] {
			p.mu.Unlock()
			return argError(op, ErrArg, "partition %d has been handed over already", i)
		}
	}
	for i := low; i <= high; i++ {
		p.ready[i] = true
	}
	p.mu.Unlock()
	if p.null {
		return nil
	}
	_, gated := eng.enter()
	rc := cgo.PreadyRange(r.h, low, high)
	eng.leave(gated)
	if rc != 0 {
		return cgo.NewError(op, rc)
	}
	return nil
}

// Parrived reports whether one part of a started PrecvInit has arrived, from 0.
// It does not block. May be called from any goroutine, by several at once. When
// the request is complete or not started it reports true, as MPI says.
//
// Errors: ErrRequest, ErrArg.
//
// Implements: MPI_Parrived (MPI 4.1 §4.2.2)
func (r *Request) Parrived(partition int) (bool, error) {
	const op = "Request.Parrived"
	if err := r.checkPart(op, false, partition, partition); err != nil {
		return false, err
	}
	if r.complete() || r.parts.null {
		return true, nil
	}
	_, gated := eng.enter()
	arrived, rc := cgo.Parrived(r.h, partition)
	eng.leave(gated)
	if rc != 0 {
		return false, cgo.NewError(op, rc)
	}
	return arrived, nil
}

func (r *Request) checkPart(op string, sends bool, low, high int) error {
	switch {
	case r == nil:
		return argError(op, ErrRequest, "the request is nil")
	case r.parts == nil && r.err != nil:
		return r.err
	case r.parts == nil || r.parts.sends != sends:
		want := "PrecvInit"
		if sends {
			want = "PsendInit"
		}
		return argError(op, ErrRequest, "the request is of %s, but must be of %s", r.op, want)
	case low < 0 || high >= r.parts.n || low > high:
		if low != high {
			return argError(op, ErrArg, "partitions %d to %d, but the request has 0 to %d", low, high, r.parts.n-1)
		}
		return argError(op, ErrArg, "partition is %d, but the request has 0 to %d", low, r.parts.n-1)
	}
	return world.check(op)
}
