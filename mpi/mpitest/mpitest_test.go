package mpitest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// These tests run testdata/demo, a package that uses mpitest, as its user
// does. They run on no MPI themselves.

// buildFlags are those that this test was built with, for the demo.
func buildFlags() []string {
	var flags []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" || s.Key == "-race" && s.Value == "true" {
				flags = append(flags, s.Key+"="+s.Value)
			}
		}
	}
	return flags
}

// demo is the demo's test program, built once, with coverage.
var demo = sync.OnceValues(func() (string, error) {
	args := append([]string{"test", "-c", "-cover", "-vet=off", "-o", filepath.Join(scratch, "demo.test")}, buildFlags()...)
	out, err := exec.Command("go", append(args, "./testdata/demo")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return filepath.Join(scratch, "demo.test"), nil
})

var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "mpitest"); err != nil {
		panic(err)
	}
	// Exit hooks of the coverage runtime in the programs that we start.
	os.Setenv("GOCOVERDIR", scratch)
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

type outcome struct {
	text string
	code int
	took time.Duration
}

// run runs a command with variables added to its environment.
func run(t *testing.T, env []string, name string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{string(out), cmd.ProcessState.ExitCode(), time.Since(start)}
}

func runDemo(t *testing.T, what, args string, env ...string) outcome {
	t.Helper()
	exe, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	return run(t, append(env, "DEMO="+what), exe, append([]string{"-test.timeout=60s"}, strings.Fields(args)...)...)
}

// check checks the exit code, and what the output must have, and, after a !,
// what it must not have.
func (o outcome) check(t *testing.T, code int, patterns ...string) {
	t.Helper()
	good := o.code == code
	for _, p := range patterns {
		p, not := strings.CutPrefix(p, "!")
		if regexp.MustCompile("(?ms)"+p).MatchString(o.text) == not {
			t.Errorf("pattern %q: found %v, want %v", p, not, !not)
			good = false
		}
	}
	if !good {
		t.Errorf("exit code %d, want %d; after %v the output is:\n%s", o.code, code, o.took, o.text)
	}
}

func mpiName() string { return launch.FamilyOf(mpi.LibraryVersion()).String() }

func TestQuietWhenAllIsWell(t *testing.T) {
	runDemo(t, "", "").check(t, 0, `\APASS\ncoverage: [0-9.]+% of statements\n\z`)
}

func TestVerbose(t *testing.T) {
	o := runDemo(t, "", "-test.v -test.run Role|Fail$")
	o.check(t, 0, `^=== 1 rank, `+mpiName()+`: /.*role root of 1.*^=== 2 ranks, .*root of 2.*^=== 3 ranks, .*root of 3`,
		`--- PASS: TestRole`, `--- SKIP: TestFail `, `!second of`, `!PASS\n.*PASS\n`)
}

func TestRunAndCount(t *testing.T) {
	o := runDemo(t, "", "-test.v -test.run=Stray -test.count=3")
	o.check(t, 0, "!TestRole")
	if n := strings.Count(o.text, "--- PASS: TestNoStray"); n != 3*3 {
		t.Errorf("TestNoStray ran %d times, want 3 on each of 3 numbers of ranks:\n%s", n, o.text)
	}
	runDemo(t, "", "-test.run=NoSuchTest").check(t, 0, "testing: warning: no tests to run", "^PASS$")
}

func TestShuffle(t *testing.T) {
	runDemo(t, "", "-test.shuffle=on -test.run=Shuffled|Parallel", envSizes+"=3").check(t, 0, "^PASS$")
}

func TestList(t *testing.T) {
	runDemo(t, "", "-test.list=.*", "MPIRUN=/nonexistent").check(t, 0, "^TestRole$.*^BenchmarkBarrier$")
}

func TestSizes(t *testing.T) {
	o := runDemo(t, "", "-test.v -test.run=Role", envSizes+"=4,2")
	o.check(t, 0, "=== 4 ranks.*of 4.*=== 2 ranks.*of 2", "!=== 1 rank")
	runDemo(t, "", "", envSizes+"=4,none").check(t, 2, `must be numbers of ranks`)
}

func TestFailureOfOneRank(t *testing.T) {
	for _, what := range []string{"fail", "failalone"} {
		o := runDemo(t, what, "-test.run Role|Fail")
		o.check(t, 1, `\A--- rank 1 of 2 \(`+mpiName()+`\)\n    demo_test.go:\d+: the message of rank 1\n--- FAIL: TestFail`, `FAIL\n\z`,
			"!rank 0", "!of 3", "!PASS", "!TestRole")
		if o.took > 20*time.Second {
			t.Errorf("%s took %v", what, o.took)
		}
	}
	runDemo(t, "fail", "-test.v -test.run Role|Fail").check(t, 1, "=== RUN   TestFail.*--- rank 1 of 2.*=== RUN   TestRole.*the message of rank 1", "!=== 3 ranks")
}

func TestFailureOfAllRanks(t *testing.T) {
	o := runDemo(t, "failall", "-test.run FailAll", envSizes+"=3")
	o.check(t, 1, "rank 0 of 3.*message of rank 0.*rank 1 of 3.*message of rank 1.*rank 2 of 3.*message of rank 2")
}

func TestFailureForMachines(t *testing.T) {
	o := runDemo(t, "fail", "-test.v=test2json -test.run Fail$")
	o.check(t, 1, "^\x16=== RUN   TestFail$", "^=== RUN   TestFail$.*the message of rank 1", "^\x16FAIL\n", "!^FAIL")
}

func TestPanic(t *testing.T) {
	o := runDemo(t, "panic", "-test.run Panic", envSizes+"=3")
	o.check(t, 2, `--- rank 2 of 3.*^panic: the panic of the last rank.*demo\.TestPanic\(`, "!rank 0", "!rank 1 of")
}

// Nothing is heard from the rank, so the launcher has the word.
func TestKilled(t *testing.T) {
	runDemo(t, "killed", "-test.run Killed", envSizes+"=2").check(t, 1, `--- /.*, 2 ranks: .*signal 9`)
}

func TestHang(t *testing.T) {
	o := runDemo(t, "hang", "-test.run Hang -test.timeout=10s", envSizes+"=3")
	o.check(t, 2, "rank 0 of 3.*demo.TestHang.*rank 1 of 3.*demo.TestHang.*rank 2 of 3.*demo.hangHere", "^panic: test timed out after .*running tests:\n\t*TestHang")
	if o.took < 5*time.Second || o.took > 20*time.Second {
		t.Errorf("with -timeout 10s it took %v", o.took)
	}
}

func TestNoTimeLeft(t *testing.T) {
	runDemo(t, "", "-test.timeout=1ns").check(t, 1, "no time is left for the tests on 1 ranks: raise -timeout")
}

func TestNoLauncher(t *testing.T) {
	runDemo(t, "", "", "MPIRUN=", "PATH=").check(t, 1, "mpitest: launch: no mpirun for the MPI library", "^FAIL$", "!PASS")
}

func TestBenchmark(t *testing.T) {
	o := runDemo(t, "", "-test.run=^$ -test.bench=Barrier -test.benchtime=10ms")
	o.check(t, 0, `^BenchmarkBarrier\S*\s+\d+\s.* ns/op.*^PASS$`, "!=== ", `!ns/op.*ns/op`)
	o = runDemo(t, "", "-test.run=^$ -test.bench=Barrier -test.benchtime=20x")
	o.check(t, 0, `(^BenchmarkBarrier\S*\s+20\s.*?){3}^PASS$`)
}

func TestProfiles(t *testing.T) {
	dir := t.TempDir()
	runDemo(t, "", "-test.run=Role -test.memprofile="+filepath.Join(dir, "mem.out")).check(t, 0)
	for _, name := range []string{"mem.out.rank0of1", "mem.out.rank0of2", "mem.out.rank1of2", "mem.out.rank2of3"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// The user's own mpirun is not started again.
func TestUnderLauncher(t *testing.T) {
	exe, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	cmd := l.Command(t.Context(), 2, exe, "-test.v", "-test.run=Role")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "role root of 2") || !strings.Contains(string(out), "role second of 2") {
		t.Errorf("error %v; the output is:\n%s", err, out)
	}
	cmd = l.Command(t.Context(), 2, exe, "-test.run=Fail$")
	cmd.Env = append(cmd.Env, "DEMO=fail")
	if out, err = cmd.CombinedOutput(); err == nil {
		t.Errorf("a failing test gave no error; the output is:\n%s", out)
	}
}

// go test itself, with coverage of what only some ranks execute.
func TestCoverage(t *testing.T) {
	modes := []string{"set", "count", "atomic"}
	if slices.Contains(buildFlags(), "-race=true") {
		modes = []string{"atomic"} // the only one that go test allows then
	}
	for _, mode := range modes {
		profile := filepath.Join(t.TempDir(), "cover.out")
		args := append([]string{"test", "-count=1", "-vet=off", "-run=TestRole", "-covermode=" + mode, "-coverprofile=" + profile}, buildFlags()...)
		run(t, nil, "go", append(args, "./testdata/demo")...).check(t, 0, `^ok\s.*coverage: 80\.0% of statements`)
		got, err := os.ReadFile(profile)
		if err != nil {
			t.Fatal(err)
		}
		// On 1, 2 and 3 ranks rank 1 was there twice, and rank 2 once.
		counts := map[string]int{`demo.go:7.9,8.16 1`: 3, `demo.go:9.9,10.18 1`: 2, `demo.go:12.2,12.16 1`: 1, `demo.go:16.22,18.2 1`: 0}
		for block, n := range counts {
			if mode == "set" {
				n = min(n, 1)
			}
			if want := fmt.Sprintf("%s %d\n", block, n); !strings.Contains(string(got), want) {
				t.Errorf("mode %s: the profile lacks %q:\n%s", mode, want, got)
			}
		}
	}
}

func TestFuzz(t *testing.T) {
	args := append([]string{"test", "-count=1", "-vet=off", "-run=Role", "-fuzz=FuzzRole", "-fuzztime=10x"}, buildFlags()...)
	run(t, []string{envSizes + "=2"}, "go", append(args, "./testdata/demo")...).check(t, 0, "fuzz: elapsed", "^PASS$")
}

func TestCondense(t *testing.T) {
	const in = `before
=== RUN   TestA
    a_test.go:1: of A
printed by A
--- PASS: TestA (0.00s)
=== RUN   TestB
    b_test.go:1: of B
=== RUN   TestB/sub
    b_test.go:2: of B/sub
    --- PASS: TestB/sub (0.00s)
    --- FAIL: TestB/bad (0.00s)
--- FAIL: TestB (0.00s)
=== RUN   TestC
=== PAUSE TestC
=== RUN   TestD
=== PAUSE TestD
=== CONT  TestC
of C
=== CONT  TestD
of D
--- PASS: TestC (0.00s)
=== NAME  TestD
    d_test.go:1: more of D
=== RUN   TestB
--- PASS: TestB (0.00s)
--- SKIP: TestE (0.00s)
PASS
coverage: 1.0% of statements
`
	const want = `before
    b_test.go:1: of B
    b_test.go:2: of B/sub
    --- FAIL: TestB/bad (0.00s)
--- FAIL: TestB (0.00s)
of D
    d_test.go:1: more of D
`
	if got := string(condense([]byte(in), false)); got != want {
		t.Errorf("condensed:\n%s\nwant:\n%s", got, want)
	}
	if got := string(condense([]byte(in), true)); !strings.HasPrefix(in, got) || !strings.Contains(got, "SKIP: TestE") || strings.Contains(got, "coverage:") {
		t.Errorf("with -v:\n%s", got)
	}
}
