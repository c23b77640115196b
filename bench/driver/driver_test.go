//go:build !mpich

// These tests run the twins of both MPIs, so that once is enough.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
	"github.com/mpi4go/mpi4go/internal/launch"
)

func TestParseOutput(t *testing.T) {
	got, err := parseOutput(strings.NewReader("# MPICH Version:\t4.0.2\n8 1.5e-07 1000\n\n65536 6.2e-06 20\n"))
	want := output{mpi: "MPICH Version: 4.0.2", points: []point{{8, 1.5e-7, 1000}, {65536, 6.2e-6, 20}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{
		"8 1.5e-07", "8 1.5e-07 1000 7", "eight 1.5e-07 1000", "8 fast 1000", "8 1.5e-07 1e3",
		"8 0 1000", "8 -1e-9 1000", "8 NaN 1000", "8 +Inf 1000", "warning: something is wrong",
	} {
		if _, err := parseOutput(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for a measurement", bad)
		}
	}
}

func TestCheckSizes(t *testing.T) {
	out := output{points: []point{{size: 8}, {size: 64}}}
	if err := out.checkSizes([]int64{8, 64}); err != nil {
		t.Error(err)
	}
	for _, asked := range [][]int64{nil, {8}, {64, 8}, {8, 64, 512}} {
		if out.checkSizes(asked) == nil {
			t.Errorf("asked for %v, got 8 and 64: no error", asked)
		}
	}
}

func TestStatistics(t *testing.T) {
	for _, c := range []struct {
		x           []float64
		min, median float64
	}{
		{[]float64{3}, 3, 3},
		{[]float64{4, 2}, 2, 3},
		{[]float64{9, 1, 5}, 1, 5},
		{[]float64{7, 1, 3, 100}, 1, 5},
	} {
		given := slices.Clone(c.x)
		if m, md := minimum.of(c.x), median.of(c.x); m != c.min || md != c.median {
			t.Errorf("%v: minimum %v and median %v, want %v and %v", c.x, m, md, c.min, c.median)
		}
		if !slices.Equal(c.x, given) {
			t.Errorf("%v was reordered to %v: the pairs' order is lost", given, c.x)
		}
	}
}

func TestSizes(t *testing.T) {
	got, err := parseSizes("8, 64K,1M,2147483647")
	if want := []int64{8, 65536, 1 << 20, 1<<31 - 1}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "8,", "0", "-8", "K", "8k", "1G", "2048M", "2147483648", "1.5M", "1024,1K"} {
		if got, err := parseSizes(bad); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
	for n, want := range map[int64]string{8: "8 B", 1000: "1000 B", 1024: "1 KiB", 1536: "1536 B", 65536: "64 KiB", 8 << 20: "8 MiB"} {
		if got := formatSize(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestParsePlan(t *testing.T) {
	t.Setenv("MPIRUN", "")
	parse := func(args ...string) (plan, error) { return parsePlan(args, io.Discard) }

	p, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	if p.pairs < 9 || len(p.libraries) != 2 || len(p.benchmarks) != len(benchmarks) || p.sizes[0] != 8 || p.sizes[len(p.sizes)-1] != 8<<20 {
		t.Errorf("the defaults are not what is promised: %+v", p)
	}
	if p, err = parse("-quick", "-pairs", "9"); err != nil || p.pairs != 9 || p.minTime != 0.02 || len(p.benchmarks) < 10 || len(p.benchmarks) == len(benchmarks) {
		t.Errorf("-quick -pairs 9: %v, %d pairs of %g s, %d benchmarks", err, p.pairs, p.minTime, len(p.benchmarks))
	}
	var got []string
	p, err = parse("-bench=threads-?,crowd-*,latency,lat*") // by a name and a pattern is once
	for _, b := range p.benchmarks {
		got = append(got, b.name)
	}
	if want := []string{"latency", "latency-watched", "threads-2", "threads-4", "crowd-barrier", "crowd-allreduce", "crowd-ring"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("patterns: got %q, %v; want %q", got, err, want)
	}
	p, err = parse("-mpi=mpich", "-bench=latency", "-single")
	if err != nil || len(p.libraries) != 1 || p.libraries[0].Tag != "mpich" || len(p.benchmarks) != 1 || len(p.benchmarks[0].twins) != 4 {
		t.Errorf("-mpi=mpich -bench=latency -single: %+v, %v", p, err)
	}
	if len(benchmarks[0].twins) != 3 {
		t.Error("-single changed the list of benchmarks")
	}
	if p, err = parse("-bench=object", "-single"); err != nil || p.benchmarks[0].has("c") {
		t.Errorf("-single gave a benchmark a twin in C that has none: %+v, %v", p, err)
	}
	if p, err = parse("-bench=threads-2", "-single"); err != nil || len(p.benchmarks[0].twins) != 2 {
		t.Errorf("-single gave threads a library without threads: %+v, %v", p, err)
	}
	if p, err = parse("-bench=rate,bandwidth", "-plot=a.svg"); err != nil || p.plot != "a.svg" {
		t.Errorf("-plot=a.svg: %q, %v", p.plot, err)
	}
	for _, bad := range []string{"-mpi=lam", "-bench=speed", "-bench=", "-bench=[", "-bench=latency,", "-plot=a.gif", "-plot=png", "-pairs=0", "-pairs=x", "-min-time=0", "-min-time=NaN", "-sizes=0", "-nosuch", "word"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	if _, err := parse("-plot=a.png", "-bench=rate,pool-*"); err == nil {
		t.Error("a plot of nothing was accepted")
	}
	t.Setenv("MPIRUN", "srun --mpi=pmix")
	if _, err := parse("-mpi=both"); err == nil {
		t.Error("one launcher was accepted for two libraries")
	}
	if p, err := parse("-mpi=mpich"); err != nil || p.bind != "" {
		t.Errorf("a launcher of the user's own is given the flag to bind to %q, %v", p.bind, err)
	}
	var help bytes.Buffer
	if _, err := parsePlan([]string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-pairs") {
		t.Errorf("-h: %v, %q", err, help.String())
	}
}

// sample is a result with plain figures: three pairs of three sizes.
func sample(name string, goSmall float64) *result {
	r := newResult(benchmarks[slices.Index(benchmarkNames(), name)], []int64{8, 65536, 1 << 20})
	r.mpi = "Some MPI v1, packaged by somebody"
	for pair := range 3 {
		late := float64(pair) // each pair is slower than the one before
		r.add("go", output{points: []point{{8, goSmall + late*1e-7, 100}, {65536, 8e-6 + late*1e-6, 10}, {1 << 20, 8e-5, 1}}})
		r.add("c", output{points: []point{{8, 2e-7 + late*1e-7, 100}, {65536, 4e-6 + late*1e-6, 10}, {1 << 20, 7.5e-5, 1}}})
		r.add(pyTwin.name, output{points: []point{{8, 1e-6, 100}, {65536, 1e-5, 10}, {1 << 20, 1e-4, 1}}})
		r.add(cgocallBench, output{points: []point{{0, 5e-8, 1000000}}})
	}
	return r
}

func TestRatio(t *testing.T) {
	near := func(got, want float64) bool { return got > want-1e-9 && got < want+1e-9 }
	if got := sample("latency", 3e-7).ratio(minimum, "c", 65536); !near(got, 2) {
		t.Errorf("8 us against 4 us: got %v, want 2", got)
	}
	if got := sample("bandwidth", 3e-7).ratio(median, "c", 65536); !near(got, 5.0/9) {
		t.Errorf("the bandwidth of 9 us against that of 5 us: got %v, want 5/9", got)
	}
}

func TestRaiseIters(t *testing.T) {
	r := newResult(benchmarks[0], []int64{8, 64})
	r.raiseIters(output{points: []point{{8, 1, 10}, {64, 1, 9}}})
	r.raiseIters(output{points: []point{{8, 1, 7}, {64, 1, 12}}})
	if want := []int64{10, 12}; !slices.Equal(r.iters, want) {
		t.Errorf("got %v, want the larger of each, %v", r.iters, want)
	}
}

// Two bare calls at 0.05 us may come on top of C's 0.2 us (minimum) and 0.3 us (median).
func TestPrintLatency(t *testing.T) {
	for goSmall, verdict := range map[float64]string{2.9e-7: "yes", 3.1e-7: "NO"} {
		var b strings.Builder
		sample("latency", goSmall).print(&b)
		for _, want := range []string{
			"latency in us, 2 ranks, Some MPI v1\n",
			"64 KiB", "8.000", "9.000", "2.00", "1.80", // minimum, median and their ratios
			"C 0.300 us, a cgo call 0.050 us; Go <= C + 2 calls (0.400 us): " + verdict,
			"C 0.200 us, a cgo call 0.050 us; Go <= C + 2 calls (0.300 us): " + verdict,
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%q is missing in\n%s", want, b.String())
			}
		}
	}
}

func TestPrintBandwidth(t *testing.T) {
	r := sample("bandwidth", 9e-7) // slow at 8 B, which does not count
	var b strings.Builder
	r.print(&b)
	for _, want := range []string{"8192.0", "16384.0", "(median): worst go/c 0.56, at 64 KiB; at least 0.97: NO", "(max): worst go/c 0.50"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}

	r.times["go"][65536] = []float64{4e-6, 5.1e-6, 6e-6}
	r.times["go"][1<<20] = []float64{7.5e-5, 7.5e-5, 7.5e-5}
	b.Reset()
	r.print(&b)
	if want := "(median): worst go/c 0.98, at 64 KiB; at least 0.97: yes"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
}

// Without mpi4py its twins are left out, and what is left still makes a table.
func TestRunnable(t *testing.T) {
	lib := &built{Built: &twins.Built{Library: twins.Libraries[1]}, mpi4py: "left out", programs: map[string][]string{"go": {"go"}, "c": {"c"}}}
	for name, want := range map[string][]string{"latency": {"go", "c"}, "object": {"go"}, "block": {"go", "copy", "c"}} {
		b := benchmarks[slices.Index(benchmarkNames(), name)]
		had := len(b.twins)
		var got []string
		for _, t := range lib.runnable(b).twins {
			got = append(got, t.name)
		}
		if !slices.Equal(got, want) || len(b.twins) != had {
			t.Errorf("%s: got %q of %d twins, want %q of %d", name, got, len(b.twins), want, had)
		}
	}
	var b strings.Builder
	r := newResult(lib.runnable(benchmarks[slices.Index(benchmarkNames(), "object")]), []int64{100})
	r.add("go", output{points: []point{{100, 2e-6, 5}}})
	r.print(&b)
	if got := b.String(); !strings.Contains(got, "2.000") || strings.Contains(got, "mpi4py") {
		t.Errorf("without mpi4py the table is\n%s", got)
	}
	b.Reset()
	printHeader(t.Context(), &b, settings{}, []*built{lib})
	if want := "mpi4py    on MPICH: left out\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		bench    string
		go1, go2 float64 // where the others take 1 us at the first size, and 2 at the second
		want     string
	}{
		{"object", 0.5e-6, 2e-6, "worst go/mpi4py 1.00, at 10000 B"},
		{"object", 0.5e-6, 2e-6, "at most 1.00: yes"},
		{"object", 1.1e-6, 1e-6, "worst go/mpi4py 1.10, at 100 B; at most 1.00: NO"},
		{"pool-2", 0.1e-6, 0.375e-6, "worst go/mpi4py 5.33, at 100; at least 5.00: yes"},
		{"pool-2", 0.25e-6, 0.1e-6, "pool-2 (max): worst go/mpi4py 4.00, at 1; at least 5.00: NO"},
		// A target that is for some sizes looks at no others.
		{"allreduce-2", 1.1e-6, 9e-6, "allreduce-2 (median): worst go/c 1.10, at 8 B; at most 1.15: yes"},
		{"allreduce-2", 9e-6, 2.1e-6, "allreduce-2 (min): worst go/c 1.05, at 64 KiB; at most 1.03: NO"},
		{"rate", 2e-6, 9e-6, "rate (max): worst go/c 0.50, at 8 B; at least 0.60: NO"},
	} {
		bench := benchmarks[slices.Index(benchmarkNames(), c.bench)]
		sizes := []int64{8, 1 << 16}
		if bench.sizes != nil {
			sizes = bench.sizes[:2]
		}
		r := newResult(bench, sizes)
		r.add("go", output{points: []point{{sizes[0], c.go1, 1}, {sizes[1], c.go2, 1}}})
		for _, other := range bench.twins[1:] {
			r.add(other.name, output{points: []point{{sizes[0], 1e-6, 1}, {sizes[1], 2e-6, 1}}})
		}
		var b strings.Builder
		if r.print(&b); !strings.Contains(b.String(), c.want) {
			t.Errorf("%q is missing in\n%s", c.want, b.String())
		}
	}
}

func TestAtMostMore(t *testing.T) {
	for ours, want := range map[float64]string{
		0.069: "startup (median): Go 29.0 ms above C; at most 30: yes",
		0.071: "startup (min): Go 31.0 ms above C; at most 30: NO",
	} {
		r := newResult(benchmarks[slices.Index(benchmarkNames(), "startup")], noSizes)
		for twin, seconds := range map[string]float64{"go": ours, "c": 0.040, pyTwin.name: 0.3} {
			r.add(twin, output{points: []point{{0, seconds, 1}}})
		}
		var b strings.Builder
		if r.print(&b); !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

// A transfer of 80 us alone, and with 100 us of computing 140: half is hidden.
func TestOverlapVerdict(t *testing.T) {
	r := newResult(benchmarks[slices.Index(benchmarkNames(), "overlap")], []int64{0, 50, 100})
	r.add("go", output{points: []point{{0, 80e-6, 1}, {50, 130e-6, 1}, {100, 140e-6, 1}}})
	r.add("c", output{points: []point{{0, 80e-6, 1}, {50, 90e-6, 1}, {100, 181e-6, 1}}})
	var b strings.Builder
	r.print(&b)
	if want := "overlap, hidden behind 100 us of computing (median): go 50 %, c 0 %\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
	if strings.Contains(b.String(), "behind 50 us") {
		t.Errorf("50 us of computing cannot hide 80, and must not be judged:\n%s", b.String())
	}
}

// What bench/plot makes of the driver's file is a picture with something in it.
func TestPlot(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plotter, err := buildPlotter(t.Context(), root, dir)
	if err != nil {
		t.Fatal(err)
	}
	file, picture := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.png")
	draw := func(rows [][]string) error {
		if err := writeCSV(file, rows); err != nil {
			return err
		}
		_, err := twins.Tool(t.Context(), "", plotter, "-o", picture, file)
		return err
	}
	latency, bandwidth := sample("latency", 3e-7).rows("openmpi"), sample("bandwidth", 3e-7).rows("openmpi")
	if err := draw(sample("rate", 3e-7).rows("openmpi")); err == nil {
		t.Error("a plot without latency and bandwidth gave no error")
	}
	if err := draw(slices.Concat(latency, bandwidth)); err != nil {
		t.Fatal(err)
	}
	colours := coloursOf(t, picture)
	ours := color.RGBA{0, 114, 178, 255}
	for _, want := range []color.RGBA{ours, {230, 159, 0, 255}, {0, 158, 115, 255}} {
		if colours[0][want] < 100 || colours[1][want] < 100 {
			t.Errorf("the colour %v of a curve is on %d dots of the latency and %d of the bandwidth", want, colours[0][want], colours[1][want])
		}
	}
	// One diagram alone, and then of one size, which is no line.
	if err := draw(latency[:3]); err != nil {
		t.Error(err)
	}
	if colours := coloursOf(t, picture); colours[0][ours] == 0 || colours[1][ours] != 0 {
		t.Errorf("%d dots of Go's curve where latency is, %d where no bandwidth is", colours[0][ours], colours[1][ours])
	}
}

// coloursOf counts the dots of each colour in the left and in the right half.
func coloursOf(t *testing.T, file string) (halves [2]map[color.RGBA]int) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	halves = [2]map[color.RGBA]int{{}, {}}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			halves[2*(x-bounds.Min.X)/bounds.Dx()][color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	return halves
}

func TestWriteCSV(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.csv")
	if err := writeCSV(file, sample("latency", 3e-7).rows("openmpi")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+3*3*3+3 {
		t.Errorf("got %d rows, want a head, 3 pairs of 3 twins and 3 sizes, and 3 cgo calls", len(rows))
	}
	want := []string{"openmpi", "Some MPI v1, packaged by somebody", "latency", "8", "go", "1", "0", "3e-07"}
	if !slices.Equal(rows[0], csvHead) || !slices.Equal(rows[1], want) {
		t.Errorf("got %q and %q, want %q and %q", rows[0], rows[1], csvHead, want)
	}
	if err := writeCSV(filepath.Join(t.TempDir(), "none", "out.csv"), nil); err == nil {
		t.Error("writing into a folder that is not there gave no error")
	}
}

func TestTuning(t *testing.T) {
	got := tuning([]string{"HOME=/", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_MCA_mpi_yield_when_idle=1", "GOGC=off", "UCX_TLS=self"})
	if want := []string{"OMPI_MCA_mpi_yield_when_idle=1", "GOGC=off", "UCX_TLS=self"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The real thing, kept short: every benchmark and every twin, on each MPI that
// this machine has.
func TestTwins(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("the benchmarks give each of 2 ranks a core of its own")
	}
	t.Setenv("MPIRUN", "") // it names the launcher of one library
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ran, seen := 0, map[string]bool{}
	for _, lib := range twins.Libraries {
		if _, err := launch.Find(lib.Name); err != nil {
			t.Log(err)
			continue
		}
		ran++
		t.Run(lib.Tag, func(t *testing.T) {
			built, err := build(t.Context(), lib, root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Log("mpi4py:", built.mpi4py)
			s := settings{pairs: 1, minTime: 1e-4, bind: "core", timeout: 2 * time.Minute}
			for i, b := range benchmarks {
				s.pairs = 1
				if i == 0 {
					s.pairs, b.twins = 2, append(slices.Clip(b.twins), cSingle)
				}
				// Once for each kernel, on the fewest ranks: what has a twin in
				// Python with the library that may have it, the rest with the
				// other, which starts jobs sooner; and what gives ours a flag.
				python := slices.ContainsFunc(b.twins, func(t twin) bool { return t.name == pyTwin.name })
				if kernel := cmp.Or(b.kernel, b.name); i == 0 || (!seen[kernel] || b.twins[0].args != nil) && (python || lib.Tag == "mpich") {
					seen[kernel] = true
					checkMeasure(t, s, built, built.runnable(b))
				}
			}
			checkFailures(t, s, built)
		})
	}
	if ran == 0 {
		t.Error("no MPI was found")
	}
}

func checkMeasure(t *testing.T, s settings, built *built, b benchmark) {
	sizes := []int64{8, 1 << 16, 3}
	called := 0
	r, err := s.measure(t.Context(), built, b, sizes, func(string) { called++ })
	if err != nil {
		t.Fatal(err)
	}
	if called != s.steps(b) {
		t.Errorf("%s: %d steps, announced as %d", b.name, called, s.steps(b))
	}
	if !strings.Contains(r.mpi, built.Name) {
		t.Errorf("%s: built for %s, ran on %s", b.name, built.Name, r.mpi)
	}
	for _, twin := range b.twins {
		for _, size := range b.sizesOf(sizes) {
			if n := len(r.times[twin.name][size]); n != s.pairs {
				t.Errorf("%s, %s, %d bytes: %d times of %d pairs", b.name, twin.name, size, n, s.pairs)
			}
		}
	}
	if n := len(r.times[cgocallBench][0]); b.cgocall && n != s.pairs {
		t.Errorf("%s: %d times of a cgo call, want %d", b.name, n, s.pairs)
	}
}

// A run that goes wrong must end, in both languages. (What it says is not
// looked at: hydra may lose the last words of a rank that aborts.)
func checkFailures(t *testing.T, s settings, built *built) {
	two := benchmark{ranks: 2}
	for program := range built.programs {
		for _, args := range [][]string{{"-bench", "nosuch"}, {"-iters", "1,2"}} {
			if _, err := s.run(t.Context(), built, two, []int64{8}, program, args...); err == nil || strings.Contains(err.Error(), "longer than") {
				t.Errorf("%s %q: error %v", program, args, err)
			}
		}
	}
	s.timeout = time.Second
	start := time.Now()
	_, err := s.run(t.Context(), built, two, []int64{8}, "c", "-min-time", "300")
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "longer than 1s") {
		t.Errorf("a run beyond its time limit: %v", err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("a run beyond its time limit of 1s was ended after %v", d)
	}
}
