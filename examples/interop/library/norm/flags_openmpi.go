//go:build openmpi

package norm

// One file per MPI, because the go command caches what conditions in one #cgo line choose.

// #cgo pkg-config: ompi
// #cgo LDFLAGS: -lmpi_usempi_ignore_tkr -lmpi_mpifh -lgfortran -lm
import "C"
