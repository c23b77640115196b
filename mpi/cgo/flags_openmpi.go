//go:build openmpi && !mpi_env

package cgo

// The four flags_*.go files are separate, each behind its own build
// constraint, because two conditional #cgo lines in one file let cmd/go reuse
// a stale object and link the wrong MPI.

// #cgo pkg-config: ompi
import "C"
