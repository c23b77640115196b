package cgo

// #include "shim.h"
import "C"

// What RMA does.
const (
	Put           = C.M4G_PUT
	Get           = C.M4G_GET
	Accumulate    = C.M4G_ACCUMULATE
	GetAccumulate = C.M4G_GET_ACCUMULATE
)

// What the library gets wrong in one-sided calls; see rma.c.
var (
	// Max and Min of unsigned integers.
	RMAComparesSigned = C.m4g_rma_quirk() == C.M4G_SIGNED_EXTREMES
	// GetAccumulate with derived datatypes.
	RMALosesResults = C.m4g_rma_quirk() == C.M4G_LOST_RESULTS
)

// RMA begins a transfer between on elements at o, or rn at r, or both, and tn at
// the target's displacement. The buffers must be pinned and kept until it is
// complete: by the request, if one is asked for. A request of 0 is complete.
//
//go:uintptrescapes
func RMA(what int, request bool, o uintptr, on int, ot Datatype, r uintptr, rn int, rt Datatype, target, disp, tn int, tt Datatype, op Op, w Win) (Request, int) {
	m := C.m4g_rma(C.int(what), flag(request), C.m4g_addr(o), C.int64_t(on), C.m4g_h(ot), C.m4g_addr(r), C.int64_t(rn), C.m4g_h(rt),
		C.int(target), C.int64_t(disp), C.int64_t(tn), C.m4g_h(tt), C.m4g_h(op), C.m4g_h(w))
	return Request(m.h), int(m.rc)
}

// FetchAndOp begins to combine an element with the target's, whose old value goes
// to r. Both must be pinned and kept until that is complete.
//
//go:uintptrescapes
func FetchAndOp(o, r uintptr, t Datatype, target, disp int, op Op, w Win) int {
	return int(C.m4g_fetch_and_op(C.m4g_addr(o), C.m4g_addr(r), C.m4g_h(t), C.int(target), C.int64_t(disp), C.m4g_h(op), C.m4g_h(w)))
}

// CompareAndSwap begins to put the element at o in place of the target's, if that
// is equal to the one at c; its old value goes to r. All must be pinned and kept
// until that is complete. Own is where the target's element lies, pinned, if it is
// this rank's and no window of WinAllocateShared, else 0.
//
//go:uintptrescapes
func CompareAndSwap(o, c, r uintptr, t Datatype, target, disp int, own uintptr, w Win) int {
	return int(C.m4g_compare_and_swap(C.m4g_addr(o), C.m4g_addr(c), C.m4g_addr(r), C.m4g_h(t), C.int(target), C.int64_t(disp), C.m4g_addr(own), C.m4g_h(w)))
}

// RMAAlone makes a transfer of a window that is alone, at once: at is where the
// target's elements lie. All elements are of the type basic where they are
// combined.
//
//go:uintptrescapes
func RMAAlone(what int, o uintptr, on int, ot Datatype, r uintptr, rn int, rt Datatype, at uintptr, tn int, tt, basic Datatype, op Op) int {
	part := func(buf uintptr, n int, t Datatype) C.m4g_part {
		return C.m4g_part{buf: C.m4g_addr(buf), n: C.int64_t(n), _type: C.m4g_h(t)}
	}
	return int(C.m4g_rma_alone(C.int(what), part(o, on, ot), part(r, rn, rt), part(at, tn, tt), C.m4g_h(basic), C.m4g_h(op)))
}

// SwapAlone is CompareAndSwap of a window that is alone, of an element of size
// bytes.
//
//go:uintptrescapes
func SwapAlone(o, c, r, at uintptr, size int) {
	C.m4g_swap_alone(C.m4g_addr(o), C.m4g_addr(c), C.m4g_addr(r), C.m4g_addr(at), C.int(size))
}
