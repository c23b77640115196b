package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
	"github.com/mpi4go/mpi4go/internal/launch"
)

// cgocallBench is the benchmark of bench/go that measures an empty cgo call. It
// takes no size and has no twin; its result is filed under its own name.
const cgocallBench = "cgocall"

const cgocallIterations = "1000000"

// built is what runs on one library.
type built struct {
	*twins.Built
	programs map[string][]string // the command by twin.program
	mpi4py   string              // its version, or why it is not among the programs
}

// build compiles the programs for lib into dir, and finds mpi4py.
func build(ctx context.Context, lib twins.Library, root, dir string) (*built, error) {
	t, err := twins.Build(ctx, lib, root, "bench", dir)
	if err != nil {
		return nil, err
	}
	b := &built{Built: t, programs: map[string][]string{"go": {t.Go}, "c": {t.C}}}
	var there bool
	if b.mpi4py, there = findMPI4Py(ctx, t.Launcher.Family); there {
		b.programs["py"] = []string{python, filepath.Join(root, "bench", "py", "twin.py")}
	}
	return b, nil
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
	text, err := twins.Tool(ctx, "", python, "-c", mpi4pyVersion)
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

// command starts a twin.
func (lib *built) command(ctx context.Context, b benchmark, bind, program string, args ...string) *exec.Cmd {
	return lib.Command(ctx, b.ranks, max(1, b.threads), bind, slices.Concat(lib.programs[program], args)...)
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
		step(fmt.Sprintf("%s %s, %s: choosing iterations", lib.Tag, b.name, t.name))
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
			step(fmt.Sprintf("%s %s, %s: pair %d of %d", lib.Tag, b.name, t.name, pair+1, s.pairs))
			out, err := run(t, "-iters", join(r.iters))
			if err != nil {
				return nil, err
			}
			r.add(t.name, out)
		}
		if b.cgocall {
			step(fmt.Sprintf("%s %s, a cgo call: pair %d of %d", lib.Tag, b.name, pair+1, s.pairs))
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
