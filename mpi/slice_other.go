//go:build !linux

package mpi

func adviseHuge([]byte) {}
