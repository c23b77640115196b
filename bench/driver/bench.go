package main

import (
	"fmt"
	"io"
)

// A twin is one program's way to run a benchmark, and a pair of columns in the table.
type twin struct {
	name    string
	program string // "go" or "c": which of the two built programs
	args    []string
}

var (
	goTwin = twin{name: "go", program: "go"}
	cTwin  = twin{name: "c", program: "c"}
	// The price of MPI_THREAD_MULTIPLE, which Go needs and a C program may do without.
	cSingle = twin{name: "c-single", program: "c", args: []string{"-single"}}
)

// A benchmark is known under its name to every one of its twins.
type benchmark struct {
	name    string
	ranks   int
	unit    unit
	twins   []twin // the first is judged against each of the others
	cgocall bool   // whether each pair also measures an empty cgo call
	verdict func(w io.Writer, r *result)
}

// benchmarks is the one list of what there is. To add a benchmark: a kernel of
// that name in bench/go and in bench/c, and an entry here.
var benchmarks = []benchmark{
	{name: "latency", ranks: 2, unit: microseconds, twins: []twin{goTwin, cTwin}, cgocall: true, verdict: latencyVerdict},
	{name: "bandwidth", ranks: 2, unit: megabytesPerSecond, twins: []twin{goTwin, cTwin}, verdict: bandwidthVerdict},
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
)

// The targets that the verdict lines judge.
const (
	allowedCalls       = 2       // cgo calls that Go's latency may cost above C's
	bandwidthFrom      = 1 << 16 // bytes from which Go's bandwidth is compared
	bandwidthFraction  = 0.9     // of C's
	latencyVerdictSize = 8
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

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
