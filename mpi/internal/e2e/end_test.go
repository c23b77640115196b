package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// signalled runs a scenario whose ranks say which processes they are. When all
// have, send is called with the numbers of the launcher's and the ranks'
// processes, and from then on the job has the time limit to be gone altogether.
func signalled(t *testing.T, ranks int, send func(launcher int, ranks []int), args ...string) outcome {
	t.Helper()
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*limit) // to start, and to end
	defer cancel()
	cmd := l.Command(ctx, ranks, prog, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var sent time.Time
	pids, known := make([]int, ranks), 0
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		stdout.WriteString(line)
		var rank, pid int
		if n, _ := fmt.Sscanf(line, "rank %d is %d\n", &rank, &pid); n == 2 {
			pids[rank] = pid
			if known++; known == ranks {
				sent = time.Now()
				send(cmd.Process.Pid, pids)
			}
		}
		if err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
	}
	cmd.Wait() // the exit code tells
	o := outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%v\nexit code %d\nstdout:\n%s\nstderr:\n%s", cmd.Args, o.code, o.stdout, o.stderr)
		}
	})
	if sent.IsZero() {
		t.Fatalf("%d of %d ranks have said who they are", known, ranks)
	}
	for _, pid := range pids {
		for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			if time.Since(sent) > limit {
				t.Fatalf("process %d is there after %v", pid, limit)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if took := time.Since(sent); took > limit {
		t.Errorf("the job ended after %v", took)
	}
	return o
}

func kill(t *testing.T, sig syscall.Signal, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil {
			t.Errorf("sending %v: %v", sig, err)
		}
	}
}

// parentOf is the process that has started another.
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, of, _ := strings.Cut(string(status), "PPid:")
	var parent int
	if _, err := fmt.Sscan(of, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

// failedBySignal is failed where the launcher had the signal.
func (o outcome) failedBySignal(t *testing.T) {
	t.Helper()
	if !knownbug.SignalledCode.Here() {
		o.failed(t)
	}
}

// TestSignal ends a rank, or the launcher, of a program that asks for nothing: the
// whole job goes.
func TestSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		for _, ranks := range []int{1, 3} {
			t.Run(fmt.Sprintf("rank/%v/ranks=%d", sig, ranks), func(t *testing.T) {
				t.Parallel()
				o := signalled(t, ranks, func(_ int, pids []int) { kill(t, sig, pids[ranks-1]) }, "sit")
				o.failed(t)
				// The launcher's report. MPICH's names no rank, may be about one that it
				// has ended itself, and joins the signals of all: see knownbug.Ended.
				host := regexp.QuoteMeta(hostname(t))
				want := fmt.Sprintf(`rank %d with PID \d+ on node %s exited on signal %d \(`, ranks-1, host, sig)
				if launch.FamilyOf(mpi.LibraryVersion()) != launch.OpenMPI {
					want = fmt.Sprintf(`BAD TERMINATION(?s:.*)PID \d+ RUNNING AT %s\n(?s:.*)\(signal (%d|%d|%d)\)`, host, sig, syscall.SIGKILL, sig|syscall.SIGKILL)
				}
				if !regexp.MustCompile(want).MatchString(o.stdout + o.stderr) {
					t.Errorf("the launcher says nothing like %s", want)
				}
			})
		}
		t.Run(fmt.Sprintf("mpirun/%v", sig), func(t *testing.T) {
			t.Parallel()
			o := signalled(t, 3, func(launcher int, _ []int) { kill(t, sig, launcher) }, "sit")
			o.failedBySignal(t)
		})
	}
	// Then nobody is left to end the ranks. Open MPI's daemon on this host is mpirun.
	t.Run("daemon", func(t *testing.T) {
		t.Parallel()
		o := signalled(t, 3, func(launcher int, pids []int) { kill(t, syscall.SIGKILL, parentOf(t, pids[0])) }, "sit")
		o.failed(t)
	})
}

// names wants one of the texts, anywhere: launchers report on either.
func (o outcome) names(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(o.stdout+o.stderr, text) {
			return
		}
	}
	t.Errorf("nobody says any of %q", texts)
}

// TestWithSignals lets programs save what they have.
func TestWithSignals(t *testing.T) {
	for _, test := range []struct {
		scenario string
		sig      syscall.Signal
	}{
		{"save-slowly", syscall.SIGTERM},
		{"save-slowly", syscall.SIGINT},
		{"save-usr2", syscall.SIGUSR2},
	} {
		for _, ranks := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%v/ranks=%d", test.scenario, test.sig, ranks), func(t *testing.T) {
				t.Parallel()
				o := signalled(t, ranks, func(_ int, pids []int) { kill(t, test.sig, pids...) }, test.scenario)
				o.ended(t, 128+int(test.sig))
				o.prints(t, ranks, "saved")
				o.says(t, 1, fmt.Sprintf("mpi: rank 0 of %d on %s: error: the signal %q has come", ranks, hostname(t), test.sig))
			})
		}
	}
	// The others never hear of it: the rank waits for them in Finalize.
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		o := signalled(t, 3, func(_ int, pids []int) { kill(t, syscall.SIGTERM, pids[2]) }, "save")
		o.failed(t)
		o.names(t, "saved") // the others too, where the launcher then ends them by a signal
		o.says(t, 1, fmt.Sprintf("mpi: rank 2 of 3 on %s: error: the signal \"terminated\" has come, and the program has not ended within 1s", hostname(t)))
	})
	t.Run("deaf", func(t *testing.T) {
		t.Parallel()
		o := signalled(t, 3, func(_ int, pids []int) { kill(t, syscall.SIGTERM, pids...) }, "deaf")
		o.failed(t)
		o.says(t, 1, fmt.Sprintf("mpi: rank 0 of 3 on %s: error: the signal \"terminated\" has come, and the program has not ended within 1s", hostname(t)))
	})
	t.Run("other error", func(t *testing.T) {
		t.Parallel()
		o := signalled(t, 3, func(_ int, pids []int) { kill(t, syscall.SIGTERM, pids...) }, "unsaved")
		o.failed(t)
		o.says(t, 1, fmt.Sprintf("mpi: rank 2 of 3 on %s: error: the disk is full", hostname(t)))
	})
	t.Run("mpirun", func(t *testing.T) {
		t.Parallel()
		o := signalled(t, 3, func(launcher int, _ []int) { kill(t, syscall.SIGTERM, launcher) }, "save-slowly")
		o.failedBySignal(t)
		o.prints(t, 3, "saved")
	})
	t.Run("setting", func(t *testing.T) {
		t.Parallel()
		o := start(t, 1, "bad-grace")
		o.failed(t)
		o.says(t, 1, "mpi: Init: grace is -1s, but cannot be negative")
	})
}

// TestDeferredFinalize lets a rank of a program without Main panic: the deferred
// Finalize must not wait for the others, which wait for that rank.
func TestDeferredFinalize(t *testing.T) {
	for scenario, report := range map[string]string{
		"defer-finalize": "panic: the disk is on fire",
		"defer-in-func":  "panic: a deferred function has called Finalize while a panic was on its way",
	} {
		for _, ranks := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/ranks=%d", scenario, ranks), func(t *testing.T) {
				o := start(t, ranks, scenario)
				o.ended(t, 2)
				o.says(t, 1, "mpi: ")
				o.says(t, 1, fmt.Sprintf("mpi: rank %d of %d on %s: %s", ranks-1, ranks, hostname(t), report))
				o.says(t, 1, "main.guiltyString(")
			})
		}
	}
}
