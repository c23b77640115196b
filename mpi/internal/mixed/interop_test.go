//go:build interop

package mixed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// These tests need a Fortran compiler and, for Open MPI, mpi4py: make test-interop
// installs both.

var family = launch.FamilyOf(mpi.LibraryVersion())

// suffix is what Debian appends to the commands of the library.
var suffix = map[launch.Family]string{launch.OpenMPI: ".openmpi", launch.MPICH: ".mpich"}[family]

func fortran(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"mpifort" + suffix, "mpifort"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no mpifort in PATH: run ci/install-fortran.sh")
	return ""
}

// run starts a job by the words that follow -n, and returns its output by lines.
func run(t *testing.T, ranks int, words ...string) []string {
	t.Helper()
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := l.Command(ctx, ranks, words[0], words[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// Ranks of all languages make one job. In each run another one is first, and so
// the root of what has but one. $MPI4GO_CHORUS is the program in Go where it is
// built already: make test-interop runs the very file that runs in other places.
func TestLanguages(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	chorus := os.Getenv("MPI4GO_CHORUS")
	if chorus == "" {
		chorus = at("go")
		build(t, "go", "build", "-tags="+tags(), "-o", chorus, "./chorus")
	}
	build(t, compiler(t), "-std=c11", "-Wall", "-Werror", "-o", at("c"), "chorus/testdata/chorus.c")
	build(t, fortran(t), "-J", dir, "-o", at("fortran"), "chorus/testdata/chorus.f90")
	voices := [][]string{{"go", chorus}, {"c", at("c")}, {"fortran", at("fortran")}, {"go", chorus}}
	// Debian builds mpi4py for Open MPI only.
	if family == launch.OpenMPI {
		voices = slices.Insert(voices, 3, []string{"python", "/usr/bin/python3", "-B", "chorus/testdata/chorus.py"})
	}

	for first := range voices {
		order := slices.Concat(voices[first:], voices[:first])
		t.Run(order[0][0]+fmt.Sprint(first), func(t *testing.T) {
			var words, want []string
			for rank, voice := range order {
				if rank > 0 {
					words = append(words, ":", "-n", "1")
				}
				words = append(words, voice[1:]...)
				want = append(want, fmt.Sprintf("%s %d: all right", voice[0], rank))
			}
			// The launcher may put the ends of lines of several ranks after all of them.
			text := strings.Join(run(t, 1, words...), "\n")
			got := allRight.FindAllString(text, -1)
			if rest := strings.TrimSpace(allRight.ReplaceAllString(text, "")); rest != "" {
				t.Errorf("besides, the ranks said %q", rest)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

var allRight = regexp.MustCompile(`[a-z]+ \d+: all right`)

// module runs the go command in the module of examples/interop.
func module(t *testing.T, args ...string) {
	t.Helper()
	t.Setenv("FC", fortran(t))
	build(t, "go", append([]string{"-C", "../../../examples/interop"}, args...)...)
}

func TestExampleLibrary(t *testing.T) {
	prog := filepath.Join(t.TempDir(), "library")
	module(t, "build", "-tags="+tags(), "-o", prog, "./library")
	module(t, "vet", "-tags="+tags(), "./...")
	want := []string{
		"rank 0: length 7.071 in its half of 2, smooth [0.00 0.00 0.00], turned 3",
		"rank 1: length 14.142 in its half of 2, smooth [0.00 0.00 0.33], turned 2",
		"rank 2: length 7.071 in its half of 2, smooth [0.67 1.00 1.00], turned 1",
		"rank 3: length 14.142 in its half of 2, smooth [1.00 1.00 1.00], turned 0",
	}
	if got := run(t, 4, prog); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExampleHost(t *testing.T) {
	dir := t.TempDir()
	module(t, "build", "-tags="+tags(), "-buildmode=c-shared", "-o", filepath.Join(dir, "libstats.so"), "./host/stats")
	prog := filepath.Join(dir, "host")
	build(t, compiler(t), "-Wall", "-Werror", "-I", dir, "-o", prog, "../../../examples/interop/host/host.c",
		"-L"+dir, "-lstats", "-Wl,-rpath,$ORIGIN")
	// The even ranks of four have 0 1 2 2 3 4, the odd ones 1 2 3 3 4 5.
	want := []string{
		"rank 0: mean 2.000, deviation 1.291", "rank 1: mean 3.000, deviation 1.291",
		"rank 2: mean 2.000, deviation 1.291", "rank 3: mean 3.000, deviation 1.291",
	}
	got := run(t, 4, prog)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
