package main

import (
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

func TestMain(m *testing.M) { mpitest.Main(m, 1, 2, 3, 4) }

// TestQueue has every rank produce and consume at once: each value must come to one rank, and those of a producer that
// come to the same one in their order. Long ones do not fit in what MPI sends ahead.
func TestQueue(t *testing.T) {
	c := mpitest.World(t)
	var all []int
	for rank := range c.Size() {
		all = append(all, rank)
	}
	type value struct {
		Rank, N int
		Text    string
	}
	for _, test := range []struct{ n, limit, long int }{{0, 1, 0}, {1, 3, 0}, {200, 1, 10}, {30, 2, 300_000}} {
		q, err := NewQueue[value](c, all, all, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("x", test.long)
		put := make(chan error)
		go func() {
			for n := range test.n {
				if err := q.Put(value{c.Rank(), n, text}); err != nil {
					put <- err
					return
				}
			}
			put <- q.Close()
		}()
		came := make([][]int, c.Size()) // the numbers that came, by producer
		for {
			v, ok, err := q.Get()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if v.Text != text {
				t.Fatalf("the text of %d characters came as one of %d", len(text), len(v.Text))
			}
			if s := came[v.Rank]; len(s) > 0 && s[len(s)-1] >= v.N {
				t.Errorf("%d of rank %d came after %d", v.N, v.Rank, s[len(s)-1])
			}
			came[v.Rank] = append(came[v.Rank], v.N)
		}
		if err := <-put; err != nil {
			t.Fatal(err)
		}
		// Back on the producer: what it has put, everybody together has got.
		got, err := object.Alltoall(c, came)
		if err != nil {
			t.Fatal(err)
		}
		times := make([]int, test.n)
		for _, numbers := range got {
			for _, n := range numbers {
				times[n]++
			}
		}
		for n, k := range times {
			if k != 1 {
				t.Errorf("%+v: number %d came %d times", test, n, k)
			}
		}
		if q.owed != 0 || len(q.credits) != test.limit*c.Size() || q.most != min(test.n, test.limit*c.Size()) {
			t.Errorf("%+v: in the end %d values are owed and there are %d credits; at most %d were owed", test, q.owed, len(q.credits), q.most)
		}
		if err := q.Free(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBounded checks the bound itself: while nobody takes anything, the producer has exactly as many values sent as the
// queue holds when it must wait.
func TestBounded(t *testing.T) {
	c := mpitest.World(t)
	const limit = 3
	last := c.Size() - 1
	// How many values leave without a receive. MPI promises that of none, and with
	// MPICH a rank's message to itself waits for one.
	free := limit
	if last == 0 {
		free = 0
	}
	q, err := NewQueue[int](c, []int{0}, []int{last}, limit)
	if err != nil {
		t.Fatal(err)
	}
	puts := make(chan int, 100)
	if c.Rank() == 0 {
		go func() {
			for n := range 2 * limit {
				if err := q.Put(n); err != nil {
					panic(err)
				}
				puts <- n
			}
			if err := q.Close(); err != nil {
				panic(err)
			}
			close(puts)
		}()
		for want := range free {
			if n := <-puts; n != want {
				t.Errorf("put %d, want %d", n, want)
			}
		}
	}
	// The consumer begins only now.
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
	if c.Rank() == 0 && len(puts) > limit-free {
		t.Errorf("%d more values were put than the queue holds", len(puts))
	}
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
	if c.Rank() == last {
		for want := range 2 * limit {
			if n, ok, err := q.Get(); n != want || !ok || err != nil {
				t.Fatalf("got %d, %v, %v, want %d", n, ok, err, want)
			}
		}
		if n, ok, err := q.Get(); ok || err != nil {
			t.Errorf("got %d, %v, %v after the end", n, ok, err)
		}
	}
	if c.Rank() == 0 {
		for range puts { // until Close has returned
		}
	}
	if err := q.Free(); err != nil {
		t.Fatal(err)
	}
}
