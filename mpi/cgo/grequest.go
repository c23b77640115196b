package cgo

// #include "shim.h"
import "C"

// GrequestQuery and GrequestFree are called when a generalised request
// completes, from inside whatever call tests it, with the number that
// GrequestStart was given. Package mpi sets them before the first one starts.
// They must not panic: that would unwind the library.
var (
	GrequestQuery func(id uintptr) (bytes int64, source, tag int, cancelled bool)
	GrequestFree  func(id uintptr)
)

//export m4gGrequestQuery
func m4gGrequestQuery(id C.uintptr_t, st *C.m4g_status) {
	bytes, source, tag, cancelled := GrequestQuery(uintptr(id))
	st.bytes, st.source, st.tag = C.int64_t(bytes), C.int32_t(source), C.int32_t(tag)
	if cancelled {
		st.cancelled = 1
	}
}

//export m4gGrequestFree
func m4gGrequestFree(id C.uintptr_t) { GrequestFree(uintptr(id)) }

// GrequestStart makes a generalised request.
func GrequestStart(id uintptr) (Request, int) {
	m := C.m4g_grequest_start(C.uintptr_t(id))
	return Request(m.h), int(m.rc)
}

// GrequestComplete says that what the request stands for is done.
func GrequestComplete(r Request) int { return int(C.m4g_grequest_complete(C.m4g_h(r))) }
