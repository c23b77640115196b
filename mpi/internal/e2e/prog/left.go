package main

import (
	"fmt"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// What programs leave behind. The tests know the lines by the comments that begin
// with "line".
func init() {
	whole["left-requests"] = func() { mpi.Main(leaveRequests); fmt.Println("ended") }
	whole["left-objects"] = func() { mpi.Main(func(world *mpi.Comm) error { return leaveObjects(world, true) }) }
	whole["left-nothing"] = func() { mpi.Main(func(world *mpi.Comm) error { return leaveObjects(world, false) }) }
	whole["left-in-use"] = func() { mpi.Main(leaveInUse) }
	whole["left-session"] = leaveSession
}

// leaveRequests posts requests that nobody will ever complete.
func leaveRequests(world *mpi.Comm) error {
	next := (world.Rank() + 1) % world.Size()
	mpi.Irecv(world, ints(3), next, 5)                       // line left receive
	mpi.Irecv(world, make([]byte, 8), mpi.AnySource, 6)      // line left any
	mpi.StartGrequest(nil, nil, nil)                         // line left own
	r := mpi.RecvInit(world, make([]float64, 2), next, 7)    // line left persistent
	mpi.Isendrecv(world, ints(1), next, 8, ints(1), next, 9) // line left both
	if err := r.Start(); err != nil {
		return err
	}
	// The message of Isendrecv arrives, and the receive is pending.
	_, err := mpi.Recv(world, ints(1), mpi.AnySource, 8)
	return err
}

// leaveInUse leaves a communicator on which a receive is pending.
func leaveInUse(world *mpi.Comm) error {
	c, err := world.Dup()
	if err == nil {
		mpi.Irecv(c, ints(1), mpi.AnySource, 5)
	}
	return err
}

// leaveObjects makes one of each kind of object, on two ranks or more, and frees
// them unless leave is set.
func leaveObjects(world *mpi.Comm, leave bool) error {
	var errs []error
	do := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	free := func(f func() error) {
		if !leave {
			do(f())
		}
	}
	for range 3 {
		c, err := world.Dup() // line left comms
		do(err)
		free(c.Free)
	}
	c, r := world.Idup()
	_, err := r.Wait() // line left idup
	do(err)
	free(c.Free)
	g, err := world.Group() // line left group
	do(err)
	free(g.Free)
	v, err := datatype.Vector(2, 1, 2, datatype.Int) // line left type
	do(err)
	free(v.Free)
	type pair struct {
		A int8
		B int64
	}
	_, err = datatype.Of[pair]() // nobody has to free this one
	do(err)
	o, err := op.New(func(in, inout []pair) {}, false) // line left op
	do(err)
	free(o.Free)
	k, err := mpi.NewKeyval[int](nil, nil) // line left key
	do(err)
	free(k.Free)
	r = mpi.SendInit(world, ints(1), 0, 1) // line left request
	free(r.Free)
	// MPICH's message to itself is not sent before it is received.
	next := (world.Rank() + 1) % world.Size()
	do(mpi.Send(world, ints(1), next, 1))
	m, err := world.Mprobe(mpi.AnySource, 1) // line left message
	do(err)
	free(func() error { _, err := mpi.Mrecv(m, ints(1)); return err })
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// leaveSession leaves a session to Finalize, and what was made of it.
func leaveSession() {
	plain(func() {
		if _, c := begin("left"); c != nil {
			use(c)
		}
		err := mpi.Finalize()
		expect(err == nil, "Finalize: %v", err)
	})
}
