package mpi_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// refusal is a bad call and the error that it must give.
type refusal struct {
	name  string // the call, then what is wrong with it
	class mpi.Class
	says  string // in the message, which names the argument and its value
	do    func() error
}

// refused deals the calls out to the ranks, one for each between two Barriers:
// an error found only after some communication would hang there, or disturb the
// Barrier.
func refused(t *testing.T, c *mpi.Comm, table []refusal) {
	t.Helper()
	for i, r := range table {
		if c.Rank() == i%c.Size() {
			err := r.do()
			var e *mpi.Error
			call, _, _ := strings.Cut(r.name, ",")
			if !errors.As(err, &e) || !errors.Is(err, r.class) || e.Op != call || e.Code != 0 || !strings.Contains(e.Msg, r.says) {
				t.Errorf("%s: got %v, want %v from before C is entered, which says %q", r.name, err, r.class, r.says)
			}
		}
		if i%c.Size() == c.Size()-1 || i == len(table)-1 {
			must(t, c.Barrier())
		}
	}
}

func TestUnusableCommunicators(t *testing.T) {
	c := mpitest.World(t)
	freed, err := c.Dup()
	must(t, err)
	must(t, freed.Free())
	var table []refusal
	for _, call := range everyCall(c.Size()) {
		table = append(table,
			refusal{call.name + ", nil communicator", mpi.ErrComm, "the communicator is nil", func() error { return call.do(nil, 0) }},
			refusal{call.name + ", freed communicator", mpi.ErrComm, "the communicator has been freed", func() error { return call.do(freed, 0) }})
	}
	refused(t, c, table)
}

func TestRoots(t *testing.T) {
	c := mpitest.World(t)
	var table []refusal
	for _, call := range everyCall(c.Size()) {
		if !call.rooted {
			continue
		}
		for _, root := range []int{-1, c.Size(), mpi.ProcNull, mpi.AnySource, math.MaxInt, math.MinInt, 1 << 32} {
			table = append(table, refusal{
				fmt.Sprintf("%s, root %d", call.name, root), mpi.ErrRoot,
				fmt.Sprintf("root is %d, but the communicator's ranks are 0 to %d", root, c.Size()-1),
				func() error { return call.do(c, root) },
			})
		}
	}
	refused(t, c, table)
}

// divided is a call whose buffer, of 3*Size elements, is divided by counts and
// displacements. Each rank calls as the root.
type divided struct {
	name, buffer, prefix string
	disjoint             bool
	do                   func(counts, displs []int) error
}

func dividedCalls(c *mpi.Comm) []divided {
	me, size := c.Rank(), c.Size()
	buf, other := make([]int16, 3*size), make([]int16, 3*size)
	// What this rank contributes has the length that counts asks for, where
	// there can be such a length.
	own := func(counts []int) []int16 {
		if len(counts) > me && counts[me] >= 0 && counts[me] <= len(other) {
			return other[:counts[me]]
		}
		return nil
	}
	ones := slices.Repeat([]int{1}, size)
	return []divided{
		{"Gatherv", "recv", "", true, func(counts, displs []int) error { return mpi.Gatherv(c, own(counts), buf, counts, displs, me) }},
		{"GathervInPlace", "buf", "", true, func(counts, displs []int) error { return mpi.GathervInPlace(c, buf, counts, displs, me) }},
		{"Scatterv", "send", "", false, func(counts, displs []int) error { return mpi.Scatterv(c, buf, counts, displs, own(counts), me) }},
		{"ScattervInPlace", "buf", "", false, func(counts, displs []int) error { return mpi.ScattervInPlace(c, buf, counts, displs, me) }},
		{"Allgatherv", "recv", "", true, func(counts, displs []int) error { return mpi.Allgatherv(c, own(counts), buf, counts, displs) }},
		{"AllgathervInPlace", "buf", "", true, func(counts, displs []int) error { return mpi.AllgathervInPlace(c, buf, counts, displs) }},
		{"Alltoallv", "send", "send", false, func(counts, displs []int) error {
			return mpi.Alltoallv(c, buf, counts, displs, other, ones, nil)
		}},
		{"Alltoallv", "recv", "recv", true, func(counts, displs []int) error {
			return mpi.Alltoallv(c, other, ones, nil, buf, counts, displs)
		}},
		{"AlltoallvInPlace", "buf", "", true, func(counts, displs []int) error { return mpi.AlltoallvInPlace(c, buf, counts, displs) }},
	}
}

func TestCountsAndDisplacements(t *testing.T) {
	c := mpitest.World(t)
	size := c.Size()
	last, n := size-1, 3*size
	// with is a slice of size entries, all of them x but the last.
	with := func(x, end int) []int {
		s := slices.Repeat([]int{x}, size)
		s[last] = end
		return s
	}
	packed := func(each int) []int {
		_, displs := mpi.Partition(each*size, size)
		return displs
	}
	ends := func(end int) []int {
		s := packed(1)
		s[last] = end
		return s
	}
	ones := with(1, 1)
	var table []refusal
	for _, d := range dividedCalls(c) {
		add := func(counts, displs []int, says string, args ...any) {
			says = strings.NewReplacer("@", d.prefix, "$", d.buffer).Replace(fmt.Sprintf(says, args...))
			table = append(table, refusal{fmt.Sprintf("%s, %scounts %v, %sdispls %v", d.name, d.prefix, counts, d.prefix, displs),
				mpi.ErrCount, says, func() error { return d.do(counts, displs) }})
		}
		add(nil, nil, "@counts has 0 entries, but the communicator has %d ranks", size)
		add(ones[:last], nil, "@counts has %d entries, but the communicator has %d ranks", last, size)
		add(append(with(1, 1), 1), nil, "@counts has %d entries, but the communicator has %d ranks", size+1, size)
		add(ones, []int{}, "@displs has 0 entries, but the communicator has %d ranks", size)
		add(ones, append(packed(1), size), "@displs has %d entries, but the communicator has %d ranks", size+1, size)

		for _, bad := range []int{-1, math.MinInt} {
			add(with(1, bad), nil, "@counts[%d] is %d", last, bad)
			add(with(1, bad), packed(1), "@counts[%d] is %d", last, bad)
			add(ones, ends(bad), "@displs[%d] is %d", last, bad)
		}

		leaves := "the part of rank %d, %d elements from %d, leaves $, whose length is %d"
		for _, part := range [][2]int{ // count and displacement of the last rank
			{1, n}, {1, math.MaxInt}, {2, n - 1}, {n + 1, 0}, {math.MaxInt, 1}, {math.MaxInt, n - 1},
			{math.MaxInt, math.MaxInt}, {2, math.MaxInt - 1}, {1 << 32, 1}, {1, 1 << 32},
		} {
			add(with(0, part[0]), ends(part[1]), leaves, last, part[0], part[1], n)
		}
		add(with(0, n+1), nil, "@counts of ranks 0 to %d sum to %d or more, but len($) is %d", last, n+1, n)
		add(with(3, 4), nil, "@counts of ranks 0 to %d sum to %d or more, but len($) is %d", last, n+1, n)
		add(with(math.MaxInt, math.MaxInt), nil, "@counts of ranks 0 to 0 sum to %d or more, but len($) is %d", n+1, n)
		add(with(3, math.MaxInt), nil, "@counts of ranks 0 to %d sum to", last)

		if !d.disjoint || size < 2 {
			continue
		}
		overlap := "the parts of ranks %d and %d overlap in $: @displs %d and %d, @counts %d and %d"
		add(with(2, 2), packed(1), overlap, 0, 1, 0, 1, 2, 2)
		add(with(1, 1), ends(last-1), overlap, last-1, last, last-1, last-1, 1, 1)
		// Out of order, one inside the other: the last comes before all others.
		add(with(1, n), ends(0)[:size], "overlap in $: @displs")
		inside := packed(1)
		for i := range inside {
			inside[i] += 2
		}
		inside[last] = 1
		add(with(1, 2), inside, overlap, last, 0, 1, 2, 2, 1)
	}
	refused(t, c, table)
}

func TestLengths(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	two, all, odd := make([]uint16, 2), make([]uint16, 2*size), make([]uint16, 2*size+1)
	var none []uint16
	twos := slices.Repeat([]int{2}, size)
	short := "len(recv) is %d, but must be at least %d: the %d ranks times len(send), which is 2"
	scatter := "len(send) is %d on root, but must be %d: the %d ranks times len(recv), which is %d"
	reduce := "len(recv) is %d, but must be at least len(send), which is 2"
	f := fmt.Sprintf
	table := []refusal{
		{"Gather, short recv", mpi.ErrCount, f(short, 2*size-1, 2*size, size), func() error { return mpi.Gather(c, two, all[:2*size-1], me) }},
		{"Gather, nil recv", mpi.ErrCount, f(short, 0, 2*size, size), func() error { return mpi.Gather(c, two, none, me) }},
		{"Allgather, short recv", mpi.ErrCount, f(short, 2*size-1, 2*size, size), func() error { return mpi.Allgather(c, two, all[:2*size-1]) }},
		{"Allgather, nil recv", mpi.ErrCount, f(short, 0, 2*size, size), func() error { return mpi.Allgather(c, two, none) }},
		{"Scatter, short send", mpi.ErrCount, f(scatter, 2*size-1, 2*size, size, 2), func() error { return mpi.Scatter(c, all[:2*size-1], two, me) }},
		{"Scatter, long send", mpi.ErrCount, f(scatter, 2*size+1, 2*size, size, 2), func() error { return mpi.Scatter(c, odd, two, me) }},
		{"Scatter, nil send", mpi.ErrCount, f(scatter, 0, 2*size, size, 2), func() error { return mpi.Scatter(c, none, two, me) }},
		{"Scatter, nil recv", mpi.ErrCount, f(scatter, 2*size, 0, size, 0), func() error { return mpi.Scatter(c, all, none, me) }},
		{"Alltoall, short recv", mpi.ErrCount, f("len(recv) is %d, but must be at least len(send), which is %d", 2*size-1, 2*size),
			func() error { return mpi.Alltoall(c, all, odd[:2*size-1]) }},

		{"Gatherv, root's own part", mpi.ErrCount, f("counts[%d] is 2, but root's own send has 1 elements", me), func() error { return mpi.Gatherv(c, two[:1], all, twos, nil, me) }},
		{"Scatterv, root's own part", mpi.ErrCount, f("counts[%d] is 2, but root's own recv has 1 elements", me), func() error { return mpi.Scatterv(c, all, twos, nil, two[:1], me) }},
		{"Scatterv, root's longer part", mpi.ErrCount, f("counts[%d] is 2, but root's own recv has 3 elements", me), func() error { return mpi.Scatterv(c, all, twos, nil, make([]uint16, 3), me) }},
		{"Allgatherv, own part", mpi.ErrCount, f("counts[%d] is 2, but this rank's send has 0 elements", me), func() error { return mpi.Allgatherv(c, none, all, twos, nil) }},
		{"Alltoallv, own part", mpi.ErrCount, f("sendcounts[%d] is 2 and recvcounts[%d] is 1", me, me),
			func() error {
				return mpi.Alltoallv(c, all, twos, nil, slices.Clone(all), slices.Repeat([]int{1}, size), nil)
			}},

		{"Reduce, short recv", mpi.ErrCount, f(reduce, 1), func() error { return mpi.Reduce(c, two, all[:1], op.Sum, me) }},
		{"Reduce, nil recv", mpi.ErrCount, f(reduce, 0), func() error { return mpi.Reduce(c, two, none, op.Sum, me) }},
		{"Allreduce, short recv", mpi.ErrCount, f(reduce, 1), func() error { return mpi.Allreduce(c, two, all[:1], op.Sum) }},
		{"Scan, short recv", mpi.ErrCount, f(reduce, 1), func() error { return mpi.Scan(c, two, all[:1], op.Sum) }},
		{"Exscan, nil recv", mpi.ErrCount, f(reduce, 0), func() error { return mpi.Exscan(c, two, none, op.Sum) }},
	}
	if size > 1 {
		multiple := f("is %d, but must be a multiple of the %d ranks", len(odd), size)
		table = append(table,
			refusal{"Alltoall, odd length", mpi.ErrCount, "len(send) " + multiple, func() error { return mpi.Alltoall(c, odd, slices.Clone(odd)) }},
			refusal{"AlltoallInPlace, odd length", mpi.ErrCount, "len(buf) " + multiple, func() error { return mpi.AlltoallInPlace(c, odd) }},
			refusal{"AllgatherInPlace, odd length", mpi.ErrCount, "len(buf) " + multiple, func() error { return mpi.AllgatherInPlace(c, odd) }},
			refusal{"GatherInPlace, odd length", mpi.ErrCount, "len(buf) " + multiple, func() error { return mpi.GatherInPlace(c, odd, me) }},
			refusal{"ScatterInPlace, odd length", mpi.ErrCount, "len(buf) " + multiple, func() error { return mpi.ScatterInPlace(c, odd, me) }},
		)
	}
	refused(t, c, table)
}

// Send and recv that share elements, at either end of one another.
func TestSharedMemory(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	n := 2 * size
	buf := make([]complex64, 2*n)
	twos := slices.Repeat([]int{2}, size)
	var table []refusal
	add := func(name string, do func() error) {
		table = append(table, refusal{name, mpi.ErrBuffer, "send and recv share memory", do})
	}
	whole := buf[1 : n+1] // the part of the call that has Size parts
	for at, two := range map[string][]complex64{"at the start": buf[:2], "at the end": buf[n : n+2]} {
		add("Gather, "+at, func() error { return mpi.Gather(c, two, whole, me) })
		add("Gatherv, "+at, func() error { return mpi.Gatherv(c, two, whole, twos, nil, me) })
		add("Scatter, "+at, func() error { return mpi.Scatter(c, whole, two, me) })
		add("Scatterv, "+at, func() error { return mpi.Scatterv(c, whole, twos, nil, two, me) })
		add("Allgather, "+at, func() error { return mpi.Allgather(c, two, whole) })
		add("Allgatherv, "+at, func() error { return mpi.Allgatherv(c, two, whole, twos, nil) })
	}
	for at, other := range map[string][]complex64{"the same": whole, "before": buf[:n], "after": buf[n : 2*n]} {
		add("Alltoall, "+at, func() error { return mpi.Alltoall(c, whole, other) })
		add("Alltoallv, "+at, func() error { return mpi.Alltoallv(c, whole, twos, nil, other, twos, nil) })
		add("Reduce, "+at, func() error { return mpi.Reduce(c, whole, other, op.Sum, me) })
		add("Allreduce, "+at, func() error { return mpi.Allreduce(c, whole, other, op.Sum) })
		add("Scan, "+at, func() error { return mpi.Scan(c, whole, other, op.Sum) })
		add("Exscan, "+at, func() error { return mpi.Exscan(c, whole, other, op.Sum) })
	}
	// A map has no order, and the ranks must agree on who makes which call.
	slices.SortFunc(table, func(a, b refusal) int { return strings.Compare(a.name, b.name) })
	refused(t, c, table)
}

func TestPartition(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 10, 12, 100, 101, math.MaxInt} {
		for parts := 1; parts < 12; parts++ {
			counts, displs := mpi.Partition(n, parts)
			if len(counts) != parts || len(displs) != parts {
				t.Fatalf("Partition(%d, %d): %d counts and %d displacements", n, parts, len(counts), len(displs))
			}
			at := 0
			for i, k := range counts {
				if displs[i] != at {
					t.Errorf("Partition(%d, %d): part %d is at %d, want %d", n, parts, i, displs[i], at)
				}
				if i > 0 && k > counts[i-1] {
					t.Errorf("Partition(%d, %d): part %d, of %d elements, is larger than the one before it", n, parts, i, k)
				}
				at += k
			}
			if at != n || counts[0]-counts[parts-1] > 1 {
				t.Errorf("Partition(%d, %d): %v is not an even split", n, parts, counts)
			}
		}
	}
	if counts, displs := mpi.Partition(10, 4); !slices.Equal(counts, []int{3, 3, 2, 2}) || !slices.Equal(displs, []int{0, 3, 6, 8}) {
		t.Errorf("Partition(10, 4): %v at %v", counts, displs)
	}
	for _, bad := range [][2]int{{-1, 2}, {3, 0}, {3, -1}, {math.MinInt, math.MinInt}} {
		func() {
			defer func() {
				want := fmt.Sprintf("cannot split %d elements into %d parts", bad[0], bad[1])
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("Partition(%d, %d) panics with %q, want %q", bad[0], bad[1], got, want)
				}
			}()
			mpi.Partition(bad[0], bad[1])
		}()
	}
}
