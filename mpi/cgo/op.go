package cgo

// #include "shim.h"
import "C"

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"
)

// MaxOps is how many operations in Go there can be at a time.
const MaxOps = C.M4G_OPS

// OpFunc combines n elements at in with those at inout, as in in inout, and
// leaves the result in inout.
type OpFunc func(in, inout unsafe.Pointer, n int)

// opFuncs holds the function of each C function of the table in op.c.
var opFuncs [MaxOps]atomic.Pointer[OpFunc]

// Slots are used again in the order in which they were given back.
var opSlots struct {
	mu   sync.Mutex
	used int // those never given out yet begin here
	free []int
}

// OpCreate makes an operation of f. Its slot goes to OpFree with it.
func OpCreate(op string, f OpFunc, commutes bool) (o Op, slot int, err error) {
	opSlots.mu.Lock()
	defer opSlots.mu.Unlock()
	switch {
	case opSlots.used < MaxOps:
		slot = opSlots.used
	case len(opSlots.free) > 0:
		slot = opSlots.free[0]
	default:
		return 0, 0, &Error{Op: op, Class: ErrOp, Msg: fmt.Sprintf("%d operations exist, and there cannot be more at a time: free those that are not needed", MaxOps)}
	}
	opFuncs[slot].Store(&f)
	m := C.m4g_op_create(C.int(slot), flag(commutes))
	if err := check(op, C.int(m.rc)); err != nil {
		return 0, 0, err
	}
	if opSlots.used < MaxOps {
		opSlots.used++
	} else {
		opSlots.free = opSlots.free[1:]
	}
	return Op(m.h), slot, nil
}

// OpFree lets go of an operation that no pending reduction uses.
func OpFree(op string, o Op, slot int) error {
	if err := check(op, C.m4g_op_free(C.m4g_h(o))); err != nil {
		return err
	}
	opSlots.mu.Lock()
	defer opSlots.mu.Unlock()
	opFuncs[slot].Store(nil)
	opSlots.free = append(opSlots.free, slot)
	return nil
}

// What the library gets wrong in reductions by operations in Go; see op.c.
var (
	// Of types that begin with padding.
	ReducesLowerBound = C.m4g_reduce_quirk() == C.M4G_LOWER_BOUND
	// Of types that begin or end with it, in ReduceScatter and
	// ReduceScatterBlock, unless the operation commutes.
	ReducesScatterStride = C.m4g_reduce_quirk() == C.M4G_SCATTER_STRIDE
)

// OnPanic is told of a panic in an operation, or of nil for runtime.Goexit,
// and must not return: no panic may cross the library's frames. Package mpi sets
// it.
var OnPanic = func(p any, stack []byte) {
	fmt.Fprintf(os.Stderr, "mpi: panic in a reduction operation: %v\n\n%s", p, stack)
	Abort(World(), 2)
}

// The library calls it from any of its calls and any thread.
//
//export m4gRunOp
func m4gRunOp(slot C.int, in, inout unsafe.Pointer, n C.int64_t) {
	normal := false
	defer func() {
		if !normal {
			OnPanic(recover(), debug.Stack())
		}
	}()
	(*opFuncs[slot].Load())(in, inout, int(n))
	normal = true
}
