package mpi

import (
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// Transfers of windows.

// TargetLayout is how the elements of a transfer lie in the target's memory, where
// that is not as they lie in the buffer here.
type TargetLayout struct {
	n int
	e *cgo.Elem
}

// TargetTyped is a layout of count elements of t, as Typed makes a Buffer of
// them. A column of the target's matrix, for example, is filled from a slice by
//
//	err := mpi.Put(w, values, target, j, mpi.TargetTyped(1, column))
//
// The datatype need not be known to the target. It must not be freed before the
// call that is given the layout has returned.
func TargetTyped(count int, t datatype.Datatype) TargetLayout { return TargetLayout{count, t.Elem()} }

// Put begins to write the elements of origin to the target's memory in the window
// w, from the displacement on, which counts elements of the target's. They lie
// there as they do here, or as a TargetLayout says that describes as much data.
// When synchronisation has completed the transfer, see Win, origin may be written
// again. To ProcNull nothing goes.
//
// Errors: ErrWin, ErrRank, ErrDisp, ErrRMARange (the elements reach beyond the
// target's memory), ErrRMASync (the target cannot be reached now), ErrCount and
// ErrType of the layout. May be called from any goroutine.
//
// Implements: MPI_Put (MPI 4.1 §12.3.1)
func Put[B Data](w *Win, origin B, target, disp int, layout ...TargetLayout) error {
	return w.transfer(transfer{op: "Put", what: cgo.Put, origin: viewOf(origin), result: noView, target: target, disp: disp}, layout)
}

// Get begins to read the target's memory, as Put writes it, into result, which is
// to be read when synchronisation has completed the transfer. From ProcNull
// nothing comes.
//
// Errors: as those of Put. May be called from any goroutine.
//
// Implements: MPI_Get (MPI 4.1 §12.3.2)
func Get[B Data](w *Win, result B, target, disp int, layout ...TargetLayout) error {
	return w.transfer(transfer{op: "Get", what: cgo.Get, origin: noView, result: viewOf(result), target: target, disp: disp}, layout)
}

// Accumulate is Put that combines each of the target's elements with that of
// origin by a predefined operation, or replaces it by op.Replace. Several updates
// of an element by this call and its kin, from any ranks, take place one after the
// other, if all are of the same basic type and, until synchronisation, by the same
// operation or op.NoOp. Buffer and layout consist of elements of one basic type.
//
// Errors: as those of Put, ErrOp (MPI does not define the operation for the type,
// or for this call), ErrUnsupported (op.Max and op.Min of unsigned integers with
// MPICH before 4.1, and several elements of a datatype.ValueIndex with padding with
// Open MPI before 5, which confuse them). May be called from any goroutine.
//
// Implements: MPI_Accumulate (MPI 4.1 §12.3.4)
func Accumulate[B Data](w *Win, origin B, target, disp int, o op.Op, layout ...TargetLayout) error {
	return w.transfer(transfer{op: "Accumulate", what: cgo.Accumulate, origin: viewOf(origin), result: noView, target: target, disp: disp, by: o}, layout)
}

// GetAccumulate is Accumulate that also reads, into result, what the target's
// elements were before. By op.NoOp it only reads, and origin is ignored.
//
// Errors: as those of Accumulate, ErrBuffer (origin and result share memory), and
// ErrUnsupported (derived datatypes with Open MPI before 5, which loses the
// result). May be called from any goroutine.
//
// Implements: MPI_Get_accumulate (MPI 4.1 §12.3.4)
func GetAccumulate[B Data](w *Win, origin, result B, target, disp int, o op.Op, layout ...TargetLayout) error {
	return w.transfer(transfer{op: "GetAccumulate", what: cgo.GetAccumulate, origin: viewOf(origin), result: viewOf(result), target: target, disp: disp, by: o}, layout)
}

// Rput is Put with a request: when it is complete, origin may be written again,
// but only synchronisation says when the data is at the target. It needs Lock or
// LockAll.
//
// Errors, from the request: as those of Put. May be called from any goroutine.
//
// Implements: MPI_Rput (MPI 4.1 §12.3.5)
func Rput[B Data](w *Win, origin B, target, disp int, layout ...TargetLayout) *Request {
	return w.begin(transfer{op: "Rput", what: cgo.Put, request: true, origin: viewOf(origin), result: noView, target: target, disp: disp}, layout)
}

// Rget is Get with a request: when it is complete, result may be read. It needs
// Lock or LockAll.
//
// Errors, from the request: as those of Put. May be called from any goroutine.
//
// Implements: MPI_Rget (MPI 4.1 §12.3.5)
func Rget[B Data](w *Win, result B, target, disp int, layout ...TargetLayout) *Request {
	return w.begin(transfer{op: "Rget", what: cgo.Get, request: true, origin: noView, result: viewOf(result), target: target, disp: disp}, layout)
}

// Raccumulate is Accumulate with a request, as Rput is Put with one.
//
// Errors, from the request: as those of Accumulate. May be called from any
// goroutine.
//
// Implements: MPI_Raccumulate (MPI 4.1 §12.3.5)
func Raccumulate[B Data](w *Win, origin B, target, disp int, o op.Op, layout ...TargetLayout) *Request {
	return w.begin(transfer{op: "Raccumulate", what: cgo.Accumulate, request: true, origin: viewOf(origin), result: noView, target: target, disp: disp, by: o}, layout)
}

// RgetAccumulate is GetAccumulate with a request: when it is complete, result may
// be read and origin written. It needs Lock or LockAll.
//
// Errors, from the request: as those of GetAccumulate. May be called from any
// goroutine.
//
// Implements: MPI_Rget_accumulate (MPI 4.1 §12.3.5)
func RgetAccumulate[B Data](w *Win, origin, result B, target, disp int, o op.Op, layout ...TargetLayout) *Request {
	return w.begin(transfer{op: "RgetAccumulate", what: cgo.GetAccumulate, request: true, origin: viewOf(origin), result: viewOf(result), target: target, disp: disp, by: o}, layout)
}

// FetchAndOp is GetAccumulate for one element of a basic type, which libraries do
// faster: all buffers have one element. A counter that all ranks draw numbers
// from is
//
//	err := mpi.FetchAndOp(w, []int{1}, number, 0, 0, op.Sum)
//	...
//	err = w.Flush(0) // now number[0] can be read
//
// Errors: as those of GetAccumulate. May be called from any goroutine.
//
// Implements: MPI_Fetch_and_op (MPI 4.1 §12.3.4)
func FetchAndOp[B Data](w *Win, origin, result B, target, disp int, o op.Op) error {
	t := transfer{op: "FetchAndOp", what: cgo.GetAccumulate, origin: viewOf(origin), result: viewOf(result), target: target, disp: disp, by: o}
	return w.raise(w.fetchAndOp(t))
}

// CompareAndSwap begins to compare the target's element with that of compare, and
// if they are equal to put that of origin in its place. What the element was
// before goes into result. All buffers have one element, an integer or bool.
//
// Errors: as those of Put, and ErrBuffer (result shares memory with another). May
// be called from any goroutine.
//
// Implements: MPI_Compare_and_swap (MPI 4.1 §12.3.4)
func CompareAndSwap[B Data](w *Win, origin, compare, result B, target, disp int) error {
	t := transfer{op: "CompareAndSwap", what: cgo.GetAccumulate, origin: viewOf(origin), result: viewOf(result), target: target, disp: disp, by: op.Replace}
	return w.raise(w.compareAndSwap(t, viewOf(compare)))
}

// transfer is one on its way into the library.
type transfer struct {
	op             string
	what           int
	request        bool
	origin, result view
	target, disp   int
	n              int       // elements at the target
	e              *cgo.Elem // ... and their type
	by             op.Op
	basic          cgo.Datatype // what elements that are combined consist of
}

// transfer makes a call without a request. Its buffers are held until the next
// call that completes the transfers with the target.
func (w *Win) transfer(t transfer, layout []TargetLayout) error {
	if nothing, err := w.prepare(&t, layout); nothing || err != nil {
		return w.raise(err)
	}
	if w.alone {
		return w.raise(w.transferAlone(&t))
	}
	_, gated := eng.enter()
	_, rc := cgo.RMA(t.what, false, uintptr(t.origin.ptr), t.origin.n, t.origin.e.T, uintptr(t.result.ptr), t.result.n, t.result.e.T,
		t.target, w.at(&t), t.n, t.e.T, t.by.Handle(), w.h)
	eng.leave(gated)
	if rc != 0 {
		return w.raise(cgo.NewError(t.op, rc))
	}
	w.hold(t.target, t.origin.ptr, t.result.ptr)
	return nil
}

// at is a transfer's displacement as the library counts it.
func (w *Win) at(t *transfer) int {
	p := w.part(t.target)
	return p.skip + t.disp*p.unit
}

// transferAlone makes a transfer of a window that is alone.
func (w *Win) transferAlone(t *transfer) error {
	rc := cgo.RMAAlone(t.what, uintptr(t.origin.ptr), t.origin.n, t.origin.e.T, uintptr(t.result.ptr), t.result.n, t.result.e.T,
		w.place(t), t.n, t.e.T, t.basic, t.by.Handle())
	if rc != 0 {
		return cgo.NewError(t.op, rc)
	}
	return nil
}

// place is the address of a transfer's target in this rank's memory, which is
// pinned.
func (w *Win) place(t *transfer) uintptr {
	return uintptr(w.mem) + uintptr(t.disp*w.part(w.rank).unit)
}

// begin makes a call with a request, which holds the buffers.
func (w *Win) begin(t transfer, layout []TargetLayout) *Request {
	if nothing, err := w.prepare(&t, layout); nothing || err != nil {
		return failed(t.op, w.raise(err))
	}
	if w.alone {
		return failed(t.op, w.raise(w.transferAlone(&t))) // or complete
	}
	r := &Request{op: t.op, size: t.n * t.e.Size, win: w, peer: int32(t.target), data: t.e}
	launch(r, t.origin.ptr, t.result.ptr)
	_, gated := eng.enter()
	h, rc := cgo.RMA(t.what, true, uintptr(t.origin.ptr), t.origin.n, t.origin.e.T, uintptr(t.result.ptr), t.result.n, t.result.e.T,
		t.target, w.at(&t), t.n, t.e.T, t.by.Handle(), w.h)
	eng.leave(gated)
	if h == 0 && rc == 0 { // complete already
		r.result(cgo.Status{})
		r.state.Store(reqDone)
		return r
	}
	return r.posted(h, rc)
}

func (w *Win) fetchAndOp(t transfer) error {
	if t.by == op.NoOp {
		t.origin = t.result // not looked at
	}
	if err := t.one("origin", t.origin); err != nil {
		return err
	}
	if nothing, err := w.prepare(&t, nil); nothing || err != nil {
		return err
	}
	if w.alone {
		return w.transferAlone(&t)
	}
	_, gated := eng.enter()
	rc := cgo.FetchAndOp(uintptr(t.origin.ptr), uintptr(t.result.ptr), t.result.e.T, t.target, w.at(&t), t.by.Handle(), w.h)
	eng.leave(gated)
	if rc != 0 {
		return cgo.NewError(t.op, rc)
	}
	w.hold(t.target, t.origin.ptr, t.result.ptr)
	return nil
}

func (w *Win) compareAndSwap(t transfer, compare view) error {
	for _, b := range []struct {
		name string
		v    view
	}{{"origin", t.origin}, {"compare", compare}} {
		if err := t.one(b.name, b.v); err != nil {
			return err
		}
	}
	if k := t.result.e.Kind; k > cgo.Uint64 {
		return argError(t.op, ErrType, "MPI does not define it for elements of type %v, only for integers and bool", k)
	}
	if share(compare, t.result) {
		return argError(t.op, ErrBuffer, "compare and result share memory")
	}
	if nothing, err := w.prepare(&t, nil); nothing || err != nil {
		return err
	}
	if w.alone {
		cgo.SwapAlone(uintptr(t.origin.ptr), uintptr(compare.ptr), uintptr(t.result.ptr), w.place(&t), t.e.Size)
		return nil
	}
	own := uintptr(0)
	if t.target == w.rank && w.size > 1 && w.flavor != WinFlavorShared {
		own = w.place(&t)
	}
	_, gated := eng.enter()
	rc := cgo.CompareAndSwap(uintptr(t.origin.ptr), uintptr(compare.ptr), uintptr(t.result.ptr), t.result.e.T, t.target, w.at(&t), own, w.h)
	eng.leave(gated)
	if rc != 0 {
		return cgo.NewError(t.op, rc)
	}
	w.hold(t.target, t.origin.ptr, compare.ptr, t.result.ptr)
	return nil
}

// one checks the buffers of a call for one element of a basic type: result and
// another.
func (t *transfer) one(name string, v view) error {
	if err := v.check(t.op); err != nil {
		return err
	}
	if err := t.result.check(t.op); err != nil {
		return err
	}
	switch {
	case v.n != 1:
		return argError(t.op, ErrCount, "%s has %d elements, but must have 1", name, v.n)
	case t.result.n != 1:
		return argError(t.op, ErrCount, "result has %d elements, but must have 1", t.result.n)
	case t.result.e.Kind == cgo.Derived:
		return argError(t.op, ErrType, "result is of a derived datatype, but the call takes basic ones only")
	case v.e.T != t.result.e.T:
		return argError(t.op, ErrType, "%s has elements of type %v, but result of type %v", name, v.e.Kind, t.result.e.Kind)
	}
	return nil
}

// hold pins the buffers of a transfer until a call of synchronisation completes
// it. It comes after the library has begun: those that run meanwhile have not
// seen it. Until then, the caller's frame holds them.
func (w *Win) hold(target int, bufs ...unsafe.Pointer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.epoch.held[target]
	if h == nil {
		h = holds.Get().(*hold)
		h.target = target
		if w.epoch.held == nil {
			w.epoch.held = make(map[int]*hold)
		}
		w.epoch.held[target] = h
	}
	for _, b := range bufs {
		if b != nil {
			h.pin.Pin(b)
		}
	}
}

// prepare checks a transfer, and reports whether there is nothing to do.
func (w *Win) prepare(t *transfer, layout []TargetLayout) (nothing bool, err error) {
	if err := w.check(t.op); err != nil {
		return false, err
	}
	if t.target != ProcNull {
		if err := w.checkRank(t.op, t.target); err != nil {
			return false, err
		}
	}
	if err := t.origin.check(t.op); err != nil {
		return false, err
	}
	if err := t.result.check(t.op); err != nil {
		return false, err
	}
	if err := t.arrange(layout); err != nil {
		return false, err
	}
	if t.what == cgo.Accumulate || t.what == cgo.GetAccumulate {
		if err := t.checkOp(); err != nil {
			return false, err
		}
	}
	if t.target == ProcNull {
		return true, nil
	}
	if err := w.checkRange(t); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.epoch.reaches(t.op, t.target, t.request); err != nil {
		return false, err
	}
	if w.flavor == WinFlavorDynamic && t.target == w.rank {
		low, high, _ := reach(t.e, t.n)
		if !w.attachedAt(uintptr(t.disp+low), uintptr(t.disp+high)) {
			return false, argError(t.op, ErrRMARange, "the %d bytes from displacement %d on are not attached", high-low, t.disp+low)
		}
	}
	return t.n*t.e.Size == 0, nil
}

// arrange says what lies at the target, and checks that it is as much as here.
func (t *transfer) arrange(layout []TargetLayout) error {
	here, name := t.origin, "origin"
	if t.what == cgo.Get || t.what == cgo.GetAccumulate {
		here, name = t.result, "result"
	}
	t.n, t.e = here.n, here.e
	if len(layout) > 1 {
		return argError(t.op, ErrArg, "%d layouts of the target, but there can be only one", len(layout))
	}
	if len(layout) == 1 {
		t.n, t.e = layout[0].n, layout[0].e
		switch {
		case t.e == nil:
			return argError(t.op, ErrType, "the layout of the target is the zero TargetLayout")
		case t.e.Err != nil:
			return view{e: t.e}.check(t.op)
		case t.n < 0:
			return argError(t.op, ErrCount, "the layout of the target has %d elements", t.n)
		}
	}
	if there := (view{n: t.n, e: t.e}); there.bytes() != here.bytes() {
		return argError(t.op, ErrCount, "%s has %d bytes of data, but the layout of the target %d", name, here.bytes(), there.bytes())
	}
	if t.what != cgo.GetAccumulate {
		return nil
	}
	if t.by == op.NoOp {
		t.origin = t.result // it is ignored, but Open MPI 4.1 must find as many elements
		return nil
	}
	if t.origin.bytes() != t.result.bytes() {
		return argError(t.op, ErrCount, "origin has %d bytes of data, but result %d", t.origin.bytes(), t.result.bytes())
	}
	if share(t.origin, t.result) {
		return argError(t.op, ErrBuffer, "origin and result share memory")
	}
	return nil
}

// checkOp checks the operation, and that all elements are of one basic type.
func (t *transfer) checkOp() error {
	switch {
	case t.by.Freed():
		return argError(t.op, ErrOp, "the operation %v has been freed", t.by)
	case t.by.Handle() == 0:
		return argError(t.op, ErrOp, "no operation given")
	case t.by == op.NoOp && t.what == cgo.Accumulate:
		return argError(t.op, ErrOp, "MPI does not define %v for this call, which would do nothing", t.by)
	}
	kind, ok := basicKind(t.e)
	for _, e := range []*cgo.Elem{t.origin.e, t.result.e} {
		if e == t.e || e == noView.e && t.what == cgo.Accumulate {
			continue
		}
		if k, one := basicKind(e); !one || k != kind {
			ok = false
		}
	}
	if !ok {
		return argError(t.op, ErrType, "the elements here and at the target must all be of one and the same basic type, and are not")
	}
	if kind < cgo.NumKinds {
		t.basic = cgo.Basic[kind]
	} else {
		t.basic = cgo.Pairs[kind-cgo.FirstPair]
	}
	if !t.by.Accumulates(kind) {
		return argError(t.op, ErrOp, "MPI does not define %v for elements of type %v in one-sided calls", t.by, kind)
	}
	if cgo.RMALosesResults && t.what == cgo.GetAccumulate && (made(t.e) || made(t.origin.e) || made(t.result.e)) {
		return argError(t.op, ErrUnsupported, "Open MPI before 5 loses the result where elements are of derived datatypes, or have padding: use slices of basic types and no layout")
	}
	if cgo.RMALosesResults && (kind == cgo.Float64Int || kind == cgo.Int64Int || kind == cgo.Int16Int) && (t.n > 1 || t.e.Kind == cgo.Derived) {
		return argError(t.op, ErrUnsupported, "Open MPI before 5 confuses several elements of type %v, which have padding: give them one by one", kind)
	}
	if cgo.RMAComparesSigned && kind >= cgo.Uint8 && kind <= cgo.Uint64 && (t.by == op.Max || t.by == op.Min) {
		return argError(t.op, ErrUnsupported, "%v of %v is wrong in the one-sided calls of MPICH before 4.1 (pmodels/mpich #6083)", t.by, kind)
	}
	return nil
}

// made reports whether elements are not of a basic type, or have padding.
func made(e *cgo.Elem) bool { return e.Kind == cgo.Derived || e.Size != e.Extent }

// basicKind is the basic type that all data of e is of, if it is of one.
func basicKind(e *cgo.Elem) (kind cgo.Kind, one bool) {
	if e.Kind != cgo.Derived {
		return e.Kind, true
	}
	return basicKindOf(e.T)
}

func basicKindOf(t cgo.Datatype) (kind cgo.Kind, one bool) {
	const op = "TypeContents"
	env, err := cgo.TypeEnvelope(op, t)
	if err != nil {
		return cgo.Derived, false
	}
	if env.Combiner == cgo.CombinerNamed {
		e, _, err := cgo.TypeInfo(op, t)
		return e.Kind, err == nil && e.Kind != cgo.Derived
	}
	_, _, _, types, err := cgo.TypeContents(op, t, env)
	if err != nil {
		return cgo.Derived, false
	}
	one = len(types) > 0
	for i, p := range types {
		k, same := basicKindOf(p)
		one = one && same && (i == 0 || k == kind)
		kind = k
		if e, err := cgo.TypeEnvelope(op, p); err == nil && e.Combiner != cgo.CombinerNamed {
			_ = cgo.TypeFree(op, p) // nothing can be done about it
		}
	}
	return kind, one
}

// checkRange checks that a transfer stays in the target's memory.
func (w *Win) checkRange(t *transfer) error {
	if w.flavor == WinFlavorDynamic {
		return nil // a displacement is an address there
	}
	p := w.part(t.target)
	if t.disp < 0 {
		return argError(t.op, ErrDisp, "disp is %d, but cannot be negative", t.disp)
	}
	low, high, ok := reach(t.e, t.n)
	if !ok || t.disp > p.n || low < -t.disp*p.unit || high > (p.n-t.disp)*p.unit {
		return argError(t.op, ErrRMARange, "disp is %d and the transfer of %d elements reaches from byte %d to %d after that, but rank %d has %d elements of %d bytes", t.disp, t.n, low, high, t.target, p.n, p.unit)
	}
	return nil
}

// share reports whether two buffers have memory in common. Layouts with holes may
// lie in one another.
func share(a, b view) bool {
	if a.e.Kind == cgo.Derived || b.e.Kind == cgo.Derived {
		return false
	}
	la, ha, _ := reach(a.e, a.n)
	lb, hb, _ := reach(b.e, b.n)
	pa, pb := uintptr(a.ptr), uintptr(b.ptr)
	return la < ha && lb < hb && pa+uintptr(la) < pb+uintptr(hb) && pb+uintptr(lb) < pa+uintptr(ha)
}
