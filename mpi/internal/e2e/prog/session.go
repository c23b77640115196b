package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// begin is a session and a communicator of all ranks, made without Init. Where
// the library has no sessions it returns nil.
func begin(tag string) (*mpi.Session, *mpi.Comm) {
	s, err := mpi.SessionInit(nil)
	if v, _ := mpi.StandardVersion(); v < 4 {
		expect(errors.Is(err, mpi.ErrUnsupported), "SessionInit: %v", err)
		return nil, nil
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	g, err := s.Group("mpi://WORLD")
	expect(err == nil, "Group: %v", err)
	c, err := mpi.CommCreateFromGroup(g, tag, nil)
	expect(err == nil, "CommCreateFromGroup: %v", err)
	err = g.Free()
	expect(err == nil, "Group.Free: %v", err)
	return s, c
}

// use communicates on c in as many ways as depend on what Init sets up.
func use(c *mpi.Comm) {
	me, n := c.Rank(), c.Size()
	sum := []uint64{uint64(me)}
	err := mpi.AllreduceInPlace(c, sum, op.Sum)
	expect(err == nil && sum[0] == uint64(n*(n-1)/2), "the sum is %d: %v", sum[0], err)
	top := []uint64{uint64(me) << 63} // an operation of our own, on MPICH
	err = mpi.AllreduceInPlace(c, top, op.Max)
	expect(err == nil && (n == 1 || top[0] == 1<<63 || n == 3 || n == 5), "the maximum is %#x: %v", top[0], err)

	type pair struct {
		a int8
		b float64
	}
	in, out := make([]pair, 1000), make([]pair, 1000)
	for i := range out {
		out[i] = pair{int8(me), float64(i)}
	}
	r := mpi.Irecv(c, mpi.Structs(in), (me+n-1)%n, 1)
	done := make(chan error)
	go func() { _, err := r.Wait(); done <- err }()
	err = mpi.Send(c, mpi.Structs(out), (me+1)%n, 1)
	expect(err == nil, "Send: %v", err)
	err = <-done
	expect(err == nil && in[999] == pair{int8((me + n - 1) % n), 999}, "received %v: %v", in[999], err)

	kv, err := datatype.NewKeyval[int](datatype.CopyAttr, nil)
	expect(err == nil, "NewKeyval: %v", err)
	t, err := datatype.Vector(2, 1, 2, datatype.Int)
	expect(err == nil, "Vector: %v", err)
	err = errors.Join(kv.Set(t, 3), t.Free(), kv.Free())
	expect(err == nil, "attributes: %v", err)
	d, err := c.Dup()
	expect(err == nil, "Dup: %v", err)
	err = errors.Join(d.Barrier(), d.Free())
	expect(err == nil, "the duplicate: %v", err)
}

// sessions has two sessions and no Init.
func sessions() {
	one, c := begin("one")
	if one == nil {
		clean()
		os.Exit(exit)
	}
	use(c)
	expect(!mpi.Initialized() && !mpi.Finalized(), "with a session: %v, %v", mpi.Initialized(), mpi.Finalized())
	expect(mpi.Threads() == mpi.ThreadMultiple, "Threads is %v", mpi.Threads())
	for _, err := range []error{mpi.World().Barrier(), mpi.Self().Barrier(), mpi.Finalize()} {
		expect(errors.Is(err, mpi.ErrState) && strings.Contains(err.Error(), "sessions alone make no world"), "the world: %v", err)
	}
	_, err := mpi.EnvInfo()
	expect(err == nil, "EnvInfo: %v", err)
	name, err := mpi.ProcessorName()
	expect(name != "" && err == nil, "ProcessorName is %q: %v", name, err)

	two, d := begin("two")
	err = errors.Join(c.Free(), one.Finalize())
	expect(err == nil && !mpi.Finalized(), "the end of the first: %v", err)
	use(d)
	err = errors.Join(d.Free(), two.Finalize())
	expect(err == nil && mpi.Finalized(), "the end of the last: %v", err)
	// The sessions of MPICH rest on an Init of which the program does not know.
	expect(cgo.Finalized() == strings.Contains(mpi.LibraryVersion(), "MPICH"), "the library says finalised: %v", cgo.Finalized())
	err = d.Barrier()
	expect(errors.Is(err, mpi.ErrState), "Barrier at the end: %v", err)
	_, err = datatype.Contiguous(1, datatype.Int)
	expect(errors.Is(err, mpi.ErrState), "Contiguous at the end: %v", err)
	_, err = mpi.SessionInit(nil)
	expect(errors.Is(err, mpi.ErrState) && strings.Contains(err.Error(), "cannot be initialised again"), "another session: %v", err)
	err = mpi.Init()
	expect(errors.Is(err, mpi.ErrState) && strings.Contains(err.Error(), "cannot be initialised again"), "Init: %v", err)
	os.Exit(exit)
}

// sessionFirst calls Init while it has a session.
func sessionFirst() {
	s, c := begin("first")
	err := mpi.Init()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if s != nil {
		use(c)
		err = errors.Join(c.Free(), s.Finalize())
		expect(err == nil, "the end of the session: %v", err)
	}
	expect(!mpi.Finalized(), "Init has ended with the session")
	use(mpi.World())
	err = mpi.Finalize()
	expect(err == nil && mpi.Finalized(), "Finalize: %v", err)
	os.Exit(exit)
}

// sessionLeft ends with a session, a communicator and a receive still open.
func sessionLeft() {
	if s, c := begin("left"); s != nil {
		use(c)
		mpi.Irecv(c, make([]int, 1), c.Rank(), 7)
	}
	os.Exit(exit)
}

// sessionMain leaves a session to Finalize.
func sessionMain() {
	var s *mpi.Session
	mpi.Main(func(world *mpi.Comm) error {
		var c *mpi.Comm
		if s, c = begin("main"); s != nil {
			use(c)
		}
		return world.Barrier()
	})
	if s != nil {
		_, err := s.NumPsets()
		expect(errors.Is(err, mpi.ErrState), "NumPsets after Finalize: %v", err)
		_, err = mpi.SessionInit(nil)
		expect(errors.Is(err, mpi.ErrState), "SessionInit after Finalize: %v", err)
	}
	err := s.Finalize()
	expect(err == nil, "Session.Finalize after Finalize: %v", err)
	os.Exit(exit)
}

// sessionFatal fails on the last rank, while the others wait.
func sessionFatal() {
	_, c := begin("fatal")
	err := c.SetErrhandler(mpi.ErrorsAreFatal)
	expect(err == nil, "SetErrhandler: %v", err)
	if c.Rank() == c.Size()-1 {
		mpi.Send(c, []int{1}, 99, 0)
	}
	c.Barrier()
}
