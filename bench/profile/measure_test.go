//go:build valgrind

// What takes half a minute, and needs valgrind, is for make profile.
package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
	"github.com/mpi4go/mpi4go/internal/launch"
)

// What valgrind really writes: work takes instructions of its own in each of its
// calls, and main few.
func TestParseValgrind(t *testing.T) {
	dir := t.TempDir()
	source, program, out := filepath.Join(dir, "a.c"), filepath.Join(dir, "a"), filepath.Join(dir, "out")
	err := os.WriteFile(source, []byte(`
__attribute__((noinline)) static int work(int n) { volatile int s = 0; for (int i = 0; i < n; i++) s += i; return s; }
int main(void) { int s = 0; for (int i = 0; i < 50; i++) s += work(1000); return s == 0; }
`), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	cc, err := twins.CCompiler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twins.Tool(t.Context(), "", cc[0], append(cc[1:], "-O1", "-g", "-o", program, source)...); err != nil {
		t.Fatal(err)
	}
	if _, err := twins.Tool(t.Context(), "", "valgrind", "--tool=callgrind", "--callgrind-out-file="+out, program); err != nil {
		t.Fatal(err)
	}
	p, err := parseFile(out)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int64{}
	for f, n := range p.self {
		if classify(f, program, false) == loop {
			by[f.name] += n
		}
	}
	if by["work"] < 50*1000*3 || by["main"] < 50*2 || by["main"] > 50*20 || p.calls["work"] != 50 {
		t.Errorf("work took %d instructions in %d calls, main %d", by["work"], p.calls["work"], by["main"])
	}
}

// The real thing, kept short, on an MPI that this machine has.
func TestMeasure(t *testing.T) {
	t.Setenv("MPIRUN", "")
	root, err := twins.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lib *twins.Library
	for i := range twins.Libraries {
		if _, err := launch.Find(twins.Libraries[i].Name); err == nil {
			lib = &twins.Libraries[i]
		}
	}
	if lib == nil {
		t.Fatal("no MPI was found")
	}
	built, err := twins.Build(t.Context(), *lib, root, "bench", t.TempDir(), "valgrind")
	if err != nil {
		t.Fatal(err)
	}
	s := settings{ops: 5000, runs: 1, bind: "core", timeout: time.Minute}
	// A Barrier is a call of C, whatever the ranks wait. The bounds are wide, since
	// on a busy machine they wait for each other at the start and the end, too.
	b := benches[3]
	ours, version, err := s.measure(t.Context(), built, built.Go, b)
	if err != nil {
		t.Fatal(err)
	}
	theirs, _, err := s.measure(t.Context(), built, built.C, b)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(version, lib.Name) {
		t.Errorf("built for %s, ran on %q", lib.Name, version)
	}
	for rank := range ranks {
		o, c := ours[rank].sums(built.Go, true), theirs[rank].sums(built.C, false)
		if n := ours[rank].crossings; n < 0.6 || n > 2 {
			t.Errorf("rank %d: a Barrier is %.2f calls of C", rank, n)
		}
		if o[crossing] < 50 || o[packages] < 20 || o[cLayer] < 5 || o[loop] < 1 || o[loop] > 100 {
			t.Errorf("rank %d: in Go %v", rank, o)
		}
		if c[crossing] != 0 || c[packages] != 0 || c[goOther] != 0 || c[cLayer] > 1000 || c[loop] < 1 || c[loop] > 100 {
			t.Errorf("rank %d: in C %v", rank, c)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.run(ctx, built, built.Go, "barrier", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was given up: %v", err)
	}
	if _, _, err := s.run(t.Context(), built, built.C, "nosuch", 10); err == nil {
		t.Error("no error for a benchmark that there is not")
	}
}
