package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// What is measured beside the steps of the program, which name themselves.
const (
	startUp     = "start-up"     // seconds from the launcher's start until all ranks are there
	memoryStart = "memory-start" // bytes of a rank at that time, the ranks' mean
	memoryPeak  = "memory-peak"  // the most that a rank had until its end, the ranks' mean
)

// An outcome is what one run of a twin measured.
type outcome struct {
	version string
	hello   int      // ranks that said so
	names   []string // in the order in which they came
	values  map[string]float64
}

func (o *outcome) put(name string, value float64) {
	o.names = append(o.names, name)
	o.values[name] = value
}

// read reads what a twin printed. A line that it does not know means that the
// run did not go as planned.
func read(r io.Reader, start time.Time) (*outcome, error) {
	o := &outcome{values: map[string]float64{}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text := lines.Text()
		var name string
		var a, b float64
		if library, ok := strings.CutPrefix(text, "# "); ok {
			o.version = strings.Join(strings.Fields(library), " ")
		} else if n, _ := fmt.Sscanf(text, "hello %d %s", &o.hello, &name); n == 2 {
			continue
		} else if n, _ := fmt.Sscanf(text, "ready %g", &a); n == 1 {
			o.put(startUp, a-float64(start.UnixMicro())/1e6)
		} else if n, _ := fmt.Sscanf(text, "time %s %g", &name, &a); n == 2 && a > 0 {
			o.put(name, a)
		} else if n, _ := fmt.Sscanf(text, "memory %s %g %g", &name, &a, &b); n == 3 {
			o.put("memory-"+name, a)
		} else if text != "" {
			return nil, fmt.Errorf("it printed %q", text)
		}
	}
	for _, name := range []string{startUp, memoryStart, memoryPeak} {
		if _, ok := o.values[name]; !ok {
			return nil, fmt.Errorf("it did not print its %s", name)
		}
	}
	return o, lines.Err()
}

// A result is what all runs on one number of ranks measured.
type result struct {
	ranks   int
	version string
	names   []string
	values  map[string]map[string][]float64 // by name and twin, one for each run
}

func (r *result) add(twin string, o *outcome) error {
	if r.names == nil {
		r.names, r.version = o.names, o.version
	}
	if !slices.Equal(o.names, r.names) || o.version != r.version {
		return fmt.Errorf("the twins differ: %s measured %v on %s, another %v on %s", twin, o.names, o.version, r.names, r.version)
	}
	for name, v := range o.values {
		if r.values[name] == nil {
			r.values[name] = map[string][]float64{}
		}
		r.values[name][twin] = append(r.values[name][twin], v)
	}
	return nil
}

// figure is what the runs of a twin say together: the mean memory of them, and the
// shortest time, which is the least disturbed; not a number if there were none.
func (r *result) figure(name, twin string) float64 {
	x := r.values[name][twin]
	if len(x) == 0 {
		return math.NaN()
	}
	if name != memoryStart && name != memoryPeak {
		return slices.Min(x)
	}
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func (r *result) ratio(name string) float64 { return r.figure(name, "go") / r.figure(name, "c") }

// steps are the names of what the program did, which is all but the start.
func (r *result) steps() []string {
	return slices.DeleteFunc(slices.Clone(r.names), func(name string) bool {
		return name == startUp || name == memoryStart || name == memoryPeak
	})
}

// The targets.
const (
	timeFactor = 1.2      // of C's time
	memoryMore = 12 << 20 // bytes of a rank above C's
)

// memory returns how many bytes a rank had at most above one in C.
func (r *result) memory() float64 { return r.figure(memoryPeak, "go") - r.figure(memoryPeak, "c") }

// tooLarge is an error for each number of ranks with more memory than the target.
func tooLarge(library string, results []*result) (err error) {
	for _, r := range results {
		if r.memory() > memoryMore {
			err = errors.Join(err, fmt.Errorf("%s, %d ranks: the memory of a rank is that of C and %.1f MiB, more than %d",
				library, r.ranks, r.memory()/(1<<20), memoryMore>>20))
		}
	}
	return err
}

func printHeader(w io.Writer, s settings) {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(w, "mpi4go on many ranks, %s\n", time.Now().Format(time.RFC3339))
	fmt.Fprintf(w, "  machine   %d cores, %s, %s; load %s when this began\n", runtime.NumCPU(), runtime.GOARCH, runtime.Version(), strings.TrimSpace(string(load)))
	fmt.Fprintf(w, "  runs      up to %d of each twin, alternately; times are the best of them\n", s.pairs)
}

// printResults prints two tables for one library, and judges them.
func printResults(w io.Writer, results []*result) {
	library, _, _ := strings.Cut(results[0].version, ",") // Open MPI's goes on with who packaged it
	fmt.Fprintf(w, "\nStart-up in s and memory of a rank in MiB, %s\n", library)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { fmt.Fprintln(tw, strings.Join(cells, "\t")+"\t") }
	row("ranks", "runs", "start go", "c", "go/c", "memory go", "c", "go-c", "peak go", "c", "go-c")
	for _, r := range results {
		cells := []string{strconv.Itoa(r.ranks), strconv.Itoa(len(r.values[startUp]["go"])),
			fixed(r.figure(startUp, "go"), 2), fixed(r.figure(startUp, "c"), 2), fixed(r.ratio(startUp), 2)}
		for _, name := range []string{memoryStart, memoryPeak} {
			g, c := r.figure(name, "go")/(1<<20), r.figure(name, "c")/(1<<20)
			cells = append(cells, fixed(g, 1), fixed(c, 1), fixed(g-c, 1))
		}
		row(cells...)
	}
	tw.Flush()

	fmt.Fprintf(w, "\nTime per call in us by ranks, and its ratio to C's, %s\n", library)
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{""}
	for _, r := range results {
		head = append(head, fmt.Sprintf("%d go", r.ranks), "go/c")
	}
	row(head...)
	for _, name := range results[0].steps() {
		cells := []string{name}
		for _, r := range results {
			cells = append(cells, fixed(r.figure(name, "go")*1e6, 1), fixed(r.ratio(name), 2))
		}
		row(cells...)
	}
	tw.Flush()
	judge(w, results)
}

func fixed(x float64, digits int) string {
	if math.IsNaN(x) {
		return "-"
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

// judge says for each number of ranks whether the targets are met, and what is
// the furthest from them.
func judge(w io.Writer, results []*result) {
	for _, r := range results {
		if math.IsNaN(r.ratio(startUp)) {
			fmt.Fprintf(w, "%d ranks: C took too long to compare with\n", r.ranks)
			continue
		}
		var missed []string
		names := r.steps()
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(r.ratio(b), r.ratio(a)) })
		for _, name := range names {
			if r.ratio(name) > timeFactor {
				missed = append(missed, fmt.Sprintf("%s %.2f", name, r.ratio(name)))
			}
		}
		more := r.memory()
		fmt.Fprintf(w, "%d ranks: start-up %.2f of C's (at most %.1f): %s; memory C + %.1f MiB (at most %d): %s; time: %d of %d within %.1f of C's",
			r.ranks, r.ratio(startUp), timeFactor, yesNo(r.ratio(startUp) <= timeFactor),
			more/(1<<20), memoryMore>>20, yesNo(more <= memoryMore),
			len(names)-len(missed), len(names), timeFactor)
		if len(missed) > 0 {
			fmt.Fprintf(w, ", not %s", strings.Join(missed, ", "))
		}
		fmt.Fprintln(w)
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

var csvHead = []string{"mpi", "library", "ranks", "what", "twin", "run", "value"}

// rows lists every single figure, in seconds or bytes.
func (r *result) rows(mpi string) (rows [][]string) {
	for _, name := range r.names {
		for _, twin := range order {
			for run, v := range r.values[name][twin] {
				rows = append(rows, []string{mpi, r.version, strconv.Itoa(r.ranks), name, twin,
					strconv.Itoa(run + 1), strconv.FormatFloat(v, 'g', 7, 64)})
			}
		}
	}
	return rows
}

func writeCSV(file string, rows [][]string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(f).WriteAll(rows), f.Close())
}
