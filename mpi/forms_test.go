package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// Every way to send against every form of waiting, and every form of waiting
// for a list against every list: what the libraries do the same inside may
// differ in ours.

// waitForms are all the ways to wait for one request.
var waitForms = []struct {
	name string
	wait func(r *mpi.Request) (mpi.Status, error)
}{
	{"Wait", (*mpi.Request).Wait},
	{"WaitContext", func(r *mpi.Request) (mpi.Status, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return r.WaitContext(ctx)
	}},
	{"Done", func(r *mpi.Request) (mpi.Status, error) { <-r.Done(); return r.Wait() }},
	{"Test", func(r *mpi.Request) (mpi.Status, error) { return until(r.Test) }},
	{"GetStatus", func(r *mpi.Request) (mpi.Status, error) { return until(r.GetStatus) }},
	{"Waitall", func(r *mpi.Request) (mpi.Status, error) { return r.Status(), mpi.Waitall(nil, r) }},
	{"Waitany", func(r *mpi.Request) (mpi.Status, error) {
		i, err := mpi.Waitany(nil, r)
		return second(r, err, i)
	}},
	{"Waitsome", func(r *mpi.Request) (mpi.Status, error) {
		done, err := mpi.Waitsome(nil, r)
		return second(r, err, done...)
	}},
	{"Testall", func(r *mpi.Request) (mpi.Status, error) {
		return until(func() (mpi.Status, bool, error) {
			all, err := mpi.Testall(nil, r)
			return r.Status(), all, err
		})
	}},
	{"Testany", func(r *mpi.Request) (mpi.Status, error) {
		return until(func() (mpi.Status, bool, error) {
			i, found, err := mpi.Testany(nil, r)
			if !found {
				return mpi.Status{}, false, err
			}
			st, err := second(r, err, i)
			return st, true, err
		})
	}},
	{"Testsome", func(r *mpi.Request) (mpi.Status, error) {
		return until(func() (mpi.Status, bool, error) {
			done, err := mpi.Testsome(nil, r)
			if len(done) == 0 {
				return mpi.Status{}, false, err
			}
			st, err := second(r, err, done...)
			return st, true, err
		})
	}},
}

func until(test func() (mpi.Status, bool, error)) (mpi.Status, error) {
	for {
		if st, done, err := test(); done || err != nil {
			return st, err
		}
		runtime.Gosched()
	}
}

// second is the result of r, which a call has found at places of a list.
func second(r *mpi.Request, err error, places ...int) (mpi.Status, error) {
	if !slices.Equal(places, []int{1}) {
		err = errors.Join(err, fmt.Errorf("places %v, want [1]", places))
	}
	return r.Status(), err
}

// sendWays are all the ways to send. Those that block return no request.
var sendWays = []struct {
	name string
	post func(c *mpi.Comm, buf []int32, dest, tag int) (*mpi.Request, error)
}{
	{"Send", blocks(mpi.Send[[]int32])},
	{"Ssend", blocks(mpi.Ssend[[]int32])},
	{"Rsend", blocks(mpi.Rsend[[]int32])},
	{"Bsend", blocks(mpi.Bsend[[]int32])},
	{"Isend", posts(mpi.Isend[[]int32])},
	{"Issend", posts(mpi.Issend[[]int32])},
	{"Irsend", posts(mpi.Irsend[[]int32])},
	{"Ibsend", posts(mpi.Ibsend[[]int32])},
	{"SendInit", starts(mpi.SendInit[[]int32])},
	{"SsendInit", starts(mpi.SsendInit[[]int32])},
	{"RsendInit", starts(mpi.RsendInit[[]int32])},
	{"BsendInit", starts(mpi.BsendInit[[]int32])},
}

// recvWays are the ways to receive that return a request.
var recvWays = []struct {
	name string
	post func(c *mpi.Comm, buf []int32, source, tag int) (*mpi.Request, error)
}{
	{"Irecv", posts(mpi.Irecv[[]int32])},
	{"RecvInit", starts(mpi.RecvInit[[]int32])},
}

type (
	poster  = func(c *mpi.Comm, buf []int32, peer, tag int) (*mpi.Request, error)
	request = func(c *mpi.Comm, buf []int32, peer, tag int) *mpi.Request
)

func blocks(send func(*mpi.Comm, []int32, int, int) error) poster {
	return func(c *mpi.Comm, buf []int32, peer, tag int) (*mpi.Request, error) {
		return nil, send(c, buf, peer, tag)
	}
}

func posts(f request) poster {
	return func(c *mpi.Comm, buf []int32, peer, tag int) (*mpi.Request, error) { return f(c, buf, peer, tag), nil }
}

func starts(f request) poster {
	return func(c *mpi.Comm, buf []int32, peer, tag int) (*mpi.Request, error) {
		r := f(c, buf, peer, tag)
		return r, r.Start()
	}
}

// A rank talks to itself in every mode and form, also with empty messages. The
// goroutine that waits for the receive is not the one that posted it.
func TestEveryWayToItself(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	lens := []int{0, 1, 20_000}
	attach(t, 2*len(recvWays)*len(waitForms)*len(sendWays)/4*3*mpi.BsendSize(make([]int32, lens[2])))
	for _, n := range lens {
		for tag, send := range sendWays {
			for _, recv := range recvWays {
				for f, form := range waitForms {
					if n > 1 && (raceEnabled || crowded(c)) && (f+tag)%3 > 0 {
						continue // a third of the long ones will do
					}
					what := fmt.Sprintf("%s, %s, %s, %d elements", send.name, recv.name, form.name, n)
					out, in := slices.Repeat([]int32{int32(f + 100*tag)}, n), slices.Repeat([]int32{-1}, n+1)
					r, err := recv.post(c, in[:n], me, tag)
					must(t, err)
					waited := make(chan error, 1)
					go func() {
						_, err := form.wait(r)
						waited <- err
					}()
					s, err := send.post(c, out, me, tag)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					if s != nil {
						if _, err := form.wait(s); err != nil {
							t.Errorf("%s: waiting for the send: %v", what, err)
						}
					}
					if err := <-waited; err != nil {
						t.Errorf("%s: waiting for the receive: %v", what, err)
					}
					if st, err := r.Wait(); err != nil || st.Source != me || st.Tag != tag || st.Count != n || !slices.Equal(in, append(out, -1)) {
						t.Errorf("%s: received %.20v with %+v, %v", what, in, st, err)
					}
					must(t, r.Free())
					must(t, s.Free())
				}
			}
		}
	}
}

// To ProcNull, and from it, everything is complete without a partner.
func TestEveryWayToNobody(t *testing.T) {
	c := mpitest.World(t)
	attach(t, 1000)
	for _, form := range waitForms {
		for _, send := range sendWays {
			s, err := send.post(c, []int32{7}, mpi.ProcNull, 0)
			if err == nil && s != nil {
				_, err = form.wait(s)
			}
			if err = errors.Join(err, s.Free()); err != nil {
				t.Errorf("%s, %s: %v", send.name, form.name, err)
			}
		}
		for _, recv := range recvWays {
			buf := []int32{7}
			r, err := recv.post(c, buf, mpi.ProcNull, mpi.AnyTag)
			must(t, err)
			_, err = form.wait(r)
			st, again := r.Wait()
			if err = errors.Join(err, again, r.Free()); err != nil || st != (mpi.Status{Source: mpi.ProcNull, Tag: mpi.AnyTag}) || buf[0] != 7 {
				t.Errorf("%s, %s: %+v, %v, buffer %v", recv.name, form.name, st, err, buf)
			}
		}
	}
}

// A requestKind is a kind of request in a list.
type requestKind struct {
	name    string
	make    func(c *mpi.Comm, tag int) *mpi.Request
	ready   bool // complete, and nobody has been told
	pending bool
	fails   bool
	count   int // of its status, in the end
}

var requestKinds = []requestKind{
	{name: "nil", make: func(*mpi.Comm, int) *mpi.Request { return nil }},
	{name: "inactive", make: func(c *mpi.Comm, tag int) *mpi.Request { return mpi.RecvInit(c, []int{0}, c.Rank(), tag) }},
	{name: "finished", count: 1, make: func(c *mpi.Comm, tag int) *mpi.Request {
		r := complete(c, mpi.Irecv(c, []int{0}, c.Rank(), tag), tag)
		r.Wait()
		return r
	}},
	{name: "failed before", fails: true, make: func(c *mpi.Comm, _ int) *mpi.Request {
		r := mpi.Isend(c, []int{1}, -9, 0)
		r.Wait()
		return r
	}},
	{name: "failed", ready: true, fails: true, make: func(c *mpi.Comm, _ int) *mpi.Request { return mpi.Isend(c, []int{1}, -9, 0) }},
	{name: "complete", ready: true, count: 1, make: func(c *mpi.Comm, tag int) *mpi.Request {
		return complete(c, mpi.Irecv(c, []int{0}, c.Rank(), tag), tag)
	}},
	{name: "complete persistent", ready: true, count: 1, make: func(c *mpi.Comm, tag int) *mpi.Request {
		r := mpi.RecvInit(c, []int{0}, c.Rank(), tag)
		r.Start()
		return complete(c, r, tag)
	}},
	{name: "pending", pending: true, count: 1, make: func(c *mpi.Comm, tag int) *mpi.Request {
		return mpi.Irecv(c, []int{0}, c.Rank(), tag)
	}},
	{name: "active", pending: true, count: 1, make: func(c *mpi.Comm, tag int) *mpi.Request {
		r := mpi.RecvInit(c, []int{0}, c.Rank(), tag)
		r.Start()
		return r
	}},
}

// complete completes the receive r without telling anybody.
func complete(c *mpi.Comm, r *mpi.Request, tag int) *mpi.Request {
	mpi.Send(c, []int{tag}, c.Rank(), tag)
	until(r.GetStatus)
	return r
}

// A mixedList is a list of requests of some kinds, and what there is in it.
type mixedList struct {
	c              *mpi.Comm
	kinds          []requestKind
	rs             []*mpi.Request
	ready, pending []int
}

func newMixedList(c *mpi.Comm, kinds []requestKind) *mixedList {
	l := &mixedList{c: c, kinds: kinds}
	for i, k := range kinds {
		l.rs = append(l.rs, k.make(c, i))
		if k.ready {
			l.ready = append(l.ready, i)
		}
		if k.pending {
			l.pending = append(l.pending, i)
		}
	}
	return l
}

// deliver sends what the pending receives wait for.
func (l *mixedList) deliver() {
	for _, i := range l.pending {
		mpi.Send(l.c, []int{i}, l.c.Rank(), i)
	}
}

// told complains unless the places are those wanted, in any order, and err is
// the failure of those that failed.
func (l *mixedList) told(err error, want []int, got ...int) error {
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("places %v, want %v", got, want)
	}
	return l.failure(err, slices.ContainsFunc(got, func(i int) bool { return l.kinds[i].fails }))
}

func (l *mixedList) failure(err error, want bool) error {
	if errors.Is(err, mpi.ErrRank) != want || !want && err != nil {
		return fmt.Errorf("error %v, want one: %v", err, want)
	}
	return nil
}

func (l *mixedList) anyFails() bool {
	return slices.ContainsFunc(l.kinds, func(k requestKind) bool { return k.fails })
}

// collect calls next until it has returned n places.
func collect(n int, next func() ([]int, error)) (places []int, err error) {
	for len(places) < n {
		some, e := next()
		places, err = append(places, some...), errors.Join(err, e)
		runtime.Gosched()
	}
	return places, err
}

// one is what a Waitany or Testany has found, as a list.
func one(i int, err error) ([]int, error) {
	if i == mpi.Undefined {
		return nil, err
	}
	return []int{i}, err
}

// listForms are the calls on lists: each takes all of a list that can be taken,
// in turns, and complains of what is not as MPI says.
var listForms = []struct {
	name string
	take func(l *mixedList) error
}{
	{"Waitall", func(l *mixedList) error {
		l.deliver()
		return l.failure(mpi.Waitall(l.rs...), l.anyFails())
	}},
	{"Testall", func(l *mixedList) error {
		if len(l.pending) > 0 {
			if all, err := mpi.Testall(l.rs...); all || err != nil {
				return fmt.Errorf("with some pending: %v, %v", all, err)
			}
			// So it has told nobody of anything.
			done, err := mpi.Testsome(l.rs...)
			if err := l.told(err, l.ready, done...); err != nil {
				return fmt.Errorf("Testsome after it: %v", err)
			}
			l.deliver()
		}
		for {
			if all, err := mpi.Testall(l.rs...); all {
				return l.failure(err, l.anyFails())
			}
			runtime.Gosched()
		}
	}},
	{"Waitany", func(l *mixedList) error {
		next := func() ([]int, error) { return one(mpi.Waitany(l.rs...)) }
		got, err := collect(len(l.ready), next)
		if err := l.told(err, l.ready, got...); err != nil {
			return err
		}
		l.deliver()
		got, err = collect(len(l.pending), next)
		return l.told(err, l.pending, got...)
	}},
	{"Testany", func(l *mixedList) error {
		next := func() ([]int, error) {
			i, found, err := mpi.Testany(l.rs...)
			if !found && i != mpi.Undefined {
				return nil, fmt.Errorf("nothing found at place %d", i)
			}
			return one(i, err)
		}
		got, err := collect(len(l.ready), next)
		if err := l.told(err, l.ready, got...); err != nil {
			return err
		}
		if i, found, err := mpi.Testany(l.rs...); i != mpi.Undefined || found != (len(l.pending) == 0) || err != nil {
			return fmt.Errorf("nothing but pending: %d, %v, %v", i, found, err)
		}
		l.deliver()
		got, err = collect(len(l.pending), next)
		return l.told(err, l.pending, got...)
	}},
	{"Waitsome", func(l *mixedList) error {
		if len(l.ready) > 0 {
			done, err := mpi.Waitsome(l.rs...)
			if err := l.told(err, l.ready, done...); err != nil {
				return err
			}
		}
		l.deliver()
		got, err := collect(len(l.pending), func() ([]int, error) { return mpi.Waitsome(l.rs...) })
		return l.told(err, l.pending, got...)
	}},
	{"Testsome", func(l *mixedList) error {
		done, err := mpi.Testsome(l.rs...)
		if err := l.told(err, l.ready, done...); err != nil {
			return err
		}
		l.deliver()
		got, err := collect(len(l.pending), func() ([]int, error) { return mpi.Testsome(l.rs...) })
		return l.told(err, l.pending, got...)
	}},
}

// Lists of three requests of every kind, to each call on lists: nil, inactive
// and reported ones are passed over, as MPI does null and inactive requests;
// of a failed one the error is told; and the others are intact.
func TestMixedLists(t *testing.T) {
	c := mpitest.World(t)
	for n := range len(requestKinds) * len(requestKinds) * len(requestKinds) {
		if (raceEnabled || crowded(c)) && n%5 > 0 {
			continue
		}
		var kinds []requestKind
		var names []string
		for range 3 {
			k := requestKinds[n%len(requestKinds)]
			kinds, names, n = append(kinds, k), append(names, k.name), n/len(requestKinds)
		}
		for _, form := range listForms {
			l := newMixedList(c, kinds)
			if err := form.take(l); err != nil {
				t.Fatalf("%s of %q: %v", form.name, names, err)
			}
			nothingLeft(t, form.name, names, l.rs)
			for i, r := range l.rs {
				st, err := r.Wait()
				if l.failure(err, kinds[i].fails) != nil || st.Count != kinds[i].count || st.Count > 0 && st.Tag != i {
					t.Fatalf("%s of %q: request %d has %+v, %v", form.name, names, i, st, err)
				}
				must(t, r.Free())
			}
		}
	}
}

// nothingLeft checks that the calls on lists find nothing more to tell.
func nothingLeft(t *testing.T, what string, names []string, rs []*mpi.Request) {
	t.Helper()
	i, err := mpi.Waitany(rs...)
	j, found, err2 := mpi.Testany(rs...)
	some, err3 := mpi.Waitsome(rs...)
	more, err4 := mpi.Testsome(rs...)
	if err := errors.Join(err, err2, err3, err4); i != mpi.Undefined || j != mpi.Undefined || !found || some != nil || more != nil || err != nil {
		t.Fatalf("after %s of %q: Waitany %d, Testany %d %v, Waitsome %v, Testsome %v, errors %v", what, names, i, j, found, some, more, err)
	}
}

// The same request more than once in a list is told of once.
func TestTwiceInAList(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for _, form := range listForms {
		if form.name == "Waitall" || form.name == "Testall" {
			continue // they tell no places
		}
		for _, k := range requestKinds {
			l := newMixedList(c, []requestKind{k})
			l.rs = append(l.rs, nil, l.rs[0], l.rs[0])
			if err := form.take(l); err != nil {
				t.Errorf("%s of a %s request three times: %v", form.name, k.name, err)
			}
			nothingLeft(t, form.name, []string{k.name}, l.rs)
			must(t, l.rs[0].Free())
		}
	}
	r := mpi.Irecv(c, []int{0}, me, 3)
	must(t, mpi.Send(c, []int{3}, me, 3))
	must(t, mpi.Waitall(r, r, nil, r))
	// A persistent one is told of once for each Start.
	p := mpi.RecvInit(c, []int{0}, me, 9)
	for range 3 {
		must(t, p.Start())
		must(t, mpi.Send(c, []int{9}, me, 9))
		if i, err := mpi.Waitany(nil, p, p); i != 1 || err != nil {
			t.Errorf("Waitany of a started one: %d, %v", i, err)
		}
		nothingLeft(t, "Waitany", []string{"started"}, []*mpi.Request{nil, p, p})
	}
	must(t, p.Free())
	must(t, mpi.Waitall(p))
}
