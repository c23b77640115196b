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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

const (
	dataTag = iota + 1
	controlTag
	threadTag // and those above it
)

// A bench runs n iterations on each rank; ops says how many operations one
// iteration is, because time is reported per operation. The receive buffer has
// the size this many times; 0 stands for the number of ranks.
type bench struct {
	ops, times int
	kernel     func(b *buffers, n int64) error
}

// buffers are what a kernel works on: send of the size, recv of the size times
// what the bench asks for, and the same as float64, with counts for each rank:
// the size for each, and the numbers of fsend split among them.
type buffers struct {
	world         *mpi.Comm
	peer          int
	send, recv    []byte
	fsend, frecv  []float64
	counts, parts []int
}

// How many messages are under way at once: in the message rates, and each way
// in the bidirectional bandwidth, whose messages are long.
const (
	window   = 64
	biwindow = 16
)

var benches = map[string]bench{
	"latency":            {2, 1, pingpong},
	"bandwidth":          {2, 1, pingpong},
	"bandwidth-huge":     {2, 1, pingpongHuge},
	"bibandwidth":        {2 * biwindow, biwindow, bibandwidth},
	"wait-context":       {2, 1, pingpongContext},
	"wait-done":          {2, 1, pingpongDone},
	"rate":               {window, window, rate},
	"rate-2p":            {2 * window, window, rate},
	"rate-4p":            {4 * window, window, rate},
	"persistent":         {window, window, persistent},
	"threads-2":          {2, 2, threads(2)},
	"threads-4":          {2, 4, threads(4)},
	"overlap":            {1, 1, overlap},
	"overlap-iallreduce": {1, 1, overlapIallreduce},
	"cgocall":            {1, 1, cgocall},
	"block":              {2, 16, block},
	"block-copy":         {2, 16, blockCopy},
	"struct":             {2, 1, pingpongStruct},
	"object":             {2, 1, pingpongObject},
	"object-slice":       {2, 1, pingpongSliceObject},
	"slice":              {2, 1, pingpongSlice},
	"pool":               {1, 1, poolMap},
	"ring":               {1, 1, ring},

	"barrier":       {1, 1, loop(func(b *buffers) error { return b.world.Barrier() })},
	"bcast":         {1, 1, loop(func(b *buffers) error { return mpi.Bcast(b.world, b.send, 0) })},
	"reduce":        {1, 1, loop(func(b *buffers) error { return mpi.Reduce(b.world, b.fsend, b.frecv, op.Sum, 0) })},
	"allreduce":     {1, 1, loop(func(b *buffers) error { return mpi.Allreduce(b.world, b.fsend, b.frecv, op.Sum) })},
	"iallreduce":    {1, 1, loop(func(b *buffers) error { return wait(mpi.Iallreduce(b.world, b.fsend, b.frecv, op.Sum)) })},
	"reducescatter": {1, 1, loop(func(b *buffers) error { return mpi.ReduceScatter(b.world, b.fsend, b.mine(), b.parts, op.Sum) })},
	"scan":          {1, 1, loop(func(b *buffers) error { return mpi.Scan(b.world, b.fsend, b.frecv, op.Sum) })},
	"exscan":        {1, 1, loop(func(b *buffers) error { return mpi.Exscan(b.world, b.fsend, b.frecv, op.Sum) })},
	"gather":        {1, 0, loop(func(b *buffers) error { return mpi.Gather(b.world, b.send, b.recv, 0) })},
	"gatherv":       {1, 0, loop(func(b *buffers) error { return mpi.Gatherv(b.world, b.send, b.recv, b.counts, nil, 0) })},
	"scatter":       {1, 0, loop(func(b *buffers) error { return mpi.Scatter(b.world, b.recv, b.send, 0) })},
	"scatterv":      {1, 0, loop(func(b *buffers) error { return mpi.Scatterv(b.world, b.recv, b.counts, nil, b.send, 0) })},
	"allgather":     {1, 0, loop(func(b *buffers) error { return mpi.Allgather(b.world, b.send, b.recv) })},
	"allgatherv":    {1, 0, loop(func(b *buffers) error { return mpi.Allgatherv(b.world, b.send, b.recv, b.counts, nil) })},
	"alltoall":      {1, 0, loop(func(b *buffers) error { return mpi.Alltoall(b.world, b.recv, b.all()) })},
	"alltoallv": {1, 0, loop(func(b *buffers) error {
		return mpi.Alltoallv(b.world, b.recv, b.counts, nil, b.all(), b.counts, nil)
	})},
}

// loop is the kernel that makes a call again and again.
func loop(call func(b *buffers) error) func(b *buffers, n int64) error {
	return func(b *buffers, n int64) error {
		for range n {
			if err := call(b); err != nil {
				return err
			}
		}
		return nil
	}
}

func wait(r *mpi.Request) error {
	_, err := r.Wait()
	return err
}

// all is a second buffer with a part for each rank.
func (b *buffers) all() []byte { return unused[:len(b.recv)] }

// mine is this rank's part of the numbers.
func (b *buffers) mine() []float64 { return b.frecv[:b.parts[b.world.Rank()]] }

var unused []byte

// perSize keeps what a kernel needs besides the buffers, made in the warm-up.
func perSize[T any](make func(size int) T) func(size int) T {
	made := map[int]T{}
	return func(size int) T {
		if _, ok := made[size]; !ok {
			made[size] = make(size)
		}
		return made[size]
	}
}

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

var huge = perSize(func(size int) [2][]byte {
	pages := [2][]byte{mpi.MakeSlice[byte](size), mpi.MakeSlice[byte](size)}
	for i, p := range pages {
		for k := range p {
			p[k] = byte(i + 1) // touched
		}
	}
	return pages
})

// pingpongHuge is the ping-pong of slices on huge pages.
func pingpongHuge(b *buffers, n int64) error {
	h, pages := *b, huge(len(b.send))
	h.send, h.recv = pages[0], pages[1]
	return pingpong(&h, n)
}

// ring passes a message on from rank to rank, until rank 0 has it back.
func ring(b *buffers, n int64) error {
	rank, size := b.world.Rank(), b.world.Size()
	left, right := (rank+size-1)%size, (rank+1)%size
	send := func() error { return mpi.Send(b.world, b.send, right, dataTag) }
	recv := func() error { _, err := mpi.Recv(b.world, b.recv, left, dataTag); return err }
	return pong(b, n, send, recv)
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
	if world.Size() < 2 {
		return fmt.Errorf("the benchmarks need at least 2 ranks, not %d", world.Size())
	}
	if world.Rank() == 0 {
		// MPICH tells a page; the first line names the version.
		version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
		fmt.Println("#", version)
	}
	if f, ok := once[name]; ok {
		return f(world)
	}
	b, ok := benches[name]
	if !ok {
		return fmt.Errorf("unknown benchmark %q", name)
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

	r := &runner{world: world, bench: b, minTime: minTime, control: make([]int64, 1)}
	for i, size := range sizes {
		parts, _ := mpi.Partition(int(size/8), world.Size())
		buf := &buffers{world: world, peer: 1 - world.Rank(),
			send: send[:size], recv: recv[:int(size)*times],
			fsend: fsend[:size/8], frecv: frecv[:size/8],
			counts: slices.Repeat([]int{int(size)}, world.Size()), parts: parts}
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

// toil computes for as long as the program runs.
func toil() {
	for {
		sum.Add(1)
	}
}

var sum atomic.Uint64

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
	watchdog := flag.Duration("watchdog", 0, "have the watchdog look for calls that block for longer")
	busy := flag.Bool("busy", false, "compute all the time, in a goroutine beside")
	procs := flag.Int("procs", 0, "run goroutines on so many threads at once (default: GOMAXPROCS)")
	flag.Parse()
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}

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
		if *busy {
			go toil()
		}
		return run(world, *name, sizes, iters, *minTime)
	}, mpi.Watchdog(*watchdog, 0))
}
