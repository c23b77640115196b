//go:build !mpich

// These tests run the twins of both MPIs, so that once is enough.
package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/bench/internal/twins"
	"github.com/mpi4go/mpi4go/internal/launch"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-most", "64", "-mpi", "mpich"}, io.Discard)
	if err != nil || s.most != 64 || len(s.libraries) != 1 || s.libraries[0].Tag != "mpich" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range [][]string{{"-most", "1"}, {"-pairs", "0"}, {"-budget", "0"}, {"-mpi", "lam"}, {"more"}, {"-budget", "NaN"}} {
		if _, err := parse(bad, io.Discard); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestSizes(t *testing.T) {
	for most, want := range map[int][]int{2: {2}, 3: {2, 3}, 64: {2, 8, 32, 64}, 512: {2, 8, 32, 128, 512}} {
		if got := sizes(most); !slices.Equal(got, want) {
			t.Errorf("up to %d: %v, want %v", most, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	const text = "# MPI  v1\nready 1000.5\nhello 2 h1 h2\nmemory start 10 12\ntime bcast 1.5e-06\n\nmemory peak 20 22\n"
	o, err := read(strings.NewReader(text), time.Unix(1000, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{startUp: 0.5, memoryStart: 10, "bcast": 1.5e-6, memoryPeak: 20} {
		if o.values[name] != want {
			t.Errorf("%s is %v, want %v", name, o.values[name], want)
		}
	}
	if want := []string{startUp, memoryStart, "bcast", memoryPeak}; o.hello != 2 || o.version != "MPI v1" || !slices.Equal(o.names, want) {
		t.Errorf("%d, %q, %v", o.hello, o.version, o.names)
	}
	for _, bad := range []string{"", text + "warning: something is wrong\n", strings.Replace(text, "1.5e-06", "0", 1),
		strings.Replace(text, "ready", "# ", 1), strings.Replace(text, "1000.5", "soon", 1)} {
		if _, err := read(strings.NewReader(bad), time.Unix(1000, 0)); err == nil {
			t.Errorf("no error for\n%s", bad)
		}
	}
}

// sample has a step that takes the given multiple of C's time, and another.
func sample(t *testing.T, factor, more float64) *result {
	t.Helper()
	r := &result{ranks: 8, values: map[string]map[string][]float64{}}
	for _, v := range []float64{1, 9, 2} { // the best is 1
		for twin, k := range map[string]float64{"go": 1, "c": 0} {
			o := &outcome{version: "MPI v1, packaged", values: map[string]float64{}}
			o.put(startUp, v)
			o.put(memoryStart, 5<<20)
			o.put("bcast", v*(1+k*(factor-1)))
			o.put("scan", v)
			o.put(memoryPeak, 7<<20+k*more)
			if err := r.add(twin, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}

func TestPrint(t *testing.T) {
	for _, tt := range []struct {
		factor, more float64
		want         string
	}{
		{1.25, 0, "8 ranks: start-up 1.00 of C's (at most 1.2): yes; memory C + 0.0 MiB (at most 12): yes; time: 1 of 2 within 1.2 of C's, not bcast 1.25\n"},
		{0.5, 13 << 20, "8 ranks: start-up 1.00 of C's (at most 1.2): yes; memory C + 13.0 MiB (at most 12): NO; time: 2 of 2 within 1.2 of C's\n"},
	} {
		var b strings.Builder
		printResults(&b, []*result{sample(t, tt.factor, tt.more)})
		if !strings.HasSuffix(b.String(), tt.want) {
			t.Errorf("got\n%s\nwant at its end\n%s", &b, tt.want)
		}
	}
}

// C that took too long has no figures.
func TestPrintAlone(t *testing.T) {
	r := sample(t, 1, 0)
	for _, values := range r.values {
		delete(values, "c")
	}
	var b strings.Builder
	printResults(&b, []*result{r})
	if s := b.String(); !strings.HasSuffix(s, "8 ranks: C took too long to compare with\n") || !strings.Contains(s, "1000000.0     -") {
		t.Errorf("got\n%s", s)
	}
	if err := tooLarge("MPI", []*result{r}); err != nil {
		t.Error(err)
	}
}

func TestTooLarge(t *testing.T) {
	if err := tooLarge("MPI", []*result{sample(t, 9, memoryMore)}); err != nil {
		t.Error(err)
	}
	err := tooLarge("MPI", []*result{sample(t, 1, 0), sample(t, 1, 13<<20)})
	if want := "MPI, 8 ranks: the memory of a rank is that of C and 13.0 MiB, more than 12"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Twins that measured different things are not compared.
func TestAddRefuses(t *testing.T) {
	r := sample(t, 1, 0)
	o := &outcome{version: "MPI v1, packaged", values: map[string]float64{}}
	o.put("bcast", 1)
	if r.add("go", o) == nil {
		t.Error("no error for other steps")
	}
	o = &outcome{version: "another", names: r.names, values: map[string]float64{}}
	if r.add("go", o) == nil {
		t.Error("no error for another library")
	}
}

// The twins run, and agree in what they measure; each checks what it receives.
func TestTwins(t *testing.T) {
	t.Setenv("MPIRUN", "") // it names the launcher of one library
	ran := 0
	for _, lib := range twins.Libraries {
		if _, err := launch.Find(lib.Name); err != nil {
			t.Log(err)
			continue
		}
		ran++
		t.Run(lib.Tag, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "scale.csv")
			s, err := parse([]string{"-mpi", lib.Tag, "-most", "3", "-pairs", "1", "-budget", "1e-9", "-csv", file}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := s.execute(t.Context(), &out); err != nil {
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
			// 17 collectives, 3 more steps, 3 figures of the start and the end;
			// on 2 and on 3 ranks, of 2 twins.
			if want := 1 + 23*2*2; len(rows) != want {
				t.Errorf("%d rows, want %d", len(rows), want)
			}
			if strings.Count(out.String(), " ranks: start-up ") != 2 {
				t.Errorf("no verdict in\n%s", &out)
			}
		})
	}
	if ran == 0 {
		t.Error("no MPI was found")
	}
}
