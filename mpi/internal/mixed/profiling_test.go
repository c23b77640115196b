package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// under returns what starts the program profiled with the library of a C file
// between it and MPI.
func under(t *testing.T, source string) func(ctx context.Context, ranks int, args ...string) *exec.Cmd {
	dir := t.TempDir()
	tool, prog := filepath.Join(dir, "libtool.so"), filepath.Join(dir, "profiled")
	build(t, "go", "build", "-tags="+tags(), "-o", prog, "./profiled")
	build(t, compiler(t), "-std=gnu11", "-Wall", "-Werror", "-shared", "-fPIC", "-o", tool, source)
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, ranks int, args ...string) *exec.Cmd {
		// env, because the launcher is not to be profiled.
		return l.Command(ctx, ranks, "env", append([]string{"LD_PRELOAD=" + tool, prog}, args...)...)
	}
}

// A profiling tool that comes between the program and the library by LD_PRELOAD
// sees what Go calls, and hears what the program tells it.
func TestProfiling(t *testing.T) {
	profiled := under(t, "testdata/pmpi.c")
	for _, n := range []int{2, 3} {
		t.Run(fmt.Sprintf("ranks=%d", n), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := profiled(ctx, n)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
			}
			var want []string
			for rank := range n {
				// What step of the program does, on a rank: see there.
				want = append(want, fmt.Sprintf("tool on rank %d: 3 sends 1 ssends 4 receives 1 barriers 1 bcasts 1 allreduces %d bytes to %d",
					rank, 4*8*(rank+1), (rank+1)%n))
			}
			got := strings.Split(strings.TrimSpace(string(out)), "\n")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// A rank ends even when the library does not end it: MPI_Abort may wait for a
// launcher that is out of reach.
func TestAbortThatHangs(t *testing.T) {
	profiled := under(t, "testdata/stuck.c")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := profiled(ctx, 2, "abort").CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if ctx.Err() != nil || !errors.As(err, &exit) || exit.ExitCode() != 3 && !knownbug.JoinedCodes.Here() {
		t.Errorf("%v, %v, want exit code 3\n%s", err, ctx.Err(), out)
	}
}
