package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// A twin is one program's way to run a benchmark, and a pair of columns in the table.
type twin struct {
	name    string
	program string // "go", "c" or "py": which of the programs
	args    []string
	kernel  string // if not the benchmark's
}

var (
	goTwin = twin{name: "go", program: "go"}
	cTwin  = twin{name: "c", program: "c"}
	pyTwin = twin{name: "mpi4py", program: "py"}
	// What a program does that knows no layouts.
	goCopy = twin{name: "copy", program: "go", kernel: "block-copy"}
	// Numbers from buffer to buffer, which is to be had with less comfort.
	goBuffer = twin{name: "buffer", program: "go", kernel: "slice"}
	// The price of MPI_THREAD_MULTIPLE, which Go needs and a C program may do without.
	cSingle = twin{name: "c-single", program: "c", args: []string{"-single"}}
)

// A benchmark is known under its name to every one of its twins.
type benchmark struct {
	name    string
	ranks   int
	unit    unit
	twins   []twin  // the first is judged against each of the others
	cgocall bool    // whether each pair also measures an empty cgo call
	largest int64   // bytes; 0 for no limit
	kernel  string  // what the programs call it; empty for name
	sizes   []int64 // its own, if not those of the command line
	chunks  bool    // whether its sizes are tasks per message, not bytes
	verdict func(w io.Writer, r *result)
}

// benchmarks is the one list of what there is. To add a benchmark: a kernel of
// that name in bench/go and in its twins, and an entry here.
var benchmarks = append([]benchmark{
	{name: "latency", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin, pyTwin}, cgocall: true, verdict: latencyVerdict},
	{name: "bandwidth", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, cTwin, pyTwin}, verdict: bandwidthVerdict},
	{name: "wait-context", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 1 << 10},
	{name: "wait-done", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 1 << 10},
	{name: "rate", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "persistent", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "block", ranks: 2, unit: microseconds, twins: []twin{goTwin, goCopy, cTwin}, verdict: blockVerdict},
	{name: "object", ranks: 2, unit: microseconds, twins: []twin{goTwin, pyTwin},
		sizes: []int64{100, 10_000, 1_000_000}, verdict: verdictAgainst(pyTwin, objectFactor)},
	{name: "object-slice", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, goBuffer},
		sizes: []int64{8 * 1_000_000}, verdict: verdictAgainst(goBuffer, bandwidthFraction)},
	pools(2), pools(4),
}, collectives(2, 4)...)

// collectives are the benchmarks of collectives, for each number of ranks.
func collectives(ranks ...int) (bs []benchmark) {
	for _, n := range ranks {
		for _, name := range []string{"barrier", "bcast", "reduce", "allreduce", "allgather", "alltoall", "gatherv", "scatterv"} {
			b := benchmark{name: fmt.Sprintf("%s-%d", name, n), kernel: name, ranks: n, unit: microseconds,
				twins: []twin{goTwin, cTwin}, largest: 1 << 20, verdict: collectiveVerdict}
			if name == "barrier" {
				b.largest = latencyVerdictSize // it has no size
			}
			bs = append(bs, b)
		}
	}
	return bs
}

// pools is the benchmark of the task pool: rank 0 and the workers.
func pools(ranks int) benchmark {
	return benchmark{name: fmt.Sprintf("pool-%d", ranks), kernel: "pool", ranks: ranks, unit: perSecond, twins: []twin{goTwin, pyTwin},
		sizes: []int64{1, 100}, chunks: true, verdict: verdictAgainst(pyTwin, poolFactor)}
}

// has reports whether a program has part in b.
func (b benchmark) has(program string) bool {
	return slices.ContainsFunc(b.twins, func(t twin) bool { return t.program == program })
}

// sizesOf are those of sizes that b can be run with, at least the first, or its own.
func (b benchmark) sizesOf(sizes []int64) []int64 {
	if b.sizes != nil {
		return b.sizes
	}
	if b.largest == 0 {
		return sizes
	}
	var few []int64
	for i, size := range sizes {
		if i == 0 || size <= b.largest {
			few = append(few, size)
		}
	}
	return few
}

// formatSize is a size as the table shows it.
func (b benchmark) formatSize(n int64) string {
	if b.chunks {
		return strconv.FormatInt(n, 10)
	}
	return formatSize(n)
}

// A unit turns the seconds that one operation took into the figure that the table shows.
type unit struct {
	name   string
	best   string // what the shortest time is in this unit
	better string
	value  func(size int64, seconds float64) float64
	digits int
}

var (
	microseconds = unit{"us", "min", "lower", func(_ int64, s float64) float64 { return s * 1e6 }, 3}
	// 10^6 bytes, as in the OSU benchmarks.
	megabytesPerSecond = unit{"MB/s", "max", "higher", func(size int64, s float64) float64 { return float64(size) / s / 1e6 }, 1}
	perSecond          = unit{"tasks/s", "max", "higher", func(_ int64, s float64) float64 { return 1 / s }, 0}
)

// The targets that the verdict lines judge.
const (
	allowedCalls       = 2       // cgo calls that Go's latency may cost above C's
	bandwidthFrom      = 1 << 16 // bytes from which Go's bandwidth is compared
	bandwidthFraction  = 0.9     // of C's
	latencyVerdictSize = 8
	blockSize          = 1 << 20 // bytes from which a block is judged
	collectiveSmall    = 1.15    // of C's time that a collective may take at 8 B
	collectiveLarge    = 1.05    // from 64 KiB
	objectFactor       = 1       // of mpi4py's time that an object may take
	poolFactor         = 5       // times as many tasks a second as mpi4py.futures
)

// latencyVerdict says whether Go's small messages cost more than the crossings into C that they need.
func latencyVerdict(w io.Writer, r *result) {
	c, measured := r.times["c"][latencyVerdictSize]
	calls := r.times[cgocallBench][0]
	if !measured || len(calls) == 0 {
		return
	}
	g := r.times["go"][latencyVerdictSize]
	for _, s := range []statistic{median, minimum} {
		limit := s.of(c) + allowedCalls*s.of(calls)
		fmt.Fprintf(w, "latency at %s (%s): Go %.3f us, C %.3f us, a cgo call %.3f us; Go <= C + %d calls (%.3f us): %s\n",
			formatSize(latencyVerdictSize), s.name, s.of(g)*1e6, s.of(c)*1e6, s.of(calls)*1e6,
			allowedCalls, limit*1e6, yesNo(s.of(g) <= limit))
	}
}

// bandwidthVerdict finds the size at which Go falls furthest behind C.
func bandwidthVerdict(w io.Writer, r *result) {
	for _, s := range []statistic{median, minimum} {
		lowest, at := 0.0, int64(-1)
		for _, size := range r.sizes {
			if size < bandwidthFrom {
				continue
			}
			if ratio := r.ratio(s, "c", size); at < 0 || ratio < lowest {
				lowest, at = ratio, size
			}
		}
		if at < 0 {
			return
		}
		name := s.name
		if s.name == minimum.name {
			name = r.bench.unit.best
		}
		fmt.Fprintf(w, "bandwidth from %s (%s): lowest Go/C %.2f, at %s; at least %.2f: %s\n",
			formatSize(bandwidthFrom), name, lowest, formatSize(at), bandwidthFraction, yesNo(lowest >= bandwidthFraction))
	}
}

// collectiveVerdict judges the smallest messages and the worst of the large.
func collectiveVerdict(w io.Writer, r *result) {
	for _, s := range []statistic{median, minimum} {
		judge := func(what string, worst, limit float64) {
			if worst > 0 {
				fmt.Fprintf(w, "%s %s (%s): Go/C %.2f; at most %.2f: %s\n", r.bench.name, what, s.name, worst, limit, yesNo(worst <= limit))
			}
		}
		small, large := 0.0, 0.0
		for _, size := range r.sizes {
			switch {
			case size == latencyVerdictSize:
				small = r.ratio(s, "c", size)
			case size >= bandwidthFrom:
				large = max(large, r.ratio(s, "c", size))
			}
		}
		judge("at "+formatSize(latencyVerdictSize), small, collectiveSmall)
		judge("from "+formatSize(bandwidthFrom), large, collectiveLarge)
	}
}

// blockVerdict finds where a block that travels by its layout falls furthest
// behind the same in C, and behind one that is copied.
func blockVerdict(w io.Writer, r *result) {
	for _, s := range []statistic{median, minimum} {
		for _, than := range []struct {
			twin  string
			limit float64
		}{{"c", 1 / bandwidthFraction}, {"copy", 1}} {
			worst := 0.0
			for _, size := range r.sizes {
				if size >= blockSize {
					worst = max(worst, r.ratio(s, than.twin, size))
				}
			}
			if worst > 0 {
				fmt.Fprintf(w, "block from %s (%s): Go/%s %.2f; at most %.2f: %s\n", formatSize(blockSize), s.name, than.twin, worst, than.limit, yesNo(worst <= than.limit))
			}
		}
	}
}

// verdictAgainst judges the size at which the first twin does worst against
// another: its figure must be so many times the other's, at most if lower is
// better, else at least.
func verdictAgainst(other twin, limit float64) func(w io.Writer, r *result) {
	return func(w io.Writer, r *result) {
		if r.times[other.name] == nil {
			return
		}
		u, first := r.bench.unit, r.bench.twins[0]
		bound, worse := "at least", func(a, b float64) bool { return a < b }
		if u.better == "lower" {
			bound, worse = "at most", func(a, b float64) bool { return a > b }
		}
		for _, s := range []statistic{median, minimum} {
			at, worst := r.sizes[0], r.ratio(s, other.name, r.sizes[0])
			for _, size := range r.sizes[1:] {
				if ratio := r.ratio(s, other.name, size); worse(ratio, worst) {
					at, worst = size, ratio
				}
			}
			name := s.name
			if name == minimum.name {
				name = u.best
			}
			fmt.Fprintf(w, "%s (%s): worst %s/%s %.2f, at %s; %s %.2f: %s\n", r.bench.name, name, first.name, other.name,
				worst, r.bench.formatSize(at), bound, limit, yesNo(!worse(worst, limit)))
		}
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
