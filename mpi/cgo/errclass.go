package cgo

// #include "shim.h"
import "C"

import (
	"strconv"
	"sync"
	"unsafe"
)

// added is what the program has added to the library's errors: classes, which
// are numbered after our own, and what codes say.
var added struct {
	mu    sync.RWMutex
	codes []int          // the library's number of each class
	texts map[int]string // of all added codes, those of classes among them; empty until they have one
}

// note takes down a new code; added.mu is held.
func note(code int, text string) {
	if added.texts == nil {
		added.texts = make(map[int]string)
	}
	added.texts[code] = text
}

// ErrorAdded reports whether the code is one that was added, or that of a class.
func ErrorAdded(code int) bool {
	added.mu.RLock()
	defer added.mu.RUnlock()
	_, is := added.texts[code]
	return is
}

// MaxErrorString is the length of the longest text of an error, and one.
var MaxErrorString = int(C.m4g_max_error_string())

// AddErrorClass makes a class.
func AddErrorClass() (Class, error) {
	m := C.m4g_add_error_class()
	if err := check("AddErrorClass", C.int(m.rc)); err != nil {
		return Success, err
	}
	added.mu.Lock()
	defer added.mu.Unlock()
	added.codes = append(added.codes, int(m.flag))
	note(int(m.flag), "")
	return numClasses + Class(len(added.codes)-1), nil
}

// AddErrorCode makes a code of a class that has a number in the library.
func AddErrorCode(class Class) (int, error) {
	m := C.m4g_add_error_code(C.int(class.Code()))
	if err := check("AddErrorCode", C.int(m.rc)); err != nil {
		return 0, err
	}
	added.mu.Lock()
	defer added.mu.Unlock()
	note(int(m.flag), "")
	return int(m.flag), nil
}

// AddErrorString says what an added code or class means.
func AddErrorString(code int, text string) error {
	b := append([]byte(text), 0)
	if err := addErrorString(code, uintptr(unsafe.Pointer(unsafe.SliceData(b)))); err != nil {
		return err
	}
	added.mu.Lock()
	defer added.mu.Unlock()
	note(code, text)
	return nil
}

//go:uintptrescapes
func addErrorString(code int, text uintptr) error {
	return check("AddErrorString", C.m4g_add_error_string(C.int(code), C.m4g_addr(text)))
}

// Code is the library's number of the class, which is an error code too: the
// one that says no more than the class. It is 0 for the classes of our own,
// which no library knows.
func (c Class) Code() int {
	if c < ErrUnsupported {
		return int(C.m4g_class_code(C.int(c)))
	}
	code, _ := c.added()
	return code
}

// added is the number and the text of a class of the program's, 0 if c is none.
func (c Class) added() (code int, text string) {
	added.mu.RLock()
	defer added.mu.RUnlock()
	if i := int(c - numClasses); i >= 0 && i < len(added.codes) {
		code = added.codes[i]
		if text = added.texts[code]; text == "" {
			text = "error of a class that the program has added"
		}
	}
	return code, text
}

func (c Class) addedName() string { return "added class " + strconv.Itoa(int(c-numClasses)+1) }

// addedError is the class of a code that is none of the standard's, and what an
// added code says.
func addedError(class Class, code int) (Class, string) {
	added.mu.RLock()
	defer added.mu.RUnlock()
	if class == ErrUnknown {
		number := int(C.m4g_library_class(C.int(code)))
		for i, k := range added.codes {
			if k == number || k == code { // Open MPI 4.1 says that its classes are unknown
				class = numClasses + Class(i)
			}
		}
	}
	return class, added.texts[code]
}
