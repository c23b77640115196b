package mpi_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// members are the ranks of g in all.
func members(t *testing.T, g, all *mpi.Group) []int {
	t.Helper()
	ranks := make([]int, g.Size())
	for i := range ranks {
		ranks[i] = i
	}
	ranks, err := g.TranslateRanks(ranks, all)
	must(t, err)
	return ranks
}

// wantGroup checks and frees a group that a call returned.
func wantGroup(t *testing.T, what string, all *mpi.Group, want []int) func(*mpi.Group, error) {
	return func(g *mpi.Group, err error) {
		t.Helper()
		must(t, err)
		if got := members(t, g, all); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		rank := slices.Index(want, all.Rank())
		if rank < 0 {
			rank = mpi.Undefined
		}
		if g.Rank() != rank || g.Size() != len(want) {
			t.Errorf("%s: rank %d of %d, want %d of %d", what, g.Rank(), g.Size(), rank, len(want))
		}
		must(t, g.Free())
		must(t, g.Free())
	}
}

func without(a, b []int) []int {
	return slices.DeleteFunc(slices.Clone(a), func(r int) bool { return slices.Contains(b, r) })
}

// All operations on all sorts of groups, against lists of ranks.
func TestGroup(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	all, err := c.Group()
	must(t, err)
	if all.Size() != n || all.Rank() != c.Rank() {
		t.Errorf("the group of the world: rank %d of %d, want %d of %d", all.Rank(), all.Size(), c.Rank(), n)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	some := func() []int { return rng.Perm(n)[:rng.IntN(n+1)] }
	for range 40 {
		a, b := some(), some()
		ga, err := all.Incl(a...)
		must(t, err)
		gb, err := all.Incl(b...)
		must(t, err)
		wantGroup(t, fmt.Sprint("incl ", a), all, a)(all.Incl(a...))
		wantGroup(t, fmt.Sprint("excl ", a), all, without(identity(n), a))(all.Excl(a...))
		wantGroup(t, fmt.Sprint(a, " union ", b), all, append(slices.Clone(a), without(b, a)...))(ga.Union(gb))
		wantGroup(t, fmt.Sprint(a, " intersection ", b), all, without(a, without(identity(n), b)))(ga.Intersection(gb))
		wantGroup(t, fmt.Sprint(a, " difference ", b), all, without(a, b))(ga.Difference(gb))

		want := mpi.Unequal
		switch {
		case slices.Equal(a, b):
			want = mpi.Ident
		case len(a) == len(b) && len(without(a, b)) == 0:
			want = mpi.Similar
		}
		if got, err := ga.Compare(gb); err != nil || got != want {
			t.Errorf("%v compared with %v: %v, %v, want %v", a, b, got, err, want)
		}
		where, err := ga.TranslateRanks(append(identity(len(a)), mpi.ProcNull), gb)
		must(t, err)
		for i, r := range a {
			at := slices.Index(b, r)
			if at < 0 {
				at = mpi.Undefined
			}
			if where[i] != at {
				t.Errorf("rank %d of %v is %d in %v, want %d", i, a, where[i], b, at)
			}
		}
		if where[len(a)] != mpi.ProcNull {
			t.Errorf("ProcNull translates to %d", where[len(a)])
		}
		must(t, ga.Free())
		must(t, gb.Free())
	}
	// Ranges: every first, last and stride that makes sense.
	for first := range n {
		for last := range n {
			for stride := -n; stride <= n; stride++ {
				if stride == 0 || (last-first)*stride < 0 {
					continue
				}
				var want []int
				for r := first; stride > 0 && r <= last || stride < 0 && r >= last; r += stride {
					want = append(want, r)
				}
				x := mpi.Range{First: first, Last: last, Stride: stride}
				wantGroup(t, fmt.Sprintf("%+v", x), all, want)(all.RangeIncl(x))
				wantGroup(t, fmt.Sprintf("all but %+v", x), all, without(identity(n), want))(all.RangeExcl(x))
			}
		}
	}
	wantGroup(t, "no ranges", all, nil)(all.RangeIncl())
	wantGroup(t, "no ranges excluded", all, identity(n))(all.RangeExcl())
	wantGroup(t, "a long stride", all, []int{0})(all.RangeIncl(mpi.Range{Last: math.MaxInt32, Stride: math.MaxInt}))
	if n > 1 {
		two := []mpi.Range{{First: n - 1, Last: 1, Stride: -1}, {First: 0, Last: 0, Stride: 1}}
		want := identity(n)
		slices.Reverse(want)
		wantGroup(t, "two ranges", all, want)(all.RangeIncl(two...))
		wantGroup(t, "all in two ranges", all, nil)(all.RangeExcl(two...))
	}
	wantGroup(t, "the empty group", all, nil)(mpi.EmptyGroup(), nil)
	wantGroup(t, "the empty group and all", all, identity(n))(mpi.EmptyGroup().Union(all))
	must(t, all.Free())
	must(t, (*mpi.Group)(nil).Free())
}

func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestGroupRefuses(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	g, err := c.Group()
	must(t, err)
	freed, err := c.Group()
	must(t, err)
	must(t, freed.Free())
	incl := func(ranks ...int) func() error {
		return func() error { _, err := g.Incl(ranks...); return err }
	}
	ranges := func(first, last, stride int) func() error {
		return func() error {
			_, err := g.RangeIncl(mpi.Range{First: first, Last: last, Stride: stride})
			return err
		}
	}
	refused(t, c, []refusal{
		{"Group.Incl, beyond", mpi.ErrRank, fmt.Sprintf("ranks[1] is %d, but the group's ranks are 0 to %d", n, n-1), incl(0, n)},
		{"Group.Incl, negative", mpi.ErrRank, "ranks[0] is -1", incl(-1)},
		{"Group.Incl, far beyond", mpi.ErrRank, "ranks[0] is 4294967296", incl(1 << 32)},
		{"Group.Incl, twice", mpi.ErrRank, "ranks[0] and ranks[1] are both 0", incl(0, 0)},
		{"Group.Excl, twice", mpi.ErrRank, "ranks[0] and ranks[1] are both 0", func() error { _, err := g.Excl(0, 0); return err }},
		{"Group.Incl, the empty group", mpi.ErrRank, "the group is empty", func() error { _, err := mpi.EmptyGroup().Incl(0); return err }},
		{"Group.TranslateRanks, beyond", mpi.ErrRank, "ranks[0] is", func() error { _, err := g.TranslateRanks([]int{n}, g); return err }},
		{"Group.RangeIncl, stride 0", mpi.ErrArg, "a stride cannot be 0", ranges(0, 0, 0)},
		{"Group.RangeIncl, stride the wrong way", mpi.ErrArg, "leads away", ranges(0, 1, -1)},
		{"Group.RangeIncl, first beyond", mpi.ErrRank, "First:", ranges(n, n, 1)},
		{"Group.RangeIncl, last beyond", mpi.ErrRank, fmt.Sprintf("ends at rank %d", n), ranges(0, n, 1)},
		{"Group.RangeIncl, last below", mpi.ErrRank, "Last:-9223372036854775808", ranges(0, math.MinInt, -1)},
		{"Group.RangeExcl, twice", mpi.ErrRank, "rank 0 is named twice: in ranges[0] and ranges[1]", func() error {
			_, err := g.RangeExcl(mpi.Range{Stride: 1}, mpi.Range{Stride: 1})
			return err
		}},
		{"Group.Incl, a freed group", mpi.ErrGroup, "the group has been freed", func() error { _, err := freed.Incl(); return err }},
		{"Group.Union, a nil group", mpi.ErrGroup, "the other group is nil", func() error { _, err := g.Union(nil); return err }},
		{"Group.Compare, a freed group", mpi.ErrGroup, "the other group has been freed", func() error { _, err := g.Compare(freed); return err }},
		{"Comm.RemoteGroup, the world", mpi.ErrComm, "not an intercommunicator", func() error { _, err := c.RemoteGroup(); return err }},
		{"Comm.Group, no communicator", mpi.ErrComm, "nil", func() error { _, err := (*mpi.Comm)(nil).Group(); return err }},
	})
	must(t, g.Free())
}
