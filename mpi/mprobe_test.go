package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// mrecvs are the two ways to receive a Message.
var mrecvs = map[string]func(m *mpi.Message, buf []int) (mpi.Status, error){
	"Mrecv":  mpi.Mrecv[[]int],
	"Imrecv": func(m *mpi.Message, buf []int) (mpi.Status, error) { return mpi.Imrecv(m, buf).Wait() },
}

func TestMprobe(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	if m, found, err := c.Improbe(mpi.AnySource, mpi.AnyTag); m != nil || found || err != nil {
		t.Errorf("Improbe with nothing sent: %v, %v, %v", m, found, err)
	}
	must(t, c.Barrier())
	for _, n := range []int{0, 1, 2000, 300_000} {
		for name, mrecv := range mrecvs {
			for _, any := range []bool{false, true} {
				out := make([]int, n)
				for i := range out {
					out[i] = me + i
				}
				s := mpi.Isend(c, out, next, 5)
				source, tag := prev, 5
				if any {
					source, tag = mpi.AnySource, mpi.AnyTag
				}
				m, err := c.Mprobe(source, tag)
				must(t, err)
				st := m.Status()
				if st.Source != prev || st.Tag != 5 || st.Count != 8*n || mpi.CountOf[int](st) != n {
					t.Errorf("Mprobe: %+v, want %d bytes from %d with tag 5", st, 8*n, prev)
				}
				// It is out of the queue.
				if st, found, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); found || err != nil {
					t.Errorf("Iprobe after Mprobe: %+v, %v", st, err)
				}
				in := make([]int, n+1) // may be longer
				st, err = mrecv(m, in)
				must(t, err)
				if st.Source != prev || st.Tag != 5 || st.Count != n {
					t.Errorf("%s: %+v, want %d elements from %d with tag 5", name, st, n, prev)
				}
				for i := range n {
					if in[i] != prev+i {
						t.Fatalf("%s: element %d is %d, want %d", name, i, in[i], prev+i)
					}
				}
				must(t, waitFor(s))
				must(t, c.Barrier()) // the next message is not under way before
			}
		}
	}
}

func TestImprobe(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	s := mpi.Isend(c, []int{me}, me, 3)
	var m *mpi.Message
	for found := false; !found; {
		var err error
		m, found, err = c.Improbe(me, 3)
		must(t, err)
		if found != (m != nil) {
			t.Fatalf("Improbe: %v, %v", m, found)
		}
	}
	in := make([]int, 1)
	st, err := mpi.Mrecv(m, in)
	must(t, err)
	must(t, waitFor(s))
	if in[0] != me || st.Count != 1 {
		t.Errorf("received %v, %+v", in, st)
	}
}

func TestMprobeProcNull(t *testing.T) {
	c := mpitest.World(t)
	// MPI 4.1 §3.11: source ProcNull, tag AnyTag, count 0.
	check := func(what string, st mpi.Status, err error) {
		t.Helper()
		if err != nil || st.Source != mpi.ProcNull || st.Tag != mpi.AnyTag || st.Count != 0 {
			t.Errorf("%s: %+v, %v", what, st, err)
		}
	}
	for name, mrecv := range mrecvs {
		m, err := c.Mprobe(mpi.ProcNull, 0)
		must(t, err)
		check("Mprobe", m.Status(), nil)
		buf := []int{42}
		st, err := mrecv(m, buf)
		check(name, st, err)
		if buf[0] != 42 {
			t.Errorf("%s from ProcNull wrote %d", name, buf[0])
		}
		if _, err := mrecv(m, buf); !errors.Is(err, mpi.ErrRequest) {
			t.Errorf("second %s: %v, want ErrRequest", name, err)
		}
	}
	m, found, err := c.Improbe(mpi.ProcNull, mpi.AnyTag)
	must(t, err)
	if !found {
		t.Fatal("Improbe of ProcNull finds nothing")
	}
	st, err := mpi.Mrecv(m, []int(nil))
	check("Mrecv", st, err)
}

func TestMprobeErrors(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	want := func(what string, err error, class mpi.Class, text string) {
		t.Helper()
		if !errors.Is(err, class) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %v with %q", what, err, class, text)
		}
	}
	for _, bad := range []struct {
		c           *mpi.Comm
		source, tag int
		class       mpi.Class
		text        string
	}{
		{c, c.Size(), 0, mpi.ErrRank, fmt.Sprint("source is ", c.Size())},
		{c, -9, 0, mpi.ErrRank, "source is -9"},
		{c, 0, -9, mpi.ErrTag, "tag is -9"},
		{nil, 0, 0, mpi.ErrComm, "nil"},
	} {
		_, err := bad.c.Mprobe(bad.source, bad.tag)
		want("Mprobe", err, bad.class, bad.text)
		_, err = bad.c.MprobeContext(context.Background(), bad.source, bad.tag)
		want("MprobeContext", err, bad.class, bad.text)
		_, err = bad.c.ProbeContext(context.Background(), bad.source, bad.tag)
		want("ProbeContext", err, bad.class, bad.text)
		_, _, err = bad.c.Improbe(bad.source, bad.tag)
		want("Improbe", err, bad.class, bad.text)
	}
	for name, mrecv := range mrecvs {
		_, err := mrecv(nil, []int{0})
		want(name, err, mpi.ErrRequest, "nil")

		s := mpi.Isend(c, []int{1, 2, 3}, me, 1)
		m, err := c.Mprobe(me, 1)
		must(t, err)
		mem := []int{-1, -1, -1}
		_, err = mrecv(m, mem[:2])
		want(name, err, mpi.ErrTruncate, "24 bytes, but buf has room for 16")
		if mem[0] != -1 {
			t.Errorf("%s that was refused wrote %v", name, mem)
		}
		_, err = mrecv(m, mem) // the message is still there
		must(t, err)
		if !slices.Equal(mem, []int{1, 2, 3}) {
			t.Errorf("%s: received %v", name, mem)
		}
		for _, again := range mrecvs {
			_, err = again(m, mem)
			want(name, err, mpi.ErrRequest, "received already")
			_, err = again(m, nil)
			want(name, err, mpi.ErrRequest, "received already")
		}
		must(t, waitFor(s))
	}
	var null *mpi.Message
	if st := null.Status(); st != (mpi.Status{}) {
		t.Errorf("Status of nil: %+v", st)
	}

	// Of a freed communicator there is nothing to be had.
	d, err := c.Dup()
	must(t, err)
	m, err := d.Mprobe(mpi.ProcNull, 0)
	must(t, err)
	must(t, d.Free())
	_, err = mpi.Mrecv(m, []int{0})
	want("Mrecv", err, mpi.ErrComm, "freed")
}

// Many goroutines take messages of any source and tag and of various lengths:
// each message is received once, whole.
func TestMprobeByMany(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 200 // messages from each rank to each
	length := func(tag int) int { return tag % 7 * 100 * (1 + tag%3*10) }
	var sends []*mpi.Request
	for to := range c.Size() {
		for tag := range n {
			out := make([]int, length(tag))
			for i := range out {
				out[i] = me*1_000_000 + tag*1000 + i
			}
			sends = append(sends, mpi.Isend(c, out, to, tag))
		}
	}
	var mu sync.Mutex
	seen := make(map[[2]int]int)
	receive := func() error {
		m, err := c.Mprobe(mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		st := m.Status()
		buf := make([]int, mpi.CountOf[int](st))
		got, err := mpi.Mrecv(m, buf)
		if err != nil {
			return err
		}
		if got.Source != st.Source || got.Tag != st.Tag || got.Count != len(buf) || len(buf) != length(st.Tag) {
			return fmt.Errorf("probed %+v, received %+v, want %d elements", st, got, length(st.Tag))
		}
		for i := range buf {
			if want := st.Source*1_000_000 + st.Tag*1000 + i; buf[i] != want {
				return fmt.Errorf("element %d from %d with tag %d is %d", i, st.Source, st.Tag, buf[i])
			}
		}
		mu.Lock()
		seen[[2]int{st.Source, st.Tag}]++
		mu.Unlock()
		return nil
	}
	const workers = 20
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range n * c.Size() / workers {
				if err := receive(); err != nil {
					t.Errorf("goroutine %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	must(t, mpi.Waitall(sends...))
	if len(seen) != n*c.Size() {
		t.Errorf("%d different messages were received, want %d", len(seen), n*c.Size())
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("the message from %d with tag %d was received %d times", k[0], k[1], times)
		}
	}
}

func TestProbeContext(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	probes := map[string]func(ctx context.Context) (mpi.Status, error){
		"ProbeContext": func(ctx context.Context) (mpi.Status, error) { return c.ProbeContext(ctx, me, 1) },
		"MprobeContext": func(ctx context.Context) (mpi.Status, error) {
			m, err := c.MprobeContext(ctx, me, 1)
			if err == nil {
				_, err = mpi.Mrecv(m, make([]int, 1))
			}
			return m.Status(), err
		},
	}
	for name, probe := range probes {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := probe(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "mpi: "+name+": gave up") {
			t.Errorf("%s: %v, want DeadlineExceeded", name, err)
		}
		cancel()
		why := errors.New("why")
		ctx2, cancel2 := context.WithCancelCause(context.Background())
		go cancel2(why)
		if _, err := probe(ctx2); !errors.Is(err, why) {
			t.Errorf("%s: %v, want the cause", name, err)
		}
	}
	s := mpi.Isend(c, []int{1}, me, 1)
	for _, name := range []string{"ProbeContext", "MprobeContext"} {
		if st, err := probes[name](context.Background()); err != nil || st.Source != me || st.Count != 8 {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
	}
	must(t, waitFor(s))
}

// A message's length is learned before the buffer is made, and no other
// goroutine can take it in between.
func ExampleComm_Mprobe() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	left, right := (rank-1+size)%size, (rank+1)%size

	out := mpi.Isend(world, []float64{1, 2, 4, 8, 16}, right, 3)

	m, err := world.Mprobe(left, mpi.AnyTag)
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]float64, mpi.CountOf[float64](m.Status()))
	st, err := mpi.Mrecv(m, buf)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := out.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("tag", st.Tag, "brought", buf)
	// Output: tag 3 brought [1 2 4 8 16]
}
