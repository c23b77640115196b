// Chorus is one of the programs that make up the job of TestLanguages. The others
// in testdata, in C, Fortran and Python, do the same calls in the same order, and
// each rank knows from the numbers of the others what it must get of them.
package main

import (
	"fmt"
	"reflect"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		for _, step := range []func(*mpi.Comm) error{basic, wildcards, structs, columns, collectives, vectors, reductions, halves} {
			if err := step(world); err != nil {
				return err
			}
		}
		fmt.Printf("go %d: all right\n", world.Rank())
		return nil
	})
}

// differ is the error of step for what is not as it must be.
func differ(step string, got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", step, got, want)
}

// around swaps with every other rank what of makes of a rank.
func around[S mpi.Data](world *mpi.Comm, tag int, of func(rank int) S) error {
	n, me := world.Size(), world.Rank()
	for d := 1; d < n; d++ {
		to, from := (me+d)%n, (me+n-d)%n
		want := of(from)
		got := reflect.MakeSlice(reflect.TypeOf(want), reflect.ValueOf(want).Len(), reflect.ValueOf(want).Len()).Interface().(S)
		if _, err := mpi.Sendrecv(world, of(me), to, tag, got, from, tag); err != nil {
			return err
		}
		if err := differ(fmt.Sprintf("%T from %d", got, from), got, want); err != nil {
			return err
		}
	}
	return nil
}

// basic swaps three elements of each basic type. The second of an unsigned type
// is large; Fortran sees it as a negative number.
func basic(world *mpi.Comm) error {
	for _, err := range []error{
		around(world, 0, func(r int) []int8 { v := int8(10 * (r + 1)); return []int8{v, -v, v + 1} }),
		around(world, 1, func(r int) []int16 { v := int16(10 * (r + 1)); return []int16{v, -v, v + 1} }),
		around(world, 2, func(r int) []int32 { v := int32(10 * (r + 1)); return []int32{v, -v, v + 1} }),
		around(world, 3, func(r int) []int64 { v := int64(10 * (r + 1)); return []int64{v, -v, v + 1} }),
		around(world, 4, func(r int) []uint8 { v := uint8(10 * (r + 1)); return []uint8{v, ^v, v + 1} }),
		around(world, 5, func(r int) []uint16 { v := uint16(10 * (r + 1)); return []uint16{v, ^v, v + 1} }),
		around(world, 6, func(r int) []uint32 { v := uint32(10 * (r + 1)); return []uint32{v, ^v, v + 1} }),
		around(world, 7, func(r int) []uint64 { v := uint64(10 * (r + 1)); return []uint64{v, ^v, v + 1} }),
		around(world, 8, func(r int) []float32 { v := float32(10 * (r + 1)); return []float32{v + 0.5, -v, v + 1} }),
		around(world, 9, func(r int) []float64 { v := float64(10 * (r + 1)); return []float64{v + 0.5, -v, v + 1} }),
		around(world, 10, func(r int) []complex64 {
			v := float32(10 * (r + 1))
			return []complex64{complex(v+0.5, v), complex(-v, v), complex(v+1, v)}
		}),
		around(world, 11, func(r int) []complex128 {
			v := float64(10 * (r + 1))
			return []complex128{complex(v+0.5, v), complex(-v, v), complex(v+1, v)}
		}),
		around(world, 12, func(r int) []bool { return []bool{r%2 == 0, r%2 == 1, true} }),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// fill is n times v.
func fill(n int, v int32) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// wildcards: every rank r sends r+1 times r to all others, and nobody knows whose
// comes first.
func wildcards(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	var sends []*mpi.Request
	for to := range n {
		if to != me {
			sends = append(sends, mpi.Isend(world, fill(me+1, int32(me)), to, 100+me))
		}
	}
	seen := make([]bool, n)
	for range n - 1 {
		buf := make([]int32, n)
		st, err := mpi.Recv(world, buf, mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		if seen[st.Source] {
			return fmt.Errorf("wildcards: two messages from %d", st.Source)
		}
		seen[st.Source] = true
		if err := differ("the tag", st.Tag, 100+st.Source); err != nil {
			return err
		}
		if err := differ("wildcards", buf[:mpi.CountOf[int32](st)], fill(st.Source+1, int32(st.Source))); err != nil {
			return err
		}
	}
	if err := mpi.Waitall(sends...); err != nil {
		return err
	}
	return world.Barrier()
}

// record is a struct of all languages.
type record struct {
	ID    int32
	Value float64
	Code  [3]int8
}

func structs(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	of := func(r int) []record {
		return []record{{int32(r), float64(r) + 0.25, [3]int8{int8(r), 1, 2}}, {int32(-r), 0.5, [3]int8{3, 4, int8(-r)}}}
	}
	got := make([]record, 2)
	from := (me + n - 1) % n
	if _, err := mpi.Sendrecv(world, mpi.Structs(of(me)), (me+1)%n, 20, mpi.Structs(got), from, 20); err != nil {
		return err
	}
	return differ("structs", got, of(from))
}

// columns swaps the third column of a matrix, in place.
func columns(world *mpi.Comm) error {
	const rows, cols, j = 4, 5, 2
	n, me := world.Size(), world.Rank()
	column, err := datatype.Vector(rows, 1, cols, datatype.Float64)
	if err != nil {
		return err
	}
	of := func(r int) []float64 {
		m := make([]float64, rows*cols)
		for i := range rows {
			m[i*cols+j] = float64(100*r + i)
		}
		return m
	}
	mine, got := of(me), make([]float64, rows*cols)
	from := (me + n - 1) % n
	if _, err := mpi.Sendrecv(world, mpi.Typed(mine[j:], 1, column), (me+1)%n, 21, mpi.Typed(got[j:], 1, column), from, 21); err != nil {
		return err
	}
	if err := differ("columns", got, of(from)); err != nil {
		return err
	}
	return column.Free()
}

// collectives: those of equal parts, with each rank as the root.
func collectives(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	for root := range n {
		three := make([]float64, 3)
		want := []float64{float64(10 * root), float64(10*root + 1), float64(10*root + 2)}
		if me == root {
			copy(three, want)
		}
		if err := mpi.Bcast(world, three, root); err != nil {
			return err
		}
		if err := differ("Bcast", three, want); err != nil {
			return err
		}

		var all, wantAll []int32
		var parts []int64
		if me == root {
			all = make([]int32, n)
			for r := range n {
				wantAll = append(wantAll, int32(100*root+r))
				parts = append(parts, int64(1000*root+r))
			}
		}
		if err := mpi.Gather(world, []int32{int32(100*root + me)}, all, root); err != nil {
			return err
		}
		if err := differ("Gather", all, wantAll); err != nil {
			return err
		}
		part := make([]int64, 1)
		if err := mpi.Scatter(world, parts, part, root); err != nil {
			return err
		}
		if err := differ("Scatter", part, []int64{int64(1000*root + me)}); err != nil {
			return err
		}
	}

	all, rows, cols, swapped := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	for r := range n {
		rows[r], cols[r] = int32(10*me+r), int32(10*r+me)
	}
	if err := mpi.Allgather(world, []int32{int32(10*me + me)}, all); err != nil {
		return err
	}
	for r := range n {
		if err := differ("Allgather", all[r], int32(10*r+r)); err != nil {
			return err
		}
	}
	if err := mpi.Alltoall(world, rows, swapped); err != nil {
		return err
	}
	return differ("Alltoall", swapped, cols)
}

// vectors: those of unequal parts. Rank r has r+1 times r.
func vectors(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	var counts []int
	var whole []int32
	for r := range n {
		counts = append(counts, r+1)
		whole = append(whole, fill(r+1, int32(r))...)
	}
	root := n - 1
	var all, want []int32
	if me == root {
		all, want = make([]int32, len(whole)), whole
	}
	if err := mpi.Gatherv(world, fill(me+1, int32(me)), all, counts, nil, root); err != nil {
		return err
	}
	if err := differ("Gatherv", all, want); err != nil {
		return err
	}
	part := make([]int32, me+1)
	if err := mpi.Scatterv(world, all, counts, nil, part, root); err != nil {
		return err
	}
	if err := differ("Scatterv", part, fill(me+1, int32(me))); err != nil {
		return err
	}
	every := make([]int32, len(whole))
	if err := mpi.Allgatherv(world, part, every, counts, nil); err != nil {
		return err
	}
	if err := differ("Allgatherv", every, whole); err != nil {
		return err
	}
	// Rank s has s+r+1 times 10s+r for rank r.
	var send, got, wantGot []int32
	var ins []int
	outs := make([]int, n)
	for r := range n {
		outs[r] = me + r + 1
		send = append(send, fill(outs[r], int32(10*me+r))...)
		ins = append(ins, me+r+1)
		wantGot = append(wantGot, fill(ins[r], int32(10*r+me))...)
	}
	got = make([]int32, len(wantGot))
	if err := mpi.Alltoallv(world, send, outs, nil, got, ins, nil); err != nil {
		return err
	}
	return differ("Alltoallv", got, wantGot)
}

func reductions(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	total := n * (n - 1) / 2
	for root := range n {
		var sum, want []float64
		if me == root {
			sum, want = make([]float64, 2), []float64{float64(total), float64(n) / 2}
		}
		if err := mpi.Reduce(world, []float64{float64(me), 0.5}, sum, op.Sum, root); err != nil {
			return err
		}
		if err := differ("Reduce", sum, want); err != nil {
			return err
		}
	}
	most := make([]int32, 2)
	if err := mpi.Allreduce(world, []int32{int32(me), int32(-me)}, most, op.Max); err != nil {
		return err
	}
	if err := differ("Allreduce", most, []int32{int32(n - 1), 0}); err != nil {
		return err
	}
	upto := make([]int64, 1)
	if err := mpi.Scan(world, []int64{int64(me)}, upto, op.Sum); err != nil {
		return err
	}
	if err := differ("Scan", upto, []int64{int64(me * (me + 1) / 2)}); err != nil {
		return err
	}
	before := []int64{-1} // stays on rank 0, which has no result
	if err := mpi.Exscan(world, []int64{int64(me)}, before, op.Sum); err != nil {
		return err
	}
	if me > 0 {
		if err := differ("Exscan", before, []int64{int64(me * (me - 1) / 2)}); err != nil {
			return err
		}
	}
	// Rank r gets the sum of everybody's element r.
	send, mine := make([]int64, n), make([]int64, 1)
	for r := range n {
		send[r] = int64(10*me + r)
	}
	if err := mpi.ReduceScatterBlock(world, send, mine, op.Sum); err != nil {
		return err
	}
	if err := differ("ReduceScatterBlock", mine, []int64{int64(10*total + n*me)}); err != nil {
		return err
	}
	// Rank r gets the sums of r+1 elements, from element r(r+1)/2 on.
	var counts []int
	for r := range n {
		counts = append(counts, r+1)
	}
	uneven, part, want := make([]int32, n*(n+1)/2), make([]int32, me+1), make([]int32, me+1)
	for i := range uneven {
		uneven[i] = int32(10*me + i)
	}
	for i := range want {
		want[i] = int32(10*total + n*(me*(me+1)/2+i))
	}
	if err := mpi.ReduceScatter(world, uneven, part, counts, op.Sum); err != nil {
		return err
	}
	if err := differ("ReduceScatter", part, want); err != nil {
		return err
	}
	sum := make([]float64, 1)
	if _, err := mpi.Iallreduce(world, []float64{float64(me)}, sum, op.Sum).Wait(); err != nil {
		return err
	}
	return differ("Iallreduce", sum, []float64{float64(total)})
}

// halves splits into even and odd ranks, the highest first.
func halves(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	half, err := world.Split(me%2, -me)
	if err != nil {
		return err
	}
	members := []int32{}
	for r := n - 1; r >= 0; r-- {
		if r%2 == me%2 {
			members = append(members, int32(r))
		}
	}
	all := make([]int32, half.Size())
	if err := mpi.Allgather(half, []int32{int32(me)}, all); err != nil {
		return err
	}
	if err := differ("Split", all, members); err != nil {
		return err
	}
	first := []int32{int32(me)}
	if err := mpi.Bcast(half, first, 0); err != nil {
		return err
	}
	if err := differ("Bcast in a half", first, members[:1]); err != nil {
		return err
	}
	return half.Free()
}
