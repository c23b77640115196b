package main

import (
	"fmt"
	"os"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// What check mode compares. The tests know the lines by the comments that begin
// with "line": "good" is where all ranks but the last of their communicator are,
// "bad" where that one is.
func init() {
	for name, pair := range mismatches {
		whole[name] = func() { mpi.Main(func(world *mpi.Comm) error { return disagree(world, pair[0], pair[1]) }) }
	}
	whole["check-agree"] = func() { mpi.Main(agree) }
	whole["check-finalize"] = func() {
		mpi.Main(func(world *mpi.Comm) error { // line main
			if world.Rank() == world.Size()-1 {
				return nil
			}
			return world.Barrier() // line stay
		})
	}
	whole["check-absent"] = func() {
		mpi.Main(func(world *mpi.Comm) error {
			if world.Rank() == 1 {
				select {}
			}
			return world.Barrier() // line present
		})
	}
	whole["check-absent-0"] = func() {
		mpi.Main(func(world *mpi.Comm) error {
			if world.Rank() == 0 {
				select {}
			}
			return world.Barrier() // line without 0
		})
	}
}

type collective func(c *mpi.Comm) error

func wait(r *mpi.Request) error { _, err := r.Wait(); return err }

func ints(n int) []int { return make([]int, n) }

// mismatches is what the ranks call, and what the last one does.
var mismatches = map[string][2]collective{
	"check-root": {
		func(c *mpi.Comm) error { return mpi.Bcast(c, ints(4), 0) }, // line good check-root
		func(c *mpi.Comm) error { return mpi.Bcast(c, ints(4), 1) }, // line bad check-root
	},
	"check-op": {
		func(c *mpi.Comm) error { return mpi.Allreduce(c, ints(4), ints(4), op.Sum) }, // line good check-op
		func(c *mpi.Comm) error { return mpi.Allreduce(c, ints(4), ints(4), op.Max) }, // line bad check-op
	},
	"check-count": {
		func(c *mpi.Comm) error { return mpi.Allgather(c, ints(2), ints(2*c.Size())) }, // line good check-count
		func(c *mpi.Comm) error { return mpi.Allgather(c, ints(3), ints(3*c.Size())) }, // line bad check-count
	},
	"check-type": {
		func(c *mpi.Comm) error { return mpi.Bcast(c, ints(4), 0) },            // line good check-type
		func(c *mpi.Comm) error { return mpi.Bcast(c, make([]float64, 4), 0) }, // line bad check-type
	},
	"check-call": {
		func(c *mpi.Comm) error { return c.Barrier() },              // line good check-call
		func(c *mpi.Comm) error { return mpi.Bcast(c, ints(4), 0) }, // line bad check-call
	},
	"check-counts": {
		func(c *mpi.Comm) error { return allgatherv(c, 2) },
		func(c *mpi.Comm) error { return allgatherv(c, 3) },
	},
	"check-nonblocking": {
		func(c *mpi.Comm) error { return wait(mpi.Ibcast(c, ints(4), 0)) },        // line good check-nonblocking
		func(c *mpi.Comm) error { return wait(mpi.Iscatter(c, nil, ints(4), 0)) }, // line bad check-nonblocking
	},
	"check-form": {
		func(c *mpi.Comm) error { return c.Barrier() },        // line good check-form
		func(c *mpi.Comm) error { return wait(c.Ibarrier()) }, // line bad check-form
	},
	"check-persistent": {
		func(c *mpi.Comm) error { return persistent(mpi.BcastInit(c, ints(4), 0)) }, // line good check-persistent
		func(c *mpi.Comm) error { return persistent(mpi.BcastInit(c, ints(4), 1)) }, // line bad check-persistent
	},
	"check-split": {
		func(c *mpi.Comm) error { _, err := c.Split(0, 0); return err }, // line good check-split
		func(c *mpi.Comm) error { _, err := c.Dup(); return err },       // line bad check-split
	},
}

func allgatherv(c *mpi.Comm, last int) error {
	counts := make([]int, c.Size())
	for i := range counts {
		counts[i] = 1
	}
	mine := 1
	if counts[c.Size()-1] = last; c.Rank() == c.Size()-1 {
		mine = last
	}
	return mpi.Allgatherv(c, ints(mine), ints(c.Size()+last), counts, nil) // line counts
}

func persistent(r *mpi.Request) error {
	if err := r.Start(); err != nil { // line started
		return err
	}
	return wait(r)
}

// disagree lets the last rank call bad where the others call good: over the
// world, or with an argument over the ranks that are even.
func disagree(world *mpi.Comm, good, bad collective) error {
	c := world
	if len(os.Args) > 2 {
		var err error
		if c, err = world.Split(world.Rank()%2, 0); err != nil { // line made
			return err
		}
		if world.Rank()%2 == 1 {
			return good(c)
		}
	}
	if err := c.Barrier(); err != nil {
		return err
	}
	if c.Rank() == c.Size()-1 {
		good = bad
	}
	return good(c)
}

// agree calls collectives that match, though not all ranks say the same.
func agree(world *mpi.Comm) error {
	me, n := world.Rank(), world.Size()
	var errs []error
	do := func(err error) { errs = append(errs, err) }

	// Parts of different length, on some ranks none at all.
	counts := ints(n)
	for i := range counts {
		counts[i] = i % 3
	}
	if me == 0 {
		do(mpi.Gatherv(world, ints(counts[me]), ints(n*3), counts, nil, 0))
		do(mpi.Scatterv(world, ints(n*3), counts, nil, ints(counts[me]), 0))
	} else {
		do(mpi.Gatherv(world, ints(counts[me]), nil, nil, nil, 0))
		do(mpi.Scatterv(world, nil, nil, nil, ints(counts[me]), 0))
	}
	do(mpi.Allgatherv(world, ints(counts[me]), ints(n*3), counts, nil))
	send, recv := ints(n), ints(n)
	for i := range send {
		send[i], recv[i] = me, i
	}
	do(mpi.Alltoallv(world, ints(n*n), send, nil, ints(n*n), recv, nil))

	// Root in place, the others not; no elements of any type.
	if me == 0 {
		do(mpi.GatherInPlace(world, ints(2*n), 0))
		do(mpi.ReduceInPlace(world, ints(2), op.Sum, 0))
		do(mpi.Bcast(world, []float32{}, 0))
	} else {
		do(mpi.Gather(world, ints(2), nil, 0))
		do(mpi.Reduce(world, ints(2), nil, op.Sum, 0))
		do(mpi.Bcast(world, []int{}, 0))
	}

	// The same signature by another datatype.
	two, err := datatype.Contiguous(2, datatype.Int64)
	if err != nil {
		return err
	}
	if err := two.Commit(); err != nil {
		return err
	}
	if me%2 == 1 {
		do(mpi.Bcast(world, mpi.Typed(ints(4), 2, two), 0))
	} else {
		do(mpi.Bcast(world, ints(4), 0))
	}
	do(two.Free())

	// A nonblocking call does not wait for ranks that come later, not even
	// for rank 0, and they may wait for what follows it.
	last := n - 1
	if me == last {
		r := world.Ibarrier()
		for range last {
			_, err := mpi.Recv(world, ints(1), mpi.AnySource, 1)
			do(err)
		}
		do(wait(r))
	} else {
		do(mpi.Ssend(world, ints(1), last, 1))
		do(wait(world.Ibarrier()))
	}
	if me == 0 && n > 1 {
		r := world.Ibarrier()
		for range last {
			_, err := mpi.Recv(world, ints(1), mpi.AnySource, 1)
			do(err)
		}
		do(wait(r))
	} else if n > 1 {
		do(mpi.Ssend(world, ints(1), 0, 1))
		do(wait(world.Ibarrier()))
	}

	// Communicators of communicators, also one that is made by the by.
	dup, r := world.Idup()
	do(wait(r))
	half, err := dup.Split(me%2, 0)
	do(err)
	do(mpi.AllreduceInPlace(half, ints(3), op.Sum))
	if me%2 == 0 {
		do(half.Barrier())
	}
	do(half.Free())
	do(dup.Free())
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	fmt.Println("agreed")
	return nil
}
