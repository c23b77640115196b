package mpi

import (
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// The collectives. Their public functions, in collapi.go, are generated from the
// table in internal/gencoll; each names one of the methods below, which checks
// the arguments and makes the call, in any of its three forms.

//go:generate go run ./internal/gencoll -o collapi.go

// call is a collective on its way into the library: what it is called, and the
// Request that it leaves unless it blocks. It is handed down by value, in
// registers: of 8 B, a collective is paid for by the instruction.
type call struct {
	op string
	r  *Request
}

func (c *Comm) blocking(op string) call {
	breathe()
	return call{op: op}
}

func (c *Comm) begin(op string) call {
	return call{op, &Request{op: op, coll: true, comm: c}}
}

func (c *Comm) prepare(op string) call {
	return call{op, &Request{op: op, coll: true, comm: c, persistent: true}}
}

func (k call) form() cgo.Form {
	switch {
	case k.r == nil:
		return cgo.Blocking
	case k.r.persistent:
		return cgo.Prepare
	}
	return cgo.Begin
}

// debug is called before a collective enters C, when debugging is set. It
// returns what the watchdog has of one that blocks, for leave.
func (c *Comm) debug(k call, t terms) (b *blocked) {
	f := facts{op: k.op, c: c, n: t.n, e: t.e, o: t.o}
	if t.rooted {
		f.way, f.peer = rooted, t.root
	}
	if k.r == nil {
		b = watch(f)
	}
	c.compare(b, f, t)
	return b
}

// terms is what the ranks say in a collective, as far as they must agree.
type terms struct {
	rooted bool
	root   int
	n      int       // elements of one part; negative where ranks may differ
	e      *cgo.Elem // nil where types, too, may differ
	o      op.Op
	counts []int // elements of each rank; nil where ranks may differ
}

// enter precedes the call into C: buffers that it will go on to use are held.
func (k call) enter(s, r view) (gated bool) {
	return k.r != nil && k.hold(s, r)
}

func (k call) hold(s, r view) (gated bool) {
	k.r.size = max(s.bytes(), r.bytes())
	launch(k.r, s.ptr, r.ptr)
	return k.gate()
}

// reduces holds an operation in Go that the request goes on to use.
func (k call) reduces(o op.Op) {
	if k.r != nil {
		o.Hold()
		k.r.reduces = o
	}
}

// gate is eng.enter, which a blocking collective passes by: there is one of a
// communicator at a time, and it has nothing to spin for.
func (k call) gate() (gated bool) {
	if k.r == nil {
		return false
	}
	_, gated = eng.enter()
	return gated
}

// kept is where C stores what the operation needs until it is complete.
func (k call) kept() unsafe.Pointer {
	if k.r == nil {
		return nil
	}
	return unsafe.Pointer(&k.r.kept)
}

// leave follows the call into C.
func (k call) leave(b *blocked, gated bool, h cgo.Request, rc int) error {
	if k.r == nil && b == nil && rc == 0 {
		return nil
	}
	return k.left(b, gated, h, rc)
}

func (k call) left(b *blocked, gated bool, h cgo.Request, rc int) error {
	b.over()
	if k.r != nil {
		eng.leave(gated)
		k.r.h = h
		switch {
		case rc != 0:
			k.r.land()
		case k.r.persistent:
			k.r.state.Store(reqReported) // inactive
		}
	}
	if rc != 0 {
		return cgo.NewError(k.op, rc)
	}
	return nil
}

// request is the Request of a call that has returned err.
func (c *Comm) request(k call, err error) *Request {
	if err != nil {
		return failed(k.op, c.raise(err))
	}
	return k.r
}

// role says what a rank does in a collective with a root: whether it has the
// root's part, and whether it has that of all the others. On an
// intercommunicator the root is Root to itself, ProcNull to the rest of its
// group, and a rank to the other group.
func (c *Comm) role(root int) (isRoot, others bool) {
	if c.inter {
		return root == Root, root >= 0
	}
	return c.rank == root, true
}

// nothing is the view of a buffer that MPI ignores.
func nothing(like view) view { return view{e: like.e} }

func (c *Comm) barrier(k call) error {
	if err := c.check(k.op); err != nil {
		return err
	}
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, terms{})
	}
	gated := k.enter(noView, noView)
	h, rc := cgo.Barrier(k.form(), c.h)
	return k.leave(b, gated, h, rc)
}

var noView = view{e: &cgo.BasicElem[cgo.Uint8]}

func (c *Comm) bcast(k call, v view, root int) error {
	if err := c.checkRoot(k.op, root, v, v); err != nil {
		return err
	}
	if c.inter && cgo.InterBcastBroken {
		return c.interBcast(k, v, root)
	}
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, terms{rooted: true, root: root, n: v.n, e: v.e})
	}
	gated := k.enter(v, noView)
	h, rc := cgo.Bcast(k.form(), uintptr(v.ptr), v.n, v.e.T, root, c.h)
	return k.leave(b, gated, h, rc)
}

// interBcast is a Scatterv of the same part to all: MPICH's nonblocking Bcast
// takes the root's rank for one of the receiving group, when it passes the
// message on there, and spreads what that rank had before.
func (c *Comm) interBcast(k call, v view, root int) error {
	isRoot, others := c.role(root)
	if others {
		return c.vector(k, cgo.Scatterv, 0, nothing(v), nil, nil, v, nil, nil, root)
	}
	if !isRoot {
		v = nothing(v)
	}
	counts, displs := make([]int, c.peers), make([]int, c.peers)
	for i := range counts {
		counts[i] = v.n
	}
	return c.vector(k, cgo.Scatterv, 0, v, counts, displs, nothing(v), nil, nil, root)
}

// termsOfMove: whose part is the same on all ranks is the sender's of a gather
// and the receiver's of a scatter; neighbours have theirs between them.
func termsOfMove(what, flags int, s view, sn int, r view, rn int, root int) terms {
	t := terms{rooted: what == cgo.Gather || what == cgo.Scatter, root: root, n: sn, e: s.e}
	switch {
	case what == cgo.NeighborAllgather || what == cgo.NeighborAlltoall:
		t.e = nil
	case flags&cgo.SendInPlace != 0, what == cgo.Scatter && flags&cgo.RecvInPlace == 0:
		t.n, t.e = rn, r.e
	}
	return t
}

// termsOfVector: a rank has a share that may be none.
func termsOfVector(what int, s, r view, rcounts []int, root int) terms {
	t := terms{rooted: what == cgo.Gatherv || what == cgo.Scatterv, root: root, n: -1}
	switch {
	case what == cgo.Allgatherv:
		t.e, t.counts = r.e, rcounts
	case what != cgo.NeighborAllgatherv && what != cgo.NeighborAlltoallv && (s.n > 0 || r.n > 0):
		t.e = r.e
	}
	return t
}

func sum(counts []int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

// move calls a collective with one count for each side.
func (c *Comm) move(k call, what, flags int, s view, sn int, r view, rn int, root int) error {
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, termsOfMove(what, flags, s, sn, r, rn, root))
	}
	gated := k.enter(s, r)
	h, rc := cgo.Move(what, k.form(), flags, uintptr(s.ptr), sn, s.e.T, uintptr(r.ptr), rn, r.e.T, root, c.h)
	return k.leave(b, gated, h, rc)
}

func (c *Comm) gather(k call, s, r view, root int) error {
	if err := c.checkRoot(k.op, root, s, r); err != nil {
		return err
	}
	n := s.n
	if isRoot, _ := c.role(root); isRoot {
		if c.inter {
			var err error
			if n, err = part(k.op, "recv", r, c.peers, "ranks"); err != nil {
				return err
			}
		} else if err := c.checkAll(k.op, s, r); err != nil {
			return err
		}
	}
	return c.move(k, cgo.Gather, 0, s, s.n, r, n, root)
}

func (c *Comm) gatherInPlace(k call, v view, root int) error {
	if err := c.checkRootInPlace(k.op, root, v); err != nil {
		return err
	}
	if c.rank != root {
		return c.move(k, cgo.Gather, 0, v, v.n, nothing(v), 0, root)
	}
	n, err := part(k.op, "buf", v, c.size, "ranks")
	if err != nil {
		return err
	}
	return c.move(k, cgo.Gather, cgo.SendInPlace, nothing(v), 0, v, n, root)
}

func (c *Comm) scatter(k call, s, r view, root int) error {
	if err := c.checkRoot(k.op, root, s, r); err != nil {
		return err
	}
	n := r.n
	if isRoot, _ := c.role(root); isRoot {
		if c.inter {
			var err error
			if n, err = part(k.op, "send", s, c.peers, "ranks"); err != nil {
				return err
			}
		} else {
			if s.n%c.size != 0 || s.n/c.size != r.n {
				return argError(k.op, ErrCount, "len(send) is %d on root, but must be %d: the %d ranks times len(recv), which is %d", s.n, c.size*r.n, c.size, r.n)
			}
			if err := checkOverlap(k.op, s, r); err != nil {
				return err
			}
		}
	}
	return c.move(k, cgo.Scatter, 0, s, n, r, r.n, root)
}

func (c *Comm) scatterInPlace(k call, v view, root int) error {
	if err := c.checkRootInPlace(k.op, root, v); err != nil {
		return err
	}
	if c.rank != root {
		return c.move(k, cgo.Scatter, 0, nothing(v), 0, v, v.n, root)
	}
	n, err := part(k.op, "buf", v, c.size, "ranks")
	if err != nil {
		return err
	}
	return c.move(k, cgo.Scatter, cgo.RecvInPlace, v, n, nothing(v), 0, root)
}

func (c *Comm) allgather(k call, s, r view) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	n := s.n
	if c.inter {
		// The other group's parts may have another length than this one's.
		var err error
		if n, err = part(k.op, "recv", r, c.peers, "ranks"); err != nil {
			return err
		}
	} else if err := c.checkAll(k.op, s, r); err != nil {
		return err
	}
	return c.move(k, cgo.Allgather, 0, s, s.n, r, n, 0)
}

func (c *Comm) allgatherInPlace(k call, v view) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	n, err := part(k.op, "buf", v, c.size, "ranks")
	if err != nil {
		return err
	}
	return c.move(k, cgo.Allgather, cgo.SendInPlace, nothing(v), 0, v, n, 0)
}

func (c *Comm) alltoall(k call, s, r view) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	n, err := part(k.op, "send", s, c.peers, "ranks")
	if err != nil {
		return err
	}
	rn := n
	if c.inter {
		if rn, err = part(k.op, "recv", r, c.peers, "ranks"); err != nil {
			return err
		}
	} else if r.n < s.n {
		return argError(k.op, ErrCount, "len(recv) is %d, but must be at least len(send), which is %d", r.n, s.n)
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.move(k, cgo.Alltoall, 0, s, n, r, rn, 0)
}

func (c *Comm) alltoallInPlace(k call, v view) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	n, err := part(k.op, "buf", v, c.size, "ranks")
	if err != nil {
		return err
	}
	return c.move(k, cgo.Alltoall, cgo.SendInPlace, nothing(v), 0, v, n, 0)
}

// Of the neighbourhood collectives, the counts of the two sides have nothing to
// do with each other on one rank, only with those of its neighbours.

func (c *Comm) neighborAllgather(k call, s, r view) error {
	if err := c.checkNeighbors(k.op, s, r); err != nil {
		return err
	}
	n, err := part(k.op, "recv", r, c.indegree, "neighbours it receives from")
	if err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.move(k, cgo.NeighborAllgather, 0, s, s.n, r, n, 0)
}

func (c *Comm) neighborAlltoall(k call, s, r view) error {
	if err := c.checkNeighbors(k.op, s, r); err != nil {
		return err
	}
	sn, err := part(k.op, "send", s, c.outdegree, "neighbours it sends to")
	if err != nil {
		return err
	}
	rn, err := part(k.op, "recv", r, c.indegree, "neighbours it receives from")
	if err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.move(k, cgo.NeighborAlltoall, 0, s, sn, r, rn, 0)
}

// vector calls a collective with counts and displacements for each rank on one
// side or both.
func (c *Comm) vector(k call, what, flags int, s view, scounts, sdispls []int, r view, rcounts, rdispls []int, root int) error {
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, termsOfVector(what, s, r, rcounts, root))
	}
	gated := k.enter(s, r)
	h, rc := cgo.Vector(what, k.form(), flags, uintptr(s.ptr), s.n, uintptr(addr(scounts)), uintptr(addr(sdispls)), len(scounts), s.e.T,
		uintptr(r.ptr), r.n, uintptr(addr(rcounts)), uintptr(addr(rdispls)), len(rcounts), r.e.T, root, c.h, uintptr(k.kept()))
	return k.leave(b, gated, h, rc)
}

func (c *Comm) gatherv(k call, s, r view, counts, displs []int, root int) error {
	if err := c.checkRoot(k.op, root, s, r); err != nil {
		return err
	}
	isRoot, _ := c.role(root)
	if !isRoot {
		if err := checkVectorCount(k.op, "send", s.n); err != nil {
			return err
		}
		return c.vector(k, cgo.Gatherv, 0, s, nil, nil, nothing(s), nil, nil, root)
	}
	if err := gatherRecv.check(k.op, r, counts, displs, c.peers); err != nil {
		return err
	}
	if !c.inter {
		if counts[root] != s.n {
			return argError(k.op, ErrCount, "counts[%d] is %d, but root's own send has %d elements", root, counts[root], s.n)
		}
		if err := checkOverlap(k.op, s, r); err != nil {
			return err
		}
	}
	return c.vector(k, cgo.Gatherv, 0, s, nil, nil, r, counts, displs, root)
}

func (c *Comm) gathervInPlace(k call, v view, counts, displs []int, root int) error {
	if err := c.checkRootInPlace(k.op, root, v); err != nil {
		return err
	}
	if c.rank != root {
		if err := checkVectorCount(k.op, "buf", v.n); err != nil {
			return err
		}
		return c.vector(k, cgo.Gatherv, 0, v, nil, nil, nothing(v), nil, nil, root)
	}
	if err := inPlaceGather.check(k.op, v, counts, displs, c.size); err != nil {
		return err
	}
	return c.vector(k, cgo.Gatherv, cgo.SendInPlace, nothing(v), nil, nil, v, counts, displs, root)
}

func (c *Comm) scatterv(k call, s view, counts, displs []int, r view, root int) error {
	if err := c.checkRoot(k.op, root, s, r); err != nil {
		return err
	}
	if err := checkVectorCount(k.op, "recv", r.n); err != nil {
		return err
	}
	isRoot, _ := c.role(root)
	if !isRoot {
		return c.vector(k, cgo.Scatterv, 0, nothing(r), nil, nil, r, nil, nil, root)
	}
	if err := scatterSend.check(k.op, s, counts, displs, c.peers); err != nil {
		return err
	}
	if !c.inter {
		if counts[root] != r.n {
			return argError(k.op, ErrCount, "counts[%d] is %d, but root's own recv has %d elements", root, counts[root], r.n)
		}
		if err := checkOverlap(k.op, s, r); err != nil {
			return err
		}
	}
	return c.vector(k, cgo.Scatterv, 0, s, counts, displs, r, nil, nil, root)
}

func (c *Comm) scattervInPlace(k call, v view, counts, displs []int, root int) error {
	if err := c.checkRootInPlace(k.op, root, v); err != nil {
		return err
	}
	if c.rank != root {
		if err := checkVectorCount(k.op, "buf", v.n); err != nil {
			return err
		}
		return c.vector(k, cgo.Scatterv, 0, nothing(v), nil, nil, v, nil, nil, root)
	}
	if err := inPlaceScatter.check(k.op, v, counts, displs, c.size); err != nil {
		return err
	}
	return c.vector(k, cgo.Scatterv, cgo.RecvInPlace, v, counts, displs, nothing(v), nil, nil, root)
}

func (c *Comm) allgatherv(k call, s, r view, counts, displs []int) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	if err := checkVectorCount(k.op, "send", s.n); err != nil {
		return err
	}
	if err := gatherRecv.check(k.op, r, counts, displs, c.peers); err != nil {
		return err
	}
	if !c.inter && counts[c.rank] != s.n {
		return argError(k.op, ErrCount, "counts[%d] is %d, but this rank's send has %d elements", c.rank, counts[c.rank], s.n)
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.vector(k, cgo.Allgatherv, 0, s, nil, nil, r, counts, displs, 0)
}

func (c *Comm) allgathervInPlace(k call, v view, counts, displs []int) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	if err := inPlaceGather.check(k.op, v, counts, displs, c.size); err != nil {
		return err
	}
	return c.vector(k, cgo.Allgatherv, cgo.SendInPlace, nothing(v), nil, nil, v, counts, displs, 0)
}

func (c *Comm) alltoallv(k call, s view, sendcounts, senddispls []int, r view, recvcounts, recvdispls []int) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	if err := alltoallSend.check(k.op, s, sendcounts, senddispls, c.peers); err != nil {
		return err
	}
	if err := alltoallRecv.check(k.op, r, recvcounts, recvdispls, c.peers); err != nil {
		return err
	}
	if me := c.rank; !c.inter && sendcounts[me] != recvcounts[me] {
		return argError(k.op, ErrCount, "sendcounts[%d] is %d and recvcounts[%d] is %d, but what this rank sends itself it must receive", me, sendcounts[me], me, recvcounts[me])
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.vector(k, cgo.Alltoallv, 0, s, sendcounts, senddispls, r, recvcounts, recvdispls, 0)
}

func (c *Comm) alltoallvInPlace(k call, v view, counts, displs []int) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	if err := inPlaceGather.check(k.op, v, counts, displs, c.size); err != nil {
		return err
	}
	return c.vector(k, cgo.Alltoallv, cgo.SendInPlace, nothing(v), nil, nil, v, counts, displs, 0)
}

func (c *Comm) neighborAllgatherv(k call, s, r view, counts, displs []int) error {
	if err := c.checkNeighbors(k.op, s, r); err != nil {
		return err
	}
	if err := checkVectorCount(k.op, "send", s.n); err != nil {
		return err
	}
	if err := neighborGather.check(k.op, r, counts, displs, c.indegree); err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.vector(k, cgo.NeighborAllgatherv, 0, s, nil, nil, r, counts, displs, 0)
}

func (c *Comm) neighborAlltoallv(k call, s view, sendcounts, senddispls []int, r view, recvcounts, recvdispls []int) error {
	if err := c.checkNeighbors(k.op, s, r); err != nil {
		return err
	}
	if err := neighborSend.check(k.op, s, sendcounts, senddispls, c.outdegree); err != nil {
		return err
	}
	if err := neighborRecv.check(k.op, r, recvcounts, recvdispls, c.indegree); err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.vector(k, cgo.NeighborAlltoallv, 0, s, sendcounts, senddispls, r, recvcounts, recvdispls, 0)
}

// each calls a collective with a buffer for each rank.
func (c *Comm) each(k call, what, flags int, send []Buffer, slen int, recv []Buffer, rlen int, noun string) error {
	s, r := parts.Get().(*[]cgo.Part), parts.Get().(*[]cgo.Part)
	defer parts.Put(s)
	defer parts.Put(r)
	if err := fillParts(k.op, "send", s, send, slen, noun); err != nil {
		return err
	}
	name := "recv"
	if flags&cgo.SendInPlace != 0 {
		name = "bufs"
	}
	if err := fillParts(k.op, name, r, recv, rlen, noun); err != nil {
		return err
	}
	if k.r != nil {
		held := make([]unsafe.Pointer, 0, len(send)+len(recv))
		for _, bufs := range [2][]Buffer{send, recv} {
			for _, b := range bufs {
				held = append(held, b.v.ptr)
				k.r.size += b.v.n * b.v.elem().Size
			}
		}
		launch(k.r, held...)
	}
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, terms{})
	}
	gated := k.gate()
	h, rc := cgo.Each(what, k.form(), flags, uintptr(unsafe.Pointer(unsafe.SliceData(*s))), len(*s),
		uintptr(unsafe.Pointer(unsafe.SliceData(*r))), len(*r), c.h, uintptr(k.kept()))
	// The parts name the buffers by number; these keep them.
	keepAlive(send)
	keepAlive(recv)
	return k.leave(b, gated, h, rc)
}

func (c *Comm) alltoallw(k call, send, recv []Buffer) error {
	if err := c.check(k.op); err != nil {
		return err
	}
	return c.each(k, cgo.Alltoallw, 0, send, c.peers, recv, c.peers, "ranks")
}

func (c *Comm) alltoallwInPlace(k call, bufs []Buffer) error {
	if err := c.checkInPlace(k.op, noView); err != nil {
		return err
	}
	return c.each(k, cgo.Alltoallw, cgo.SendInPlace, nil, 0, bufs, c.size, "ranks")
}

func (c *Comm) neighborAlltoallw(k call, send, recv []Buffer) error {
	if err := c.checkNeighbors(k.op, noView, noView); err != nil {
		return err
	}
	return c.each(k, cgo.NeighborAlltoallw, 0, send, c.outdegree, recv, c.indegree, "neighbours on that side")
}

// reduction calls a reduction of n elements.
func (c *Comm) reduction(k call, what, flags int, s, r view, n int, o op.Op, root int) error {
	if n > maxInt32 && !cgo.Large && (k.form() != cgo.Blocking || what == cgo.ReduceScatterBlock) {
		return argError(k.op, ErrCount, "%d elements are more than the %d that this form takes with this MPI library", n, maxInt32)
	}
	k.reduces(o)
	var b *blocked
	if debugging.Load() && what != cgo.ReduceLocal {
		b = c.debug(k, terms{rooted: what == cgo.ReduceToRoot, root: root, n: n, e: r.e, o: o})
	}
	gated := k.enter(s, r)
	h, rc := cgo.Reduce(what, k.form(), flags, uintptr(s.ptr), uintptr(r.ptr), n,
		o.Type(r.e, what == cgo.ReduceScatterBlock), o.Handle(), root, c.h)
	return k.leave(b, gated, h, rc)
}

func (c *Comm) reduce(k call, s, r view, o op.Op, root int) error {
	if err := c.checkRoot(k.op, root, s, r); err != nil {
		return err
	}
	isRoot, others := c.role(root)
	if isRoot && c.inter {
		// The root of an intercommunicator gives nothing, so recv counts.
		s = nothing(r)
		s.n = r.n
	}
	if err := checkOp(k.op, o, s); err != nil {
		return err
	}
	if !isRoot {
		r = nothing(s) // whatever it is
	} else if others {
		if err := checkReduce(k.op, s, r); err != nil {
			return err
		}
	}
	return c.reduction(k, cgo.ReduceToRoot, 0, s, r, s.n, o, root)
}

func (c *Comm) reduceInPlace(k call, v view, o op.Op, root int) error {
	if err := c.checkRootInPlace(k.op, root, v); err != nil {
		return err
	}
	if err := checkOp(k.op, o, v); err != nil {
		return err
	}
	if c.rank != root {
		return c.reduction(k, cgo.ReduceToRoot, 0, v, nothing(v), v.n, o, root)
	}
	return c.reduction(k, cgo.ReduceToRoot, cgo.SendInPlace, nothing(v), v, v.n, o, root)
}

// allreduce is also Scan and Exscan, which intercommunicators do not have.
func (c *Comm) allreduce(k call, what int, s, r view, o op.Op) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	if what != cgo.Allreduce {
		if err := c.checkIntra(k.op); err != nil {
			return err
		}
	}
	if err := checkOp(k.op, o, s); err != nil {
		return err
	}
	if err := checkReduce(k.op, s, r); err != nil {
		return err
	}
	return c.reduction(k, what, 0, s, r, s.n, o, 0)
}

func (c *Comm) allreduceInPlace(k call, what int, v view, o op.Op) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	if err := checkOp(k.op, o, v); err != nil {
		return err
	}
	return c.reduction(k, what, cgo.SendInPlace, nothing(v), v, v.n, o, 0)
}

func (c *Comm) reduceScatterBlock(k call, s, r view, o op.Op) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	if err := checkOp(k.op, o, s); err != nil {
		return err
	}
	// On an intercommunicator too: the result of the other group's parts is
	// scattered over this group.
	if s.n%c.size != 0 || s.n/c.size > r.n {
		return argError(k.op, ErrCount, "len(send) is %d, but must be the %d ranks times at most len(recv), which is %d", s.n, c.size, r.n)
	}
	n := s.n / c.size
	r.n = n
	if err := checkSameType(k.op, "send", s, "recv", r); err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.reduction(k, cgo.ReduceScatterBlock, 0, s, r, n, o, 0)
}

func (c *Comm) reduceScatterBlockInPlace(k call, v view, o op.Op) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	if err := checkOp(k.op, o, v); err != nil {
		return err
	}
	n, err := part(k.op, "buf", v, c.size, "ranks")
	if err != nil {
		return err
	}
	return c.reduction(k, cgo.ReduceScatterBlock, cgo.SendInPlace, nothing(v), v, n, o, 0)
}

func (c *Comm) reduceScatter(k call, s, r view, counts []int, o op.Op) error {
	if err := c.checkViews(k.op, s, r); err != nil {
		return err
	}
	if err := checkOp(k.op, o, s); err != nil {
		return err
	}
	if err := c.checkShares(k.op, "send", s, counts); err != nil {
		return err
	}
	if n := counts[c.rank]; r.n < n {
		return argError(k.op, ErrCount, "len(recv) is %d, but this rank's share, counts[%d], is %d", r.n, c.rank, n)
	}
	r.n = counts[c.rank]
	if err := checkSameType(k.op, "send", s, "recv", r); err != nil {
		return err
	}
	if err := checkOverlap(k.op, s, r); err != nil {
		return err
	}
	return c.reduceScattered(k, 0, s, r, counts, o)
}

func (c *Comm) reduceScatterInPlace(k call, v view, counts []int, o op.Op) error {
	if err := c.checkInPlace(k.op, v); err != nil {
		return err
	}
	if err := checkOp(k.op, o, v); err != nil {
		return err
	}
	if err := c.checkShares(k.op, "buf", v, counts); err != nil {
		return err
	}
	return c.reduceScattered(k, cgo.SendInPlace, nothing(v), v, counts, o)
}

func (c *Comm) reduceScattered(k call, flags int, s, r view, counts []int, o op.Op) error {
	k.reduces(o)
	var b *blocked
	if debugging.Load() {
		b = c.debug(k, terms{n: sum(counts), e: r.e, o: o, counts: counts})
	}
	gated := k.enter(s, r)
	h, rc := cgo.ReduceScatter(k.form(), flags, uintptr(s.ptr), uintptr(r.ptr), uintptr(addr(counts)), len(counts), o.Type(r.e, true),
		o.Handle(), c.h, uintptr(k.kept()))
	return k.leave(b, gated, h, rc)
}

// ReduceLocal combines the elements of in with those of inout by the operation
// o, as in o inout, and leaves the result in inout, whose length is that of in.
// No other rank takes part.
//
// Errors: ErrState, ErrOp, ErrCount, ErrBuffer. May be called from any
// goroutine.
//
// Implements: MPI_Reduce_local (MPI 4.1 §6.9.7)
func ReduceLocal[B Data](in, inout B, o op.Op) error {
	return world.reduceLocal("ReduceLocal", viewOf(in), viewOf(inout), o)
}

func (c *Comm) reduceLocal(op string, in, inout view, o op.Op) error {
	if err := c.checkViews(op, in, inout); err != nil {
		return err
	}
	if err := checkOp(op, o, in); err != nil {
		return err
	}
	if in.n != inout.n {
		return argError(op, ErrCount, "len(in) is %d and len(inout) is %d, but they must be equal", in.n, inout.n)
	}
	if err := checkSameType(op, "in", in, "inout", inout); err != nil {
		return err
	}
	if err := checkOverlap(op, in, inout); err != nil {
		return err
	}
	return c.reduction(c.blocking(op), cgo.ReduceLocal, 0, in, inout, in.n, o, 0)
}
