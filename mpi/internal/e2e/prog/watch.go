package main

import (
	"sync"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/op"
)

// What the watchdog sees. The tests know the lines by the comments that begin
// with "line".
func init() {
	for name, run := range map[string]func(world *mpi.Comm) error{
		"watch-recv":    watchRecv,
		"watch-barrier": watchBarrier,
		"watch-kinds":   watchKinds,
		"watch-late":    watchLate,
		"watch-busy":    watchBusy,
		"watch-return":  watchReturn,
		"watch-ring":    watchRing,
	} {
		whole[name] = func() { mpi.Main(run) }
	}
	whole["watch-option"] = func() { mpi.Main(watchLate, mpi.Watchdog(100*time.Millisecond, 0)) }
	whole["watch-bad-option"] = func() { mpi.Main(watchLate, mpi.Watchdog(time.Second, time.Millisecond)) }
}

// watchRecv lets rank 0 wait for what nobody sends, with two requests pending,
// and the others for rank 0.
func watchRecv(world *mpi.Comm) error {
	if world.Rank() != 0 {
		return world.Barrier() // line barrier
	}
	last := world.Size() - 1
	done := make([]int, 1)
	r := mpi.Irecv(world, done, 0, 3)
	if err := mpi.Send(world, done, 0, 3); err != nil {
		return err
	}
	if _, err := r.Wait(); err != nil { // is not pending any more
		return err
	}
	mpi.Irecv(world, make([]float64, 100), mpi.AnySource, mpi.AnyTag) // line irecv
	mpi.Issend(world, make([]byte, 3), 1, 9)                          // line issend
	_, err := mpi.Recv(world, make([]int, 5), last, 7)                // line recv
	return err
}

// watchBarrier lets one rank of a communicator stay away from its barrier.
func watchBarrier(world *mpi.Comm) error {
	odd, err := world.Split(world.Rank()%2, 0) // line split
	if err != nil {
		return err
	}
	if err := world.SetName("everybody"); err != nil {
		return err
	}
	switch world.Rank() {
	case 0: // waits for rank 1, which is in the other barrier
		return world.Barrier() // line everybody
	case 1: // waits for rank 3
		return odd.Barrier() // line odd
	case 2: // waits for rank 0, which does not send
		_, err := mpi.Recv(odd, make([]int, 1), 0, 0) // line even
		return err
	}
	select {}
}

// watchKinds blocks in many ways at once.
func watchKinds(world *mpi.Comm) error {
	one, err := world.Dup() // line one
	if err != nil {
		return err
	}
	two, err := world.Dup() // line two
	if err != nil {
		return err
	}
	if world.Rank() > 0 {
		return world.Barrier()
	}
	buf, big := make([]int, 4), make([]int, 1<<20) // too large to be buffered
	for _, f := range []func(){
		func() { mpi.Ssend(world, buf, 1, 10) },                           // line Ssend
		func() { mpi.Sendrecv(world, big, 1, 11, make([]int, 2), 1, 12) }, // line Sendrecv
		func() { mpi.Irecv(world, make([]bool, 1), 1, 13).Wait() },        // line Request.Wait
		func() { world.Probe(mpi.AnySource, 14) },                         // line Probe
		func() { object.Recv[string](world, 1, 15) },                      // line object.Recv
		func() { mpi.Bcast(mpi.Self(), buf, 0); mpi.Bcast(one, buf, 1) },  // line Bcast
		func() { two.Split(0, 0) },                                        // line Split
	} {
		go f()
	}
	select {}
}

// watchLate lets rank 0 wait for a second.
func watchLate(world *mpi.Comm) error {
	if world.Rank() == 0 {
		_, err := mpi.Recv(world, make([]int, 1), mpi.AnySource, 5)
		return err
	}
	time.Sleep(time.Second)
	if world.Rank() == 1 {
		return mpi.Send(world, []int{1}, 0, 5)
	}
	return nil
}

// watchBusy goes on for longer than any limit, with no call that does.
func watchBusy(world *mpi.Comm) error {
	var wg sync.WaitGroup
	dup, err := world.Dup()
	if err != nil {
		return err
	}
	end := time.Now().Add(1500 * time.Millisecond)
	me, n := world.Rank(), world.Size()
	wg.Go(func() { // rank 0 says when it is over
		for going := []int{1}; going[0] == 1; {
			if me == 0 && time.Now().After(end) {
				going[0] = 0
			}
			if err := mpi.Bcast(dup, going, 0); err != nil {
				panic(err)
			}
		}
	})
	for going := []int{1}; going[0] == 1; {
		if me == 0 && time.Now().After(end) {
			going[0] = 0
		}
		if _, err := mpi.Sendrecv(world, make([]int, 10), (me+1)%n, 0, make([]int, 10), (me+n-1)%n, 0); err != nil {
			return err
		}
		if err := mpi.AllreduceInPlace(world, going, op.Min); err != nil {
			return err
		}
	}
	wg.Wait()
	return dup.Free()
}

// watchReturn lets all ranks but rank 0 come to their end.
func watchReturn(world *mpi.Comm) error {
	if world.Rank() == 0 {
		return world.Barrier() // line early
	}
	return nil
}

// watchRing passes tokens around in a ring, but each rank sends before it
// receives: all wait for the next one.
func watchRing(world *mpi.Comm) error {
	me, n := world.Rank(), world.Size()
	token := []int{me}
	if err := mpi.Ssend(world, token, (me+1)%n, 0); err != nil { // line ring
		return err
	}
	_, err := mpi.Recv(world, token, (me+n-1)%n, 0)
	return err
}
