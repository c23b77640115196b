package e2e

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// lines finds the lines of a file of the program's that end in a comment such as
// "// line recv", by what stands behind "line".
func lines(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open("prog/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := make(map[string]string)
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if _, what, found := strings.Cut(s.Text(), "// line "); found {
			m[what] = fmt.Sprintf("prog/%s:%d", file, n)
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// warns wants n reports of a rank's that go on so.
func (o outcome) warns(t *testing.T, n, rank, ranks int, text string) {
	t.Helper()
	o.says(t, n, fmt.Sprintf("mpi: watchdog: rank %d of %d on %s: %s, for ", rank, ranks, hostname(t), text))
}

var sinceWhen = regexp.MustCompile(`, for ([0-9.]+[a-zµ]+)+, since ([0-2][0-9]:[0-5][0-9]:[0-5][0-9])$`)

// dated wants each report to say since when, which must be between two times.
func (o outcome) dated(t *testing.T, from, to time.Time) {
	t.Helper()
	n := 0
	for line := range strings.Lines(o.stderr) {
		if !strings.HasPrefix(line, "mpi: watchdog: ") {
			continue
		}
		n++
		m := sinceWhen.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Errorf("this does not say since when: %q", line)
			continue
		}
		// The date is not said: that of from, or the next day's.
		at, err := time.ParseInLocation(time.DateTime, from.Format(time.DateOnly)+" "+m[2], time.Local)
		if err != nil {
			t.Error(err)
		}
		if at.Before(from.Truncate(time.Second)) {
			at = at.AddDate(0, 0, 1)
		}
		if at.After(to) {
			t.Errorf("between %s and %s a call blocked since %s", from.Format(time.TimeOnly), to.Format(time.TimeOnly), m[2])
		}
	}
	if n == 0 {
		t.Error("there is no report")
	}
}

// TestWatchdogRecv lets a rank wait for a message that nobody sends, until the
// second limit ends the job.
func TestWatchdogRecv(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "400ms,1s")
	at := lines(t, "watch.go")
	for _, ranks := range []int{2, 3, 5} {
		t.Run(fmt.Sprint("ranks=", ranks), func(t *testing.T) {
			begun := time.Now()
			o := start(t, ranks, "watch-recv")
			if took := time.Since(begun); took < time.Second {
				t.Errorf("the job was ended after %v", took)
			}
			o.failed(t)
			// Once after 0.4 s, again after 0.8 s, and last when the job ends.
			for _, text := range []string{
				fmt.Sprintf("waits in Recv from rank %d, tag 7, 5 int64, on MPI_COMM_WORLD, at %s", ranks-1, at["recv"]),
				fmt.Sprintf("pending: Irecv from any rank, any tag, 100 float64, on MPI_COMM_WORLD, posted at %s", at["irecv"]),
				fmt.Sprintf("pending: Issend to rank 1, tag 9, 3 uint8, on MPI_COMM_WORLD, posted at %s", at["issend"]),
			} {
				o.warns(t, 3, 0, ranks, text)
			}
			o.says(t, 9, "mpi: watchdog: rank 0 of")
			o.dated(t, begun, time.Now())
			for rank := 1; rank < ranks; rank++ {
				o.contains(t, fmt.Sprintf("rank %d of %d on %s: waits in Barrier, on MPI_COMM_WORLD, at %s, for ", rank, ranks, hostname(t), at["barrier"]))
			}
			o.says(t, 1, fmt.Sprintf("mpi: rank 0 of %d on %s: error: Recv at %s has blocked for longer than the 1s that the watchdog allows", ranks, hostname(t), at["recv"]))
		})
	}
}

// TestWatchdogBarrier lets one rank stay away: it says nothing, and the others
// name the communicators that they wait on.
func TestWatchdogBarrier(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "1s,3s")
	at := lines(t, "watch.go")
	o := start(t, 4, "watch-barrier")
	o.failed(t)
	odd := "a communicator of 2 ranks (made by Comm.Split at " + at["split"] + ")"
	host := hostname(t)
	o.contains(t,
		"rank 0 of 4 on "+host+": waits in Barrier, on everybody, at "+at["everybody"]+", for ",
		"rank 1 of 4 on "+host+": waits in Barrier, on "+odd+", at "+at["odd"]+", for ",
		// Rank 0 of the even ones is rank 0 of the world, and rank 1 rank 2.
		"rank 2 of 4 on "+host+": waits in Recv from rank 0 (0 of the world), tag 0, 1 int64, on "+odd+", at "+at["even"]+", for ")
	o.says(t, 0, "mpi: watchdog: rank 3 ")
}

// TestWatchdogKinds blocks in many calls at once.
func TestWatchdogKinds(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "500ms,2500ms")
	at := lines(t, "watch.go")
	o := start(t, 2, "watch-kinds")
	o.failed(t)
	const on = ", on MPI_COMM_WORLD, at "
	for _, text := range []string{
		"waits in Ssend to rank 1, tag 10, 4 int64" + on + at["Ssend"],
		"waits in Sendrecv from rank 1, tag 12, 2 int64, and to rank 1, tag 11, 1048576 int64" + on + at["Sendrecv"],
		"waits in Request.Wait for 1 request, at " + at["Request.Wait"],
		"waits in Probe from any rank, tag 14" + on + at["Probe"],
		"waits in object.Recv, in MprobeContext from rank 1, tag 15" + on + at["object.Recv"],
		"waits in Bcast, root 1 (1 of the world), 4 int64, on a communicator of 2 ranks (made by Comm.Dup at " + at["one"] + "), at " + at["Bcast"],
		"waits in Comm.Split, on a communicator of 2 ranks (made by Comm.Dup at " + at["two"] + "), at " + at["Split"],
		"pending: Irecv from rank 1, tag 13, 1 bool, on MPI_COMM_WORLD, posted at " + at["Request.Wait"],
	} {
		o.contains(t, "mpi: watchdog: rank 0 of 2 on "+hostname(t)+": "+text+", for ")
	}
}

// TestWatchdogLate lets a rank wait for a while: it says so each time that the
// while has doubled, and the program ends well.
func TestWatchdogLate(t *testing.T) {
	for _, test := range []struct {
		scenario, env string
		reports       bool
	}{
		{"watch-late", "100ms", true},
		{"watch-late", "60s", false},
		{"watch-late", "60s,60s", false},
		{"watch-late", "off", false},
		{"watch-late", "", false},
		{"watch-option", "", true},
		{"watch-option", "off", false},
		{"watch-option", "60s", false},
	} {
		t.Run(test.scenario+" "+test.env, func(t *testing.T) {
			t.Setenv("MPI4GO_WATCHDOG", test.env)
			o := start(t, 2, test.scenario)
			o.succeeded(t)
			if !test.reports {
				if o.stderr != "" {
					t.Error("something was written to stderr")
				}
				return
			}
			// After 0.1, 0.2, 0.4 and 0.8 s; fewer where the machine is slow.
			n := strings.Count(o.stderr, "mpi: watchdog: rank 0 of 2 on "+hostname(t)+": waits in Recv from any rank, tag 5")
			if n < 2 || n > 4 {
				t.Errorf("%d reports", n)
			}
		})
	}
}

// TestWatchdogBusy runs for long, with no call that blocks for long.
func TestWatchdogBusy(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "1s,1s")
	for _, ranks := range []int{1, 3} {
		o := start(t, ranks, "watch-busy")
		o.succeeded(t)
		if o.stderr != "" {
			t.Error("something was written to stderr")
		}
	}
}

// TestWatchdogReturn lets ranks end too early: they wait in Finalize.
func TestWatchdogReturn(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "1s,3s")
	o := start(t, 3, "watch-return")
	o.failed(t)
	o.contains(t, fmt.Sprintf("rank 0 of 3 on %s: waits in Barrier, on MPI_COMM_WORLD, at %s, for ", hostname(t), lines(t, "watch.go")["early"]))
}

// TestWatchdogSetting refuses what is no time.
func TestWatchdogSetting(t *testing.T) {
	for _, test := range []struct{ scenario, env, want string }{
		{"clean", "30", `MPI4GO_WATCHDOG is "30", but must be "off", a time such as "30s", or two such as "30s,2m"`},
		{"clean", "30s,", `MPI4GO_WATCHDOG is "30s,"`},
		{"clean", "-1s", `MPI4GO_WATCHDOG is "-1s"`},
		{"clean", "2m,30s", `MPI4GO_WATCHDOG is "2m,30s"`},
		{"watch-bad-option", "", "the limits of the watchdog are 1s and 1ms"},
	} {
		t.Run(test.scenario+" "+test.env, func(t *testing.T) {
			t.Setenv("MPI4GO_WATCHDOG", test.env)
			o := start(t, 1, test.scenario)
			o.failed(t)
			o.says(t, 1, "mpi: Init: "+test.want)
		})
	}
}

// TestWatchdogRing shows a deadlock of four ranks: one line of each says whom it
// waits for, and they make the circle.
func TestWatchdogRing(t *testing.T) {
	t.Setenv("MPI4GO_WATCHDOG", "1s,1900ms")
	const ranks = 4
	o := start(t, ranks, "watch-ring")
	o.failed(t)
	for rank := range ranks {
		// Those that are not rank 0 may be ended before they report again.
		text := fmt.Sprintf("mpi: watchdog: rank %d of %d on %s: waits in Ssend to rank %d, tag 0, 1 int64, on MPI_COMM_WORLD, at %s, for ",
			rank, ranks, hostname(t), (rank+1)%ranks, lines(t, "watch.go")["ring"])
		if n := strings.Count(o.stderr, text); n < 1 || n > 2 {
			t.Errorf("stderr says %d times %q", n, text)
		}
	}
	if n := strings.Count(o.stderr, "mpi: "); n > 2*ranks+ranks {
		t.Errorf("%d lines are more than a screen", n)
	}
}
