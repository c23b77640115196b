package pool

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/object"
)

var echo = Func("echo", func(_ context.Context, x int) (int, error) { return x, nil })

// fakePool has workers that are functions.
func fakePool(t *testing.T, sends ...func(p *Pool, b []byte) error) (*Pool, context.Context) {
	ctx, cancel := context.WithCancelCause(t.Context())
	p := newPool(nil, options{})
	p.onBreak = cancel
	p.receiver = func(error) {}
	for i, send := range sends {
		p.addWorker(i, func(b []byte) error { return send(p, b) })
	}
	return p, ctx
}

var errNet = errors.New("net")

// When messages fail, every call returns that, and so does close.
func TestBrokenPool(t *testing.T) {
	lost := make(chan struct{}, 100)
	p, ctx := fakePool(t,
		func(*Pool, []byte) error { lost <- struct{}{}; return nil }, // never answers
		func(*Pool, []byte) error { <-lost; return errNet })
	f := echo.Submit(context.Background(), p, 1)
	if _, err := echo.Map(context.Background(), p, []int{1, 2, 3}); !errors.Is(err, errNet) {
		t.Errorf("Map: %v", err)
	}
	if _, err := f.Wait(); !errors.Is(err, errNet) {
		t.Errorf("Wait: %v", err)
	}
	if err := context.Cause(ctx); err != errNet {
		t.Errorf("the function's context ended for %v", err)
	}
	if _, err := echo.Each(context.Background(), p, 1); !errors.Is(err, errNet) {
		t.Errorf("Each: %v", err)
	}
	lost <- struct{}{}
	if err := p.close(); !errors.Is(err, errNet) {
		t.Errorf("close: %v", err)
	}
}

// An answer that no worker would give is an error, and never a crash or a hang.
func TestWrongAnswers(t *testing.T) {
	for name, wrong := range map[string]func(a *answer, n int){
		"too many tasks":           func(a *answer, n int) { a.ran = n + 1; a.payload, _ = encode(nil, make([]int, n+1)) },
		"too few tasks":            func(a *answer, n int) {},
		"no results":               func(a *answer, n int) { a.ran = n },
		"failure of no task of it": func(a *answer, n int) { a.fails = []failure{{at: n}} },
	} {
		p, _ := fakePool(t, func(p *Pool, b []byte) error {
			if o, err := parseOrder(b); err == nil && o.kind == runTasks {
				ins, _ := decode[int](o.payload, -1)
				a := answer{chunk: o.chunk}
				wrong(&a, len(ins))
				go p.arrived(a.finish(append(make([]byte, answerHead), a.payload...)))
			}
			return nil
		})
		var wrong *object.TypeError // of a payload that is no results
		if got, err := echo.Map(t.Context(), p, []int{4, 5, 6}); got != nil || !errors.Is(err, errBytes) && !errors.As(err, &wrong) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

// Chunks grow while tasks are short, and shrink at once when one is long or big.
func TestChunkSizes(t *testing.T) {
	p, _ := fakePool(t, nil)
	j, err := p.newJob(context.Background(), "sizes", nil)
	if err != nil {
		t.Fatal(err)
	}
	j.waiting = 1 << 20
	var sizes []int
	for range 5 {
		n := j.size()
		sizes = append(sizes, n)
		j.learn(&chunk{n: n, bytes: 8 * n}, &answer{ran: n})
	}
	if want := []int{1, 2, 4, 8, 16}; !slices.Equal(sizes, want) {
		t.Errorf("the sizes are %v, want %v", sizes, want)
	}
	j.learn(&chunk{n: 32}, &answer{ran: 32, took: 32 * chunkTime / 4})
	if n := j.size(); n != 4 {
		t.Errorf("tasks of a quarter of the time come %d at once, want 4", n)
	}
	j.learn(&chunk{n: 1, bytes: chunkBytes / 2}, &answer{ran: 1})
	if n := j.size(); n != 2 {
		t.Errorf("inputs of half of the bytes come %d at once, want 2", n)
	}
	j.learn(&chunk{n: 1, bytes: 2 * chunkBytes}, &answer{ran: 1})
	if n := j.size(); n != 1 {
		t.Errorf("large inputs come %d at once", n)
	}
}
