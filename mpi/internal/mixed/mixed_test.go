// Package mixed tests a job whose ranks are a Go program and a C program: what
// one describes by its datatypes must be what the other describes by its own.
// Rank 0 is prog, rank 1 is prog/peer.c; each checks what the other sends.
package mixed

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// compiler is the C compiler of the library that the test is linked with.
func compiler(t *testing.T) string {
	t.Helper()
	names := map[launch.Family][]string{
		launch.OpenMPI: {"mpicc.openmpi", "mpicc"},
		launch.MPICH:   {"mpicc.mpich", "mpicc"},
	}[launch.FamilyOf(mpi.LibraryVersion())]
	for _, name := range append(names, "mpicc") {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no mpicc in PATH: run ci/install-mpi.sh")
	return ""
}

func build(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// Structs, columns, blocks and reductions mean the same in both languages.
func TestGoAndC(t *testing.T) {
	dir := t.TempDir()
	goProg, cProg := filepath.Join(dir, "prog"), filepath.Join(dir, "peer")
	args := []string{"build", "-o", goProg}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" || s.Key == "-race" {
				args = append(args, s.Key+"="+s.Value)
			}
		}
	}
	build(t, "go", append(args, "./prog")...)
	build(t, compiler(t), "-std=c11", "-Wall", "-Werror", "-o", cProg, "prog/testdata/peer.c")

	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// An MPMD command line: mpirun -n 1 prog : -n 1 peer
	cmd := l.Command(ctx, 1, goProg, ":", "-n", "1", cProg)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	// Both say so at the end, in any order: a rank that is left out fails.
	for _, want := range []string{"go: all right\n", "c: all right\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
}
