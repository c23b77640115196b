package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A point is what a twin prints for one size.
type point struct {
	size       int64
	seconds    float64 // per operation
	iterations int64
}

// An output is what a twin prints in one run.
type output struct {
	mpi    string
	points []point
}

// parseOutput reads a twin's output strictly: a line that is neither the
// library's nor a measurement means that the run did not go as planned.
func parseOutput(r io.Reader) (output, error) {
	var out output
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "#" {
			out.mpi = strings.Join(fields[1:], " ")
			continue
		}
		p, err := parsePoint(fields)
		if err != nil {
			return out, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		out.points = append(out.points, p)
	}
	return out, lines.Err()
}

func parsePoint(fields []string) (p point, err error) {
	if len(fields) != 3 {
		return p, fmt.Errorf("%d fields where size, seconds and iterations are expected", len(fields))
	}
	if p.size, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return p, err
	}
	if p.seconds, err = strconv.ParseFloat(fields[1], 64); err != nil {
		return p, err
	}
	if p.iterations, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return p, err
	}
	if !(p.seconds > 0) || math.IsInf(p.seconds, 0) {
		return p, fmt.Errorf("%v seconds is no time", p.seconds)
	}
	return p, nil
}

// checkSizes reports an output that is not about the sizes asked for.
func (o output) checkSizes(sizes []int64) error {
	var got []int64
	for _, p := range o.points {
		got = append(got, p.size)
	}
	if !slices.Equal(got, sizes) {
		return fmt.Errorf("measured the sizes %v, asked for %v", got, sizes)
	}
	return nil
}

// A result holds every time of one benchmark on one MPI library.
type result struct {
	bench benchmark
	mpi   string
	sizes []int64
	iters []int64                        // by index in sizes
	times map[string]map[int64][]float64 // by twin and size, one per pair
}

func newResult(b benchmark, sizes []int64) *result {
	return &result{bench: b, sizes: sizes, iters: make([]int64, len(sizes)), times: map[string]map[int64][]float64{}}
}

// add files one run of a twin.
func (r *result) add(twin string, o output) {
	if r.times[twin] == nil {
		r.times[twin] = map[int64][]float64{}
	}
	for _, p := range o.points {
		r.times[twin][p.size] = append(r.times[twin][p.size], p.seconds)
	}
}

// raiseIters keeps, for each size, the most iterations that any calibration
// asked for: then no twin's timing is much shorter than was asked.
func (r *result) raiseIters(o output) {
	for i, p := range o.points {
		r.iters[i] = max(r.iters[i], p.iterations)
	}
}

// ratio is the first twin's figure over the other's, in the benchmark's unit.
func (r *result) ratio(s statistic, other string, size int64) float64 {
	value := r.bench.unit.value
	first := r.bench.twins[0].name
	return value(size, s.of(r.times[first][size])) / value(size, s.of(r.times[other][size]))
}

// A statistic sums up the times of all pairs.
type statistic struct {
	name string
	of   func([]float64) float64
}

var (
	minimum = statistic{"min", slices.Min[[]float64]}
	median  = statistic{"median", medianOf}
)

func medianOf(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	mid := len(x) / 2
	if len(x)%2 == 0 {
		return (x[mid-1] + x[mid]) / 2
	}
	return x[mid]
}

// Sizes are written as people say them: 8, 64K, 1M.

func parseSizes(text string) ([]int64, error) {
	var sizes []int64
	for field := range strings.SplitSeq(text, ",") {
		size, err := parseSize(strings.TrimSpace(field))
		if err != nil {
			return nil, err
		}
		if slices.Contains(sizes, size) {
			return nil, fmt.Errorf("size %s is named twice", formatSize(size))
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// largestSize is what a count of MPI_BYTE can say.
const largestSize = math.MaxInt32

func parseSize(text string) (int64, error) {
	digits, factor := text, int64(1)
	switch {
	case strings.HasSuffix(text, "K"):
		digits, factor = text[:len(text)-1], 1<<10
	case strings.HasSuffix(text, "M"):
		digits, factor = text[:len(text)-1], 1<<20
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 1 || n > largestSize/factor {
		return 0, fmt.Errorf("bad size %q: want a number of bytes below 2 GiB, with K or M for KiB or MiB", text)
	}
	return n * factor, nil
}

func formatSize(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// join writes numbers as the twins' flags take them.
func join(numbers []int64) string {
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(text, ",")
}
