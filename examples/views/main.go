// Views scatters a string over the workers, has each change its part where it is, and gathers it again: the views of
// IPython. Then one worker fails, and rank 0 sees which, and why.
//
//	go build ./examples/views && mpirun -n 5 ./views
//
// Rank 0 is the one that says what to do, so 5 ranks are 4 workers. A single rank is its own worker.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"unicode"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// The functions get the list, which is but its name, and ask for the worker's part of it.
var (
	show = pool.Func("show", func(ctx context.Context, l pool.List[rune]) (string, error) {
		part, err := l.Part(ctx)
		return string(part), err
	})
	upper = pool.Func("upper", func(ctx context.Context, l pool.List[rune]) (int, error) {
		part, err := l.Part(ctx)
		for i, r := range part {
			part[i] = unicode.ToUpper(r)
		}
		return len(part), err
	})
	// noMarks does not like punctuation.
	noMarks = pool.Func("noMarks", func(ctx context.Context, l pool.List[rune]) (int, error) {
		part, err := l.Part(ctx)
		for _, r := range part {
			if unicode.IsPunct(r) {
				return 0, fmt.Errorf("there is a %q in %q", r, string(part))
			}
		}
		return len(part), err
	})
)

func main() {
	text := flag.String("text", "Hello World!", "what to scatter")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error {
		return pool.Run(world, func(ctx context.Context, p *pool.Pool) error { return run(ctx, p, *text) })
	})
}

func run(ctx context.Context, p *pool.Pool, text string) error {
	list, err := pool.Scatter(ctx, p, []rune(text))
	if err != nil {
		return err
	}
	parts, err := show.Each(ctx, p, list) // one result of each worker, in their order
	if err != nil {
		return err
	}
	fmt.Printf("scattered: %q\n", parts)

	counts, err := upper.Each(ctx, p, list)
	if err != nil {
		return err
	}
	fmt.Println("changed:", counts)

	runes, err := pool.Gather(ctx, p, list)
	if err != nil {
		return err
	}
	fmt.Printf("gathered: %q\n", string(runes))

	// The first error ends a call. The pool goes on, and the parts are still there.
	_, err = noMarks.Each(ctx, p, list)
	if task := new(pool.TaskError); errors.As(err, &task) {
		fmt.Printf("worker %d on rank %d failed: %v\n", task.Index, task.Rank, task.Err)
	} else if err != nil {
		return err
	}
	parts, err = show.Each(ctx, p, list)
	if err != nil {
		return err
	}
	fmt.Printf("still there: %q\n", strings.Join(parts, ""))
	return list.Free(ctx, p)
}
