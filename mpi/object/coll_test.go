package object_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// of is what a rank gives: of another length on each.
func of(rank int) job {
	return job{Name: strings.Repeat("x", rank*1000), Limits: map[string]float64{"rank": float64(rank)}, Shape: square{float64(rank)}}
}

func TestCollectives(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	var all []job
	for i := range size {
		all = append(all, of(i))
	}
	same := func(what string, got, want any, err error) {
		t.Helper()
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %.200v, want %.200v", what, got, want)
		}
	}
	for root := range size {
		v := of(me)
		err := object.Bcast(c, &v, root)
		same("Bcast", v, of(root), err)
		numbers := slices.Repeat([]float64{float64(me)}, 10_000) // as memory
		err = object.Bcast(c, &numbers, root)
		same("Bcast of numbers", numbers, slices.Repeat([]float64{float64(root)}, 10_000), err)
		few := []int{me}
		err = object.Bcast(c, &few, root)
		same("Bcast of few numbers", few, []int{root}, err)

		got, err := object.Gather(c, of(me), root)
		if me == root {
			same("Gather", got, all, err)
		} else if got != nil || err != nil {
			t.Errorf("Gather elsewhere: %v, %v", got, err)
		}
		var give []job
		if me == root {
			give = all
		}
		part, err := object.Scatter(c, give, root)
		same("Scatter", part, of(me), err)
	}
	got, err := object.Allgather(c, of(me))
	same("Allgather", got, all, err)
	lists, err := object.Allgather(c, slices.Repeat([]int{me}, me))
	must(t, err)
	for i, l := range lists {
		if !slices.Equal(l, slices.Repeat([]int{i}, i)) {
			t.Errorf("Allgather of lists: from %d %v", i, l)
		}
	}
	var give, want []string
	for i := range size {
		give = append(give, fmt.Sprint(me, " to ", i))
		want = append(want, fmt.Sprint(i, " to ", me))
	}
	took, err := object.Alltoall(c, give)
	same("Alltoall", took, want, err)
}

// Every rank that was to have what is wrong gets an error, and no rank hangs:
// the communicator can be used afterwards.
func TestCollectiveErrors(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	for root := range size {
		var s shape
		if me == root {
			s = unregistered{1}
		}
		if err := object.Bcast(c, &s, root); err == nil || !strings.Contains(err.Error(), "unregistered") {
			t.Errorf("Bcast of what cannot be encoded: %v", err)
		}
		var list []int
		if me == root {
			list = make([]int, size+1)
		}
		if _, err := object.Scatter(c, list, root); err == nil || !strings.Contains(err.Error(), fmt.Sprint(size+1, " values")) {
			t.Errorf("Scatter of too many: %v", err)
		}
		s = square{1}
		if me == size-1 {
			s = unregistered{1}
		}
		if _, err := object.Gather(c, s, root); (err != nil) != (me == root || me == size-1) {
			t.Errorf("Gather, root %d: %v", root, err)
		}
		if _, err := object.Reduce(c, s, func(a, _ shape) shape { return a }, root); me == root && err == nil && size > 1 {
			t.Errorf("Reduce, root %d: no error", root)
		}
	}
	s := shape(square{1})
	if me == size-1 {
		s = unregistered{1}
	}
	if _, err := object.Allgather(c, s); err == nil {
		t.Error("Allgather: no error")
	}
	if _, err := object.Allreduce(c, s, func(a, _ shape) shape { return a }); err == nil && size > 1 {
		t.Error("Allreduce: no error")
	}
	if _, err := object.Alltoall(c, make([]int, size-1)); err == nil {
		t.Error("Alltoall of too few: no error")
	}
	if _, err := object.Reduce[int](c, 1, nil, 0); err == nil {
		t.Error("Reduce without a function: no error")
	}
	if _, err := object.Reduce(c, 1, func(a, b int) int { return a + b }, size); !errors.Is(err, mpi.ErrRoot) {
		t.Errorf("Reduce with a wrong root: %v", err)
	}
	must(t, c.Barrier())
}

type unregistered struct{ X int }

func (unregistered) Area() float64 { return 0 }

// f is associative, and not commutative.
func join(a, b string) string { return a + b }

func letters(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "<%d>", i)
	}
	return b.String()
}

func TestReductions(t *testing.T) {
	c := mpitest.World(t)
	test := func(c *mpi.Comm) {
		t.Helper()
		me, size := c.Rank(), c.Size()
		same := func(what, got, want string, err error) {
			t.Helper()
			if must(t, err); got != want {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		mine := letters(me, me+1)
		for root := range size {
			got, err := object.Reduce(c, mine, join, root)
			if me != root {
				same("Reduce elsewhere", got, "", err)
			} else {
				same("Reduce", got, letters(0, size), err)
			}
		}
		got, err := object.Allreduce(c, mine, join)
		same("Allreduce", got, letters(0, size), err)
		got, err = object.Scan(c, mine, join)
		same("Scan", got, letters(0, me+1), err)
		got, err = object.Exscan(c, mine, join)
		same("Exscan", got, letters(0, me), err)
	}
	test(c)
	// A message of the user's that any receive would take is no part of it.
	next, prev := neighbours(c)
	sent := object.Isend(c, "mine", next, 0)
	test(c)
	got, _, err := object.Recv[string](c, prev, mpi.AnyTag)
	if must(t, err); got != "mine" {
		t.Errorf("received %q", got)
	}
	_, err = sent.Wait()
	must(t, err)
	odd, err := c.Split(c.Rank()%2, -c.Rank())
	must(t, err)
	test(odd)
	must(t, odd.Free())
}

// A sum of slices takes about log2 steps: no rank combines more often.
func TestSteps(t *testing.T) {
	c := mpitest.World(t)
	calls := 0
	sum := func(a, b []float64) []float64 {
		calls++
		for i := range a {
			a[i] += b[i]
		}
		return a
	}
	size := c.Size()
	got, err := object.Allreduce(c, slices.Repeat([]float64{float64(c.Rank())}, 5000), sum)
	must(t, err)
	for _, x := range got {
		if x != float64(size*(size-1)/2) {
			t.Fatalf("the sum is %v", x)
		}
	}
	most := 0
	for 1<<most < size {
		most++
	}
	if len(got) != 5000 || calls > most {
		t.Errorf("%d elements, %d calls, want 5000 and at most %d", len(got), calls, most)
	}
}
