package pool_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/pool"
)

var (
	upper = pool.Func("upper", func(ctx context.Context, l pool.List[byte]) (int, error) {
		part, err := l.Part(ctx)
		copy(part, bytes.ToUpper(part))
		return len(part), err
	})
	twice = pool.Func("twice", func(ctx context.Context, l pool.List[string]) (struct{}, error) {
		part, err := l.Part(ctx)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, l.SetPart(ctx, append(part, part...))
	})
)

func TestScatterGather(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		l, err := pool.Scatter(ctx, p, []byte("Hello World!"))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			counts, err := upper.Each(ctx, p, l)
			if err != nil || len(counts) != p.Workers() || counts[0] != (12+p.Workers()-1)/p.Workers() {
				t.Errorf("the parts have %v elements, %v", counts, err)
			}
			got, err := pool.Gather(ctx, p, l)
			if err != nil || string(got) != "HELLO WORLD!" {
				t.Errorf("got %q, %v", got, err)
			}
		}
		// Lists of any length, of what only gob knows.
		for _, n := range []int{0, 1, 4, 100} {
			words := slices.Repeat([]string{"x", "yy"}, n)[:n]
			l, err := pool.Scatter(ctx, p, words)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := pool.Gather(ctx, p, l); err != nil || !slices.Equal(got, words) {
				t.Errorf("%d strings came back as %q, %v", n, got, err)
			}
			if _, err := twice.Each(ctx, p, l); err != nil {
				t.Error(err)
			}
			if got, err := pool.Gather(ctx, p, l); err != nil || len(got) != 2*n {
				t.Errorf("%d strings twice are %d, %v", n, len(got), err)
			}
			if _, err := pool.Gather(ctx, p, pool.List[float32](l)); err == nil {
				t.Error("a list of strings can be gathered as one of numbers")
			}
			if err := l.Free(ctx, p); err != nil {
				t.Error(err)
			}
			var task *pool.TaskError
			if _, err := pool.Gather(ctx, p, l); !errors.As(err, &task) || !strings.Contains(err.Error(), "no part of list") {
				t.Errorf("a freed list: %v", err)
			}
			if _, err := twice.Each(ctx, p, l); !errors.As(err, &task) {
				t.Errorf("a freed list: %v", err)
			}
		}
		if _, err := l.Part(ctx); err == nil || !strings.Contains(err.Error(), "context of a task") {
			t.Errorf("Part outside a task: %v", err)
		}
		if _, err := pool.Scatter(ctx, p, []func(){nil}); err == nil {
			t.Error("functions can be scattered")
		}
	})
}
