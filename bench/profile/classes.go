package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A class is a part of the way of a call, and a row of the table.
type class int

const (
	loop     class = iota // the benchmark's own loop
	packages              // Go of mpi4go
	crossing              // from Go to C and back
	goOther               // allocation, collection, scheduling
	cLayer                // C of mpi4go
	library               // MPI, and what it stands on
	classes
)

func (c class) String() string {
	return [...]string{"the loop", "mpi4go, in Go", "crossing to C and back", "Go's runtime otherwise", "mpi4go, in C", "the library"}[c]
}

const module = "github.com/mpi4go/mpi4go/"

// cgocall is called once for each call of C.
const cgocall = "runtime.cgocall"

// crossingNames are the functions through which a call of C passes, Go's and those
// that cgo writes. (The runtime's casgstatus is not among them: only a goroutine
// that lost its processor meanwhile comes to it.)
var crossingNames = []string{
	cgocall, "runtime.asmcgocall", "runtime.asmcgocall_landingpad", "gosave_systemstack_switch", "_cgo_topofstack",
	"runtime.entersyscall", "runtime.reentersyscall", "runtime.save", "runtime.getcallerfp", "runtime.getfp",
	"runtime.exitsyscall", "runtime.exitsyscallTryGetP", "runtime.exitsyscallNoP",
	"runtime.cgocallback", "runtime.cgocallbackg", "runtime.cgocallbackg1", "crosscall2",
	"runtime.cgoCheckPointer", "runtime.cgoCheckArg", "runtime.cgoCheckResult",
}

// stub are the functions that cgo writes for each that Go calls, in Go and in C.
var stub = regexp.MustCompile(`^(` + regexp.QuoteMeta(module) + `mpi/cgo\._Cfunc_|_cgo_[0-9a-f]+_Cfunc_)`)

// abi is what Go's linker appends to functions in assembler and their wrappers.
var abi = regexp.MustCompile(`\.abi(0|internal)$`)

// classify says what f belongs to in a program, which is C's or Go's.
func classify(f function, path string, isGo bool) class {
	name := abi.ReplaceAllString(f.name, "")
	closure := strings.Index(name, ".func") // of exitsyscall, for instance
	if closure > 0 && strings.HasPrefix(name, "runtime.") {
		name = name[:closure]
	}
	folder := filepath.ToSlash(filepath.Dir(f.file))
	isC := strings.HasSuffix(f.file, ".c") && strings.HasSuffix(folder, "mpi/cgo")
	switch {
	case filepath.Base(f.object) != filepath.Base(path):
		return library
	case name == "ucp_request_release":
		return cLayer // of ucx.c, which C's program has too, so as to come to its end
	case !isGo:
		return loop
	case slices.Contains(crossingNames, name) || stub.MatchString(name):
		return crossing
	case isC || strings.HasPrefix(name, "m4g_") || strings.HasPrefix(name, "0x"):
		return cLayer // nameless are the jumps to the library
	case strings.HasPrefix(name, module):
		return packages
	case strings.HasPrefix(name, "main."):
		return loop
	}
	return goOther
}
