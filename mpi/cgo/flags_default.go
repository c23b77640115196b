//go:build !openmpi && !mpich && !mpi_env

package cgo

// #cgo pkg-config: mpi
import "C"
