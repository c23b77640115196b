// Poolmap maps a slow function over a list on 1, 2, 6 and 10 workers, and shows how long that took: first a function of
// one argument, then one of two, then the first again without waiting for each result in turn.
//
//	go build ./examples/poolmap && mpirun -n 10 ./poolmap
package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// slow is a flag of the program, which all ranks read: tasks may use what is the same everywhere.
var slow = flag.Duration("slow", 100*time.Millisecond, "shortest time of a task; the longest is twice as long")

// pause sleeps as long as the work on x would take.
func pause(x int) { time.Sleep(*slow + *slow*time.Duration(x%5)/4) }

var square = pool.Func("square", func(ctx context.Context, x int) (int, error) {
	pause(x)
	return x * x, nil
})

// Rect is the arguments of area: a function of several takes a struct of them.
type Rect struct{ Width, Height int }

var area = pool.Func("area", func(ctx context.Context, r Rect) (int, error) {
	pause(r.Width)
	return r.Width * r.Height, nil
})

func main() {
	n := flag.Int("n", 10, "numbers to square")
	list := flag.String("workers", "1,2,6,10", "numbers of workers; those beyond the number of ranks are left out")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			fmt.Println("workers   map (s)   several arguments (s)   asynchronous (s)")
		}
		for field := range strings.SplitSeq(*list, ",") {
			workers, err := strconv.Atoi(field)
			if err != nil || workers < 1 {
				return fmt.Errorf("-workers has %q, which is no positive number", field)
			}
			if workers > world.Size() {
				continue
			}
			if err := row(world, workers, *n); err != nil {
				return err
			}
		}
		return nil
	})
}

// row runs everything on the first so many ranks, rank 0 among them, and prints a line of the table.
func row(world *mpi.Comm, workers, n int) error {
	color := 0
	if world.Rank() >= workers {
		color = mpi.Undefined
	}
	some, err := world.Split(color, 0)
	if err != nil || some == nil {
		return err
	}
	defer some.Free()
	return pool.Run(some, func(ctx context.Context, p *pool.Pool) error { return measure(ctx, p, n) }, pool.RootWorks())
}

func measure(ctx context.Context, p *pool.Pool, n int) error {
	numbers, want := make([]int, n), make([]int, n)
	rects := make([]Rect, n)
	for i := range numbers {
		numbers[i], want[i], rects[i] = i, i*i, Rect{i, i}
	}
	ways := []func() ([]int, error){
		func() ([]int, error) { return square.Map(ctx, p, numbers) },
		func() ([]int, error) { return area.Map(ctx, p, rects) },
		func() ([]int, error) {
			var futures []*pool.Future[int]
			for _, x := range numbers {
				futures = append(futures, square.Submit(ctx, p, x))
			}
			// Here is time for something else.
			got := make([]int, n)
			for i, f := range futures {
				var err error
				if got[i], err = f.Wait(); err != nil {
					return nil, err
				}
			}
			return got, nil
		},
	}
	took := make([]any, len(ways))
	for i, way := range ways {
		start := time.Now()
		got, err := way()
		if err != nil {
			return err
		}
		if took[i] = time.Since(start).Seconds(); !slices.Equal(got, want) {
			return fmt.Errorf("the squares are %v, want %v", got, want)
		}
	}
	_, err := fmt.Printf("%7d %9.3f %23.3f %18.3f\n", append([]any{p.Workers()}, took...)...)
	return err
}
