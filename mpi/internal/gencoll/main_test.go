package main

import (
	"bytes"
	"os"
	"testing"
)

// What is checked in is what the table gives: go generate ./mpi
func TestCurrent(t *testing.T) {
	want, err := generate(table)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../collapi.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("mpi/collapi.go is not what the table gives: run go generate ./mpi")
	}
}
