package cgo

// #include "shim.h"
import "C"

// BsendOverhead is MPI_BSEND_OVERHEAD.
func BsendOverhead() int { return int(C.m4g_bsend_overhead()) }
