package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// attach attaches a buffer for the test.
func attach(t *testing.T, bytes int) *mpi.SendBuffer {
	t.Helper()
	b, err := mpi.AttachBuffer(bytes)
	must(t, err)
	t.Cleanup(func() {
		if !t.Failed() { // else Detach might wait for ever
			must(t, b.Detach())
		}
	})
	return b
}

// bsends are the three ways to send in buffered mode.
var bsends = map[string]func(c *mpi.Comm, buf []int32, dest, tag int) error{
	"Bsend":  mpi.Bsend[[]int32],
	"Ibsend": func(c *mpi.Comm, buf []int32, dest, tag int) error { return waitFor(mpi.Ibsend(c, buf, dest, tag)) },
	"BsendInit": func(c *mpi.Comm, buf []int32, dest, tag int) error {
		r := mpi.BsendInit(c, buf, dest, tag)
		if err := r.Start(); err != nil {
			return err
		}
		err := waitFor(r)
		return errors.Join(err, r.Free())
	},
}

func waitFor(r *mpi.Request) error {
	_, err := r.Wait()
	return err
}

// All ranks send first, even to themselves and large messages, and use the
// send buffer again before anybody receives.
func TestBufferedMode(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	lens := []int{0, 1, 2000, 100_000}
	room := 0
	for _, n := range lens {
		room += len(bsends) * 2 * mpi.BsendSize(make([]int32, n))
	}
	b := attach(t, room)
	for name, bsend := range bsends {
		for _, n := range lens {
			for k := range 2 {
				buf := slices.Repeat([]int32{int32(me*10 + k)}, n)
				must(t, bsend(c, buf, next, n))
				for i := range buf {
					buf[i] = -1
				}
			}
		}
		must(t, c.Barrier())
		for _, n := range lens {
			for k := range 2 {
				in := make([]int32, n)
				st, err := mpi.Recv(c, in, prev, n)
				must(t, err)
				if st.Count != n || !slices.Equal(in, slices.Repeat([]int32{int32(prev*10 + k)}, n)) {
					t.Errorf("%s: message %d of %d elements: wrong data, %+v", name, k, n, st)
				}
			}
		}
	}
	for range 2 {
		must(t, b.Detach())
	}
	if err := mpi.Bsend(c, []int32{1}, next, 0); !errors.Is(err, mpi.ErrBuffer) || !strings.Contains(err.Error(), "no buffer is attached") {
		t.Errorf("Bsend after Detach: %v", err)
	}
}

// A send without room is an error, and nothing else: what follows arrives.
func TestBufferedWithoutRoom(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{1, 2000, 100_000} {
		big := make([]int32, n)
		b := attach(t, mpi.BsendSize(big)-1)
		for name, bsend := range bsends {
			err := bsend(c, big, next, 1)
			text := fmt.Sprintf("needs %d bytes of the attached buffer, but %d of its %d are free", 4*n+mpi.BsendOverhead(), 4*n+mpi.BsendOverhead()-1, 4*n+mpi.BsendOverhead()-1)
			if !errors.Is(err, mpi.ErrBuffer) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want ErrBuffer with %q", name, err, text)
			}
		}
		big[0] = int32(me)
		must(t, bsends["Bsend"](c, big[:n-1], next, 2))
		s := mpi.Isend(c, big, next, 1)
		in := make([]int32, n)
		_, err := mpi.Recv(c, in, prev, 1)
		must(t, err)
		if in[0] != int32(prev) {
			t.Errorf("received %d, want %d", in[0], prev)
		}
		_, err = mpi.Recv(c, in, prev, 2)
		must(t, err)
		must(t, waitFor(s))
		must(t, b.Detach())
	}

	// A second large one has no room before the first is received, and has it
	// soon afterwards.
	big := make([]int32, 300_000)
	b := attach(t, mpi.BsendSize(big))
	must(t, mpi.Bsend(c, big, next, 1))
	if err := mpi.Bsend(c, big, next, 2); !errors.Is(err, mpi.ErrBuffer) {
		t.Errorf("Bsend into a full buffer: %v, want ErrBuffer", err)
	}
	must(t, c.Barrier()) // nobody receives before
	in := make([]int32, len(big))
	_, err := mpi.Recv(c, in, prev, 1)
	must(t, err)
	for err = mpi.ErrBuffer; errors.Is(err, mpi.ErrBuffer); {
		err = mpi.Bsend(c, big, next, 2)
	}
	must(t, err)
	_, err = mpi.Recv(c, in, prev, 2)
	must(t, err)
	must(t, b.Detach())
}

// Detach waits for the receiver.
func TestDetachWaits(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	big := slices.Repeat([]int32{int32(me)}, 300_000)
	b := attach(t, mpi.BsendSize(big))
	must(t, mpi.Bsend(c, big, next, 1))
	clear(big)
	detached := make(chan error, 2)
	for range 2 { // two at once
		go func() { detached <- b.Detach() }()
	}
	must(t, c.Barrier())
	select {
	case err := <-detached:
		t.Errorf("Detach returned before the message was received: %v", err)
	default:
	}
	must(t, c.Barrier())
	in := make([]int32, len(big))
	_, err := mpi.Recv(c, in, prev, 1)
	must(t, err)
	if !slices.Equal(in, slices.Repeat([]int32{int32(prev)}, len(in))) {
		t.Error("wrong data")
	}
	for range 2 {
		must(t, <-detached)
	}
	must(t, b.Detach())
}

func TestBufferedArguments(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := []int32{1}
	if mpi.BsendOverhead() <= 0 || mpi.BsendSize(make([]float64, 10)) != 80+mpi.BsendOverhead() {
		t.Errorf("BsendOverhead is %d, BsendSize of 10 float64s %d", mpi.BsendOverhead(), mpi.BsendSize(make([]float64, 10)))
	}
	var none *mpi.SendBuffer
	must(t, none.Detach())
	want := func(what string, err error, class mpi.Class, text string) {
		t.Helper()
		if !errors.Is(err, class) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %v with %q", what, err, class, text)
		}
	}
	for name, bsend := range bsends {
		want(name, bsend(c, buf, me, 0), mpi.ErrBuffer, "no buffer is attached")
		want(name, bsend(c, buf, -9, 0), mpi.ErrRank, "dest is -9")
		want(name, bsend(c, buf, me, -9), mpi.ErrTag, "tag is -9")
		want(name, bsend(nil, buf, me, 0), mpi.ErrComm, "nil")
		must(t, bsend(c, buf, mpi.ProcNull, 0)) // needs no room
	}
	_, err := mpi.AttachBuffer(-1)
	want("AttachBuffer", err, mpi.ErrArg, "bytes is -1")
	b := attach(t, 1000)
	_, err = mpi.AttachBuffer(2000)
	want("AttachBuffer", err, mpi.ErrBuffer, "1000 bytes is attached already")
	must(t, b.Detach())
	other := attach(t, 0)
	must(t, b.Detach()) // does not detach the other
	want("Bsend", mpi.Bsend(c, buf, me, 0), mpi.ErrBuffer, "0 of its 0 are free")
	must(t, other.Detach())

	// Startall starts buffered and other requests alike.
	attach(t, mpi.BsendSize(buf))
	in := make([]int32, 1)
	s, r := mpi.BsendInit(c, buf, me, 1), mpi.RecvInit(c, in, me, 1)
	for i := range 5 {
		buf[0] = int32(i)
		must(t, mpi.Startall(s, nil, r))
		must(t, mpi.Waitall(s, r))
		if in[0] != int32(i) {
			t.Errorf("received %d, want %d", in[0], i)
		}
	}
	for range 2 {
		must(t, s.Free())
		must(t, r.Free())
	}
	want("Start", s.Start(), mpi.ErrRequest, "freed")
}

// Goroutines share the room.
func TestBufferedByMany(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 50
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	size := func(g int) int { return 1 + g*400 } // up to 80 kB
	room := 0
	for g := range n {
		room += mpi.BsendSize(make([]int32, size(g)))
	}
	attach(t, room)
	var wg sync.WaitGroup
	for g := range n {
		wg.Go(func() {
			if err := mpi.Bsend(c, slices.Repeat([]int32{int32(g)}, size(g)), next, g); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			in := make([]int32, size(g))
			if _, err := mpi.Recv(c, in, prev, g); err != nil {
				t.Error(err)
			}
			if in[0] != int32(g) || in[len(in)-1] != int32(g) {
				t.Errorf("message %d: wrong data", g)
			}
		})
	}
	wg.Wait()
}

// A message that the library takes at once costs no allocation, one that stays
// in the buffer its copy and its request.
func TestBsendAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	me := c.Rank()
	out, in := []float64{1}, make([]float64, 1)
	attach(t, 10*mpi.BsendSize(out))
	got := testing.AllocsPerRun(100, func() {
		if err := mpi.Bsend(c, out, me, 0); err != nil {
			t.Error(err)
		}
		if _, err := mpi.Recv(c, in, me, 0); err != nil {
			t.Error(err)
		}
	})
	if got > 2 {
		t.Errorf("%v allocations per message, want 2 at most", got)
	}
}

// Every rank sends before it receives, which Bsend makes safe whatever the
// length of the message.
func ExampleAttachBuffer() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	left, right := (rank-1+size)%size, (rank+1)%size

	row := make([]float64, 50_000)
	room, err := mpi.AttachBuffer(mpi.BsendSize(row))
	if err != nil {
		fmt.Println(err)
		return
	}
	row[0] = float64(rank)
	if err := mpi.Bsend(world, row, right, 0); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := mpi.Recv(world, row, left, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(row[0] == float64(left), room.Detach())
	// Output: true <nil>
}
