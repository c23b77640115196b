package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// Ranks that return early. In the first kind of scenarios rank 0 does, or all but
// the last rank do, while the others, or the last, wait for them. In the second
// the program is a correct one. The tests know the lines by the comments that
// begin with "line".
func init() {
	for name, run := range map[string]func(world *mpi.Comm) error{
		"gone-recv":      untilGone(goneRecv),
		"gone-any":       lastStays(goneAny),
		"gone-ssend":     untilGone(goneSsend),
		"gone-probe":     untilGone(goneProbe),
		"gone-barrier":   untilGone(goneBarrier),
		"gone-allreduce": goneAllreduce,
		"gone-waitall":   untilGone(goneWaitall),
		"gone-reduce":    untilGone(goneReduce),
		"gone-dup":       untilGone(goneDup),
		"gone-bcast":     lastStays(goneBcast),
		"gone-beside":    untilGone(goneBeside),

		"stay-exchange": stayExchange,
		"stay-bcast":    stayBcast,
		"stay-context":  stayContext,
		"stay-listener": stayListener,
		"stay-waitany":  stayWaitany,
		"stay-cancel":   stayCancel,
		"stay-timer":    stayTimer,
		"stay-op":       stayOp,
		"stay-late":     stayLate,
		"stay-isend":    stayIsend,
	} {
		whole[name] = func() { mpi.Main(run) }
	}
	// Without Main.
	whole["gone-plain"] = func() {
		plain(func() {
			if err := untilGone(goneRecv)(mpi.World()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			mpi.Finalize()
		})
	}
}

// long is longer than it takes to end a job.
const long = 6 * time.Second

// untilGone lets rank 0 return at once.
func untilGone(f func(world *mpi.Comm) error) func(world *mpi.Comm) error {
	return func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			return nil
		}
		return f(world)
	}
}

// lastStays lets all but the last rank return at once.
func lastStays(f func(world *mpi.Comm) error) func(world *mpi.Comm) error {
	return func(world *mpi.Comm) error {
		if world.Rank() < world.Size()-1 {
			return nil
		}
		return f(world)
	}
}

func goneRecv(world *mpi.Comm) error {
	_, err := mpi.Recv(world, ints(3), 0, 7) // line recv
	return err
}

func goneAny(world *mpi.Comm) error {
	_, err := mpi.Recv(world, ints(1), mpi.AnySource, mpi.AnyTag) // line any
	return err
}

func goneSsend(world *mpi.Comm) error {
	return mpi.Ssend(world, ints(2), 0, 3) // line ssend
}

func goneProbe(world *mpi.Comm) error {
	_, err := world.Probe(0, 5) // line probe
	return err
}

func goneBarrier(world *mpi.Comm) error {
	return world.Barrier() // line barrier
}

func goneDup(world *mpi.Comm) error {
	_, err := world.Dup() // line dup
	return err
}

func goneBcast(world *mpi.Comm) error {
	return mpi.Bcast(world, ints(1), 0) // line bcast
}

// goneAllreduce lets the first member of a part of the world return.
func goneAllreduce(world *mpi.Comm) error {
	part, err := world.Split(min(world.Rank(), 1), -world.Rank())
	if err != nil || part.Rank() == 0 {
		return err
	}
	return mpi.AllreduceInPlace(part, ints(4), op.Sum) // line allreduce
}

func goneWaitall(world *mpi.Comm) error {
	var rs []*mpi.Request
	for tag := range 3 {
		rs = append(rs, mpi.Irecv(world, ints(1), 0, tag))
	}
	me := world.Rank()
	rs = append(rs, mpi.Irecv(world, ints(1), me, 9), mpi.Isend(world, ints(1), me, 9))
	return mpi.Waitall(rs...) // line waitall
}

// goneReduce sends more than fits into buffers.
func goneReduce(world *mpi.Comm) error {
	return mpi.Reduce(world, ints(1<<20), nil, op.Sum, 0) // line reduce
}

// goneBeside has a goroutine that computes, and one that waits as well.
func goneBeside(world *mpi.Comm) error {
	go time.Sleep(time.Hour)
	mpi.Go(func() { mpi.Recv(world, ints(1), 0, 8) })
	_, err := mpi.Recv(world, ints(1), 0, 7) // line beside
	return err
}

// stayExchange goes on without rank 0.
func stayExchange(world *mpi.Comm) error {
	me, n := world.Rank(), world.Size()
	if me == 0 {
		return nil
	}
	next, before := me%(n-1)+1, (me+n-3)%(n-1)+1
	for end := time.Now().Add(long); ; {
		going := []int{1}
		if me == 1 && time.Now().After(end) {
			going[0] = 0
		}
		if me == 1 {
			if err := mpi.Send(world, going, next, 1); err != nil {
				return err
			}
		}
		if _, err := mpi.Recv(world, going, before, 1); err != nil {
			return err
		}
		if me != 1 {
			if err := mpi.Send(world, going, next, 1); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		if going[0] == 0 {
			return nil
		}
	}
}

// stayBcast lets all but rank 0 wait for a rank that passes on what it gets.
func stayBcast(world *mpi.Comm) error {
	buf := ints(1)
	if world.Rank() == 0 {
		buf[0] = 42
	}
	if world.Rank() == 2 {
		time.Sleep(long)
	}
	if err := mpi.Bcast(world, buf, 0); err != nil {
		return err
	}
	if buf[0] != 42 {
		return fmt.Errorf("received %d", buf[0])
	}
	return nil
}

// stayContext gives up by itself.
func stayContext(world *mpi.Comm) error {
	if world.Rank() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), long+2*time.Second)
	defer cancel()
	r := mpi.Irecv(world, ints(1), 0, 1)
	if _, err := r.WaitContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the wait ended with %w", err)
	}
	return cancelled(r)
}

func cancelled(r *mpi.Request) error {
	if err := r.Cancel(); err != nil {
		return err
	}
	_, err := r.Wait()
	return err
}

// stayListener computes, while a goroutine waits for nothing.
func stayListener(world *mpi.Comm) error {
	if world.Rank() < world.Size()-1 {
		return nil
	}
	done := make(chan error)
	r := mpi.Irecv(world, ints(1), mpi.AnySource, 1)
	mpi.Go(func() {
		_, err := r.Wait()
		done <- err
	})
	time.Sleep(long)
	if err := r.Cancel(); err != nil {
		return err
	}
	return <-done
}

// stayCancel is stayListener with the parts exchanged.
func stayCancel(world *mpi.Comm) error {
	if world.Rank() < world.Size()-1 {
		return nil
	}
	r := mpi.Irecv(world, ints(1), 0, 1)
	mpi.Go(func() {
		time.Sleep(long)
		r.Cancel()
	})
	_, err := r.Wait()
	return err
}

// stayTimer has a timer end what it waits for.
func stayTimer(world *mpi.Comm) error {
	if world.Rank() == 0 {
		return nil
	}
	r := mpi.Irecv(world, ints(1), 0, 1)
	cancelled := make(chan error, 1)
	time.AfterFunc(long, func() { cancelled <- r.Cancel() })
	st, err := r.Wait()
	expect(err == nil && st.Cancelled(), "the wait ended with %v, %v", st, err)
	return <-cancelled
}

// stayWaitany waits for one that has left, and one that computes.
func stayWaitany(world *mpi.Comm) error {
	me, last := world.Rank(), world.Size()-1
	switch me {
	case 0:
		return nil
	case last:
		time.Sleep(long)
		for to := 1; to < last; to++ {
			if err := mpi.Send(world, ints(1), to, 2); err != nil {
				return err
			}
		}
		return nil
	}
	bad, good := mpi.Irecv(world, ints(1), 0, 1), mpi.Irecv(world, ints(1), last, 2)
	i, err := mpi.Waitany(bad, good)
	if err != nil || i != 1 {
		return fmt.Errorf("place %d, %w", i, err)
	}
	return cancelled(bad)
}

// stayOp takes its time in an operation of its own, on one rank.
func stayOp(world *mpi.Comm) error {
	slow := world.Rank() == world.Size()-1
	o, err := op.New(func(in, inout []int) {
		for i := range in {
			inout[i] += in[i]
		}
		if slow {
			time.Sleep(long)
		}
	}, true)
	if err != nil {
		return err
	}
	if err := mpi.AllreduceInPlace(world, ints(1), o); err != nil {
		return err
	}
	return o.Free()
}

// stayLate receives long after it what a rank has sent before it left.
func stayLate(world *mpi.Comm) error {
	const tag = 1
	if world.Rank() == 0 {
		for to := 1; to < world.Size(); to++ {
			if err := mpi.Send(world, ints(5), to, tag); err != nil {
				return err
			}
		}
		return nil
	}
	time.Sleep(long)
	_, err := mpi.Recv(world, ints(5), 0, tag)
	return err
}

// stayIsend leaves with a message on its way, which MPI allows where the request
// has been freed. The others ask for it late.
func stayIsend(world *mpi.Comm) error {
	const tag, n = 1, 1 << 20
	if world.Rank() == 0 {
		for to := 1; to < world.Size(); to++ {
			if err := mpi.Isend(world, ints(n), to, tag).Free(); err != nil {
				return err
			}
		}
		return nil
	}
	time.Sleep(long)
	_, err := mpi.Recv(world, ints(n), 0, tag)
	return err
}
