package pool_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/pool"
	"github.com/mpi4go/mpi4go/op"
)

// As in package mpi: what a library forgets to set is never zero by good luck.
func TestMain(m *testing.M) {
	os.Setenv("MALLOC_PERTURB_", "191")
	gob.Register(&badInput{})
	mpitest.Main(m)
}

type badInput struct{ X int }

func (e *badInput) Error() string { return fmt.Sprintf("%d is bad", e.X) }

type args struct {
	A, B int
	Op   string
}

// The functions of the tests. Each rank knows them all.
var (
	square = pool.Func("square", func(_ context.Context, x int) (int, error) { return x * x, nil })
	calc   = pool.Func("calc", func(_ context.Context, a args) (map[string]int, error) {
		return map[string]int{a.Op: a.A + a.B}, nil
	})
	rankOf = pool.Func("rankOf", func(context.Context, struct{}) (int, error) { return mpi.World().Rank(), nil })
	// picky fails for odd numbers: 1 with a type that gob knows, 3 by a panic,
	// 5 by Goexit, others with a type that does not travel.
	picky = pool.Func("picky", func(_ context.Context, x int) (*int, error) {
		switch {
		case x%2 == 0:
			return &x, nil
		case x == 1:
			return nil, fmt.Errorf("wrapped: %w", &badInput{x})
		case x == 3:
			panic(&badInput{x})
		case x == 5:
			runtime.Goexit()
		case x == 7:
			return nil, &badInput{x}
		}
		return nil, errors.New("odd")
	})
	// patient runs until its context ends.
	patient = pool.Func("patient", func(ctx context.Context, x int) (int, error) {
		if x >= 0 {
			return x, nil
		}
		<-ctx.Done()
		return 0, ctx.Err()
	})
	// stubborn does not look at its context; begun and ended count it.
	stubborn = pool.Func("stubborn", func(context.Context, int) (int, error) {
		begun.Add(1)
		time.Sleep(stubbornTime)
		ended.Add(1)
		return 0, nil
	})
	tally = pool.Func("tally", func(context.Context, struct{}) ([2]int64, error) {
		return [2]int64{begun.Swap(0), ended.Swap(0)}, nil
	})
	reverse = pool.Func("reverse", func(_ context.Context, b []byte) ([]byte, error) {
		slices.Reverse(b)
		return b, nil
	})
	untold = pool.Func("untold", func(_ context.Context, x int) (any, error) {
		if x == 2 {
			return struct{ F func() }{}, nil // gob cannot
		}
		return x, nil
	})
)

// Of the stubborn tasks of this rank.
var begun, ended atomic.Int64

const stubbornTime = 100 * time.Millisecond

// run runs a pool on c, and f on rank 0. All must end without an error.
func run(t *testing.T, c *mpi.Comm, f func(ctx context.Context, p *pool.Pool) error, opts ...pool.Option) {
	t.Helper()
	if err := pool.Run(c, f, opts...); err != nil {
		t.Error(err)
	}
}

// both runs a test with rank 0 as a worker and without.
func both(t *testing.T, f func(t *testing.T, ctx context.Context, p *pool.Pool)) {
	c := mpitest.World(t)
	for _, opts := range [][]pool.Option{nil, {pool.RootWorks()}} {
		run(t, c, func(ctx context.Context, p *pool.Pool) error {
			want := max(1, c.Size()-1)
			if len(opts) > 0 {
				want = c.Size()
			}
			if p.Workers() != want {
				t.Errorf("%d workers on %d ranks, want %d", p.Workers(), c.Size(), want)
			}
			f(t, ctx, p)
			return nil
		}, opts...)
	}
}

func upTo(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func squares(n int) []int {
	s := upTo(n)
	for i := range s {
		s[i] *= i
	}
	return s
}

func check[T comparable](t *testing.T, what string, got []T, err error, want []T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if got == nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %d results that are not the %d expected", what, len(got), len(want))
	}
}

func TestMap(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, n := range []int{0, 1, 2, 7, 1000, 100_000} {
			for _, chunk := range []int{0, 1, 3, 5000} {
				if n/max(chunk, 1) > 2000 && chunk > 0 {
					continue
				}
				var opts []pool.Option
				if chunk > 0 {
					opts = append(opts, pool.ChunkSize(chunk))
				}
				got, err := square.Map(ctx, p, upTo(n), opts...)
				check(t, fmt.Sprintf("%d inputs in chunks of %d", n, chunk), got, err, squares(n))
			}
		}
		got, err := calc.Map(ctx, p, []args{{1, 2, "sum"}, {3, 4, "total"}})
		if err != nil || len(got) != 2 || got[0]["sum"] != 3 || got[1]["total"] != 7 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// A task gets a copy of its input, wherever it runs.
func TestInputsStay(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		in := [][]byte{[]byte("one"), nil, {}, []byte("three")}
		got, err := reverse.Map(ctx, p, in)
		if err != nil || len(got) != 4 || string(got[0]) != "eno" || got[1] != nil || got[2] == nil || string(got[3]) != "eerht" {
			t.Errorf("got %q, %v", got, err)
		}
		if string(in[0]) != "one" || string(in[3]) != "three" {
			t.Errorf("the inputs have become %q", in)
		}
	})
}

func TestLargeInputs(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() != 2 {
		return // memory
	}
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		in := make([][]byte, 3)
		for i := range in {
			in[i] = make([]byte, 50<<20)
			for k := range in[i] {
				in[i][k] = byte(k*7 + i)
			}
		}
		got, err := reverse.Map(ctx, p, in)
		if err != nil {
			return err
		}
		for i := range in {
			slices.Reverse(got[i])
			if !slices.Equal(got[i], in[i]) {
				t.Errorf("input %d came back otherwise", i)
			}
		}
		return nil
	})
}

func TestAll(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, n := range []int{0, 1, 5, 20_000} {
			got := slices.Repeat([]int{-1}, n)
			for r, err := range square.All(ctx, p, slices.Values(upTo(n))) {
				if err != nil {
					t.Error(err)
				} else if r.Index >= n || got[r.Index] != -1 {
					t.Errorf("a result for input %d of %d, or a second one", r.Index, n)
				} else {
					got[r.Index] = r.Value
				}
			}
			check(t, fmt.Sprint(n, " values"), got, nil, squares(n))
		}
	})
}

// Of a sequence without end, All takes as many values ahead as it may, and no
// more.
func TestLookahead(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, most := range []int64{1, 10} {
			var taken atomic.Int64
			seq := func(yield func(int) bool) {
				for i := 0; yield(i); i++ {
					taken.Add(1)
				}
			}
			had := int64(0)
			for _, err := range square.All(ctx, p, seq, pool.Lookahead(int(most))) {
				if err != nil {
					t.Fatal(err)
				}
				had++
				for taken.Load() < had+most {
					runtime.Gosched()
				}
				for range 3 { // for one too many
					runtime.Gosched()
				}
				if ahead := taken.Load() - had; ahead > most {
					t.Fatalf("%d values are taken and not in the loop, want at most %d", ahead, most)
				}
				if had == 100 {
					break
				}
			}
		}
	})
}

// A hundred thousand inputs and results, 400 MB each way, leave no more in memory
// than what is on its way.
func TestMemory(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() > 3 {
		return // twice is enough
	}
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		const n, each, most = 100_000, 4000, 64 << 20
		inputs := func(yield func([]byte) bool) {
			for range n {
				if !yield(make([]byte, each)) {
					return
				}
			}
		}
		done := 0
		for r, err := range reverse.All(ctx, p, inputs) {
			if err != nil || len(r.Value) != each {
				return fmt.Errorf("a result of %d bytes: %w", len(r.Value), err)
			}
			if done++; done%20_000 == 0 {
				runtime.GC()
				var m runtime.MemStats
				if runtime.ReadMemStats(&m); m.HeapAlloc > most {
					t.Errorf("%d MB are in use after %d results", m.HeapAlloc>>20, done)
				}
			}
		}
		if done != n {
			t.Errorf("%d results of %d inputs", done, n)
		}
		return nil
	})
}

// The sequence is fed by the loop, as in a search that finds more to do.
func TestAllFeedsItself(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		ahead := make(chan int, 100)
		ahead <- 2
		left, sum := 1, 0
		for r, err := range square.All(ctx, p, chanSeq(ahead)) {
			if err != nil {
				t.Fatal(err)
			}
			sum += r.Value
			if r.Value < 1000 {
				ahead <- r.Value
				ahead <- r.Value + 1
				left += 2
			}
			if left--; left == 0 {
				close(ahead)
			}
		}
		want, list := 0, []int{2}
		for ; len(list) > 0; list = list[1:] {
			v := list[0] * list[0]
			if want += v; v < 1000 {
				list = append(list, v, v+1)
			}
		}
		if sum != want {
			t.Errorf("the sum is %d, want %d", sum, want)
		}
	})
}

func chanSeq(c <-chan int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for x := range c {
			if !yield(x) {
				return
			}
		}
	}
}

func TestAllSequencePanics(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		defer func() {
			if got := recover(); got != "no more" {
				t.Errorf("recovered %v", got)
			}
			if got, err := square.Map(ctx, p, []int{3}); err != nil || got[0] != 9 {
				t.Errorf("afterwards Map got %v, %v", got, err)
			}
		}()
		for range square.All(ctx, p, func(yield func(int) bool) { yield(1); panic("no more") }) {
		}
		t.Error("the panic is lost")
	})
}

func TestSubmit(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var wg sync.WaitGroup
		for g := range 20 {
			wg.Go(func() {
				var futures []*pool.Future[int]
				for i := range 50 {
					futures = append(futures, square.Submit(ctx, p, 100*g+i))
				}
				for i, f := range futures {
					if i%2 == 0 {
						<-f.Done()
					}
					x := 100*g + i
					if got, err := f.Wait(); err != nil || got != x*x {
						t.Errorf("the square of %d is %d, %v", x, got, err)
					}
				}
			})
		}
		wg.Wait()
		var task *pool.TaskError
		if _, err := picky.Submit(ctx, p, 7).Wait(); !errors.As(err, &task) || task.Index != 0 {
			t.Errorf("got %v", err)
		}
	})
}

func TestTwoMapsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 3 {
					got, err := square.Map(ctx, p, upTo(5000))
					check(t, "one of two at once", got, err, squares(5000))
				}
			})
		}
		wg.Wait()
	})
}

func TestEach(t *testing.T) {
	c := mpitest.World(t)
	for _, root := range []bool{false, true} {
		var opts []pool.Option
		want := upTo(c.Size())
		if root {
			opts = append(opts, pool.RootWorks())
		} else if c.Size() > 1 {
			want = want[1:]
		}
		run(t, c, func(ctx context.Context, p *pool.Pool) error {
			for range 5 {
				got, err := rankOf.Each(ctx, p, struct{}{})
				check(t, "the ranks", got, err, want)
			}
			return p.Each(ctx, square)
		}, opts...)
	}
}

// Every kind of failure, with its input, rank and stack.
func TestErrors(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, x := range []int{1, 3, 5, 7, 9} {
			in := slices.Repeat([]int{0}, 40)
			in[17] = x
			got, err := picky.Map(ctx, p, in)
			var task *pool.TaskError
			if got != nil || !errors.As(err, &task) {
				t.Fatalf("input %d: got %v, %v", x, got, err)
			}
			if task.Index != 17 || task.Func != "picky" || !strings.Contains(err.Error(), "input 17 on rank") {
				t.Errorf("input %d: got %v", x, err)
			}
			if (x == 3) != strings.Contains(task.Stack, "pool_test.go") {
				t.Errorf("input %d: the stack is %q", x, task.Stack)
			}
			var bad *badInput
			if errors.As(err, &bad) != (x == 7) || x == 7 && bad.X != 7 {
				t.Errorf("input %d: the error is %#v", x, task.Err)
			}
			says := map[int]string{1: "wrapped: 1 is bad", 3: "panic: 3 is bad", 5: "Goexit", 7: "7 is bad", 9: "odd"}[x]
			if !strings.Contains(task.Err.Error(), says) {
				t.Errorf("input %d: the error is %q, want %q", x, task.Err, says)
			}
		}
		if _, err := untold.Map(ctx, p, upTo(5)); err == nil || !strings.Contains(err.Error(), "input 2 on rank") || !strings.Contains(err.Error(), "cannot encode the result") {
			t.Errorf("a result that gob cannot encode: %v", err)
		}
		// And the pool goes on.
		got, err := square.Map(ctx, p, upTo(10))
		check(t, "afterwards", got, err, squares(10))
	})
}

// The error says on which rank.
func TestErrorsRank(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		ranks, err := rankOf.Each(ctx, p, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := whine.Each(ctx, p, 0, pool.CollectErrors())
		if len(got) != p.Workers() {
			t.Errorf("got %v", got)
		}
		list, ok := err.(interface{ Unwrap() []error })
		if !ok || len(list.Unwrap()) != p.Workers() {
			t.Fatalf("got %v", err)
		}
		for w, err := range list.Unwrap() {
			var task *pool.TaskError
			if !errors.As(err, &task) || task.Index != w || task.Rank != ranks[w] || task.Err.Error() != fmt.Sprint("rank ", ranks[w]) {
				t.Errorf("worker %d, rank %d: got %v", w, ranks[w], err)
			}
		}
	})
}

// Behind a task that fails, no other of its chunk is run, unless all errors are
// wanted.
func TestErrorEndsChunk(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, collect := range []bool{false, true} {
			opts, want := []pool.Option{pool.ChunkSize(20)}, 4
			if collect {
				opts, want = append(opts, pool.CollectErrors()), 20
			}
			in := slices.Repeat([]int{1}, 20)
			in[3] = -1
			if _, err := count.Map(ctx, p, in, opts...); err == nil {
				t.Error("no error")
			}
			counts, err := count.Each(ctx, p, 0) // and resets
			sum := 0
			for _, c := range counts {
				sum += c
			}
			if err != nil || sum != want {
				t.Errorf("collect=%v: %d tasks were run, want %d (%v)", collect, sum, want, err)
			}
		}
	})
}

var (
	counted atomic.Int64
	count   = pool.Func("count", func(_ context.Context, x int) (int, error) {
		if x == 0 {
			return int(counted.Swap(0)), nil
		}
		counted.Add(1)
		if x < 0 {
			return 0, errors.New("no")
		}
		return 0, nil
	})
)

var whine = pool.Func("whine", func(context.Context, int) (int, error) {
	return 0, fmt.Errorf("rank %d", mpi.World().Rank())
})

func TestCollectErrors(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		const n = 400
		verify := func(what string, outs []*int, errs []error) {
			if len(outs) != n || len(errs) != n/2 {
				t.Fatalf("%s: %d results and %d errors of %d tasks", what, len(outs), len(errs), n)
			}
			for i, out := range outs {
				if i%2 == 0 {
					if out == nil || *out != i {
						t.Errorf("%s: result %d is %v", what, i, out)
					}
					continue
				}
				var task *pool.TaskError
				if out != nil || !errors.As(errs[i/2], &task) || task.Index != i {
					t.Errorf("%s: input %d gave %v and %v", what, i, out, errs[i/2])
				}
			}
		}
		outs, err := picky.Map(ctx, p, upTo(n), pool.CollectErrors())
		if err == nil {
			t.Fatal("no error")
		}
		verify("Map", outs, err.(interface{ Unwrap() []error }).Unwrap())

		outs, errs := make([]*int, n), make([]error, n/2)
		for r, err := range picky.All(ctx, p, slices.Values(upTo(n)), pool.CollectErrors()) {
			if err != nil {
				errs[r.Index/2] = err
			} else {
				outs[r.Index] = r.Value
			}
		}
		verify("All", outs, errs)

		got, err := untold.Map(ctx, p, upTo(5), pool.CollectErrors(), pool.ChunkSize(5))
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "input 2 on rank") || !slices.Equal(got, []any{0, 1, nil, 3, 4}) {
			t.Errorf("a result that gob cannot encode: %v, %v", got, err)
		}
	})
}

// By default the first error of All ends it.
func TestAllStops(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var last error
		for _, err := range picky.All(ctx, p, func(yield func(int) bool) {
			for i := 0; yield(i % 10 * i % 1000); i++ {
			}
		}) {
			if last != nil {
				t.Fatal("the loop went on after", last)
			}
			last = err
		}
		var task *pool.TaskError
		if !errors.As(last, &task) {
			t.Errorf("the last error is %v", last)
		}
	})
}

// One task fails, and those that run hear of it.
func TestErrorCancelsOthers(t *testing.T) {
	c := mpitest.World(t)
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		// One worker fails, and all the others run until they are told.
		in := slices.Repeat([]int{-1}, p.Workers())
		in[p.Workers()-1] = 3
		_, err := whinePatient.Map(ctx, p, in)
		var task *pool.TaskError
		if !errors.As(err, &task) || task.Index != p.Workers()-1 && p.Workers() > 1 {
			t.Errorf("got %v", err)
		}
		return nil
	}, pool.RootWorks())
}

var whinePatient = pool.Func("whinePatient", func(ctx context.Context, x int) (int, error) {
	if x >= 0 {
		return 0, errors.New("no")
	}
	<-ctx.Done()
	return 0, ctx.Err()
})

var errWhy = errors.New("why")

// Cancelled before, while, and between tasks, and while nothing but waiting is
// left to do.
func TestCancel(t *testing.T) {
	c := mpitest.World(t)
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(errWhy)
		if got, err := square.Map(ctx, p, upTo(10)); err != errWhy || got != nil {
			t.Errorf("Map with an ended context: %v, %v", got, err)
		}
		if _, err := square.Submit(ctx, p, 1).Wait(); err != errWhy {
			t.Errorf("Submit with an ended context: %v", err)
		}
		if _, err := square.Each(ctx, p, 1); err != errWhy {
			t.Errorf("Each with an ended context: %v", err)
		}
		for _, err := range square.All(ctx, p, slices.Values(upTo(3))) {
			if err != errWhy {
				t.Errorf("All with an ended context: %v", err)
			}
		}
		return nil
	})
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		// Every task waits: cancelled when some of them run. The progress
		// function does it when one of two kinds of tasks is done.
		for _, in := range [][]int{{1, -1}, {1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, {5, 6, 7, 8, 9, 10, -1}} {
			ctx, cancel := context.WithCancelCause(ctx)
			got, err := patient.Map(ctx, p, in, pool.ChunkSize(1), pool.WithProgress(func(g pool.Progress) {
				if g.Done > 0 {
					cancel(errWhy)
				}
			}))
			if got != nil || err != errWhy {
				t.Errorf("Map: %v, %v", got, err)
			}
			for _, err = range patient.All(ctx, p, slices.Values(in)) {
			}
			if err != errWhy {
				t.Errorf("All: %v", err)
			}
		}
		// The loop is left while tasks wait.
		for r, err := range patient.All(ctx, p, slices.Values([]int{1, -1, -1, -1, -1, -1, -1}), pool.ChunkSize(1)) {
			if err != nil || r.Value != 1 {
				t.Errorf("got %v, %v", r, err)
			}
			break
		}
		// By a deadline.
		late, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		if _, err := patient.Map(late, p, []int{-1, -1, -1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("past the deadline: %v", err)
		}
		// Futures: one runs, others lie behind it.
		var futures []*pool.Future[int]
		for range 3 * p.Workers() {
			futures = append(futures, patient.Submit(ctx, p, -1))
		}
		for _, i := range rand.Perm(len(futures)) {
			futures[i].Cancel()
		}
		for _, f := range futures {
			if _, err := f.Wait(); !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled future: %v", err)
			}
			f.Cancel()
		}
		f := square.Submit(ctx, p, 3)
		<-f.Done()
		f.Cancel()
		if got, err := f.Wait(); got != 9 || err != nil {
			t.Errorf("cancelled when it had ended: %d, %v", got, err)
		}
		got, err := square.Map(ctx, p, upTo(1000))
		check(t, "afterwards", got, err, squares(1000))
	})
}

// Cancelled or left after any number of results.
// A Map that is cancelled hands out no more, and waits for the tasks that run.
func TestCancelWaits(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		late, cancel := context.WithTimeout(ctx, stubbornTime/10)
		defer cancel()
		start := time.Now()
		_, err := stubborn.Map(late, p, upTo(100), pool.ChunkSize(1))
		if took := time.Since(start); took < stubbornTime || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v, when tasks take %v: %v", took, stubbornTime, err)
		}
		counts, err := tally.Each(ctx, p, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		for worker, n := range counts {
			// What lies behind the task that runs may have been handed out before.
			if n[0] != n[1] || n[0] > 2 {
				t.Errorf("worker %d began %d tasks and ended %d", worker, n[0], n[1])
			}
		}
	})
}

func TestCancelAnywhere(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		const n = 60
		for k := range n + 1 {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			note := pool.WithProgress(func(g pool.Progress) {
				if g.Done >= k {
					cancel(errWhy)
				}
			})
			got, err := square.Map(ctx, p, upTo(n), note, pool.ChunkSize(1+k%4))
			if err != errWhy {
				check(t, "done before it was cancelled", got, err, squares(n))
			}
			left := k
			for r, err := range square.All(context.Background(), p, slices.Values(upTo(n)), pool.ChunkSize(1+k%3)) {
				if err != nil || r.Value != r.Index*r.Index {
					t.Errorf("All: %v, %v", r, err)
				}
				if left--; left <= 0 {
					break
				}
			}
		}
	})
}

// Whatever Run's function does, the workers are released, and what it left
// behind is cancelled.
func TestRunEnds(t *testing.T) {
	c := mpitest.World(t)
	isRoot := c.Rank() == 0
	var old *pool.Pool
	var last *pool.Future[int]
	leave := func(ctx context.Context, p *pool.Pool) {
		old = p
		last = patient.Submit(ctx, p, -1)
		for range 10 {
			patient.Submit(context.Background(), p, -1)
		}
	}
	err := pool.Run(c, func(ctx context.Context, p *pool.Pool) error { leave(ctx, p); return errWhy })
	if want := map[bool]error{true: errWhy}[isRoot]; err != want {
		t.Errorf("Run returned %v, want %v", err, want)
	}
	if isRoot {
		if _, err := last.Wait(); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("a future that was left behind: %v", err)
		}
		if _, err := square.Map(t.Context(), old, []int{1}); err != pool.ErrClosed {
			t.Errorf("Map when Run is over: %v", err)
		}
		if _, err := square.Submit(t.Context(), old, 1).Wait(); err != pool.ErrClosed {
			t.Errorf("Submit when Run is over: %v", err)
		}
		for _, err := range square.All(t.Context(), old, slices.Values([]int{1})) {
			if err != pool.ErrClosed {
				t.Errorf("All when Run is over: %v", err)
			}
		}
	}
	func() {
		defer func() {
			if got := recover(); (got == "oh") != isRoot {
				t.Errorf("recovered %v", got)
			}
		}()
		err = pool.Run(c, func(ctx context.Context, p *pool.Pool) error { leave(ctx, p); panic("oh") })
		if isRoot || err != nil {
			t.Errorf("Run returned %v", err)
		}
	}()
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		if err := pool.Run(c, func(ctx context.Context, p *pool.Pool) error { leave(ctx, p); runtime.Goexit(); return nil }); err != nil || isRoot {
			t.Errorf("Run returned %v", err)
		}
	}()
	<-exited
}

// A pool that has nothing to do ends on all ranks.
func TestNothing(t *testing.T) {
	both(t, func(*testing.T, context.Context, *pool.Pool) {})
}

func TestArguments(t *testing.T) {
	c := mpitest.World(t)
	expect := func(what string, err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", what, err, text)
		}
	}
	none := func(context.Context, *pool.Pool) error { return nil }
	expect("no communicator", pool.Run(nil, none), "the communicator is nil")
	err := pool.Run(c, none, pool.ChunkSize(0))
	if c.Rank() == 0 {
		expect("ChunkSize(0)", err, "ChunkSize is 0")
	} else if err != nil {
		t.Error(err)
	}
	err = pool.Run(c, nil)
	if c.Rank() == 0 {
		expect("no function", err, "the function is nil")
	} else if err != nil {
		t.Error(err)
	}
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		_, err := square.Map(ctx, p, nil, pool.RootWorks())
		expect("RootWorks", err, "RootWorks is an option of Run")
		_, err = square.Map(ctx, p, nil, pool.ChunkSize(-2))
		expect("ChunkSize(-2)", err, "ChunkSize is -2")
		for _, err = range square.All(ctx, p, slices.Values([]int{1}), pool.Lookahead(0)) {
		}
		expect("Lookahead(0)", err, "Lookahead is 0")
		_, err = square.Map(ctx, nil, nil)
		expect("nil Pool", err, "the Pool is nil")
		_, err = square.Submit(ctx, nil, 1).Wait()
		expect("nil Pool", err, "the Pool is nil")
		_, err = voidOf.Map(ctx, p, []any{1, func() {}})
		expect("an input that gob cannot encode", err, "cannot encode an input from ")
		_, err = voidOf.Submit(ctx, p, func() {}).Wait()
		expect("an input that gob cannot encode", err, "cannot encode the input")
		return nil
	})
	for name, f := range map[string]func(){
		`two functions have the name "square"`: func() {
			pool.Func("square", func(context.Context, int) (int, error) { return 0, nil })
		},
		"the name is empty": func() { pool.Func("", func(context.Context, int) (int, error) { return 0, nil }) },
		`for "nil" is nil`:  func() { pool.Func[int, int]("nil", nil) },
	} {
		func() {
			defer func() { expect("Func", fmt.Errorf("%v", recover()), name) }()
			f()
		}()
	}
}

var voidOf = pool.Func("voidOf", func(context.Context, any) (struct{}, error) { return struct{}{}, nil })

var lateOnes atomic.Int64 // with -count the test runs again

// Only rank 0 declares it, as no program should.
func TestUnknownFunction(t *testing.T) {
	c := mpitest.World(t)
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		f := pool.Func(fmt.Sprint("late ", lateOnes.Add(1)), func(_ context.Context, x int) (int, error) { return x, nil })
		for _, opts := range [][]pool.Option{nil, {pool.CollectErrors()}} {
			_, err := f.Map(ctx, p, upTo(5), opts...)
			if c.Size() == 1 {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), `no function "late `) || !strings.Contains(err.Error(), "package level") {
				t.Errorf("got %v", err)
			}
		}
		return nil
	})
}

func TestProgress(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var last pool.Progress
		sum := func() (n int) {
			for _, k := range last.PerWorker {
				n += k
			}
			return n
		}
		note := pool.WithProgress(func(g pool.Progress) {
			if g.Done < last.Done || g.Elapsed < last.Elapsed || g.Total != 300 {
				t.Errorf("%+v comes after %+v", g, last)
			}
			last = g
		})
		if _, err := square.Map(ctx, p, upTo(300), note); err != nil {
			t.Error(err)
		}
		if last.Done != 300 || sum() != 300 || len(last.PerWorker) != p.Workers() || last.Remaining() != 0 || last.Rate() <= 0 {
			t.Errorf("the last is %+v", last)
		}
		calls := 0
		_, err := square.Map(ctx, p, nil, pool.WithProgress(func(g pool.Progress) { calls++ }))
		if err != nil || calls == 0 {
			t.Errorf("of no inputs: %d calls, %v", calls, err)
		}
		last = pool.Progress{}
		for range square.All(ctx, p, slices.Values(upTo(300)), pool.WithProgress(func(g pool.Progress) { last = g })) {
		}
		if last.Done != 300 || last.Total != 300 || sum() != 300 {
			t.Errorf("the last of All is %+v", last)
		}
		// A panic in the function is the caller's, and ends the call only.
		func() {
			defer func() {
				if got := recover(); got != "stop" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, _ = square.Map(ctx, p, upTo(5000), pool.WithProgress(func(pool.Progress) { panic("stop") }))
		}()
		if _, err := square.Map(ctx, p, upTo(10)); err != nil {
			t.Error(err)
		}
	})
}

// A task that is slow: the others are done by other workers meanwhile.
func TestDynamic(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() < 3 {
		return
	}
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		// The first input waits for the end, which comes when all others are
		// done: what was on its way to the same worker has to be called back.
		for _, opts := range [][]pool.Option{nil, {pool.ChunkSize(1)}} {
			in := upTo(500)
			in[0] = -1
			ctx, cancel := context.WithCancelCause(ctx)
			note := pool.WithProgress(func(g pool.Progress) {
				if g.Done == len(in)-1 {
					cancel(errWhy)
				}
			})
			if _, err := patient.Map(ctx, p, in, append(opts, note)...); err != errWhy {
				t.Errorf("Map: %v", err)
			}
			cancel(nil)
		}
		// Futures too: the long one and the short ones have their turns.
		for range 3 {
			long := patient.Submit(ctx, p, -1)
			var short []*pool.Future[int]
			for x := range 30 {
				short = append(short, patient.Submit(ctx, p, x))
			}
			for x, f := range short {
				if got, err := f.Wait(); got != x || err != nil {
					t.Errorf("future %d: %d, %v", x, got, err)
				}
			}
			long.Cancel()
			if _, err := long.Wait(); !errors.Is(err, context.Canceled) {
				t.Errorf("the long future: %v", err)
			}
		}
		return nil
	})
}

func TestPoolsInTurn(t *testing.T) {
	c := mpitest.World(t)
	for i := range 20 {
		run(t, c, func(ctx context.Context, p *pool.Pool) error {
			got, err := square.Map(ctx, p, upTo(20*i))
			check(t, fmt.Sprint("pool ", i), got, err, squares(20*i))
			return nil
		})
	}
}

func TestPoolsAtOnce(t *testing.T) {
	c := mpitest.World(t)
	half, err := c.Split(c.Rank()%2, 0)
	if err != nil {
		t.Fatal(err)
	}
	run(t, half, func(ctx context.Context, p *pool.Pool) error {
		for n := range 5 {
			got, err := square.Map(ctx, p, upTo(100*n))
			check(t, fmt.Sprint("half ", c.Rank()%2), got, err, squares(100*n))
		}
		return nil
	})
	if err := half.Free(); err != nil {
		t.Error(err)
	}
}

// Tasks may talk to each other on a communicator of the program's.
func TestTasksUseMPI(t *testing.T) {
	c := mpitest.World(t)
	chat.Store(c)
	run(t, c, func(ctx context.Context, p *pool.Pool) error {
		for range 10 {
			got, err := allSum.Each(ctx, p, 0)
			want := slices.Repeat([]int{c.Size() * (c.Size() - 1) / 2}, c.Size())
			check(t, "sums", got, err, want)
		}
		return nil
	}, pool.RootWorks())
}

var (
	chat   atomic.Pointer[mpi.Comm]
	allSum = pool.Func("allSum", func(context.Context, int) (int, error) {
		c, sum := chat.Load(), []int{0}
		err := mpi.Allreduce(c, []int{c.Rank()}, sum, op.Sum)
		if err == nil && c.Size() > 1 { // and messages that any receive would match
			next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
			_, err = mpi.Sendrecv(c, []int{1}, next, 0, []int{0}, prev, 0)
		}
		return sum[0], err
	})
)

// A bar tells what a call has done in the end, once, however it ends.
func TestBar(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var out bytes.Buffer
		bar := pool.WithBar(pool.Bar{Title: "squares", Out: &out, Every: time.Hour})
		last := func(how, want string) {
			t.Helper()
			if s := out.String(); !strings.HasPrefix(s, "squares: "+want) || strings.Count(s, "\n") != 1 {
				t.Errorf("%s: got %q, want %q", how, s, want)
			}
			out.Reset()
		}
		over := 0
		if _, err := square.Map(ctx, p, upTo(300), bar, pool.WithProgress(func(g pool.Progress) {
			if g.Over {
				over++
			} else if over > 0 {
				t.Error("a report after the last")
			}
		})); err != nil || over != 1 {
			t.Errorf("%d last reports, %v", over, err)
		}
		last("Map", "300 of 300 done in ")
		for _, err := range square.All(ctx, p, slices.Values(upTo(30)), bar) {
			if err != nil {
				t.Error(err)
			}
		}
		last("All", "30 of 30 done in ")
		for range square.All(ctx, p, slices.Values(upTo(300)), bar, pool.ChunkSize(1)) {
			break
		}
		last("All, left", "")
		if _, err := picky.Map(ctx, p, []int{1}, bar); err == nil {
			t.Error("no error")
		}
		last("a task that fails", "1 of 1 done in ")
		if _, err := square.Map(ctx, p, nil, bar); err != nil {
			t.Error(err)
		}
		last("no tasks", "0 of 0 done in ")
	})
}
