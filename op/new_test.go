package op_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// early is what New says before Init.
var early error

func TestMain(m *testing.M) {
	_, early = op.New(func(in, inout []int) {}, true)
	mpitest.Main(m)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, class mpi.Class, says string) {
	t.Helper()
	var e *mpi.Error
	if !errors.As(err, &e) || e.Class != class || e.Code != 0 || !strings.Contains(e.Msg, says) {
		t.Errorf("got %v, want %v from before C is entered, which says %q", err, class, says)
	}
}

// affine is x -> A*x + B modulo a prime: composition is associative, and does
// not commute. It begins and ends with memory that is not sent.
type affine struct {
	_ int64
	A uint64
	B uint32
	_ [2]bool
	C uint8 // how many were combined
}

const prime = 65521

func (f affine) then(g affine) affine {
	return affine{A: f.A * g.A % prime, B: uint32((g.A*uint64(f.B) + uint64(g.B)) % prime), C: f.C + g.C}
}

// law is a way to combine two elements.
type law struct {
	name     string
	combine  func(f, g affine) affine
	commutes bool
}

var laws = []law{
	{"compose", affine.then, false},
	{"add", func(f, g affine) affine {
		return affine{A: (f.A + g.A) % prime, B: (f.B + g.B) % prime, C: f.C + g.C}
	}, true},
}

func (l law) op(in, inout []affine) {
	for i := range in {
		inout[i] = l.combine(in[i], inout[i])
	}
}

func of(rank, i int) affine {
	return affine{A: uint64(rank*7+i%11) + 2, B: uint32(rank*rank + i + 1), C: 1}
}

// chain combines ranks lo to hi-1, in their order.
func (l law) chain(lo, hi, i int) affine {
	f := of(lo, i)
	for r := lo + 1; r < hi; r++ {
		f = l.combine(f, of(r, i))
	}
	return f
}

// same compares what is sent.
func same(f, g affine) bool { return f.A == g.A && f.B == g.B && f.C == g.C }

func (l law) check(t *testing.T, what string, got []affine, from, lo, hi int) {
	t.Helper()
	for i := range got {
		if want := l.chain(lo, hi, from+i); !same(got[i], want) {
			t.Fatalf("%s %s of %d elements: element %d is %+v, want %+v", l.name, what, len(got), i, got[i], want)
		}
	}
}

// Every reduction, also with an operation that must keep the order of the ranks.
func TestReductions(t *testing.T) {
	c := mpitest.World(t)
	for _, l := range laws {
		l.test(t, c)
	}
}

func (l law) test(t *testing.T, c *mpi.Comm) {
	me, size := c.Rank(), c.Size()
	o, err := op.New(l.op, l.commutes)
	must(t, err)
	if o.Commutes() != l.commutes {
		t.Errorf("an operation made with %v commutes: %v", l.commutes, o.Commutes())
	}
	defer o.Free()
	for _, n := range []int{0, 1, 7, 300, 20000} {
		send := make([]affine, n)
		for i := range send {
			send[i] = of(me, i)
		}
		recv := make([]affine, n)
		S, R := mpi.Structs(send), mpi.Structs(recv)
		clear := func() { copy(recv, make([]affine, n)) }

		must(t, mpi.Allreduce(c, S, R, o))
		l.check(t, "Allreduce", recv, 0, 0, size)
		clear()
		for root := range size {
			if me == root {
				must(t, mpi.Reduce(c, S, R, o, root))
				l.check(t, "Reduce", recv, 0, 0, size)
				clear()
			} else {
				must(t, mpi.Reduce(c, S, mpi.Buffer{}, o, root))
			}
		}
		must(t, mpi.Scan(c, S, R, o))
		l.check(t, "Scan", recv, 0, 0, me+1)
		clear()
		must(t, mpi.Exscan(c, S, R, o))
		if me > 0 {
			l.check(t, "Exscan", recv, 0, 0, me)
		}
		copy(recv, send)
		must(t, mpi.AllreduceInPlace(c, R, o))
		l.check(t, "AllreduceInPlace", recv, 0, 0, size)
		clear()
		r := mpi.Iallreduce(c, S, R, o)
		_, err := r.Wait()
		must(t, err)
		l.check(t, "Iallreduce", recv, 0, 0, size)
		clear()
		p := mpi.AllreduceInit(c, S, R, o)
		for range 3 {
			clear()
			must(t, p.Start())
			_, err := p.Wait()
			must(t, err)
			l.check(t, "AllreduceInit", recv, 0, 0, size)
		}
		must(t, p.Free())

		counts, displs := mpi.Partition(n, size)
		mine := make([]affine, counts[me])
		must(t, mpi.ReduceScatter(c, S, mpi.Structs(mine), counts, o))
		l.check(t, "ReduceScatter", mine, displs[me], 0, size)
		block := make([]affine, n/size)
		must(t, mpi.ReduceScatterBlock(c, mpi.Structs(send[:n/size*size]), mpi.Structs(block), o))
		l.check(t, "ReduceScatterBlock", block, n/size*me, 0, size)

		copy(recv, send)
		must(t, mpi.ReduceScatterInPlace(c, R, counts, o))
		l.check(t, "ReduceScatterInPlace", recv[:counts[me]], displs[me], 0, size)
		copy(recv, send)
		must(t, mpi.ReduceScatterBlockInPlace(c, mpi.Structs(recv[:n/size*size]), o))
		l.check(t, "ReduceScatterBlockInPlace", recv[:n/size], n/size*me, 0, size)
		r = mpi.IreduceScatterBlock(c, mpi.Structs(send[:n/size*size]), mpi.Structs(block), o)
		_, err = r.Wait()
		must(t, err)
		l.check(t, "IreduceScatterBlock", block, n/size*me, 0, size)

		in, inout := make([]affine, n), make([]affine, n)
		for i := range in {
			in[i], inout[i] = of(0, i), of(1, i)
		}
		must(t, mpi.ReduceLocal(mpi.Structs(in), mpi.Structs(inout), o))
		l.check(t, "ReduceLocal", inout, 0, 0, 2)
	}
}

// tail ends with padding only, which libraries treat otherwise than such at the
// beginning.
type tail struct {
	A uint64
	B uint8
}

func TestTail(t *testing.T) {
	c := mpitest.World(t)
	size := c.Size()
	for _, commutes := range []bool{true, false} {
		o, err := op.New(func(in, inout []tail) {
			for i := range in {
				inout[i] = tail{in[i].A + inout[i].A, in[i].B ^ inout[i].B}
			}
		}, commutes)
		must(t, err)
		for _, n := range []int{1, 10, 30000} {
			send, recv, block := make([]tail, n*size), make([]tail, n*size), make([]tail, n)
			for i := range send {
				send[i] = tail{uint64(c.Rank() + i), uint8(1<<c.Rank() ^ i)}
			}
			want := func(i int) (x tail) {
				for r := range size {
					x = tail{x.A + uint64(r+i), x.B ^ uint8(1<<r^i)}
				}
				return x
			}
			check := func(what string, got []tail, from int) {
				t.Helper()
				for i := range got {
					if got[i] != want(from+i) {
						t.Fatalf("%s of %d: element %d is %v, want %v", what, n, i, got[i], want(from+i))
					}
				}
			}
			must(t, mpi.Allreduce(c, mpi.Structs(send), mpi.Structs(recv), o))
			check("Allreduce", recv, 0)
			if root := size - 1; c.Rank() == root {
				clear(recv)
				must(t, mpi.Reduce(c, mpi.Structs(send), mpi.Structs(recv), o, root))
				check("Reduce", recv, 0)
			} else {
				must(t, mpi.Reduce(c, mpi.Structs(send), mpi.Buffer{}, o, root))
			}
			must(t, mpi.ReduceScatterBlock(c, mpi.Structs(send), mpi.Structs(block), o))
			check("ReduceScatterBlock", block, n*c.Rank())
			clear(block)
			_, err := mpi.IreduceScatterBlock(c, mpi.Structs(send), mpi.Structs(block), o).Wait()
			must(t, err)
			check("IreduceScatterBlock", block, n*c.Rank())
		}
		must(t, o.Free())
	}
}

// A basic type goes without Structs.
func TestBasic(t *testing.T) {
	c := mpitest.World(t)
	o, err := op.New(func(in, inout []int) {
		for i := range in {
			inout[i] += in[i]
		}
	}, true)
	must(t, err)
	defer o.Free()
	recv := []int{0, 0}
	must(t, mpi.Allreduce(c, []int{c.Rank(), 1}, recv, o))
	if want := c.Size() * (c.Size() - 1) / 2; recv[0] != want || recv[1] != c.Size() {
		t.Errorf("got %v, want %d and %d", recv, want, c.Size())
	}
	if o.String() != "New[int]" {
		t.Errorf("the name is %v", o)
	}
}

func TestRefusals(t *testing.T) {
	mpitest.World(t)
	refused(t, early, mpi.ErrState, "MPI is not initialised")
	_, err := op.New[int](nil, true)
	refused(t, err, mpi.ErrOp, "the function is nil")
	type named struct {
		ID    int
		Label struct{ Text string }
	}
	_, err = op.New(func(in, inout []named) {}, true)
	refused(t, err, mpi.ErrType, "named.Label.Text is a string")

	o, err := op.New(func(in, inout []affine) {}, true)
	must(t, err)
	ints, others := []int{1}, []struct{ A, B uint8 }{{}}
	refused(t, mpi.ReduceLocal(ints, []int{1}, o), mpi.ErrOp, "MPI does not define New[op_test.affine] for elements of type int64")
	refused(t, mpi.ReduceLocal(mpi.Structs(others), mpi.Structs(others), o), mpi.ErrOp, "does not define New[op_test.affine]")
	refused(t, mpi.ReduceLocal(mpi.Structs([]affine{{}}), mpi.Slice(ints), o), mpi.ErrType, "in and inout have elements of different types")
	refused(t, mpi.ReduceLocal(mpi.Structs(others), mpi.Structs(others), op.Sum), mpi.ErrOp, "MPI does not define Sum for elements of type a derived datatype")
	refused(t, mpi.ReduceLocal(ints, []int{1}, op.Op{}), mpi.ErrOp, "no reduction operation given")
	must(t, o.Free())
	must(t, o.Free())
	must(t, op.Sum.Free())
	must(t, op.Op{}.Free())
	a := []affine{{}}
	refused(t, mpi.ReduceLocal(mpi.Structs(a), mpi.Structs([]affine{{}}), o), mpi.ErrOp, "New[op_test.affine] has been freed")
}

func adds(k int) func(in, inout []int) {
	return func(in, inout []int) {
		for i := range in {
			inout[i] += in[i] * k
		}
	}
}

// 512 operations live at a time, each its own; one more is an error; and freed
// ones make room, thousands of times.
func TestMany(t *testing.T) {
	mpitest.World(t)
	const most = 512
	check := func(o op.Op, k int) {
		t.Helper()
		inout := []int{1}
		must(t, mpi.ReduceLocal([]int{2}, inout, o))
		if inout[0] != 1+2*k {
			t.Fatalf("operation %d gave %d, want %d", k, inout[0], 1+2*k)
		}
	}
	var live []op.Op
	for k := range most {
		o, err := op.New(adds(k), true)
		must(t, err)
		live = append(live, o)
	}
	_, err := op.New(adds(0), true)
	refused(t, err, mpi.ErrOp, "512 operations exist")
	for k, o := range live {
		check(o, k)
	}
	for k := range 4 * most {
		must(t, live[k%most].Free())
		o, err := op.New(adds(most+k), true)
		must(t, err)
		live[k%most] = o
		check(o, most+k)
	}
	for k, o := range live {
		check(o, 4*most+k)
		must(t, o.Free())
	}
}

// An operation that is freed while a reduction is pending finishes it, however
// many others are made meanwhile.
func TestFreeWhilePending(t *testing.T) {
	c := mpitest.World(t)
	o, err := op.New(adds(1), true)
	must(t, err)
	recv := []int{0}
	var r *mpi.Request
	if c.Rank() > 0 {
		r = mpi.Iallreduce(c, []int{1}, recv, o)
	}
	held := o
	if c.Rank() > 0 {
		must(t, o.Free())
	}
	for range 1100 {
		other, err := op.New(func(in, inout []int) { panic("another operation was called") }, true)
		must(t, err)
		must(t, other.Free())
	}
	// Rank 0 begins last. (A barrier would be another collective among these.)
	if c.Rank() > 0 {
		must(t, mpi.Send(c, []int{}, 0, 0))
	} else {
		for from := 1; from < c.Size(); from++ {
			_, err := mpi.Recv(c, []int{}, from, 0)
			must(t, err)
		}
		r = mpi.Iallreduce(c, []int{1}, recv, o)
		must(t, o.Free())
	}
	_, err = r.Wait()
	must(t, err)
	if recv[0] != c.Size() {
		t.Errorf("the sum is %d, want %d", recv[0], c.Size())
	}
	if !held.Freed() {
		t.Error("the operation is not freed")
	}
}

// Reductions of several communicators run at a time.
func TestConcurrent(t *testing.T) {
	c := mpitest.World(t)
	o, err := op.New(laws[0].op, false)
	must(t, err)
	defer o.Free()
	comms := make([]*mpi.Comm, 4)
	for i := range comms {
		comms[i], err = c.Dup()
		must(t, err)
	}
	errs := make([]error, len(comms))
	var wg sync.WaitGroup
	for g, d := range comms {
		wg.Go(func() {
			for n := 1; n < 200; n += 17 {
				send, recv := make([]affine, n), make([]affine, n)
				for i := range send {
					send[i] = of(d.Rank(), i+g)
				}
				if errs[g] = mpi.Allreduce(d, mpi.Structs(send), mpi.Structs(recv), o); errs[g] != nil {
					return
				}
				for i := range recv {
					if !same(recv[i], laws[0].chain(0, d.Size(), i+g)) {
						errs[g] = fmt.Errorf("goroutine %d: element %d of %d is %+v", g, i, n, recv[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for g, d := range comms {
		must(t, errs[g])
		must(t, d.Free())
	}
}

func checkLoc[T float32 | float64 | int16 | int32 | int64 | int](t *testing.T, c *mpi.Comm) {
	t.Helper()
	// Element i is largest on rank i and on all from there to the last, which
	// come later; likewise smallest.
	n, me := c.Size(), c.Rank()
	high, low := make([]datatype.ValueIndex[T], n), make([]datatype.ValueIndex[T], n)
	for i := range n {
		high[i] = datatype.ValueIndex[T]{Value: T(min(me, i) - 3), Index: int32(me)}
		low[i] = datatype.ValueIndex[T]{Value: T(3 - min(me, i)), Index: int32(me)}
	}
	maxs, mins := make([]datatype.ValueIndex[T], n), make([]datatype.ValueIndex[T], n)
	must(t, mpi.Allreduce(c, mpi.Structs(high), mpi.Structs(maxs), op.MaxLoc))
	must(t, mpi.Allreduce(c, mpi.Structs(low), mpi.Structs(mins), op.MinLoc))
	for i := range n {
		if want := (datatype.ValueIndex[T]{Value: T(i - 3), Index: int32(i)}); maxs[i] != want {
			t.Errorf("MaxLoc of %T: element %d is %v, want %v", maxs[i], i, maxs[i], want)
		}
		if want := (datatype.ValueIndex[T]{Value: T(3 - i), Index: int32(i)}); mins[i] != want {
			t.Errorf("MinLoc of %T: element %d is %v, want %v", mins[i], i, mins[i], want)
		}
	}
	refused(t, mpi.ReduceLocal(mpi.Structs(high), mpi.Structs(low), op.Sum), mpi.ErrOp, "does not define Sum for elements of type ValueIndex")
}

func TestLocs(t *testing.T) {
	c := mpitest.World(t)
	checkLoc[float32](t, c)
	checkLoc[float64](t, c)
	checkLoc[int16](t, c)
	checkLoc[int32](t, c)
	checkLoc[int64](t, c)
	checkLoc[int](t, c)
	refused(t, mpi.ReduceLocal([]int{1}, []int{1}, op.MaxLoc), mpi.ErrOp, "does not define MaxLoc for elements of type int64")
}
