// Package mixed tests a job whose ranks are a Go program and a C program: what
// one describes by its datatypes must be what the other describes by its own.
// Rank 0 is prog, rank 1 is prog/peer.c; each checks what the other sends. And
// what C does around a Go program is tested here: hosts and tools.
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

// tags are the build tags of the test: they choose the MPI library.
func tags() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" {
				return s.Value
			}
		}
	}
	return ""
}

func build(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// A C program that has initialised MPI calls a Go library that uses it, at both
// ends of the thread levels; and the host ends MPI before the library has.
func TestAttach(t *testing.T) {
	dir := t.TempDir()
	lib, prog := filepath.Join(dir, "libattach.so"), filepath.Join(dir, "host")
	build(t, "go", "build", "-buildmode=c-shared", "-tags="+tags(), "-o", lib, "./testdata/attach")
	build(t, compiler(t), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Werror", "-I", dir, "-o", prog, "testdata/attach.c",
		"-L", dir, "-lattach", "-Wl,-rpath,"+dir)

	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"single", "multiple", "late"} {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := l.Command(ctx, 3, prog, how)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if n := strings.Count(string(out), ": all right\n"); err != nil || n != 3 {
				t.Errorf("%v: %v\n%s%s", cmd.Args, err, out, &stderr)
			}
		})
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
