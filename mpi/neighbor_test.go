package mpi_test

import (
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// neighbourly is a topology, with the ranks that each rank sends to and
// receives from, in order.
type neighbourly struct {
	name     string
	c        *mpi.Comm
	outs     func(rank int) []int
	ins      func(rank int) []int
	symmetry bool // ins and outs are the same, so that parts meet by place
}

// neighbourTwice says whether the library mixes up the messages of a rank that
// is a neighbour on both sides.
func neighbourTwice() bool {
	return knownbug.NeighbourTwiceMPICH.Here() || knownbug.NeighbourTwiceOpenMPI.Here()
}

// neighbourlies are a ring as a grid, a grid with a border, and a graph in
// which rank r sends to r+1, r+2 ... r+1+r%2.
func neighbourlies(t *testing.T) (ns []neighbourly) {
	world := mpitest.World(t)
	n := world.Size()
	if n > 2 || !neighbourTwice() {
		ring, err := mpi.CreateCart(world, []int{n}, []bool{true}, false)
		must(t, err)
		both := func(r int) []int { return []int{(r + n - 1) % n, (r + 1) % n} }
		ns = append(ns, neighbourly{"ring", ring.Comm, both, both, false})
	}

	line, err := mpi.CreateCart(world, []int{n}, []bool{false}, false)
	must(t, err)
	ends := func(r int) []int {
		to := []int{r - 1, r + 1}
		if r == 0 {
			to[0] = mpi.ProcNull
		}
		if r == n-1 {
			to[1] = mpi.ProcNull
		}
		return to
	}
	ns = append(ns, neighbourly{"line", line.Comm, ends, ends, false})

	outs := func(r int) (to []int) {
		for k := range 1 + r%2 {
			to = append(to, (r+1+k)%n)
		}
		return to
	}
	ins := func(r int) (from []int) {
		for s := range n {
			for _, to := range outs(s) {
				if to == r {
					from = append(from, s)
				}
			}
		}
		return from
	}
	me := world.Rank()
	graph, err := mpi.CreateDistGraphAdjacent(world, ins(me), nil, outs(me), nil, false)
	must(t, err)
	ns = append(ns, neighbourly{"graph", graph.Comm, outs, ins, true})
	t.Cleanup(func() {
		for _, n := range ns {
			must(t, n.c.Free())
		}
	})
	return ns
}

// arriving is, for each place that a rank receives from, the sender's place for
// it: -1 where nobody is. On a grid, what was sent to the right arrives from
// the left; between two ranks that are neighbours twice, the k-th of several
// messages that one sends the other is the k-th to arrive.
func (n neighbourly) arriving(me int) (places []int) {
	seen := map[int]int{}
	for i, from := range n.ins(me) {
		if from == mpi.ProcNull {
			places = append(places, -1)
			continue
		}
		if !n.symmetry {
			places = append(places, i^1)
			continue
		}
		nth := seen[from]
		seen[from]++
		for k, to := range n.outs(from) {
			if to == me {
				if nth == 0 {
					places = append(places, k)
					break
				}
				nth--
			}
		}
	}
	return places
}

func TestNeighbourhoods(t *testing.T) {
	forms := []form{plain, nonblocking, persistent}
	for _, top := range neighbourlies(t) {
		for i, n := range []int{0, 1, 5000} {
			for j, form := range forms {
				integers(same[[]int32]).neighbours(t, top, form, n, (i+j)%3)
			}
		}
		for i, s := range append(subjects, namedSubjects...) {
			for j, n := range []int{1, 300} {
				s.neighbours(t, top, forms[(i+j)%3], n, i%3)
			}
		}
	}
}

// neighbours runs the neighbourhood collectives in one form, with parts of about n
// elements in one of the placings.
func (k kind[S, E]) neighbours(t *testing.T, top neighbourly, form form, n, placing int) {
	t.Helper()
	c, me := top.c, top.c.Rank()
	outs, ins, places := top.outs(me), top.ins(me), top.arriving(me)
	how := []int{packed, gaps, backwards}[placing]
	// cell is what rank from sends to the k-th of those it sends to, and stale what
	// nobody sends.
	cell := func(from, place, n int) []E { return values(k.wide, 1+100*from+place, n) }
	stale := func(n int) []E { return values(k.wide, 0, n) }
	run := func(name string, b func() error, i, p func() *mpi.Request) {
		t.Helper()
		var err error
		switch form {
		case plain:
			err = b()
		case nonblocking:
			err = form.finish(i())
		case persistent:
			err = form.finish(p())
		}
		if err != nil {
			t.Fatalf("%s, %v %s of %T: %v", top.name, form, name, k.as(nil), err)
		}
	}
	check := func(name string, got, want []E) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s, %v %s of %T, %d: got %v, want %v", top.name, form, name, k.as(nil), n, brief(got), brief(want))
		}
	}

	// The same part to all.
	part := k.as(cell(me, 0, n))
	recv, want := stale(n*len(ins)), stale(n*len(ins))
	for i, from := range ins {
		if from != mpi.ProcNull {
			copy(want[i*n:], cell(from, 0, n))
		}
	}
	run("NeighborAllgather", func() error { return mpi.NeighborAllgather(c, part, k.as(recv)) },
		func() *mpi.Request { return mpi.IneighborAllgather(c, part, k.as(recv)) },
		func() *mpi.Request { return mpi.NeighborAllgatherInit(c, part, k.as(recv)) })
	check("NeighborAllgather", recv, want)

	// A part for each.
	var send []E
	for i := range outs {
		send = append(send, cell(me, i, n)...)
	}
	recv, want = stale(n*len(ins)), stale(n*len(ins))
	for i, from := range ins {
		if from != mpi.ProcNull {
			copy(want[i*n:], cell(from, places[i], n))
		}
	}
	run("NeighborAlltoall", func() error { return mpi.NeighborAlltoall(c, k.as(send), k.as(recv)) },
		func() *mpi.Request { return mpi.IneighborAlltoall(c, k.as(send), k.as(recv)) },
		func() *mpi.Request { return mpi.NeighborAlltoallInit(c, k.as(send), k.as(recv)) })
	check("NeighborAlltoall", recv, want)

	// Of different length: what a rank sends depends on the rank.
	length := func(from int) int { return n * (1 + from%2) }
	counts := make([]int, len(ins))
	for i, from := range ins {
		if from != mpi.ProcNull {
			counts[i] = length(from)
		}
	}
	p := place(how, counts)
	recv, want = stale(p.n), stale(p.n)
	for i, from := range ins {
		if counts[i] > 0 {
			copy(want[p.at[i]:], cell(from, 0, counts[i]))
		}
	}
	mine := k.as(cell(me, 0, length(me)))
	run("NeighborAllgatherv", func() error { return mpi.NeighborAllgatherv(c, mine, k.as(recv), p.counts, p.displs) },
		func() *mpi.Request { return mpi.IneighborAllgatherv(c, mine, k.as(recv), p.counts, p.displs) },
		func() *mpi.Request { return mpi.NeighborAllgathervInit(c, mine, k.as(recv), p.counts, p.displs) })
	check("NeighborAllgatherv", recv, want)

	to := slices.Repeat([]int{length(me)}, len(outs))
	sp := place(how, to)
	send = stale(sp.n)
	for i := range outs {
		if to[i] > 0 {
			copy(send[sp.at[i]:], cell(me, i, to[i]))
		}
	}
	recv, want = stale(p.n), stale(p.n)
	for i, from := range ins {
		if counts[i] > 0 {
			copy(want[p.at[i]:], cell(from, places[i], counts[i]))
		}
	}
	run("NeighborAlltoallv",
		func() error {
			return mpi.NeighborAlltoallv(c, k.as(send), to, sp.displs, k.as(recv), p.counts, p.displs)
		},
		func() *mpi.Request {
			return mpi.IneighborAlltoallv(c, k.as(send), to, sp.displs, k.as(recv), p.counts, p.displs)
		},
		func() *mpi.Request {
			return mpi.NeighborAlltoallvInit(c, k.as(send), to, sp.displs, k.as(recv), p.counts, p.displs)
		})
	check("NeighborAlltoallv", recv, want)

	// Each part a buffer of its own.
	sends, recvs := make([]mpi.Buffer, len(outs)), make([]mpi.Buffer, len(ins))
	for i := range outs {
		if to[i] > 0 {
			sends[i] = mpi.Slice(k.as(send[sp.at[i] : sp.at[i]+to[i]]))
		}
	}
	recv = stale(p.n)
	for i := range ins {
		if counts[i] > 0 {
			recvs[i] = mpi.Slice(k.as(recv[p.at[i] : p.at[i]+counts[i]]))
		}
	}
	run("NeighborAlltoallw", func() error { return mpi.NeighborAlltoallw(c, sends, recvs) },
		func() *mpi.Request { return mpi.IneighborAlltoallw(c, sends, recvs) },
		func() *mpi.Request { return mpi.NeighborAlltoallwInit(c, sends, recvs) })
	check("NeighborAlltoallw", recv, want)
}

// The halo exchange of a grid: rows go as slices, columns as vectors, straight
// between the borders and the halos of one array, in one persistent call.
func TestHalos(t *testing.T) {
	world := mpitest.World(t)
	dims, err := mpi.Dims(world.Size(), 2)
	must(t, err)
	periodic := []bool{dims[0] > 2 || !neighbourTwice(), dims[1] > 2 || !neighbourTwice()}
	cart, err := mpi.CreateCart(world, dims, periodic, false)
	must(t, err)
	const rows, cols = 4, 5 // with the halo
	column, err := datatype.Vector(rows-2, 1, cols, datatype.Float64)
	must(t, err)
	field := make([]float64, rows*cols)
	at := func(i, j int) int { return i*cols + j }
	edge := func(i, j int, vertical bool) mpi.Buffer {
		if vertical {
			return mpi.Typed(field[at(i, j):], 1, column)
		}
		return mpi.Slice(field[at(i, j) : at(i, j)+cols-2])
	}
	halo := mpi.NeighborAlltoallwInit(cart.Comm,
		[]mpi.Buffer{edge(1, 1, false), edge(rows-2, 1, false), edge(1, 1, true), edge(1, cols-2, true)},
		[]mpi.Buffer{edge(0, 1, false), edge(rows-1, 1, false), edge(1, 0, true), edge(1, cols-1, true)})
	// value is what the whole field holds at a place, which wraps around.
	all := [2]int{dims[0] * (rows - 2), dims[1] * (cols - 2)}
	value := func(i, j, round int) float64 {
		i, j = (i+all[0])%all[0], (j+all[1])%all[1]
		return float64(1000*i + 10*j + round)
	}
	me, err := cart.Coords(cart.Rank())
	must(t, err)
	for round := range 3 {
		for i := 1; i < rows-1; i++ {
			for j := 1; j < cols-1; j++ {
				field[at(i, j)] = value(me[0]*(rows-2)+i-1, me[1]*(cols-2)+j-1, round)
			}
		}
		must(t, halo.Start())
		_, err := halo.Wait()
		must(t, err)
		for i := range rows {
			for j := range cols {
				top, left := i == 0 && me[0] == 0, j == 0 && me[1] == 0
				bottom, right := i == rows-1 && me[0] == dims[0]-1, j == cols-1 && me[1] == dims[1]-1
				switch {
				case (i == 0 || i == rows-1) && (j == 0 || j == cols-1):
					continue // corners are nobody's
				case !periodic[0] && (top || bottom), !periodic[1] && (left || right):
					if field[at(i, j)] != 0 {
						t.Errorf("round %d: (%d, %d), beyond the border, is %v", round, i, j, field[at(i, j)])
					}
					continue
				}
				if want := value(me[0]*(rows-2)+i-1, me[1]*(cols-2)+j-1, round); field[at(i, j)] != want {
					t.Errorf("round %d: (%d, %d) is %v, want %v", round, i, j, field[at(i, j)], want)
				}
			}
		}
	}
	must(t, halo.Free())
	must(t, column.Free())
	must(t, cart.Free())
}
