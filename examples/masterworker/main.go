// Masterworker adds up what thousands of instances of a small computation contribute to one long vector. A master gives
// the instances out one by one, to whoever is free: first with tagged messages, as MPI programs do it by hand
// (messages.go), then through package pool, where that is one call of Map.
//
//	go build ./examples/masterworker && mpirun -n 4 ./masterworker -method pool
//
// The checksums are the same for both methods and any number of ranks. masterworker.py does the same work with mpi4py.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"sync"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/pool"
	"github.com/mpi4go/mpi4go/op"
)

var (
	instances  = flag.Int("instances", 2000, "instances in each iteration")
	length     = flag.Int("length", 257_241, "length of the vector")
	iterations = flag.Int("iterations", 5, "iterations")
	method     = flag.String("method", "messages", "messages or pool")
	timed      = flag.Bool("time", false, "print in the end how long all iterations took, on the slowest rank")
)

// Task is one instance of an iteration.
type Task struct{ Iteration, Instance int }

// Entries are what an instance adds to the global vector. Neither type has pointers: both travel as they are in memory.
type Entries [20]struct {
	Index int
	Value float64
}

// vectors are a worker's own, made once: a rank does one task at a time.
var vectors = sync.OnceValue(func() (v [3][]float64) {
	for i := range v {
		v[i] = make([]float64, *length)
	}
	return v
})

// compute draws three random vectors, and picks from them what to add at 20 random places. The generators are seeded by
// the task, so that it does not matter who does it, or when.
func compute(t Task) (e Entries) {
	v := vectors()
	x, y, z := v[0], v[1][:len(v[0])], v[2][:len(v[0])] // so that the compiler knows that they are as long
	// A generator must have made a number before it can begin the next. With one for each vector, the processor works
	// on three numbers at once.
	a, b, c := generator(t, 0), generator(t, 1), generator(t, 2)
	for i := range x {
		x[i] = fraction(a.Uint64())
		y[i] = fraction(b.Uint64())
		z[i] = fraction(c.Uint64())
	}
	d := generator(t, 3)
	place := rand.New(&d)
	for i := range e {
		k := place.IntN(len(x))
		e[i].Index, e[i].Value = k, x[k]+y[k]+z[k]
	}
	return e
}

func generator(t Task, which int) rand.PCG {
	return *rand.NewPCG(uint64(4*t.Iteration+which), uint64(t.Instance))
}

// fraction is what rand.Rand's Float64 makes of a random number, without its indirect call for each.
func fraction(u uint64) float64 { return float64(u<<11>>11) / (1 << 53) }

func main() {
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error {
		for _, f := range []struct {
			name  string
			value int
		}{{"instances", *instances}, {"length", *length}, {"iterations", *iterations}} {
			if f.value < 1 {
				return fmt.Errorf("-%s is %d: there must be at least one", f.name, f.value)
			}
		}
		var run func(world *mpi.Comm) error
		switch *method {
		case "messages":
			run = withMessages
		case "pool":
			run = func(world *mpi.Comm) error { return pool.Run(world, withPool) }
		default:
			return fmt.Errorf("-method is %q, not messages or pool", *method)
		}

		if err := world.Barrier(); err != nil {
			return err
		}
		start := mpi.Wtime()
		if err := run(world); err != nil {
			return err
		}
		seconds := []float64{mpi.Wtime() - start}
		slowest := make([]float64, 1)
		if err := mpi.Reduce(world, seconds, slowest, op.Max, master); err != nil {
			return err
		}
		if *timed && world.Rank() == master {
			fmt.Printf("time = %.3f s\n", slowest[0])
		}
		return nil
	})
}

var instance = pool.Func("instance", func(ctx context.Context, t Task) (Entries, error) { return compute(t), nil })

func withPool(ctx context.Context, p *pool.Pool) error {
	return iterate(func(tasks []Task) ([]Entries, error) { return instance.Map(ctx, p, tasks) })
}

// iterate has all tasks of each iteration done by do, adds up the results and prints their checksum. The master calls
// it.
func iterate(do func(tasks []Task) ([]Entries, error)) error {
	global, tasks := make([]float64, *length), make([]Task, *instances)
	raw := make([]byte, 8**length)
	for iteration := range *iterations {
		for i := range tasks {
			tasks[i] = Task{iteration, i}
		}
		results, err := do(tasks)
		if err != nil {
			return err
		}
		// In the order of the tasks, not in that in which results came: a sum of floating-point numbers is
		// another one, in its last bits, when they are added in another order.
		for _, entries := range results {
			for _, e := range entries {
				global[e.Index] += e.Value
			}
		}
		if _, err := binary.Encode(raw, binary.LittleEndian, global); err != nil {
			return err
		}
		fmt.Printf("iteration %d: checksum %08x\n", iteration+1, crc32.ChecksumIEEE(raw))
	}
	return nil
}
