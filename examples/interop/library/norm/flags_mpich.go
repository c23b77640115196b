//go:build mpich

package norm

// #cgo pkg-config: mpich
// #cgo LDFLAGS: -lmpichfort -lgfortran -lm
import "C"
