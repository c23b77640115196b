// Driver builds the benchmarks' twins, runs them alternately and prints how the
// Go program compares with those in C and in Python.
//
//	go run ./bench/driver -mpi=both
//
// See ../README.md for what is measured and how to read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
)

// plan is what the command line asks for.
type plan struct {
	settings
	libraries  []twins.Library
	benchmarks []benchmark
	sizes      []int64
	csv, plot  string
}

// parsePlan reads the command line; asked for help, it writes it to help.
func parsePlan(args []string, help io.Writer) (plan, error) {
	var p plan
	fs := flag.NewFlagSet("driver", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is main's to print, once
	mpi := fs.String("mpi", "both", "the MPI library: openmpi, mpich or both")
	bench := fs.String("bench", "*", "the benchmarks to run, separated by commas; in a name, * stands for anything")
	sizes := fs.String("sizes", "8,64,512,4K,16K,64K,256K,1M,2M,4M,8M", "message sizes in bytes, with K or M for KiB or MiB")
	single := fs.Bool("single", false, "also run the C twin with MPI_THREAD_SINGLE")
	quick := fs.Bool("quick", false, "a look in 3 minutes: some of the benchmarks, -pairs 3 -sizes 8,64K,1M -min-time 0.02")
	fs.IntVar(&p.pairs, "pairs", 9, "how often the twins run, one after the other")
	fs.Float64Var(&p.minTime, "min-time", 0.1, "seconds that one timing of one size lasts")
	fs.StringVar(&p.bind, "bind", "core", "what the launcher binds a rank to; none lets the system move it")
	fs.DurationVar(&p.timeout, "timeout", 2*time.Minute, "how long one run of one twin may take")
	fs.StringVar(&p.csv, "csv", "", "also write every single time to this file")
	fs.StringVar(&p.plot, "plot", "", "also draw latency and bandwidth against size into this file (png, svg or pdf)")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "usage: go run ./bench/driver [flags]")
			fs.SetOutput(help)
			fs.PrintDefaults()
			fmt.Fprintf(help, "benchmarks: %s\n", strings.Join(benchmarkNames(), ", "))
		}
		return p, err
	}
	if fs.NArg() > 0 {
		return p, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *quick {
		// A flag that was given stands.
		given := map[string]bool{}
		fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, value := range map[string]string{"bench": quickBenchmarks, "pairs": "3", "sizes": "8,64K,1M", "min-time": "0.02"} {
			if !given[name] {
				if err := fs.Set(name, value); err != nil {
					return p, err
				}
			}
		}
	}
	if p.pairs < 1 {
		return p, errors.New("-pairs must be at least 1")
	}
	if !(p.minTime > 0) {
		return p, errors.New("-min-time must be above 0")
	}

	// A launcher that the user chose knows its own flags.
	if os.Getenv("MPIRUN") != "" {
		p.bind = ""
	}

	var err error
	if p.sizes, err = parseSizes(*sizes); err != nil {
		return p, err
	}
	if p.libraries, err = twins.Named(*mpi); err != nil {
		return p, err
	}
	names, err := matching(*bench)
	if err != nil {
		return p, err
	}
	for _, b := range benchmarks {
		if !slices.Contains(names, b.name) {
			continue
		}
		if *single && b.has(cTwin.program) && b.threads <= 1 {
			b.twins = append(slices.Clip(b.twins), cSingle)
		}
		p.benchmarks = append(p.benchmarks, b)
	}
	if ext := filepath.Ext(p.plot); p.plot != "" && ext != ".png" && ext != ".svg" && ext != ".pdf" {
		return p, fmt.Errorf("-plot %q: want a name that ends in .png, .svg or .pdf", p.plot)
	}
	if p.plot != "" && !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(plotted, name) }) {
		return p, fmt.Errorf("-plot draws %s, and -bench=%s has none of them", strings.Join(plotted, " and "), *bench)
	}
	return p, nil
}

// matching are the benchmarks that the names and patterns of a list name.
func matching(list string) (names []string, err error) {
	for pattern := range strings.SplitSeq(list, ",") {
		found := false
		for _, name := range benchmarkNames() {
			match, err := path.Match(pattern, name)
			if err != nil {
				return nil, fmt.Errorf("-bench %q: %w", pattern, err)
			}
			if match {
				names, found = append(names, name), true
			}
		}
		if !found {
			return nil, fmt.Errorf("-bench %q: want some of %s", pattern, strings.Join(benchmarkNames(), ","))
		}
	}
	return names, nil
}

func benchmarkNames() []string {
	var names []string
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	return names
}

// execute does what p says; the report goes to stdout as it grows.
func (p plan) execute(ctx context.Context, stdout io.Writer, stderr *os.File) error {
	if cores := runtime.NumCPU(); cores < 2 {
		return fmt.Errorf("the benchmarks need 2 cores, one for each rank; this machine lends %d", cores)
	}
	root, err := twins.Root(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mpi4go-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	show := newProgress(stderr)
	defer show.clear()
	var built []*built
	for _, l := range p.libraries {
		show.line("building for " + l.Name)
		b, err := build(ctx, l, root, dir)
		if err != nil {
			return err
		}
		built = append(built, b)
		for _, bench := range p.benchmarks {
			show.total += p.steps(b.runnable(bench))
		}
	}

	// Before all else, because it would be a pity to fail after an hour.
	var plotter string
	if p.plot != "" {
		show.line("building what draws")
		if plotter, err = buildPlotter(ctx, root, dir); err != nil {
			return err
		}
	}

	show.clear()
	printHeader(ctx, stdout, p.settings, built)
	var rows [][]string
	for _, lib := range built {
		for _, bench := range p.benchmarks {
			r, err := p.measure(ctx, lib, lib.runnable(bench), p.sizes, show.step)
			show.clear()
			if err != nil {
				return err
			}
			r.print(stdout)
			rows = append(rows, r.rows(lib.Tag)...)
		}
	}
	if p.csv != "" {
		if err := writeCSV(p.csv, rows); err != nil {
			return err
		}
	}
	if p.plot != "" {
		file := filepath.Join(dir, "plot.csv")
		if err := writeCSV(file, rows); err != nil {
			return err
		}
		_, err = twins.Tool(ctx, "", plotter, "-o", p.plot, file)
	}
	return err
}

// plotted are the benchmarks that bench/plot draws.
var plotted = []string{"latency", "bandwidth", "bandwidth-huge"}

// buildPlotter builds bench/plot, which is a module of its own: so those who use
// mpi4go need not download what draws.
func buildPlotter(ctx context.Context, root, dir string) (string, error) {
	program := filepath.Join(dir, "plot")
	_, err := twins.Tool(ctx, filepath.Join(root, "bench", "plot"), "go", "build", "-o", program, ".")
	return program, err
}

// progress is one line that says how far the work is: on a terminal it is
// overwritten, in a log each step is a line.
type progress struct {
	w           *os.File
	terminal    bool
	done, total int
}

func newProgress(w *os.File) *progress {
	info, err := w.Stat()
	return &progress{w: w, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) line(text string) {
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", text)
	} else {
		fmt.Fprintln(p.w, text)
	}
}

func (p *progress) step(what string) {
	p.line(fmt.Sprintf("%3d%%  %s", 100*p.done/p.total, what))
	p.done++
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func main() {
	p, err := parsePlan(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = p.execute(ctx, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
