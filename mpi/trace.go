package mpi

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// traceDepth is how many callers a trace holds: those of this module, and the
// first that is not.
const traceDepth = 16

// trace is where a call came from: return addresses, innermost first, of which
// callers(&t) takes down those of its caller's callers. It follows the frame
// pointers: 5 ns, where runtime.Callers takes 200, which is a good part of the
// time of a small message.
type trace [traceDepth]uintptr

// caller finds the frame that this module was called from: call is the function
// that was called, as "Recv" or "pool.Map", at is file and line of the call.
func (t *trace) caller() (call, at string) {
	n := 0
	for n < len(t) && t[n] != 0 {
		n++
	}
	if n == 0 {
		return "", ""
	}
	frames := runtime.CallersFrames(t[:n])
	return callerIn(func(yield func(runtime.Frame) bool) {
		for more := true; more; {
			var f runtime.Frame
			if f, more = frames.Next(); !yield(f) {
				return
			}
		}
	})
}

// callerIn is caller for frames of any origin, innermost first.
func callerIn(frames iter.Seq[runtime.Frame]) (call, at string) {
	for f := range frames {
		if f.File != "" {
			at = fmt.Sprintf("%s:%d", shortened(f.File), f.Line)
		}
		if !isOurs(f) {
			return call, at
		}
		call = callName(strings.TrimPrefix(f.Function, module))
	}
	return call, at
}

// isOurs reports whether f is this module's, other than its tests and programs.
func isOurs(f runtime.Frame) bool {
	name, ours := strings.CutPrefix(f.Function, module)
	return ours && !strings.HasSuffix(f.File, "_test.go") && !strings.HasPrefix(name, "examples/") && !strings.HasPrefix(name, "bench/")
}

// module is the module's path, and a slash.
var module = strings.TrimSuffix(reflect.TypeFor[Comm]().PkgPath(), "mpi")

// callName makes "Comm.Barrier" of "mpi.(*Comm).Barrier", and "object.Recv" of
// "mpi/object.Recv[...]".
func callName(f string) string {
	f = strings.TrimPrefix(f[strings.LastIndexByte(f, '/')+1:], "mpi.")
	return strings.NewReplacer("(*", "", ")", "", "[...]", "").Replace(f)
}

// shortened leaves out the working directory.
func shortened(file string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return file
}
