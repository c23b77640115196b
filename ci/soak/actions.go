package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/op"
)

// The actions. Whatever they draw, they draw on all ranks alike; what an element
// must be, everybody can compute.
var actions = []struct {
	name string
	do   func(l *lane) error
}{
	{"permutation", (*lane).permutation},
	{"many in flight", (*lane).many},
	{"broadcast", (*lane).bcast},
	{"reductions", (*lane).reduce},
	{"vector forms", (*lane).vectors},
	{"all to all", (*lane).alltoall},
	{"own operation", (*lane).own},
	{"objects", (*lane).objects},
	{"split and free", (*lane).split},
	{"column", (*lane).column},
	{"deadline", (*lane).deadline},
}

// value is element i of what a rank sends in a round: anything, but known.
func (l *lane) value(rank, i int) int64 {
	x := uint64(l.id)<<60 ^ uint64(l.round)<<36 ^ uint64(rank)<<28 ^ uint64(i)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int64(x ^ x>>31)
}

func (l *lane) values(rank, n int) []int64 {
	s := make([]int64, n)
	for i := range s {
		s[i] = l.value(rank, i)
	}
	return s
}

// same compares what has arrived with what must have.
func same(what string, got []int64, want func(i int) int64) error {
	for i, x := range got {
		if w := want(i); x != w {
			return fmt.Errorf("%s: element %d of %d is %d, and must be %d", what, i, len(got), x, w)
		}
	}
	return nil
}

func (l *lane) from(rank int) func(int) int64 {
	return func(i int) int64 { return l.value(rank, i) }
}

// length draws one: short ones mostly, and some that are none.
func (l *lane) length() int {
	switch l.rng.IntN(8) {
	case 0:
		return 0
	case 1:
		return l.rng.IntN(*most + 1)
	case 2:
		return l.rng.IntN(4000)
	default:
		return 1 + l.rng.IntN(100)
	}
}

// finish completes a nonblocking operation in one of the ways there are.
func (l *lane) finish(way int, r *mpi.Request) error {
	switch way {
	case 0:
		_, err := r.Wait()
		return err
	case 1:
		<-r.Done()
		_, err := r.Wait()
		return err
	case 2:
		_, err := r.WaitContext(context.Background())
		return err
	default:
		return mpi.Waitall(r)
	}
}

func (l *lane) permutation() error {
	perm := l.rng.Perm(l.c.Size())
	me := l.c.Rank()
	to, from := perm[me], slices.Index(perm, me)
	n, mode, way, wild := l.length(), l.rng.IntN(4), l.rng.IntN(4), l.rng.IntN(3)
	tag := 10 + l.round%30_000 // unlike those of the rounds before and behind
	send, recv := l.values(me, n), make([]int64, n)
	// Others may be in the next round, so only one of both can be a wildcard.
	source, any := from, tag
	switch wild {
	case 1:
		source = mpi.AnySource
	case 2:
		any = mpi.AnyTag
	}
	var st mpi.Status
	var err error
	switch mode {
	case 0:
		st, err = mpi.Sendrecv(l.c, send, to, tag, recv, source, any)
	case 1:
		r := mpi.Irecv(l.c, recv, source, any)
		if err = mpi.Ssend(l.c, send, to, tag); err == nil {
			st, err = r.Wait()
		}
	case 2:
		s := mpi.Issend(l.c, send, to, tag)
		if st, err = mpi.Recv(l.c, recv, source, any); err == nil {
			err = l.finish(way, s)
		}
	default:
		s := mpi.Isend(l.c, send, to, tag)
		var m *mpi.Message
		if m, err = l.c.Mprobe(source, any); err == nil {
			if got := mpi.CountOf[int64](m.Status()); got != n {
				return fmt.Errorf("the probe says %d elements, and must say %d", got, n)
			}
			if st, err = mpi.Mrecv(m, recv); err == nil {
				err = l.finish(way, s)
			}
		}
	}
	if err != nil {
		return err
	}
	if st.Source != from || st.Tag != tag || mpi.CountOf[int64](st) != n {
		return fmt.Errorf("the status is %+v, and must say %d elements from %d, tag %d", st, n, from, tag)
	}
	return same("received", recv, l.from(from))
}

// many has several messages to every rank in flight, received in another order.
func (l *lane) many() error {
	k, n := 1+l.rng.IntN(6), l.length()%500
	order := l.rng.Perm(k)
	me, size := l.c.Rank(), l.c.Size()
	var rs []*mpi.Request
	bufs := make([][]int64, 0, k*size)
	for _, tag := range order {
		for rank := range size {
			buf := make([]int64, n)
			bufs = append(bufs, buf)
			rs = append(rs, mpi.Irecv(l.c, buf, rank, tag))
		}
	}
	for tag := range k {
		for rank := range size {
			rs = append(rs, mpi.Isend(l.c, l.values(me*k+tag, n), (rank+me)%size, tag)) // and forget the slice
		}
	}
	if err := mpi.Waitall(rs...); err != nil {
		return err
	}
	for i, tag := range order {
		for rank := range size {
			if err := same("received", bufs[i*size+rank], l.from(rank*k+tag)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lane) bcast() error {
	n, root, way := l.length(), l.rng.IntN(l.c.Size()), l.rng.IntN(5)
	buf := make([]int64, n)
	if l.c.Rank() == root {
		buf = l.values(root, n)
	}
	var err error
	if way == 4 {
		err = mpi.Bcast(l.c, buf, root)
	} else {
		err = l.finish(way, mpi.Ibcast(l.c, buf, root))
	}
	if err != nil {
		return err
	}
	return same("broadcast", buf, l.from(root))
}

func (l *lane) reduce() error {
	n, root, way, kind := l.length(), l.rng.IntN(l.c.Size()), l.rng.IntN(5), l.rng.IntN(4)
	me := l.c.Rank()
	sum := func(ranks int) func(int) int64 {
		return func(i int) (x int64) {
			for rank := range ranks {
				x += l.value(rank, i)
			}
			return x
		}
	}
	send, recv := l.values(me, n), make([]int64, n)
	var err error
	var want func(int) int64
	var r *mpi.Request
	switch kind {
	case 0:
		want = sum(l.c.Size())
		if r = nil; way == 4 {
			err = mpi.Allreduce(l.c, send, recv, op.Sum)
		} else {
			r = mpi.Iallreduce(l.c, send, recv, op.Sum)
		}
	case 1:
		if want = sum(l.c.Size()); me != root {
			want, recv = nil, nil
		}
		if way == 4 {
			err = mpi.Reduce(l.c, send, recv, op.Sum, root)
		} else {
			r = mpi.Ireduce(l.c, send, recv, op.Sum, root)
		}
	case 2:
		want = sum(me + 1)
		if way == 4 {
			err = mpi.Scan(l.c, send, recv, op.Sum)
		} else {
			r = mpi.Iscan(l.c, send, recv, op.Sum)
		}
	default:
		if want = sum(me); me == 0 {
			want = nil // undefined
		}
		if way == 4 {
			err = mpi.Exscan(l.c, send, recv, op.Sum)
		} else {
			r = mpi.Iexscan(l.c, send, recv, op.Sum)
		}
	}
	if r != nil {
		err = l.finish(way, r)
	}
	if err != nil || want == nil {
		return err
	}
	return same([]string{"Allreduce", "Reduce", "Scan", "Exscan"}[kind], recv, want)
}

// vectors scatters uneven parts, gathers them elsewhere, and gives all to all.
func (l *lane) vectors() error {
	size, me := l.c.Size(), l.c.Rank()
	from, to := l.rng.IntN(size), l.rng.IntN(size)
	counts, displs, n := make([]int, size), make([]int, size), 0
	for i := range counts {
		n += l.rng.IntN(3) // a gap
		counts[i], displs[i] = l.length()%1000, n
		n += counts[i]
	}
	var full []int64
	if me == from {
		full = l.values(from, n)
	}
	part := make([]int64, counts[me])
	if err := mpi.Scatterv(l.c, full, counts, displs, part, from); err != nil {
		return err
	}
	if err := same("scattered", part, func(i int) int64 { return l.value(from, displs[me]+i) }); err != nil {
		return err
	}
	check := func(what string, got []int64) error {
		for rank := range size {
			if err := same(what, got[displs[rank]:][:counts[rank]], func(i int) int64 { return l.value(from, displs[rank]+i) }); err != nil {
				return err
			}
		}
		return nil
	}
	all := make([]int64, n)
	if err := mpi.Gatherv(l.c, part, all, counts, displs, to); err != nil {
		return err
	}
	if me == to {
		if err := check("gathered", all); err != nil {
			return err
		}
	}
	all = make([]int64, n)
	if err := mpi.Allgatherv(l.c, part, all, counts, displs); err != nil {
		return err
	}
	return check("gathered by all", all)
}

func (l *lane) alltoall() error {
	n, way := l.length()%300, l.rng.IntN(5)
	size, me := l.c.Size(), l.c.Rank()
	send, recv := l.values(me, n*size), make([]int64, n*size)
	var err error
	if way == 4 {
		err = mpi.Alltoall(l.c, send, recv)
	} else {
		err = l.finish(way, mpi.Ialltoall(l.c, send, recv))
	}
	if err != nil || n == 0 {
		return err
	}
	return same("exchanged", recv, func(i int) int64 { return l.value(i/n, me*n+i%n) })
}

// affine is the map x -> A*x + B; maps do not commute.
type affine struct{ A, B int64 }

func compose(in, inout []affine) {
	for i, f := range in {
		g := inout[i]
		inout[i] = affine{f.A * g.A, f.A*g.B + f.B} // first g, then f
	}
}

func (l *lane) own() error {
	n := 1 + l.rng.IntN(50)
	size, me := l.c.Size(), l.c.Rank()
	of := func(rank, i int) affine { return affine{l.value(rank, 2*i) | 1, l.value(rank, 2*i+1)} }
	send, recv := make([]affine, n), make([]affine, n)
	for i := range send {
		send[i] = of(me, i)
	}
	if err := mpi.Allreduce(l.c, mpi.Structs(send), mpi.Structs(recv), l.user); err != nil {
		return err
	}
	for i, got := range recv {
		want := of(0, i)
		for rank := 1; rank < size; rank++ {
			next := []affine{of(rank, i)}
			compose([]affine{want}, next)
			want = next[0]
		}
		if got != want {
			return fmt.Errorf("element %d is %v, and must be %v", i, got, want)
		}
	}
	return nil
}

// thing is a value that only package object can send.
type thing struct {
	Name  string
	Marks map[string]int64
	List  []string
}

func (l *lane) thing(rank, n int) thing {
	t := thing{Name: fmt.Sprint("rank ", rank, " round ", l.round), Marks: map[string]int64{}}
	for i := range n {
		t.Marks[fmt.Sprint(i)] = l.value(rank, i)
		t.List = append(t.List, strings.Repeat("x", i%50))
	}
	return t
}

func (t thing) equal(u thing) bool {
	same := t.Name == u.Name && slices.Equal(t.List, u.List) && len(t.Marks) == len(u.Marks)
	for k, v := range t.Marks {
		same = same && u.Marks[k] == v
	}
	return same
}

func (l *lane) objects() error {
	n, root, kind := l.rng.IntN(200), l.rng.IntN(l.c.Size()), l.rng.IntN(4)
	size, me := l.c.Size(), l.c.Rank()
	check := func(got thing, rank int) error {
		if !got.equal(l.thing(rank, n)) {
			return fmt.Errorf("the object of rank %d is %.300v", rank, got)
		}
		return nil
	}
	switch kind {
	case 0:
		var v thing
		if me == root {
			v = l.thing(root, n)
		}
		if err := object.Bcast(l.c, &v, root); err != nil {
			return err
		}
		return check(v, root)
	case 1:
		all, err := object.Allgather(l.c, l.thing(me, n))
		if err != nil {
			return err
		}
		for rank, v := range all {
			if err := check(v, rank); err != nil {
				return err
			}
		}
		return nil
	case 2:
		v, _, err := object.Sendrecv[thing, thing](l.c, l.thing(me, n), (me+1)%size, 5, (me+size-1)%size, 5)
		if err != nil {
			return err
		}
		return check(v, (me+size-1)%size)
	default:
		got, err := object.Allreduce(l.c, fmt.Sprint(me, ","), func(a, b string) string { return a + b })
		want := ""
		for rank := range size {
			want += fmt.Sprint(rank, ",")
		}
		if err == nil && got != want {
			err = fmt.Errorf("the ranks are %q", got)
		}
		return err
	}
}

func (l *lane) split() error {
	size, me := l.c.Size(), l.c.Rank()
	colors, keys := make([]int, size), l.rng.Perm(size)
	for i := range colors {
		colors[i] = l.rng.IntN(3)
	}
	c, err := l.c.Split(colors[me], keys[me])
	if err != nil {
		return err
	}
	var members []int // by key
	for rank := range size {
		if colors[rank] == colors[me] {
			members = append(members, rank)
		}
	}
	slices.SortFunc(members, func(a, b int) int { return keys[a] - keys[b] })
	if c.Size() != len(members) || c.Rank() != slices.Index(members, me) {
		return fmt.Errorf("rank %d of %d, and must be that of %d in %v", c.Rank(), c.Size(), me, members)
	}
	d, err := c.Dup()
	if err != nil {
		return err
	}
	all := make([]int64, len(members))
	if err := mpi.Allgather(d, []int64{int64(me)}, all); err != nil {
		return err
	}
	for i, rank := range members {
		if all[i] != int64(rank) {
			return fmt.Errorf("the members are %v, and must be %v", all, members)
		}
	}
	return errors.Join(d.Free(), c.Free())
}

// column sends a column of a matrix along the ring, and lets it arrive as
// another one.
func (l *lane) column() error {
	rows, cols := 1+l.rng.IntN(60), 1+l.rng.IntN(60)
	out, in := l.rng.IntN(cols), l.rng.IntN(cols)
	size, me := l.c.Size(), l.c.Rank()
	next, prev := (me+1)%size, (me+size-1)%size
	elem, err := datatype.Of[int64]()
	if err != nil {
		return err
	}
	t, err := datatype.Vector(rows, 1, cols, elem)
	if err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	a, b := l.values(me, rows*cols), make([]int64, rows*cols)
	if _, err := mpi.Sendrecv(l.c, mpi.Typed(a[out:], 1, t), next, 1, mpi.Typed(b[in:], 1, t), prev, 1); err != nil {
		return err
	}
	for i, x := range b {
		want := int64(0)
		if i%cols == in {
			want = l.value(prev, i-in+out)
		}
		if x != want {
			return fmt.Errorf("row %d, column %d is %d, and must be %d", i/cols, i%cols, x, want)
		}
	}
	return t.Free()
}

// deadline waits for a message that comes only after the wait has ended.
func (l *lane) deadline() error {
	size, me := l.c.Size(), l.c.Rank()
	n := 1 + l.rng.IntN(100)
	buf := make([]int64, n)
	r := mpi.Irecv(l.c, buf, (me+1)%size, 9)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Microsecond)
	defer cancel()
	if _, err := r.WaitContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a wait for what nobody has sent gave %v", err)
	}
	if err := l.c.Barrier(); err != nil {
		return err
	}
	if err := mpi.Send(l.c, l.values(me, n), (me+size-1)%size, 9); err != nil {
		return err
	}
	if _, err := r.Wait(); err != nil {
		return err
	}
	return same("received", buf, l.from((me+1)%size))
}
