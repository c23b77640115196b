package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
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
	// As with MPI4GO_WATCHDOG=30s in the environment, on every host.
	goWatched = twin{name: "watched", program: "go", args: []string{"-watchdog", "30s"}}
	// With something else to do, all the time.
	cBusy = twin{name: "c", program: "c", args: []string{"-busy"}}
	// The price of MPI_THREAD_MULTIPLE, which Go needs and a C program may do without.
	cSingle = twin{name: "c-single", program: "c", args: []string{"-single"}}
)

// A benchmark is known under its name to every one of its twins.
type benchmark struct {
	name    string
	ranks   int
	threads int // of each rank that communicate at once; 0 for 1
	unit    unit
	twins   []twin   // the first is judged against each of the others
	cgocall bool     // whether each pair also measures an empty cgo call
	outside bool     // whether the time is that of the whole run, from outside
	largest int64    // bytes; 0 for no limit
	kernel  string   // what the programs call it; empty for name
	sizes   []int64  // its own, if not those of the command line
	axis    axis     // what its sizes are; bytes if it has none
	most    int64    // iterations; 0 for no limit
	targets []target // that each table is judged by
	verdict func(w io.Writer, r *result)
}

// benchmarks is the one list of what there is. To add a benchmark: a kernel of
// that name in bench/go and in its twins, and an entry here.
var benchmarks = slices.Concat([]benchmark{
	{name: "latency", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin, pyTwin}, cgocall: true, verdict: latencyVerdict,
		targets: []target{{cTwin, small, latencyFactor}, {pyTwin, small, latencyPythonFactor}}},
	{name: "latency-watched", kernel: "latency", ranks: 2, unit: microseconds, twins: []twin{goWatched, goTwin},
		sizes: []int64{smallSize}, targets: []target{{goTwin, all, watchedFactor}}},
	{name: "bandwidth", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, cTwin, pyTwin}, targets: []target{{cTwin, large, bandwidthFraction}}},
	{name: "bandwidth-huge", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, cTwin}, sizes: []int64{2 << 20, 4 << 20, 8 << 20},
		targets: []target{{cTwin, all, hugeFactor}}},
	{name: "bibandwidth", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, cTwin, pyTwin}},
	{name: "wait-context", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 1 << 10},
	{name: "wait-done", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 1 << 10},
	{name: "rate", ranks: 2, unit: messagesPerSecond, twins: []twin{goTwin, cTwin, pyTwin}, largest: 64 << 10, targets: []target{{cTwin, small, rateFraction}}},
	{name: "rate-2p", ranks: 4, unit: messagesPerSecond, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "rate-4p", ranks: 8, unit: messagesPerSecond, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "persistent", ranks: 2, unit: messagesPerSecond, twins: []twin{goTwin, cTwin}, largest: 64 << 10, targets: []target{{cTwin, small, persistentFraction}}},
	{name: "threads-2", ranks: 2, threads: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "threads-4", ranks: 2, threads: 4, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 64 << 10},
	{name: "overlap", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, sizes: computing, axis: byComputing, verdict: overlapVerdict},
	{name: "overlap-iallreduce", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, sizes: computing, axis: byComputing, verdict: overlapVerdict},
	{name: "block", ranks: 2, unit: microseconds, twins: []twin{goTwin, goCopy, cTwin}, targets: []target{{cTwin, blocks, 1 / blockFraction}, {goCopy, blocks, 1}}},
	{name: "struct", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, largest: 1 << 20},
	{name: "object", ranks: 2, unit: microseconds, twins: []twin{goTwin, pyTwin},
		sizes: []int64{100, 10_000, 1_000_000}, targets: []target{{pyTwin, all, objectFactor}}},
	{name: "object-slice", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, goBuffer},
		sizes: []int64{8 * 1_000_000}, targets: []target{{goBuffer, all, blockFraction}}},
	pools(2), pools(4),
	{name: "startup", ranks: 2, outside: true, unit: milliseconds, twins: []twin{goTwin, cTwin, pyTwin}, sizes: noSizes, axis: byRun, verdict: atMostMore(startupMore)},
	{name: "memory", ranks: 2, unit: kibibytes, twins: []twin{goTwin, cTwin, pyTwin}, sizes: noSizes, axis: byRun, verdict: atMostMore(memoryMore)},
}, collectives(2), collectives(4), crowd("barrier", "allreduce", "ring"), waits())

// quickBenchmarks are what -quick runs: something of everything.
const quickBenchmarks = "latency,bandwidth*,rate,persistent,threads-2,overlap,block,struct,object,pool-2," +
	"startup,memory,barrier-2,allreduce-2,iallreduce-2,alltoallv-2,crowd-allreduce"

// collectives are the benchmarks of collectives.
func collectives(ranks int) (bs []benchmark) {
	for _, name := range []string{"barrier", "bcast", "reduce", "allreduce", "iallreduce", "reducescatter", "scan", "exscan",
		"gather", "gatherv", "scatter", "scatterv", "allgather", "allgatherv", "alltoall", "alltoallv"} {
		b := benchmark{name: fmt.Sprintf("%s-%d", name, ranks), kernel: name, ranks: ranks, unit: microseconds, twins: []twin{goTwin, cTwin},
			largest: 1 << 20, targets: []target{{cTwin, small, collectiveSmall}, {cTwin, large, collectiveLarge}}}
		if name == "barrier" {
			b.sizes = []int64{smallSize} // it has no size
		}
		bs = append(bs, b)
	}
	return bs
}

// crowd are benchmarks on more ranks than most machines that measure have cores.
func crowd(kernels ...string) (bs []benchmark) {
	for _, name := range kernels {
		bs = append(bs, benchmark{name: "crowd-" + name, kernel: name, ranks: 8, unit: microseconds, twins: []twin{goTwin, cTwin},
			sizes: []int64{smallSize}, targets: []target{{cTwin, all, crowdFactor}}})
	}
	return bs
}

// waits are benchmarks of nothing but waiting: on one rank for each of two cores, two
// and eight (crowd-ring is four), and beside a goroutine that computes, with so many
// processors for both.
func waits() (bs []benchmark) {
	for _, ranks := range []int{2, 4, 16} {
		bs = append(bs, benchmark{name: fmt.Sprintf("ring-%d", ranks), kernel: "ring", ranks: ranks, unit: microseconds, twins: []twin{goTwin, cTwin},
			sizes: []int64{smallSize}, targets: []target{{cTwin, all, waitFactor}}})
	}
	for _, procs := range []string{"1", "2"} {
		goBusy := twin{name: "go", program: "go", args: []string{"-busy", "-procs", procs}}
		bs = append(bs, benchmark{name: "busy-" + procs, kernel: "ring", ranks: 2, threads: 2, unit: microseconds, twins: []twin{goBusy, cBusy},
			// The system may have put all that wait on one core and all that compute on
			// another when it counted.
			most: 20, sizes: []int64{smallSize}, targets: []target{{cBusy, all, waitFactor}}})
	}
	return bs
}

// pools is the benchmark of the task pool: rank 0 and the workers.
func pools(ranks int) benchmark {
	return benchmark{name: fmt.Sprintf("pool-%d", ranks), kernel: "pool", ranks: ranks, unit: tasksPerSecond, twins: []twin{goTwin, pyTwin},
		sizes: []int64{1, 100}, axis: byChunk, targets: []target{{pyTwin, all, poolFactor}}}
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

// An axis is what a table's first columns show: the sizes, and how often the loop ran.
type axis struct {
	size, count string
	format      func(size int64) string
}

var (
	bySize      = axis{"size", "iterations", formatSize}
	byChunk     = axis{"chunk", "tasks", func(n int64) string { return strconv.FormatInt(n, 10) }}
	byComputing = axis{"computing", "iterations", func(n int64) string { return fmt.Sprintf("%d us", n) }}
	byRun       = axis{"size", "runs", func(int64) string { return "-" }}
)

var (
	computing = []int64{0, 100, 300, 1000} // microseconds
	noSizes   = []int64{0}
)

func (b benchmark) axisOf() axis {
	if b.axis.format == nil {
		return bySize
	}
	return b.axis
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
	microseconds = unit{"us", "min", lower, func(_ int64, s float64) float64 { return s * 1e6 }, 3}
	milliseconds = unit{"ms", "min", lower, func(_ int64, s float64) float64 { return s * 1e3 }, 1}
	// Not a time: what the programs print is the figure.
	kibibytes = unit{"KiB", "min", lower, func(_ int64, kib float64) float64 { return kib }, 0}
	// 10^6 bytes, as in the OSU benchmarks.
	megabytesPerSecond = unit{"MB/s", "max", higher, func(size int64, s float64) float64 { return float64(size) / s / 1e6 }, 1}
	messagesPerSecond  = unit{"messages/s", "max", higher, rate, 0}
	tasksPerSecond     = unit{"tasks/s", "max", higher, rate, 0}
)

const lower, higher = "lower", "higher"

func rate(_ int64, seconds float64) float64 { return 1 / seconds }

// nameOf is what a statistic of times is called in this unit.
func (u unit) nameOf(s statistic) string {
	if s.name == minimum.name {
		return u.best
	}
	return s.name
}

// The targets: what the first twin's figure may be of the other's, at most if
// lower is better, else at least.
const (
	latencyFactor       = 1.15 // of C's time at 8 B
	latencyPythonFactor = 0.6  // of mpi4py's
	watchedFactor       = 1.05 // of the time without the watchdog
	allowedCalls        = 2    // cgo calls that Go's latency may cost above C's
	bandwidthFraction   = 0.97 // of C's, from 64 KiB
	hugeFactor          = 1.5  // times the bandwidth of C's malloc
	rateFraction        = 0.6  // of C's messages at 8 B
	persistentFraction  = 0.9
	blockFraction       = 0.9 // of C's speed, from 1 MiB
	collectiveSmall     = 1.15
	collectiveLarge     = 1.03
	crowdFactor         = 1.1
	waitFactor          = 1.05
	objectFactor        = 1     // of mpi4py's time
	poolFactor          = 5     // times as many tasks a second as mpi4py.futures
	startupMore         = 30    // ms above C
	memoryMore          = 12288 // KiB above C
)

// A span is a range of sizes.
type span struct{ from, to int64 }

const smallSize = 8

var (
	small  = span{smallSize, smallSize}
	large  = span{64 << 10, math.MaxInt64}
	blocks = span{1 << 20, math.MaxInt64}
	all    = span{0, math.MaxInt64}
)

func (s span) has(size int64) bool { return s.from <= size && size <= s.to }

// A target is a limit for the first twin's figure over another's.
type target struct {
	against twin
	sizes   span
	limit   float64
}

// judge finds the size at which the first twin does worst, and says whether the
// target is met there. It is silent where the other twin or the sizes were left out.
func (t target) judge(w io.Writer, r *result) {
	b, other := r.bench, t.against.name
	bound, worse := "at most", func(a, b float64) bool { return a > b }
	if b.unit.better == higher {
		bound, worse = "at least", func(a, b float64) bool { return a < b }
	}
	for _, s := range []statistic{median, minimum} {
		worst, at := 0.0, int64(-1)
		for _, size := range r.sizes {
			if len(r.times[other][size]) == 0 || !t.sizes.has(size) {
				continue
			}
			if ratio := r.ratio(s, other, size); at < 0 || worse(ratio, worst) {
				worst, at = ratio, size
			}
		}
		if at >= 0 {
			fmt.Fprintf(w, "%s (%s): worst %s/%s %.2f, at %s; %s %.2f: %s\n", b.name, b.unit.nameOf(s), b.twins[0].name, other,
				worst, b.axisOf().format(at), bound, t.limit, yesNo(!worse(worst, t.limit)))
		}
	}
}

// latencyVerdict says whether Go's small messages cost more than the crossings into C that they need.
func latencyVerdict(w io.Writer, r *result) {
	c, measured := r.times[cTwin.name][smallSize]
	calls := r.times[cgocallBench][0]
	if !measured || len(calls) == 0 {
		return
	}
	g := r.times[goTwin.name][smallSize]
	for _, s := range []statistic{median, minimum} {
		limit := s.of(c) + allowedCalls*s.of(calls)
		fmt.Fprintf(w, "latency at %s (%s): Go %.3f us, C %.3f us, a cgo call %.3f us; Go <= C + %d calls (%.3f us): %s\n",
			formatSize(smallSize), s.name, s.of(g)*1e6, s.of(c)*1e6, s.of(calls)*1e6,
			allowedCalls, limit*1e6, yesNo(s.of(g) <= limit))
	}
}

// atMostMore judges a benchmark of one size by how far Go is above C.
func atMostMore(more float64) func(w io.Writer, r *result) {
	return func(w io.Writer, r *result) {
		u, size := r.bench.unit, r.sizes[0]
		for _, s := range []statistic{median, minimum} {
			g, c := u.value(size, s.of(r.times[goTwin.name][size])), u.value(size, s.of(r.times[cTwin.name][size]))
			fmt.Fprintf(w, "%s (%s): Go %.1f %s above C; at most %g: %s\n", r.bench.name, u.nameOf(s), g-c, u.name, more, yesNo(g-c <= more))
		}
	}
}

// overlapVerdict says how much of the transfer, which alone takes the time of the
// first row, each twin hides behind as much computing or more.
func overlapVerdict(w io.Writer, r *result) {
	for _, size := range r.sizes[1:] {
		var parts []string
		for _, t := range r.bench.twins {
			alone, both := median.of(r.times[t.name][0])*1e6, median.of(r.times[t.name][size])*1e6
			if float64(size) >= alone {
				hidden := 100 * (1 - (both-float64(size))/alone)
				parts = append(parts, fmt.Sprintf("%s %.0f %%", t.name, min(100, max(0, hidden))))
			}
		}
		if len(parts) > 0 {
			fmt.Fprintf(w, "%s, hidden behind %s of computing (%s): %s\n", r.bench.name, r.bench.axis.format(size), median.name, strings.Join(parts, ", "))
		}
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
