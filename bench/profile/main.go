// Profile counts the instructions that a call takes on its way from a Go program
// through mpi4go and the library and back, beside those of the same call in C.
//
//	go run ./bench/profile -mpi=mpich -bench=latency,rate
//
// It runs the benchmarks' twins under valgrind's callgrind. See ../README.md for
// how to read the tables.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
	"github.com/mpi4go/mpi4go/internal/launch"
)

// A bench is one of ../go and ../c that is worth a look inside.
type bench struct {
	name string
	ops  int64  // in one iteration, on each rank
	op   string // what an operation is
}

var benches = []bench{
	{"latency", 2, "a call: Send and Recv, the mean of both"},
	{"rate", 64, "a message: an Isend of rank 0, an Irecv of rank 1, and their shares of Waitall and of the word back"},
	{"persistent", 64, "a message: its shares of Startall, Waitall and the word back"},
	{"barrier", 1, "a Barrier"},
	{"bcast", 1, "a Bcast, of which rank 0 is the root"},
	{"allreduce", 1, "an Allreduce of one float64"},
	{"gatherv", 1, "a Gatherv, of which rank 0 is the root"},
}

const (
	ranks = 2
	size  = "8"
)

// settings are what the command line asks for.
type settings struct {
	libraries []twins.Library
	benches   []bench
	ops       int64
	runs      int
	functions float64
	bind      string
	timeout   time.Duration
}

func parseFlags(args []string, help io.Writer) (settings, error) {
	s := settings{bind: "core"}
	fs := flag.NewFlagSet("profile", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is main's to print, once
	mpi := fs.String("mpi", "both", "the MPI library: openmpi, mpich or both")
	var all []string
	for _, b := range benches {
		all = append(all, b.name)
	}
	list := fs.String("bench", strings.Join(all, ","), "the benchmarks to look into, separated by commas")
	fs.Int64Var(&s.ops, "ops", 20000, "how many operations a run makes, about; the run beside it makes twice as many")
	fs.IntVar(&s.runs, "runs", 3, "how often each of the two is made: on a busy machine ranks wait for each other, and the least counts")
	fs.Float64Var(&s.functions, "functions", 0, "also list the functions of Go and of mpi4go that take so many instructions of an operation; 0 lists none")
	fs.DurationVar(&s.timeout, "timeout", 2*time.Minute, "how long one run of one twin may take")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "usage: go run ./bench/profile [flags]")
			fs.SetOutput(help)
			fs.PrintDefaults()
		}
		return s, err
	}
	switch {
	case fs.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case s.ops < 1:
		return s, fmt.Errorf("-ops is %d, but must be at least 1", s.ops)
	case s.runs < 1:
		return s, fmt.Errorf("-runs is %d, but must be at least 1", s.runs)
	case !(s.functions >= 0):
		return s, fmt.Errorf("-functions is %v, but must not be below 0", s.functions)
	}
	for name := range strings.SplitSeq(*list, ",") {
		i := slices.Index(all, name)
		if i < 0 {
			return s, fmt.Errorf("-bench %q: want some of %s", name, strings.Join(all, ","))
		}
		s.benches = append(s.benches, benches[i])
	}
	// A launcher that the user chose knows its own flags.
	if os.Getenv("MPIRUN") != "" {
		s.bind = ""
	}
	var err error
	s.libraries, err = twins.Named(*mpi)
	return s, err
}

// rankVariable tells a program which rank it is, before MPI does.
var rankVariable = map[launch.Family]string{launch.OpenMPI: "OMPI_COMM_WORLD_RANK", launch.MPICH: "PMI_RANK"}

// run makes n iterations under callgrind, and returns the profile of each rank and
// the library's version.
func (s settings) run(ctx context.Context, built *twins.Built, program, bench string, n int64) (profiles [ranks]*profile, version string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("it took longer than %v", s.timeout))
	defer cancel()
	dir, err := os.MkdirTemp("", "mpi4go-callgrind-")
	if err != nil {
		return profiles, "", err
	}
	defer os.RemoveAll(dir)
	cmd := built.Command(ctx, ranks, 1, s.bind, "valgrind", "--tool=callgrind",
		"--callgrind-out-file="+filepath.Join(dir, "%q{"+rankVariable[built.Launcher.Family]+"}"),
		program, "-bench", bench, "-sizes", size, "-iters", strconv.FormatInt(n, 10))
	// Callgrind stops at a signal within a signal, and Go takes the processor from
	// a goroutine by signals.
	cmd.Env = append(cmd.Env, "GODEBUG="+strings.TrimPrefix(os.Getenv("GODEBUG")+",asyncpreemptoff=1", ","))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	for rank := range profiles {
		if err == nil {
			profiles[rank], err = parseFile(filepath.Join(dir, strconv.Itoa(rank)))
		}
	}
	if err != nil {
		return profiles, "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	version, _, _ = strings.Cut(strings.TrimPrefix(stdout.String(), "# "), "\n")
	version, _, _ = strings.Cut(version, ",") // Open MPI's goes on with who packaged it
	return profiles, strings.Join(strings.Fields(version), " "), nil
}

func parseFile(name string) (*profile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parse(f)
}

// iterations are those that a twin makes when asked for n, with its warm-up.
func iterations(n int64) int64 { return n + n/10 + 1 }

// costs are what one operation takes on a rank.
type costs struct {
	self      map[function]float64 // instructions
	crossings float64              // from Go to C
}

// measure is the difference of two runs, one of which makes twice as many iterations:
// so the start and the end of the program do not count.
func (s settings) measure(ctx context.Context, built *twins.Built, program string, b bench) (c [ranks]costs, version string, err error) {
	n := (s.ops + b.ops - 1) / b.ops
	once, _, err := s.least(ctx, built, program, b.name, n)
	if err != nil {
		return c, "", err
	}
	twice, version, err := s.least(ctx, built, program, b.name, 2*n)
	if err != nil {
		return c, "", err
	}
	ops := (iterations(2*n) - iterations(n)) * b.ops
	for rank := range c {
		c[rank] = difference(once[rank], twice[rank], ops)
	}
	return c, version, nil
}

// least runs as often as asked for, and keeps of each rank the fewest instructions
// in the library, and the fewest outside it: more is waiting. What a rank does that
// has waited for some microseconds is also Go's matter.
func (s settings) least(ctx context.Context, built *twins.Built, program, bench string, n int64) (best [ranks]*profile, version string, err error) {
	for range s.runs {
		profiles, v, err := s.run(ctx, built, program, bench, n)
		if err != nil {
			return best, "", err
		}
		version = v
		for rank, p := range profiles {
			if best[rank] == nil {
				best[rank] = p
				continue
			}
			best[rank] = best[rank].least(p, func(f function) bool { return classify(f, program, program == built.Go) == library })
		}
	}
	return best, version, nil
}

// least has of the functions for which in is true, and of the others, those of the
// profile in which they took less.
func (p *profile) least(q *profile, in func(f function) bool) *profile {
	parts := func(p *profile) (inside, outside map[function]int64, sums [2]int64) {
		inside, outside = map[function]int64{}, map[function]int64{}
		for f, n := range p.self {
			if in(f) {
				inside[f] = n
				sums[0] += n
			} else {
				outside[f] = n
				sums[1] += n
			}
		}
		return inside, outside, sums
	}
	inside, outside, sums := parts(p)
	calls := p.calls
	otherInside, otherOutside, otherSums := parts(q)
	if otherSums[0] < sums[0] {
		inside = otherInside
	}
	if otherSums[1] < sums[1] {
		outside, calls = otherOutside, q.calls
	}
	maps.Copy(outside, inside)
	return &profile{outside, calls}
}

func difference(once, twice *profile, ops int64) costs {
	per := func(n int64) float64 { return float64(n) / float64(ops) }
	c := costs{map[function]float64{}, per(twice.calls[cgocall] - once.calls[cgocall])}
	for f, n := range twice.self {
		c.self[f] += per(n)
	}
	for f, n := range once.self {
		c.self[f] -= per(n)
	}
	return c
}

// sums are instructions by class.
type sums [classes]float64

func (c costs) sums(program string, isGo bool) (s sums) {
	for f, n := range c.self {
		s[classify(f, program, isGo)] += n
	}
	return s
}

// round makes no difference between 0 and -0.
func round(x float64) float64 { return math.Round(x) + 0 }

// columns are Go and C on rank 0, then on rank 1.
type columns [2 * ranks]sums

// printTable prints one benchmark.
func printTable(w io.Writer, version string, b bench, c columns, crossings [ranks]float64) {
	fmt.Fprintf(w, "\n%s, %s B, %s: instructions of %s\n", b.name, size, version, b.op)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tgo, rank 0\tc\tgo, rank 1\tc\t")
	row := func(name string, value func(s sums) float64) {
		fmt.Fprintf(t, "%s\t", name)
		for _, s := range c {
			fmt.Fprintf(t, "%.0f\t", round(value(s)))
		}
		fmt.Fprintln(t)
	}
	ownOf := func(s sums) (n float64) {
		for _, v := range s[:library] {
			n += v
		}
		return n
	}
	for k := range library {
		row(k.String(), func(s sums) float64 { return s[k] })
	}
	row("all these", ownOf)
	row(library.String(), func(s sums) float64 { return s[library] })
	row("all", func(s sums) float64 { return ownOf(s) + s[library] })
	fmt.Fprintf(t, "calls of C\t%.2f\t\t%.2f\t\t\n", crossings[0], crossings[1])
	t.Flush()
}

// printFunctions lists the functions outside the library that take at least so
// many instructions on one of the ranks.
func printFunctions(w io.Writer, c [ranks]costs, program string, least float64) {
	type line struct {
		f    function
		cost [ranks]float64
	}
	var lines []line
	for rank := range c {
		for f, n := range c[rank].self {
			other := 1 - rank
			if n < least || rank == 1 && c[other].self[f] >= least || classify(f, program, true) == library {
				continue
			}
			l := line{f: f}
			l.cost[rank], l.cost[other] = n, c[other].self[f]
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		if d := max(b.cost[0], b.cost[1]) - max(a.cost[0], a.cost[1]); d != 0 {
			return int(max(-1, min(1, d*1e9)))
		}
		return strings.Compare(a.f.name, b.f.name)
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  rank 0\trank 1\t\tof which go takes")
	for _, l := range lines {
		fmt.Fprintf(t, "  %.0f\t%.0f\t%s\t%s\n", round(l.cost[0]), round(l.cost[1]), classify(l.f, program, true), strings.TrimPrefix(l.f.name, module))
	}
	t.Flush()
}

func (s settings) execute(ctx context.Context, stdout, stderr io.Writer) error {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return fmt.Errorf("%w (on Debian and Ubuntu, ci/install-valgrind.sh installs it)", err)
	}
	root, err := twins.Root(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mpi4go-profile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, lib := range s.libraries {
		fmt.Fprintln(stderr, "building for", lib.Name)
		// With this tag Go's runtime tells valgrind of its stacks.
		built, err := twins.Build(ctx, lib, root, "bench", dir, "valgrind")
		if err != nil {
			return err
		}
		for _, b := range s.benches {
			fmt.Fprintln(stderr, lib.Name, b.name)
			ours, version, err := s.measure(ctx, built, built.Go, b)
			if err != nil {
				return err
			}
			theirs, _, err := s.measure(ctx, built, built.C, b)
			if err != nil {
				return err
			}
			var c columns
			var crossings [ranks]float64
			for rank := range ranks {
				c[2*rank] = ours[rank].sums(built.Go, true)
				c[2*rank+1] = theirs[rank].sums(built.C, false)
				crossings[rank] = ours[rank].crossings
			}
			printTable(stdout, version, b, c, crossings)
			if s.functions > 0 {
				printFunctions(stdout, ours, built.Go, s.functions)
			}
		}
	}
	return nil
}

func main() {
	s, err := parseFlags(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = s.execute(ctx, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}
