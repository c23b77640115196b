package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

// The MPI that this test is built for, as --mpi has it; "" without a tag.
func thisMPI() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" {
				return regexp.MustCompile(`openmpi|mpich|mpi_env|$`).FindString(s.Value)
			}
		}
	}
	return ""
}

// mpigo run, as a user has it: the command, real programs, the launcher of the
// library in hand.
func TestRun(t *testing.T) {
	command := filepath.Join(t.TempDir(), "mpigo")
	if out, err := exec.Command("go", "build", "-o", command, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	run := func(words ...string) (stdout, stderr string, code int) {
		t.Helper()
		var out, errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), command, append([]string{"--mpi=" + thisMPI(), "run"}, words...)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}

	out, errs, code := run("-n", "4", "../../examples/pi", "--", "-n", "1000")
	if code != 0 || !strings.HasPrefix(out, "pi    = 3.14159") || !strings.Contains(out, "(1000 terms on 4 ranks, reduce)\n") {
		t.Errorf("pi: exit code %d, output\n%s%s", code, out, errs)
	}

	// As in knownbug.Ended, which mpigo cannot ask: it needs no MPI.
	ended := func(want int) bool { return code == want || thisMPI() == "mpich" && (code == 9 || code == want|9) }
	// mpigo's own errors have code 1 too, and so that of an error proves little.
	_, errs, code = run("-n", "2", "./testdata/fail")
	if !ended(1) || !strings.Contains(errs, "failed on purpose") || strings.Contains(errs, "mpigo:") {
		t.Errorf("a program with an error: exit code %d, it says\n%s", code, errs)
	}
	_, errs, code = run("-n", "2", "./testdata/fail", "--", "7")
	if !ended(7) {
		t.Errorf("a program that aborts with code 7: exit code %d, it says\n%s", code, errs)
	}
	_, errs, code = run("-n", "2", "./testdata/none")
	if code != 1 || !strings.Contains(errs, "testdata/none") {
		t.Errorf("no such program: exit code %d, it says\n%s", code, errs)
	}
}

// What the README tells newcomers to type is what the test above runs.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if line := "go run ./cmd/mpigo run -n 4 ./examples/pi"; !strings.Contains(string(readme), "\n"+line+"\n") {
		t.Errorf("the README does not have the line %q", line)
	}
}
