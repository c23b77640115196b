package cgo

// #include "shim.h"
import "C"

// What WinSync does.
const (
	Fence          = C.M4G_FENCE
	CompleteAccess = C.M4G_COMPLETE_ACCESS
	WaitForAll     = C.M4G_WAIT
	LockShared     = C.M4G_LOCK_SHARED
	LockExclusive  = C.M4G_LOCK_EXCLUSIVE
	LockAll        = C.M4G_LOCK_ALL
	Unlock         = C.M4G_UNLOCK
	UnlockAll      = C.M4G_UNLOCK_ALL
	Flush          = C.M4G_FLUSH
	FlushAll       = C.M4G_FLUSH_ALL
	FlushLocal     = C.M4G_FLUSH_LOCAL
	FlushLocalAll  = C.M4G_FLUSH_LOCAL_ALL
	SyncMemory     = C.M4G_SYNC
)

// Assertions, to be added up.
const (
	NoCheck   = C.M4G_NO_CHECK
	NoStore   = C.M4G_NO_STORE
	NoPut     = C.M4G_NO_PUT
	NoPrecede = C.M4G_NO_PRECEDE
	NoSucceed = C.M4G_NO_SUCCEED
)

// WinSync makes one of the calls above; those that name no rank or take no
// assertions ignore these.
func WinSync(op string, what int, w Win, rank, assertions int) error {
	return check(op, C.m4g_win_sync(C.int(what), C.m4g_h(w), C.int(rank), C.int(assertions)))
}

// WinStart begins to reach the memory of a group, and with post to expose this
// rank's to it.
func WinStart(op string, post bool, w Win, g Group, assertions int) error {
	return check(op, C.m4g_win_start(flag(post), C.m4g_h(w), C.m4g_h(g), C.int(assertions)))
}

// WinTest reports whether all that reached this rank's memory are done.
func WinTest(op string, w Win) (bool, error) {
	m := C.m4g_win_test(C.m4g_h(w))
	return m.flag != 0, check(op, C.int(m.rc))
}
