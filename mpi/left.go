package mpi

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mpi4go/mpi4go/internal/leaks"
)

// What Finalize finds left over: operations that are still in flight, and in
// debug mode what was not freed.

// debugOf is what the environment says.
func debugOf(op, env string) (leaks bool, err error) {
	switch env {
	case "", "0":
		return false, nil
	case "leaks":
		return true, nil
	}
	return false, argError(op, ErrArg, "MPI4GO_DEBUG is %q, but must be leaks, or 0 or empty for nothing", env)
}

// startDebug is called before communicators are made.
func startDebug(on bool) {
	if on {
		leaks.Start()
	}
}

// listed notes that the program has c to free.
func (c *Comm) listed() {
	if !c.hidden && !c.foreign && c != world && c != self {
		leaks.Made("communicator", c)
	}
}

// left is one thing left over.
type left struct {
	what string
	from trace
}

// reportLeft says on standard error what is left over; op is the call that ends
// the use of MPI.
func reportLeft(op string) {
	var b strings.Builder
	if ops := inFlight(); len(ops) > 0 {
		header(&b, op, len(ops), "operation", "in flight")
		lines(&b, ops, func(l *left, _ int) string {
			_, at := l.from.caller()
			return fmt.Sprintf("%s, posted at %s", l.what, cmp.Or(at, "an unknown place"))
		})
	}
	if leaks.On() {
		if all := unfreed(); len(all) > 0 {
			header(&b, op, len(all), "object", "not freed")
			lines(&b, all, func(l *left, n int) string {
				call, at := l.from.caller()
				what := fmt.Sprintf("%d %ss", n, l.what)
				if n == 1 {
					what = "a " + l.what
					if strings.ContainsRune("aeo", rune(l.what[0])) {
						what = "an " + l.what
					}
				}
				return fmt.Sprintf("%s, made by %s at %s", what, cmp.Or(call, "a call"), cmp.Or(at, "an unknown place"))
			})
		}
	}
	os.Stderr.WriteString(b.String())
}

func header(b *strings.Builder, op string, n int, noun, how string) {
	fmt.Fprintf(b, "mpi: %s", op)
	if world.h != 0 {
		fmt.Fprintf(b, " on rank %d", world.rank)
	}
	if n != 1 {
		noun += "s"
	}
	fmt.Fprintf(b, " with %d %s %s:\n", n, noun, how)
}

// lines lists what is left, one line for all that is the same, and no more than a
// screen.
func lines(b *strings.Builder, all []left, text func(l *left, n int) string) {
	const most = 10
	count := make(map[left]int)
	var kinds []left
	for _, l := range all {
		if count[l]++; count[l] == 1 {
			kinds = append(kinds, l)
		}
	}
	var out []string
	for _, l := range kinds {
		out = append(out, text(&l, count[l]))
	}
	slices.Sort(out)
	for _, line := range out[:min(len(out), most)] {
		fmt.Fprintf(b, "\t%s\n", line)
	}
	if more := len(out) - most; more > 0 {
		fmt.Fprintf(b, "\tand %d more\n", more)
	}
}

// inFlight is the operations that Finalize finds pending. Those that are
// complete, though nobody has waited for them, are not among them.
func inFlight() (all []left) {
	type seen struct {
		r    *Request
		what string
		from trace
	}
	var rs []seen
	flights.mu.Lock()
	for _, b := range flights.blocks {
		for i := range b {
			f := &b[i]
			if f.r == nil || f.r.hidden() {
				continue
			}
			what := f.r.facts().String()
			if f.buf != nil {
				what += fmt.Sprintf(", buffer %p of %d bytes", f.buf, f.r.size)
			}
			rs = append(rs, seen{f.r, what, f.from})
		}
	}
	flights.mu.Unlock()
	for _, s := range rs {
		if !s.r.poke() && !s.r.freed {
			all = append(all, left{s.what, s.from})
		}
	}
	return all
}

// unfreed is the objects that the program has made and not freed. An inactive
// persistent request is one of them.
func unfreed() (all []left) {
	for _, o := range leaks.Open() {
		all = append(all, left{o.Kind, o.From})
	}
	flights.mu.Lock()
	defer flights.mu.Unlock()
	for _, b := range flights.blocks {
		for i := range b {
			if f := &b[i]; f.r != nil && f.r.persistent && f.r.complete() && !f.r.hidden() {
				all = append(all, left{"persistent request", f.from})
			}
		}
	}
	return all
}
