// Package e2e tests how programs start, end and fail: what a user sees who
// runs one under mpirun. Its tests are ordinary ones that start the program in
// prog; nothing else is in here.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// limit is the promise: a job ends within this time of the failure.
const limit = 10 * time.Second

// prog is the path of the built program.
var prog string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mpi4go-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	prog = filepath.Join(dir, "prog")
	args := []string{"build", "-o", prog}
	// The tags choose the MPI library, and the launcher is chosen to fit the
	// library that this test was linked with.
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" || s.Key == "-race" {
				args = append(args, s.Key+"="+s.Value)
			}
		}
	}
	args = append(args, "./prog")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go %s: %v\n%s", strings.Join(args, " "), err, out)
		return 1
	}
	// Those that are parallel do little but wait.
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		flag.Set(p.Name, "5")
	}
	return m.Run()
}

// outcome is what a user sees of a job.
type outcome struct {
	code           int // the launcher's exit code
	stdout, stderr string
}

func run(t *testing.T, l *launch.Launcher, ranks int, args ...string) outcome {
	t.Helper()
	return runProgram(t, l, ranks, prog, args...)
}

func runProgram(t *testing.T, l *launch.Launcher, ranks int, program string, args ...string) outcome {
	t.Helper()
	// As long again for the start, and for what else the machine has to do.
	return runWithin(t, 2*limit, l, ranks, program, args...)
}

func runWithin(t *testing.T, limit time.Duration, l *launch.Launcher, ranks int, program string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := l.Command(ctx, ranks, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	o := outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%v\nexit code %d\nstdout:\n%s\nstderr:\n%s", cmd.Args, o.code, o.stdout, o.stderr)
		}
	})
	if ctx.Err() != nil {
		t.Fatalf("the job was still running after %v", limit)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o
}

// start runs a scenario under the launcher of the library that the test was
// linked with.
func start(t *testing.T, ranks int, args ...string) outcome {
	t.Helper()
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	return run(t, l, ranks, args...)
}

// startWith is start with a variable, name=value, in a test that is parallel.
func startWith(t *testing.T, variable string, ranks int, args ...string) outcome {
	t.Helper()
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	return runProgram(t, l, ranks, "env", append([]string{variable, prog}, args...)...)
}

func (o outcome) succeeded(t *testing.T) {
	t.Helper()
	if o.code != 0 {
		t.Errorf("the exit code is %d, want 0", o.code)
	}
}

func (o outcome) failed(t *testing.T) {
	t.Helper()
	if o.code == 0 {
		t.Error("the exit code is 0")
	}
}

// ended wants the code of one rank, for which the others were killed.
func (o outcome) ended(t *testing.T, code int) {
	t.Helper()
	if !knownbug.Ended(o.code, code) {
		t.Errorf("the exit code is %d, want %d", o.code, code)
	}
}

// says wants n lines of stderr that begin so.
func (o outcome) says(t *testing.T, n int, prefix string) {
	t.Helper()
	got := 0
	for line := range strings.Lines(o.stderr) {
		if strings.HasPrefix(line, prefix) {
			got++
		}
	}
	if got != n {
		t.Errorf("%d lines of stderr begin with %q, want %d", got, prefix, n)
	}
}

func (o outcome) contains(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(o.stderr, part) {
			t.Errorf("stderr does not say %q", part)
		}
	}
}

// prints wants n lines of stdout that read so; libraries may print others.
func (o outcome) prints(t *testing.T, n int, line string) {
	t.Helper()
	got := 0
	for l := range strings.Lines(o.stdout) {
		if l == line+"\n" {
			got++
		}
	}
	if got != n {
		t.Errorf("stdout says %q %d times, want %d", line, got, n)
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// TestGood runs what must succeed and leave no word on stderr.
func TestGood(t *testing.T) {
	for _, test := range []struct {
		scenario string
		ranks    []int
	}{
		{"clean", []int{1, 2, 3, 5}},
		{"recover", []int{1, 3}},
		{"states", []int{1, 2}},
		{"usr1-before", []int{1, 3}},
		{"usr1-after", []int{1, 3}},
		{"usr2-before", []int{1, 3}},
		{"usr2-after", []int{1, 3}},
		{"onstack", []int{1, 2}},
		{"defer-recover", []int{1, 3}},
		{"sessions", []int{1, 2, 5}},
		{"session-first", []int{1, 3}},
		// MPI wants a session finalised: mpirun of MPICH may end the other ranks
		// when one leaves without.
		{"session-left", []int{1}},
		{"session-main", []int{1, 3}},
		// Go ignores the signal when nobody asked for it, and MPICH's own
		// handler, which comes to stand before Go's, survives it as well.
		{"usr1-plain", []int{3}},
	} {
		for _, ranks := range test.ranks {
			t.Run(fmt.Sprintf("%s/ranks=%d", test.scenario, ranks), func(t *testing.T) {
				t.Parallel()
				o := start(t, ranks, test.scenario)
				o.succeeded(t)
				if o.stderr != "" {
					t.Error("something was written to stderr")
				}
				if strings.HasPrefix(test.scenario, "usr") {
					o.prints(t, ranks, "survived")
				}
			})
		}
	}
}

// TestReport lets one rank fail in ways that Main and Go report, while the
// others wait for it.
func TestReport(t *testing.T) {
	const fire = "panic: the disk is on fire"
	for _, test := range []struct {
		args   string // scenario, and how the others wait
		ranks  int
		report string
		stack  string // the function to blame; none for no stack
		code   int
	}{
		{"error", 1, "error: the disk is full", "", 1},
		{"error barrier", 2, "error: the disk is full", "", 1},
		{"error barrier", 5, "error: the disk is full", "", 1},
		{"error recv", 3, "error: the disk is full", "", 1},
		{"error waitall", 3, "error: the disk is full", "", 1},
		{"error probe", 3, "error: the disk is full", "", 1},
		{"error send", 3, "error: the disk is full", "", 1},
		{"panic-error allreduce", 3, "panic: the disk is full", "guiltyError", 2},
		{"panic-string", 1, fire, "guiltyString", 2},
		{"panic-string allreduce", 3, fire, "guiltyString", 2},
		{"panic-nil barrier", 2, "panic: runtime error: invalid memory address or nil pointer dereference", "guiltyNil", 2},
		{"panic-nil recv", 3, "panic: runtime error: invalid memory address or nil pointer dereference", "guiltyNil", 2},
		{"panic-index barrier", 3, "panic: runtime error: index out of range [", "guiltyIndex", 2},
		{"panic-attribute barrier", 3, fire, "guiltyString", 2},
		{"fatal recv", 3, "error: mpi: Send: dest is 3, but", "", 1},
		{"goexit barrier", 3, "error: the goroutine was ended by runtime.Goexit", "guiltyGoexit", 1},
		{"op-panic barrier", 3, fire, "guiltyString", 2},
		{"op-panic recv", 2, fire, "guiltyString", 2},
		{"op-goexit barrier", 2, "error: the goroutine was ended by runtime.Goexit", "guiltyGoexit", 1},
		{"go-panic recv", 3, fire, "guiltyString", 2},
		{"go-panic-recv barrier", 3, fire, "guiltyString", 2},
		{"go-nil recv", 3, "panic: mpi: Go: the function is nil", "guiltyGo", 2},
		{"query-panic barrier", 3, fire, "guiltyString", 2},
		{"free-panic recv", 2, "panic: runtime error: invalid memory address or nil pointer dereference", "guiltyNil", 2},
		{"query-goexit barrier", 2, "error: the goroutine was ended by runtime.Goexit", "guiltyGoexit", 1},
		{"go-many recv", 3, fire, "guiltyString", 2},
	} {
		t.Run(fmt.Sprintf("%s/ranks=%d", test.args, test.ranks), func(t *testing.T) {
			t.Parallel()
			o := start(t, test.ranks, strings.Fields(test.args)...)
			o.failed(t)
			// MPICH's MPI_Abort inside a callback dies of an assertion of its own,
			// with 1.
			callback := strings.HasPrefix(test.args, "query-") || strings.HasPrefix(test.args, "free-")
			if !callback || !knownbug.Ended(o.code, 1) {
				o.ended(t, test.code)
			}
			o.says(t, 1, "mpi: ")
			o.says(t, 1, fmt.Sprintf("mpi: rank %d of %d on %s: %s", test.ranks-1, test.ranks, hostname(t), test.report))
			if test.stack == "" {
				o.says(t, 0, "goroutine ")
				return
			}
			o.says(t, 1, "goroutine ")
			o.says(t, 1, "main."+test.stack+"(")
			o.contains(t, "prog/main.go:")
		})
	}
}

// TestNoReport lets one rank end the job behind the package's back, or by
// asking MPI for it: there is no report of ours, and the job ends nevertheless. What
// the program itself has said is on the terminal, and the launcher's report.
func TestNoReport(t *testing.T) {
	for _, test := range []struct {
		args  string // as in TestReport
		ranks int
		code  int
		says  []string // on stderr
	}{
		{"plain-go-panic recv", 3, 2, []string{"panic: the disk is on fire\n", "main.guiltyString("}},
		{"log-fatal barrier", 3, 1, []string{" the disk is full\n"}},
		{"exit", 1, 3, nil},
		{"exit", 3, 3, nil},
		{"abort", 1, 7, nil},
		{"abort", 3, 7, nil},
		{"abort-self", 3, 7, nil},
	} {
		t.Run(fmt.Sprintf("%s/ranks=%d", test.args, test.ranks), func(t *testing.T) {
			t.Parallel()
			o := start(t, test.ranks, strings.Fields(test.args)...)
			o.ended(t, test.code)
			o.says(t, 0, "mpi: ")
			o.contains(t, test.says...)
			if strings.HasPrefix(test.args, "plain-go-panic") {
				o.contains(t, fmt.Sprintf(`[running labels:{"mpi": "rank %d of %d on %s"}]`, test.ranks-1, test.ranks, hostname(t)))
			}
			if !strings.HasPrefix(test.args, "abort") {
				o.launcherNames(t, test.ranks-1, test.code)
			}
		})
	}
}

// TestExitZero lets a rank leave as if all were well while the others wait for it: the
// job ends. MPICH's mpirun may exit with 0 then.
func TestExitZero(t *testing.T) {
	for _, ranks := range []int{1, 3} {
		o := start(t, ranks, "exit-zero", "recv")
		o.says(t, 0, "mpi: ")
		if launch.FamilyOf(mpi.LibraryVersion()) == launch.OpenMPI {
			o.failed(t)
			o.contains(t, fmt.Sprintf("process rank %d with PID", ranks-1), "node "+hostname(t)+" exiting improperly")
		}
	}
}

// launcherNames wants the launcher's report of a rank that left with a code. MPICH's
// has no rank, and may be about one that it has ended itself, or not be there.
func (o outcome) launcherNames(t *testing.T, rank, code int) {
	t.Helper()
	text := o.stdout + o.stderr
	if launch.FamilyOf(mpi.LibraryVersion()) == launch.OpenMPI {
		want := regexp.MustCompile(fmt.Sprintf(`Process name: \[\[\d+,1\],%d\]\s+Exit code: +%d\n`, rank, code))
		if !want.MatchString(text) {
			t.Errorf("the launcher says nothing like %v", want)
		}
	} else if strings.Contains(text, "BAD TERMINATION") {
		want := regexp.MustCompile(fmt.Sprintf(`PID \d+ RUNNING AT %s\n=   EXIT CODE: (%d|9)\n`, regexp.QuoteMeta(hostname(t)), code))
		if !want.MatchString(text) {
			t.Errorf("the launcher says nothing like %v", want)
		}
	}
}

// TestOutside lets all ranks fail where MPI cannot be asked for anything.
func TestOutside(t *testing.T) {
	const fire = "panic: the disk is on fire"
	host := hostname(t)
	for scenario, want := range map[string]string{
		"early-panic": "mpi: before Init on " + host + ": " + fire,
		"late-panic":  "mpi: rank 0 of 1 on " + host + ": " + fire,
		"finalize":    "mpi: rank 0 of 1 on " + host + ": error: mpi: Finalize: MPI has been finalised",
	} {
		t.Run(scenario, func(t *testing.T) {
			o := start(t, 1, scenario)
			o.failed(t)
			o.says(t, 1, "mpi: ")
			o.says(t, 1, want)
			if strings.HasSuffix(scenario, "panic") {
				o.says(t, 1, "main.guiltyString(")
			}
		})
	}
}

// TestSessionFatal lets one rank of a program without Init fail.
func TestSessionFatal(t *testing.T) {
	if v, _ := mpi.StandardVersion(); v < 4 {
		return // without sessions there is nothing to fail
	}
	for _, ranks := range []int{1, 3} {
		o := start(t, ranks, "session-fatal")
		o.failed(t)
		o.says(t, 1, "mpi: ")
		o.says(t, 1, "mpi: on "+hostname(t)+": error: mpi: Send: dest is 99, but")
	}
}

// TestPending ends programs whose receives nobody completed: Finalize names
// them, and the program ends as it would have.
func TestPending(t *testing.T) {
	for _, test := range []struct {
		scenario, report string
	}{
		{"pending", "with 2 operations in flight:"},
		{"working", "with 2 operations in flight:"},
		{"waiting", "with 1 operation in flight:"},
		{"late-wait", "with 1 operation in flight:"},
	} {
		for _, ranks := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/ranks=%d", test.scenario, ranks), func(t *testing.T) {
				o := start(t, ranks, test.scenario)
				o.succeeded(t)
				o.prints(t, ranks, "ended")
				o.says(t, ranks, "mpi: ")
				for rank := range ranks {
					o.says(t, 1, fmt.Sprintf("mpi: Finalize on rank %d %s", rank, test.report))
				}
			})
		}
	}
}

// TestProbing ends programs in which a goroutine still waits in a probe.
func TestProbing(t *testing.T) {
	for _, ranks := range []int{1, 3} {
		o := start(t, ranks, "probing")
		o.succeeded(t)
		o.prints(t, ranks, "ended")
	}
}

// TestWrongLauncher starts the program with the mpirun of the other library,
// under which each rank would be a world of its own.
func TestWrongLauncher(t *testing.T) {
	other, name := "Open MPI", "Open MPI's mpirun"
	if launch.FamilyOf(mpi.LibraryVersion()) == launch.OpenMPI {
		other, name = "MPICH", "MPICH's mpirun"
	}
	t.Setenv("MPIRUN", "") // the right one
	l, err := launch.Find(other)
	if err != nil {
		t.Fatalf("this test needs both MPIs (make install): %v", err)
	}
	for scenario, says := range map[string]struct {
		call  string
		lines int
	}{
		"clean":         {"Init", 1},
		"error":         {"Init", 1},
		"session-first": {"SessionInit", 2}, // from each process: there is no Main
	} {
		t.Run(scenario, func(t *testing.T) {
			if v, _ := mpi.StandardVersion(); v < 4 && says.call == "SessionInit" {
				return
			}
			o := run(t, l, 2, scenario)
			o.failed(t)
			o.says(t, says.lines, "mpi: ")
			o.says(t, says.lines, "mpi: "+says.call+": ")
			library, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
			library, _, _ = strings.Cut(library, ",")
			o.contains(t, name+" started 2 ranks", "linked with "+strings.Join(strings.Fields(library), " "), "mpirun, or build it", "-tags openmpi or -tags mpich")
			if strings.Contains(o.stderr, "the disk is full") {
				t.Error("the program ran in spite of the error")
			}
		})
	}
}
