package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi"
)

// How programs end other than by a report of Main's: by signals, behind its
// back, and without it.
func init() {
	failures["log-fatal"] = func(*mpi.Comm) error {
		log.Fatal(errMine)
		return nil
	}
	whole["sit"] = func() { mpi.Main(sit) }
	whole["save"] = func() { mpi.Main(save, mpi.WithSignals(time.Second)) }
	whole["save-slowly"] = func() { mpi.Main(save, mpi.WithSignals(time.Minute)) }
	whole["save-usr2"] = func() { mpi.Main(save, mpi.WithSignals(time.Minute, syscall.SIGUSR2)) }
	whole["deaf"] = func() { mpi.Main(sit, mpi.WithSignals(time.Second)) }
	whole["unsaved"] = func() { mpi.Main(unsaved, mpi.WithSignals(time.Minute)) }
	whole["at-least"] = func() { mpi.Main(sit, mpi.AtLeast(mpi.ThreadMultiple+1)) }
	whole["bad-grace"] = func() { mpi.Main(sit, mpi.WithSignals(-time.Second)) }

	// A program of its own Init and Finalize, whose last rank panics.
	whole["defer-finalize"] = func() { plain(func() { defer mpi.Finalize(); fail() }) }
	whole["defer-in-func"] = func() { plain(func() { defer func() { mpi.Finalize() }(); fail() }) }
	whole["defer-recover"] = func() { plain(recoverFirst) }

	for name, when := range map[string]string{"-before": "before", "-after": "after"} {
		whole["usr1"+name] = func() { notified(syscall.SIGUSR1, when) }
		whole["usr2"+name] = func() { notified(syscall.SIGUSR2, when) }
	}
	whole["onstack"] = func() { mpi.Main(onStack) }
}

// sayNumbers tells the test which process this rank is, when all ranks are up.
func sayNumbers(world *mpi.Comm) error {
	if err := world.Barrier(); err != nil {
		return err
	}
	fmt.Printf("rank %d is %d\n", world.Rank(), os.Getpid())
	return nil
}

// sit waits for what never comes, in calls of several kinds.
func sit(world *mpi.Comm) error {
	if err := sayNumbers(world); err != nil {
		return err
	}
	if world.Rank() == world.Size()-1 {
		_, err := mpi.Recv(world, ints(1), mpi.AnySource, 1)
		return err
	}
	return world.Barrier()
}

// save waits until a signal comes, and then saves what it has.
func save(world *mpi.Comm) error {
	next := (world.Rank() + 1) % world.Size()
	r := mpi.Irecv(world, ints(1), next, 1)
	if err := sayNumbers(world); err != nil {
		return err
	}
	_, err := r.WaitContext(mpi.Context())
	if mpi.Context().Err() == nil {
		return fmt.Errorf("the wait is over, and there was no signal: %w", err)
	}
	fmt.Println("saved")
	return err
}

// unsaved meets an error of another kind after the signal, on its last rank.
func unsaved(world *mpi.Comm) error {
	if err := sayNumbers(world); err != nil {
		return err
	}
	<-mpi.Context().Done()
	if world.Rank() == world.Size()-1 {
		return errMine
	}
	return nil
}

// plain does without Main.
func plain(f func()) {
	if err := mpi.Init(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	f()
}

// fail panics on the last rank, for which the others wait.
func fail() {
	world := mpi.World()
	if world.Rank() == world.Size()-1 {
		guiltyString()
	}
	world.Barrier()
}

// recoverFirst calls Finalize when its panics are over, and on all ranks.
func recoverFirst() {
	func() {
		defer func() { recover() }()
		guiltyString()
	}()
	err := mpi.Finalize()
	expect(err == nil, "Finalize after a panic: %v", err)
	os.Exit(exit)
}

// notified asks for a signal before or after Init, and sends it to itself.
func notified(sig syscall.Signal, when string) {
	got := make(chan os.Signal, 1)
	if when == "before" {
		signal.Notify(got, sig)
	}
	mpi.Main(func(world *mpi.Comm) error {
		if when == "after" {
			signal.Notify(got, sig)
		}
		for range 20 {
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				return err
			}
			if s := <-got; s != sig {
				return fmt.Errorf("got %v", s)
			}
			if err := world.Barrier(); err != nil {
				return err
			}
		}
		return nil
	})
	fmt.Println("survived")
}

// onStack looks at all handlers of signals: each that there is must run on the
// stack for signals, since a goroutine's is too small.
func onStack(*mpi.Comm) error {
	const saOnStack = 0x08000000
	for sig := 1; sig <= 64; sig++ {
		// As the kernel has it: handler, flags, restorer, mask.
		var act [4]uintptr
		if _, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0); e != 0 {
			return fmt.Errorf("the handler of signal %d: %w", sig, e)
		}
		if act[0] > 1 && act[1]&saOnStack == 0 { // neither default nor ignored
			return fmt.Errorf("the handler of signal %d (%v) has the flags %#x", sig, syscall.Signal(sig), act[1])
		}
	}
	return nil
}
