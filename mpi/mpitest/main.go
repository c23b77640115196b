package mpitest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// The parent tells its children what they are by these variables.
const (
	envChild    = "MPI4GO_TEST_CHILD"    // 1 in every rank
	envDir      = "MPI4GO_TEST_DIR"      // where the ranks of this job leave their files
	envCover    = "MPI4GO_TEST_COVER"    // where they leave their coverage counters
	envDeadline = "MPI4GO_TEST_DEADLINE" // when their time is up, in Unix nanoseconds
	envBench    = "MPI4GO_TEST_BENCH"    // 0 where benchmarks are not to run
)

// envSizes is for users.
const envSizes = "MPI4GO_TEST_SIZES"

// Main runs the package's tests on each of the given numbers of ranks; on 1, 2,
// 3, 4 and 5 if none is given. It is the whole of a TestMain, and does not
// return.
func Main(m *testing.M, sizes ...int) {
	if !flag.Parsed() {
		flag.Parse()
	}
	switch {
	case value("test.list") != "", value("test.fuzzworker") == "true":
		os.Exit(m.Run())
	case os.Getenv(envChild) != "", launch.Inside() && os.Getenv(envSizes) == "":
		os.Exit(rankMain(m))
	}
	code, err := parentMain(m, sizes)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mpitest:", err)
		fmt.Println(prefix() + "FAIL")
	}
	os.Exit(code)
}

// value is the value of a flag of package testing.
func value(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// set sets a flag of package testing, which reads its flags in m.Run only.
func set(name, value string) {
	if err := flag.Set(name, value); err != nil {
		panic(fmt.Sprintf("mpitest: setting -%s=%s: %v", name, value, err))
	}
}

// json reports whether go test -json, or an editor, will read the output.
func json() bool { return value("test.v") == "test2json" }

func verbose() bool { v := value("test.v"); return v == "true" || v == "test2json" }

// prefix comes before the lines by which tests report what they do, so that
// go test -json can tell them from lines that tests print.
func prefix() string {
	if json() {
		return marker
	}
	return ""
}

const marker = "\x16"

// parentMain runs the jobs. An error means that it could not.
func parentMain(m *testing.M, sizes []int) (code int, err error) {
	sizes, chosen, err := sizesFrom(sizes, os.Getenv(envSizes))
	if err != nil {
		return 2, err
	}
	launcher, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		return 1, err
	}
	exe, err := os.Executable()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "mpitest")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	cover, err := coverDir(dir)
	if err != nil {
		return 1, err
	}

	// The launcher is in a process group of its own, so signals of the
	// terminal, or of a go test that lost its patience, reach only us.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	defer stop()

	clock := newBudget(time.Now(), timeout())
	ran := false
	for _, n := range sizes {
		j := &job{
			launcher: launcher,
			exe:      exe,
			size:     n,
			dir:      filepath.Join(dir, strconv.Itoa(n)),
			cover:    cover,
			deadline: clock.deadline,
			kill:     clock.kill,
			bench:    value("test.bench") != "" && (n == 1 || chosen || strings.HasSuffix(value("test.benchtime"), "x")),
		}
		if clock.exhausted(time.Now()) {
			return 1, fmt.Errorf("no time is left for the tests on %d ranks: raise -timeout %v, which is for %v ranks together", n, timeout(), sizes)
		}
		ok, err := j.run(ctx)
		switch {
		case err != nil:
			return 1, err
		case ctx.Err() != nil:
			return 1, errors.New("interrupted")
		case !ok:
			fmt.Println(prefix() + "FAIL")
			return j.exitCode(), nil
		}
		ran = ran || j.ranTests()
	}
	return finish(m, ran), nil
}

// sizesFrom returns the numbers of ranks, and whether the user chose them.
func sizesFrom(sizes []int, env string) ([]int, bool, error) {
	if env != "" {
		sizes = nil
		for word := range strings.SplitSeq(env, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil || n < 1 {
				return nil, false, fmt.Errorf("%s is %q, but must be numbers of ranks, such as 1,3", envSizes, env)
			}
			sizes = append(sizes, n)
		}
		return sizes, true, nil
	}
	if len(sizes) == 0 {
		sizes = []int{1, 2, 3, 4, 5}
	}
	for _, n := range sizes {
		if n < 1 {
			return nil, false, fmt.Errorf("Main is called for %d ranks", n)
		}
	}
	return sizes, false, nil
}

func timeout() time.Duration {
	d, err := time.ParseDuration(value("test.timeout"))
	if err != nil {
		return 0
	}
	return d
}

// A budget is what -timeout allows for all jobs together. The ranks' own
// alarms ring at deadline, early enough for their stacks to be shown within
// the time given. A job that lives on is killed at kill: go test itself waits
// a minute longer before it ends us.
type budget struct{ deadline, kill time.Time }

func newBudget(start time.Time, timeout time.Duration) budget {
	if timeout <= 0 {
		return budget{}
	}
	return budget{
		deadline: start.Add(timeout - min(3*time.Second, timeout/5)),
		kill:     start.Add(timeout + 5*time.Second),
	}
}

func (b budget) exhausted(now time.Time) bool {
	return !b.deadline.IsZero() && !now.Before(b.deadline)
}

// coverDir is where package testing keeps coverage counters until it reports
// them, and where the ranks leave theirs; "" without -cover.
func coverDir(dir string) (string, error) {
	if testing.CoverMode() == "" {
		return "", nil
	}
	if d := value("test.gocoverdir"); d != "" {
		return d, nil
	}
	dir = filepath.Join(dir, "cover")
	set("test.gocoverdir", dir)
	return dir, os.Mkdir(dir, 0o755)
}

// finish lets package testing itself report success, with no test left to run:
// it prints PASS in the way that go test expects, merges the coverage counters
// that it finds, those of all ranks, writes -coverprofile, and fuzzes.
func finish(m *testing.M, ran bool) int {
	for _, name := range append([]string{"test.testlogfile", "test.cpu"}, profiles...) {
		set(name, "")
	}
	set("test.run", "^$")
	set("test.count", "1")
	set("test.shuffle", "off")
	if ran {
		// With -bench, testing does not warn that there was nothing to run.
		set("test.bench", "^$")
	}
	return m.Run()
}

// profiles are the flags that name a file which each rank writes for itself.
var profiles = []string{"test.cpuprofile", "test.memprofile", "test.blockprofile", "test.mutexprofile", "test.trace"}

// collectCoverage moves the counters from the ranks' own directories into
// dir. They have names of their own there, and the description of the program
// beside them is the same from all.
func collectCoverage(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "rank*of*", "cov*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Rename(f, filepath.Join(dir, filepath.Base(f))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
