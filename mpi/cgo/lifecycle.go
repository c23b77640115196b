package cgo

import (
	"sync"
	"sync/atomic"
)

// sessions is how many are open: with one MPI is usable without Init.
var sessions atomic.Int32

// Usable says whether MPI can be called now; op is the call that the error
// names.
func Usable(op string) error {
	switch {
	case sessions.Load() > 0:
		return nil
	case Finalized():
		return &Error{Op: op, Class: ErrState, Msg: "MPI has been finalised"}
	case !Initialized():
		return &Error{Op: op, Class: ErrState, Msg: "MPI is not initialised: run the program's work in mpi.Main, or call mpi.Init first"}
	}
	return nil
}

var leaving struct {
	mu    sync.Mutex
	funcs []func()
}

// AtFinalize has f called before MPI is finalised, for packages that keep
// objects of the library on the program's behalf.
func AtFinalize(f func()) {
	leaving.mu.Lock()
	defer leaving.mu.Unlock()
	leaving.funcs = append(leaving.funcs, f)
}

// Leave calls what AtFinalize was given. Package mpi calls it when no
// communication can begin any more, and before Finalize.
func Leave() {
	leaving.mu.Lock()
	defer leaving.mu.Unlock()
	for _, f := range leaving.funcs {
		f()
	}
}
