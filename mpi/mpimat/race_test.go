//go:build race

package mpimat_test

// The race detector allocates, so nothing is counted under it.
const raceEnabled = true
