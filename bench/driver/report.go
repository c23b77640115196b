package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
)

// printHeader says where and how the figures were made: without it they mean nothing.
func printHeader(ctx context.Context, w io.Writer, s settings, libs []*built) {
	fmt.Fprintf(w, "mpi4go benchmarks, %s\n", time.Now().Format(time.RFC3339))
	fmt.Fprintf(w, "  machine   %s, %d cores, %s %s, %s\n", cpuModel(), runtime.NumCPU(), runtime.GOOS, firstLineOf("/proc/sys/kernel/osrelease"), runtime.GOARCH)
	fmt.Fprintf(w, "  load      %s when this began\n", firstLineOf("/proc/loadavg"))
	fmt.Fprintf(w, "  go        %s\n", runtime.Version())
	if cc, err := twins.CCompiler(ctx); err == nil {
		if version, err := twins.Tool(ctx, "", cc[0], "--version"); err == nil {
			version, _, _ = strings.Cut(version, "\n")
			fmt.Fprintf(w, "  c         %s, -O2\n", version)
		}
	}
	for _, lib := range libs {
		fmt.Fprintf(w, "  mpi4py    on %s: %s\n", lib.Name, lib.mpi4py)
	}
	bind := "ranks bound to: " + s.bind
	if s.bind == "" {
		bind = "ranks started by: " + os.Getenv("MPIRUN")
	}
	fmt.Fprintf(w, "  runs      %d pairs, alternately; a timing lasts %g s; %s\n", s.pairs, s.minTime, bind)
	if env := tuning(os.Environ()); len(env) > 0 {
		fmt.Fprintf(w, "  settings  %s\n", strings.Join(env, " "))
	}
}

// tuning picks the variables that change how MPI or Go behave.
func tuning(environ []string) []string {
	var out []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "OMPI_ALLOW_RUN_AS_ROOT"):
		case strings.HasPrefix(name, "OMPI_"), strings.HasPrefix(name, "MPICH_"), strings.HasPrefix(name, "MPIR_"),
			strings.HasPrefix(name, "HYDRA_"), strings.HasPrefix(name, "UCX_"), strings.HasPrefix(name, "FI_"),
			strings.HasPrefix(name, "MPI4GO_"),
			name == "GOMAXPROCS", name == "GOGC", name == "GODEBUG", name == "GOMEMLIMIT", name == "GOFLAGS", name == "GOAMD64", name == "GOEXPERIMENT":
			out = append(out, v)
		}
	}
	return out
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

func firstLineOf(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// print writes a benchmark's table and what it says about the targets.
func (r *result) print(w io.Writer) {
	b := r.bench
	library, _, _ := strings.Cut(r.mpi, ",") // Open MPI's goes on with who packaged it
	fmt.Fprintf(w, "\n%s in %s, %d ranks, %s\n", b.name, b.unit.name, b.ranks, library)
	// The trailing cell keeps the last column aligned to the right as well.
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(cells []string) { fmt.Fprintln(tw, strings.Join(cells, "\t")+"\t") }

	first, others := b.twins[0], b.twins[1:]
	axis := b.axisOf()
	head := []string{axis.size, axis.count}
	for _, t := range b.twins {
		head = append(head, t.name+" "+b.unit.best, t.name+" median")
	}
	for _, t := range others {
		head = append(head, first.name+"/"+t.name+" "+b.unit.best, first.name+"/"+t.name+" median")
	}
	row(head)
	for i, size := range r.sizes {
		cells := []string{axis.format(size), strconv.FormatInt(r.iters[i], 10)}
		for _, t := range b.twins {
			for _, s := range []statistic{minimum, median} {
				cells = append(cells, strconv.FormatFloat(b.unit.value(size, s.of(r.times[t.name][size])), 'f', b.unit.digits, 64))
			}
		}
		for _, t := range others {
			for _, s := range []statistic{minimum, median} {
				cells = append(cells, strconv.FormatFloat(r.ratio(s, t.name, size), 'f', 2, 64))
			}
		}
		row(cells)
	}
	tw.Flush()
	fmt.Fprintf(w, "%s is better\n", b.unit.better)
	for _, t := range b.targets {
		t.judge(w, r)
	}
	if b.verdict != nil {
		b.verdict(w, r)
	}
}

var csvHead = []string{"mpi", "library", "benchmark", "size", "twin", "pair", "iterations", "seconds"}

// rows lists every single time, so that any other statistic can be had from the file.
func (r *result) rows(mpi string) [][]string {
	var rows [][]string
	list := func(twin string, size int64, iterations string) {
		for pair, seconds := range r.times[twin][size] {
			rows = append(rows, []string{mpi, r.mpi, r.bench.name, strconv.FormatInt(size, 10), twin,
				strconv.Itoa(pair + 1), iterations, strconv.FormatFloat(seconds, 'e', -1, 64)})
		}
	}
	for i, size := range r.sizes {
		for _, t := range r.bench.twins {
			list(t.name, size, strconv.FormatInt(r.iters[i], 10))
		}
	}
	list(cgocallBench, 0, cgocallIterations)
	return rows
}

func writeCSV(file string, rows [][]string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Write(csvHead) // a csv.Writer keeps its first error for Error
	w.WriteAll(rows)
	return errors.Join(w.Error(), f.Close())
}
