// Package leaks keeps a list of the objects of MPI that the program has made and
// not freed yet, with where it made each, for the report of Finalize in debug
// mode. Without debug mode it does nothing.
package leaks

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Depth is how many callers are kept.
const Depth = 16

// An Object is one that exists.
type Object struct {
	Kind string         // "communicator", in the singular
	From [Depth]uintptr // return addresses, innermost first
}

var (
	on   atomic.Bool
	mu   sync.Mutex
	open = make(map[any]Object) // by the pointer that stands for it in Go
)

// Start begins the list. What exists already is not on it.
func Start() { on.Store(true) }

// On reports whether there is a list.
func On() bool { return on.Load() }

// Made puts an object on the list.
func Made(kind string, object any) {
	if !on.Load() {
		return
	}
	o := Object{Kind: kind}
	runtime.Callers(2, o.From[:])
	mu.Lock()
	defer mu.Unlock()
	open[object] = o
}

// Freed takes an object from the list, if it is there.
func Freed(object any) {
	if !on.Load() {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	delete(open, object)
}

// Open is what is on the list.
func Open() (all []Object) {
	mu.Lock()
	defer mu.Unlock()
	for _, o := range open {
		all = append(all, o)
	}
	return all
}
