package pool

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows how far a call is: on a terminal as a bar with the number of tasks
// that are done, their rate and the time that is left, and elsewhere, as in a
// job's log, as a line now and then. Output that goes through mpirun or srun is
// no terminal.
type Bar struct {
	// Title stands in front; "tasks" if empty.
	Title string
	// Out is where the bar is shown; os.Stderr if nil.
	Out io.Writer
	// Every is the time between two lines where Out is no terminal; 5 seconds
	// if zero.
	Every time.Duration
	// PerWorker adds a line in the end that tells how many tasks each worker
	// has done.
	PerWorker bool
}

// WithBar has Map, All and Each show a Bar. It may be given beside WithProgress.
//
//	squares, err := square.Map(ctx, p, xs, pool.WithBar(pool.Bar{Title: "squares"}))
func WithBar(b Bar) Option { return func(o *options) { o.bar = &b } }

// display is the Bar of one call.
type display struct {
	Bar
	every    time.Duration
	terminal bool
	bar      *progressbar.ProgressBar // once something can be shown on a terminal
	known    bool                     // the total, to the bar
	last     time.Time                // when something was shown
}

// refresh is how often a terminal is written to.
const refresh = 100 * time.Millisecond

// isTerminal is another function in tests.
var isTerminal = func(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func newDisplay(b Bar) *display {
	if b.Title == "" {
		b.Title = "tasks"
	}
	if b.Out == nil {
		b.Out = os.Stderr
	}
	d := &display{Bar: b, every: b.Every, terminal: isTerminal(b.Out), last: time.Now()}
	switch {
	case d.terminal:
		d.every = time.Second
	case d.every <= 0:
		d.every = 5 * time.Second
	}
	return d
}

func (d *display) show(g Progress) {
	pause := d.every
	if d.terminal {
		pause = refresh
	}
	if now := time.Now(); g.Over || now.Sub(d.last) >= pause {
		d.last = now
		if d.terminal {
			d.draw(g)
		} else {
			d.line(g)
		}
	}
	if g.Over && d.PerWorker {
		fmt.Fprintf(d.Out, "%s: by worker: %s\n", d.Title, strings.Trim(fmt.Sprint(g.PerWorker), "[]"))
	}
}

func (d *display) draw(g Progress) {
	if d.bar == nil {
		d.bar = progressbar.NewOptions(-1,
			progressbar.OptionSetWriter(d.Out),
			progressbar.OptionSetDescription(d.Title),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("tasks"),
			progressbar.OptionSetSpinnerChangeInterval(0),
			progressbar.OptionFullWidth(),
		)
	}
	if g.Total > 0 && !d.known {
		d.known = true
		d.bar.ChangeMax(g.Total)
	}
	// Errors of a terminal are no concern of the tasks.
	_ = d.bar.Set(g.Done)
	if g.Over {
		_ = d.bar.Exit()
		fmt.Fprintln(d.Out)
	}
}

func (d *display) line(g Progress) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d", d.Title, g.Done)
	if g.Total >= 0 {
		fmt.Fprintf(&b, " of %d", g.Total)
	}
	fmt.Fprintf(&b, " done in %v, %.3g/s", round(g.Elapsed), g.Rate())
	switch left := g.Remaining(); {
	case g.Over && g.Done < g.Total:
		b.WriteString(", ended early")
	case !g.Over && left >= 0:
		fmt.Fprintf(&b, ", %v left", round(left))
	}
	fmt.Fprintln(d.Out, b.String())
}

// round leaves three digits or so.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	default:
		return d.Round(10 * time.Microsecond)
	}
}
