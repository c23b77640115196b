package mpitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
)

// A job is one run of the tests on one number of ranks, as the parent sees it.
//
// Its ranks leave files in dir, named for their number: what they write (out),
// how far they are (state, see rank.go), and where their goroutines were when
// time ran out (stacks). Files, because the launchers' pipes lose the last
// words of a rank that ends the job, and mix those of several.
type job struct {
	launcher *launch.Launcher
	exe      string
	size     int
	dir      string
	cover    string    // "": no coverage
	deadline time.Time // zero: none
	kill     time.Time
	bench    bool // benchmarks may run

	retried      bool
	launcherSays bytes.Buffer
	worst        int // exit code that the ranks' outputs suggest
}

func rankFile(dir, kind string, rank int) string {
	return filepath.Join(dir, kind+strconv.Itoa(rank))
}

// rankName tells the ranks of all jobs apart.
func rankName(rank, size int) string { return fmt.Sprintf("rank%dof%d", rank, size) }

// run runs the job and shows what there is to see of it. An error means that
// the job could not be run.
func (j *job) run(ctx context.Context) (ok bool, err error) {
	if err := os.Mkdir(j.dir, 0o755); err != nil {
		return false, err
	}
	if !j.kill.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, j.kill)
		defer cancel()
	}
	cmd := j.launcher.Command(ctx, j.size, j.exe, os.Args[1:]...)
	cmd.Env = append(cmd.Env, envChild+"=1", envDir+"="+j.dir, envCover+"="+j.cover)
	if !j.deadline.IsZero() {
		cmd.Env = append(cmd.Env, envDeadline+"="+strconv.FormatInt(j.deadline.UnixNano(), 10))
	}
	if !j.bench {
		cmd.Env = append(cmd.Env, envBench+"=0")
	}
	cmd.Stdout = &j.launcherSays
	cmd.Stderr = &j.launcherSays

	shown := j.show()
	if shown == nil {
		err = cmd.Run()
	} else {
		if verbose() {
			fmt.Printf("=== %s, %v: %s\n", j.ranks(), j.launcher.Family, j.launcher.Path)
		}
		done := make(chan struct{})
		streamed := make(chan struct{})
		go func() {
			defer close(streamed)
			follow(rankFile(j.dir, "out", 0), shown, done)
		}()
		err = cmd.Run()
		close(done)
		<-streamed
	}

	switch {
	case err == nil && cmd.ProcessState.Success():
		if j.cover != "" {
			err = collectCoverage(j.cover)
		}
		return err == nil, err
	case cmd.ProcessState == nil:
		return false, err // it did not even start
	}
	if !j.retried && ctx.Err() == nil && !j.began() {
		// Now and then MPICH's launcher ends a job at its start without a
		// word. What fails for a reason fails again.
		fmt.Fprintf(os.Stderr, "mpitest: %s, %s: %v before any rank began; trying once more\n%s", j.launcher.Path, j.ranks(), err, j.launcherSays.Bytes())
		j.retried = true
		j.launcherSays.Reset()
		if err := os.RemoveAll(j.dir); err != nil {
			return false, err
		}
		return j.run(ctx)
	}
	j.report(err)
	return false, nil
}

// began reports whether a rank has got as far as its tests.
func (j *job) began() bool {
	for rank := range j.size {
		if _, err := os.Stat(rankFile(j.dir, "state", rank)); err == nil {
			return true
		}
	}
	return false
}

// ranks is "1 rank", or "4 ranks".
func (j *job) ranks() string {
	if j.size == 1 {
		return "1 rank"
	}
	return fmt.Sprintf("%d ranks", j.size)
}

// show returns what to pass rank 0's lines through as they come: nil if none
// of them is to be seen while all is well.
func (j *job) show() func(line []byte) {
	switch {
	case verbose():
		return func(line []byte) {
			if !summary.Match(line) {
				os.Stdout.Write(line)
			}
		}
	case j.bench:
		return func(line []byte) {
			if benchmark.Match(line) {
				os.Stdout.Write(line)
			}
		}
	}
	return nil
}

// follow passes the lines of a file on while it grows, until done is closed
// and its end is reached.
func follow(name string, pass func(line []byte), done <-chan struct{}) {
	var f *os.File
	var line []byte
	buf := make([]byte, 32<<10)
	for {
		last := false
		select {
		case <-done:
			last = true
		case <-time.After(50 * time.Millisecond):
		}
		if f == nil {
			var err error
			if f, err = os.Open(name); err != nil {
				if last {
					return
				}
				continue
			}
			defer f.Close()
		}
		for {
			n, err := f.Read(buf)
			line = append(line, buf[:n]...)
			for {
				i := bytes.IndexByte(line, '\n')
				if i < 0 {
					break
				}
				pass(line[:i+1])
				line = line[i+1:]
			}
			if err != nil || n == 0 {
				break
			}
		}
		if last {
			if len(line) > 0 {
				pass(append(line, '\n'))
			}
			return
		}
	}
}

// crash is how the Go runtime begins its last words.
var crash = regexp.MustCompile(`(?m)^(panic: |fatal error: |SIG[A-Z]+: |unexpected fault address )`)

// lacksStacks reports whether a rank wrote its stacks aside, but was ended
// before it could show them itself.
func lacksStacks(out, stacks []byte) bool { return len(stacks) > 0 && !crash.Match(out) }

// report shows what the failing ranks of a failed job wrote.
func (j *job) report(err error) {
	j.worst = 1
	told := false
	for r := range j.size {
		out, _ := os.ReadFile(rankFile(j.dir, "out", r))
		state, _ := os.ReadFile(rankFile(j.dir, "state", r))
		stacks, _ := os.ReadFile(rankFile(j.dir, "stacks", r))
		crashed := crash.Match(out)
		if crashed || len(stacks) > 0 {
			j.worst = 2
		}
		if !crashed && len(stacks) == 0 && !failed(state) {
			continue
		}
		told = true
		fmt.Printf("--- rank %d of %d (%v)\n", r, j.size, j.launcher.Family)
		if r != 0 || !verbose() {
			// Raw lines of a rank are no events for go test -json.
			os.Stdout.Write(bytes.ReplaceAll(condense(out, verbose()), []byte(marker), nil))
		}
		if lacksStacks(out, stacks) {
			io.WriteString(os.Stdout, "the rank's goroutines when the time was nearly up, or it panicked:\n\n")
			os.Stdout.Write(stacks)
		}
	}
	// The launcher's own words are long, and say no more than the ranks did;
	// but they are all there is when a rank was killed, or never began.
	if !told || verbose() {
		fmt.Printf("--- %s, %s: %v\n", j.launcher.Path, j.ranks(), err)
		os.Stdout.Write(j.launcherSays.Bytes())
	}
}

func (j *job) exitCode() int { return j.worst }

// ranTests reports whether there was any test to run.
func (j *job) ranTests() bool {
	out, err := os.ReadFile(rankFile(j.dir, "out", 0))
	return err != nil || !bytes.Contains(out, []byte("testing: warning: no tests to run\n"))
}
