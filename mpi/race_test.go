//go:build race || asan

package mpi_test

// The race detector allocates, and so does the address sanitizer: nothing is counted
// under them.
const raceEnabled = true
