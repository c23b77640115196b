package cgo

// #include "shim.h"
import "C"

import (
	"cmp"
	"fmt"
	"unsafe"
)

// Class is an MPI error class, numbered independently of the library. It is an
// error itself, so that errors.Is(err, ErrTruncate) works.
type Class int

// The error classes of the standard, in the order of m4g_classes in env.c,
// then our own.
const (
	Success Class = iota
	ErrBuffer
	ErrCount
	ErrType
	ErrTag
	ErrComm
	ErrRank
	ErrRequest
	ErrRoot
	ErrGroup
	ErrOp
	ErrTopology
	ErrDims
	ErrArg
	ErrUnknown
	ErrTruncate
	ErrOther
	ErrIntern
	ErrInStatus
	ErrPending
	ErrAccess
	ErrAmode
	ErrAssert
	ErrBadFile
	ErrBase
	ErrConversion
	ErrDisp
	ErrDupDatarep
	ErrFileExists
	ErrFileInUse
	ErrFile
	ErrInfoKey
	ErrInfoNokey
	ErrInfoValue
	ErrInfo
	ErrIO
	ErrKeyval
	ErrLocktype
	ErrName
	ErrNoMem
	ErrNotSame
	ErrNoSpace
	ErrNoSuchFile
	ErrPort
	ErrQuota
	ErrReadOnly
	ErrRMAConflict
	ErrRMASync
	ErrService
	ErrSize
	ErrSpawn
	ErrUnsupportedDatarep
	ErrUnsupportedOperation
	ErrWin
	ErrRMAAttach
	ErrRMARange
	ErrRMAShared
	ErrRMAFlavor

	// ErrUnsupported: the library lacks the call.
	ErrUnsupported
	// ErrState: MPI is not initialised yet, or already finalised.
	ErrState
	// ErrLaunch: the program was started in a way that cannot work.
	ErrLaunch
	numClasses
)

var classes = [numClasses]struct{ name, text string }{
	Success:                 {"MPI_SUCCESS", "no error"},
	ErrBuffer:               {"MPI_ERR_BUFFER", "invalid buffer"},
	ErrCount:                {"MPI_ERR_COUNT", "invalid count"},
	ErrType:                 {"MPI_ERR_TYPE", "invalid datatype"},
	ErrTag:                  {"MPI_ERR_TAG", "invalid tag"},
	ErrComm:                 {"MPI_ERR_COMM", "invalid communicator"},
	ErrRank:                 {"MPI_ERR_RANK", "invalid rank"},
	ErrRequest:              {"MPI_ERR_REQUEST", "invalid request"},
	ErrRoot:                 {"MPI_ERR_ROOT", "invalid root"},
	ErrGroup:                {"MPI_ERR_GROUP", "invalid group"},
	ErrOp:                   {"MPI_ERR_OP", "invalid reduction operation"},
	ErrTopology:             {"MPI_ERR_TOPOLOGY", "invalid topology"},
	ErrDims:                 {"MPI_ERR_DIMS", "invalid dimensions"},
	ErrArg:                  {"MPI_ERR_ARG", "invalid argument"},
	ErrUnknown:              {"MPI_ERR_UNKNOWN", "unknown error"},
	ErrTruncate:             {"MPI_ERR_TRUNCATE", "message truncated"},
	ErrOther:                {"MPI_ERR_OTHER", "error"},
	ErrIntern:               {"MPI_ERR_INTERN", "internal error of the MPI library"},
	ErrInStatus:             {"MPI_ERR_IN_STATUS", "error in a status"},
	ErrPending:              {"MPI_ERR_PENDING", "request still pending"},
	ErrAccess:               {"MPI_ERR_ACCESS", "permission denied"},
	ErrAmode:                {"MPI_ERR_AMODE", "invalid access mode"},
	ErrAssert:               {"MPI_ERR_ASSERT", "invalid assertion"},
	ErrBadFile:              {"MPI_ERR_BAD_FILE", "invalid file name"},
	ErrBase:                 {"MPI_ERR_BASE", "invalid base"},
	ErrConversion:           {"MPI_ERR_CONVERSION", "data conversion failed"},
	ErrDisp:                 {"MPI_ERR_DISP", "invalid displacement"},
	ErrDupDatarep:           {"MPI_ERR_DUP_DATAREP", "data representation already defined"},
	ErrFileExists:           {"MPI_ERR_FILE_EXISTS", "file exists"},
	ErrFileInUse:            {"MPI_ERR_FILE_IN_USE", "file in use"},
	ErrFile:                 {"MPI_ERR_FILE", "invalid file"},
	ErrInfoKey:              {"MPI_ERR_INFO_KEY", "invalid info key"},
	ErrInfoNokey:            {"MPI_ERR_INFO_NOKEY", "info key not defined"},
	ErrInfoValue:            {"MPI_ERR_INFO_VALUE", "invalid info value"},
	ErrInfo:                 {"MPI_ERR_INFO", "invalid info"},
	ErrIO:                   {"MPI_ERR_IO", "input or output failed"},
	ErrKeyval:               {"MPI_ERR_KEYVAL", "invalid attribute key"},
	ErrLocktype:             {"MPI_ERR_LOCKTYPE", "invalid lock type"},
	ErrName:                 {"MPI_ERR_NAME", "service name not published"},
	ErrNoMem:                {"MPI_ERR_NO_MEM", "out of memory"},
	ErrNotSame:              {"MPI_ERR_NOT_SAME", "collective argument not the same on all ranks"},
	ErrNoSpace:              {"MPI_ERR_NO_SPACE", "no space left"},
	ErrNoSuchFile:           {"MPI_ERR_NO_SUCH_FILE", "no such file"},
	ErrPort:                 {"MPI_ERR_PORT", "invalid port"},
	ErrQuota:                {"MPI_ERR_QUOTA", "quota exceeded"},
	ErrReadOnly:             {"MPI_ERR_READ_ONLY", "read-only file or file system"},
	ErrRMAConflict:          {"MPI_ERR_RMA_CONFLICT", "conflicting accesses to a window"},
	ErrRMASync:              {"MPI_ERR_RMA_SYNC", "wrong synchronisation of a window"},
	ErrService:              {"MPI_ERR_SERVICE", "invalid service name"},
	ErrSize:                 {"MPI_ERR_SIZE", "invalid size"},
	ErrSpawn:                {"MPI_ERR_SPAWN", "spawning processes failed"},
	ErrUnsupportedDatarep:   {"MPI_ERR_UNSUPPORTED_DATAREP", "unsupported data representation"},
	ErrUnsupportedOperation: {"MPI_ERR_UNSUPPORTED_OPERATION", "unsupported operation"},
	ErrWin:                  {"MPI_ERR_WIN", "invalid window"},
	ErrRMAAttach:            {"MPI_ERR_RMA_ATTACH", "memory cannot be attached"},
	ErrRMARange:             {"MPI_ERR_RMA_RANGE", "target memory outside the window"},
	ErrRMAShared:            {"MPI_ERR_RMA_SHARED", "memory cannot be shared"},
	ErrRMAFlavor:            {"MPI_ERR_RMA_FLAVOR", "wrong flavour of window"},
	ErrUnsupported:          {"unsupported by this MPI library", "call not available"},
	ErrState:                {"MPI not usable now", "MPI is not initialised"},
	ErrLaunch:               {"wrong launch", "the program was started wrongly"},
}

// Error is the class's description.
func (c Class) Error() string { return "mpi: " + c.text() + " (" + c.String() + ")" }

// String is the standard's name of the class, as in MPI_ERR_TRUNCATE. One that
// the program has added is called added class 1, and so on.
func (c Class) String() string {
	if code, _ := c.added(); code != 0 {
		return c.addedName()
	}
	if c < 0 || c >= numClasses {
		c = ErrUnknown
	}
	return classes[c].name
}

// HeaderName is the name of a class of the standard in the library's header,
// and empty for any other.
func HeaderName(c Class) string { return C.GoString(C.m4g_class_name(C.int(c))) }

func (c Class) text() string {
	if code, text := c.added(); code != 0 {
		return text
	}
	if c < 0 || c >= numClasses {
		c = ErrUnknown
	}
	return classes[c].text
}

// Error is what every failing call returns.
type Error struct {
	Op    string // the call, as in "Recv"
	Code  int    // the library's error code; 0 when the error was found before C was entered
	Class Class
	Msg   string
}

// Error reads "mpi: Recv: message truncated (MPI_ERR_TRUNCATE)".
func (e *Error) Error() string {
	return "mpi: " + e.Op + ": " + e.Msg + " (" + e.Class.String() + ")"
}

// Is reports whether target is the error's class.
func (e *Error) Is(target error) bool {
	c, ok := target.(Class)
	return ok && c == e.Class
}

func check(op string, rc C.int) error {
	if rc == 0 {
		return nil
	}
	return NewError(op, int(rc))
}

// NewError describes the library's error code rc as the error of the call op.
func NewError(op string, rc int) error {
	if rc == C.M4G_ERR_UNSUPPORTED {
		v, s := Version()
		return &Error{Op: op, Code: rc, Class: ErrUnsupported, Msg: fmt.Sprintf("the call came with MPI-4, and this library is MPI %d.%d", v, s)}
	}
	class, text := addedError(Class(C.m4g_error_class(C.int(rc))), rc)
	e := &Error{Op: op, Code: rc, Class: class, Msg: cmp.Or(text, class.text())}
	if text != "" {
		return e
	}
	switch class {
	case ErrOther, ErrUnknown, ErrIntern:
		// The class alone says nothing here; the library may.
		buf := make([]byte, 2048)
		n := C.m4g_error_string(C.int(rc), (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.int(len(buf)))
		if n > 0 {
			e.Msg += ": " + string(buf[:n])
		}
	}
	return e
}
