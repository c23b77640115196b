package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
)

const module = "github.com/mpi4go/mpi4go"

// cgocallBench is the benchmark of bench/go that measures an empty cgo call. It
// takes no size and has no twin; its result is filed under its own name.
const cgocallBench = "cgocall"

const cgocallIterations = "1000000"

// A library is an MPI library that the benchmarks can be built for.
type library struct {
	tag      string // its build tag, and its name for -mpi
	name     string // as in its version text
	pc       string // its pkg-config name, the one mpi/cgo builds with
	bindFlag string // of its launcher: what to bind a rank to
}

var libraries = []library{
	{tag: "openmpi", name: "Open MPI", pc: "ompi", bindFlag: "--bind-to"},
	{tag: "mpich", name: "MPICH", pc: "mpich", bindFlag: "-bind-to"},
}

// built is what runs on one library: its launcher and the twins' programs.
type built struct {
	library
	launcher *launch.Launcher
	programs map[string][]string // the command by twin.program
	mpi4py   string              // its version, or why it is not among the programs
}

// build compiles the programs for lib into dir, and finds mpi4py.
func build(ctx context.Context, lib library, root, dir string) (*built, error) {
	l, err := launch.Find(lib.name)
	if err != nil {
		return nil, err
	}
	goProgram, cProgram := filepath.Join(dir, "go-"+lib.tag), filepath.Join(dir, "c-"+lib.tag)
	b := &built{library: lib, launcher: l, programs: map[string][]string{"go": {goProgram}, "c": {cProgram}}}
	var there bool
	if b.mpi4py, there = findMPI4Py(ctx, l.Family); there {
		b.programs["py"] = []string{python, filepath.Join(root, "bench", "py", "twin.py")}
	}
	if _, err := tool(ctx, root, "go", "build", "-tags", lib.tag, "-o", goProgram, module+"/bench/go"); err != nil {
		return nil, err
	}
	// Not mpicc but the flags that cgo gets: both twins are sure to be linked
	// with one and the same library.
	flags, err := tool(ctx, root, "pkg-config", "--cflags", "--libs", lib.pc)
	if err != nil {
		return nil, err
	}
	cc, err := cCompiler(ctx)
	if err != nil {
		return nil, err
	}
	// ucx.c lets MPICH come to its end between hosts.
	args := append([]string{"-O2", "-pthread", "-o", cProgram, filepath.Join(root, "bench", "c", "twin.c"),
		filepath.Join(root, "mpi", "cgo", "ucx.c")}, strings.Fields(flags)...)
	_, err = tool(ctx, root, cc[0], append(append(cc[1:], args...), "-ldl")...)
	return b, err
}

// python is the system's, for which ci/install-mpi4py.sh installs mpi4py.
const python = "/usr/bin/python3"

// mpi4pyVersion prints the versions and the MPI library that mpi4py is built
// for. It does not initialise MPI, which can hang or fail outside a launcher.
const mpi4pyVersion = `import platform, numpy, mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
print("%s, numpy %s, Python %s" % (mpi4py.__version__, numpy.__version__, platform.python_version()))
print(MPI.Get_library_version().rstrip("\0").splitlines()[0])`

// findMPI4Py returns the version of the mpi4py for a library, or says why there is none.
func findMPI4Py(ctx context.Context, family launch.Family) (version string, there bool) {
	text, err := tool(ctx, "", python, "-c", mpi4pyVersion)
	if err != nil {
		return "left out, because " + python + " has none (on Debian and Ubuntu, ci/install-mpi4py.sh installs it)", false
	}
	version, library, _ := strings.Cut(text, "\n")
	if launch.FamilyOf(library) != family {
		library, _, _ = strings.Cut(library, ",")
		return "left out, because that of " + python + " is for " + library, false
	}
	return version, true
}

// runnable is b with those of its twins whose programs there are.
func (lib *built) runnable(b benchmark) benchmark {
	b.twins = slices.DeleteFunc(slices.Clone(b.twins), func(t twin) bool { return lib.programs[t.program] == nil })
	return b
}

// cCompiler is the compiler that cgo uses, which may come with flags.
func cCompiler(ctx context.Context) ([]string, error) {
	text, err := tool(ctx, "", "go", "env", "CC")
	cc := strings.Fields(text)
	if err == nil && len(cc) == 0 {
		err = errors.New("go env CC names no C compiler")
	}
	return cc, err
}

// tool runs a program of the build and returns what it printed.
func tool(ctx context.Context, dir, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// command starts a twin, with each rank on a core of its own if there are as many.
func (lib *built) command(ctx context.Context, b benchmark, bind, program string, args ...string) *exec.Cmd {
	words := slices.Concat(lib.programs[program], args)
	// With a core for each thread, ranks of one are bound. With fewer, all share politely.
	shared := b.ranks*max(1, b.threads) > runtime.NumCPU()
	switch {
	case bind == "": // the launcher is the user's
	case b.threads > 1:
		words = append([]string{lib.bindFlag, "none"}, words...)
	case !shared:
		words = append([]string{lib.bindFlag, bind}, words...)
	}
	cmd := lib.launcher.Command(ctx, b.ranks, words[0], words[1:]...)
	// Not the environment that launch made, in which many ranks share a core
	// politely: here a rank that waits must spin, as it does where people measure.
	if !shared {
		cmd.Env = os.Environ()
	}
	if lib.launcher.Family == launch.OpenMPI && os.Geteuid() == 0 {
		cmd.Env = append(cmd.Env, "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
	}
	return cmd
}

// settings are what decides how runs are made.
type settings struct {
	pairs   int
	minTime float64
	bind    string        // what to bind a rank to; empty leaves it to the launcher
	timeout time.Duration // for one run
}

// run makes one run of a program and reads its output.
func (s settings) run(ctx context.Context, lib *built, b benchmark, sizes []int64, program string, args ...string) (output, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("it took longer than %v", s.timeout))
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := lib.command(ctx, b, s.bind, program, append(args, "-sizes", join(sizes))...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	elapsed := time.Since(start)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var out output
	if err == nil {
		out, err = parseOutput(&stdout)
	}
	if b.outside {
		out.points = append(out.points, point{size: sizes[0], seconds: elapsed.Seconds(), iterations: 1})
	}
	if err == nil {
		err = out.checkSizes(sizes)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return out, nil
}

// measure runs one benchmark's twins alternately. step is told what comes next.
func (s settings) measure(ctx context.Context, lib *built, b benchmark, sizes []int64, step func(what string)) (*result, error) {
	sizes = b.sizesOf(sizes)
	r := newResult(b, sizes)
	run := func(t twin, args ...string) (output, error) {
		out, err := s.run(ctx, lib, b, sizes, t.program, append(append([]string{"-bench", cmp.Or(t.kernel, b.kernel, b.name)}, t.args...), args...)...)
		if err == nil && r.mpi != "" && out.mpi != r.mpi {
			err = fmt.Errorf("the twins run on different libraries: %s and %s", r.mpi, out.mpi)
		}
		r.mpi = out.mpi
		return out, err
	}
	for _, t := range b.twins {
		step(fmt.Sprintf("%s %s, %s: choosing iterations", lib.tag, b.name, t.name))
		out, err := run(t, "-min-time", strconv.FormatFloat(s.minTime, 'g', -1, 64))
		if err != nil {
			return nil, err
		}
		r.raiseIters(out)
	}
	for i := range r.iters {
		if b.most > 0 {
			r.iters[i] = min(r.iters[i], b.most)
		}
	}
	for pair := range s.pairs {
		for _, t := range b.twins {
			step(fmt.Sprintf("%s %s, %s: pair %d of %d", lib.tag, b.name, t.name, pair+1, s.pairs))
			out, err := run(t, "-iters", join(r.iters))
			if err != nil {
				return nil, err
			}
			r.add(t.name, out)
		}
		if b.cgocall {
			step(fmt.Sprintf("%s %s, a cgo call: pair %d of %d", lib.tag, b.name, pair+1, s.pairs))
			out, err := s.run(ctx, lib, b, []int64{0}, goTwin.program, "-bench", cgocallBench, "-iters", cgocallIterations)
			if err != nil {
				return nil, err
			}
			r.add(cgocallBench, out)
		}
	}
	return r, nil
}

// steps is how often measure calls step.
func (s settings) steps(b benchmark) int {
	n := len(b.twins) * (1 + s.pairs)
	if b.cgocall {
		n += s.pairs
	}
	return n
}
