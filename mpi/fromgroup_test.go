package mpi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// has4 says whether the library has the calls of MPI-4; without them the error
// must say so.
func has4(t *testing.T, c *mpi.Comm, err error) bool {
	t.Helper()
	if major, _ := mpi.StandardVersion(); major < 4 {
		if c != nil {
			t.Error("there is a communicator beside the error")
		}
		is(t, err, mpi.ErrUnsupported, "MPI-4")
		return false
	}
	must(t, err)
	return true
}

func TestCommCreateFromGroup(t *testing.T) {
	world := mpitest.World(t)
	n, me := world.Size(), world.Rank()
	all, err := world.Group()
	must(t, err)
	reversed := identity(n)
	slices.Reverse(reversed)
	for i, ranks := range [][]int{identity(n), reversed, reversed[:(n+1)/2], {n - 1}, {}} {
		g, err := all.Incl(ranks...)
		must(t, err)
		if !slices.Contains(ranks, me) {
			c, err := mpi.CommCreateFromGroup(g, "outside", nil)
			must(t, err)
			if c != nil {
				t.Errorf("a rank outside %v got a communicator", ranks)
			}
		} else {
			c, err := mpi.CommCreateFromGroup(g, fmt.Sprint("mpi4go test ", i), mpi.Info{"no_such_hint": "1"})
			if has4(t, c, err) {
				works(t, fmt.Sprint("CommCreateFromGroup of ", ranks), c, ranks, me)
			}
		}
		must(t, g.Free())
	}
	// Only the members call, two groups at once; the longest tag there is.
	half := reversed[:n/2]
	if me < n-n/2 {
		half = reversed[n/2:]
	}
	g, err := all.Incl(half...)
	must(t, err)
	c, err := mpi.CommCreateFromGroup(g, strings.Repeat("x", 255), nil)
	if has4(t, c, err) {
		works(t, "CommCreateFromGroup of each half", c, half, me)
	}
	must(t, g.Free())
	must(t, all.Free())
}

func TestIntercommCreateFromGroups(t *testing.T) {
	world := mpitest.World(t)
	n, me := world.Size(), world.Rank()
	if n == 1 {
		return
	}
	all, err := world.Group()
	must(t, err)
	// The first cut ranks, backwards, and the rest; the last of each leads.
	cut := (n + 1) / 2
	ranks := [2][]int{identity(cut), identity(n)[cut:]}
	slices.Reverse(ranks[0])
	side := 0
	if me >= cut {
		side = 1
	}
	mine, theirs := ranks[side], ranks[1-side]
	local, err := all.Incl(mine...)
	must(t, err)
	remote, err := all.Incl(theirs...)
	must(t, err)
	remoteLeader := len(theirs) - 1
	if local.Rank() != len(mine)-1 {
		remoteLeader = -7 // asked for on the leader only
	}
	c, err := mpi.IntercommCreateFromGroups(local, len(mine)-1, remote, remoteLeader, "mpi4go test", mpi.Info{})
	if has4(t, c, err) {
		if !c.IsInter() || c.Rank() != slices.Index(mine, me) || c.Size() != len(mine) || c.RemoteSize() != len(theirs) {
			t.Fatalf("rank %d of %d and %d, want %d of %d and %d", c.Rank(), c.Size(), c.RemoteSize(), slices.Index(mine, me), len(mine), len(theirs))
		}
		// Everybody hears from everybody on the other side.
		var rs []*mpi.Request
		got := make([][]int, len(theirs))
		for r := range theirs {
			got[r] = make([]int, 1)
			rs = append(rs, mpi.Isend(c, []int{me}, r, 3), mpi.Irecv(c, got[r], r, 3))
		}
		must(t, mpi.Waitall(rs...))
		for r, rank := range theirs {
			if got[r][0] != rank {
				t.Errorf("rank %d of the other group says it is %d, want %d", r, got[r][0], rank)
			}
		}
		must(t, c.Free())
	}
	must(t, local.Free())
	must(t, remote.Free())
	must(t, all.Free())
}

func TestFromGroupRefuses(t *testing.T) {
	world := mpitest.World(t)
	n, me := world.Size(), world.Rank()
	all, err := world.Group()
	must(t, err)
	own, err := all.Incl(me)
	must(t, err)
	others, err := all.Excl(me)
	must(t, err)
	freed, err := world.Group()
	must(t, err)
	must(t, freed.Free())
	from := func(g *mpi.Group, tag string, info mpi.Info) func() error {
		return func() error { _, err := mpi.CommCreateFromGroup(g, tag, info); return err }
	}
	inter := func(local *mpi.Group, leader int, remote *mpi.Group, remoteLeader int, tag string) func() error {
		return func() error {
			_, err := mpi.IntercommCreateFromGroups(local, leader, remote, remoteLeader, tag, nil)
			return err
		}
	}
	long := strings.Repeat("x", 300)
	table := []refusal{
		{"CommCreateFromGroup, nil group", mpi.ErrGroup, "the group is nil", from(nil, "t", nil)},
		{"CommCreateFromGroup, freed group", mpi.ErrGroup, "the group has been freed", from(freed, "t", nil)},
		{"CommCreateFromGroup, long tag", mpi.ErrArg, "tag has 300 bytes", from(all, long, nil)},
		{"CommCreateFromGroup, zero in tag", mpi.ErrArg, "zero byte", from(all, "a\x00b", nil)},
		{"CommCreateFromGroup, bad hint", mpi.ErrInfoKey, "info has the key", from(all, "t", mpi.Info{"": "x"})},
		{"IntercommCreateFromGroups, nil local group", mpi.ErrGroup, "the local group is nil", inter(nil, 0, all, 0, "t")},
		{"IntercommCreateFromGroups, not in the local group", mpi.ErrGroup, "not in the local group", inter(others, 0, own, 0, "t")},
		{"IntercommCreateFromGroups, no such leader", mpi.ErrRank, "localLeader is 1, but", inter(own, 1, others, 0, "t")},
		{"IntercommCreateFromGroups, nil remote group", mpi.ErrGroup, "the remote group is nil", inter(own, 0, nil, 0, "t")},
		{"IntercommCreateFromGroups, no such remote leader", mpi.ErrRank, fmt.Sprintf("remoteLeader is %d, but", n-1), inter(own, 0, others, n-1, "t")},
		{"IntercommCreateFromGroups, members in common", mpi.ErrGroup, "1 members in common", inter(own, 0, all, 0, "t")},
		{"IntercommCreateFromGroups, long tag", mpi.ErrArg, "tag has 300 bytes", inter(own, 0, others, 0, long)},
	}
	refused(t, world, table)
	must(t, own.Free())
	must(t, others.Free())
	must(t, all.Free())
}
