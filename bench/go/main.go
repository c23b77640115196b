// The Go twin of ../c: the same benchmarks under the same names, with the same
// buffers, warm-up, iterations and output, so that a difference between the two
// columns of a table is the cost of Go and of nothing else.
//
//	mpirun -n 2 ./twin -bench latency -sizes 8,65536 [-iters 100000,2000 | -min-time 0.2]
//
// Rank 0 prints "# library" once and then, for each size, "size seconds iterations".
// bench/driver builds both programs and runs them alternately.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

const (
	dataTag = iota + 1
	controlTag
)

// A bench runs n iterations on each rank; ops says how many operations one
// iteration is, because time is reported per operation. The receive buffer has
// the size this many times; 0 stands for the number of ranks.
type bench struct {
	ops, times int
	kernel     func(b *buffers, n int64) error
}

// buffers are what a kernel works on: send of the size, recv of the size times
// what the bench asks for, and the same as float64, with counts for each rank.
type buffers struct {
	world        *mpi.Comm
	peer         int
	send, recv   []byte
	fsend, frecv []float64
	counts       []int
}

// window is how many messages are under way at once in the message rates.
const window = 64

var benches = map[string]bench{
	"latency":      {2, 1, pingpong},
	"bandwidth":    {2, 1, pingpong},
	"wait-context": {2, 1, pingpongContext},
	"wait-done":    {2, 1, pingpongDone},
	"rate":         {window, window, rate},
	"persistent":   {window, window, persistent},
	"cgocall":      {1, 1, cgocall},
	"block":        {2, 16, block},
	"block-copy":   {2, 16, blockCopy},
	"object":       {2, 1, pingpongObject},
	"object-slice": {2, 1, pingpongSliceObject},
	"slice":        {2, 1, pingpongSlice},
	"pool":         {1, 1, poolMap},
	"barrier":      {1, 1, func(b *buffers, n int64) error { return repeat(n, func() error { return b.world.Barrier() }) }},
	"bcast": {1, 1, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Bcast(b.world, b.send, 0) })
	}},
	"reduce": {1, 1, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Reduce(b.world, b.fsend, b.frecv, op.Sum, 0) })
	}},
	"allreduce": {1, 1, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Allreduce(b.world, b.fsend, b.frecv, op.Sum) })
	}},
	"allgather": {1, 0, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Allgather(b.world, b.send, b.recv) })
	}},
	"alltoall": {1, 0, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Alltoall(b.world, b.recv, b.all()) })
	}},
	"gatherv": {1, 0, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Gatherv(b.world, b.send, b.recv, b.counts, nil, 0) })
	}},
	"scatterv": {1, 0, func(b *buffers, n int64) error {
		return repeat(n, func() error { return mpi.Scatterv(b.world, b.recv, b.counts, nil, b.send, 0) })
	}},
}

// all is a second buffer with a part for each rank.
func (b *buffers) all() []byte { return unused[:len(b.recv)] }

var unused []byte

func repeat(n int64, f func() error) error {
	for range n {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func pingpong(b *buffers, n int64) error {
	if b.world.Rank() == 0 {
		for range n {
			if err := mpi.Send(b.world, b.send, b.peer, dataTag); err != nil {
				return err
			}
			if _, err := mpi.Recv(b.world, b.recv, b.peer, dataTag); err != nil {
				return err
			}
		}
		return nil
	}
	for range n {
		if _, err := mpi.Recv(b.world, b.recv, b.peer, dataTag); err != nil {
			return err
		}
		if err := mpi.Send(b.world, b.send, b.peer, dataTag); err != nil {
			return err
		}
	}
	return nil
}

// pingpongWith receives by a request, which wait waits for.
func pingpongWith(b *buffers, n int64, wait func(r *mpi.Request) error) error {
	receive := func() error { return wait(mpi.Irecv(b.world, b.recv, b.peer, dataTag)) }
	return pong(b, n, func() error { return mpi.Send(b.world, b.send, b.peer, dataTag) }, receive)
}

func pingpongContext(b *buffers, n int64) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return pingpongWith(b, n, func(r *mpi.Request) error { _, err := r.WaitContext(ctx); return err })
}

func pingpongDone(b *buffers, n int64) error {
	return pingpongWith(b, n, func(r *mpi.Request) error {
		<-r.Done()
		_, err := r.Wait()
		return err
	})
}

// rate sends a window of messages from rank 0 to rank 1, and a word back.
func rate(b *buffers, n int64) error {
	rs := make([]*mpi.Request, window)
	size := len(b.send)
	return repeat(n, func() error {
		for i := range rs {
			if b.world.Rank() == 0 {
				rs[i] = mpi.Isend(b.world, b.send, 1, dataTag)
			} else {
				rs[i] = mpi.Irecv(b.world, b.recv[i*size:(i+1)*size], 0, dataTag)
			}
		}
		if err := mpi.Waitall(rs...); err != nil {
			return err
		}
		return acknowledge(b)
	})
}

// persistent is rate with requests that are made once.
func persistent(b *buffers, n int64) error {
	rs := make([]*mpi.Request, window)
	size := len(b.send)
	for i := range rs {
		if b.world.Rank() == 0 {
			rs[i] = mpi.SendInit(b.world, b.send, 1, dataTag)
		} else {
			rs[i] = mpi.RecvInit(b.world, b.recv[i*size:(i+1)*size], 0, dataTag)
		}
		defer rs[i].Free()
	}
	return repeat(n, func() error {
		if err := mpi.Startall(rs...); err != nil {
			return err
		}
		if err := mpi.Waitall(rs...); err != nil {
			return err
		}
		return acknowledge(b)
	})
}

// block is the ping-pong of a square block of a matrix four times as high and
// wide, by its layout: from one matrix, into the other.
func block(b *buffers, n int64) error {
	side, at := square(b)
	t, err := datatype.Vector(side, side, 4*side, datatype.Float64)
	if err != nil {
		return err
	}
	defer t.Free()
	out, in := mpi.Typed(b.all()[at:], 1, t), mpi.Typed(b.recv[at:], 1, t)
	return pong(b, n,
		func() error { return mpi.Send(b.world, out, b.peer, dataTag) },
		func() error { _, err := mpi.Recv(b.world, in, b.peer, dataTag); return err })
}

// blockCopy copies the block out, sends that, and copies it into place.
func blockCopy(b *buffers, n int64) error {
	side, at := square(b)
	row, part := 8*side, make([]byte, 8*side*side)
	return pong(b, n,
		func() error {
			for i := range side {
				copy(part[i*row:][:row], b.all()[at+i*4*row:])
			}
			return mpi.Send(b.world, part, b.peer, dataTag)
		},
		func() error {
			_, err := mpi.Recv(b.world, part, b.peer, dataTag)
			for i := range side {
				copy(b.recv[at+i*4*row:][:row], part[i*row:])
			}
			return err
		})
}

// square is the side of the block, in elements, and where it begins, in bytes.
func square(b *buffers) (side, at int) {
	side = int(math.Sqrt(float64(len(b.send) / 8)))
	return side, 8 * (side*4*side + side)
}

// pong is one ping-pong after the other.
func pong(b *buffers, n int64, send, recv func() error) error {
	first, second := send, recv
	if b.world.Rank() != 0 {
		first, second = recv, send
	}
	return repeat(n, func() error {
		if err := first(); err != nil {
			return err
		}
		return second()
	})
}

func acknowledge(b *buffers) error {
	if b.world.Rank() == 0 {
		_, err := mpi.Recv(b.world, []byte{}, 1, controlTag)
		return err
	}
	return mpi.Send(b.world, []byte{}, 0, controlTag)
}

// cgocall measures the unit in which the cost of Go is judged: a call from Go
// into an empty C function. It has no C twin. Both ranks do it, so that both
// cores are as busy as in the other benchmarks.
func cgocall(_ *buffers, n int64) error {
	for range n {
		cgo.Nop()
	}
	return nil
}

// runner measures one benchmark, size by size.
type runner struct {
	world   *mpi.Comm
	bench   bench
	minTime float64
	control []int64 // how many iterations come next; 0 ends the size
}

func (r *runner) announce(n int64) error {
	r.control[0] = n
	for rank := 1; rank < r.world.Size(); rank++ {
		if err := mpi.Send(r.world, r.control, rank, controlTag); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) batch(b *buffers, n int64) (float64, error) {
	if err := r.announce(n); err != nil {
		return 0, err
	}
	start := mpi.Wtime()
	err := r.bench.kernel(b, n)
	return mpi.Wtime() - start, err
}

// lead times n iterations or, with n = 0, as many as last minTime.
func (r *runner) lead(b *buffers, n int64) error {
	fixed := n > 0
	if !fixed {
		n = 1
	}
	if _, err := r.batch(b, n/10+1); err != nil { // warm-up
		return err
	}
	t, err := r.batch(b, n)
	for err == nil && !fixed && t < r.minTime {
		// A short batch says little: grow in steps, and a little past the goal.
		grow := 100.0
		if t > 0 {
			grow = min(grow, 1.1*r.minTime/t)
		}
		n = int64(float64(n)*grow) + 1
		t, err = r.batch(b, n)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d %.6e %d\n", len(b.send), t/float64(n)/float64(r.bench.ops), n)
	return r.announce(0)
}

func (r *runner) follow(b *buffers) error {
	for {
		if _, err := mpi.Recv(r.world, r.control, 0, controlTag); err != nil {
			return err
		}
		if r.control[0] == 0 {
			return nil
		}
		if err := r.bench.kernel(b, r.control[0]); err != nil {
			return err
		}
	}
}

func run(world *mpi.Comm, name string, sizes, iters []int64, minTime float64) error {
	b, ok := benches[name]
	if !ok {
		return fmt.Errorf("unknown benchmark %q", name)
	}
	if world.Size() < 2 {
		return fmt.Errorf("the benchmarks need at least 2 ranks, not %d", world.Size())
	}
	times := b.times
	if times == 0 {
		times = world.Size()
	}

	// Allocated and touched once, so that no page fault and no collection falls
	// into a timing.
	largest := int(max(1, slices.Max(sizes)))
	send := bytes.Repeat([]byte{1}, largest)
	recv := bytes.Repeat([]byte{2}, largest*times)
	unused = bytes.Repeat([]byte{3}, largest*times)
	fsend, frecv := slices.Repeat([]float64{1}, largest/8+1), slices.Repeat([]float64{2}, largest/8+1)

	if world.Rank() == 0 {
		// MPICH tells a page; the first line names the version.
		version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
		fmt.Println("#", version)
	}
	r := &runner{world: world, bench: b, minTime: minTime, control: make([]int64, 1)}
	for i, size := range sizes {
		buf := &buffers{world: world, peer: 1 - world.Rank(),
			send: send[:size], recv: recv[:int(size)*times],
			fsend: fsend[:size/8], frecv: frecv[:size/8],
			counts: slices.Repeat([]int{int(size)}, world.Size())}
		var err error
		if world.Rank() == 0 {
			err = r.lead(buf, iters[i])
		} else {
			err = r.follow(buf)
		}
		if err != nil {
			return fmt.Errorf("%s, %d bytes: %w", name, size, err)
		}
	}
	return nil
}

// list reads a comma-separated list of numbers that are not negative.
func list(text string) ([]int64, error) {
	var out []int64
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("bad list: %s", text)
		}
		out = append(out, n)
	}
	return out, nil
}

func main() {
	name := flag.String("bench", "latency", "the benchmark")
	sizesText := flag.String("sizes", "8", "message sizes in bytes, separated by commas")
	itersText := flag.String("iters", "", "iterations for each size (default: as many as last -min-time)")
	minTime := flag.Float64("min-time", 0.2, "seconds that a timing lasts at least")
	flag.Parse()

	mpi.Main(func(world *mpi.Comm) error {
		sizes, err := list(*sizesText)
		if err != nil {
			return err
		}
		iters := make([]int64, len(sizes))
		if *itersText != "" {
			if iters, err = list(*itersText); err != nil {
				return err
			}
		}
		if len(iters) != len(sizes) {
			return errors.New("-iters needs one number per size")
		}
		return run(world, *name, sizes, iters, *minTime)
	})
}
