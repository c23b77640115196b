package mpi

// Debug has calls write down what they do, as they do for the watchdog.
func Debug(on bool) { debugging.Store(on) }
