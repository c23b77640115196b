package knownbug

import "testing"

func TestIn(t *testing.T) {
	b := Bug{Library: "MPICH", Fixed: [3]int{4, 2, 1}}
	for library, want := range map[string]bool{
		"MPICH Version:\t4.0.2\nMPICH Release date:": true,
		"MPICH Version:      4.2.0":                  true,
		"MPICH Version: 4.2.1":                       false,
		"MPICH Version: 4.3":                         false,
		"MPICH Version: 5.0.0":                       false,
		"Open MPI v4.1.4, package: Debian OpenMPI":   false,
		"": false,
	} {
		if got := b.in(library); got != want {
			t.Errorf("in(%q) = %v, want %v", library, got, want)
		}
	}
	if o := (Bug{Library: "Open MPI", Fixed: [3]int{5, 0, 0}}); !o.in("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4") {
		t.Error("Open MPI 4.1.4 is not before 5.0.0")
	}
}
