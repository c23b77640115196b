package mpi_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// Of MPICH, where ranks share cores, a call of synchronisation may take 60 ms:
// these tests make few of them.

// window makes a window and frees it at the end of the test.
func window[T any](t *testing.T, c *mpi.Comm, mem []T) *mpi.Win {
	t.Helper()
	w, err := mpi.WinCreate(c, mem, nil)
	must(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			must(t, w.Free())
		}
	})
	return w
}

// waited is the error of a request.
func waited(r *mpi.Request) error {
	_, err := r.Wait()
	return err
}

type point struct {
	X float64
	N int32
	_ [4]byte
}

// Each rank puts into both its neighbours, in a window that another part of a
// slice is no part of, and of another length on each rank.
func TestPutRing(t *testing.T) {
	c := mpitest.World(t)
	t.Run("float64", func(t *testing.T) {
		ring(t, c, mpi.Slice[[]float64], func(from, i int) float64 { return float64(from) + float64(i)/8 })
	})
	t.Run("uint8", func(t *testing.T) {
		ring(t, c, mpi.Slice[[]uint8], func(from, i int) uint8 { return uint8(10*from + i + 1) })
	})
	t.Run("point", func(t *testing.T) {
		ring(t, c, mpi.Structs[point], func(from, i int) point { return point{X: float64(from), N: int32(i + 1)} })
	})
}

func ring[T comparable](t *testing.T, c *mpi.Comm, buffer func([]T) mpi.Buffer, value func(from, i int) T) {
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	whole := make([]T, 4*(2+me)+10)
	mem := whole[5 : len(whole)-5]
	w := window(t, c, mem)
	must(t, w.Fence(mpi.ModeNoPrecede))
	for k, to := range []int{next, prev} {
		out := make([]T, 2+to)
		for i := range out {
			out[i] = value(me, i+100*k%90)
		}
		must(t, mpi.Put(w, buffer(out), to, k*len(out)+to%2))
	}
	must(t, w.Fence(mpi.ModeNoSucceed, mpi.ModeNoStore))
	want := make([]T, len(whole))
	for k, from := range []int{prev, next} {
		for i := range 2 + me {
			want[5+k*(2+me)+me%2+i] = value(from, i+100*k%90)
		}
	}
	if !slices.Equal(whole, want) {
		t.Errorf("the memory is %v, want %v", whole, want)
	}
}

// Each rank gets every rank's memory, of other lengths, one also none; in memory
// of the library's that begins as zeros.
func TestGetAll(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	length := func(rank int) int { return (rank + 1) * 3 % 7 * rank }
	w, mem, err := mpi.WinAllocate[int32](c, length(me), nil)
	must(t, err)
	if len(mem) != length(me) || w.Flavor() != mpi.WinFlavorAllocate || w.Rank() != me || w.Size() != size {
		t.Errorf("%d elements, %v, rank %d of %d", len(mem), w.Flavor(), w.Rank(), w.Size())
	}
	for i, v := range mem {
		if v != 0 {
			t.Errorf("element %d begins as %d", i, v)
		}
		mem[i] = int32(100*me + i)
	}
	must(t, w.Fence())
	got := make([][]int32, size)
	for r := range got {
		got[r] = make([]int32, length(r))
		must(t, mpi.Get(w, got[r], r, 0))
	}
	must(t, mpi.Get(w, []int32{1}, mpi.ProcNull, 99))
	must(t, w.Fence())
	for r, g := range got {
		for i, v := range g {
			if v != int32(100*r+i) {
				t.Errorf("rank %d has %v", r, g)
				break
			}
		}
	}
	must(t, w.Free())
	must(t, w.Free())
}

// slot is a place of one case in the window of TestAccumulate.
const slot = 16

// accumulation is what every rank does to a slot of every rank, and what must
// come of it.
type accumulation struct {
	name  string
	init  func(mem []byte)
	act   func(w *mpi.Win, target, disp int) error
	right func(mem []byte) error
}

// accumulates is a case: each rank's value is combined with what is there by f,
// in any order.
func accumulates[T comparable](name string, size int, o op.Op, buffer func([]T) mpi.Buffer, first T, value func(rank int) T, f func(a, b T) T) accumulation {
	at := func(mem []byte) *T { return (*T)(unsafe.Pointer(&mem[0])) }
	return accumulation{
		name,
		func(mem []byte) { *at(mem) = first },
		func(w *mpi.Win, target, disp int) error {
			return mpi.Accumulate(w, buffer([]T{value(w.Rank())}), target, disp, o)
		},
		func(mem []byte) error {
			want := first
			for r := range size {
				want = f(want, value(r))
			}
			if got := *at(mem); got != want {
				return fmt.Errorf("%v, want %v", got, want)
			}
			return nil
		},
	}
}

type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint | ~float32 | ~float64
}

type whole interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint
}

// orderedCases are the cases of all that can be compared.
func orderedCases[T number](size int, b func([]T) mpi.Buffer) []accumulation {
	name := fmt.Sprintf("%T", T(0))
	value := func(r int) T { return T(r*7%5 + 2) }
	cs := []accumulation{
		accumulates(name+" Sum", size, op.Sum, b, 1, value, func(a, b T) T { return a + b }),
		accumulates(name+" Prod", size, op.Prod, b, 1, func(r int) T { return T(r%2 + 1) }, func(a, b T) T { return a * b }),
		accumulates(name+" Replace", size, op.Replace, b, 1, func(int) T { return 9 }, func(a, b T) T { return b }),
	}
	var zero T
	if zero-1 < 0 || !knownbug.UnsignedRMA.Here() {
		big := func(r int) T { // beyond the signed range, where there is one
			if r%2 == 0 {
				return zero - T(r+1)
			}
			return T(r)
		}
		cs = append(cs,
			accumulates(name+" Max", size, op.Max, b, 3, big, func(a, b T) T { return max(a, b) }),
			accumulates(name+" Min", size, op.Min, b, 3, big, func(a, b T) T { return min(a, b) }))
	}
	return cs
}

func truth[T whole](b bool) T {
	if b {
		return 1
	}
	return 0
}

// integerCases are the cases of integers.
func integerCases[T whole](size int, b func([]T) mpi.Buffer) []accumulation {
	name := fmt.Sprintf("%T", T(0))
	bits := func(r int) T { return T(0x6b >> (r % 3)) }
	logic := func(r int) T { return T(r % 3) }
	return append(orderedCases(size, b),
		accumulates(name+" Band", size, op.Band, b, 0x7f, bits, func(a, b T) T { return a & b }),
		accumulates(name+" Bor", size, op.Bor, b, 4, bits, func(a, b T) T { return a | b }),
		accumulates(name+" Bxor", size, op.Bxor, b, 5, bits, func(a, b T) T { return a ^ b }),
		accumulates(name+" Land", size, op.Land, b, 1, logic, func(a, b T) T { return truth[T](a != 0 && b != 0) }),
		accumulates(name+" Lor", size, op.Lor, b, 0, logic, func(a, b T) T { return truth[T](a != 0 || b != 0) }),
		accumulates(name+" Lxor", size, op.Lxor, b, 1, logic, func(a, b T) T { return truth[T]((a != 0) != (b != 0)) }))
}

func complexCases[T complex64 | complex128](size int, b func([]T) mpi.Buffer) []accumulation {
	name := fmt.Sprintf("%T", T(0))
	return []accumulation{
		accumulates(name+" Sum", size, op.Sum, b, 1i, func(r int) T { return T(complex(float64(r), 2)) }, func(a, b T) T { return a + b }),
		accumulates(name+" Prod", size, op.Prod, b, 2, func(r int) T { return T(complex(0, float64(r%2+1))) }, func(a, b T) T { return a * b }),
		accumulates(name+" Replace", size, op.Replace, b, 2, func(r int) T { return 3 + 1i }, func(a, b T) T { return b }),
	}
}

func pairCases[T int32 | float64](size int) []accumulation {
	type pair = datatype.ValueIndex[T]
	name := fmt.Sprintf("%T", pair{})
	value := func(r int) pair { return pair{Value: T(r / 2), Index: int32(10 - r)} }
	best := func(better func(a, b T) bool) func(a, b pair) pair {
		return func(a, b pair) pair {
			if better(b.Value, a.Value) || a.Value == b.Value && b.Index < a.Index {
				return b
			}
			return a
		}
	}
	return []accumulation{
		accumulates(name+" MaxLoc", size, op.MaxLoc, mpi.Structs[pair], pair{Value: 1, Index: 9}, value, best(func(a, b T) bool { return a > b })),
		accumulates(name+" MinLoc", size, op.MinLoc, mpi.Structs[pair], pair{Value: 1, Index: 9}, value, best(func(a, b T) bool { return a < b })),
	}
}

// Every operation on every type for which MPI defines it, by all ranks on all
// ranks at once.
func TestAccumulate(t *testing.T) {
	c := mpitest.World(t)
	size := c.Size()
	cases := slices.Concat(
		integerCases(size, mpi.Slice[[]int8]), integerCases(size, mpi.Slice[[]int16]), integerCases(size, mpi.Slice[[]int32]),
		integerCases(size, mpi.Slice[[]int64]), integerCases(size, mpi.Slice[[]int]), integerCases(size, mpi.Slice[[]uint8]),
		integerCases(size, mpi.Slice[[]uint16]), integerCases(size, mpi.Slice[[]uint32]), integerCases(size, mpi.Slice[[]uint64]),
		orderedCases(size, mpi.Slice[[]float32]), orderedCases(size, mpi.Slice[[]float64]),
		complexCases(size, mpi.Slice[[]complex64]), complexCases(size, mpi.Slice[[]complex128]),
		pairCases[int32](size), pairCases[float64](size),
		[]accumulation{
			accumulates("bool Land", size, op.Land, mpi.Slice[[]bool], true, func(r int) bool { return r != 1 }, func(a, b bool) bool { return a && b }),
			accumulates("bool Lor", size, op.Lor, mpi.Slice[[]bool], false, func(r int) bool { return r == 1 }, func(a, b bool) bool { return a || b }),
			accumulates("bool Lxor", size, op.Lxor, mpi.Slice[[]bool], true, func(r int) bool { return true }, func(a, b bool) bool { return a != b }),
		})
	mem := make([]byte, slot*len(cases))
	for i, k := range cases {
		k.init(mem[i*slot:])
	}
	w := window(t, c, mem)
	must(t, w.Fence())
	for target := range size {
		for i, k := range cases {
			if err := k.act(w, target, i*slot); err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
		}
	}
	must(t, w.Fence())
	for i, k := range cases {
		if err := k.right(mem[i*slot:]); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
	}
}

// Many elements at once, of which each rank gets the old values.
func TestGetAccumulate(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	t.Run("int8", func(t *testing.T) { getAccumulates(t, c, next, prev, func(r, i int) int8 { return int8(10*r + i%7) }) })
	t.Run("uint32", func(t *testing.T) {
		getAccumulates(t, c, next, prev, func(r, i int) uint32 { return uint32(100*r + i) })
	})
	t.Run("int64", func(t *testing.T) { getAccumulates(t, c, next, prev, func(r, i int) int64 { return int64(100*r + i) }) })
	t.Run("float64", func(t *testing.T) {
		getAccumulates(t, c, next, prev, func(r, i int) float64 { return float64(r) + float64(i)/4 })
	})
	t.Run("pairs", func(t *testing.T) {
		type pair = datatype.ValueIndex[float64]
		mem, got := []pair{{Value: float64(me), Index: 3}, {Value: 9, Index: 1}}, make([]pair, 2)
		w := window(t, c, mem)
		must(t, w.Fence())
		by := mpi.Structs([]pair{{Value: 5, Index: 7}, {Value: 9, Index: 0}})
		err := mpi.GetAccumulate(w, by, mpi.Structs(got), next, 0, op.MaxLoc)
		if knownbug.LostResults.Here() {
			is(t, err, mpi.ErrUnsupported, "padding")
			copy(got, []pair{{Value: float64(next), Index: 3}, {Value: 9, Index: 1}})
			is(t, mpi.Accumulate(w, by, next, 0, op.MaxLoc), mpi.ErrUnsupported, "one by one")
			must(t, mpi.Accumulate(w, mpi.Structs([]pair{{Value: 5, Index: 7}}), next, 0, op.MaxLoc))
			err = mpi.Accumulate(w, mpi.Structs([]pair{{Value: 9, Index: 0}}), next, 1, op.MaxLoc)
		}
		must(t, err)
		must(t, w.Fence())
		if want := []pair{{Value: float64(next), Index: 3}, {Value: 9, Index: 1}}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if want := []pair{{Value: 5, Index: 7}, {Value: 9, Index: 0}}; !slices.Equal(mem, want) {
			t.Errorf("the memory is %v, want %v", mem, want)
		}
	})
}

func getAccumulates[T number](t *testing.T, c *mpi.Comm, next, prev int, value func(r, i int) T) {
	me := c.Rank()
	lengths := []int{1, 3, 40, 9000}
	mem := make([]T, 2*9044)
	for i := range mem {
		mem[i] = value(me, i)
	}
	w := window(t, c, mem)
	must(t, w.Fence())
	var results [][]T
	at := 0
	for _, o := range []op.Op{op.Sum, op.Replace} {
		for _, n := range lengths {
			r, out := make([]T, n), make([]T, n)
			for i := range out {
				out[i] = value(me+3, i)
			}
			must(t, mpi.GetAccumulate(w, mpi.Structs(out), mpi.Structs(r), next, at, o))
			results = append(results, r)
			at += n
		}
	}
	must(t, w.Fence())
	at = 0
	for k, r := range results {
		for i, v := range r {
			if v != value(next, at+i) {
				t.Fatalf("element %d of result %d is %v, want %v", i, k, v, value(next, at+i))
			}
			want := value(prev+3, i)
			if k < len(lengths) {
				want += value(me, at+i)
			}
			if mem[at+i] != want {
				t.Fatalf("element %d of the memory is %v, want %v", at+i, mem[at+i], want)
			}
		}
		at += len(r)
	}
}

// What an MPI library does wrong must not reach the user as a wrong number.
func TestAccumulateOfUnsignedExtremes(t *testing.T) {
	c := mpitest.World(t)
	mem := []uint32{5}
	w := window(t, c, mem)
	must(t, w.Fence())
	err := mpi.Accumulate(w, []uint32{1 << 31}, c.Rank(), 0, op.Max)
	must(t, w.Fence())
	if knownbug.UnsignedRMA.Here() {
		is(t, err, mpi.ErrUnsupported, "#6083")
	} else if must(t, err); mem[0] != 1<<31 {
		t.Errorf("the larger is %d", mem[0])
	}
}

// All ranks draw numbers from one counter, some by each call there is, while its
// owner does nothing but the same: every number is drawn once.
func TestCounter(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	const rounds = 8
	for _, owner := range []int{0, size - 1}[:min(size, 2)] {
		w, mem, err := mpi.WinAllocate[int64](c, 2, nil)
		must(t, err)
		must(t, w.LockAll())
		var drawn []int64
		for i := range rounds {
			n := []int64{-1}
			switch i % 3 {
			case 0:
				must(t, mpi.FetchAndOp(w, []int64{1}, n, owner, 1, op.Sum))
				must(t, w.Flush(owner))
			case 1:
				must(t, mpi.GetAccumulate(w, []int64{1}, n, owner, 1, op.Sum))
				must(t, w.FlushAll())
			case 2:
				_, err := mpi.RgetAccumulate(w, []int64{1}, n, owner, 1, op.Sum).Wait()
				must(t, err)
			}
			drawn = append(drawn, n[0])
		}
		must(t, w.UnlockAll())
		must(t, c.Barrier())
		all := make([]int64, rounds*size)
		must(t, mpi.Allgather(c, drawn, all))
		for i := 1; i < rounds; i++ {
			if drawn[i] <= drawn[i-1] {
				t.Errorf("this rank drew %v", drawn)
			}
		}
		slices.Sort(all)
		for i, n := range all {
			if n != int64(i) {
				t.Fatalf("the ranks drew %v", all)
			}
		}
		// A read that nothing tears, too.
		end := []int64{-1}
		must(t, w.Lock(mpi.LockShared, owner))
		must(t, mpi.FetchAndOp(w, nil, end, owner, 1, op.NoOp))
		must(t, w.Unlock(owner))
		if want := int64(rounds * size); end[0] != want || me == owner && mem[1] != want {
			t.Errorf("the counter is %d, want %d", end[0], want)
		}
		must(t, w.Free())
	}
}

// Several goroutines share a LockAll.
func TestCounterOfGoroutines(t *testing.T) {
	c := mpitest.World(t)
	w, _, err := mpi.WinAllocate[int](c, 1, nil)
	must(t, err)
	must(t, w.LockAll(mpi.ModeNoCheck))
	const workers, each = 4, 5
	drawn := make([]int, workers*each)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := range each {
				n := []int{-1}
				err := mpi.FetchAndOp(w, []int{1}, n, 0, 0, op.Sum)
				if err == nil {
					err = w.Flush(0)
				}
				if err != nil {
					t.Error(err)
				}
				drawn[k*each+i] = n[0]
			}
		})
	}
	wg.Wait()
	must(t, w.UnlockAll())
	all := make([]int, len(drawn)*c.Size())
	must(t, mpi.Allgather(c, drawn, all))
	slices.Sort(all)
	for i, n := range all {
		if n != i {
			t.Fatalf("the goroutines drew %v", all)
		}
	}
	must(t, w.Free())
}

// Of all ranks that want to change the same element, one does, and the others see
// who it was.
func TestCompareAndSwap(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	mem := make([]byte, 8*9)
	w := window(t, c, mem)
	got := make([]byte, 8*9)
	must(t, w.LockAll())
	contend[int8](t, w, got, 0)
	contend[int16](t, w, got, 8)
	contend[int32](t, w, got, 16)
	contend[int64](t, w, got, 24)
	contend[uint8](t, w, got, 32)
	contend[uint16](t, w, got, 40)
	contend[uint32](t, w, got, 48)
	contend[uint64](t, w, got, 56)
	was := []bool{true}
	must(t, mpi.CompareAndSwap(w, []bool{true}, []bool{false}, was, me, 64))
	must(t, w.UnlockAll())
	if was[0] || mem[64] != 1 {
		t.Errorf("a bool was %v and is %d", was[0], mem[64])
	}
	all := make([]byte, size*len(got))
	must(t, mpi.Allgather(c, got, all))
	for at := 0; at < 64; at += 8 {
		winner := byte(0)
		for r := range size {
			if all[r*len(got)+at] == 0 {
				if winner != 0 {
					t.Errorf("at %d ranks %d and %d won", at, winner-1, r)
				}
				winner = byte(r + 1)
			}
		}
		for r := range size {
			if saw := all[r*len(got)+at]; saw != winner && r+1 != int(winner) {
				t.Errorf("at %d rank %d saw %d, but rank %d won", at, r, saw, int(winner)-1)
			}
		}
		if w.Rank() == size-1 && mem[at] != winner {
			t.Errorf("at %d is %d, but rank %d won", at, mem[at], int(winner)-1)
		}
	}
}

func contend[T whole](t *testing.T, w *mpi.Win, got []byte, at int) {
	t.Helper()
	target := w.Size() - 1
	was := []T{99}
	swap := func(from T) error {
		return mpi.CompareAndSwap(w, mpi.Structs([]T{T(w.Rank() + 1)}), mpi.Structs([]T{from}), mpi.Structs(was), target, at)
	}
	must(t, swap(0))
	must(t, w.Flush(target))
	got[at] = byte(was[0])
	must(t, swap(77)) // equal to nothing
	must(t, w.FlushLocal(target))
	if was[0] == 0 || was[0] == 77 {
		t.Errorf("%T: the element is %d after the swap", was[0], was[0])
	}
}

// Ranks synchronise with their neighbours only.
func TestPostStart(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	mem := make([]int, 3)
	w := window(t, c, mem)
	world, err := w.Group()
	must(t, err)
	from, err := world.Incl(prev)
	must(t, err)
	to, err := world.Incl(next)
	must(t, err)
	rounds := 6
	if crowded(c) {
		rounds = 2
	}
	for i := range rounds {
		must(t, w.Post(from))
		must(t, w.Start(to))
		must(t, mpi.Put(w, []int{me, i}, next, 1))
		if size > 1 {
			is(t, mpi.Put(w, []int{0}, me, 0), mpi.ErrRMASync, "cannot be reached now")
		}
		must(t, w.Complete())
		if i%2 == 0 {
			must(t, w.Wait())
		} else {
			for over := false; !over; {
				over, err = w.Test()
				must(t, err)
				runtime.Gosched()
			}
		}
		if want := []int{0, prev, i}; !slices.Equal(mem, want) {
			t.Errorf("round %d: the memory is %v, want %v", i, mem, want)
		}
	}
	// Nobody to wait for.
	none := mpi.EmptyGroup()
	must(t, w.Post(none))
	must(t, w.Start(none))
	must(t, w.Complete())
	must(t, w.Wait())
	for _, g := range []*mpi.Group{world, from, to} {
		must(t, g.Free())
	}
}

// Locks keep a change of several elements in one piece.
func TestLock(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	w, mem, err := mpi.WinAllocate[int](c, 4, nil)
	must(t, err)
	rounds := 10
	if crowded(c) {
		rounds = 2
	}
	for range rounds {
		target := size / 2
		must(t, w.Lock(mpi.LockExclusive, target))
		got := make([]int, 4)
		must(t, mpi.Get(w, got, target, 0))
		must(t, w.Flush(target))
		if n := got[0]; !slices.Equal(got, []int{n, 2 * n, 3 * n, 4 * n}) {
			t.Errorf("the elements are %v", got)
		}
		for i := range got {
			got[i] += i + 1
		}
		must(t, mpi.Put(w, got, target, 0))
		must(t, w.Unlock(target))
	}
	must(t, c.Barrier())
	// Two targets at a time.
	a, b := []int{0, 0, 0, 0}, []int{0}
	must(t, w.Lock(mpi.LockShared, size/2))
	if size > 1 {
		must(t, w.Lock(mpi.LockShared, 0, mpi.ModeNoCheck))
	}
	must(t, mpi.Get(w, a, size/2, 0))
	must(t, mpi.Get(w, b, 0, 3))
	must(t, w.FlushLocalAll())
	n := rounds * size
	if want := []int{n, 2 * n, 3 * n, 4 * n}; !slices.Equal(a, want) {
		t.Errorf("rank %d has %v, want %v", size/2, a, want)
	}
	must(t, w.Unlock(size/2))
	if size > 1 {
		is(t, mpi.Put(w, a, size/2, 0), mpi.ErrRMASync, "cannot be reached")
		must(t, w.Unlock(0))
		if b[0] != 0 {
			t.Errorf("rank 0 has %d", b[0])
		}
	}
	must(t, w.Sync())
	must(t, c.Barrier())
	if me == size/2 && mem[3] != 4*n {
		t.Errorf("the memory is %v", mem)
	}
	must(t, w.Free())
}

// The requests of transfers are like all others.
func TestTransferRequests(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next := (me + 1) % size
	mem := []float64{1, 2, 3, 4, 0, 0}
	w := window(t, c, mem)
	must(t, w.LockAll())
	r := mpi.Rput(w, []float64{float64(me), 0.5}, next, 4)
	if err := r.Cancel(); err != nil { // it may be complete
		is(t, err, mpi.ErrRequest, "for windows")
	}
	<-r.Done()
	_, err := r.Wait()
	must(t, err)
	sum := mpi.Raccumulate(w, []float64{10, 20}, next, 0, op.Sum)
	old, got := []float64{-1}, make([]float64, 2)
	was := mpi.RgetAccumulate(w, []float64{7}, old, next, 2, op.Replace)
	must(t, mpi.Waitall(sum, was))
	if old[0] != 3 {
		t.Errorf("the element was %v, want 3", old[0])
	}
	must(t, w.Flush(next))
	must(t, mpi.Waitall(mpi.Rget(w, got, next, 4), mpi.Rget(w, got[:0], next, 0), mpi.Rput(w, got, mpi.ProcNull, 1<<40)))
	if got[0] != float64(me) || got[1] != 0.5 {
		t.Errorf("what was put is %v", got)
	}
	must(t, w.UnlockAll())
	must(t, c.Barrier())
	prev := (me + size - 1) % size
	if want := []float64{11, 22, 7, 4, float64(prev), 0.5}; !slices.Equal(mem, want) {
		t.Errorf("the memory is %v, want %v", mem, want)
	}
}

// Neighbours read and write each other's memory as slices.
func TestShared(t *testing.T) {
	c := mpitest.World(t)
	node, err := c.SplitType(mpi.CommTypeShared, 0)
	must(t, err)
	me, size := node.Rank(), node.Size()
	length := func(rank int) int { return rank % 3 * 2 } // rank 0 has none
	w, mem, err := mpi.WinAllocateShared[int32](node, length(me), mpi.Info{"alloc_shared_noncontig": "false"})
	must(t, err)
	must(t, w.Fence())
	for i := range mem {
		if mem[i] != 0 {
			t.Errorf("element %d begins as %d", i, mem[i])
		}
		mem[i] = int32(100*me + i)
	}
	must(t, w.Fence())
	for r := range size {
		theirs, err := mpi.WinSharedQuery[int32](w, r)
		must(t, err)
		if len(theirs) != length(r) {
			t.Errorf("rank %d has %d elements, want %d", r, len(theirs), length(r))
		}
		for i, v := range theirs {
			if v != int32(100*r+i) {
				t.Errorf("rank %d has %v", r, theirs)
			}
		}
	}
	first, err := mpi.WinSharedQuery[int32](w, mpi.ProcNull)
	must(t, err)
	if size > 1 && (len(first) != 2 || first[0] != 100) || size == 1 && len(first) != 0 {
		t.Errorf("the first memory is %v", first)
	}
	must(t, w.Fence())
	if right, err := mpi.WinSharedQuery[int32](w, (me+1)%size); len(right) > 0 {
		must(t, err)
		right[1] = int32(-me)
	}
	must(t, w.Fence())
	if len(mem) > 0 && mem[1] != int32(-(me+size-1)%size) {
		t.Errorf("the left neighbour wrote %d", mem[1])
	}
	_, err = mpi.WinSharedQuery[int32](w, size)
	is(t, err, mpi.ErrRank, fmt.Sprintf("rank is %d", size))
	_, err = mpi.WinSharedQuery[int64](w, 0)
	is(t, err, mpi.ErrType, "elements of 4 bytes")
	_, err = mpi.WinSharedQuery[*int32](w, 0)
	is(t, err, mpi.ErrType, "*int32")
	if w.Flavor() != mpi.WinFlavorShared {
		t.Errorf("the flavor is %v", w.Flavor())
	}
	must(t, w.Free())
	must(t, node.Free())
}

// Ranks share memory of elements of different sizes, each aligned as Go wants it.
func TestSharedSizes(t *testing.T) {
	c := mpitest.World(t)
	node, err := c.SplitType(mpi.CommTypeShared, 0)
	must(t, err)
	me := node.Rank()
	var w *mpi.Win
	var base unsafe.Pointer
	if me%2 == 0 {
		var mem []uint8
		w, mem, err = mpi.WinAllocateShared[uint8](node, 3+me, nil)
		must(t, err)
		base = unsafe.Pointer(unsafe.SliceData(mem))
		mem[2+me] = uint8(me)
	} else {
		var mem []complex128
		w, mem, err = mpi.WinAllocateShared[complex128](node, 2, nil)
		must(t, err)
		base = unsafe.Pointer(unsafe.SliceData(mem))
		mem[1] = complex(float64(me), 1)
	}
	if uintptr(base)%unsafe.Alignof(complex128(0)) != 0 {
		t.Errorf("the memory begins at %p", base)
	}
	must(t, w.Fence())
	for r := range node.Size() {
		if r%2 == 0 {
			mem, err := mpi.WinSharedQuery[uint8](w, r)
			must(t, err)
			if len(mem) != 3+r || mem[2+r] != uint8(r) {
				t.Errorf("rank %d has %v", r, mem)
			}
		} else {
			mem, err := mpi.WinSharedQuery[complex128](w, r)
			must(t, err)
			if len(mem) != 2 || mem[1] != complex(float64(r), 1) {
				t.Errorf("rank %d has %v", r, mem)
			}
		}
	}
	must(t, w.Fence())
	must(t, w.Free())
	must(t, node.Free())
}

// Ranks without memory, of which there are three kinds, reach those that have some.
func TestEmptyParts(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	last := size - 1
	var mem []int16
	switch {
	case me == last:
		mem = make([]int16, size)
	case me%3 == 1:
		mem = make([]int16, 0)
	case me%3 == 2:
		mem = make([]int16, 4)[2:2]
	}
	w := window(t, c, mem)
	must(t, w.Fence())
	must(t, mpi.Put(w, []int16{int16(me + 1)}, last, me))
	for r := range last {
		is(t, mpi.Put(w, []int16{1}, r, 0), mpi.ErrRMARange, fmt.Sprintf("rank %d has 0 elements", r))
		must(t, mpi.Put(w, []int16(nil), r, 0))
	}
	must(t, w.Fence())
	for i, v := range mem {
		if v != int16(i+1) {
			t.Errorf("the memory is %v", mem)
		}
	}
}

// Memory comes and goes in a dynamic window.
func TestDynamic(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	w, err := mpi.WinCreateDynamic(c, nil)
	must(t, err)
	a, b := make([]int64, 4), make([]uint8, 100)
	at := make([]int, 2)
	at[0], err = mpi.WinAttach(w, a)
	must(t, err)
	at[1], err = mpi.WinAttach(w, b)
	must(t, err)
	_, err = mpi.WinAttach(w, a[1:2])
	is(t, err, mpi.ErrRMAAttach, "shares memory")
	_, err = mpi.WinAttach(w, a[:0])
	is(t, err, mpi.ErrRMAAttach, "0 elements")
	_, err = mpi.WinAttach(w, []string{""})
	is(t, err, mpi.ErrType, "string")
	is(t, mpi.WinDetach(w, a[1:]), mpi.ErrBase, "does not begin")

	theirs := make([]int, 2)
	_, err = mpi.Sendrecv(c, at, prev, 0, theirs, next, 0)
	must(t, err)
	must(t, w.Fence())
	must(t, mpi.Put(w, []int64{int64(me), 7}, next, theirs[0]+2*8))
	must(t, mpi.Put(w, []uint8{uint8(me), 8}, next, theirs[1]+97))
	is(t, mpi.Put(w, a[:3], me, at[0]+16), mpi.ErrRMARange, "not attached")
	is(t, mpi.Get(w, a[:1], me, at[0]-1), mpi.ErrRMARange, "not attached")
	must(t, w.Fence())
	if !slices.Equal(a, []int64{0, 0, int64(prev), 7}) || b[97] != uint8(prev) || b[98] != 8 {
		t.Errorf("the memory is %v and %v", a, b)
	}
	got := []int64{-1, -1}
	must(t, mpi.Get(w, got, next, theirs[0]+8))
	must(t, w.Fence())
	if got[0] != 0 || got[1] != int64(me) {
		t.Errorf("got %v", got)
	}
	must(t, mpi.WinDetach(w, a))
	is(t, mpi.WinDetach(w, a), mpi.ErrBase, "does not begin")
	if w.Flavor() != mpi.WinFlavorDynamic {
		t.Errorf("the flavor is %v", w.Flavor())
	}
	must(t, w.Free())
}

// Columns of matrices: to the same place, from a row to a column and back, and
// combined with what is there.
func TestDerivedTargets(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	const rows, cols = 3, 5
	column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
	must(t, err)
	mine, mem := make([]float64, rows*cols), make([]float64, rows*cols)
	for i := range mine {
		mine[i] = float64(100*me + i)
	}
	w := window(t, c, mem)
	at := func(r int) []float64 { return []float64{float64(100*r + 1), float64(100*r + 6), float64(100*r + 11)} }
	must(t, w.Fence())
	must(t, mpi.Put(w, mpi.Typed(mine[1:], 1, column), next, 0))
	must(t, mpi.Put(w, []float64{1, 2, 3}, next, 3, mpi.TargetTyped(1, column)))
	must(t, mpi.Put(w, mpi.Typed(mine[1:], 1, column), next, 4, mpi.TargetTyped(1, column)))
	must(t, w.Fence())
	must(t, mpi.Accumulate(w, []float64{10, 20, 30}, next, 3, op.Sum, mpi.TargetTyped(1, column)))
	must(t, mpi.Accumulate(w, mpi.Typed(mine[1:], 1, column), next, 4, op.Replace, mpi.TargetTyped(1, column)))
	must(t, w.Fence())
	p := at(prev)
	want := []float64{p[0], 0, 0, 11, p[0], p[1], 0, 0, 22, p[1], p[2], 0, 0, 33, p[2]}
	if !slices.Equal(mem, want) {
		t.Errorf("the memory is %v, want %v", mem, want)
	}
	must(t, c.Barrier()) // before others change what has been looked at
	got, old, was := make([]float64, rows), []float64{11, 22, 33}, make([]float64, rows*cols)
	must(t, mpi.Get(w, got, next, 4, mpi.TargetTyped(1, column)))
	if !knownbug.LostResults.Here() {
		clear(old)
	}
	if err := mpi.GetAccumulate(w, nil, old, next, 3, op.NoOp, mpi.TargetTyped(1, column)); knownbug.LostResults.Here() {
		is(t, err, mpi.ErrUnsupported, "derived")
	} else {
		must(t, err)
		must(t, mpi.GetAccumulate(w, mpi.Slice([]float64{1, 2, 3}), mpi.Typed(was, 1, column), next, 0, op.Sum, mpi.TargetTyped(1, column)))
	}
	must(t, w.Fence())
	if !slices.Equal(got, at(me)) || !slices.Equal(old, []float64{11, 22, 33}) {
		t.Errorf("got %v and %v", got, old)
	}
	if !knownbug.LostResults.Here() {
		a, b := []float64{was[0], was[cols], was[2*cols]}, []float64{mem[0] - 1, mem[cols] - 2, mem[2*cols] - 3}
		if !slices.Equal(a, at(me)) || !slices.Equal(b, p) {
			t.Errorf("the column was %v, and this rank's %v before", a, b)
		}
	}
	bad := func(err error, class mpi.Class, says string) { t.Helper(); is(t, err, class, says) }
	bad(mpi.Put(w, []float64{1, 2}, next, 0, mpi.TargetTyped(1, column)), mpi.ErrCount, "origin has 16 bytes of data, but the layout of the target 24")
	bad(mpi.Put(w, got, next, 5, mpi.TargetTyped(1, column)), mpi.ErrRMARange, "reaches from byte 0 to 88")
	bad(mpi.Put(w, got, next, 0, mpi.TargetLayout{}), mpi.ErrType, "zero TargetLayout")
	bad(mpi.Put(w, got, next, 0, mpi.TargetTyped(-1, column)), mpi.ErrCount, "-1 elements")
	bad(mpi.Put(w, got, next, 0, mpi.TargetTyped(1, datatype.Datatype{})), mpi.ErrType, "zero Datatype")
	bad(mpi.Put(w, got, next, 0, mpi.TargetTyped(1, column), mpi.TargetTyped(1, column)), mpi.ErrArg, "2 layouts")
	bad(mpi.Accumulate(w, []int64{1, 2, 3}, next, 0, op.Sum, mpi.TargetTyped(1, column)), mpi.ErrType, "the same basic type")
	bad(mpi.Accumulate(w, mpi.Structs(make([]point, 1)), next, 0, op.Replace), mpi.ErrType, "the same basic type")
	must(t, column.Free())
	bad(mpi.Put(w, got, next, 0, mpi.TargetTyped(1, column)), mpi.ErrType, "freed")
	must(t, w.Fence(mpi.ModeNoSucceed))
}

// Memory that a window or a transfer uses is nobody else's, whatever the garbage
// collector is told to do, and though the program drops all it has of it.
func TestWindowsAndGarbage(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, prev := (me+1)%size, (me+size-1)%size
	const n, parts = 1 << 10, 16
	w := func() *mpi.Win { return window(t, c, make([]int, n*parts)) }()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		junk := make([][]int, 50)
		for {
			select {
			case <-stop:
				return
			default:
			}
			runtime.GC()
			clear(junk)
			for i := range junk {
				junk[i] = slices.Repeat([]int{-1}, n)
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	rounds := 8
	if crowded(c) {
		rounds = 2
	}
	for round := range rounds {
		must(t, w.Fence())
		for p := range parts {
			out := slices.Repeat([]int{me + 10*p + 1000*round}, n)
			must(t, mpi.Put(w, out, next, n*p))
		}
		must(t, w.Fence())
		got := make([]int, n*parts)
		must(t, mpi.Get(w, got, me, 0))
		must(t, w.Fence())
		for i, v := range got {
			if want := prev + 10*(i/n) + 1000*round; v != want {
				t.Fatalf("round %d: element %d is %d, want %d", round, i, v, want)
			}
		}
	}
}

// The buffers of a transfer are held until it is complete, and no longer.
func TestBuffersAreHeld(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() == 1 {
		return // a transfer may be complete at once there
	}
	w := window(t, c, make([]int64, 64))
	must(t, w.LockAll())
	dropped := func(f func(buf []int64)) *atomic.Bool {
		gone, buf := new(atomic.Bool), make([]int64, 64)
		runtime.AddCleanup(&buf[0], func(gone *atomic.Bool) { gone.Store(true) }, gone)
		f(buf)
		return gone
	}
	collected := func(gone *atomic.Bool) bool {
		for end := time.Now().Add(20 * time.Second); !gone.Load(); runtime.Gosched() {
			if runtime.GC(); time.Now().After(end) {
				return false
			}
		}
		return true
	}
	put := dropped(func(buf []int64) { must(t, mpi.Put(w, buf, c.Rank(), 0)) })
	if !collected(dropped(func([]int64) {})) {
		t.Error("memory that nothing holds is not collected")
	}
	if put.Load() {
		t.Error("the buffer has been collected before Flush")
	}
	must(t, w.Flush(c.Rank()))
	if !collected(put) {
		t.Error("the buffer is held after Flush")
	}
	must(t, w.UnlockAll())
}

// What a rank has and asks for is looked at before anything is sent.
func TestWindowRefuses(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	mem := make([]int32, 4+me)
	w := window(t, c, mem)
	one, three := []int32{1}, []int32{1, 2, 3}
	sync := func(err error, says string) { t.Helper(); is(t, err, mpi.ErrRMASync, says) }
	sync(mpi.Put(w, one, 0, 0), "rank 0 cannot be reached now (the access epoch is none)")
	sync(w.Complete(), "no Start")
	sync(w.Wait(), "no Post")
	_, err := w.Test()
	sync(err, "no Post")
	sync(w.Unlock(0), "rank 0 is not locked by Lock (the access epoch is none)")
	sync(w.UnlockAll(), "no LockAll")
	sync(w.Flush(0), "rank 0 is not locked")
	sync(w.FlushLocal(0), "rank 0 is not locked")
	sync(w.FlushAll(), "no rank is locked")
	sync(w.FlushLocalAll(), "no rank is locked")
	is(t, w.Fence(mpi.ModeNoCheck), mpi.ErrAssert, "MPI_MODE_NOCHECK")
	is(t, w.LockAll(mpi.ModeNoPut), mpi.ErrAssert, "MPI_MODE_NOPUT")
	is(t, w.Lock(5, 0), mpi.ErrLocktype, "kind is 5")
	is(t, w.Lock(mpi.LockShared, size), mpi.ErrRank, fmt.Sprintf("target is %d", size))
	is(t, w.Unlock(-1), mpi.ErrRank, "target is -1")
	is(t, w.Start(nil), mpi.ErrGroup, "nil")
	is(t, w.Post(nil), mpi.ErrGroup, "nil")

	must(t, w.Fence())
	sync(waited(mpi.Rput(w, one, 0, 0)), "is not locked, as MPI wants it")
	sync(waited(mpi.Raccumulate(w, one, 0, 0, op.Sum)), "is not locked, as MPI wants it")
	sync(waited(mpi.RgetAccumulate(w, one, three[:1], 0, 0, op.Sum)), "is not locked, as MPI wants it")
	is(t, mpi.Put(w, one, size, 0), mpi.ErrRank, fmt.Sprintf("target is %d", size))
	is(t, mpi.Put(w, one, -1, 0), mpi.ErrRank, "target is -1")
	is(t, mpi.Put(w, one, 0, -1), mpi.ErrDisp, "disp is -1")
	for r := range size {
		is(t, mpi.Put(w, one, r, 4+r), mpi.ErrRMARange, fmt.Sprintf("rank %d has %d elements of 4 bytes", r, 4+r))
		is(t, mpi.Get(w, three, r, 2+r), mpi.ErrRMARange, fmt.Sprintf("disp is %d", 2+r))
		is(t, mpi.Get(w, three[:0], r, 5+r), mpi.ErrRMARange, fmt.Sprintf("disp is %d", 5+r))
		is(t, mpi.Get(w, one, r, 1<<62), mpi.ErrRMARange, "disp is")
	}
	is(t, mpi.Accumulate(w, one, 0, 0, op.Op{}), mpi.ErrOp, "no operation")
	is(t, mpi.Accumulate(w, one, 0, 0, op.NoOp), mpi.ErrOp, "NoOp")
	is(t, mpi.Accumulate(w, one, 0, 0, op.MaxLoc), mpi.ErrOp, "MaxLoc for elements of type int32")
	is(t, mpi.Accumulate(w, []float32{1}, 0, 0, op.Band), mpi.ErrOp, "Band for elements of type float32")
	own, err := op.New(func(in, inout []int32) {}, true)
	must(t, err)
	is(t, mpi.Accumulate(w, one, 0, 0, own), mpi.ErrOp, "New[int32]")
	must(t, own.Free())
	is(t, mpi.Accumulate(w, one, 0, 0, own), mpi.ErrOp, "freed")
	is(t, mpi.GetAccumulate(w, one, three, 0, 0, op.Sum), mpi.ErrCount, "origin has 4 bytes of data, but result 12")
	is(t, mpi.GetAccumulate(w, three, three, 0, 0, op.Sum), mpi.ErrBuffer, "share memory")
	is(t, mpi.FetchAndOp(w, three, one, 0, 0, op.Sum), mpi.ErrCount, "origin has 3 elements")
	is(t, mpi.FetchAndOp(w, one, three, 0, 0, op.Sum), mpi.ErrCount, "result has 3 elements")
	is(t, mpi.FetchAndOp(w, one, one, 0, 0, op.Sum), mpi.ErrBuffer, "share memory")
	is(t, mpi.FetchAndOp(w, mpi.Structs(make([]point, 1)), mpi.Structs(make([]point, 1)), 0, 0, op.Replace), mpi.ErrType, "derived")
	is(t, mpi.FetchAndOp(w, mpi.Slice(one), mpi.Slice([]float32{1}), 0, 0, op.Sum), mpi.ErrType, "origin has elements of type int32, but result of type float32")
	is(t, mpi.CompareAndSwap(w, one, three, []int32{1}, 0, 0), mpi.ErrCount, "compare has 3 elements")
	is(t, mpi.CompareAndSwap(w, one, three[:1], three[:1], 0, 0), mpi.ErrBuffer, "compare and result share memory")
	is(t, mpi.CompareAndSwap(w, one, one, one, 0, 0), mpi.ErrBuffer, "share memory")
	is(t, mpi.CompareAndSwap(w, []float32{1}, []float32{1}, []float32{1}, 0, 0), mpi.ErrType, "float32")
	is(t, mpi.Put(w, mpi.Structs([]string{"x"}), 0, 0), mpi.ErrType, "string")
	is(t, mpi.Allreduce(c, one, []int32{0}, op.Replace), mpi.ErrOp, "Replace")
	is(t, mpi.Allreduce(c, one, []int32{0}, op.NoOp), mpi.ErrOp, "NoOp")

	must(t, mpi.Put(w, one, me, 0))
	is(t, w.Fence(mpi.ModeNoPrecede), mpi.ErrAssert, "has begun transfers")
	sync(w.LockAll(), "that of Fence")
	sync(w.Lock(mpi.LockShared, 0), "that of Fence")
	sync(w.Post(mpi.EmptyGroup()), "the epoch of Fence is open")
	sync(w.Free(), "that of Fence")
	must(t, w.Fence())
	if mem[0] != 1 || mem[3] != 0 {
		t.Errorf("the memory is %v", mem)
	}
	must(t, w.Lock(mpi.LockShared, me)) // an empty epoch of Fence is no hindrance
	sync(w.Lock(mpi.LockExclusive, me), "locked already")
	sync(w.Fence(), "that of Lock")
	sync(w.LockAll(), "that of Lock")
	sync(w.UnlockAll(), "no LockAll")
	sync(w.Start(mpi.EmptyGroup()), "that of Lock")
	sync(w.Free(), "that of Lock")
	must(t, w.Unlock(me))
	must(t, w.LockAll())
	sync(w.Unlock(me), "that of LockAll")
	sync(w.Lock(mpi.LockShared, me), "that of LockAll")
	for name, call := range map[string]func(origin mpi.Buffer, target, disp int, o op.Op) error{
		"Raccumulate": func(origin mpi.Buffer, target, disp int, o op.Op) error {
			return waited(mpi.Raccumulate(w, origin, target, disp, o))
		},
		"RgetAccumulate": func(origin mpi.Buffer, target, disp int, o op.Op) error {
			return waited(mpi.RgetAccumulate(w, origin, mpi.Slice(make([]int32, 1)), target, disp, o))
		},
	} {
		good := mpi.Slice(one)
		is(t, call(good, size, 0, op.Sum), mpi.ErrRank, fmt.Sprintf("mpi: %s: target is %d", name, size))
		is(t, call(good, -1, 0, op.Sum), mpi.ErrRank, name+": target is -1")
		is(t, call(good, 0, -1, op.Sum), mpi.ErrDisp, name+": disp is -1")
		is(t, call(good, 0, 4, op.Sum), mpi.ErrRMARange, name+": disp is 4")
		is(t, call(good, 0, 1<<62, op.Sum), mpi.ErrRMARange, name+": disp is")
		is(t, call(good, 0, 0, op.Op{}), mpi.ErrOp, name+": no operation")
		is(t, call(good, 0, 0, op.MaxLoc), mpi.ErrOp, "MaxLoc for elements of type int32")
		is(t, call(good, 0, 0, own), mpi.ErrOp, "freed")
		is(t, call(mpi.Structs([]string{"x"}), 0, 0, op.Sum), mpi.ErrType, "string")
	}
	is(t, waited(mpi.RgetAccumulate(w, one, three, 0, 0, op.Sum)), mpi.ErrCount, "RgetAccumulate: origin has 4 bytes of data, but result 12")
	is(t, waited(mpi.RgetAccumulate(w, three, three, 0, 0, op.Sum)), mpi.ErrBuffer, "share memory")
	is(t, waited(mpi.RgetAccumulate(w, mpi.Slice(one), mpi.Structs([]string{"x"}), 0, 0, op.Sum)), mpi.ErrType, "string")
	must(t, w.UnlockAll())
	must(t, w.Post(mpi.EmptyGroup()))
	sync(w.Post(mpi.EmptyGroup()), "Post is open")
	sync(w.Fence(), "Post is open")
	sync(w.Free(), "Post is open")
	must(t, w.Wait())
	must(t, c.Barrier())

	_, err = mpi.WinAttach(w, one)
	is(t, err, mpi.ErrRMAFlavor, "MPI_WIN_FLAVOR_CREATE")
	is(t, mpi.WinDetach(w, one), mpi.ErrRMAFlavor, "MPI_WIN_FLAVOR_DYNAMIC")
	_, err = mpi.WinSharedQuery[int32](w, 0)
	is(t, err, mpi.ErrRMAFlavor, "MPI_WIN_FLAVOR_SHARED")

	create := func(_ *mpi.Win, err error) error { return err }
	is(t, create(mpi.WinCreate(nil, mem, nil)), mpi.ErrComm, "nil")
	is(t, create(mpi.WinCreate(c, []*int{nil}, nil)), mpi.ErrType, "*int holds pointers")
	is(t, create(mpi.WinCreate(c, []struct{}{{}}, nil)), mpi.ErrType, "0 bytes")
	is(t, create(mpi.WinCreate(c, mem, mpi.Info{"": "x"})), mpi.ErrInfoKey, "key")
	freed, err := c.Dup()
	must(t, err)
	must(t, freed.Free())
	is(t, create(mpi.WinCreate(freed, mem, nil)), mpi.ErrComm, "WinCreate: the communicator has been freed")
	is(t, create(mpi.WinCreateDynamic(nil, nil)), mpi.ErrComm, "WinCreateDynamic: the communicator is nil")
	is(t, create(mpi.WinCreateDynamic(freed, nil)), mpi.ErrComm, "WinCreateDynamic: the communicator has been freed")
	is(t, create(mpi.WinCreateDynamic(c, mpi.Info{"": "x"})), mpi.ErrInfoKey, "WinCreateDynamic: info has the key")
	is(t, create(mpi.WinCreateDynamic(c, mpi.Info{"k": "\x00"})), mpi.ErrInfoValue, `WinCreateDynamic: info["k"]`)
	drop := func(w *mpi.Win, err error) error {
		if w != nil {
			t.Errorf("a window in spite of %v", err)
		}
		return err
	}
	for name, call := range map[string]struct {
		ints     func(c *mpi.Comm, n int, info mpi.Info) error
		pointers func() error
		nothings func() error
	}{
		"WinAllocate": {
			func(c *mpi.Comm, n int, info mpi.Info) error {
				w, _, err := mpi.WinAllocate[int](c, n, info)
				return drop(w, err)
			},
			func() error { w, _, err := mpi.WinAllocate[*int](c, 1, nil); return drop(w, err) },
			func() error { w, _, err := mpi.WinAllocate[struct{}](c, 1, nil); return drop(w, err) },
		},
		"WinAllocateShared": {
			func(c *mpi.Comm, n int, info mpi.Info) error {
				w, _, err := mpi.WinAllocateShared[int](c, n, info)
				return drop(w, err)
			},
			func() error { w, _, err := mpi.WinAllocateShared[*int](c, 1, nil); return drop(w, err) },
			func() error { w, _, err := mpi.WinAllocateShared[struct{}](c, 1, nil); return drop(w, err) },
		},
	} {
		is(t, call.ints(nil, 1, nil), mpi.ErrComm, name+": the communicator is nil")
		is(t, call.ints(freed, 1, nil), mpi.ErrComm, name+": the communicator has been freed")
		is(t, call.ints(c, -1, nil), mpi.ErrSize, name+": -1 elements")
		is(t, call.ints(c, 1<<61, nil), mpi.ErrSize, "elements of 8 bytes cannot be")
		is(t, call.ints(c, 1, mpi.Info{"": "x"}), mpi.ErrInfoKey, name+": info has the key")
		is(t, call.ints(c, 1, mpi.Info{"k": "\x00"}), mpi.ErrInfoValue, name+`: info["k"]`)
		is(t, call.pointers(), mpi.ErrType, name+": *int holds pointers")
		is(t, call.nothings(), mpi.ErrType, name+": struct {} has 0 bytes")
	}
}

// A window has what other objects have: a group, hints, a name.
func TestWindowObject(t *testing.T) {
	c := mpitest.World(t)
	w := window(t, c, []int{1})
	g, err := w.Group()
	must(t, err)
	mine, err := c.Group()
	must(t, err)
	if k, err := g.Compare(mine); k != mpi.Ident || err != nil {
		t.Errorf("the group is %v (%v)", k, err)
	}
	must(t, g.Free())
	must(t, mine.Free())
	must(t, w.SetName("halo"))
	if name, err := w.Name(); name != "halo" || err != nil {
		t.Errorf("the name is %q, %v", name, err)
	}
	is(t, w.SetName("a\x00b"), mpi.ErrArg, "zero byte")
	is(t, w.SetName(string(bytes.Repeat([]byte("x"), 5000))), mpi.ErrArg, "5000 bytes")
	must(t, w.SetInfo(mpi.Info{"no_locks": "false"}))
	must(t, w.SetInfo(nil))
	info, err := w.Info()
	must(t, err)
	t.Log(info, w.Unified())
	if !w.Unified() {
		t.Error("the memory model is not the unified one, as it is on all of today's hosts")
	}
	if s := fmt.Sprint(w.Flavor(), mpi.WinFlavor(9), mpi.ModeNoPut|mpi.ModeNoStore, mpi.Assert(1<<20)); s != "MPI_WIN_FLAVOR_CREATE WinFlavor(9) MPI_MODE_NOSTORE|MPI_MODE_NOPUT Assert(1048576)" {
		t.Error(s)
	}
	none := (*mpi.Win)(nil)
	must(t, none.Free())
	freed, err := mpi.WinCreate(c, []int{1}, nil)
	must(t, err)
	must(t, freed.Free())
	for says, w := range map[string]*mpi.Win{"nil": none, "freed": freed} {
		_, gerr := w.Group()
		_, ierr := w.Info()
		_, nerr := w.Name()
		_, terr := w.Test()
		_, herr := w.Errhandler()
		_, aerr := mpi.WinAttach(w, []int{1})
		_, qerr := mpi.WinSharedQuery[int](w, 0)
		for i, err := range []error{
			gerr, ierr, nerr, terr, herr, aerr, qerr, w.SetInfo(nil), w.SetName(""), w.SetErrhandler(nil), w.CallErrhandler(nil),
			w.Fence(), w.Start(mpi.EmptyGroup()), w.Complete(), w.Post(mpi.EmptyGroup()), w.Wait(), w.Lock(mpi.LockShared, 0), w.Unlock(0),
			w.LockAll(), w.UnlockAll(), w.Flush(0), w.FlushAll(), w.FlushLocal(0), w.FlushLocalAll(), w.Sync(),
			mpi.WinDetach(w, []int{1}), mpi.Put(w, []int{1}, 0, 0), mpi.Get(w, []int{1}, 0, 0), mpi.Accumulate(w, []int{1}, 0, 0, op.Sum),
			mpi.GetAccumulate(w, []int{1}, []int{1}, 0, 0, op.Sum), mpi.FetchAndOp(w, []int{1}, []int{1}, 0, 0, op.Sum),
			mpi.CompareAndSwap(w, []int{1}, []int{1}, []int{1}, 0, 0), waited(mpi.Rput(w, []int{1}, 0, 0)), waited(mpi.Rget(w, []int{1}, 0, 0)),
			waited(mpi.Raccumulate(w, []int{1}, 0, 0, op.Sum)), waited(mpi.RgetAccumulate(w, []int{1}, []int{1}, 0, 0, op.Sum)),
		} {
			if !errors.Is(err, mpi.ErrWin) {
				t.Errorf("call %d on a window that is %s: %v", i, says, err)
			}
		}
	}
}

// A handler of a window hears of its failures, once each, and of no others.
func TestWindowErrhandler(t *testing.T) {
	c := mpitest.World(t)
	w := window(t, c, []int{1, 2})
	var heard []error
	h := mpi.NewWinErrhandler(func(of *mpi.Win, err error) {
		if of != w {
			t.Errorf("the handler was given another window for %v", err)
		}
		heard = append(heard, err)
	})
	if got, err := w.Errhandler(); got != mpi.ErrorsReturn || err != nil {
		t.Errorf("a window begins with the handler %p, %v", got, err)
	}
	must(t, w.SetErrhandler(h))
	if got, err := w.Errhandler(); got != h || err != nil {
		t.Errorf("the handler is %p, %v", got, err)
	}
	must(t, w.LockAll())
	must(t, mpi.Put(w, []int{1}, 0, 0))
	one := []int{1}
	calls := map[string]func() error{
		"Put":            func() error { return mpi.Put(w, one, c.Size(), 0) },
		"Rget":           func() error { r := mpi.Rget(w, one, 0, 2); r.Wait(); return waited(r) },
		"FetchAndOp":     func() error { return mpi.FetchAndOp(w, one, one, 0, 0, op.Sum) },
		"CompareAndSwap": func() error { return mpi.CompareAndSwap(w, one, one, one, 0, 0) },
		"Fence":          func() error { return w.Fence() },
		"Unlock":         func() error { return w.Unlock(0) },
		"SetName":        func() error { return w.SetName("\x00") },
		"Free":           func() error { return w.Free() },
		"WinAttach":      func() error { _, err := mpi.WinAttach(w, one); return err },
	}
	for name, call := range calls {
		heard = nil
		if err := call(); err == nil || len(heard) != 1 || heard[0] != err {
			t.Errorf("%s returned %v, and the handler heard %v", name, err, heard)
		}
	}
	heard = nil
	mine := errors.New("mine")
	must(t, w.CallErrhandler(mine))
	if len(heard) != 1 || heard[0] != mine {
		t.Errorf("heard %v, want what CallErrhandler said", heard)
	}
	must(t, w.UnlockAll())
	is(t, w.SetErrhandler(mpi.NewErrhandler(func(*mpi.Comm, error) {})), mpi.ErrArg, "not one for windows")
	is(t, c.SetErrhandler(h), mpi.ErrArg, "not one for communicators")
	must(t, w.SetErrhandler(nil))
	heard = nil
	is(t, w.Complete(), mpi.ErrRMASync, "")
	if heard != nil {
		t.Errorf("heard %v after the handler was taken away", heard)
	}
}

// Windows carry values until they are freed.
func TestWinKeyval(t *testing.T) {
	c := mpitest.World(t)
	w, err := mpi.WinCreate(c, []int{1}, nil)
	must(t, err)
	var deleted []string
	kv, err := mpi.NewWinKeyval(func(of *mpi.Win, v string) {
		if of != w || of.Rank() != c.Rank() {
			t.Errorf("delete of %q is given another window", v)
		}
		deleted = append(deleted, v)
	})
	must(t, err)
	if v, found := kv.Get(w); found {
		t.Errorf("a new window has %q", v)
	}
	must(t, kv.Delete(w))
	for _, v := range []string{"a", "b", "c"} {
		must(t, kv.Set(w, v))
		if got, found := kv.Get(w); got != v || !found {
			t.Errorf("got %q, %v", got, found)
		}
		if v == "b" {
			must(t, kv.Delete(w))
		}
	}
	silent, err := mpi.NewWinKeyval[[]int](nil)
	must(t, err)
	must(t, silent.Set(w, []int{1}))
	must(t, kv.Free())
	must(t, kv.Free())
	is(t, kv.Set(w, "d"), mpi.ErrKeyval, "freed")
	must(t, w.Free())
	if want := []string{"a", "b", "c"}; !slices.Equal(deleted, want) {
		t.Errorf("deleted %v, want %v", deleted, want)
	}
	is(t, silent.Set(w, nil), mpi.ErrWin, "freed")
	is(t, silent.Delete(nil), mpi.ErrWin, "nil")
	if _, found := silent.Get(w); found {
		t.Error("a freed window has a value")
	}
	must(t, silent.Free())
	must(t, (*mpi.WinKeyval[int])(nil).Free())
}

// Memory of the library's is memory.
func TestAllocMem(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	s, err := mpi.AllocMem[int64](1000, mpi.Info{"alignment": "64"})
	must(t, err)
	for i := range s {
		if s[i] != 0 {
			t.Fatalf("element %d begins as %d", i, s[i])
		}
		s[i] = int64(me)
	}
	in := make([]int64, 1000)
	_, err = mpi.Sendrecv(c, s, (me+1)%size, 0, in, (me+size-1)%size, 0)
	must(t, err)
	if want := int64((me + size - 1) % size); in[0] != want || in[999] != want {
		t.Errorf("received %d and %d", in[0], in[999])
	}
	t.Cleanup(func() { // after the window has been freed
		must(t, mpi.FreeMem(s))
		is(t, mpi.FreeMem(s), mpi.ErrBase, "does not begin")
	})
	w := window(t, c, s)
	must(t, w.Fence())
	must(t, mpi.Put(w, s[:1], (me+1)%size, 5))
	must(t, w.Fence(mpi.ModeNoSucceed))
	if s[5] != int64((me+size-1)%size) {
		t.Errorf("what was put is %d", s[5])
	}

	is(t, mpi.FreeMem(s[1:]), mpi.ErrBase, "does not begin")
	is(t, mpi.FreeMem(in), mpi.ErrBase, "does not begin")
	must(t, mpi.FreeMem([]int64(nil)))
	none, err := mpi.AllocMem[point](0, nil)
	must(t, err)
	must(t, mpi.FreeMem(none))
	_, err = mpi.AllocMem[string](1, nil)
	is(t, err, mpi.ErrType, "string")
	_, err = mpi.AllocMem[int](-1, nil)
	is(t, err, mpi.ErrSize, "-1 elements")
}

// More elements than an int of C counts, in one transfer.
func TestLargeTransfer(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() != 2 || raceEnabled || testing.Short() {
		return // once is enough, and the race detector triples the memory
	}
	block := make([]byte, 1<<20+7) // of no round length, so that a shift shows
	for i := range block {
		block[i] = byte(i*i>>3 ^ i)
	}
	buf := make([]byte, 1<<31+7)
	mem := buf // of rank 1, into which rank 0 puts
	if c.Rank() == 0 {
		mem = nil
		for at := 0; at < len(buf); at += copy(buf[at:], block) {
		}
	}
	w := window(t, c, mem)
	must(t, w.Fence())
	if c.Rank() == 0 {
		must(t, mpi.Put(w, buf, 1, 0))
	}
	must(t, w.Fence())
	for at := 0; at < len(buf); at += len(block) {
		if part := buf[at:min(at+len(block), len(buf))]; !bytes.Equal(part, block[:len(part)]) {
			t.Fatalf("the block at %d is wrong", at)
		}
	}
}
