package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/mpi4go/mpi4go/mpi"
)

// Windows, as the watchdog and check mode see them. The tests know the lines by
// the comments that begin with "line".
func init() {
	whole["win-watch"] = func() { mpi.Main(watchWindows) }
	whole["win-kept"] = func() { mpi.Main(keepWindow) }
	whole["win-late"] = func() {
		if err := freeLate(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for name, pair := range windowMismatches {
		whole[name] = func() {
			mpi.Main(func(world *mpi.Comm) error {
				return disagree(world, inWindow(pair[0]), inWindow(pair[1]))
			})
		}
	}
}

// watchWindows lets rank 0 wait for rank 1 in calls of several windows at once.
func watchWindows(world *mpi.Comm) error {
	me := world.Rank()
	fenced, err := mpi.WinCreate(world, ints(1), nil) // line made
	if err != nil {
		return err
	}
	posted, err := mpi.WinCreate(world, ints(1), nil)
	if err != nil {
		return err
	}
	if err := posted.SetName("halo"); err != nil {
		return err
	}
	locked, _, err := mpi.WinAllocate[int](world, 1, nil)
	if err != nil {
		return err
	}
	other, err := world.Dup() // line dup
	if err != nil {
		return err
	}
	all, err := world.Group()
	if err != nil {
		return err
	}
	one, err := all.Incl(1)
	if err != nil {
		return err
	}
	if me == 1 {
		if err := locked.Lock(mpi.LockExclusive, 1); err != nil {
			return err
		}
	}
	if err := world.Barrier(); err != nil {
		return err
	}
	if me == 1 { // rank 0 never comes, but its transfers may need this rank's help
		return world.Barrier()
	}
	for _, f := range []func(){
		func() { fenced.Fence() },                     // line fence
		func() { posted.Post(one); posted.Wait() },    // line wait
		func() { hold(locked) },                       // waits at line lock, or at line unlock
		func() { mpi.WinCreate(other, ints(1), nil) }, // line create
	} {
		go f()
	}
	select {}
}

// hold waits in Lock, or else in Unlock: the library chooses.
func hold(w *mpi.Win) {
	w.Lock(mpi.LockExclusive, 1) // line lock
	mpi.Put(w, ints(1), 1, 0)
	w.Unlock(1) // line unlock
}

// keepWindow never frees its windows, nor ends an epoch, nor the rest of what it has.
func keepWindow(world *mpi.Comm) error {
	w, err := mpi.WinCreate(world, ints(10), nil) // line kept created
	if err != nil {
		return err
	}
	if _, _, err := mpi.WinAllocate[int](world, 10, nil); err != nil { // line kept allocated
		return err
	}
	if _, err := world.Dup(); err != nil { // line kept communicator
		return err
	}
	mpi.Irecv(world, ints(1), mpi.AnySource, 5)
	return w.Fence()
}

// freeLate ends MPI when it is told that a window is left, and has freed it.
func freeLate() error {
	if err := mpi.Init(); err != nil {
		return err
	}
	w, err := mpi.WinCreate(mpi.World(), ints(1), nil)
	if err != nil {
		return err
	}
	if err := mpi.Finalize(); !errors.Is(err, mpi.ErrWin) {
		return fmt.Errorf("with a window, Finalize returned %v", err)
	}
	if err := w.Free(); err != nil {
		return err
	}
	return mpi.Finalize()
}

// windowMismatches is what the ranks call on a window, and what the last one does.
var windowMismatches = map[string][2]func(w *mpi.Win) error{
	"win-check-call": {
		func(w *mpi.Win) error { return w.Fence() }, // line good win-check-call
		func(w *mpi.Win) error { return w.Free() },  // line bad win-check-call
	},
	"win-check-assert": {
		func(w *mpi.Win) error { return w.Fence(mpi.ModeNoStore) },                    // line good win-check-assert
		func(w *mpi.Win) error { return w.Fence(mpi.ModeNoSucceed, mpi.ModeNoStore) }, // line bad win-check-assert
	},
}

// inWindow calls f on a window of ranks that have given up their communicator.
func inWindow(f func(w *mpi.Win) error) collective {
	return func(c *mpi.Comm) error {
		d, err := c.Dup() // line dup of a window
		if err != nil {
			return err
		}
		w, err := mpi.WinCreate(d, ints(1), nil)
		if err != nil {
			return err
		}
		if err := d.Free(); err != nil {
			return err
		}
		// What differs legally does no harm.
		asserts := []mpi.Assert{0, mpi.ModeNoStore}[c.Rank()%2]
		if err := w.Fence(asserts); err != nil {
			return err
		}
		if err := f(w); err != nil {
			return err
		}
		return w.Free()
	}
}
