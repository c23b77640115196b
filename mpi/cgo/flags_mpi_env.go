//go:build mpi_env

package cgo

// With -tags mpi_env every flag comes from the compiler that CC names: an
// absolute path to mpicc, Cray's cc, mpiicx. An absolute path, because cmd/go
// hashes CC's name and must see that it changed.

import "C"
