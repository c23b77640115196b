// Driver runs one program in Go and its twin in C on more and more ranks, by
// turns, and prints how they compare: start-up, memory, and the time of each
// collective and of what is built on them.
//
//	go run ./bench/scale/driver -mpi=both
//
// See ../../README.md for how to read it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
)

// starts is how many ranks a library starts on a small machine in a minute or two.
var starts = map[string]int{"openmpi": 64, "mpich": 512}

// order is that in which the twins take turns.
var order = []string{"go", "c"}

// settings are what the command line asks for.
type settings struct {
	libraries []twins.Library
	most      int
	pairs     int
	enough    time.Duration
	timeout   time.Duration
	budget    float64
	csv       string
	strict    bool
}

func parse(args []string, help io.Writer) (settings, error) {
	var s settings
	fs := flag.NewFlagSet("driver", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is main's to print, once
	mpi := fs.String("mpi", "both", "the MPI library: openmpi, mpich or both")
	fs.IntVar(&s.most, "most", 512, "the most ranks; Open MPI gets no more than 64")
	fs.IntVar(&s.pairs, "pairs", 5, "how often the twins run on each number of ranks, one after the other")
	fs.DurationVar(&s.enough, "enough", 10*time.Second, "begin no other pair when they have taken so long together")
	fs.Float64Var(&s.budget, "budget", 0.05, "seconds that the calls of one loop last together")
	fs.DurationVar(&s.timeout, "timeout", 10*time.Minute, "how long one run of one twin may take; C's figures are left out when it takes longer")
	fs.StringVar(&s.csv, "csv", "", "also write every single figure to this file")
	fs.BoolVar(&s.strict, "strict", false, "fail where a rank needs more memory than the target; of times, which depend on the machine's other work, it is only said")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "usage: go run ./bench/scale/driver [flags]")
			fs.SetOutput(help)
			fs.PrintDefaults()
		}
		return s, err
	}
	switch {
	case fs.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case s.most < 2:
		return s, fmt.Errorf("-most is %d, but must be at least 2", s.most)
	case s.pairs < 1:
		return s, fmt.Errorf("-pairs is %d, but must be at least 1", s.pairs)
	case !(s.budget > 0):
		return s, fmt.Errorf("-budget is %v, but must be above 0", s.budget)
	}
	var err error
	s.libraries, err = twins.Named(*mpi)
	return s, err
}

// sizes are the numbers of ranks up to most, and that itself.
func sizes(most int) []int {
	all := slices.DeleteFunc([]int{2, 8, 32, 128, 512}, func(n int) bool { return n >= most })
	return append(all, most)
}

// errLonger is in the error of a run that was given up.
var errLonger = errors.New("longer")

// run makes one run of a twin.
func (s settings) run(ctx context.Context, p *twins.Built, twin string, ranks int) (*outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("it took %w than %v", errLonger, s.timeout))
	defer cancel()
	var stdout, stderr bytes.Buffer
	program := map[string]string{"go": p.Go, "c": p.C}[twin]
	cmd := p.Launcher.Command(ctx, ranks, program, "-budget", strconv.FormatFloat(s.budget, 'g', -1, 64))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var o *outcome
	if err == nil {
		o, err = read(&stdout, start)
	}
	if err == nil && o.hello != ranks {
		err = fmt.Errorf("%d ranks said hello", o.hello)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return o, nil
}

// measure runs the twins by turns on so many ranks. C may take too long, where the
// library wants a core for each rank and Go makes it do without: then Go's figures
// stand alone.
func (s settings) measure(ctx context.Context, p *twins.Built, ranks int) (*result, error) {
	r := &result{ranks: ranks, values: map[string]map[string][]float64{}}
	start := time.Now()
	for pair := range s.pairs {
		if pair > 0 && time.Since(start) > s.enough {
			break
		}
		for _, twin := range order {
			fmt.Fprintf(os.Stderr, "%s, %d ranks, %s: run %d\n", p.Name, ranks, twin, pair+1)
			o, err := s.run(ctx, p, twin, ranks)
			if twin == "c" && pair == 0 && errors.Is(err, errLonger) {
				fmt.Fprintln(os.Stderr, "scale:", err)
				return r, nil
			}
			if err != nil {
				return nil, err
			}
			if err := r.add(twin, o); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func (s settings) execute(ctx context.Context, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "mpi4go-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	printHeader(stdout, s)
	root, err := twins.Root(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{csvHead}
	var missed error
	for _, lib := range s.libraries {
		p, err := twins.Build(ctx, lib, root, "bench/scale", dir)
		if err != nil {
			return err
		}
		var results []*result
		for _, ranks := range sizes(min(s.most, starts[lib.Tag])) {
			r, err := s.measure(ctx, p, ranks)
			if err != nil {
				if len(results) > 0 {
					printResults(stdout, results) // they took long
				}
				return err
			}
			results = append(results, r)
			rows = append(rows, r.rows(lib.Tag)...)
		}
		printResults(stdout, results)
		if s.strict {
			missed = errors.Join(missed, tooLarge(lib.Name, results))
		}
	}
	if s.csv != "" {
		missed = errors.Join(missed, writeCSV(s.csv, rows))
	}
	return missed
}

func main() {
	s, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = s.execute(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}
