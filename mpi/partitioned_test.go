package mpi_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// partitioned skips where the library has no partitioned communication, which
// the request must say.
func partitioned(t *testing.T, c *mpi.Comm) {
	t.Helper()
	r := mpi.PsendInit(c, 1, []int{1}, mpi.ProcNull, 0)
	if err := r.Start(); errors.Is(err, mpi.ErrUnsupported) {
		is(t, err, mpi.ErrUnsupported, "MPI-4")
		_, err := mpi.PrecvInit(c, 1, []int{1}, mpi.ProcNull, 0).Wait()
		is(t, err, mpi.ErrUnsupported, "PrecvInit")
		t.SkipNow()
	}
	must(t, r.Pready(0))
	_, err := r.Wait()
	must(t, err)
	must(t, r.Free())
}

// The parts are handed over by one goroutine each, in different ways, and the
// two sides divide the data differently.
func TestPartitioned(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{8, 40_000} {
		out, in := make([]int32, n), make([]int32, n)
		s, r := mpi.PsendInit(c, 8, out, next, 1), mpi.PrecvInit(c, 4, in, prev, 1)
		for round := range 6 {
			clear(in)
			must(t, mpi.Startall(s, r))
			part := func(p int) {
				for i := p * n / 8; i < (p+1)*n/8; i++ {
					out[i] = int32(1000*me + 10*round + i%7)
				}
			}
			switch round % 3 {
			case 0:
				var wg sync.WaitGroup
				for p := range 8 {
					wg.Go(func() {
						part(p)
						if err := s.Pready(p); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			case 1:
				for p := range 8 {
					part(p)
				}
				must(t, s.PreadyRange(2, 7))
				must(t, s.PreadyRange(0, 1))
			case 2:
				for p := range 8 {
					part(p)
				}
				must(t, s.PreadyList(7, 0, 3, 1))
				must(t, s.PreadyList())
				must(t, s.PreadyList(2, 4, 5, 6))
			}
			right := func(from, to int) {
				t.Helper()
				for i := from; i < to; i++ {
					if want := int32(1000*prev + 10*round + i%7); in[i] != want {
						t.Fatalf("round %d: element %d is %d, want %d", round, i, in[i], want)
					}
				}
			}
			for p := range 4 { // each part may be read when it is there
				for {
					there, err := r.Parrived(p)
					must(t, err)
					if there {
						break
					}
					runtime.Gosched()
				}
				right(p*n/4, (p+1)*n/4)
			}
			switch round % 3 {
			case 0:
				must(t, mpi.Waitall(r, s))
			case 1:
				<-s.Done()
				<-r.Done()
			case 2:
				_, err := s.WaitContext(context.Background())
				must(t, err)
				for range 2 {
					_, err = r.Wait()
					must(t, err)
				}
			}
			right(0, n)
			if st := r.Status(); st.Source != prev || st.Tag != 1 || st.Count != n {
				t.Errorf("status %+v, want %d elements of rank %d with tag 1", st, n, prev)
			}
			there, err := r.Parrived(3)
			if must(t, err); !there {
				t.Error("Parrived of a complete request is false")
			}
		}
		must(t, s.Free())
		must(t, r.Free())
	}
}

func TestPartitionedRefuses(t *testing.T) {
	c := mpitest.World(t)
	buf := make([]int, 6)
	is(t, mpi.PsendInit(c, 4, buf, 0, 0).Start(), mpi.ErrCount, "len(buf) is 6, but must be a multiple of the 4 partitions")
	is(t, mpi.PrecvInit(c, 0, buf, 0, 0).Start(), mpi.ErrArg, "partitions is 0")
	is(t, mpi.PsendInit(c, 2, buf, c.Size(), 0).Start(), mpi.ErrRank, "dest is")
	is(t, mpi.PrecvInit(c, 2, buf, mpi.AnySource, 0).Start(), mpi.ErrRank, "source is")
	is(t, mpi.PrecvInit(c, 2, buf, 0, mpi.AnyTag).Start(), mpi.ErrTag, "tag is")
	is(t, mpi.PsendInit(c, 4, buf, 0, 0).Pready(0), mpi.ErrCount, "len(buf)")
	is(t, (*mpi.Request)(nil).Pready(0), mpi.ErrRequest, "nil")
	is(t, mpi.Isend(c, buf, mpi.ProcNull, 0).Pready(0), mpi.ErrRequest, "of Isend")

	partitioned(t, c)
	me := c.Rank()
	s, r := mpi.PsendInit(c, 2, buf, me, 1), mpi.PrecvInit(c, 3, make([]int, 6), me, 1)
	is(t, s.Pready(0), mpi.ErrRequest, "not been started")
	must(t, mpi.Startall(s, r))
	is(t, s.Pready(2), mpi.ErrArg, "partition is 2, but the request has 0 to 1")
	is(t, s.PreadyRange(0, 2), mpi.ErrArg, "partitions 0 to 2")
	is(t, s.PreadyRange(1, 0), mpi.ErrArg, "partitions 1 to 0")
	is(t, r.Pready(0), mpi.ErrRequest, "must be of PsendInit")
	_, err := s.Parrived(0)
	is(t, err, mpi.ErrRequest, "must be of PrecvInit")
	_, err = r.Parrived(3)
	is(t, err, mpi.ErrArg, "partition is 3")
	must(t, s.Pready(1))
	is(t, s.Pready(1), mpi.ErrArg, "partition 1 has been handed over already")
	is(t, s.PreadyRange(0, 1), mpi.ErrArg, "partition 1 has been handed over already")
	is(t, s.PreadyList(0, 0), mpi.ErrArg, "partition 0 has been handed over already")
	is(t, s.PreadyList(0, 2), mpi.ErrArg, "partition is 2")
	is(t, r.PreadyList(), mpi.ErrRequest, "must be of PsendInit")
	for _, r := range []*mpi.Request{s, r} {
		is(t, r.Cancel(), mpi.ErrRequest, "cannot be cancelled")
		is(t, r.Free(), mpi.ErrRequest, "is active")
		is(t, r.Start(), mpi.ErrRequest, "is active")
	}
	must(t, s.Pready(0)) // the refused calls have handed nothing over
	must(t, mpi.Waitall(s, r))
	is(t, s.Pready(0), mpi.ErrRequest, "not been started")
	must(t, s.Free())
	must(t, r.Free())
	is(t, s.Start(), mpi.ErrRequest, "freed")
	is(t, s.Pready(0), mpi.ErrRequest, "not been started")
}

// Nothing but the request itself stands between the goroutines that hand parts
// over and the one that waits, writes, and begins the next round. (The race
// detector sees whether that is enough.)
func TestPartitionedGoroutines(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	const parts, each, rounds = 64, 5, 20
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	var late sync.WaitGroup // calls may return after the request is complete
	defer late.Wait()
	for _, to := range []struct{ next, prev int }{{next, prev}, {mpi.ProcNull, mpi.ProcNull}} {
		out, in := make([]int, parts*each), make([]int, parts*each)
		s, r := mpi.PsendInit(c, parts, out, to.next, 1), mpi.PrecvInit(c, 1, in, to.prev, 1)
		for round := range rounds {
			must(t, mpi.Startall(s, r))
			for p := range parts {
				late.Go(func() {
					for i := p * each; i < (p+1)*each; i++ {
						out[i] = me + round*i
					}
					if err := s.Pready(p); err != nil {
						t.Error(err)
					}
				})
			}
			if round%4 == 0 {
				runtime.GC()
			}
			must(t, mpi.Waitall(s, r))
			for i := range out {
				if want := me + round*i; out[i] != want {
					t.Fatalf("round %d: Waitall returned before part %d was handed over", round, i/each)
				}
				want := 0
				if to.prev >= 0 {
					want = prev + round*i
				}
				if in[i] != want {
					t.Fatalf("round %d: element %d is %d, want %d", round, i, in[i], want)
				}
				out[i] = -1
			}
		}
		must(t, s.Free())
		must(t, r.Free())
	}
}

// At the edge of a grid there is nobody. A receive from there is complete at
// once; a send lasts until all parts have been handed over, as any other does.
func TestPartitionedProcNull(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	buf := make([]int, 3000)
	s, r := mpi.PsendInit(c, 3, buf, mpi.ProcNull, 1), mpi.PrecvInit(c, 3, buf, mpi.ProcNull, 1)
	unused := mpi.PsendInit(c, 1, buf, mpi.ProcNull, 1)
	waits := []func() error{
		func() error { _, err := s.Wait(); return err },
		func() error { _, err := s.WaitContext(context.Background()); return err },
		func() error { <-s.Done(); return nil },
		func() error { return mpi.Waitall(s, r) },
		func() error { _, err := mpi.Waitany(s, r, nil); return err },
	}
	for _, wait := range waits {
		must(t, mpi.Startall(s, nil, r))
		if st, err := r.Wait(); err != nil || st.Source != mpi.ProcNull || st.Count != 0 {
			t.Errorf("Wait of the receive: %+v, %v", st, err)
		}
		if there, err := r.Parrived(1); !there || err != nil {
			t.Errorf("Parrived: %v, %v", there, err)
		}
		must(t, s.Pready(1))
		is(t, s.Pready(1), mpi.ErrArg, "partition 1 has been handed over already")
		is(t, s.PreadyList(0, 1), mpi.ErrArg, "partition 1 has been handed over already")
		if _, done, err := s.Test(); done || err != nil {
			t.Errorf("Test with two parts missing: %v, %v", done, err)
		}
		is(t, s.Free(), mpi.ErrRequest, "is active")
		handed := make(chan error, 1)
		go func() { handed <- s.PreadyList(2, 0) }()
		must(t, wait())
		must(t, <-handed)
		is(t, s.Pready(0), mpi.ErrRequest, "not been started")
	}
	for _, r := range []*mpi.Request{s, r, unused} {
		must(t, r.Free())
		must(t, r.Free())
	}
}

// Partitioned requests wait in one list with all others.
func TestPartitionedBesideOthers(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	out, in, note := []complex128{1, 2i, 3, complex(4, float64(me))}, make([]complex128, 4), make([]int, 1)
	s, r := mpi.PsendInit(c, 2, out, next, 1), mpi.PrecvInit(c, 4, in, prev, 1)
	for range 3 {
		clear(in)
		must(t, mpi.Startall(r, s))
		work := mpi.StartGrequest(nil, nil, nil)
		rs := []*mpi.Request{r, mpi.Irecv(c, note, prev, 2), nil, s, work}
		if i, found, err := mpi.Testany(s, nil, work); found || err != nil {
			t.Errorf("Testany before anything was handed over: %d, %v", i, err)
		}
		// From here on each step completes one of the list.
		go func() {
			if err := cmp.Or(mpi.Send(c, []int{me}, next, 2), work.Complete(), s.PreadyList(1, 0)); err != nil {
				t.Error(err)
			}
		}()
		seen := make(map[int]int)
		for len(seen) < 4 {
			i, err := mpi.Waitany(rs...)
			if must(t, err); i == mpi.Undefined {
				break
			}
			seen[i]++
		}
		if !maps.Equal(seen, map[int]int{0: 1, 1: 1, 3: 1, 4: 1}) {
			t.Errorf("Waitany found %v", seen)
		}
		must(t, mpi.Waitall(rs...))
		if want := complex(4, float64(prev)); in[1] != 2i || in[3] != want || note[0] != prev {
			t.Errorf("received %v and %d", in, note[0])
		}
	}
	must(t, s.Free())
	must(t, r.Free())
}

func TestPartitionedOddities(t *testing.T) {
	c := mpitest.World(t)
	partitioned(t, c)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	round := func(s, r *mpi.Request) error {
		t.Helper()
		must(t, mpi.Startall(s, r))
		must(t, s.PreadyRange(0, 1))
		_, err := s.Wait()
		must(t, err)
		_, err = r.Wait()
		must(t, s.Free())
		must(t, r.Free())
		return err
	}
	// No elements.
	must(t, round(mpi.PsendInit(c, 2, []int(nil), next, 1), mpi.PrecvInit(c, 5, []int{}, prev, 1)))
	// A pair that is freed before it was started leaves no trace.
	for range 3 {
		unused := mpi.PrecvInit(c, 2, make([]int, 4), prev, 1)
		must(t, mpi.PsendInit(c, 2, []int{9, 9, 9, 9}, next, 1).Free())
		must(t, c.Barrier())
		must(t, unused.Free())
		in := make([]int, 4)
		must(t, round(mpi.PsendInit(c, 2, []int{1, 2, 3, me}, next, 1), mpi.PrecvInit(c, 4, in, prev, 1)))
		if !slices.Equal(in, []int{1, 2, 3, prev}) {
			t.Errorf("received %v", in)
		}
	}
	// Buffers of different lengths are an error of the receiver's, and memory
	// around its buffer is left alone.
	for _, n := range []int{4, 12} {
		memory := make([]int, n+8)
		if round(mpi.PsendInit(c, 2, slices.Repeat([]int{7}, 8), next, 1), mpi.PrecvInit(c, 2, memory[4:4+n], prev, 1)) == nil {
			t.Errorf("%d elements arrived as 8", n)
		}
		for i, v := range memory {
			if v != 0 && (i < 4 || i >= 4+n) {
				t.Errorf("the element %d places from a buffer of %d was written", i-4, n)
			}
		}
	}
}

func TestPartitionedAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	partitioned(t, c)
	buf, in := make([]int, 8), make([]int, 8)
	s, r := mpi.PsendInit(c, 8, buf, c.Rank(), 1), mpi.PrecvInit(c, 2, in, c.Rank(), 1)
	got := testing.AllocsPerRun(100, func() {
		must(t, s.Start())
		must(t, r.Start())
		must(t, s.Pready(3))
		must(t, s.PreadyRange(4, 6))
		must(t, s.PreadyList(7, 0, 1, 2))
		_, err := r.Parrived(1)
		must(t, err)
		_, err = s.Wait()
		must(t, err)
		_, err = r.Wait()
		must(t, err)
	})
	if got != 0 {
		t.Errorf("%v allocations per round", got)
	}
	must(t, s.Free())
	must(t, r.Free())
}

// One part of more bytes than an int of C counts.
func TestPartitionedLarge(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() != 2 || raceEnabled || testing.Short() {
		return // as in TestLargeMessages
	}
	partitioned(t, c)
	buf := make([]byte, 1<<31+7)
	if c.Rank() == 0 {
		for i := 0; i < len(buf); i += 4093 {
			buf[i] = byte(i >> 7)
		}
		buf[len(buf)-1] = 77
		s := mpi.PsendInit(c, 1, buf, 1, 1)
		must(t, s.Start())
		must(t, s.Pready(0))
		_, err := s.Wait()
		must(t, err)
		must(t, s.Free())
		return
	}
	r := mpi.PrecvInit(c, 1, buf, 0, 1)
	must(t, r.Start())
	st, err := r.Wait()
	must(t, err)
	if st.Count != len(buf) || buf[len(buf)-1] != 77 {
		t.Errorf("%d bytes arrived, the last is %d", st.Count, buf[len(buf)-1])
	}
	for i := 0; i < len(buf)-1; i += 4093 {
		if buf[i] != byte(i>>7) {
			t.Fatalf("byte %d is %d", i, buf[i])
		}
	}
	must(t, r.Free())
}

// Parts are sent as they are made, each by a goroutine of its own. Where the
// library has no MPI-4, they go in one message.
func ExamplePsendInit() {
	c := mpi.World()
	squares, in := make([]int, 6), make([]int, 6)
	s := mpi.PsendInit(c, len(squares), squares, c.Rank(), 1)
	r := mpi.PrecvInit(c, 2, in, c.Rank(), 1)
	err := mpi.Startall(r, s)
	whole := errors.Is(err, mpi.ErrUnsupported)
	var made sync.WaitGroup
	for i := range squares {
		made.Go(func() {
			squares[i] = i * i
			if !whole {
				s.Pready(i)
			}
		})
	}
	if whole {
		made.Wait()
		_, err = mpi.Sendrecv(c, squares, c.Rank(), 1, in, c.Rank(), 1)
	} else {
		err = cmp.Or(err, mpi.Waitall(s, r), s.Free(), r.Free())
	}
	fmt.Println(in, err)
	// Output: [0 1 4 9 16 25] <nil>
}
