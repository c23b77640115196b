package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// bridge is an intercommunicator between two parts of the test's world, of
// different size where there are enough ranks.
type bridge struct {
	*mpi.Comm
	side   int    // which group this rank is in
	groups [2]int // how many ranks each has
	first  [2]int // the rank in the world with which it begins
}

// bridged makes the bridge; one rank alone has none, and skips f.
func bridged(t *testing.T, f func(t *testing.T, b bridge)) {
	world := mpitest.World(t)
	n, me := world.Size(), world.Rank()
	if n == 1 {
		return
	}
	b := bridge{first: [2]int{0, max(1, (n-1)/2)}}
	b.groups = [2]int{b.first[1], n - b.first[1]}
	if me >= b.first[1] {
		b.side = 1
	}
	local, err := world.Split(b.side, me)
	must(t, err)
	// The last rank of a group leads it; the others need no peer.
	leader := func(side int) int { return b.groups[side] - 1 }
	peer := world
	if local.Rank() != leader(b.side) {
		peer = nil
	}
	b.Comm, err = mpi.IntercommCreate(local, leader(b.side), peer, b.first[1-b.side]+leader(1-b.side), 5)
	must(t, err)
	must(t, local.Free())
	f(t, b)
	must(t, b.Free())
}

// theirs is the other group's size.
func (b bridge) theirs() int { return b.groups[1-b.side] }

// root is what this rank calls rank r of a group.
func (b bridge) root(side, r int) int {
	switch {
	case b.side != side:
		return r
	case b.Rank() == r:
		return mpi.Root
	}
	return mpi.ProcNull
}

// item is element i of what rank r of a group has.
func item(side, r, i int) int32 { return int32(10000*(side+1) + 1000*r + i) }

// items are n of them, from element i.
func items(side, r, i, n int) []int32 {
	s := make([]int32, n)
	for k := range s {
		s[k] = item(side, r, i+k)
	}
	return s
}

// sums are n elements, from i, of the sum over a group.
func (b bridge) sums(side, i, n int) []int32 {
	s := make([]int32, n)
	for r := range b.groups[side] {
		for k := range s {
			s[k] += item(side, r, i+k)
		}
	}
	return s
}

func (b bridge) equal(t *testing.T, what string, got, want []int32) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s on rank %d of group %d (of %v ranks): %v, want %v", what, b.Rank(), b.side, b.groups, got, want)
	}
}

func TestIntercomm(t *testing.T) {
	bridged(t, func(t *testing.T, b bridge) {
		dup, err := b.Dup()
		must(t, err)
		for _, c := range []*mpi.Comm{b.Comm, dup} {
			if !c.IsInter() || c.Size() != b.groups[b.side] || c.RemoteSize() != b.theirs() {
				t.Fatalf("inter %v, %d ranks to %d, want %d to %d", c.IsInter(), c.Size(), c.RemoteSize(), b.groups[b.side], b.theirs())
			}
		}
		if k, err := b.Compare(dup); err != nil || k != mpi.Congruent {
			t.Errorf("a Dup compares as %v, %v", k, err)
		}
		must(t, dup.Free())
		dup, r := b.Idup()
		_, err = r.Wait()
		must(t, err)
		if dup.RemoteSize() != b.theirs() {
			t.Errorf("Idup has %d remote ranks, want %d", dup.RemoteSize(), b.theirs())
		}
		must(t, dup.Free())

		// The groups, as ranks of the world.
		world, err := mpi.World().Group()
		must(t, err)
		mine, err := b.Group()
		must(t, err)
		other, err := b.RemoteGroup()
		must(t, err)
		for side, g := range map[int]*mpi.Group{b.side: mine, 1 - b.side: other} {
			want := identity(b.groups[side])
			for i := range want {
				want[i] += b.first[side]
			}
			if got := members(t, g, world); !slices.Equal(got, want) {
				t.Errorf("group %d has %v, want %v", side, got, want)
			}
		}
		for _, g := range []*mpi.Group{world, mine, other} {
			must(t, g.Free())
		}

		// Peers are the ranks of the other group: each tells all of them.
		var rs []*mpi.Request
		got := make([][]int32, b.theirs())
		for i := range got {
			got[i] = make([]int32, 2)
			rs = append(rs, mpi.Irecv(b.Comm, got[i], i, 3))
		}
		for i := range got {
			must(t, mpi.Send(b.Comm, items(b.side, b.Rank(), i, 2), i, 3))
		}
		must(t, mpi.Waitall(rs...))
		for i := range got {
			b.equal(t, fmt.Sprint("Recv from ", i), got[i], items(1-b.side, i, b.Rank(), 2))
		}
		is(t, mpi.Send(b.Comm, got[0], b.theirs(), 0), mpi.ErrRank, fmt.Sprintf("ranks are 0 to %d", b.theirs()-1))
	})
}

func TestMerge(t *testing.T) {
	bridged(t, func(t *testing.T, b bridge) {
		for high := range 2 {
			c, err := b.Merge(b.side == high)
			must(t, err)
			var want []int32
			for _, side := range []int{1 - high, high} {
				for r := range b.groups[side] {
					want = append(want, item(side, r, 0))
				}
			}
			got := make([]int32, c.Size())
			must(t, mpi.Allgather(c, items(b.side, b.Rank(), 0, 1), got))
			b.equal(t, "Merge", got, want)
			if c.IsInter() {
				t.Error("the result of Merge is an intercommunicator")
			}
			must(t, c.Free())
		}
		// Both say the same: the groups come in either order.
		c, err := b.Merge(false)
		must(t, err)
		if c.Size() != b.groups[0]+b.groups[1] {
			t.Errorf("Merge has %d ranks", c.Size())
		}
		must(t, c.Free())
		_, err = mpi.Self().Merge(false)
		is(t, err, mpi.ErrComm, "not an intercommunicator")
	})
}

func TestIntercommCreateRefuses(t *testing.T) {
	c := mpitest.World(t)
	one, err := c.Split(c.Rank(), 0)
	must(t, err)
	create := func(local *mpi.Comm, leader int, peer *mpi.Comm, remote, tag int) func() error {
		return func() error { _, err := mpi.IntercommCreate(local, leader, peer, remote, tag); return err }
	}
	refused(t, c, []refusal{
		{"IntercommCreate, no local", mpi.ErrComm, "nil", create(nil, 0, c, 0, 0)},
		{"IntercommCreate, no peer on the leader", mpi.ErrComm, "nil", create(one, 0, nil, 0, 0)},
		{"IntercommCreate, leader beyond", mpi.ErrRank, "localLeader is 1", create(one, 1, c, 0, 0)},
		{"IntercommCreate, remote beyond", mpi.ErrRank, fmt.Sprintf("remoteLeader is %d", c.Size()), create(one, 0, c, c.Size(), 0)},
		{"IntercommCreate, remote itself", mpi.ErrRank, "this rank itself", create(one, 0, c, c.Rank(), 0)},
		{"IntercommCreate, tag", mpi.ErrTag, "tag is -1", create(one, 0, c, 0, -1)},
	})
	must(t, one.Free())
}

// Every collective from group to group, from and to every root, in every form,
// with another length in each direction where MPI lets them differ.
func TestIntercommCollectives(t *testing.T) {
	bridged(t, func(t *testing.T, b bridge) {
		for _, form := range []form{plain, nonblocking, persistent} {
			t.Run(string(form), func(t *testing.T) {
				f := functionsOf[[]int32](form)
				b.barrier(t, form)
				for side := range 2 {
					for r := range b.groups[side] {
						b.rooted(t, f, side, r)
					}
				}
				b.all(t, f)
				b.reductions(t, f)
			})
		}
	})
}

func (b bridge) barrier(t *testing.T, form form) {
	switch form {
	case plain:
		must(t, b.Barrier())
	case nonblocking:
		must(t, form.finish(b.Ibarrier()))
	case persistent:
		must(t, form.finish(b.BarrierInit()))
	}
}

// rooted tests the collectives with a root, rank r of the group side.
func (b bridge) rooted(t *testing.T, f functions[[]int32], side, r int) {
	const n = 3
	root, other := b.root(side, r), 1-side
	isRoot, others := root == mpi.Root, b.side == other
	many := b.groups[other]
	say := func(call string) string { return fmt.Sprintf("%s, root %d of group %d", call, r, side) }

	buf := items(b.side, b.Rank(), 0, n)
	want := slices.Clone(buf)
	if others {
		want = items(side, r, 0, n)
	}
	must(t, f.Bcast(b.Comm, buf, root))
	b.equal(t, say("Bcast"), buf, want)

	// The root has no part of its own, and the rest of its group nothing at all.
	var send, recv []int32
	want = nil
	if others {
		send = items(b.side, b.Rank(), 0, n)
	}
	if isRoot {
		recv = make([]int32, n*many)
		for i := range many {
			want = append(want, items(other, i, 0, n)...)
		}
	}
	must(t, f.Gather(b.Comm, send, recv, root))
	b.equal(t, say("Gather"), recv, want)

	send, recv, want = nil, nil, nil
	if isRoot {
		send = items(side, r, 0, n*many)
	}
	if others {
		recv = make([]int32, n)
		want = items(side, r, n*b.Rank(), n)
	}
	must(t, f.Scatter(b.Comm, send, recv, root))
	b.equal(t, say("Scatter"), recv, want)

	counts := make([]int, many)
	for i := range counts {
		counts[i] = (i + 1) % 3 // some give nothing
	}
	for how := range 3 {
		p := place(how, counts)
		var pc, pd []int
		send, recv, want = nil, nil, nil
		if others {
			send = items(b.side, b.Rank(), 0, counts[b.Rank()])
		}
		if isRoot {
			pc, pd = p.counts, p.displs
			recv, want = make([]int32, p.n), make([]int32, p.n)
			for i, k := range counts {
				if k > 0 {
					copy(want[p.at[i]:], items(other, i, 0, k))
				}
			}
		}
		must(t, f.Gatherv(b.Comm, send, recv, pc, pd, root))
		b.equal(t, say("Gatherv"), recv, want)

		send, recv, want = nil, nil, nil
		if isRoot {
			send = items(side, r, 0, p.n)
		}
		if others {
			k := counts[b.Rank()]
			recv, want = make([]int32, k), items(side, r, p.at[b.Rank()], k)
		}
		must(t, f.Scatterv(b.Comm, send, pc, pd, recv, root))
		b.equal(t, say("Scatterv"), recv, want)
	}

	send, recv, want = nil, nil, nil
	if others {
		send = items(b.side, b.Rank(), 0, n)
	}
	if isRoot {
		recv, want = make([]int32, n), b.sums(other, 0, n)
	}
	must(t, f.Reduce(b.Comm, send, recv, op.Sum, root))
	b.equal(t, say("Reduce"), recv, want)
}

// all tests the collectives in which each group gets what the other gives.
func (b bridge) all(t *testing.T, f functions[[]int32]) {
	me, there, many := b.Rank(), 1-b.side, b.theirs()
	length := [2]int{2, 5} // of what a rank of each group sends

	send := items(b.side, me, 0, length[b.side])
	recv := make([]int32, length[there]*many)
	var want []int32
	for i := range many {
		want = append(want, items(there, i, 0, length[there])...)
	}
	must(t, f.Allgather(b.Comm, send, recv))
	b.equal(t, "Allgather", recv, want)

	send = items(b.side, me, 0, length[b.side]*many)
	recv, want = make([]int32, length[there]*many), nil
	for i := range many {
		want = append(want, items(there, i, length[there]*me, length[there])...)
	}
	must(t, f.Alltoall(b.Comm, send, recv))
	b.equal(t, "Alltoall", recv, want)

	// One group gives nothing.
	send, recv, want = nil, nil, nil
	if b.side == 1 {
		send = items(b.side, me, 0, 2)
	} else {
		recv = make([]int32, 2*many)
		for i := range many {
			want = append(want, items(there, i, 0, 2)...)
		}
	}
	must(t, f.Allgather(b.Comm, send, recv))
	b.equal(t, "Allgather from one group", recv, want)

	gives := func(side, r int) int { return (r + side) % 3 }
	sends := func(side, from, to int) int { return (2*from + to + side) % 3 }
	for how := range 3 {
		in, to, from := make([]int, many), make([]int, many), make([]int, many)
		for i := range many {
			in[i], to[i], from[i] = gives(there, i), sends(b.side, me, i), sends(there, i, me)
		}
		p := place(how, in)
		recv, want = make([]int32, p.n), make([]int32, p.n)
		for i, k := range in {
			if k > 0 {
				copy(want[p.at[i]:], items(there, i, 0, k))
			}
		}
		must(t, f.Allgatherv(b.Comm, items(b.side, me, 0, gives(b.side, me)), recv, p.counts, p.displs))
		b.equal(t, "Allgatherv", recv, want)

		out, p := place(how, to), place(how, from)
		send, recv, want = make([]int32, out.n), make([]int32, p.n), make([]int32, p.n)
		outs, ins := make([]mpi.Buffer, many), make([]mpi.Buffer, many)
		wrecv := make([]int32, p.n)
		for i := range many {
			if to[i] > 0 {
				copy(send[out.at[i]:], items(b.side, me, 10*i, to[i]))
				outs[i] = mpi.Slice(send[out.at[i]:][:to[i]])
			}
			if from[i] > 0 {
				copy(want[p.at[i]:], items(there, i, 10*me, from[i]))
				ins[i] = mpi.Slice(wrecv[p.at[i]:][:from[i]])
			}
		}
		must(t, f.Alltoallv(b.Comm, send, out.counts, out.displs, recv, p.counts, p.displs))
		b.equal(t, "Alltoallv", recv, want)
		must(t, f.Alltoallw(b.Comm, outs, ins))
		b.equal(t, "Alltoallw", wrecv, want)
	}
}

func (b bridge) reductions(t *testing.T, f functions[[]int32]) {
	me, mine, there := b.Rank(), b.groups[b.side], 1-b.side
	const n = 4
	recv := make([]int32, n)
	must(t, f.Allreduce(b.Comm, items(b.side, me, 0, n), recv, op.Sum))
	b.equal(t, "Allreduce", recv, b.sums(there, 0, n))

	// Both groups reduce as many elements, and share the other's result.
	all := 2 * b.groups[0] * b.groups[1]
	part := all / mine
	recv = make([]int32, part)
	must(t, f.ReduceScatterBlock(b.Comm, items(b.side, me, 0, all), recv, op.Sum))
	b.equal(t, "ReduceScatterBlock", recv, b.sums(there, part*me, part))

	counts, displs := mpi.Partition(7, mine)
	recv = make([]int32, counts[me])
	must(t, f.ReduceScatter(b.Comm, items(b.side, me, 0, 7), recv, counts, op.Sum))
	b.equal(t, "ReduceScatter", recv, b.sums(there, displs[me], counts[me]))
}

// What MPI does not define for intercommunicators, and roots that are none, are
// refused on every rank.
func TestIntercommRefuses(t *testing.T) {
	bridged(t, func(t *testing.T, b bridge) {
		one, all := make([]float64, 2), make([]float64, 2*b.theirs())
		f := functionsOf[[]float64](plain)
		const says = "intercommunicator, for which MPI does not define"
		for what, err := range map[string]error{
			"Scan":                      f.Scan(b.Comm, one, all, op.Sum),
			"ScanInPlace":               f.ScanInPlace(b.Comm, one, op.Sum),
			"Exscan":                    f.Exscan(b.Comm, one, all, op.Sum),
			"ExscanInPlace":             f.ExscanInPlace(b.Comm, one, op.Sum),
			"GatherInPlace":             f.GatherInPlace(b.Comm, one, 0),
			"GathervInPlace":            f.GathervInPlace(b.Comm, one, nil, nil, 0),
			"ScatterInPlace":            f.ScatterInPlace(b.Comm, one, 0),
			"ScattervInPlace":           f.ScattervInPlace(b.Comm, one, nil, nil, 0),
			"AllgatherInPlace":          f.AllgatherInPlace(b.Comm, one),
			"AllgathervInPlace":         f.AllgathervInPlace(b.Comm, one, nil, nil),
			"AlltoallInPlace":           f.AlltoallInPlace(b.Comm, one),
			"AlltoallvInPlace":          f.AlltoallvInPlace(b.Comm, one, nil, nil),
			"AlltoallwInPlace":          f.AlltoallwInPlace(b.Comm, nil),
			"ReduceInPlace":             f.ReduceInPlace(b.Comm, one, op.Sum, 0),
			"AllreduceInPlace":          f.AllreduceInPlace(b.Comm, one, op.Sum),
			"ReduceScatterBlockInPlace": f.ReduceScatterBlockInPlace(b.Comm, one, op.Sum),
			"ReduceScatterInPlace":      f.ReduceScatterInPlace(b.Comm, one, nil, op.Sum),
		} {
			var e *mpi.Error
			if !errors.As(err, &e) || e.Op != what {
				t.Errorf("%s: %v", what, err)
			}
			is(t, err, mpi.ErrComm, says)
		}
		is(t, f.Bcast(b.Comm, one, b.theirs()), mpi.ErrRoot, "must be Root or ProcNull")
		is(t, f.Gather(b.Comm, one, all, mpi.AnySource), mpi.ErrRoot, "must be Root or ProcNull")
		// Lengths that the other group's size does not divide.
		odd := make([]float64, 2*b.theirs()+1)
		if b.theirs() > 1 {
			is(t, f.Gather(b.Comm, nil, odd, mpi.Root), mpi.ErrCount, "len(recv)")
			is(t, f.Scatter(b.Comm, odd, nil, mpi.Root), mpi.ErrCount, "len(send)")
			is(t, f.Allgather(b.Comm, one, odd), mpi.ErrCount, "len(recv)")
			is(t, f.Alltoall(b.Comm, odd, all), mpi.ErrCount, "len(send)")
		}
		is(t, f.Gatherv(b.Comm, nil, all, make([]int, b.theirs()+1), nil, mpi.Root), mpi.ErrCount, "counts")
		is(t, f.Alltoallw(b.Comm, make([]mpi.Buffer, b.theirs()+1), nil), mpi.ErrCount, "send has")
	})
}
