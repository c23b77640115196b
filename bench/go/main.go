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
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

const (
	dataTag = iota + 1
	controlTag
)

// A bench runs n iterations on each rank; ops says how many operations one
// iteration is, because time is reported per operation.
type bench struct {
	ops    int
	kernel func(world *mpi.Comm, send, recv []byte, n int64) error
}

var benches = map[string]bench{
	"latency":   {2, pingpong},
	"bandwidth": {2, pingpong},
	"cgocall":   {1, cgocall},
}

func pingpong(world *mpi.Comm, send, recv []byte, n int64) error {
	peer := 1 - world.Rank()
	if world.Rank() == 0 {
		for range n {
			if err := mpi.Send(world, send, peer, dataTag); err != nil {
				return err
			}
			if _, err := mpi.Recv(world, recv, peer, dataTag); err != nil {
				return err
			}
		}
		return nil
	}
	for range n {
		if _, err := mpi.Recv(world, recv, peer, dataTag); err != nil {
			return err
		}
		if err := mpi.Send(world, send, peer, dataTag); err != nil {
			return err
		}
	}
	return nil
}

// cgocall measures the unit in which the cost of Go is judged: a call from Go
// into an empty C function. It has no C twin. Both ranks do it, so that both
// cores are as busy as in the other benchmarks.
func cgocall(_ *mpi.Comm, _, _ []byte, n int64) error {
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
	return mpi.Send(r.world, r.control, 1, controlTag)
}

func (r *runner) batch(send, recv []byte, n int64) (float64, error) {
	if err := r.announce(n); err != nil {
		return 0, err
	}
	start := mpi.Wtime()
	err := r.bench.kernel(r.world, send, recv, n)
	return mpi.Wtime() - start, err
}

// lead times n iterations or, with n = 0, as many as last minTime.
func (r *runner) lead(send, recv []byte, n int64) error {
	fixed := n > 0
	if !fixed {
		n = 1
	}
	if _, err := r.batch(send, recv, n/10+1); err != nil { // warm-up
		return err
	}
	t, err := r.batch(send, recv, n)
	for err == nil && !fixed && t < r.minTime {
		// A short batch says little: grow in steps, and a little past the goal.
		grow := 100.0
		if t > 0 {
			grow = min(grow, 1.1*r.minTime/t)
		}
		n = int64(float64(n)*grow) + 1
		t, err = r.batch(send, recv, n)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d %.6e %d\n", len(send), t/float64(n)/float64(r.bench.ops), n)
	return r.announce(0)
}

func (r *runner) follow(send, recv []byte) error {
	for {
		if _, err := mpi.Recv(r.world, r.control, 0, controlTag); err != nil {
			return err
		}
		if r.control[0] == 0 {
			return nil
		}
		if err := r.bench.kernel(r.world, send, recv, r.control[0]); err != nil {
			return err
		}
	}
}

func run(world *mpi.Comm, name string, sizes, iters []int64, minTime float64) error {
	b, ok := benches[name]
	if !ok {
		return fmt.Errorf("unknown benchmark %q", name)
	}
	if world.Size() != 2 {
		return fmt.Errorf("the benchmarks need 2 ranks, not %d", world.Size())
	}

	// Allocated and touched once, so that no page fault and no collection falls
	// into a timing.
	largest := max(1, slices.Max(sizes))
	send := bytes.Repeat([]byte{1}, int(largest))
	recv := bytes.Repeat([]byte{2}, int(largest))

	if world.Rank() == 0 {
		// MPICH tells a page; the first line names the version.
		version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
		fmt.Println("#", version)
	}
	r := &runner{world: world, bench: b, minTime: minTime, control: make([]int64, 1)}
	for i, size := range sizes {
		var err error
		if world.Rank() == 0 {
			err = r.lead(send[:size], recv[:size], iters[i])
		} else {
			err = r.follow(send[:size], recv[:size])
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
	name := flag.String("bench", "latency", "the benchmark: latency, bandwidth or cgocall")
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
