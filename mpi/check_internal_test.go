package mpi

import (
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

func TestSpans(t *testing.T) {
	for want, list := range map[string][]int{
		"": nil, "0": {0}, "0-1": {0, 1}, "0, 2": {0, 2}, "0-3, 5, 7-8": {0, 1, 2, 3, 5, 7, 8},
	} {
		if got := spans(list); got != want {
			t.Errorf("%v: %q, want %q", list, got, want)
		}
	}
}

func TestCheckOf(t *testing.T) {
	for env, want := range map[string]bool{"": false, "0": false, "1": true} {
		if got, err := checkOf("Init", env); got != want || err != nil {
			t.Errorf("%q: %v, %v", env, got, err)
		}
	}
	for _, env := range []string{"2", "true", " 1", "off"} {
		if got, err := checkOf("Init", env); got || err == nil {
			t.Errorf("%q: %v, %v", env, got, err)
		}
	}
}

// What makes two ranks' calls match.
func TestAgreed(t *testing.T) {
	i64, f64 := &cgo.BasicElem[cgo.Int64], &cgo.BasicElem[cgo.Float64]
	pair := &cgo.Elem{Kind: cgo.Derived, Size: 16}
	call := func(name string, t terms) vote { return newVote(facts{op: name, c: world, n: t.n, e: t.e, o: t.o}, t) }
	root := func(r, n int, e *cgo.Elem) terms { return terms{rooted: true, root: r, n: n, e: e} }
	bcast := call("Bcast", root(0, 4, i64))
	for _, test := range []struct {
		what string
		a, b vote
		want bool
	}{
		{"the same", bcast, bcast, true},
		{"another call", bcast, call("Ibcast", root(0, 4, i64)), false},
		{"another root", bcast, call("Bcast", root(1, 4, i64)), false},
		{"another count", bcast, call("Bcast", root(0, 5, i64)), false},
		{"another type", bcast, call("Bcast", root(0, 4, f64)), false},
		{"the same by a derived type", bcast, call("Bcast", root(0, 2, pair)), true},
		{"more by a derived type", bcast, call("Bcast", root(0, 3, pair)), false},
		{"no elements of two types", call("Bcast", root(0, 0, i64)), call("Bcast", root(0, 0, f64)), true},
		{"some and none", bcast, call("Bcast", root(0, 0, i64)), false},
		{"the root in place", call("Gather", root(0, 4, i64)), call("GatherInPlace", root(0, 4, i64)), true},
		{"some in place where all must be", call("Allgather", terms{n: 4, e: i64}), call("AllgatherInPlace", terms{n: 4, e: i64}), false},
		{"another operation", call("Scan", terms{n: 4, e: i64, o: op.Sum}), call("Scan", terms{n: 4, e: i64, o: op.Prod}), false},
		{"the same operation", call("Scan", terms{n: 4, e: i64, o: op.Sum}), call("Scan", terms{n: 4, e: i64, o: op.Sum}), true},
		{"counts", call("Allgatherv", terms{n: -1, e: i64, counts: []int{1, 2}}), call("Allgatherv", terms{n: -1, e: i64, counts: []int{1, 2}}), true},
		{"other counts", call("Allgatherv", terms{n: -1, e: i64, counts: []int{1, 2}}), call("Allgatherv", terms{n: -1, e: i64, counts: []int{2, 1}}), false},
		{"the same counts in bytes", call("Allgatherv", terms{n: -1, e: i64, counts: []int{2, 4}}), call("Allgatherv", terms{n: -1, e: pair, counts: []int{1, 2}}), true},
		{"parts of any length", call("Gatherv", root(0, -1, i64)), call("Gatherv", root(0, -1, i64)), true},
		{"parts of another type", call("Gatherv", root(0, -1, i64)), call("Gatherv", root(0, -1, f64)), false},
		{"no part", call("Gatherv", root(0, -1, i64)), call("Gatherv", root(0, -1, nil)), true},
		{"nothing to compare", call("Barrier", terms{}), call("Barrier", terms{}), true},
	} {
		if got := agreed([]vote{test.a, test.b}); got != test.want {
			t.Errorf("%s: %v, want %v", test.what, got, test.want)
		}
		if got := agreed([]vote{test.b, test.a, test.a}); got != test.want {
			t.Errorf("%s, the other way round: %v, want %v", test.what, got, test.want)
		}
	}
	// A rank without a kind does not make two kinds match.
	if none := call("Gatherv", root(0, -1, nil)); agreed([]vote{none, call("Gatherv", root(0, -1, i64)), call("Gatherv", root(0, -1, f64))}) {
		t.Error("int64 matches float64")
	}
}

// The report has a line for each group, the largest first.
func TestBallot(t *testing.T) {
	c := &Comm{size: 5}
	votes := []vote{{Text: "Barrier", At: "a.go:1"}, {Text: "Bcast", At: "a.go:2"}, {Text: "Bcast", At: "a.go:2"}, {Text: "Barrier", At: "a.go:3"}, {Text: "Bcast", At: "a.go:2"}}
	want := "\tranks 1-2, 4: Bcast, at a.go:2\n\trank 0: Barrier, at a.go:1\n\trank 3: Barrier, at a.go:3"
	if got := c.ballot(votes); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	c.members = []int{9, 8, 7, 6, 5}
	if got := c.ballot(votes); !strings.HasPrefix(got, "\tranks 1-2, 4 (5, 7-8 of the world): Bcast") {
		t.Errorf("got\n%s", got)
	}
}
