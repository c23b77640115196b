package pool

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

func setTerminal(t *testing.T, yes bool) {
	old := isTerminal
	isTerminal = func(io.Writer) bool { return yes }
	t.Cleanup(func() { isTerminal = old })
}

func steps(total, done int, elapsed time.Duration, over bool) Progress {
	return Progress{Done: done, Total: total, Elapsed: elapsed, PerWorker: []int{done - done/3, done / 3}, Over: over}
}

func TestBarLines(t *testing.T) {
	setTerminal(t, false)
	var out bytes.Buffer
	d := newDisplay(Bar{Title: "squares", Out: &out, Every: time.Nanosecond, PerWorker: true})
	d.show(steps(200, 0, 10*time.Millisecond, false))
	d.show(steps(-1, 50, 2*time.Second, false)) // All does not know how many
	d.show(steps(200, 50, 2*time.Second, false))
	d.show(steps(200, 199, 90*time.Second, true))
	want := `squares: 0 of 200 done in 10ms, 0/s
squares: 50 done in 2s, 25/s
squares: 50 of 200 done in 2s, 25/s, 6s left
squares: 199 of 200 done in 1m30s, 2.21/s, ended early
squares: by worker: 133 66
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}

	out.Reset()
	d = newDisplay(Bar{Out: &out, Every: time.Hour})
	for i := range 100 {
		d.show(steps(100, i, time.Second, false))
	}
	if out.Len() > 0 {
		t.Errorf("lines before their time: %s", &out)
	}
	d.show(steps(100, 100, time.Second, true))
	if want := "tasks: 100 of 100 done in 1s, 100/s\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestBarTerminal(t *testing.T) {
	full := regexp.MustCompile(`^squares 100% \|.*\(40/40, .*\)`)
	setTerminal(t, true)
	for _, total := range []int{-1, 40} {
		var out bytes.Buffer
		d := newDisplay(Bar{Title: "squares", Out: &out, PerWorker: true})
		for i := range 40 {
			d.show(steps(total, i, time.Duration(i)*time.Millisecond, false))
		}
		d.show(steps(40, 40, time.Second, true))
		// What stands on the terminal in the end.
		lines := strings.Split(out.String(), "\n")
		frames := strings.Split(strings.TrimRight(lines[0], "\r"), "\r")
		last := frames[len(frames)-1]
		if !full.MatchString(strings.TrimSpace(last)) {
			t.Errorf("total %d: the last frame is %q", total, last)
		}
		if rest := strings.Join(lines[1:], "\n"); rest != "squares: by worker: 27 13\n" {
			t.Errorf("total %d: behind it is %q", total, rest)
		}
	}
	// A call of no tasks, and one that fails at once.
	for _, g := range []Progress{steps(0, 0, 0, true), steps(10, 3, time.Second, true)} {
		var out bytes.Buffer
		newDisplay(Bar{Out: &out}).show(g)
		if !strings.HasSuffix(out.String(), "\n") || !strings.Contains(out.String(), fmt.Sprint(g.Done)) {
			t.Errorf("%+v: got %q", g, &out)
		}
	}
}
