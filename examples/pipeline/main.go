// Pipeline factors numbers on an assembly line of ranks: a producer has the numbers, workers factor them, and a
// collector prints the results in order. Between them are bounded queues (queue.go), so that nobody gets ahead of the
// others by more than a little: what Process and Queue of Python's multiprocessing do on one machine.
//
//	go build ./examples/pipeline && mpirun -n 4 ./pipeline -n 20
package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
)

// Factored is a number and its prime factors.
type Factored struct {
	N       int
	Factors []int
}

func main() {
	first := flag.Int("first", 1_000_000_000_000, "the first number")
	n := flag.Int("n", 20, "how many numbers")
	limit := flag.Int("limit", 2, "how many numbers may be under way to each worker")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *first, *n, *limit) })
}

func run(world *mpi.Comm, first, n, limit int) error {
	if first < 2 {
		return fmt.Errorf("-first is %d: the least number with factors is 2", first)
	}
	// The first rank produces, the last collects, and those between work. If there is none, the last works too.
	producer, collector := 0, world.Size()-1
	var workers []int
	for rank := producer + 1; rank < collector; rank++ {
		workers = append(workers, rank)
	}
	if len(workers) == 0 {
		workers = []int{collector}
	}
	numbers, err := NewQueue[int](world, []int{producer}, workers, limit)
	if err != nil {
		return err
	}
	results, err := NewQueue[Factored](world, workers, []int{collector}, limit)
	if err != nil {
		return err
	}

	// Each part that this rank has runs in a goroutine: on one rank it is all of them.
	parts := 0
	ended := make(chan error)
	start := func(part func() error) {
		parts++
		go func() { ended <- part() }()
	}
	if world.Rank() == producer {
		start(func() error { return produce(numbers, first, n) })
	}
	if slices.Contains(workers, world.Rank()) {
		start(func() error { return work(numbers, results) })
	}
	if world.Rank() == collector {
		start(func() error { return collect(results, first) })
	}
	for range parts {
		if err := <-ended; err != nil {
			return err // Main ends the job, whoever still waits
		}
	}
	return errors.Join(numbers.Free(), results.Free())
}

func produce(numbers *Queue[int], first, n int) error {
	for i := range n {
		if err := numbers.Put(first + i); err != nil {
			return err
		}
	}
	if err := numbers.Close(); err != nil {
		return err
	}
	fmt.Printf("%d numbers produced, never more than %d of them ahead of the workers\n", n, numbers.most)
	return nil
}

func work(numbers *Queue[int], results *Queue[Factored]) error {
	for {
		n, ok, err := numbers.Get()
		if err != nil {
			return err
		}
		if !ok {
			return results.Close()
		}
		if err := results.Put(Factored{n, factor(n)}); err != nil {
			return err
		}
	}
}

// factor divides as long as there is something to divide by.
func factor(n int) (factors []int) {
	for d := 2; d*d <= n; d++ {
		for n%d == 0 {
			factors = append(factors, d)
			n /= d
		}
	}
	if n > 1 {
		factors = append(factors, n)
	}
	return factors
}

// collect prints the results in order. Those that come early wait for the slower workers.
func collect(results *Queue[Factored], first int) error {
	early := make(map[int][]int)
	next := first
	for {
		r, ok, err := results.Get()
		if err != nil || !ok {
			return err
		}
		early[r.N] = r.Factors
		for early[next] != nil {
			fmt.Printf("%d = %s\n", next, strings.ReplaceAll(strings.Trim(fmt.Sprint(early[next]), "[]"), " ", " x "))
			delete(early, next)
			next++
		}
	}
}
