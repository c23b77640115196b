// Package leaks keeps a list of the objects of MPI that the program has made and
// not freed yet, with where it made each, for the report of Finalize in debug
// mode. Without debug mode it does nothing.
package leaks

import (
	"reflect"
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
	n := runtime.Callers(2, o.From[:])
	if unlisted(o.From[:n]) {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	open[object] = o
}

// Unlisted runs f. What it makes is not put on the list: a package beside mpi keeps
// it for itself, and its user could not free it.
//
//go:noinline
func Unlisted(f func()) { f() } // found in the stack

var name = runtime.FuncForPC(reflect.ValueOf(Unlisted).Pointer()).Name()

func unlisted(from []uintptr) bool {
	frames := runtime.CallersFrames(from)
	for more := len(from) > 0; more; {
		var f runtime.Frame
		if f, more = frames.Next(); f.Function == name {
			return true
		}
	}
	return false
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
