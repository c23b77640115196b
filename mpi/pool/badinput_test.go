package pool_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// TestBadInput calls every function with every argument that it cannot have. No
// error of the pool has a class of MPI's.
func TestBadInput(t *testing.T) {
	c := mpitest.World(t)
	freed, err := c.Dup()
	if err != nil {
		t.Fatal(err)
	}
	if err := freed.Free(); err != nil {
		t.Fatal(err)
	}
	var over *pool.Pool
	var foreign pool.List[int]
	run(t, mpi.Self(), func(ctx context.Context, p *pool.Pool) (err error) {
		over = p
		foreign, err = pool.Scatter(ctx, p, upTo(3))
		return err
	})
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		badArguments(t, ctx, p, freed, over, foreign)
		return nil
	})
}

func badArguments(t *testing.T, ctx context.Context, p *pool.Pool, freed *mpi.Comm, over *pool.Pool, foreign pool.List[int]) {
	// Lists here have the numbers that those of the other pool would have.
	own, err := pool.Scatter(ctx, p, upTo(7))
	if err != nil {
		t.Error(err)
		return
	}
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("the caller went home"))

	type wrongs = []badinput.Wrong
	wrong := func(says string, list ...any) (all wrongs) {
		for _, x := range list {
			all = append(all, badinput.Wrong{x, badinput.Another, says})
		}
		return all
	}
	none := (*pool.Function[int, int])(nil)
	functions := wrong("Function is nil", none, new(pool.Function[int, int]))
	lists := wrong("no part of list|context of a task", pool.List[int]{}, foreign, pool.List[int]{ID: math.MaxUint64})
	contexts := wrong("context of a task", nil, ctx)
	empty := (*pool.Pool)(nil)
	badinput.Table{
		Funcs: map[string]any{
			"Function.Map": (*pool.Function[int, int]).Map, "Function.All": (*pool.Function[int, int]).All, "Function.Submit": (*pool.Function[int, int]).Submit, "Function.Each": (*pool.Function[int, int]).Each,
			"Future.Wait": (*pool.Future[int]).Wait, "Pool.Each": (*pool.Pool).Each, "Run": pool.Run, "Scatter": pool.Scatter[int], "Gather": pool.Gather[int],
			"List.Free": pool.List[int].Free, "List.Part": pool.List[int].Part, "List.SetPart": pool.List[int].SetPart, "ChunkSize": pool.ChunkSize, "Lookahead": pool.Lookahead,
		},
		Fine: map[string]string{
			"Func": "it panics, as it must: a variable at package level has no error; see TestArguments", "Function.Name": "it is for those of Func",
			"Future.Cancel": "nil is none to cancel", "Future.Done": "nil is done: Wait says it", "Pool.Workers": "nil has none",
			"RootWorks": "no arguments", "CollectErrors": "no arguments", "WithProgress": "nil is for nobody", "WithBar": "any Bar will do",
			"Progress.Rate": "it cannot fail", "Progress.Remaining": "it cannot fail", "TaskError.Error": "it cannot fail", "TaskError.Unwrap": "it cannot fail",
		},
		Any: []string{"x In", "list []T", "inputs []In"},
		Good: map[string]any{
			"ctx context.Context": ctx, "p *Pool": p, "c *mpi.Comm": mpi.Self(), "f *Function[In, Out]": square, "inputs []In": upTo(3), "x In": 3, "opts ...Option": []pool.Option{},
			"seq iter.Seq[In]": slices.Values(upTo(3)), "f Eacher": square, "l List[T]": own, "list []T": upTo(3), "n int": 1, "t *Future[Out]": square.Submit(ctx, p, 3),
			"Run.f": func(context.Context, *pool.Pool) error { return nil },
		},
		Bad: map[string]wrongs{
			"ctx context.Context": append(wrong("context is nil", nil), wrong("went home", ended)...), "Part.ctx": contexts, "SetPart.ctx": contexts,
			"p *Pool": append(wrong("Pool is nil", empty, new(pool.Pool)), wrong("has returned", over)...), "f *Function[In, Out]": functions,
			"f Eacher": append(wrong("function is nil", nil), functions...), "seq iter.Seq[In]": wrong("sequence is nil", iter.Seq[int](nil)),
			"opts ...Option": wrong("ChunkSize is|Lookahead is|RootWorks is", []pool.Option{pool.ChunkSize(0)}, []pool.Option{pool.ChunkSize(math.MinInt)}, []pool.Option{pool.Lookahead(-1)}, []pool.Option{nil, pool.RootWorks()}),
			"Run.opts":       wrong("ChunkSize is|Lookahead is", []pool.Option{pool.ChunkSize(-1)}, []pool.Option{pool.Lookahead(0)}),
			"n int":          wrong("ChunkSize is|Lookahead is", 0, -1, math.MinInt), "l List[T]": lists, "t *Future[Out]": wrong("Future is nil", (*pool.Future[int])(nil), new(pool.Future[int])),
			"c *mpi.Comm": append(wrong("communicator is nil", nil), wrong("communicator has been freed", freed)...), "Run.f": wrong("function is nil", nil),
		},
		Error: func(result any) error {
			switch result := result.(type) {
			case pool.Option:
				_, err := square.Map(ctx, p, upTo(3), result)
				return err
			case iter.Seq2[pool.Result[int], error]:
				for _, err := range result {
					if err != nil {
						return err
					}
				}
			}
			return nil
		},
	}.Test(t)

	// What is only silly does its work all the same.
	huge := []pool.Option{pool.ChunkSize(math.MaxInt), nil, pool.WithProgress(nil)}
	got, err := square.Map(ctx, p, upTo(100), append(huge, pool.Lookahead(math.MaxInt))...)
	check(t, "Map with huge options", got, err, squares(100))
	n := 0
	for _, err := range square.All(ctx, p, slices.Values(upTo(100)), huge...) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 100 {
		t.Errorf("All with a huge ChunkSize: %d results", n)
	}
	if _, err := upper.Each(ctx, p, pool.List[byte](foreign)); err == nil || !strings.Contains(err.Error(), "no part of list") {
		t.Errorf("a task with the list of another pool: %v", err)
	}
	if n := empty.Workers(); n != 0 {
		t.Errorf("no pool has %d workers", n)
	}
	nothing := (*pool.Future[int])(nil)
	nothing.Cancel()
	<-nothing.Done()
}
