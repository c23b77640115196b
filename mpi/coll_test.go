package mpi_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// The collectives, for every element type, against what the standard says they
// do, worked out from values that every rank can make for all others.

// subject is one element type under test.
type subject interface {
	// moves runs every collective that moves data, with parts of about n
	// elements, placed in each of these ways where there are displacements.
	moves(t *testing.T, c *mpi.Comm, form form, root, n int, placings []int)
	// reduces runs the reductions of n elements with every operation: all of
	// them, or one for each operation, in turn.
	reduces(t *testing.T, c *mpi.Comm, form form, n, turn int)
	// neighbours runs the neighbourhood collectives.
	neighbours(t *testing.T, top neighbourly, form form, n, placing int)
}

// kind is a subject: elements E in slices of type S.
type kind[S mpi.Data, E comparable] struct {
	as    func([]E) S    // the same slice, as the type that MPI is given
	wide  func(uint64) E // any value of the type
	small func(uint64) E // positive values whose sums and products are exact, or all
	ops   map[op.Op]func(a, b E) E
}

var subjects = []subject{
	bools(same[[]bool]),
	integers(same[[]int8]),
	integers(same[[]int16]),
	integers(same[[]int32]),
	integers(same[[]int64]),
	integers(same[[]int]),
	integers(same[[]uint8]),
	integers(same[[]uint16]),
	integers(same[[]uint32]),
	integers(same[[]uint64]),
	integers(same[[]uint]),
	floats(same[[]float32]),
	floats(same[[]float64]),
	complexes(same[[]complex64]),
	complexes(same[[]complex128]),
}

func same[S any](s S) S { return s }

// Named slice types take another way to their MPI type than the common
// unnamed ones.
type named[E any] []E

func asNamed[E any](s []E) named[E] { return s }

var namedSubjects = []subject{
	integers(asNamed[int32]),
	integers(asNamed[int64]),
	integers(asNamed[int]),
	integers(asNamed[uint8]),
	floats(asNamed[float32]),
	floats(asNamed[float64]),
	complexes(asNamed[complex128]),
}

func bools[S mpi.Data](as func([]bool) S) subject {
	value := func(h uint64) bool { return h&1 != 0 }
	return kind[S, bool]{as, value, value, map[op.Op]func(a, b bool) bool{
		op.Land: func(a, b bool) bool { return a && b },
		op.Lor:  func(a, b bool) bool { return a || b },
		op.Lxor: func(a, b bool) bool { return a != b },
	}}
}

func integers[S mpi.Data, E int8 | int16 | int32 | int64 | int | uint8 | uint16 | uint32 | uint64 | uint](as func([]E) S) subject {
	wide := func(h uint64) E {
		if h%4 == 0 {
			return 0 // false must be common enough for the logical operations
		}
		return E(h)
	}
	small := func(h uint64) E { return E(h%4) + 1 }
	logical := func(f func(a, b bool) bool) func(a, b E) E {
		return func(a, b E) E {
			if f(a != 0, b != 0) {
				return 1
			}
			return 0
		}
	}
	return kind[S, E]{as, wide, small, map[op.Op]func(a, b E) E{
		op.Sum:  func(a, b E) E { return a + b },
		op.Prod: func(a, b E) E { return a * b },
		op.Max:  larger[E],
		op.Min:  smaller[E],
		op.Land: logical(func(a, b bool) bool { return a && b }),
		op.Lor:  logical(func(a, b bool) bool { return a || b }),
		op.Lxor: logical(func(a, b bool) bool { return a != b }),
		op.Band: func(a, b E) E { return a & b },
		op.Bor:  func(a, b E) E { return a | b },
		op.Bxor: func(a, b E) E { return a ^ b },
	}}
}

func larger[E cmp.Ordered](a, b E) E  { return max(a, b) }
func smaller[E cmp.Ordered](a, b E) E { return min(a, b) }

// few is a number whose sums and products over a few ranks have no rounding in
// 24 bits, in whatever order the library works.
func few(h uint64) float64 {
	return []float64{-3, -2, -1, -0.5, 0.5, 1, 2, 3}[h%8]
}

func floats[S mpi.Data, E float32 | float64](as func([]E) S) subject {
	value := func(h uint64) E { return E(few(h)) }
	return kind[S, E]{as, value, value, map[op.Op]func(a, b E) E{
		op.Sum:  func(a, b E) E { return a + b },
		op.Prod: func(a, b E) E { return a * b },
		op.Max:  larger[E],
		op.Min:  smaller[E],
	}}
}

func complexes[S mpi.Data, E complex64 | complex128](as func([]E) S) subject {
	value := func(h uint64) E { return E(complex(few(h), few(h/8))) }
	return kind[S, E]{as, value, value, map[op.Op]func(a, b E) E{
		op.Sum:  func(a, b E) E { return a + b },
		op.Prod: func(a, b E) E { return a * b },
	}}
}

// values are n values, the same on every rank that asks for the same seed.
func values[E any](of func(uint64) E, seed, n int) []E {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	s := make([]E, n)
	for i := range s {
		s[i] = of(r.Uint64())
	}
	return s
}

// shapes runs f on all ranks, and on two parts of them, the first of odd size,
// with the ranks in reverse order.
func shapes(t *testing.T, f func(t *testing.T, c *mpi.Comm)) {
	world := mpitest.World(t)
	t.Run("all", func(t *testing.T) { f(t, world) })
	color := 0
	if odd := max(1, (world.Size()-2)|1); world.Rank() >= odd {
		color = 1
	}
	part, err := world.Split(color, -world.Rank())
	must(t, err)
	t.Run("part", func(t *testing.T) { f(t, part) })
	must(t, part.Free())
}

// crowded says that c has more ranks than two cores can run at once. A library
// that polls without giving up the core takes milliseconds for a call then, so
// tests take turns where they otherwise try all combinations.
func crowded(c *mpi.Comm) bool { return c.Size() > 2 }

// turn is the i-th of the placings where c is crowded, else all of them.
func turn(c *mpi.Comm, i int) []int {
	all := []int{packed, gaps, backwards}
	if crowded(c) {
		return all[i%3 : i%3+1]
	}
	return all
}

// form is how the collectives are called.
type form string

const (
	plain       form = "blocking"
	nonblocking form = "nonblocking"
	persistent  form = "persistent"
)

// forms is the i-th form where c is crowded, else all of them.
func forms(c *mpi.Comm, i int) []form {
	all := []form{plain, nonblocking, persistent}
	if crowded(c) {
		return all[i%3 : i%3+1]
	}
	return all
}

// finish brings a request of form to its end.
func (f form) finish(r *mpi.Request) error {
	if f == persistent {
		if err := r.Start(); err != nil {
			return err
		}
	}
	_, err := r.Wait()
	if f == persistent {
		err = errors.Join(err, r.Free())
	}
	return err
}

// adapt makes *f, a function that returns an error, out of one of the same
// arguments that returns a request.
func adapt(form form, f, of any) {
	to := reflect.ValueOf(f).Elem()
	to.Set(reflect.MakeFunc(to.Type(), func(args []reflect.Value) []reflect.Value {
		err := form.finish(reflect.ValueOf(of).Call(args)[0].Interface().(*mpi.Request))
		return []reflect.Value{reflect.ValueOf(&err).Elem()}
	}))
}

// functions are the collectives of one form.
type functions[S mpi.Data] struct {
	Bcast                     func(c *mpi.Comm, buf S, root int) error
	Gather                    func(c *mpi.Comm, send, recv S, root int) error
	GatherInPlace             func(c *mpi.Comm, buf S, root int) error
	Gatherv                   func(c *mpi.Comm, send, recv S, counts, displs []int, root int) error
	GathervInPlace            func(c *mpi.Comm, buf S, counts, displs []int, root int) error
	Scatter                   func(c *mpi.Comm, send, recv S, root int) error
	ScatterInPlace            func(c *mpi.Comm, buf S, root int) error
	Scatterv                  func(c *mpi.Comm, send S, counts, displs []int, recv S, root int) error
	ScattervInPlace           func(c *mpi.Comm, buf S, counts, displs []int, root int) error
	Allgather                 func(c *mpi.Comm, send, recv S) error
	AllgatherInPlace          func(c *mpi.Comm, buf S) error
	Allgatherv                func(c *mpi.Comm, send, recv S, counts, displs []int) error
	AllgathervInPlace         func(c *mpi.Comm, buf S, counts, displs []int) error
	Alltoall                  func(c *mpi.Comm, send, recv S) error
	AlltoallInPlace           func(c *mpi.Comm, buf S) error
	Alltoallv                 func(c *mpi.Comm, send S, sendcounts, senddispls []int, recv S, recvcounts, recvdispls []int) error
	AlltoallvInPlace          func(c *mpi.Comm, buf S, counts, displs []int) error
	Alltoallw                 func(c *mpi.Comm, send, recv []mpi.Buffer) error
	AlltoallwInPlace          func(c *mpi.Comm, bufs []mpi.Buffer) error
	Reduce                    func(c *mpi.Comm, send, recv S, o op.Op, root int) error
	ReduceInPlace             func(c *mpi.Comm, buf S, o op.Op, root int) error
	Allreduce                 func(c *mpi.Comm, send, recv S, o op.Op) error
	AllreduceInPlace          func(c *mpi.Comm, buf S, o op.Op) error
	Scan                      func(c *mpi.Comm, send, recv S, o op.Op) error
	ScanInPlace               func(c *mpi.Comm, buf S, o op.Op) error
	Exscan                    func(c *mpi.Comm, send, recv S, o op.Op) error
	ExscanInPlace             func(c *mpi.Comm, buf S, o op.Op) error
	ReduceScatterBlock        func(c *mpi.Comm, send, recv S, o op.Op) error
	ReduceScatterBlockInPlace func(c *mpi.Comm, buf S, o op.Op) error
	ReduceScatter             func(c *mpi.Comm, send, recv S, counts []int, o op.Op) error
	ReduceScatterInPlace      func(c *mpi.Comm, buf S, counts []int, o op.Op) error
}

func functionsOf[S mpi.Data](form form) (f functions[S]) {
	if form == plain {
		return functions[S]{
			Bcast:                     mpi.Bcast[S],
			Gather:                    mpi.Gather[S],
			GatherInPlace:             mpi.GatherInPlace[S],
			Gatherv:                   mpi.Gatherv[S],
			GathervInPlace:            mpi.GathervInPlace[S],
			Scatter:                   mpi.Scatter[S],
			ScatterInPlace:            mpi.ScatterInPlace[S],
			Scatterv:                  mpi.Scatterv[S],
			ScattervInPlace:           mpi.ScattervInPlace[S],
			Allgather:                 mpi.Allgather[S],
			AllgatherInPlace:          mpi.AllgatherInPlace[S],
			Allgatherv:                mpi.Allgatherv[S],
			AllgathervInPlace:         mpi.AllgathervInPlace[S],
			Alltoall:                  mpi.Alltoall[S],
			AlltoallInPlace:           mpi.AlltoallInPlace[S],
			Alltoallv:                 mpi.Alltoallv[S],
			AlltoallvInPlace:          mpi.AlltoallvInPlace[S],
			Alltoallw:                 mpi.Alltoallw,
			AlltoallwInPlace:          mpi.AlltoallwInPlace,
			Reduce:                    mpi.Reduce[S],
			ReduceInPlace:             mpi.ReduceInPlace[S],
			Allreduce:                 mpi.Allreduce[S],
			AllreduceInPlace:          mpi.AllreduceInPlace[S],
			Scan:                      mpi.Scan[S],
			ScanInPlace:               mpi.ScanInPlace[S],
			Exscan:                    mpi.Exscan[S],
			ExscanInPlace:             mpi.ExscanInPlace[S],
			ReduceScatterBlock:        mpi.ReduceScatterBlock[S],
			ReduceScatterBlockInPlace: mpi.ReduceScatterBlockInPlace[S],
			ReduceScatter:             mpi.ReduceScatter[S],
			ReduceScatterInPlace:      mpi.ReduceScatterInPlace[S],
		}
	}
	for _, a := range []struct{ f, nonblocking, persistent any }{
		{&f.Bcast, mpi.Ibcast[S], mpi.BcastInit[S]},
		{&f.Gather, mpi.Igather[S], mpi.GatherInit[S]},
		{&f.GatherInPlace, mpi.IgatherInPlace[S], mpi.GatherInPlaceInit[S]},
		{&f.Gatherv, mpi.Igatherv[S], mpi.GathervInit[S]},
		{&f.GathervInPlace, mpi.IgathervInPlace[S], mpi.GathervInPlaceInit[S]},
		{&f.Scatter, mpi.Iscatter[S], mpi.ScatterInit[S]},
		{&f.ScatterInPlace, mpi.IscatterInPlace[S], mpi.ScatterInPlaceInit[S]},
		{&f.Scatterv, mpi.Iscatterv[S], mpi.ScattervInit[S]},
		{&f.ScattervInPlace, mpi.IscattervInPlace[S], mpi.ScattervInPlaceInit[S]},
		{&f.Allgather, mpi.Iallgather[S], mpi.AllgatherInit[S]},
		{&f.AllgatherInPlace, mpi.IallgatherInPlace[S], mpi.AllgatherInPlaceInit[S]},
		{&f.Allgatherv, mpi.Iallgatherv[S], mpi.AllgathervInit[S]},
		{&f.AllgathervInPlace, mpi.IallgathervInPlace[S], mpi.AllgathervInPlaceInit[S]},
		{&f.Alltoall, mpi.Ialltoall[S], mpi.AlltoallInit[S]},
		{&f.AlltoallInPlace, mpi.IalltoallInPlace[S], mpi.AlltoallInPlaceInit[S]},
		{&f.Alltoallv, mpi.Ialltoallv[S], mpi.AlltoallvInit[S]},
		{&f.AlltoallvInPlace, mpi.IalltoallvInPlace[S], mpi.AlltoallvInPlaceInit[S]},
		{&f.Alltoallw, mpi.Ialltoallw, mpi.AlltoallwInit},
		{&f.AlltoallwInPlace, mpi.IalltoallwInPlace, mpi.AlltoallwInPlaceInit},
		{&f.Reduce, mpi.Ireduce[S], mpi.ReduceInit[S]},
		{&f.ReduceInPlace, mpi.IreduceInPlace[S], mpi.ReduceInPlaceInit[S]},
		{&f.Allreduce, mpi.Iallreduce[S], mpi.AllreduceInit[S]},
		{&f.AllreduceInPlace, mpi.IallreduceInPlace[S], mpi.AllreduceInPlaceInit[S]},
		{&f.Scan, mpi.Iscan[S], mpi.ScanInit[S]},
		{&f.ScanInPlace, mpi.IscanInPlace[S], mpi.ScanInPlaceInit[S]},
		{&f.Exscan, mpi.Iexscan[S], mpi.ExscanInit[S]},
		{&f.ExscanInPlace, mpi.IexscanInPlace[S], mpi.ExscanInPlaceInit[S]},
		{&f.ReduceScatterBlock, mpi.IreduceScatterBlock[S], mpi.ReduceScatterBlockInit[S]},
		{&f.ReduceScatterBlockInPlace, mpi.IreduceScatterBlockInPlace[S], mpi.ReduceScatterBlockInPlaceInit[S]},
		{&f.ReduceScatter, mpi.IreduceScatter[S], mpi.ReduceScatterInit[S]},
		{&f.ReduceScatterInPlace, mpi.IreduceScatterInPlace[S], mpi.ReduceScatterInPlaceInit[S]},
	} {
		if form == nonblocking {
			adapt(form, a.f, a.nonblocking)
		} else {
			adapt(form, a.f, a.persistent)
		}
	}
	return f
}

// Every type, with different roots and lengths. Where they take turns, each form
// meets each placing and each root.
func TestMoves(t *testing.T) {
	shapes(t, func(t *testing.T, c *mpi.Comm) {
		for i, s := range subjects {
			for _, form := range forms(c, i) {
				s.moves(t, c, form, (2*i+i/3)%c.Size(), 1+i/3%3, turn(c, i/3))
			}
		}
	})
}

// Every root and length for one type: the rest does not depend on it. Some
// lengths are beyond the limits at which the libraries change algorithm.
func TestMovesOfEveryRootAndLength(t *testing.T) {
	shapes(t, func(t *testing.T, c *mpi.Comm) {
		ints := subjects[3]
		for root := range c.Size() {
			for i, n := range []int{0, 1, 7} {
				if !crowded(c) || root%3 == i {
					for _, form := range forms(c, root+i) {
						ints.moves(t, c, form, root, n, turn(c, root/2+i))
					}
				}
			}
		}
		for i, n := range []int{0, 500, 20_000} {
			for _, form := range forms(c, i) {
				ints.moves(t, c, form, c.Size()-1, n, turn(c, i))
			}
		}
	})
}

// placed says where the parts of a buffer of n elements are: displs is at, or
// nil for parts that are packed.
type placed struct {
	counts, displs, at []int
	n                  int
}

const (
	packed = iota
	gaps
	backwards
)

// place lays out parts of the given counts.
func place(how int, counts []int) placed {
	p := placed{counts: counts, at: make([]int, len(counts))}
	for i := range counts {
		switch how {
		case packed:
			p.at[i] = p.n
			p.n += counts[i]
		case gaps:
			p.n += i + 1
			p.at[i] = p.n
			p.n += counts[i] + 1
		case backwards:
			j := len(counts) - 1 - i
			p.at[j] = p.n
			p.n += counts[j] + 1
		}
	}
	if how == packed {
		return p
	}
	for i, n := range counts {
		if n == 0 && how == backwards {
			p.at[i] = p.n + 100 // a part of no elements may be anywhere
		}
	}
	p.displs = p.at
	return p
}

func (k kind[S, E]) moves(t *testing.T, c *mpi.Comm, form form, root, n int, placings []int) {
	t.Helper()
	me, size := c.Rank(), c.Size()
	f := functionsOf[S](form)
	// part is what rank i contributes; stale is what a buffer holds before.
	part := func(i, n int) []E { return values(k.wide, i, n) }
	stale := func(n int) []E { return values(k.wide, 1e6, n) }
	check := func(call string, err error, got, want []E) {
		t.Helper()
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%v %s of %T, rank %d of %d, root %d, parts of %d: got %v, want %v", form, call, got, me, size, root, n, brief(got), brief(want))
		}
	}
	mine := part(me, n)
	send := k.as(mine)
	var all []E
	for i := range size {
		all = append(all, part(i, n)...)
	}
	var none S

	buf := part(me, n)
	err := f.Bcast(c, k.as(buf), root)
	check("Bcast", err, buf, part(root, n))

	// Gather, into a buffer that is longer than needed.
	recv, want := stale(len(all)+3), stale(len(all)+3)
	if me == root {
		copy(want, all)
	}
	err = f.Gather(c, send, k.as(recv), root)
	check("Gather", err, recv, want)
	if me != root {
		must(t, f.Gather(c, send, none, root))
	} else {
		must(t, f.Gather(c, send, k.as(recv), root))
		buf, want = stale(len(all)), all
		copy(buf[me*n:], mine)
	}
	if me != root {
		buf, want = part(me, n), mine
	}
	err = f.GatherInPlace(c, k.as(buf), root)
	check("GatherInPlace", err, buf, want)

	recv, want = stale(len(all)+3), stale(len(all)+3)
	copy(want, all)
	err = f.Allgather(c, send, k.as(recv))
	check("Allgather", err, recv, want)
	buf = stale(len(all))
	copy(buf[me*n:], mine)
	err = f.AllgatherInPlace(c, k.as(buf))
	check("AllgatherInPlace", err, buf, all)

	recv = stale(n)
	if me == root {
		err = f.Scatter(c, k.as(all), k.as(recv), root)
	} else {
		err = f.Scatter(c, none, k.as(recv), root)
	}
	check("Scatter", err, recv, mine)
	buf, want = stale(n), mine
	if me == root {
		buf, want = slices.Clone(all), all
	}
	err = f.ScatterInPlace(c, k.as(buf), root)
	check("ScatterInPlace", err, buf, want)

	// cell is what rank i sends to rank j.
	cell := func(i, j, n int) []E { return part(1000*(i+1)+j, n) }
	var out, in []E
	for i := range size {
		out = append(out, cell(me, i, n)...)
		in = append(in, cell(i, me, n)...)
	}
	recv, want = stale(len(in)+3), stale(len(in)+3)
	copy(want, in)
	err = f.Alltoall(c, k.as(out), k.as(recv))
	check("Alltoall", err, recv, want)
	buf = slices.Clone(out)
	err = f.AlltoallInPlace(c, k.as(buf))
	check("AlltoallInPlace", err, buf, in)

	// Alltoallw, with the parts in the opposite order in both buffers, and none
	// for the first rank.
	recv, want = stale(len(in)), stale(len(in))
	outs, ins := make([]mpi.Buffer, size), make([]mpi.Buffer, size)
	for i := range size {
		if i == 0 && me%2 == 0 || me == 0 && i%2 == 0 {
			continue // the zero Buffer, on both sides
		}
		at := (size - 1 - i) * n
		outs[i] = mpi.Slice(k.as(cell(me, i, n)))
		ins[i] = mpi.Slice(k.as(recv[at : at+n]))
		copy(want[at:], cell(i, me, n))
	}
	err = f.Alltoallw(c, outs, ins)
	check("Alltoallw", err, recv, want)
	buf = slices.Clone(out)
	for i := range size {
		ins[i] = mpi.Slice(k.as(buf[i*n : (i+1)*n]))
	}
	err = f.AlltoallwInPlace(c, ins)
	check("AlltoallwInPlace", err, buf, in)

	// The same with a count and a place for each part. Each rank has 0, 1 or 2
	// times n elements.
	counts := make([]int, size)
	for i := range counts {
		counts[i] = (i + 1) % 3 * n
	}
	mine = part(me, counts[me])
	send = k.as(mine)
	for _, how := range placings {
		p := place(how, counts)
		name := func(call string) string { return fmt.Sprintf("%s, counts %v, displs %v,", call, p.counts, p.displs) }
		whole, own := stale(p.n), stale(p.n) // with all parts in their places, and with this rank's
		for i, at := range p.at {
			if counts[i] == 0 {
				continue
			}
			copy(whole[at:], part(i, counts[i]))
			if i == me {
				copy(own[at:], mine)
			}
		}

		recv, want = stale(p.n), stale(p.n)
		if me == root {
			want = whole
			err = f.Gatherv(c, send, k.as(recv), p.counts, p.displs, root)
		} else {
			err = f.Gatherv(c, send, k.as(recv), nil, nil, root)
		}
		check(name("Gatherv"), err, recv, want)
		if me == root {
			buf, want = slices.Clone(own), whole
			err = f.GathervInPlace(c, k.as(buf), p.counts, p.displs, root)
		} else {
			buf, want = slices.Clone(mine), mine
			err = f.GathervInPlace(c, k.as(buf), nil, nil, root)
		}
		check(name("GathervInPlace"), err, buf, want)

		recv = stale(p.n)
		err = f.Allgatherv(c, send, k.as(recv), p.counts, p.displs)
		check(name("Allgatherv"), err, recv, whole)
		buf = slices.Clone(own)
		err = f.AllgathervInPlace(c, k.as(buf), p.counts, p.displs)
		check(name("AllgathervInPlace"), err, buf, whole)

		recv = stale(counts[me])
		if me == root {
			err = f.Scatterv(c, k.as(whole), p.counts, p.displs, k.as(recv), root)
		} else {
			err = f.Scatterv(c, none, nil, nil, k.as(recv), root)
		}
		check(name("Scatterv"), err, recv, mine)
		if me == root {
			buf, want = slices.Clone(whole), whole
			err = f.ScattervInPlace(c, k.as(buf), p.counts, p.displs, root)
		} else {
			buf, want = stale(counts[me]), mine
			err = f.ScattervInPlace(c, k.as(buf), nil, nil, root)
		}
		check(name("ScattervInPlace"), err, buf, want)

		// Alltoallv; in place both ways have the same counts and places.
		to, from, swap := make([]int, size), make([]int, size), make([]int, size)
		for i := range size {
			to[i] = (me + 2*i + 1) % 3 * n
			from[i] = (i + 2*me + 1) % 3 * n
			swap[i] = (i + me + 1) % 3 * n
		}
		sp, rp, xp := place(how, to), place((how+1)%3, from), place(how, swap)
		out, recv, want = stale(sp.n), stale(rp.n), stale(rp.n)
		buf, in = stale(xp.n), stale(xp.n)
		for i := range size {
			if to[i] > 0 {
				copy(out[sp.at[i]:], cell(me, i, to[i]))
			}
			if from[i] > 0 {
				copy(want[rp.at[i]:], cell(i, me, from[i]))
			}
			if swap[i] > 0 {
				copy(buf[xp.at[i]:], cell(me, i, swap[i]))
				copy(in[xp.at[i]:], cell(i, me, swap[i]))
			}
		}
		err = f.Alltoallv(c, k.as(out), to, sp.displs, k.as(recv), from, rp.displs)
		check(fmt.Sprintf("Alltoallv, counts %v and %v, displs %v and %v,", to, from, sp.displs, rp.displs), err, recv, want)
		err = f.AlltoallvInPlace(c, k.as(buf), swap, xp.displs)
		check(fmt.Sprintf("AlltoallvInPlace, counts %v, displs %v,", swap, xp.displs), err, buf, in)
	}
	check("the send buffer after all calls", nil, mine, part(me, counts[me]))
}

// brief is what fits a message.
func brief[E any](s []E) string {
	if len(s) > 40 {
		return fmt.Sprintf("%v and %d more", s[:40], len(s)-40)
	}
	return fmt.Sprint(s)
}

// Parts that are sent may share elements: nothing is written there.
func TestSentPartsMayOverlap(t *testing.T) {
	c := mpitest.World(t)
	counts, displs := make([]int, c.Size()), make([]int, c.Size())
	for i := range counts {
		counts[i] = 2
	}
	in := []int{1, 2, 3}
	recv := make([]int, 2)
	must(t, mpi.Scatterv(c, in, counts, displs, recv, 0))
	if !slices.Equal(recv, in[:2]) {
		t.Errorf("Scatterv: got %v, want %v", recv, in[:2])
	}
	all := make([]int, 2*c.Size())
	must(t, mpi.Alltoallv(c, in, counts, displs, all, counts, nil))
	for i, got := range all {
		if want := in[i%2]; got != want {
			t.Errorf("Alltoallv: element %d is %d, want %d", i, got, want)
		}
	}
}

// Send and recv may be neighbours in one array, and send may lie in the tail
// of a longer recv, which is not written.
func TestNeighbours(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	ring := func() []int {
		buf := make([]int, size+2)
		buf[size], buf[size+1] = me, -1
		return buf
	}
	want := ring()
	for i := range size {
		want[i] = i
	}
	for _, tail := range []int{0, 1, 2} {
		buf := ring()
		must(t, mpi.Allgather(c, buf[size:size+1], buf[:size+tail]))
		if !slices.Equal(buf, want) {
			t.Errorf("Allgather, %d elements beyond the parts: got %v, want %v", tail, buf, want)
		}
		buf = []int{-1, 1, -1}
		must(t, mpi.Allreduce(c, buf[1:2], buf[:1+tail], op.Sum))
		if !slices.Equal(buf, []int{size, 1, -1}) {
			t.Errorf("Allreduce, %d elements beyond the result: got %v", tail, buf)
		}
		must(t, mpi.Allreduce(c, buf[1:2], buf[2:], op.Sum))
		if !slices.Equal(buf, []int{size, 1, size}) {
			t.Errorf("Allreduce into what follows: got %v", buf)
		}
	}
}

// allOps are the predefined operations, and none.
var allOps = []op.Op{
	op.Sum, op.Prod, op.Max, op.Min, op.Land, op.Lor, op.Lxor,
	op.Band, op.Bor, op.Bxor, op.MaxLoc, op.MinLoc, {},
}

// all stands for all reductions in place of a turn.
const all = -1

func TestReductions(t *testing.T) {
	shapes(t, func(t *testing.T, c *mpi.Comm) {
		for i, s := range subjects {
			turn := i
			if !crowded(c) {
				turn = all
			}
			for _, form := range forms(c, i) {
				s.reduces(t, c, form, 5, turn)
			}
		}
		for i, n := range []int{0, 1, 3000} {
			for _, form := range forms(c, i) {
				subjects[12+i].reduces(t, c, form, n, all)
			}
		}
	})
}

func (k kind[S, E]) reduces(t *testing.T, c *mpi.Comm, form form, n, turn int) {
	t.Helper()
	for i, o := range allOps {
		of := k.wide
		if o == op.Sum || o == op.Prod {
			of = k.small
		}
		if f, defined := k.ops[o]; defined {
			which := all
			if turn != all {
				which = (turn + i) % 6
			}
			k.reduce(t, c, form, o, of, f, i%c.Size(), n, which)
		} else {
			k.undefined(t, c, o, n)
		}
	}
	must(t, c.Barrier()) // c is as good as before
}

func TestNamedSliceTypes(t *testing.T) {
	c := mpitest.World(t)
	for i, s := range namedSubjects {
		s.reduces(t, c, plain, 3, i)
	}
	namedSubjects[5].moves(t, c, plain, 0, 2, turn(c, 1))
}

// reduce runs one of the six reductions, or all, with o, which is combine, on values
// out of of.
func (k kind[S, E]) reduce(t *testing.T, c *mpi.Comm, form form, o op.Op, of func(uint64) E, combine func(a, b E) E, root, n, which int) {
	t.Helper()
	me, size := c.Rank(), c.Size()
	f := functionsOf[S](form)
	// first combines the first ranks, one after the other.
	first := func(ranks int) []E {
		s := values(of, 0, n)
		for r := 1; r < ranks; r++ {
			for i, x := range values(of, r, n) {
				s[i] = combine(s[i], x)
			}
		}
		return s
	}
	stale := func() []E { return values(of, 1e6, n+2) }
	check := func(call string, err error, got, want []E) {
		t.Helper()
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%v %s of %T with %v, rank %d of %d, root %d: got %v, want %v", form, call, got, o, me, size, root, brief(got), brief(want))
		}
	}
	mine := values(of, me, n)
	send := k.as(mine)

	if which == 0 || which == all {
		recv, want := stale(), stale()
		if me == root {
			copy(want, first(size))
		}
		err := f.Reduce(c, send, k.as(recv), o, root)
		check("Reduce", err, recv, want)
		// Elsewhere than on root recv is ignored, whatever it is.
		if me == root {
			must(t, f.Reduce(c, send, k.as(recv), o, root))
		} else {
			must(t, f.Reduce(c, send, k.as([][]E{nil, mine}[me%2]), o, root))
		}
		buf, want := slices.Clone(mine), mine
		if me == root {
			want = first(size)
		}
		err = f.ReduceInPlace(c, k.as(buf), o, root)
		check("ReduceInPlace", err, buf, want)
	}
	for i, r := range []struct {
		call    string
		do      func(c *mpi.Comm, send, recv S, o op.Op) error
		inPlace func(c *mpi.Comm, buf S, o op.Op) error
		ranks   int // whose values are combined
	}{
		{"Allreduce", f.Allreduce, f.AllreduceInPlace, size},
		{"Scan", f.Scan, f.ScanInPlace, me + 1},
		{"Exscan", f.Exscan, f.ExscanInPlace, me},
	} {
		if which != i+1 && which != all {
			continue
		}
		recv, want := stale(), stale()
		if r.ranks > 0 {
			copy(want, first(r.ranks))
		}
		err := r.do(c, send, k.as(recv), o)
		check(r.call, err, recv, want)
		buf := append(slices.Clone(mine), recv[n:]...)
		err = r.inPlace(c, k.as(buf[:n:n]), o)
		if r.ranks == 0 {
			copy(buf, want[:n]) // MPI leaves it undefined
		}
		check(r.call+"InPlace", err, buf, want)
	}

	// Scattered: rank r gets its share of the result, where each contributes
	// the shares of all ranks.
	for i, equal := range []bool{true, false} {
		if which != 4+i && which != all {
			continue
		}
		counts, at, whole := make([]int, size), 0, 0
		for r := range counts {
			if counts[r] = n; !equal {
				counts[r] = (r + 2) % 3 * n
			}
			if r < me {
				at += counts[r]
			}
			whole += counts[r]
		}
		share := func(r int) []E { return values(of, 500+r, whole) }
		result := share(0)
		for r := 1; r < size; r++ {
			for i, x := range share(r) {
				result[i] = combine(result[i], x)
			}
		}
		send, recv, want := share(me), stale(), stale()
		recv, want = append(recv, recv...), append(want, want...)
		copy(want, result[at:at+counts[me]])
		buf := share(me)
		var err, ierr error
		if equal {
			err = f.ReduceScatterBlock(c, k.as(send), k.as(recv), o)
			ierr = f.ReduceScatterBlockInPlace(c, k.as(buf), o)
		} else {
			err = f.ReduceScatter(c, k.as(send), k.as(recv), counts, o)
			ierr = f.ReduceScatterInPlace(c, k.as(buf), counts, o)
		}
		check(fmt.Sprintf("ReduceScatter, counts %v,", counts), err, recv, want)
		check(fmt.Sprintf("ReduceScatterInPlace, counts %v,", counts), ierr, buf[:counts[me]], result[at:at+counts[me]])
	}

	a, b, want := values(of, 0, n), values(of, 1, n), make([]E, n)
	for i := range want {
		want[i] = combine(a[i], b[i])
	}
	err := mpi.ReduceLocal(k.as(a), k.as(b), o)
	check("ReduceLocal", err, b, want)
	check("the send buffer after all calls", nil, mine, values(of, me, n))
}

// undefined checks that no reduction takes o.
func (k kind[S, E]) undefined(t *testing.T, c *mpi.Comm, o op.Op, n int) {
	t.Helper()
	send, recv := k.as(make([]E, n)), k.as(make([]E, n))
	for call, err := range map[string]error{
		"Reduce":           mpi.Reduce(c, send, recv, o, 0),
		"ReduceInPlace":    mpi.ReduceInPlace(c, recv, o, 0),
		"Allreduce":        mpi.Allreduce(c, send, recv, o),
		"AllreduceInPlace": mpi.AllreduceInPlace(c, recv, o),
		"Scan":             mpi.Scan(c, send, recv, o),
		"ScanInPlace":      mpi.ScanInPlace(c, recv, o),
		"Exscan":           mpi.Exscan(c, send, recv, o),
		"ExscanInPlace":    mpi.ExscanInPlace(c, recv, o),
	} {
		text := fmt.Sprint(err)
		if !errors.Is(err, mpi.ErrOp) || !strings.Contains(text, call) || !strings.Contains(text, o.String()) && o != (op.Op{}) {
			t.Errorf("%s of %T with %v: %q, want an ErrOp that names call and operation", call, send, o, text)
		}
	}
}

// call is a collective with arguments that are right for one communicator.
type call struct {
	name   string
	rooted bool
	do     func(c *mpi.Comm, root int) error
}

// everyCall is every collective on size ranks.
func everyCall(size int) []call {
	one, all := make([]float64, 2), make(temperatures, 2*size)
	part := make(temperatures, 2)
	ints, sums := make([]int, 2*size), make([]int, 2*size)
	counts, displs := mpi.Partition(2*size, size)
	outs, ins := make([]mpi.Buffer, size), make([]mpi.Buffer, size)
	for i := range size {
		outs[i], ins[i] = mpi.Slice(ints[2*i:2*i+2]), mpi.Slice(sums[2*i:2*i+2])
	}
	rootOr := func(c *mpi.Comm, root int, whole, part temperatures) temperatures {
		if c != nil && c.Rank() == root {
			return whole
		}
		return part
	}
	return []call{
		{"Barrier", false, func(c *mpi.Comm, _ int) error { return c.Barrier() }},
		{"Bcast", true, func(c *mpi.Comm, root int) error { return mpi.Bcast(c, one, root) }},
		{"Gather", true, func(c *mpi.Comm, root int) error { return mpi.Gather(c, part, all, root) }},
		{"GatherInPlace", true, func(c *mpi.Comm, root int) error { return mpi.GatherInPlace(c, rootOr(c, root, all, part), root) }},
		{"Gatherv", true, func(c *mpi.Comm, root int) error { return mpi.Gatherv(c, part, all, counts, displs, root) }},
		{"GathervInPlace", true, func(c *mpi.Comm, root int) error {
			return mpi.GathervInPlace(c, rootOr(c, root, all, part), counts, nil, root)
		}},
		{"Scatter", true, func(c *mpi.Comm, root int) error { return mpi.Scatter(c, all, part, root) }},
		{"ScatterInPlace", true, func(c *mpi.Comm, root int) error { return mpi.ScatterInPlace(c, rootOr(c, root, all, part), root) }},
		{"Scatterv", true, func(c *mpi.Comm, root int) error { return mpi.Scatterv(c, all, counts, nil, part, root) }},
		{"ScattervInPlace", true, func(c *mpi.Comm, root int) error {
			return mpi.ScattervInPlace(c, rootOr(c, root, all, part), counts, displs, root)
		}},
		{"Allgather", false, func(c *mpi.Comm, _ int) error { return mpi.Allgather(c, part, all) }},
		{"AllgatherInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AllgatherInPlace(c, all) }},
		{"Allgatherv", false, func(c *mpi.Comm, _ int) error { return mpi.Allgatherv(c, part, all, counts, nil) }},
		{"AllgathervInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AllgathervInPlace(c, all, counts, displs) }},
		{"Alltoall", false, func(c *mpi.Comm, _ int) error { return mpi.Alltoall(c, ints, sums) }},
		{"AlltoallInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AlltoallInPlace(c, ints) }},
		{"Alltoallv", false, func(c *mpi.Comm, _ int) error { return mpi.Alltoallv(c, ints, counts, nil, sums, counts, nil) }},
		{"AlltoallvInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AlltoallvInPlace(c, ints, counts, displs) }},
		{"Reduce", true, func(c *mpi.Comm, root int) error { return mpi.Reduce(c, ints, sums, op.Sum, root) }},
		{"ReduceInPlace", true, func(c *mpi.Comm, root int) error { return mpi.ReduceInPlace(c, sums, op.Max, root) }},
		{"Allreduce", false, func(c *mpi.Comm, _ int) error { return mpi.Allreduce(c, ints, sums, op.Sum) }},
		{"AllreduceInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AllreduceInPlace(c, sums, op.Max) }},
		{"Scan", false, func(c *mpi.Comm, _ int) error { return mpi.Scan(c, ints, sums, op.Sum) }},
		{"ScanInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.ScanInPlace(c, sums, op.Max) }},
		{"Exscan", false, func(c *mpi.Comm, _ int) error { return mpi.Exscan(c, ints, sums, op.Sum) }},
		{"ExscanInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.ExscanInPlace(c, sums, op.Max) }},
		{"ReduceScatterBlock", false, func(c *mpi.Comm, _ int) error { return mpi.ReduceScatterBlock(c, all, part, op.Sum) }},
		{"ReduceScatterBlockInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.ReduceScatterBlockInPlace(c, all, op.Max) }},
		{"ReduceScatter", false, func(c *mpi.Comm, _ int) error { return mpi.ReduceScatter(c, all, part, counts, op.Sum) }},
		{"ReduceScatterInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.ReduceScatterInPlace(c, all, counts, op.Max) }},
		{"Alltoallw", false, func(c *mpi.Comm, _ int) error { return mpi.Alltoallw(c, outs, ins) }},
		{"AlltoallwInPlace", false, func(c *mpi.Comm, _ int) error { return mpi.AlltoallwInPlace(c, ins) }},
	}
}

func TestCollectivesAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := mpitest.World(t)
	for _, call := range everyCall(c.Size()) {
		var err error
		got := 1e9
		for range 3 { // a goroutine of the package's own may allocate in one
			got = min(got, testing.AllocsPerRun(10, func() { err = cmp.Or(err, call.do(c, 0)) }))
		}
		must(t, err)
		if got != 0 {
			t.Errorf("%s: %v allocations per call", call.name, got)
		}
	}
}
