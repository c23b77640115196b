package mpi

import (
	"bufio"
	"bytes"
	"iter"
	"runtime"
	"strconv"
	"strings"
)

// What the goroutines of this process are in, by their stacks. To ask for them stops
// the program for a moment: it is for those who have a suspicion.

// goroutine is one goroutine as its stack shows it.
type goroutine struct {
	id     string
	kind   kind
	main   bool // it runs the function that Main was given
	own    bool // it is the program's, and not the runtime's or this package's
	inC    bool // it is in C for something else, or was called from there
	frames []runtime.Frame
}

// ours are the frames from the innermost of this module's on.
func (g *goroutine) ours() iter.Seq[runtime.Frame] {
	return func(yield func(runtime.Frame) bool) {
		begun := false
		for _, f := range g.frames {
			if begun = begun || isOurs(f); begun && !yield(f) {
				return
			}
		}
	}
}

// stuckMain is the goroutine that runs the program, if it is in one of the ways of
// waiting, and all who wait are; with alone, there is nobody else. Otherwise it
// returns nil.
func stuckMain(ways []standing, alone bool) (main *goroutine) {
	all := goroutines()
	waiting := make(map[kind]int)
	for _, w := range ways {
		waiting[w.kind]++
	}
	for i := range all {
		g := &all[i]
		if g.inC || alone && g.own && g.kind == nowhere {
			return nil
		}
		if g.kind != nowhere {
			waiting[g.kind]--
		}
		// Without Main it is the one that runs the function main.
		if g.main || main == nil && g.id == "1" {
			main = g
		}
	}
	for _, n := range waiting {
		if n != 0 { // somebody is about to wait, or waits no more
			return nil
		}
	}
	if main == nil || main.kind == nowhere {
		return nil
	}
	return main
}

// goroutines are those there are; none when they are so many that to look at them
// takes long.
func goroutines() (all []goroutine) {
	const most = 4 << 20
	text := make([]byte, 64<<10)
	for {
		n := runtime.Stack(text, true)
		if n < len(text) {
			text = text[:n]
			break
		}
		if len(text) >= most {
			return nil
		}
		text = make([]byte, 4*len(text))
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, most)
	var g *goroutine
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "goroutine "); ok && strings.HasSuffix(line, ":") {
			id, _, _ := strings.Cut(rest, " ")
			all = append(all, goroutine{id: id})
			g = &all[len(all)-1]
			continue
		}
		if strings.HasPrefix(line, "created by ") {
			g = nil
		}
		if g == nil {
			continue
		}
		if place, ok := strings.CutPrefix(line, "\t"); ok { // file.go:12 +0x1d
			if len(g.frames) == 0 {
				continue
			}
			place, _, _ = strings.Cut(place, " ")
			file, number, _ := cutLast(place, ":")
			f := &g.frames[len(g.frames)-1]
			if f.File == "" {
				f.File = file
				f.Line, _ = strconv.Atoi(number)
			}
		} else if function, _, ok := cutLast(line, "("); ok { // path/pkg.(*T).f(0x1, ...)
			g.frames = append(g.frames, runtime.Frame{Function: function})
		}
	}
	for i := range all {
		all[i].classify()
	}
	return all
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// blocking are the functions of the shim that say what they are in: see m4g_about.
var blocking = map[string]bool{
	"barrier": true, "bcast": true, "move": true, "vector": true, "each": true, "reduce": true, "reduce_scatter": true,
	"comm_dup": true, "comm_dup_with_info": true, "comm_split": true, "comm_split_type": true, "comm_create": true,
}

func (g *goroutine) classify() {
	called := false // there is a frame of Go's that is not the runtime's
	for _, f := range g.frames {
		name, ours := strings.CutPrefix(f.Function, module)
		call, c := strings.CutPrefix(name, "mpi/cgo._Cfunc_m4g_")
		switch {
		case g.kind != nowhere || g.inC:
		case ours && name == "mpi.(*engine).wait":
			g.kind = inEngine
		case ours && name == "mpi.(*Comm).lookFor":
			g.kind = inProbe
		case !ours || !c || g.polls():
		case called || !blocking[call]: // by C, for an operation of the program's perhaps
			g.inC = true
		default:
			g.kind = inCollective
		}
		g.main = g.main || ours && name == "mpi.Main"
		g.own = g.own || !isOurs(f) && !ofRuntime(f.Function)
		called = called || !ofRuntime(f.Function)
	}
}

// polls reports whether it is in C for the engine, or for a probe.
func (g *goroutine) polls() bool {
	for _, f := range g.frames {
		switch strings.TrimPrefix(f.Function, module) {
		case "mpi.(*engine).lead", "mpi.(*Comm).lookFor":
			return true
		}
	}
	return false
}

// ofRuntime reports whether a function is one that goroutines of no program run.
func ofRuntime(function string) bool {
	for _, p := range []string{"runtime.", "os/signal.", "time.", "sync.", "syscall.", "internal/"} {
		if strings.HasPrefix(function, p) {
			return true
		}
	}
	return false
}
