//go:build !race

package mpimat_test

const raceEnabled = false
