package cgo

// #include "shim.h"
import "C"

// Pcontrol passes level on to the profiling tool, if there is one.
func Pcontrol(level int) error { return check("Pcontrol", C.m4g_pcontrol(C.int(level))) }
