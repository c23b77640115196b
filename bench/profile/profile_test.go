package main

import (
	"errors"
	"flag"
	"io"
	"maps"
	"strings"
	"testing"
)

// sample has what the format allows: names by number, lines of inlined code, of
// calls and of jumps, positions relative to those before, a recursion.
const sample = `# callgrind format
version: 1
creator: callgrind-3.19.0
cmd:  ./prog -a=b
desc: Trigger: Program termination
positions: line
events: Ir
summary: 137

ob=(1) /tmp/prog
fl=(1) main.c
fn=(1) main
10 5
+2 3
cob=(2) /lib/libmpi.so
cfi=(2) send.c
cfn=(2) MPI_Send
calls=3 20
+1 99
fi=(3) inline.h
7 2
fe=(1)
jump=4 12
* 
* 1

fn=(3) helper
-1 4
cfn=(4) helper'2
calls=2 9
* 8

fn=(4)
9 8

ob=(2)
fl=(2)
fn=(2)
20 33
23 81

totals: 137
`

func TestParse(t *testing.T) {
	p, err := parse(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := map[function]int64{
		{"/tmp/prog", "main.c", "main"}:          11,
		{"/tmp/prog", "main.c", "helper"}:        12,
		{"/lib/libmpi.so", "send.c", "MPI_Send"}: 114,
	}
	if !maps.Equal(p.self, want) {
		t.Errorf("got %v, want %v", p.self, want)
	}
	if want := map[string]int64{"MPI_Send": 3, "helper": 2}; !maps.Equal(p.calls, want) {
		t.Errorf("calls: got %v, want %v", p.calls, want)
	}
	// With two positions, and a second event.
	p, err = parse(strings.NewReader("positions: instr line\nevents: Ir Dr\nfn=f\n0x401 3 5 70\n+4 * 6\n+1 +1\ntotals: 11 70\n"))
	if err != nil || p.self[function{name: "f"}] != 11 {
		t.Errorf("got %v, %v; want 11", p, err)
	}
	for what, bad := range map[string]string{
		"cut off":       sample[:strings.Index(sample, "totals")],
		"a missing sum": strings.Replace(sample, "23 81", "23 80", 1),
		"no number":     strings.Replace(sample, "+2 3", "+2 x", 1),
		"no count":      strings.Replace(sample, "calls=3", "calls=x", 1),
		"other events":  strings.Replace(sample, "events: Ir", "events: Dr", 1),
		"nothing":       "",
	} {
		if _, err := parse(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestClassify(t *testing.T) {
	const m = "github.com/mpi4go/mpi4go/"
	for _, c := range []struct {
		object, file, name string
		want               class
	}{
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/p2p.go", m + "mpi.(*Comm).recv", packages},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/p2p.go", m + "mpi.Send[go.shape.[]uint8]", packages},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/cgo/p2p.go", m + "mpi/cgo.Recv", packages},
		{"/tmp/x/go-mpich", "/src/mpi4go/op/op.go", m + "op.Op.Release", packages},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/trace_amd64.s", m + "mpi.callers.abi0", packages},
		{"/tmp/x/go-mpich", "./_cgo_gotypes.go", m + "mpi/cgo._Cfunc_m4g_send.abi0", crossing},
		{"/tmp/x/go-mpich", "/tmp/go-build/cgo-gcc-prolog", "_cgo_97321293f0ae_Cfunc_m4g_send", crossing},
		{"/tmp/x/go-mpich", "/go/src/runtime/cgocall.go", "runtime.cgocall", crossing},
		{"/tmp/x/go-mpich", "/go/src/runtime/asm_amd64.s", "runtime.asmcgocall.abi0", crossing},
		{"/tmp/x/go-mpich", "/go/src/runtime/proc.go", "runtime.exitsyscall.func1", crossing},
		{"/tmp/x/go-mpich", "/go/src/runtime/asm_amd64.s", "gosave_systemstack_switch", crossing},
		{"/tmp/x/go-mpich", "/go/src/runtime/proc.go", "runtime.sysmon", goOther},
		{"/tmp/x/go-mpich", "/go/src/internal/bytealg/indexbyte_amd64.s", "indexbytebody", goOther},
		{"/tmp/x/go-mpich", "/_/GOROOT/src/runtime/cgo/gcc_sigaction.c", "x_cgo_sigaction", goOther},
		{"/tmp/x/go-mpich", "/go/src/sync/pool.go", "sync.(*Pool).Get", goOther},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/cgo/p2p.c", "m4g_spin_test", cLayer},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/cgo/p2p.c", "post_send", cLayer},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/cgo/p2p.c", "post_send.part.0", cLayer},
		{"/tmp/x/go-mpich", "???", "m4g_send", cLayer},
		{"/tmp/x/go-mpich", "???", "0x000000000048a0b0", cLayer},
		{"/tmp/x/go-mpich", "/src/mpi4go/mpi/cgo/ucx.c", "ucp_request_release", cLayer},
		{"/tmp/x/go-mpich", "/src/mpi4go/bench/go/main.go", "main.pingpong", loop},
		{"/tmp/x/go-mpich", "/src/mpi4go/bench/go/main.go", "main.init.loop.func3", loop},
		{"/usr/lib/libmpich.so.12.2.2", "???", "PMPI_Test", library},
		{"/usr/lib/libucp.so.0.0.0", "???", "ucp_request_release", library},
		{"/usr/lib/libc.so.6", "./malloc/malloc.c", "malloc", library},
		{"", "???", "0x0000000000001100", library},
		{"/tmp/x/c-mpich", "???", "pingpong", loop},
		{"/tmp/x/c-mpich", "???", "0x0000000000001100", loop},
		{"/tmp/x/c-mpich", "???", "ucp_request_release", cLayer},
	} {
		program, isGo := "/tmp/x/go-mpich", true
		if strings.Contains(c.object, "c-mpich") {
			program, isGo = "/tmp/x/c-mpich", false
		}
		if got := classify(function{c.object, c.file, c.name}, program, isGo); got != c.want {
			t.Errorf("%s in %s of %s: %q, want %q", c.name, c.file, c.object, got, c.want)
		}
	}
}

// Of two runs what is in both does not count.
func TestDifference(t *testing.T) {
	start, call := function{name: "start"}, function{name: "call"}
	once := &profile{map[function]int64{start: 500, call: 1000}, map[string]int64{cgocall: 12}}
	twice := &profile{map[function]int64{start: 500, call: 1900, {name: "late"}: 45}, map[string]int64{cgocall: 21}}
	c := difference(once, twice, 9)
	if c.self[start] != 0 || c.self[call] != 100 || c.self[function{name: "late"}] != 5 || c.crossings != 1 {
		t.Errorf("got %v", c)
	}
}

func TestLeast(t *testing.T) {
	ours, theirs := function{name: "ours"}, function{name: "theirs"}
	p := &profile{map[function]int64{ours: 10, theirs: 200}, map[string]int64{cgocall: 1}}
	q := &profile{map[function]int64{ours: 11, theirs: 100}, map[string]int64{cgocall: 2}}
	want := map[function]int64{ours: 10, theirs: 100}
	for _, got := range []*profile{p.least(q, func(f function) bool { return f == theirs }), q.least(p, func(f function) bool { return f == theirs })} {
		if !maps.Equal(got.self, want) || got.calls[cgocall] != 1 {
			t.Errorf("got %v", got)
		}
	}
}

func TestPrint(t *testing.T) {
	c := columns{{loop: 10, packages: 200, crossing: 300, goOther: -0.2, cLayer: 50, library: 1000}, {loop: 20, library: 900}}
	var b strings.Builder
	printTable(&b, "MPICH v1", benches[0], c, [ranks]float64{1, 1.5})
	for _, want := range []string{
		"latency, 8 B, MPICH v1: instructions of a call",
		"mpi4go, in Go 200 0 0 0", "Go's runtime otherwise 0 0 0 0", "all these 560 20 0 0", "the library 1000 900 0 0", "all 1560 920 0 0", "calls of C 1.00 1.50",
	} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	few, many := function{"/tmp/go", "a.go", module + "mpi.few"}, function{"/tmp/go", "a.go", module + "mpi.many"}
	one := function{"/tmp/go", "a.go", "runtime.one"}
	printFunctions(&b, [ranks]costs{
		{self: map[function]float64{few: 2, many: 30, {"libc", "", "malloc"}: 99}},
		{self: map[function]float64{many: 31, one: 40}},
	}, "/tmp/go", 10)
	got := strings.Join(strings.Fields(b.String()), " ")
	if want := "rank 0 rank 1 of which go takes 0 40 Go's runtime otherwise runtime.one 30 31 mpi4go, in Go mpi.many"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("MPIRUN", "")
	s, err := parseFlags([]string{"-mpi=mpich", "-bench=rate,bcast", "-ops=100"}, io.Discard)
	if err != nil || len(s.libraries) != 1 || len(s.benches) != 2 || s.benches[1].name != "bcast" || s.ops != 100 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = parseFlags(nil, io.Discard); err != nil || len(s.libraries) != 2 || len(s.benches) != len(benches) {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"-mpi=lam", "-bench=", "-bench=rate,", "-bench=bandwidth", "-ops=0", "-runs=0", "-functions=-1", "-functions=NaN", "word"} {
		if _, err := parseFlags([]string{bad}, io.Discard); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	if _, err := parseFlags([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}
