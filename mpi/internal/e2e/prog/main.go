// Prog is the program that the tests of package e2e run under mpirun. Its
// argument names what should happen; with failures, the last rank is the one
// to blame.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: prog scenario [how the other ranks wait]")
		os.Exit(64)
	}
	name := os.Args[1]
	if f, ok := whole[name]; ok {
		f()
		return
	}
	f, ok := failures[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no scenario %q\n", name)
		os.Exit(64)
	}
	wait := waits["barrier"]
	if len(os.Args) > 2 {
		wait = waits[os.Args[2]]
	}
	mpi.Main(func(world *mpi.Comm) error {
		last := world.Size() - 1
		if world.Rank() != last {
			// The last rank fails only when the others are at the door of
			// the call in which they wait for it.
			if err := mpi.Send(world, []int{1}, last, 1); err != nil {
				return err
			}
			return wait(world, last)
		}
		for range last {
			if _, err := mpi.Recv(world, make([]int, 1), mpi.AnySource, 1); err != nil {
				return err
			}
		}
		return f(world)
	})
}

// waits is how the other ranks wait for the one that fails.
var waits = map[string]func(world *mpi.Comm, last int) error{
	"barrier": func(world *mpi.Comm, _ int) error { return world.Barrier() },
	"allreduce": func(world *mpi.Comm, _ int) error {
		return mpi.AllreduceInPlace(world, make([]float64, 1000), op.Sum)
	},
	"recv": func(world *mpi.Comm, last int) error {
		_, err := mpi.Recv(world, make([]int, 1), last, 2)
		return err
	},
	"waitall": func(world *mpi.Comm, last int) error {
		var rs []*mpi.Request
		for tag := range 10 {
			rs = append(rs, mpi.Irecv(world, make([]int, 1), last, 10+tag))
		}
		return mpi.Waitall(rs...)
	},
	"probe": func(world *mpi.Comm, last int) error {
		_, err := world.Probe(last, 2)
		return err
	},
	// A send too large to be buffered.
	"send": func(world *mpi.Comm, last int) error {
		return mpi.Send(world, make([]byte, 1<<22), last, 2)
	},
}

var errMine = errors.New("the disk is full")

// failures is what the last rank does.
var failures = map[string]func(world *mpi.Comm) error{
	"error": func(*mpi.Comm) error { return errMine },
	"panic-error": func(*mpi.Comm) error {
		guiltyError()
		return nil
	},
	"panic-string": func(*mpi.Comm) error {
		guiltyString()
		return nil
	},
	"panic-nil": func(*mpi.Comm) error {
		guiltyNil(nil)
		return nil
	},
	"panic-index": func(*mpi.Comm) error {
		guiltyIndex(nil)
		return nil
	},
	// Inside the library, which calls Go to copy an attribute.
	"panic-attribute": func(*mpi.Comm) error {
		kv, err := mpi.NewKeyval(func(*mpi.Comm, int) (int, bool) { guiltyString(); return 0, true }, nil)
		if err != nil {
			return err
		}
		if err := kv.Set(mpi.Self(), 1); err != nil {
			return err
		}
		_, err = mpi.Self().Dup()
		return err
	},
	// Nobody looks at the error.
	"fatal": func(world *mpi.Comm) error {
		if err := world.SetErrhandler(mpi.ErrorsAreFatal); err != nil {
			return err
		}
		mpi.Send(world, []int{1}, world.Size(), 0)
		return nil
	},
	"goexit": func(*mpi.Comm) error {
		guiltyGoexit()
		return nil
	},
	// With the others in a receive, nobody ever joins this rank's Barrier.
	"go-panic": func(world *mpi.Comm) error {
		mpi.Go(guiltyString)
		return world.Barrier()
	},
	"go-panic-recv": func(world *mpi.Comm) error {
		mpi.Go(guiltyString)
		_, err := mpi.Recv(world, make([]int, 1), mpi.AnySource, 99)
		return err
	},
	"go-many": func(world *mpi.Comm) error {
		for range 20 {
			mpi.Go(guiltyString)
		}
		return world.Barrier()
	},
	// In a Go function that C has called.
	"op-panic":  func(*mpi.Comm) error { return reduce(guiltyString) },
	"op-goexit": func(*mpi.Comm) error { return reduce(guiltyGoexit) },
	// The functions of a generalised request are called from C, which a panic
	// must not cross: by the call that waits, and by the engine.
	"query-panic": func(*mpi.Comm) error {
		r := mpi.StartGrequest(func() (mpi.Status, error) { guiltyString(); return mpi.Status{}, nil }, nil, nil)
		if err := r.Complete(); err != nil {
			return err
		}
		_, err := r.Wait()
		return err
	},
	"free-panic": func(*mpi.Comm) error {
		r := mpi.StartGrequest(nil, func() error { guiltyNil(nil); return nil }, nil)
		done := r.Done()
		if err := r.Complete(); err != nil {
			return err
		}
		<-done
		return nil
	},
	"query-goexit": func(*mpi.Comm) error {
		r := mpi.StartGrequest(func() (mpi.Status, error) { guiltyGoexit(); return mpi.Status{}, nil }, nil, nil)
		if err := r.Complete(); err != nil {
			return err
		}
		return mpi.Waitall(r)
	},
	"plain-go-panic": func(world *mpi.Comm) error {
		go guiltyString()
		return world.Barrier()
	},
	"exit": func(*mpi.Comm) error {
		os.Exit(3)
		return nil
	},
	"exit-zero": func(*mpi.Comm) error {
		os.Exit(0)
		return nil
	},
	"go-nil": func(*mpi.Comm) error {
		guiltyGo()
		return nil
	},
	"abort": func(world *mpi.Comm) error {
		world.Abort(7)
		return errors.New("still here after Abort")
	},
	"abort-self": func(*mpi.Comm) error {
		mpi.Self().Abort(7)
		return errors.New("still here after Abort")
	},
}

// reduce runs a reduction operation that calls f.
func reduce(f func()) error {
	o, err := op.New(func(in, inout []int) { f() }, true)
	if err != nil {
		return err
	}
	return mpi.ReduceLocal([]int{1}, []int{2}, o)
}

// The guilty are kept from being inlined because the tests look for them by
// name in the stacks.

//go:noinline
func guiltyError() { panic(errMine) }

//go:noinline
func guiltyString() { panic("the disk is on fire") }

//go:noinline
func guiltyNil(p *int) { *p++ }

//go:noinline
func guiltyIndex(s []int) { s[len(os.Args)+7]++ }

//go:noinline
func guiltyGo() { mpi.Go(nil) }

//go:noinline
func guiltyGoexit() { runtime.Goexit() }

// whole lists the scenarios that are not about one failing rank.
var whole = map[string]func(){
	"procs": func() {
		mpi.Main(func(*mpi.Comm) error {
			fmt.Println("GOMAXPROCS", runtime.GOMAXPROCS(0))
			return nil
		})
	},
	"clean":       clean,
	"recover":     recovers,
	"states":      states,
	"pending":     pending,
	"working":     working,
	"waiting":     waiting,
	"probing":     probing,
	"late-wait":   lateWait,
	"early-panic": earlyPanic,
	"late-panic":  latePanic,
	"finalize":    func() { mpi.Main(func(*mpi.Comm) error { return mpi.Finalize() }) },
	"usr1-plain":  usr1Plain,

	"sessions":      sessions,
	"session-first": sessionFirst,
	"session-left":  sessionLeft,
	"session-main":  sessionMain,
	"session-fatal": sessionFatal,
}

func clean() {
	mpi.Main(func(world *mpi.Comm) error {
		sum := []int{world.Rank()}
		if err := mpi.AllreduceInPlace(world, sum, op.Sum); err != nil {
			return err
		}
		if n := world.Size(); sum[0] != n*(n-1)/2 {
			return fmt.Errorf("sum is %d", sum[0])
		}
		return nil
	})
}

// recovers survives a nil dereference on each rank, and MPI works after it.
func recovers() {
	mpi.Main(func(world *mpi.Comm) error {
		for range 3 {
			err := func() (err error) {
				defer func() { err, _ = recover().(error) }()
				guiltyNil(nil)
				return nil
			}()
			if e := runtime.Error(nil); !errors.As(err, &e) {
				return fmt.Errorf("recovered %v", err)
			}
			if err := world.Barrier(); err != nil {
				return err
			}
		}
		return nil
	})
}

var exit int

func expect(ok bool, format string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
		exit = 1
	}
}

// calls is a sample of the API, for which refuse checks that each of it
// returns ErrState and the reason.
func calls() map[string]error {
	w, buf := mpi.World(), make([]int, 1)
	errs := map[string]error{"Barrier": w.Barrier(), "Bcast": mpi.Bcast(w, buf, 0), "Send": mpi.Send(w, buf, 0, 0)}
	_, errs["Recv"] = mpi.Recv(w, buf, 0, 0)
	_, errs["Isend"] = mpi.Isend(w, buf, 0, 0).Wait()
	_, _, errs["Irecv"] = mpi.Irecv(w, buf, 0, 0).Test()
	errs["Irecv "] = mpi.Waitall(mpi.Irecv(mpi.Self(), buf, 0, 0))
	_, errs["Probe"] = w.Probe(0, 0)
	_, errs["Comm.Dup"] = w.Dup()
	_, errs["Comm.Split"] = mpi.Self().Split(0, 0)
	errs["Comm.Free"] = w.Free()
	errs["Allreduce"] = mpi.Allreduce(w, buf, buf, op.Sum)
	_, errs["ProcessorName"] = mpi.ProcessorName()
	errs["Finalize"] = mpi.Finalize()
	return errs
}

func refuse(when, why string) {
	for call, err := range calls() {
		want := "mpi: " + strings.TrimSpace(call) + ": " + why
		expect(errors.Is(err, mpi.ErrState) && strings.HasPrefix(err.Error(), want), "%s %s: %v", call, when, err)
	}
}

// states goes through the life of MPI and tries what is allowed and what is
// not in each part.
func states() {
	expect(!mpi.Initialized() && !mpi.Finalized(), "before Init: %v, %v", mpi.Initialized(), mpi.Finalized())
	expect(mpi.LibraryVersion() != "", "no LibraryVersion before Init")
	version, _ := mpi.StandardVersion()
	expect(version >= 3, "StandardVersion is %d", version)
	for _, c := range []*mpi.Comm{mpi.World(), mpi.Self()} {
		expect(c.Rank() == -1 && c.Size() == 0, "before Init: rank %d of %d", c.Rank(), c.Size())
	}
	refuse("before Init", "MPI is not initialised")
	env := func(when string) {
		info, err := mpi.EnvInfo()
		if version >= 4 {
			expect(info != nil && err == nil, "EnvInfo %s: %v, %v", when, info, err)
		} else {
			expect(info == nil && errors.Is(err, mpi.ErrState), "EnvInfo %s: %v, %v", when, info, err)
		}
	}
	env("before Init")

	err := mpi.Init()
	expect(err == nil, "Init: %v", err)
	expect(mpi.Initialized() && !mpi.Finalized(), "after Init: %v, %v", mpi.Initialized(), mpi.Finalized())
	expect(mpi.Threads() == mpi.ThreadMultiple, "Threads is %v", mpi.Threads())
	rank, size := mpi.World().Rank(), mpi.World().Size()
	expect(rank >= 0 && rank < size, "rank %d of %d", rank, size)
	err = mpi.Init()
	expect(errors.Is(err, mpi.ErrState) && strings.Contains(err.Error(), "already initialised"), "second Init: %v", err)
	err = mpi.World().Barrier()
	expect(err == nil, "Barrier after the second Init: %v", err)
	name, err := mpi.ProcessorName()
	expect(name != "" && err == nil, "ProcessorName is %q, %v", name, err)

	err = mpi.Finalize()
	expect(err == nil, "Finalize: %v", err)
	expect(mpi.Initialized() && mpi.Finalized(), "after Finalize: %v, %v", mpi.Initialized(), mpi.Finalized())
	expect(mpi.World().Rank() == rank && mpi.World().Size() == size, "after Finalize: rank %d of %d", mpi.World().Rank(), mpi.World().Size())
	expect(mpi.LibraryVersion() != "", "no LibraryVersion after Finalize")
	refuse("after Finalize", "MPI has been finalised")
	env("after Finalize")
	err = mpi.Init()
	expect(errors.Is(err, mpi.ErrState) && strings.Contains(err.Error(), "cannot be initialised again"), "Init after Finalize: %v", err)
	os.Exit(exit)
}

// pending ends with receives that nobody will ever complete.
func pending() {
	mpi.Main(func(world *mpi.Comm) error {
		next := (world.Rank() + 1) % world.Size()
		mpi.Irecv(world, make([]int, 1), next, 5)
		mpi.Irecv(world, make([]byte, 1<<20), mpi.AnySource, 6)
		return nil
	})
	fmt.Println("ended")
}

// working ends with generalised requests that nobody will ever complete: one
// that a goroutine waits for, one that was freed, and one left alone.
func working() {
	waited := make(chan error)
	mpi.Main(func(world *mpi.Comm) error {
		start := func() *mpi.Request {
			return mpi.StartGrequest(
				func() (mpi.Status, error) { return mpi.Status{}, errMine },
				func() error { return errMine }, nil)
		}
		start()
		if err := start().Free(); err != nil {
			return err
		}
		r := start()
		polled := r.Done()
		mpi.Go(func() {
			<-polled
			_, err := r.Wait()
			waited <- err
		})
		return nil
	})
	err := <-waited
	expect(errors.Is(err, mpi.ErrState), "Wait across Finalize: %v", err)
	fmt.Println("ended")
	os.Exit(exit)
}

// waiting ends with a goroutine that waits in a receive.
func waiting() {
	mpi.Main(func(world *mpi.Comm) error {
		up := make(chan bool)
		mpi.Go(func() {
			close(up)
			mpi.Recv(world, make([]int, 1), mpi.AnySource, 5)
		})
		<-up
		untilIn("mpi.(*engine).lead(")
		return nil
	})
	time.Sleep(100 * time.Millisecond) // if too short, the test is weaker, not wrong
	fmt.Println("ended")
}

// untilIn waits until a goroutine is in a function.
func untilIn(name string) {
	stacks := make([]byte, 1<<16)
	for !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte(name)) {
		time.Sleep(time.Millisecond)
	}
}

// probing ends with a goroutine that waits in a probe.
func probing() {
	probed := make(chan error)
	mpi.Main(func(world *mpi.Comm) error {
		up := make(chan bool)
		mpi.Go(func() {
			close(up)
			_, err := world.Probe(mpi.AnySource, 5)
			probed <- err
		})
		<-up
		untilIn("mpi.(*Comm).lookFor(")
		return nil
	})
	err := <-probed
	expect(errors.Is(err, mpi.ErrState), "Probe across Finalize: %v", err)
	fmt.Println("ended")
	os.Exit(exit)
}

// lateWait waits for a receive when MPI has been finalised.
func lateWait() {
	err := mpi.Init()
	expect(err == nil, "Init: %v", err)
	r := mpi.Irecv(mpi.World(), make([]int, 1), mpi.AnySource, 5)
	err = mpi.Finalize()
	expect(err == nil, "Finalize: %v", err)
	_, err = r.Wait()
	expect(errors.Is(err, mpi.ErrState), "Wait after Finalize: %v", err)
	fmt.Println("ended")
	os.Exit(exit)
}

// earlyPanic panics in a goroutine while MPI is not initialised.
func earlyPanic() {
	mpi.Go(guiltyString)
	select {}
}

// latePanic panics in a goroutine when MPI has been finalised.
func latePanic() {
	mpi.Main(func(*mpi.Comm) error { return nil })
	mpi.Go(guiltyString)
	select {}
}

// usr1Plain lets each rank send itself the signal that MPICH has a handler for, as
// batch systems do before they end a job.
func usr1Plain() {
	mpi.Main(func(world *mpi.Comm) error {
		for range 20 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
				return err
			}
			if err := world.Barrier(); err != nil {
				return err
			}
		}
		return nil
	})
	fmt.Println("survived")
}
