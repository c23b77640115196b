// The Go twin of ../c: one program for 2 to 512 ranks, which starts, makes every
// collective, splits the world, gathers objects and hands out tasks. Each is
// checked once, and then timed in a loop.
//
//	mpirun -n 8 ./scale [-budget 0.1]
//
// Rank 0 prints "# library", "ready" with the Unix time when all ranks had
// started, "hello" with the number of ranks that said so and their hosts, "time" with a name and the seconds per call, and "memory" with when
// and the mean and the largest of the ranks' bytes. ../driver runs both programs.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/mpi/pool"
	"github.com/mpi4go/mpi4go/op"
)

const (
	part  = 16     // elements that a rank has for another
	none  = -1     // what stands where nothing was received
	calls = 20_000 // the most in a loop
	tasks = 16     // for each worker of the pool
)

// A step is one thing to do and to time.
type step struct {
	name string
	call func() error
	// What must stand in the receive buffer after it, at place i of part p.
	want func(p, i int) int
	// What else must be.
	check func() error
	ops   int // in one call; 0 for 1
}

// scale is what the steps work on. Buffers have a part for each rank.
type scale struct {
	world      *mpi.Comm
	me, n      int
	send, recv []int
}

// value is the i-th element of what one rank has for another.
func value(from, to, i int) int { return from*1_000_003 + to*1009 + i }

// uneven is how many elements go from one rank to another where that differs.
func uneven(from, to int) int { return 1 + (from+to)%part }

// upTo is a value if i is below n.
func upTo(n, i, value int) int {
	if i < n {
		return value
	}
	return none
}

// total is the sum of value over the first n ranks.
func total(n, to, i int) int { return n*(n-1)/2*1_000_003 + n*(to*1009+i) }

func (s *scale) collectives() []step {
	w, me, n, send, recv := s.world, s.me, s.n, s.send, s.recv
	last := n - 1
	// What this rank sends to each, what it receives from each, and what each
	// sends to rank 0.
	to, from, to0, displs := make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	var outs, ins []mpi.Buffer
	for r := range n {
		to[r], from[r], to0[r], displs[r] = uneven(me, r), uneven(r, me), uneven(r, 0), r*part
		outs = append(outs, mpi.Slice(send[r*part:][:to[r]]))
		ins = append(ins, mpi.Slice(recv[r*part:][:from[r]]))
	}
	before := 0 // of the elements that reduce_scatter gives to the ranks below
	for r := range me {
		before += to0[r]
	}
	on := func(rank int, v int) int {
		if me == rank {
			return v
		}
		return none
	}
	root := slices.Clone(send[:part]) // what the root of bcast has, and others receive

	return []step{
		{name: "barrier", call: w.Barrier},
		{name: "bcast",
			call: func() error {
				if me == last {
					return mpi.Bcast(w, root, last)
				}
				return mpi.Bcast(w, recv[:part], last)
			},
			want: func(p, i int) int {
				if me == last {
					return none
				}
				return upTo(1, p, value(last, 0, i))
			}},
		{name: "gather",
			call: func() error { return mpi.Gather(w, send[:part], recv, 0) },
			want: func(p, i int) int { return on(0, value(p, 0, i)) }},
		{name: "gatherv",
			call: func() error { return mpi.Gatherv(w, send[:to0[me]], recv, to0, displs, 0) },
			want: func(p, i int) int { return on(0, upTo(to0[p], i, value(p, 0, i))) }},
		{name: "scatter",
			call: func() error { return mpi.Scatter(w, send, recv[:part], last) },
			want: func(p, i int) int { return upTo(1, p, value(last, me, i)) }},
		{name: "scatterv",
			call: func() error { return mpi.Scatterv(w, send, to, displs, recv[:uneven(0, me)], 0) },
			want: func(p, i int) int { return upTo(1, p, upTo(uneven(0, me), i, value(0, me, i))) }},
		{name: "allgather",
			call: func() error { return mpi.Allgather(w, send[:part], recv) },
			want: func(p, i int) int { return value(p, 0, i) }},
		{name: "allgatherv",
			call: func() error { return mpi.Allgatherv(w, send[:to0[me]], recv, to0, displs) },
			want: func(p, i int) int { return upTo(to0[p], i, value(p, 0, i)) }},
		{name: "alltoall",
			call: func() error { return mpi.Alltoall(w, send, recv) },
			want: func(p, i int) int { return value(p, me, i) }},
		{name: "alltoallv",
			call: func() error { return mpi.Alltoallv(w, send, to, displs, recv, from, displs) },
			want: func(p, i int) int { return upTo(from[p], i, value(p, me, i)) }},
		{name: "alltoallw",
			call: func() error { return mpi.Alltoallw(w, outs, ins) },
			want: func(p, i int) int { return upTo(from[p], i, value(p, me, i)) }},
		{name: "reduce",
			call: func() error { return mpi.Reduce(w, send[:part], recv[:part], op.Sum, 0) },
			want: func(p, i int) int { return on(0, upTo(1, p, total(n, 0, i))) }},
		{name: "allreduce",
			call: func() error { return mpi.Allreduce(w, send[:part], recv[:part], op.Sum) },
			want: func(p, i int) int { return upTo(1, p, total(n, 0, i)) }},
		{name: "reduce_scatter",
			call: func() error { return mpi.ReduceScatter(w, send[:sum(to0)], recv[:to0[me]], to0, op.Sum) },
			want: func(p, i int) int {
				at := before + i
				return upTo(1, p, upTo(to0[me], i, total(n, at/part, at%part)))
			}},
		{name: "reduce_scatter_block",
			call: func() error { return mpi.ReduceScatterBlock(w, send, recv[:part], op.Sum) },
			want: func(p, i int) int { return upTo(1, p, total(n, me, i)) }},
		{name: "scan",
			call: func() error { return mpi.Scan(w, send[:part], recv[:part], op.Sum) },
			want: func(p, i int) int { return upTo(1, p, total(me+1, 0, i)) }},
		{name: "exscan",
			call: func() error { return mpi.Exscan(w, send[:part], recv[:part], op.Sum) },
			want: func(p, i int) int {
				if me == 0 { // has no result
					return recv[p*part+i]
				}
				return upTo(1, p, total(me, 0, i))
			}},
	}
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// split makes communicators of the rows and of the columns of the square that
// the ranks form, as far as they do.
func (s *scale) split() step {
	side := int(math.Sqrt(float64(s.n)))
	var lines [2]*mpi.Comm // kept until the next call
	return step{name: "split", ops: 2,
		call: func() error {
			for k, color := range []int{s.me / side, s.me % side} {
				if lines[k] != nil {
					if err := lines[k].Free(); err != nil {
						return err
					}
				}
				var err error
				if lines[k], err = s.world.Split(color, s.me); err != nil {
					return err
				}
			}
			return nil
		},
		check: func() error {
			for k, c := range lines {
				want := []int{0, 0}
				for r := range s.n {
					if k == 0 && r/side == s.me/side || k == 1 && r%side == s.me%side {
						want[0], want[1] = want[0]+1, want[1]+r
					}
				}
				got := []int{1, s.me}
				if err := mpi.AllreduceInPlace(c, got, op.Sum); err != nil {
					return err
				}
				if !slices.Equal(got, want) || c.Size() != got[0] {
					return fmt.Errorf("%d ranks, and their sum %d, must be %v", got[0], got[1], want)
				}
			}
			return nil
		}}
}

// A place is the object that every rank has.
type place struct {
	Rank   int
	Host   string
	Values []float64
}

func (s *scale) objects() step {
	mine := place{s.me, fmt.Sprintf("host of %d", s.me), slices.Repeat([]float64{float64(s.me)}, 8)}
	var all []place
	return step{name: "object-gather",
		call: func() (err error) {
			all, err = object.Gather(s.world, mine, 0)
			return err
		},
		check: func() error {
			if s.me != 0 {
				return nil
			}
			if len(all) != s.n {
				return fmt.Errorf("%d objects", len(all))
			}
			for r, p := range all {
				if p.Rank != r || p.Host != fmt.Sprintf("host of %d", r) || !slices.Equal(p.Values, slices.Repeat([]float64{float64(r)}, 8)) {
					return fmt.Errorf("object %d is %v", r, p)
				}
			}
			return nil
		}}
}

var square = pool.Func("square", func(_ context.Context, x int) (int, error) { return x * x, nil })

// pool hands out tasks to all ranks but this.
func (s *scale) pool() step {
	inputs := make([]int, tasks*(s.n-1))
	for i := range inputs {
		inputs[i] = i
	}
	var squares []int
	return step{name: "pool-task", ops: len(inputs),
		call: func() error {
			return pool.Run(s.world, func(ctx context.Context, p *pool.Pool) (err error) {
				squares, err = square.Map(ctx, p, inputs)
				return err
			})
		},
		check: func() error {
			if s.me == 0 && len(squares) != len(inputs) {
				return fmt.Errorf("%d results", len(squares))
			}
			for i, x := range squares {
				if x != i*i {
					return fmt.Errorf("result %d is %d", i, x)
				}
			}
			return nil
		}}
}

// measure makes one call that is checked, and then a loop of as many as fit
// into the budget. It returns the slowest rank's seconds per call.
func (s *scale) measure(st step, budget float64) (float64, error) {
	for i := range s.recv {
		s.recv[i] = none
	}
	seconds, err := s.loop(st, 1)
	if err != nil {
		return 0, err
	}
	for at, got := range s.recv {
		want := none
		if st.want != nil {
			want = st.want(at/part, at%part)
		}
		if got != want {
			return 0, fmt.Errorf("element %d of part %d is %d, must be %d", at%part, at/part, got, want)
		}
	}
	if st.check != nil {
		if err := st.check(); err != nil {
			return 0, err
		}
	}
	// The first call may set something up, so that the second counts, unless calls
	// are long. Of short ones there are three loops, and the best is what counts:
	// the least disturbed.
	if seconds < 10*budget {
		if seconds, err = s.loop(st, 1); err != nil {
			return 0, err
		}
	}
	if seconds < budget/6 {
		n := min(calls, int(budget/3/seconds))
		seconds = math.Inf(1)
		for range 3 {
			again, err := s.loop(st, n)
			if err != nil {
				return 0, err
			}
			seconds = min(seconds, again)
		}
	}
	return seconds / float64(max(st.ops, 1)), nil
}

// loop makes n calls, and returns the slowest rank's seconds for one.
func (s *scale) loop(st step, n int) (float64, error) {
	if err := s.world.Barrier(); err != nil {
		return 0, err
	}
	start := mpi.Wtime()
	for range n {
		if err := st.call(); err != nil {
			return 0, err
		}
	}
	seconds := []float64{(mpi.Wtime() - start) / float64(n)}
	err := mpi.AllreduceInPlace(s.world, seconds, op.Max)
	return seconds[0], err
}

// memory prints the mean and the largest of what the ranks have in memory, by a
// line of the system's: what is now, or the most that ever was.
func (s *scale) memory(when, line string) error {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	var kb int
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		return fmt.Errorf("/proc/self/status: %s: %w", line, err)
	}
	all, most := []int{kb}, []int{kb}
	if err := mpi.AllreduceInPlace(s.world, all, op.Sum); err != nil {
		return err
	}
	if err := mpi.AllreduceInPlace(s.world, most, op.Max); err != nil {
		return err
	}
	if s.me == 0 {
		fmt.Printf("memory %s %d %d\n", when, all[0]/s.n*1024, most[0]*1024)
	}
	return nil
}

// hello gathers what every rank says of itself, and prints how many they are and
// where.
func (s *scale) hello() error {
	const length = 320 // more than the name of a host may have
	host, err := mpi.ProcessorName()
	if err != nil {
		return err
	}
	mine, all := make([]byte, length), []byte(nil)
	copy(mine, fmt.Sprintf("rank %d of %d on %s", s.me, s.n, host))
	if s.me == 0 {
		all = make([]byte, s.n*length)
	}
	if err := mpi.Gather(s.world, mine, all, 0); err != nil || s.me > 0 {
		return err
	}
	var hosts []string
	for r := range s.n {
		text := strings.TrimRight(string(all[r*length:][:length]), "\x00")
		host, ok := strings.CutPrefix(text, fmt.Sprintf("rank %d of %d on ", r, s.n))
		if !ok || host == "" {
			return fmt.Errorf("hello: rank %d says %q", r, text)
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	fmt.Printf("hello %d %s\n", s.n, strings.Join(hosts, " "))
	return nil
}

func run(world *mpi.Comm, budget float64) error {
	s := &scale{world: world, me: world.Rank(), n: world.Size()}
	if s.n < 2 {
		return fmt.Errorf("the program needs at least 2 ranks, not %d", s.n)
	}
	if err := world.Barrier(); err != nil {
		return err
	}
	if s.me == 0 {
		version, _, _ := strings.Cut(mpi.LibraryVersion(), "\n") // MPICH's goes on for a page
		fmt.Printf("# %s\nready %.6f\n", version, float64(time.Now().UnixMicro())/1e6)
	}
	if err := s.memory("start", "VmRSS"); err != nil {
		return err
	}
	if err := s.hello(); err != nil {
		return err
	}
	s.send, s.recv = make([]int, s.n*part), make([]int, s.n*part)
	for i := range s.send {
		s.send[i] = value(s.me, i/part, i%part)
	}
	for _, st := range append(s.collectives(), s.split(), s.objects(), s.pool()) {
		seconds, err := s.measure(st, budget)
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
		if s.me == 0 {
			fmt.Printf("time %s %.6e\n", st.name, seconds)
		}
	}
	return s.memory("peak", "VmHWM")
}

func main() {
	budget := flag.Float64("budget", 0.1, "seconds that the calls of one loop last together")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *budget) })
}
