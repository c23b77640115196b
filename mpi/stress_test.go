package mpi_test

import (
	"errors"
	"fmt"
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
	for _, way := range []struct {
		name string
		wait func(rs []*mpi.Request) error
	}{
		{"Waitall", func(rs []*mpi.Request) error { return mpi.Waitall(rs...) }},
		{"Wait", func(rs []*mpi.Request) error {
			for _, r := range rs {
				if _, err := r.Wait(); err != nil {
					return err
				}
			}
			return nil
		}},
		{"Waitany", func(rs []*mpi.Request) error {
			seen := make([]bool, len(rs))
			for range rs {
				i, err := mpi.Waitany(rs...)
				if err != nil || i == mpi.Undefined || seen[i] {
					return fmt.Errorf("place %d, error %v: want one that was not reported before", i, err)
				}
				seen[i] = true
			}
			return nil
		}},
		{"Waitsome", func(rs []*mpi.Request) error {
			for left := len(rs); left > 0; {
				done, err := mpi.Waitsome(rs...)
				if err != nil || len(done) == 0 {
					return fmt.Errorf("nothing to wait for with %d left, error %v", left, err)
				}
				left -= len(done)
			}
			return nil
		}},
		{"Done", func(rs []*mpi.Request) error {
			for _, r := range slices.Backward(rs) {
				<-r.Done()
			}
			return mpi.Waitall(rs...)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
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
			must(t, way.wait(rs))
			for i := range in {
				if st, err := rs[i].Wait(); err != nil || in[i] != int32(prev*n+i) || st.Source != prev || st.Tag != i || st.Count != 1 {
					t.Fatalf("message %d holds %d, want %d; %+v, %v", i, in[i], prev*n+i, st, err)
				}
			}
			if i, err := mpi.Waitany(rs...); i != mpi.Undefined || err != nil {
				t.Errorf("Waitany when all have been waited for: place %d, %v", i, err)
			}
		})
	}
}

// The collector runs all the time, while all kinds of transfers go on between
// buffers and requests that nobody else refers to.
func TestCollectorRuns(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	lens := []int{3, 2000, 50_000}
	attach(t, 2*mpi.BsendSize(make([]int64, lens[len(lens)-1])))

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
	defer collector.Wait()
	defer close(stop)

	// Each way is handed a slice that only it knows, and forgets it and its
	// request as soon as it can.
	receive := func(in []int64, tag int) error { return waitFor(mpi.Irecv(c, in, prev, tag)) }
	ways := []struct {
		name string
		swap func(out, in []int64, tag int) error
	}{
		{name: "Isend", swap: func(out, in []int64, tag int) error {
			mpi.Isend(c, out, next, tag)
			return receive(in, tag)
		}},
		{name: "Issend", swap: func(out, in []int64, tag int) error {
			mpi.Issend(c, out, next, tag)
			return receive(in, tag)
		}},
		{name: "Ibsend", swap: func(out, in []int64, tag int) error {
			mpi.Ibsend(c, out, next, tag)
			return receive(in, tag)
		}},
		{name: "a freed Isend", swap: func(out, in []int64, tag int) error {
			return errors.Join(mpi.Isend(c, out, next, tag).Free(), receive(in, tag))
		}},
		{name: "Done", swap: func(out, in []int64, tag int) error {
			received := mpi.Irecv(c, in, prev, tag).Done()
			sent := mpi.Isend(c, out, next, tag).Done()
			<-received
			<-sent
			return nil
		}},
		{name: "Sendrecv", swap: func(out, in []int64, tag int) error {
			_, err := mpi.Sendrecv(c, out, next, tag, in, prev, tag)
			return err
		}},
		{name: "Isendrecv", swap: func(out, in []int64, tag int) error {
			return waitFor(mpi.Isendrecv(c, out, next, tag, in, prev, tag))
		}},
		{name: "Mprobe", swap: func(out, in []int64, tag int) error {
			mpi.Isend(c, out, next, tag)
			m, err := c.Mprobe(prev, tag)
			if err != nil {
				return err
			}
			<-mpi.Imrecv(m, in).Done()
			return nil
		}},
		{name: "SendInit", swap: func(out, in []int64, tag int) error {
			s, r := mpi.SendInit(c, out, next, tag), mpi.RecvInit(c, in, prev, tag)
			err := mpi.Startall(s, r)
			<-r.Done()
			return errors.Join(err, mpi.Waitall(s, r), s.Free(), r.Free())
		}},
		{name: "Iallgather", swap: func(out, in []int64, _ int) error {
			all := make([]int64, len(out)*c.Size())
			err := waitFor(mpi.Iallgather(c, out, all))
			copy(in, all[prev*len(out):])
			return err
		}},
	}
	for round := range many(c, 20) + 2 {
		for i, way := range ways {
			n := lens[(round+i)%len(lens)]
			out := func() []int64 {
				b := make([]int64, n)
				for i := range b {
					b[i] = int64(me*1000 + round + i)
				}
				return b
			}
			in := make([]int64, n+10)[5 : n+5] // inside another array
			must(t, way.swap(out(), in, i))
			for i := range in {
				if in[i] != int64(prev*1000+round+i) {
					t.Fatalf("%s, round %d, %d elements: element %d is %d", way.name, round, n, i, in[i])
				}
			}
		}
	}
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
