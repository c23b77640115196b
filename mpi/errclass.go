package mpi

import (
	"strings"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Errors of the program's own among the library's: for a package that shares
// them with C code of the same process. Go code alone is better off with error
// values. What is added is this rank's, and stays until the end.

// AddErrorClass makes a new error class. It works with errors.Is, as those of
// the standard do. May be called from any goroutine.
//
// Errors: ErrState.
//
// Implements: MPI_Add_error_class (MPI 4.1 §9.5)
func AddErrorClass() (Class, error) {
	if err := usable("AddErrorClass"); err != nil {
		return 0, err
	}
	return cgo.AddErrorClass()
}

// AddErrorCode makes a new error code of a class of the standard's or of the
// program's. May be called from any goroutine.
//
// Errors: ErrState, ErrArg (the library does not know the class).
//
// Implements: MPI_Add_error_code (MPI 4.1 §9.5)
func AddErrorCode(class Class) (int, error) {
	const op = "AddErrorCode"
	if err := usable(op); err != nil {
		return 0, err
	}
	if class.Code() == 0 {
		return 0, argError(op, ErrArg, "class is %d (%v), which the MPI library does not know", int(class), class)
	}
	return cgo.AddErrorCode(class)
}

// AddErrorString says what a code of AddErrorCode means, or, for class.Code(),
// a class of AddErrorClass. It may be said anew. May be called from any goroutine.
//
// Errors: ErrState, ErrArg (the code is none that was added, or the text is too
// long or has a zero byte).
//
// Implements: MPI_Add_error_string (MPI 4.1 §9.5)
func AddErrorString(code int, text string) error {
	const op = "AddErrorString"
	if err := usable(op); err != nil {
		return err
	}
	switch {
	case !cgo.ErrorAdded(code):
		return argError(op, ErrArg, "code is %d, but must be of AddErrorCode, or of a class of AddErrorClass", code)
	case len(text) >= cgo.MaxErrorString:
		return argError(op, ErrArg, "text has %d bytes, but at most %d are possible here", len(text), cgo.MaxErrorString-1)
	case strings.IndexByte(text, 0) >= 0:
		return argError(op, ErrArg, "text is %.40q, but cannot contain a zero byte", text)
	}
	return cgo.AddErrorString(code, text)
}

// CodeError is the error that the library's error code stands for, such as one
// that C code in this process returned; op is the call that it names. It is nil
// for MPI_SUCCESS. May be called from any goroutine.
//
// Implements: MPI_Error_class, MPI_Error_string (MPI 4.1 §9.4)
func CodeError(op string, code int) error {
	if err := usable("CodeError"); err != nil || code == 0 {
		return err
	}
	return cgo.NewError(op, code)
}

// LastUsedCode is the largest error code that the library uses now, and 0 when
// it does not say. It grows with each class and code that is added, but those
// of MPICH are larger. Reads the attribute MPI_LASTUSEDCODE (MPI 4.1 §9.5).
func LastUsedCode() int {
	code, _ := predefined("LastUsedCode", cgo.LastUsedCode)
	return code
}
