//go:build !race && !asan

package mpi_test

const raceEnabled = false
