//go:build !race && !asan

package mpimat_test

const raceEnabled = false
