package mpi_test

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// many is a number for tests that are about numbers: less under the race
// detector, and where ranks share cores.
func many(c *mpi.Comm, n int) int {
	if raceEnabled {
		n /= 10
	}
	if crowded(c) {
		n /= 5
	}
	return n
}

// Ten thousand goroutines of each rank exchange messages with those of its
// neighbours, by blocking calls, each on its own tag.
func TestTenThousandGoroutines(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), many(c, 10_000)
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, procs := range []int{1, 2, 8} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		var wg sync.WaitGroup
		var wrong atomic.Int64
		for g := range n {
			wg.Go(func() {
				out, in := make([]int, 2), make([]int, 2)
				for i := range 10 {
					out[0], out[1] = me*n+g, i
					// Somebody on the ring must receive first, for a
					// library may wait for the receive in each send.
					var st mpi.Status
					var err error
					switch {
					case c.Size() == 1:
						st, err = mpi.Sendrecv(c, out, next, g, in, prev, g)
					case (me+g)%2 == 0 || me == c.Size()-1 && c.Size()%2 == 1:
						if err = mpi.Send(c, out, next, g); err == nil {
							st, err = mpi.Recv(c, in, prev, g)
						}
					default:
						if st, err = mpi.Recv(c, in, prev, g); err == nil {
							err = mpi.Send(c, out, next, g)
						}
					}
					if err != nil || in[0] != prev*n+g || in[1] != i || st.Source != prev || st.Tag != g || st.Count != 2 {
						wrong.Add(1)
					}
				}
			})
		}
		all := make(chan struct{})
		go func() { wg.Wait(); close(all) }()
		most := 0
		for waiting := true; waiting; {
			select {
			case <-all:
				waiting = false
			case <-time.After(20 * time.Millisecond):
			}
			most = max(most, threads(t))
		}
		if w := wrong.Load(); w > 0 {
			t.Errorf("GOMAXPROCS %d: %d of %d exchanges went wrong", procs, w, 10*n)
		}
		if most >= 64 {
			t.Errorf("GOMAXPROCS %d: %d threads for %d goroutines, want fewer than 64", procs, most, n)
		}
		must(t, c.Barrier())
	}
}

// Ten thousand receives are pending at once, and are waited for in each way.
func TestTenThousandRequests(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), many(c, 10_000)
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	ways := map[string]func(rs []*mpi.Request) error{
		"Waitall": func(rs []*mpi.Request) error { return mpi.Waitall(rs...) },
		"Wait": func(rs []*mpi.Request) error {
			for _, r := range rs {
				if _, err := r.Wait(); err != nil {
					return err
				}
			}
			return nil
		},
		"Waitsome": func(rs []*mpi.Request) error {
			for left := len(rs); left > 0; {
				done, err := mpi.Waitsome(rs...)
				if err != nil {
					return err
				}
				left -= len(done)
			}
			return nil
		},
		"Done": func(rs []*mpi.Request) error {
			for _, r := range slices.Backward(rs) {
				<-r.Done()
			}
			return nil
		},
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range ways {
			if !yield(name) {
				return
			}
		}
	}) {
		t.Run(name, func(t *testing.T) {
			in := make([]int32, n)
			out := make([]int32, n)
			rs := make([]*mpi.Request, 0, 2*n)
			for i := range n {
				in[i], out[i] = -1, int32(me*n+i)
				rs = append(rs, mpi.Irecv(c, in[i:i+1], prev, i))
			}
			must(t, c.Barrier())
			for i := n - 1; i >= 0; i-- {
				rs = append(rs, mpi.Isend(c, out[i:i+1], next, i))
			}
			must(t, ways[name](rs))
			for i := range in {
				if in[i] != int32(prev*n+i) {
					t.Fatalf("message %d holds %d, want %d", i, in[i], prev*n+i)
				}
			}
		})
	}
	// One by one, from a list that is passed over and over.
	n = many(c, 2000)
	var rs []*mpi.Request
	in := make([]int, n)
	for i := range n {
		rs = append(rs, mpi.Irecv(c, in[i:i+1], prev, i))
	}
	must(t, c.Barrier())
	for i := range n {
		must(t, mpi.Send(c, []int{i + 1}, next, n-1-i))
	}
	seen := make([]bool, n)
	for range n {
		i, err := mpi.Waitany(rs...)
		must(t, err)
		if seen[i] || in[i] != n-i {
			t.Fatalf("Waitany: place %d, seen %v, holds %d", i, seen[i], in[i])
		}
		seen[i] = true
	}
}

// The collector runs all the time, while all kinds of transfers go on between
// buffers and requests that nobody else refers to.
func TestCollectorRuns(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			runtime.GC()
			trash := make([][]int64, 50)
			for i := range trash {
				trash[i] = slices.Repeat([]int64{-7}, 500)
			}
			runtime.KeepAlive(trash)
		}
	})
	fill := func(n, round int) []int64 {
		b := make([]int64, n)
		for i := range b {
			b[i] = int64(me*1000 + round + i)
		}
		return b
	}
	check := func(what string, b []int64, round int) {
		t.Helper()
		for i := range b {
			if b[i] != int64(prev*1000+round+i) {
				t.Fatalf("%s, round %d: element %d is %d", what, round, i, b[i])
			}
		}
	}
	for round := range many(c, 30) + 2 {
		for _, n := range []int{3, 2000, 100_000} {
			// The send's slice and request are dropped at once; so is the
			// array that the receive's slice is part of.
			b := make([]int64, n+10)[5 : n+5]
			r := mpi.Irecv(c, b, prev, 1)
			mpi.Isend(c, fill(n, round), next, 1)
			_, err := r.Wait()
			must(t, err)
			check("Isend", b, round)

			in := make([]int64, n)
			_, err = mpi.Sendrecv(c, fill(n, round), next, 2, in, prev, 2)
			must(t, err)
			check("Sendrecv", in, round)

			in = make([]int64, n)
			s, p := mpi.SendInit(c, fill(n, round), next, 3), mpi.RecvInit(c, in, prev, 3)
			must(t, mpi.Startall(s, p))
			<-p.Done()
			must(t, mpi.Waitall(s, p))
			check("SendInit", in, round)
			must(t, s.Free())
			must(t, p.Free())

			all := make([]int64, n*c.Size())
			g := mpi.Iallgather(c, fill(n, round), all)
			_, err = g.Wait()
			must(t, err)
			check("Iallgather", all[prev*n:(prev+1)*n], round)
		}
	}
	close(stop)
	collector.Wait()
}

// MPI does not let one message overtake another of the same source, tag and
// communicator; others are received in the order that is asked for.
func TestOvertaking(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	other, err := c.Dup()
	must(t, err)
	const n = 40
	var sends []*mpi.Request
	for i := range n {
		// Short and long, so that some take another way through the library.
		out := make([]int, 1+i%3*10_000)
		out[0] = i
		sends = append(sends, mpi.Isend(c, out, next, 5), mpi.Isend(c, []int{1000 + i}, next, 100+i),
			mpi.Isend(other, []int{2000 + i}, next, 5))
	}
	// The last tag first, and of the duplicate none before they are asked for.
	for i := n - 1; i >= 0; i-- {
		buf := []int{-1}
		st, err := mpi.Recv(c, buf, mpi.AnySource, 100+i)
		if must(t, err); buf[0] != 1000+i || st.Source != prev || st.Tag != 100+i {
			t.Errorf("tag %d: %v, %+v", 100+i, buf, st)
		}
	}
	for i := range n {
		buf := make([]int, 30_000)
		st, err := mpi.Recv(c, buf, prev, mpi.AnyTag)
		if must(t, err); buf[0] != i || st.Tag != 5 || st.Count != 1+i%3*10_000 {
			t.Errorf("message %d: holds %d, %+v", i, buf[0], st)
		}
	}
	for i := range n {
		buf := []int{-1}
		_, err := mpi.Recv(other, buf, mpi.AnySource, mpi.AnyTag)
		if must(t, err); buf[0] != 2000+i {
			t.Errorf("message %d on the duplicate: %v", i, buf)
		}
	}
	must(t, mpi.Waitall(sends...))
	must(t, other.Free())
}

// Lists of every kind of request: nil ones, inactive and finished ones are
// passed over, as MPI does null and inactive requests.
func TestMixedLists(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	reported := func() *mpi.Request {
		r := mpi.Isend(c, []int{}, mpi.ProcNull, 0)
		_, err := r.Wait()
		must(t, err)
		return r
	}()
	inactive := mpi.RecvInit(c, []int{0}, me, 9)
	bad := func() *mpi.Request { return mpi.Isend(c, []int{1}, -9, 0) }
	post := func(tag int) *mpi.Request { return mpi.Irecv(c, make([]int, 1), me, tag) }
	send := func(tag int) { must(t, mpi.Send(c, []int{tag}, me, tag)) }

	idle := []*mpi.Request{nil, reported, inactive}
	must(t, mpi.Waitall(idle...))
	if i, err := mpi.Waitany(idle...); i != mpi.Undefined || err != nil {
		t.Errorf("Waitany of nothing: %d, %v", i, err)
	}
	if i, found, err := mpi.Testany(idle...); i != mpi.Undefined || !found || err != nil {
		t.Errorf("Testany of nothing: %d, %v, %v", i, found, err)
	}
	if done, err := mpi.Waitsome(idle...); done != nil || err != nil {
		t.Errorf("Waitsome of nothing: %v, %v", done, err)
	}
	if done, err := mpi.Testsome(idle...); done != nil || err != nil {
		t.Errorf("Testsome of nothing: %v, %v", done, err)
	}
	if all, err := mpi.Testall(idle...); !all || err != nil {
		t.Errorf("Testall of nothing: %v, %v", all, err)
	}

	// One that failed among them: its error, and the others intact.
	r := post(1)
	list := append(slices.Clone(idle), bad(), r)
	if i, err := mpi.Waitany(list...); i != 3 || !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Waitany with a failed one: %d, %v", i, err)
	}
	if i, found, err := mpi.Testany(list...); i != mpi.Undefined || found || err != nil {
		t.Errorf("Testany with one pending: %d, %v, %v", i, found, err)
	}
	if all, err := mpi.Testall(list...); all || err != nil {
		t.Errorf("Testall with one pending: %v, %v", all, err)
	}
	send(1)
	if done, err := mpi.Waitsome(list...); !slices.Equal(done, []int{4}) || err != nil {
		t.Errorf("Waitsome: %v, %v", done, err)
	}

	r = post(2)
	list = append(slices.Clone(idle), r, bad())
	done, err := mpi.Waitsome(list...)
	if !slices.Equal(done, []int{4}) || !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Waitsome with a failed one: %v, %v", done, err)
	}
	send(2)
	if err := mpi.Waitall(list...); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Waitall after that: %v, want the error again", err)
	}
	if st, err := r.Wait(); err != nil || st.Count != 1 || st.Tag != 2 {
		t.Errorf("beside a failed one: %+v, %v", st, err)
	}

	// The same request more than once.
	r = post(3)
	send(3)
	must(t, mpi.Waitall(r, r, nil, r))
	r = post(4)
	send(4)
	if done, err := mpi.Waitsome(r, r); len(done) != 1 || err != nil {
		t.Errorf("Waitsome of one request twice: %v, %v", done, err)
	}

	// A persistent one is reported once for each Start.
	must(t, inactive.Start())
	send(9)
	if i, err := mpi.Waitany(nil, inactive); i != 1 || err != nil {
		t.Errorf("Waitany of a started one: %d, %v", i, err)
	}
	if i, err := mpi.Waitany(nil, inactive); i != mpi.Undefined || err != nil {
		t.Errorf("Waitany again: %d, %v", i, err)
	}
	must(t, inactive.Free())
	must(t, mpi.Waitall(inactive))
}

// Every way to send nothing, or to nobody, is complete without a partner.
func TestNobodyAndNothing(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := []int{7}
	once := func(r *mpi.Request) error {
		err := r.Start()
		if err == nil {
			_, err = r.Wait()
		}
		return errors.Join(err, r.Free())
	}
	waited := func(r *mpi.Request) error { _, err := r.Wait(); return err }
	const null = mpi.ProcNull
	for what, f := range map[string]func() error{
		"Send":      func() error { return mpi.Send(c, buf, null, 0) },
		"Ssend":     func() error { return mpi.Ssend(c, buf, null, 0) },
		"Rsend":     func() error { return mpi.Rsend(c, buf, null, 0) },
		"Isend":     func() error { return waited(mpi.Isend(c, buf, null, 0)) },
		"Issend":    func() error { return waited(mpi.Issend(c, buf, null, 0)) },
		"Irsend":    func() error { return waited(mpi.Irsend(c, buf, null, 0)) },
		"SendInit":  func() error { return once(mpi.SendInit(c, buf, null, 0)) },
		"SsendInit": func() error { return once(mpi.SsendInit(c, buf, null, 0)) },
		"RsendInit": func() error { return once(mpi.RsendInit(c, buf, null, 0)) },
	} {
		if err := f(); err != nil {
			t.Errorf("%s to ProcNull: %v", what, err)
		}
	}
	want := mpi.Status{Source: null, Tag: mpi.AnyTag}
	for what, r := range map[string]*mpi.Request{
		"Irecv":    mpi.Irecv(c, buf, null, 3),
		"RecvInit": mpi.RecvInit(c, buf, null, mpi.AnyTag),
	} {
		if what == "RecvInit" {
			must(t, r.Start())
		}
		if st, err := r.Wait(); err != nil || st != want || buf[0] != 7 {
			t.Errorf("%s from ProcNull: %+v, %v, buffer %v", what, st, err, buf)
		}
		must(t, r.Free())
	}
	// To itself, of no elements, in every mode and form.
	for i, send := range []func(tag int) *mpi.Request{
		func(tag int) *mpi.Request { return mpi.Isend(c, []int{}, me, tag) },
		func(tag int) *mpi.Request { return mpi.Issend(c, []int(nil), me, tag) },
		func(tag int) *mpi.Request { return mpi.Irsend(c, buf[:0], me, tag) },
	} {
		in := []int{-1}
		r := mpi.Irecv(c, in, me, i)
		s := send(i)
		must(t, mpi.Waitall(s, r))
		if st := r.Status(); st.Count != 0 || st.Source != me || st.Tag != i || in[0] != -1 {
			t.Errorf("mode %d: %+v, buffer %v", i, st, in)
		}
	}
	for i, init := range []func() *mpi.Request{
		func() *mpi.Request { return mpi.SendInit(c, []int{}, me, 1) },
		func() *mpi.Request { return mpi.SsendInit(c, buf, me, 1) },
		func() *mpi.Request { return mpi.RsendInit(c, buf, me, 1) },
	} {
		in := []int{-1}
		r, s := mpi.RecvInit(c, in, me, 1), init()
		for range 3 {
			must(t, r.Start())
			must(t, s.Start())
			must(t, mpi.Waitall(r, s))
			if st := r.Status(); st.Count != min(i, 1) || i > 0 && in[0] != 7 {
				t.Errorf("persistent mode %d: %+v, buffer %v", i, st, in)
			}
		}
		must(t, r.Free())
		must(t, s.Free())
	}
}
