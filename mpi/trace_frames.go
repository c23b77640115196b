//go:build amd64 || arm64

package mpi

// dearTraces is set where to take down the callers costs more than a few
// nanoseconds.
const dearTraces = false

// callers fills in t. It goes no further than frames lie close to each other:
// beyond that is the end of the stack, or C.
//
//go:noescape
func callers(t *trace)
