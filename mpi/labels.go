package mpi

import (
	"context"
	"os"
	"runtime/pprof"
	"strings"
)

// The Go runtime's own report of a panic, in a goroutine that Go did not start, or of
// a fatal error names no rank, and with some launchers nothing does. But its stacks
// show the labels of goroutines, which those that they start inherit.

// showLabels has stacks show labels, which Go 1.26 does only when asked to. The
// runtime looks at the variable when it is set. It must be before MPI has threads,
// which may read the environment at any time.
func showLabels() {
	const name = "GODEBUG"
	settings := os.Getenv(name)
	if strings.Contains(settings, "tracebacklabels=") {
		return
	}
	os.Setenv(name, strings.TrimPrefix(settings+",tracebacklabels=1", ","))
}

// label labels this goroutine, and those that it will start, with the rank.
func label() {
	labels := pprof.Labels("mpi", whoami())
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), labels))
}
