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
	null  bool        // nobody is there
	idle  cgo.Request // of a send to nobody, what PsendInit made; see begin

	// Of a send, which parts have been handed over since Start, and how many
	// have not.
	mu    sync.Mutex
	ready []bool
	left  int
}

// PsendInit makes a persistent request that sends all elements of buf in
// partitions of equal length: len(buf) is a multiple of partitions. Once it is
// started, each part is sent when Pready, PreadyRange or PreadyList has named
// it, and must not be written from then on until the request is complete. That
// it is when all parts have been handed over and sent; to ProcNull, too.
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
// whether a part is there and may be read. The library finds out whether buf has
// the sender's length: if not, Wait returns an error, and nothing is written
// behind buf. Free it when done.
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
	p := &partition{n: partitions, sends: sends, null: peer == ProcNull}
	r := &Request{op: op, persistent: true, comm: c, parts: p, peer: int32(peer), tag: int32(tag), data: v.e}
	if !p.null {
		r.size = v.bytes()
	}
	launch(r, v.ptr)
	var h cgo.Request
	var rc int
	if sends {
		p.ready = make([]bool, partitions)
		h, rc = cgo.PsendInit(partitions, uintptr(v.ptr), v.n/partitions, v.e.T, peer, tag, c.h)
	} else {
		r.elem, r.null = v.size(), p.null
		h, rc = cgo.PrecvInit(partitions, uintptr(v.ptr), v.n/partitions, v.e.T, peer, tag, c.h)
	}
	p.idle = h
	return r.made(h, rc)
}

// nobody reports whether r sends parts to ProcNull.
func (r *Request) nobody() bool { return r.parts != nil && r.parts.sends && r.parts.null }

// begin has the library start an armed request.
//
// A send of parts to ProcNull is a generalised request of its own in each round,
// and complete when all parts have been handed over. The library would complete
// it at once: then Wait would no longer wait for the goroutines that make the
// parts, at the edge of a grid only, and their Pready would come too late.
func (r *Request) begin() int {
	if !r.nobody() {
		return cgo.Start(r.h)
	}
	h, rc := cgo.GrequestStart(noGeneral)
	if rc == 0 {
		r.h = h
	}
	return rc
}

// open begins a round of r's parts.
func (p *partition) open() {
	p.mu.Lock()
	clear(p.ready)
	p.left = len(p.ready)
	p.mu.Unlock()
}

// Pready hands one part of a started PsendInit over, from 0. May be called from
// any goroutine, by several at once, and once for each part and Start.
//
// Errors: ErrRequest, ErrArg.
//
// Implements: MPI_Pready (MPI 4.1 §4.2.1)
func (r *Request) Pready(partition int) error {
	const op = "Request.Pready"
	if err := r.checkPart(op, true, partition, partition); err != nil {
		return err
	}
	return r.pready(op, 1, func(int) int { return partition })
}

// PreadyRange is Pready for the parts from low to high, both included. When one
// of them cannot be handed over, none is.
//
// Errors: ErrRequest, ErrArg.
//
// Implements: MPI_Pready_range (MPI 4.1 §4.2.1)
func (r *Request) PreadyRange(low, high int) error {
	const op = "Request.PreadyRange"
	if err := r.checkPart(op, true, low, high); err != nil {
		return err
	}
	return r.pready(op, high-low+1, func(i int) int { return low + i })
}

// PreadyList is Pready for the parts of a list, in any order. When one of them
// cannot be handed over, none is.
//
// Errors: ErrRequest, ErrArg.
//
// Implements: MPI_Pready_list (MPI 4.1 §4.2.1)
func (r *Request) PreadyList(partitions ...int) error {
	const op = "Request.PreadyList"
	if len(partitions) == 0 {
		return r.checkPart(op, true, 0, 0) // the request alone
	}
	for _, p := range partitions {
		if err := r.checkPart(op, true, p, p); err != nil {
			return err
		}
	}
	return r.pready(op, len(partitions), func(i int) int { return partitions[i] })
}

// pready hands over n parts, all or none.
func (r *Request) pready(op string, n int, part func(i int) int) error {
	last, err := r.mark(op, n, part)
	if err != nil {
		return err
	}
	if r.parts.null {
		if !last {
			return nil
		}
		return completeGeneral(op, r.h)
	}
	_, gated := eng.enter()
	defer eng.leave(gated)
	for i := 0; i < n; i++ {
		low := part(i)
		for i+1 < n && part(i+1) == part(i)+1 {
			i++
		}
		if rc := cgo.PreadyRange(r.h, low, part(i)); rc != 0 {
			return cgo.NewError(op, rc)
		}
	}
	return nil
}

// mark notes that n parts have been handed over, and reports whether they are
// the last. It comes before the library hears of them, because a second time it
// would count them again.
func (r *Request) mark(op string, n int, part func(i int) int) (last bool, err error) {
	p := r.parts
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.complete() {
		return false, argError(op, ErrRequest, "the request of %s has not been started", r.op)
	}
	for i := range n {
		if p.ready[part(i)] {
			for j := range i {
				p.ready[part(j)] = false
			}
			return false, argError(op, ErrArg, "partition %d has been handed over already", part(i))
		}
		p.ready[part(i)] = true
	}
	p.left -= n
	return p.left == 0, nil
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
	return usable(op)
}
