package mpi

import (
	"fmt"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Error is the error of a failing call: Op is the call, Code the library's
// error code (0 when the error was found before C was entered), Class the
// standard's error class. errors.Is(err, ErrTruncate) asks for the class.
type Error = cgo.Error

// Class is an MPI error class. Each class is an error itself, for errors.Is.
//
// Implements: MPI_Error_class, MPI_Error_string (MPI 4.1 §9.4)
type Class = cgo.Class

// The error classes of the standard (MPI 4.1 §9.4).
const (
	ErrBuffer               = cgo.ErrBuffer
	ErrCount                = cgo.ErrCount
	ErrType                 = cgo.ErrType
	ErrTag                  = cgo.ErrTag
	ErrComm                 = cgo.ErrComm
	ErrRank                 = cgo.ErrRank
	ErrRequest              = cgo.ErrRequest
	ErrRoot                 = cgo.ErrRoot
	ErrGroup                = cgo.ErrGroup
	ErrOp                   = cgo.ErrOp
	ErrTopology             = cgo.ErrTopology
	ErrDims                 = cgo.ErrDims
	ErrArg                  = cgo.ErrArg
	ErrUnknown              = cgo.ErrUnknown
	ErrTruncate             = cgo.ErrTruncate
	ErrOther                = cgo.ErrOther
	ErrIntern               = cgo.ErrIntern
	ErrPending              = cgo.ErrPending
	ErrInfoKey              = cgo.ErrInfoKey
	ErrInfoNokey            = cgo.ErrInfoNokey
	ErrInfoValue            = cgo.ErrInfoValue
	ErrInfo                 = cgo.ErrInfo
	ErrKeyval               = cgo.ErrKeyval
	ErrNoMem                = cgo.ErrNoMem
	ErrUnsupportedOperation = cgo.ErrUnsupportedOperation
	ErrAssert               = cgo.ErrAssert
	ErrBase                 = cgo.ErrBase
	ErrDisp                 = cgo.ErrDisp
	ErrLocktype             = cgo.ErrLocktype
	ErrRMAAttach            = cgo.ErrRMAAttach
	ErrRMAConflict          = cgo.ErrRMAConflict
	ErrRMAFlavor            = cgo.ErrRMAFlavor
	ErrRMARange             = cgo.ErrRMARange
	ErrRMAShared            = cgo.ErrRMAShared
	ErrRMASync              = cgo.ErrRMASync
	ErrSize                 = cgo.ErrSize
	ErrWin                  = cgo.ErrWin
)

// Classes of our own.
const (
	ErrUnsupported = cgo.ErrUnsupported // the MPI library lacks the call
	ErrState       = cgo.ErrState       // before Init, after Finalize, or Init twice
	ErrLaunch      = cgo.ErrLaunch      // the program was started in a way that cannot work
)

// argError is an error found before C was entered.
func argError(op string, class Class, format string, args ...any) error {
	return &Error{Op: op, Class: class, Msg: fmt.Sprintf(format, args...)}
}
