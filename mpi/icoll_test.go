package mpi_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// Several collectives are in flight on one communicator and on duplicates, and
// are waited for in any order, by different goroutines.
func TestCollectivesInFlight(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	comms := []*mpi.Comm{c}
	for range 2 {
		d, err := c.Dup()
		must(t, err)
		comms = append(comms, d)
	}
	const each = 12
	for _, n := range []int{1, 3000} {
		var rs []*mpi.Request
		var checks []func() error
		for i := range each {
			for k, d := range comms {
				root := (i + k) % size
				in, out := make([]int, n), make([]int, n*size)
				for j := range in {
					in[j] = 1000*me + 10*i + k + j
				}
				switch (i + k) % 4 {
				case 0:
					rs = append(rs, mpi.Iallreduce(d, in, out[:n], op.Sum))
					checks = append(checks, func() error {
						for j := range n {
							if want := 1000*size*(size-1)/2 + size*(10*i+k+j); out[j] != want {
								return fmt.Errorf("Iallreduce %d: element %d is %d, want %d", i, j, out[j], want)
							}
						}
						return nil
					})
				case 1:
					rs = append(rs, mpi.Ibcast(d, in, root))
					checks = append(checks, func() error {
						for j := range n {
							if want := 1000*root + 10*i + k + j; in[j] != want {
								return fmt.Errorf("Ibcast %d: element %d is %d, want %d", i, j, in[j], want)
							}
						}
						return nil
					})
				case 2:
					rs = append(rs, mpi.Iallgather(d, in, out))
					checks = append(checks, func() error {
						for j := range out {
							if want := 1000*(j/n) + 10*i + k + j%n; out[j] != want {
								return fmt.Errorf("Iallgather %d: element %d is %d, want %d", i, j, out[j], want)
							}
						}
						return nil
					})
				case 3:
					rs = append(rs, d.Ibarrier())
					checks = append(checks, func() error { return nil })
				}
			}
		}
		runtime.GC() // nobody but MPI uses the buffers now, and the checks
		order := make([]int, len(rs))
		for i := range order {
			order[i] = i
		}
		// Each rank waits in an order of its own.
		switch me % 3 {
		case 0:
			slices.Reverse(order)
		case 1:
			slices.SortFunc(order, func(a, b int) int { return a%7 - b%7 })
		}
		var wg sync.WaitGroup
		for g := range 3 {
			wg.Go(func() {
				for at, i := range order {
					if at%3 != g {
						continue
					}
					if st, err := rs[i].Wait(); err != nil || st != (mpi.Status{}) {
						t.Errorf("request %d: %+v, %v", i, st, err)
					}
					if err := checks[i](); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	for _, d := range comms[1:] {
		must(t, d.Free())
	}
}

// A barrier of any form is complete only when all ranks have begun it.
func TestBarriers(t *testing.T) {
	c := mpitest.World(t)
	for _, form := range []form{plain, nonblocking, persistent} {
		t.Run(string(form), func(t *testing.T) { barriers(t, c, form) })
	}
}

func barriers(t *testing.T, c *mpi.Comm, form form) {
	last := c.Size() - 1
	if c.Rank() == last {
		for range last {
			_, err := mpi.Recv(c, []int{}, mpi.AnySource, 0)
			must(t, err)
		}
	}
	var r *mpi.Request
	over := make(chan error, 1)
	switch form {
	case plain:
		go func() { over <- c.Barrier() }()
	case nonblocking:
		r = c.Ibarrier()
	case persistent:
		r = c.BarrierInit()
		must(t, r.Start())
	}
	if c.Rank() != last {
		for range 50 {
			done := len(over) > 0
			var err error
			if r != nil {
				_, done, err = r.Test()
			} else {
				_, _, err = c.Iprobe(c.Rank(), 1) // gives the library time
			}
			if done || err != nil {
				t.Fatalf("complete before rank %d began: %v", last, err)
			}
		}
		must(t, mpi.Send(c, []int{}, last, 0))
	}
	if r == nil {
		must(t, <-over)
		return
	}
	_, err := r.Wait()
	must(t, err)
	if form == persistent {
		must(t, r.Free())
	}
}

// Started again and again, a persistent collective takes what is in its buffers
// at the time, and allocates nothing.
func TestPersistentCollectives(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	counts, displs := mpi.Partition(2*size+1, size)
	in, sum := []int{0, 0}, []int{0, 0}
	part, whole := make([]float64, counts[me]), make([]float64, 2*size+1)
	rs := []*mpi.Request{
		mpi.AllreduceInit(c, in, sum, op.Sum),
		mpi.AllgathervInit(c, part, whole, counts, displs),
		c.BarrierInit(),
	}
	counts[0], displs[0] = -1, -1 // ours again
	for round := range 5 {
		in[0], in[1] = me+round, round
		for i := range part {
			part[i] = float64(100*me + 10*i + round)
		}
		if round%2 == 0 {
			must(t, mpi.Startall(rs...))
			must(t, mpi.Waitall(rs...))
		} else {
			for _, r := range rs {
				must(t, r.Start())
			}
			for _, r := range rs {
				<-r.Done()
			}
		}
		if want := []int{size*(size-1)/2 + size*round, size * round}; !slices.Equal(sum, want) {
			t.Errorf("round %d: the sum is %v, want %v", round, sum, want)
		}
		at := 0
		for r := range size {
			n := 2
			if r == 0 {
				n = 3
			}
			for i := range n {
				if want := float64(100*r + 10*i + round); whole[at] != want {
					t.Errorf("round %d: element %d is %v, want %v", round, at, whole[at], want)
				}
				at++
			}
		}
	}
	if !raceEnabled {
		got := testing.AllocsPerRun(20, func() {
			if err := mpi.Startall(rs...); err != nil {
				t.Error(err)
			}
			if err := mpi.Waitall(rs...); err != nil {
				t.Error(err)
			}
		})
		if got != 0 {
			t.Errorf("Startall and Waitall: %v allocations", got)
		}
	}
	for _, r := range rs {
		must(t, r.Free())
		must(t, r.Free())
	}
}

// What MPI does not allow for requests of collectives.
func TestCollectiveRequests(t *testing.T) {
	c := mpitest.World(t)
	r := c.Ibarrier()
	err := r.Cancel()
	if _, werr := r.Wait(); werr != nil {
		t.Error(werr)
	}
	if err != nil {
		is(t, err, mpi.ErrRequest, "Ibarrier cannot be cancelled")
	}
	is(t, mpi.Ibcast(c, []int{1}, c.Size()).Start(), mpi.ErrRoot, "root is")
	_, err = mpi.GatherInit(c, []int{1}, make([]int, c.Size()), -7).Wait()
	is(t, err, mpi.ErrRoot, "root is -7")
	is(t, mpi.BcastInit(c, []int{1}, -7).Start(), mpi.ErrRoot, "root is -7")
	r = c.Ibarrier()
	is(t, r.Start(), mpi.ErrRequest, "not persistent")
	_, err = r.Wait()
	must(t, err)
}

// is checks that err is of a class and says something.
func is(t *testing.T, err error, class mpi.Class, says string) {
	t.Helper()
	if !errors.Is(err, class) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want a %v that says %q", err, class, says)
	}
}

// The calls that divide buffers in ways of their own refuse what does not fit.
func TestReduceScatterRefuses(t *testing.T) {
	c := mpitest.World(t)
	size := c.Size()
	all, part := make([]int, 2*size), make([]int, 2)
	twos := slices.Repeat([]int{2}, size)
	negative := slices.Clone(twos)
	negative[size-1] = -1
	bufs := slices.Repeat([]mpi.Buffer{mpi.Slice(part)}, size)
	refused(t, c, []refusal{
		{"ReduceScatter, no counts", mpi.ErrCount, "counts has 0 entries", func() error { return mpi.ReduceScatter(c, all, part, nil, op.Sum) }},
		{"ReduceScatter, a negative count", mpi.ErrCount, "is -1, but cannot be negative", func() error { return mpi.ReduceScatter(c, all, part, negative, op.Sum) }},
		{"ReduceScatter, counts beyond send", mpi.ErrCount, fmt.Sprintf("more than len(send), which is %d", 2*size-1), func() error { return mpi.ReduceScatter(c, all[1:], part, twos, op.Sum) }},
		{"ReduceScatter, counts short of send", mpi.ErrCount, fmt.Sprintf("counts sum to %d, but len(send) is %d", 2*size, 2*size+1), func() error {
			return mpi.ReduceScatter(c, append(slices.Clip(all), 1), part, twos, op.Sum)
		}},
		{"ReduceScatter, a short recv", mpi.ErrCount, "len(recv) is 1", func() error { return mpi.ReduceScatter(c, all, part[:1], twos, op.Sum) }},
		{"ReduceScatter, buffers that overlap", mpi.ErrBuffer, "share memory", func() error { return mpi.ReduceScatter(c, all, all[:2], twos, op.Sum) }},
		{"ReduceScatterInPlace, no counts", mpi.ErrCount, "counts has 0 entries", func() error { return mpi.ReduceScatterInPlace(c, all, nil, op.Sum) }},
		{"ReduceScatterBlock, a short recv", mpi.ErrCount, fmt.Sprintf("len(send) is %d", 2*size), func() error { return mpi.ReduceScatterBlock(c, all, part[:1], op.Sum) }},
		{"ReduceLocal, different lengths", mpi.ErrCount, "len(in) is 2 and len(inout) is 1", func() error { return mpi.ReduceLocal(part, part[:1:1], op.Sum) }},
		{"ReduceLocal, one buffer", mpi.ErrBuffer, "share memory", func() error { return mpi.ReduceLocal(part, part, op.Sum) }},
		{"ReduceLocal, no operation", mpi.ErrOp, "no reduction operation", func() error { return mpi.ReduceLocal(part, all[:2], op.Op{}) }},
		{"Alltoallw, too few buffers", mpi.ErrCount, fmt.Sprintf("send has %d buffers", size-1), func() error { return mpi.Alltoallw(c, bufs[1:], bufs) }},
		{"Alltoallw, too many buffers", mpi.ErrCount, fmt.Sprintf("recv has %d buffers", size+1), func() error { return mpi.Alltoallw(c, bufs, append(slices.Clip(bufs), bufs[0])) }},
		{"AlltoallwInPlace, too few buffers", mpi.ErrCount, fmt.Sprintf("bufs has %d buffers", size-1), func() error { return mpi.AlltoallwInPlace(c, bufs[1:]) }},
		{"NeighborAllgather, no topology", mpi.ErrTopology, "no topology", func() error { return mpi.NeighborAllgather(c, part, all) }},
		{"NeighborAllgatherv, no topology", mpi.ErrTopology, "no topology", func() error { return mpi.NeighborAllgatherv(c, part, all, twos, nil) }},
		{"NeighborAlltoall, no topology", mpi.ErrTopology, "no topology", func() error { return mpi.NeighborAlltoall(c, part, all) }},
		{"NeighborAlltoallv, no topology", mpi.ErrTopology, "no topology", func() error { return mpi.NeighborAlltoallv(c, all, twos, nil, all, twos, nil) }},
		{"NeighborAlltoallw, no topology", mpi.ErrTopology, "no topology", func() error { return mpi.NeighborAlltoallw(c, bufs, bufs) }},
	})
}
