//go:build mpich && !openmpi && !mpi_env

package cgo

// #cgo pkg-config: mpich
import "C"
