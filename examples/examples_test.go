// Package examples holds no code of its own: this test builds the example programs and runs them under mpirun.
package examples

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// timeout ends a run that hangs. Each takes a second or two on an idle machine.
const timeout = 60 * time.Second

var (
	bin      string           // the folder of the built examples
	launcher *launch.Launcher // the mpirun of the library that they are linked with
)

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	var err error
	if launcher, err = launch.Find(mpi.LibraryVersion()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if bin, err = os.MkdirTemp("", "mpi4go-examples-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	args := append([]string{"build"}, buildFlags()...)
	args = append(args, "-o", bin+string(filepath.Separator), "./...")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go %s: %v\n%s", strings.Join(args, " "), err, out)
		return 1
	}
	return m.Run()
}

// buildFlags returns those flags of this test's own build that the examples must share. The tags choose the MPI
// library, and the launcher is chosen to fit the library that this test was linked with.
func buildFlags() []string {
	var flags []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" || s.Key == "-race" {
				flags = append(flags, s.Key+"="+s.Value)
			}
		}
	}
	return flags
}

// start runs an example, or a program with its whole path, on so many ranks and returns what it wrote and how it ended.
func start(t *testing.T, ranks int, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if !filepath.IsAbs(name) {
		name = filepath.Join(bin, name)
	}
	cmd := launcher.Command(ctx, ranks, name, args...)
	var outBuf, errBuf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &outBuf, &errBuf
	err = cmd.Run()
	stdout, stderr = outBuf.String(), errBuf.String()
	if ctx.Err() != nil {
		t.Fatalf("%v: still running after %v\nstdout:\n%sstderr:\n%s", cmd.Args, timeout, stdout, stderr)
	}
	return stdout, stderr, err
}

// output runs an example that must succeed and returns the lines of its standard output.
func output(t *testing.T, ranks int, name string, args ...string) []string {
	t.Helper()
	stdout, stderr, err := start(t, ranks, name, args...)
	if err != nil {
		t.Fatalf("%s %v on %d ranks: %v\nstdout:\n%sstderr:\n%s", name, args, ranks, err, stdout, stderr)
	}
	return strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
}

// examples lists the tests by the folder of the program they run. Each runs on all its rank counts.
var examples = map[string]struct {
	ranks []int
	test  func(t *testing.T, ranks int)
}{
	"checkpoint":    {[]int{1, 3, 4}, testCheckpoint},
	"hybrid":        {[]int{1, 3}, testHybrid},
	"cg":            {[]int{1, 2, 3, 4}, testCG},
	"heat":          {[]int{1, 3, 4, 5}, testHeat},
	"hello":         {[]int{1, 3, 4}, testHello},
	"masterworker":  {[]int{1, 2, 3, 5}, testMasterworker},
	"matmul":        {[]int{1, 3, 4, 5}, testMatmul},
	"particles":     {[]int{1, 3, 4}, testParticles},
	"pi":            {[]int{1, 3, 4}, testPi},
	"pipeline":      {[]int{1, 2, 3, 5}, testPipeline},
	"poolmap":       {[]int{1, 3, 4, 10}, testPoolmap},
	"raytrace":      {[]int{1, 2, 3, 5}, testRaytrace},
	"readonce":      {[]int{1, 2, 3, 5}, testReadonce},
	"ring":          {[]int{1, 3, 4}, testRing},
	"scattergather": {[]int{1, 2, 3, 4}, testScattergather},
	"scatterv":      {[]int{1, 3, 4}, testScatterv},
	"sendrecv":      {[]int{1, 3, 4}, testSendrecv},
	"views":         {[]int{1, 2, 3, 5}, testViews},
}

func TestExamples(t *testing.T) {
	for name, example := range examples {
		t.Run(name, func(t *testing.T) {
			for _, ranks := range example.ranks {
				t.Run(fmt.Sprintf("ranks=%d", ranks), func(t *testing.T) { example.test(t, ranks) })
			}
		})
	}
}

// testHeat computes the plate by itself: the ranks' must be the same to the last bit.
func testHeat(t *testing.T, ranks int) {
	const n, eps = 21, 1e-3
	var fields [2][n + 2][n + 2]float64
	for j := range n + 2 {
		fields[0][0][j], fields[1][0][j] = 1, 1
	}
	steps := 0
	for change := 1.0; change >= eps; steps++ {
		u, v := &fields[steps%2], &fields[1-steps%2]
		change = 0
		for i := 1; i <= n; i++ {
			for j := 1; j <= n; j++ {
				v[i][j] = 0.25 * (u[i-1][j] + u[i+1][j] + u[i][j-1] + u[i][j+1])
				change = max(change, math.Abs(v[i][j]-u[i][j]))
			}
		}
	}
	h := fnv.New64a()
	for i := 1; i <= n; i++ {
		binary.Write(h, binary.LittleEndian, fields[steps%2][i][1:n+1])
	}
	picture := filepath.Join(t.TempDir(), "heat.png")
	lines := output(t, ranks, "heat", "-n", strconv.Itoa(n), "-eps", fmt.Sprint(eps), "-png", picture)
	want := fmt.Sprintf("%d x %d cells: nothing moves after %d steps, checksum %016x", n, n, steps, h.Sum64())
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("got %q, want %q", lines, want)
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != 4*n || img.Bounds().Dy() != 4*n {
		t.Fatalf("the picture: %v, %v", img, err)
	}
	// Red where it is hot, blue where it is cold.
	if r, _, b, _ := img.At(2*n, 1).RGBA(); r <= b {
		t.Error("the hot edge is not red")
	}
	if r, _, b, _ := img.At(2*n, 4*n-1).RGBA(); r >= b {
		t.Error("the cold edge is not blue")
	}
}

// TestComplete keeps an example from being added without a test, or without a row in the README.
func TestComplete(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*/main.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no examples found (%v)", err)
	}
	for _, source := range sources {
		name := filepath.Dir(source)
		if _, ok := examples[name]; !ok {
			t.Errorf("%s is not in the table of tests", name)
		}
		if !strings.Contains(string(readme), "| ["+name+"]("+source+") |") {
			t.Errorf("%s is not in README.md", name)
		}
	}
}

// TestBadFlags checks that a wrong flag ends the whole job with an error that names it.
func TestBadFlags(t *testing.T) {
	for _, test := range []struct {
		name, args, want string
	}{
		{"pi", "-n 0", "-n is 0"},
		{"pi", "-n -4", "-n is -4"},
		{"pi", "-n many", `invalid value "many" for flag -n`},
		{"pi", "-method guess", `-method is "guess"`},
		{"cg", "-n 2", "-n is 2"},
		{"masterworker", "-instances 0", "-instances is 0"},
		{"masterworker", "-length -1", "-length is -1"},
		{"masterworker", "-method guess", `-method is "guess"`},
		{"matmul", "-n 0", "-n is 0"},
		{"particles", "-n 0", "-n is 0"},
		{"pipeline", "-first 1", "-first is 1"},
		{"pipeline", "-limit 0", "limit of a queue is 0"},
		{"raytrace", "-samples 0", "-samples is 0"},
		{"raytrace", "-o /nowhere/raytrace.png -width 1 -height 1", "/nowhere/raytrace.png"},
		{"readonce", "-dir /nowhere", "stat .: no such file or directory"},
		{"readonce", "missing", "stat missing: no such file or directory"},
		{"scattergather", "-n 0", "-n is 0"},
		{"scatterv", "-n -1", "-n is -1"},
	} {
		t.Run(test.name+" "+test.args, func(t *testing.T) {
			stdout, stderr, err := start(t, 3, test.name, strings.Fields(test.args)...)
			// An ExitError that has Exited is the job's own failure, not a signal or a missing mpirun.
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !exit.Exited() {
				t.Errorf("the job ended with %v, want a non-zero exit status", err)
			}
			if !strings.Contains(stderr, test.want) {
				t.Errorf("stderr does not say %q:\n%s", test.want, stderr)
			}
			if stdout != "" {
				t.Errorf("a result was printed in spite of the error:\n%s", stdout)
			}
		})
	}
}

func testHello(t *testing.T, ranks int) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
	want := []string{"MPI library: " + version}
	for rank := range ranks {
		want = append(want, fmt.Sprintf("hello from rank %d of %d on %s", rank, ranks, host))
	}
	sameLines(t, output(t, ranks, "hello"), want)
}

func testSendrecv(t *testing.T, ranks int) {
	got := output(t, ranks, "sendrecv")
	if ranks == 1 {
		sameLines(t, got, []string{"nobody to talk to: sendrecv needs 2 ranks, start it with mpirun -n 2"})
		return
	}
	sameLines(t, got, []string{
		"rank 0 sent [0 0.5 1 1.5 2] to rank 1 with tag 7",
		"rank 1 received [0 0.5 1 1.5 2] from rank 0 with tag 7",
	})
}

func testRing(t *testing.T, ranks int) {
	var want []string
	for rank := range ranks {
		want = append(want, fmt.Sprintf("rank %d of %d: the sum around the ring is %d", rank, ranks, ranks*(ranks-1)/2))
	}
	sameLines(t, output(t, ranks, "ring"), want)
}

// testPoolmap checks that each number of workers has its line, and that the tasks were shared: the time cannot be less
// than that of the fairest share, nor on one worker than the sum of all.
func testPoolmap(t *testing.T, ranks int) {
	const n, slow = 6, 8 * time.Millisecond
	work := time.Duration(0)
	for x := range n {
		work += slow + slow*time.Duration(x%5)/4
	}
	got := output(t, ranks, "poolmap", "-n", strconv.Itoa(n), "-slow", slow.String(), "-workers", "1,2,3,6,10")
	if !strings.HasPrefix(got[0], "workers") {
		t.Errorf("the table begins with %q", got[0])
	}
	var lines []string
	for _, line := range got[1:] {
		fields := strings.Fields(line)
		lines = append(lines, fields[0])
		if len(fields) != 4 {
			t.Errorf("a line of the table is %q", line)
			continue
		}
		for _, field := range fields[1:] {
			// Printed with 3 decimals.
			if s, least := number(t, field), work.Seconds()/number(t, fields[0])-0.001; s < least || s > timeout.Seconds() {
				t.Errorf("%s workers took %v s for what takes at least %v s", fields[0], s, least)
			}
		}
	}
	want := map[int][]string{1: {"1"}, 3: {"1", "2", "3"}, 4: {"1", "2", "3"}, 10: {"1", "2", "3", "6", "10"}}[ranks]
	if !slices.Equal(lines, want) {
		t.Errorf("the table has lines for %v workers, want %v", lines, want)
	}
}

func testScattergather(t *testing.T, ranks int) {
	// The slide that the example comes from.
	if ranks == 2 {
		sameLines(t, output(t, 2, "scattergather"), []string{"10 elements on 2 ranks: the parts sum to [10 35]"})
	}
	for _, n := range []int{1, 7} {
		sums := make([]int, ranks)
		for i := range n * ranks {
			sums[i/n] += i
		}
		sameLines(t, output(t, ranks, "scattergather", "-n", strconv.Itoa(n)),
			[]string{fmt.Sprintf("%d elements on %d ranks: the parts sum to %v", n*ranks, ranks, sums)})
	}
}

func testScatterv(t *testing.T, ranks int) {
	// 11 divides by none of the rank counts but 1; 2 leaves some ranks without an element.
	for _, n := range []int{11, 2} {
		counts, squares, sum := make([]int, ranks), make([]int, n), 0
		for i := range n {
			counts[i%ranks]++
			squares[i] = (i + 1) * (i + 1)
			sum += squares[i]
		}
		sameLines(t, output(t, ranks, "scatterv", "-n", strconv.Itoa(n)), []string{
			fmt.Sprint("elements per rank: ", counts),
			fmt.Sprint("squares: ", squares),
			fmt.Sprint("sum: ", sum),
		})
	}
}

var piOutput = regexp.MustCompile(`^pi    = (\S+) \((\d+) terms on (\d+) ranks, (\w+)\)
error = (\S+)
time  = (\S+) s$`)

func testPi(t *testing.T, ranks int) {
	for _, method := range []string{"sendrecv", "gather", "reduce"} {
		// 2 terms leave ranks without work, and the result is the mean of 4 and 4 - 4/3. 1000003 is a prime.
		checkPi(t, ranks, 2, method, 10./3, 1e-14)
		checkPi(t, ranks, 1_000_003, method, math.Pi, 1e-11)
	}
	if ranks == 4 {
		checkPi(t, ranks, 100_000_000, "reduce", math.Pi, 1e-12)
	}
}

// checkPi runs pi and checks every field of what it prints.
func checkPi(t *testing.T, ranks, terms int, method string, want, within float64) {
	t.Helper()
	out := strings.Join(output(t, ranks, "pi", "-n", strconv.Itoa(terms), "-method", method), "\n")
	fields := piOutput.FindStringSubmatch(out)
	if fields == nil {
		t.Fatalf("unexpected output:\n%s", out)
	}
	if label := []string{strconv.Itoa(terms), strconv.Itoa(ranks), method}; !slices.Equal(fields[2:5], label) {
		t.Errorf("the result is labelled %v, want %v", fields[2:5], label)
	}
	pi, deviation, seconds := number(t, fields[1]), number(t, fields[5]), number(t, fields[6])
	if math.Abs(pi-want) > within {
		t.Errorf("%s, %d terms: pi = %v, want %v within %v", method, terms, pi, want, within)
	}
	// pi is printed with 15 decimals and the error with 2 digits.
	if diff := math.Abs(pi - math.Pi); math.Abs(deviation-diff) > diff/10+2e-15 {
		t.Errorf("%s, %d terms: the error is given as %v and is %v", method, terms, deviation, diff)
	}
	if seconds < 0 || seconds > timeout.Seconds() {
		t.Errorf("%s, %d terms: took %v s", method, terms, seconds)
	}
}

var cgOutput = regexp.MustCompile(`^(\d+) unknowns on (\d+) ranks: (\d+) iterations
error = (\S+)
time  = (\S+) s$`)

// testCG solves the same system by conjugate gradients on its own: the ranks need as many iterations, but for one.
func testCG(t *testing.T, ranks int) {
	const n = 60
	laplace := func(x []float64) []float64 {
		y := make([]float64, n*n)
		for i := range n {
			for j := range n {
				k := i*n + j
				y[k] = 4 * x[k]
				if i > 0 {
					y[k] -= x[k-n]
				}
				if i < n-1 {
					y[k] -= x[k+n]
				}
				if j > 0 {
					y[k] -= x[k-1]
				}
				if j < n-1 {
					y[k] -= x[k+1]
				}
			}
		}
		return y
	}
	dot := func(x, y []float64) (sum float64) {
		for i := range x {
			sum += x[i] * y[i]
		}
		return sum
	}
	u := make([]float64, n*n)
	for i := range n {
		for j := range n {
			x, y := float64(j+1)/(n+1), float64(i+1)/(n+1)
			u[i*n+j] = math.Sin(math.Pi*x) * math.Sin(math.Pi*y) * (1 + x*y)
		}
	}
	r := laplace(u)
	p, rr, want := slices.Clone(r), dot(r, r), 0
	for stop := 1e-16 * rr; rr > stop; want++ {
		q := laplace(p)
		alpha, old := rr/dot(p, q), rr
		for i := range r {
			r[i] -= alpha * q[i]
		}
		rr = dot(r, r)
		for i := range p {
			p[i] = r[i] + rr/old*p[i]
		}
	}
	out := strings.Join(output(t, ranks, "cg", "-n", strconv.Itoa(n)), "\n")
	fields := cgOutput.FindStringSubmatch(out)
	if fields == nil || fields[1] != strconv.Itoa(n*n) || fields[2] != strconv.Itoa(ranks) {
		t.Fatalf("unexpected output:\n%s", out)
	}
	if got := number(t, fields[3]); math.Abs(got-float64(want)) > 1 {
		t.Errorf("%v iterations, want %d", got, want)
	}
	if e := number(t, fields[4]); !(e < 1e-6) {
		t.Errorf("the error is %v", e)
	}
}

var matmulOutput = regexp.MustCompile(`^(\d+) x \d+ matrices on a grid of (\d) x (\d) ranks
difference from gonum's product, relative: (\S+)
time = (\S+) s$`)

func testMatmul(t *testing.T, ranks int) {
	for _, n := range []int{1, 67, 300} { // fewer rows than ranks, no multiple of anything, more than a panel
		out := strings.Join(output(t, ranks, "matmul", "-n", strconv.Itoa(n)), "\n")
		fields := matmulOutput.FindStringSubmatch(out)
		if fields == nil || fields[1] != strconv.Itoa(n) || number(t, fields[2])*number(t, fields[3]) != float64(ranks) {
			t.Fatalf("unexpected output:\n%s", out)
		}
		if diff := number(t, fields[4]); !(diff < 1e-10) {
			t.Errorf("n = %d: the difference is %v", n, diff)
		}
	}
}

// testParticles lets the particles fly on its own. 2 leave some ranks without.
func testParticles(t *testing.T, ranks int) {
	for _, n := range []int{2, 1000} {
		const steps = 100
		var mass, fastest float64
		var centre, at [2]float64
		which := 0
		for i := range n {
			x := float64(i)
			m, pos, vel := 1+math.Mod(x, 7), [2]float64{math.Sin(x), math.Cos(3 * x)}, [2]float64{math.Sin(5 * x), math.Cos(2 * x)}
			for range steps {
				for d := range pos {
					vel[d] -= 0.01 * pos[d]
					pos[d] += 0.01 * vel[d]
				}
			}
			mass += m
			for d := range pos {
				centre[d] += m * pos[d]
			}
			if speed := math.Hypot(vel[0], vel[1]); speed > fastest {
				which, fastest, at = i, speed, pos
			}
		}
		want := []string{
			fmt.Sprintf("%d particles of mass %.6f around (%.6f, %.6f)", n, mass, centre[0]/mass, centre[1]/mass),
			fmt.Sprintf("the fastest is %d of kind %d at (%.6f, %.6f): %.6f", which, which%3, at[0], at[1], fastest),
		}
		sameLines(t, output(t, ranks, "particles", "-n", strconv.Itoa(n), "-steps", strconv.Itoa(steps)), want)
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sameLines compares lines in any order: mpirun merges the ranks' output as it comes.
func sameLines(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant, in any order:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// testHybrid checks that each rank uses as many goroutines as it has cores, and the sum of all of them.
func testHybrid(t *testing.T, ranks int) {
	lines := output(t, ranks, "hybrid", "-n", "100001")
	if len(lines) != ranks+1 || lines[ranks] != "pi = 3.141592654" {
		t.Fatalf("%d ranks: %q", ranks, lines)
	}
	form := regexp.MustCompile(`^rank (\d+): CPUs [-,0-9]+, [1-9]\d* goroutines$`)
	for r, line := range lines[:ranks] {
		if m := form.FindStringSubmatch(line); m == nil || m[1] != strconv.Itoa(r) {
			t.Errorf("line %d is %q", r, line)
		}
	}
}

// testCheckpoint stops a run by the signal that a batch system sends, and has it continued to the result that this test
// computes by itself.
func testCheckpoint(t *testing.T, ranks int) {
	const steps = 300
	file := filepath.Join(t.TempDir(), "checkpoint.json")
	// hits is what rank r has after so many steps.
	hits := func(r, steps int) (n int) {
		random := rand.New(rand.NewPCG(1, uint64(r)))
		for range 1000 * steps {
			if x, y := random.Float64(), random.Float64(); x*x+y*y < 1 {
				n++
			}
		}
		return n
	}

	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := launcher.Command(ctx, ranks, filepath.Join(bin, "checkpoint"), "-steps", strconv.Itoa(steps), "-file", file)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := -1
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		if lines.Text() == "step 0 of 300" { // all ranks have agreed to take it
			cmd.Process.Signal(syscall.SIGUSR1)
		}
		fmt.Sscanf(lines.Text(), "stopped at step %d", &stopped)
	}
	cmd.Wait()
	if stopped < 1 || stopped >= steps {
		t.Fatalf("it stopped at step %d of %d", stopped, steps)
	}
	if code := cmd.ProcessState.ExitCode(); code != 75 && !knownbug.SignalledCode.Here() {
		t.Errorf("it stopped with code %d, want 75", code)
	}

	var saved struct {
		Step  int
		Parts []struct{ Hits int }
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &saved)
	}
	if err != nil || saved.Step != stopped || len(saved.Parts) != ranks {
		t.Fatalf("the checkpoint is %s, %v", text, err)
	}
	total := 0
	for r, part := range saved.Parts {
		if want := hits(r, stopped); part.Hits != want {
			t.Errorf("rank %d has %d hits after step %d, want %d", r, part.Hits, stopped, want)
		}
		total += hits(r, steps)
	}

	// Other ranks cannot continue it.
	if _, stderr, err := start(t, ranks+1, "checkpoint", "-file", file); err == nil || !strings.Contains(stderr, "cannot be continued by") {
		t.Errorf("continued by %d ranks: %v, %s", ranks+1, err, stderr)
	}
	lines := output(t, ranks, "checkpoint", "-steps", strconv.Itoa(steps), "-pace", "0", "-file", file)
	want := fmt.Sprintf("pi is about %.6f: %d of %d darts hit", 4*float64(total)/float64(1000*steps*ranks), total, 1000*steps*ranks)
	if lines[0] != fmt.Sprintf("going on at step %d", stopped) || lines[len(lines)-1] != want {
		t.Errorf("the second run wrote %q, want step %d and %q", lines, stopped, want)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the checkpoint is still there at the end")
	}
}
