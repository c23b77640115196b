//go:build interop && openmpi

package examples

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMasterworkerPython runs the twin in Python, for which make test-interop installs mpi4py.
func TestMasterworkerPython(t *testing.T) {
	const python = "/usr/bin/python3" // the system's, whose mpi4py is the system's too
	script := filepath.Join("masterworker", "masterworker.py")
	var first []string
	for _, ranks := range []int{1, 2, 3, 5} {
		lines := output(t, ranks, python, script, "-instances", "40", "-length", "300", "-iterations", "3", "-time")
		if len(lines) != 4 || !strings.HasPrefix(lines[3], "time = ") {
			t.Fatalf("%d ranks printed %q", ranks, lines)
		}
		if lines = lines[:3]; first == nil {
			first = lines
		} else if !slices.Equal(lines, first) {
			t.Errorf("%d ranks: %q; 1 rank: %q", ranks, lines, first)
		}
	}
}
