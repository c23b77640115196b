package pool_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// Task functions stand at package level, so that all ranks know them.
var (
	cube = pool.Func("cube", func(ctx context.Context, x int) (int, error) {
		return x * x * x, nil
	})
	divide = pool.Func("divide", func(ctx context.Context, q Quotient) (int, error) {
		return q.A / q.B, nil // panics for B = 0
	})
	shout = pool.Func("shout", func(ctx context.Context, words pool.List[string]) (int, error) {
		part, err := words.Part(ctx)
		for i := range part {
			part[i] = strings.ToUpper(part[i])
		}
		return len(part), err
	})
)

type Quotient struct{ A, B int }

// The examples run on all ranks of 1 to 5, and what one prints must be the same
// on every rank: here rank 0 of a communicator of one rank each, which does the
// tasks itself. In a program it is the world.
func comm() *mpi.Comm { return mpi.Self() }

func ExampleRun() {
	err := pool.Run(comm(), func(ctx context.Context, p *pool.Pool) error {
		cubes, err := cube.Map(ctx, p, []int{1, 2, 3})
		if err != nil {
			return err
		}
		fmt.Println(cubes)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: [1 8 27]
}

// Results as they come, of a sequence of any length.
func ExampleFunction_All() {
	err := pool.Run(comm(), func(ctx context.Context, p *pool.Pool) error {
		numbers := func(yield func(int) bool) {
			for x := 1; yield(x); x++ {
			}
		}
		sum := 0
		for r, err := range cube.All(ctx, p, numbers) {
			if err != nil {
				return err
			}
			if sum += r.Value; sum > 1_000_000 {
				break // stops the sequence too
			}
		}
		fmt.Println(sum > 1_000_000)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: true
}

func ExampleFunction_Submit() {
	err := pool.Run(comm(), func(ctx context.Context, p *pool.Pool) error {
		a, b := cube.Submit(ctx, p, 2), cube.Submit(ctx, p, 3)
		// Something else, meanwhile.
		x, err := a.Wait()
		if err != nil {
			return err
		}
		y, err := b.Wait()
		fmt.Println(x, y)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: 8 27
}

// All tasks run, and what fails is reported together.
func ExampleCollectErrors() {
	err := pool.Run(comm(), func(ctx context.Context, p *pool.Pool) error {
		got, err := divide.Map(ctx, p, []Quotient{{8, 2}, {1, 0}, {9, 3}}, pool.CollectErrors())
		fmt.Println(got)
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			task := e.(*pool.TaskError)
			fmt.Println("input", task.Index, "-", task.Err)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// [4 0 3]
	// input 1 - panic: runtime error: integer divide by zero
}

// A list whose parts lie with the workers.
func ExampleScatter() {
	err := pool.Run(comm(), func(ctx context.Context, p *pool.Pool) error {
		words, err := pool.Scatter(ctx, p, []string{"hello", "world"})
		if err != nil {
			return err
		}
		counts, err := shout.Each(ctx, p, words)
		if err != nil {
			return err
		}
		n := 0
		for _, c := range counts {
			n += c
		}
		all, err := pool.Gather(ctx, p, words)
		fmt.Println(n, all)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: 2 [HELLO WORLD]
}
