package mpi_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// A grid as the standard has it, by plain arithmetic.
type grid struct {
	dims    []int
	periods []bool
}

func (g grid) size() int {
	n := 1
	for _, d := range g.dims {
		n *= d
	}
	return n
}

// coords is where rank is: the last coordinate varies fastest.
func (g grid) coords(rank int) []int {
	at := make([]int, len(g.dims))
	for i := len(at) - 1; i >= 0; i-- {
		at[i] = rank % g.dims[i]
		rank /= g.dims[i]
	}
	return at
}

// rank is the rank at coords, wherever they are, or ProcNull.
func (g grid) rank(coords []int) int {
	rank := 0
	for i, x := range coords {
		for ; g.periods[i] && x < 0; x += g.dims[i] {
		}
		for ; g.periods[i] && x >= g.dims[i]; x -= g.dims[i] {
		}
		if x < 0 || x >= g.dims[i] {
			return mpi.ProcNull
		}
		rank = rank*g.dims[i] + x
	}
	return rank
}

// step is the rank disp steps from rank along dim, or ProcNull.
func (g grid) step(rank, dim, disp int) int {
	at := g.coords(rank)
	at[dim] += disp
	return g.rank(at)
}

// neighbours are those of rank in the order of the neighbourhood collectives.
func (g grid) neighbours(rank int) []int {
	all := []int{}
	for dim := range g.dims {
		all = append(all, g.step(rank, dim, -1), g.step(rank, dim, 1))
	}
	return all
}

// grids are the grids of at most n ranks that the tests try: of 0 to 3
// dimensions, with every choice of periodic ones.
func grids(n int) []grid {
	shapes := [][]int{{}, {1}, {n}, {1, n}, {n, 1}, {1, n, 1}, {2, 2}, {2, 1, 2}, {2, 2, 1}, {2, 2, 2}}
	if n > 1 {
		shapes = append(shapes, []int{n - 1}, []int{n - 1, 1})
	}
	slices.SortFunc(shapes, slices.Compare)
	var all []grid
	for _, dims := range slices.CompactFunc(shapes, slices.Equal) {
		if (grid{dims: dims}).size() > n {
			continue
		}
		for mask := range 1 << len(dims) {
			all = append(all, grid{dims, maskOf(mask, len(dims))})
		}
	}
	return all
}

func maskOf(mask, n int) []bool {
	b := make([]bool, n)
	for i := range b {
		b[i] = mask>>i&1 == 1
	}
	return b
}

// create makes the grid of c, and nil for the ranks that are left out.
func (g grid) create(t *testing.T, c *mpi.Comm, reorder bool) *mpi.Cart {
	t.Helper()
	cart, err := mpi.CreateCart(c, g.dims, g.periods, reorder)
	must(t, err)
	checkPlaces(t, c, g.size(), cart != nil, reorder)
	return cart
}

// checkPlaces checks that as many ranks as there are places have one, the first ones
// unless they were reordered.
func checkPlaces(t *testing.T, c *mpi.Comm, places int, here, reorder bool) {
	t.Helper()
	if !reorder && here != (c.Rank() < places) {
		t.Fatalf("rank %d has a place: %v, with %d places", c.Rank(), here, places)
	}
	n := []int{0}
	if here {
		n[0] = 1
	}
	must(t, mpi.AllreduceInPlace(c, n, op.Sum))
	if n[0] != places {
		t.Fatalf("%d ranks have a place, want %d", n[0], places)
	}
}

// hasNeighbours checks the neighbours of c by what the collectives bring from
// them: each sends its rank.
func hasNeighbours(t *testing.T, c *mpi.Comm, want []int) {
	t.Helper()
	got := slices.Repeat([]int{mpi.ProcNull}, len(want))
	must(t, mpi.NeighborAllgather(c, []int{c.Rank()}, got))
	if !slices.Equal(got, want) {
		t.Errorf("rank %d: NeighborAllgather brings the ranks %v, want %v", c.Rank(), got, want)
	}
}

func (g grid) check(t *testing.T, cart *mpi.Cart) {
	t.Helper()
	if cart.Size() != g.size() || cart.Topology() != mpi.TopoCart ||
		!slices.Equal(cart.Dims(), g.dims) || !slices.Equal(cart.Periods(), g.periods) {
		t.Fatalf("got %v of %d ranks, dims %v, periods %v", cart.Topology(), cart.Size(), cart.Dims(), cart.Periods())
	}
	for rank := range g.size() {
		at, err := cart.Coords(rank)
		must(t, err)
		if want := g.coords(rank); !slices.Equal(at, want) {
			t.Errorf("Coords(%d) = %v, want %v", rank, at, want)
		}
	}
}

func TestCart(t *testing.T) {
	c := mpitest.World(t)
	for i, g := range grids(c.Size()) {
		for _, reorder := range []bool{false, true} {
			if crowded(c) && reorder == (i%2 == 0) {
				continue // they take turns
			}
			t.Run(fmt.Sprintf("%v,%v,%v", g.dims, g.periods, reorder), func(t *testing.T) {
				cart := g.create(t, c, reorder)
				if cart != nil {
					g.check(t, cart)
					g.checkRanks(t, cart)
					g.checkShifts(t, cart)
					hasNeighbours(t, cart.Comm, g.neighbours(cart.Rank()))
				}
				must(t, cart.Free())
			})
		}
	}
}

// checkRanks goes over the grid and, around it, as far as it is periodic.
func (g grid) checkRanks(t *testing.T, cart *mpi.Cart) {
	for rank := range g.size() {
		at := g.coords(rank)
		if got, err := cart.RankAt(at...); got != rank || err != nil {
			t.Errorf("RankAt(%v) = %d, %v, want %d", at, got, err, rank)
		}
		for i, d := range g.dims {
			x := at[i]
			far := math.MaxInt / d * d // whole turns
			for _, at[i] = range []int{x - d, x + d, x - 3*d, x + 3*d, x - far, far - d + x} {
				got, err := cart.RankAt(at...)
				if g.periods[i] {
					if got != rank || err != nil {
						t.Errorf("RankAt(%v) = %d, %v, want %d", at, got, err, rank)
					}
					continue
				}
				is(t, err, mpi.ErrArg, fmt.Sprintf("coords[%d] is %d, but that dimension, which is not periodic, goes from 0 to %d", i, at[i], d-1))
			}
			at[i] = x
		}
	}
}

func (g grid) checkShifts(t *testing.T, cart *mpi.Cart) {
	me := cart.Rank()
	for dim, d := range g.dims {
		check := func(disp, steps int) {
			t.Helper()
			source, dest, err := cart.Shift(dim, disp)
			if ws, wd := g.step(me, dim, -steps), g.step(me, dim, steps); source != ws || dest != wd || err != nil {
				t.Errorf("rank %d: Shift(%d, %d) = %d, %d, %v, want %d, %d", me, dim, disp, source, dest, err, ws, wd)
			}
		}
		for disp := -2*d - 1; disp <= 2*d+1; disp++ {
			check(disp, disp)
		}
		// In turns it is what is left of them that counts; without, one step too
		// many is enough.
		for _, disp := range []int{math.MaxInt32, math.MaxInt} {
			check(disp, disp%d+d)
			check(-disp-1, (-disp-1)%d-d)
		}
	}
}

// A Dup keeps the topology, a Split does not; nil periods are none.
func TestCartDup(t *testing.T) {
	c := mpitest.World(t)
	if k := c.Topology(); k != mpi.TopoNone {
		t.Errorf("the world's topology is %v", k)
	}
	n := c.Size()
	g := grid{[]int{1, n}, []bool{false, false}}
	cart, err := mpi.CreateCart(c, g.dims, nil, false)
	must(t, err)
	g.check(t, cart)

	dup, err := cart.Dup()
	must(t, err)
	again, err := dup.Cart()
	must(t, err)
	g.check(t, again)
	hasNeighbours(t, dup, g.neighbours(dup.Rank()))
	must(t, dup.Free())

	split, err := cart.Split(0, 0)
	must(t, err)
	if k := split.Topology(); k != mpi.TopoNone {
		t.Errorf("a Split's topology is %v", k)
	}
	must(t, split.Free())

	// The slices are the caller's.
	cart.Dims()[1], cart.Periods()[1] = 7, true
	g.check(t, cart)
	must(t, cart.Free())
	must(t, cart.Free())
}

// Sub in all ways.
func TestCartSub(t *testing.T) {
	c := mpitest.World(t)
	for i, g := range grids(c.Size()) {
		if crowded(c) && i%3 != 0 {
			continue
		}
		cart := g.create(t, c, i%2 == 1)
		if cart == nil {
			continue
		}
		for mask := range 1 << len(g.dims) {
			keep := maskOf(mask, len(g.dims))
			sub, err := cart.Sub(keep)
			must(t, err)

			var want grid
			me := g.coords(cart.Rank())
			for dim, k := range keep {
				if k {
					want.dims = append(want.dims, g.dims[dim])
					want.periods = append(want.periods, g.periods[dim])
				}
			}
			want.check(t, sub)
			// Of all ranks in order, those that differ in the kept dimensions only.
			var members []int
			for rank := range g.size() {
				at, in := g.coords(rank), true
				for dim, k := range keep {
					in = in && (k || at[dim] == me[dim])
				}
				if in {
					members = append(members, rank)
				}
			}
			got := make([]int, sub.Size())
			must(t, mpi.Allgather(sub.Comm, []int{cart.Rank()}, got))
			if !slices.Equal(got, members) {
				t.Errorf("%v: Sub(%v) of rank %d has the ranks %v, want %v", g.dims, keep, cart.Rank(), got, members)
			}
			hasNeighbours(t, sub.Comm, want.neighbours(sub.Rank()))
			must(t, sub.Free())
		}
		must(t, cart.Free())
	}
}

// A map gives every place to one rank, and the others none.
func TestMaps(t *testing.T) {
	c := mpitest.World(t)
	check := func(what string, places, mine int, err error) {
		t.Helper()
		must(t, err)
		got := make([]int, c.Size())
		must(t, mpi.Allgather(c, []int{mine}, got))
		want := slices.Repeat([]int{mpi.Undefined}, c.Size())
		for i := range places {
			want[i] = i
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the ranks have the places %v, want %v in some order", what, got, want)
		}
	}
	for _, g := range grids(c.Size()) {
		mine, err := mpi.CartMap(c, g.dims, g.periods)
		check(fmt.Sprint("CartMap ", g.dims), g.size(), mine, err)
	}
	for _, nodes := range graphs(c.Size()) {
		index, edges := flatGraph(nodes)
		mine, err := mpi.GraphMap(c, index, edges)
		check(fmt.Sprint("GraphMap ", nodes), len(nodes), mine, err)
	}
}

func TestDims(t *testing.T) {
	c := mpitest.World(t)
	for _, d := range []struct {
		n    int
		want []int
	}{
		{1, []int{}}, {1, []int{1}}, {1, []int{1, 1, 1}}, {5, []int{5}}, {6, []int{3, 2}}, {7, []int{7, 1}}, {7, []int{7, 1, 1}},
		{12, []int{4, 3}}, {16, []int{4, 4}}, {24, []int{4, 3, 2}}, {27, []int{3, 3, 3}}, {36, []int{6, 6}}, {100, []int{10, 10}},
		{1024, []int{32, 32}}, {64, []int{4, 4, 4}}, {46337 * 46337, []int{46337, 46337}}, {2147117563, []int{2147117563, 1}},
	} {
		got, err := mpi.Dims(d.n, len(d.want))
		if err != nil || !slices.Equal(got, d.want) {
			t.Errorf("Dims(%d, %d) = %v, %v, want %v", d.n, len(d.want), got, err, d.want)
		}
	}
	for _, d := range []struct {
		n          int
		dims, want []int
	}{
		{6, []int{0, 0}, []int{3, 2}}, {7, []int{0, 0}, []int{7, 1}}, {6, []int{0, 3, 0}, []int{2, 3, 1}},
		{6, []int{2, 3}, []int{2, 3}}, {12, []int{1, 0, 2, 0}, []int{1, 3, 2, 2}}, {5, []int{0, 5}, []int{1, 5}},
		{1, nil, nil}, {1, []int{1}, []int{1}},
	} {
		got := slices.Clone(d.dims)
		if err := mpi.DimsCreate(d.n, got); err != nil || !slices.Equal(got, d.want) {
			t.Errorf("DimsCreate(%d, %v) = %v, %v, want %v", d.n, d.dims, got, err, d.want)
		}
	}
	// What makes a grid of all ranks.
	for n := range 4 {
		dims, err := mpi.Dims(c.Size(), n+1)
		must(t, err)
		cart, err := mpi.CreateCart(c, dims, nil, false)
		must(t, err)
		if cart == nil || cart.Size() != c.Size() {
			t.Errorf("Dims(%d, %d) = %v is no grid of all ranks", c.Size(), n+1, dims)
		}
		must(t, cart.Free())
	}
}

// graphs are graphs of at most n nodes, by the neighbours of each node: edges to
// and fro, so that the collectives can use them, in no particular order.
func graphs(n int) [][][]int {
	all := [][][]int{{}}
	for _, n := range []int{1, n - 1, n} {
		if n < 1 {
			continue
		}
		ring, star, full, none := make([][]int, n), make([][]int, n), make([][]int, n), make([][]int, n)
		for i := range n {
			// On one and two nodes, these are edges to itself and double edges.
			ring[i] = []int{(i + 1) % n, (i + n - 1) % n}
			if i > 0 {
				star[i] = []int{0}
				star[0] = append([]int{i}, star[0]...)
			}
			for j := range n {
				full[i] = append(full[i], (i+j)%n)
			}
		}
		all = append(all, ring, star, full, none)
	}
	return all
}

// flatGraph is a graph as MPI takes it.
func flatGraph(nodes [][]int) (index, edges []int) {
	for _, to := range nodes {
		edges = append(edges, to...)
		index = append(index, len(edges))
	}
	return index, edges
}

func checkGraph(t *testing.T, g *mpi.Graph, nodes [][]int) {
	t.Helper()
	index, edges := flatGraph(nodes)
	if n, e := g.Dims(); n != len(index) || e != len(edges) || g.Size() != n || g.Topology() != mpi.TopoGraph {
		t.Errorf("got %v of %d ranks, %d nodes, %d edges", g.Topology(), g.Size(), n, e)
	}
	if x, e, err := g.Get(); err != nil || !slices.Equal(x, index) || !slices.Equal(e, edges) {
		t.Errorf("Get() = %v, %v, %v, want %v, %v", x, e, err, index, edges)
	}
	for rank, want := range nodes {
		if n, err := g.NeighborsCount(rank); n != len(want) || err != nil {
			t.Errorf("NeighborsCount(%d) = %d, %v, want %d", rank, n, err, len(want))
		}
		if got, err := g.Neighbors(rank); err != nil || !slices.Equal(got, want) {
			t.Errorf("Neighbors(%d) = %v, %v, want %v", rank, got, err, want)
		}
	}
	hasNeighbours(t, g.Comm, nodes[g.Rank()])
}

func TestGraph(t *testing.T) {
	c := mpitest.World(t)
	for _, nodes := range graphs(c.Size()) {
		for _, reorder := range []bool{false, true} {
			index, edges := flatGraph(nodes)
			g, err := mpi.CreateGraph(c, index, edges, reorder)
			must(t, err)
			checkPlaces(t, c, len(nodes), g != nil, reorder)
			if g != nil {
				checkGraph(t, g, nodes)
				dup, err := g.Dup()
				must(t, err)
				again, err := dup.Graph()
				must(t, err)
				checkGraph(t, again, nodes)
				must(t, again.Free())
			}
			must(t, g.Free())
		}
	}
	// Edges that lead one way only.
	if n := c.Size(); n > 1 {
		g, err := mpi.CreateGraph(c, append(make([]int, n-1), 2), []int{0, 0}, false)
		must(t, err)
		got, err := g.Neighbors(n - 1)
		must(t, err)
		if !slices.Equal(got, []int{0, 0}) {
			t.Errorf("Neighbors(%d) = %v, want [0 0]", n-1, got)
		}
		if k, err := g.NeighborsCount(0); k != 0 || err != nil {
			t.Errorf("NeighborsCount(0) = %d, %v, want 0", k, err)
		}
		must(t, g.Free())
	}
}

// An arc is an edge of a distributed graph.
type arc struct{ from, to, weight int }

// arcs puts together what MPI has apart; there may be no weights.
func arcs(from, to, weights []int) []arc {
	all := make([]arc, len(from))
	for i := range all {
		all[i] = arc{from: from[i], to: to[i]}
		if weights != nil {
			all[i].weight = weights[i]
		}
	}
	return all
}

func sortedArcs(s []arc) []arc {
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b arc) int {
		return cmp.Or(a.from-b.from, a.to-b.to, a.weight-b.weight)
	})
	return s
}

// digraphs are directed graphs on n nodes: without edges, with one to the next
// node, with many, some of them to the node itself and some double, and with
// edges that all begin at one node.
func digraphs(n int) [][]arc {
	var ring, more, star []arc
	for i := range n {
		ring = append(ring, arc{i, (i + 1) % n, i})
		more = append(more, arc{i, (i + 1) % n, 10 + i}, arc{i, (i + 2) % n, 20 + i}, arc{i, i, 0}, arc{i, 0, math.MaxInt32 - i})
		star = append(star, arc{0, i, 3 * i})
	}
	return [][]arc{nil, ring, more, star}
}

// arcsOf are the edges of a node, at one end of them.
func arcsOf(all []arc, node func(arc) int, rank int) (mine []arc) {
	for _, e := range all {
		if node(e) == rank {
			mine = append(mine, e)
		}
	}
	return mine
}

func arcFrom(e arc) int   { return e.from }
func arcTo(e arc) int     { return e.to }
func arcWeight(e arc) int { return e.weight }

// eachArc is f of each edge; nil where there are none.
func eachArc(all []arc, f func(arc) int) (s []int) {
	for _, e := range all {
		s = append(s, f(e))
	}
	return s
}

func checkDistGraph(t *testing.T, g *mpi.DistGraph, all []arc, weighted, ordered bool) {
	t.Helper()
	me := g.Rank()
	in, out := arcsOf(all, arcTo, me), arcsOf(all, arcFrom, me)
	if !weighted {
		in, out = arcs(eachArc(in, arcFrom), eachArc(in, arcTo), nil), arcs(eachArc(out, arcFrom), eachArc(out, arcTo), nil)
	}
	if i, o, w := g.NeighborsCount(); i != len(in) || o != len(out) || w != weighted || g.Topology() != mpi.TopoDistGraph {
		t.Errorf("%v, NeighborsCount() = %d, %d, %v, want %d, %d, %v", g.Topology(), i, o, w, len(in), len(out), weighted)
	}
	sources, sw, destinations, dw, err := g.Neighbors()
	must(t, err)
	if (sw != nil) != weighted || (dw != nil) != weighted {
		t.Errorf("Neighbors gives weights %v and %v, though weighted is %v", sw, dw, weighted)
	}
	gotIn := arcs(sources, slices.Repeat([]int{me}, len(sources)), sw)
	gotOut := arcs(slices.Repeat([]int{me}, len(destinations)), destinations, dw)
	hasNeighbours(t, g.Comm, sources)
	if !ordered {
		gotIn, gotOut, in, out = sortedArcs(gotIn), sortedArcs(gotOut), sortedArcs(in), sortedArcs(out)
	}
	if !slices.Equal(gotIn, in) || !slices.Equal(gotOut, out) {
		t.Errorf("rank %d: edges come %v and leave %v, want %v and %v", me, gotIn, gotOut, in, out)
	}
}

// checkDistGraphs checks g, and what a Dup keeps of it, and frees both.
func checkDistGraphs(t *testing.T, g *mpi.DistGraph, all []arc, weighted, ordered bool) {
	t.Helper()
	checkDistGraph(t, g, all, weighted, ordered)
	dup, err := g.Dup()
	must(t, err)
	again, err := dup.DistGraph()
	must(t, err)
	checkDistGraph(t, again, all, weighted, ordered)
	must(t, again.Free())
	must(t, g.Free())
}

func TestDistGraph(t *testing.T) {
	c := mpitest.World(t)
	n, me := c.Size(), c.Rank()
	for _, all := range digraphs(n) {
		for i, who := range []func(i int, e arc) int{
			func(i int, e arc) int { return e.from },
			func(i int, e arc) int { return e.to },
			func(i int, e arc) int { return n - 1 }, // who knows them all
			func(i int, e arc) int { return i * i % n },
		} {
			for _, weighted := range []bool{false, true} {
				var mine []arc
				for i, e := range all {
					if who(i, e) == me {
						mine = append(mine, e)
					}
				}
				slices.SortStableFunc(mine, func(a, b arc) int { return a.from - b.from })
				// With a source for each edge, and with one for all its edges.
				sources, degrees := eachArc(mine, arcFrom), slices.Repeat([]int{1}, len(mine))
				if i%2 == 0 {
					sources = slices.Compact(sources)
					degrees = nil
					for _, s := range sources {
						degrees = append(degrees, len(arcsOf(mine, arcFrom, s)))
					}
				}
				var weights []int // nil, too, on a rank without edges
				if weighted {
					weights = eachArc(mine, arcWeight)
				}
				g, err := mpi.CreateDistGraph(c, sources, degrees, eachArc(mine, arcTo), weights, weighted == (i%2 == 0))
				must(t, err)
				checkDistGraphs(t, g, all, weighted && all != nil, false)
			}
		}
	}
}

func TestDistGraphAdjacent(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for _, all := range digraphs(c.Size()) {
		for _, weighted := range []bool{false, true} {
			for _, reorder := range []bool{false, true} {
				in, out := arcsOf(all, arcTo, me), arcsOf(all, arcFrom, me)
				var inW, outW []int
				if weighted {
					inW, outW = eachArc(in, arcWeight), eachArc(out, arcWeight)
				}
				g, err := mpi.CreateDistGraphAdjacent(c, eachArc(in, arcFrom), inW, eachArc(out, arcTo), outW, reorder)
				must(t, err)
				checkDistGraphs(t, g, all, weighted && all != nil, true)
			}
		}
	}
}

// Ranks that disagree on whether there are weights all get an error.
func TestWeightsOnSomeRanks(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() == 1 {
		return
	}
	me, next, prev := c.Rank(), (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	var w []int
	if me == c.Size()-1 {
		w = []int{1}
	}
	const says = "of the ranks with edges, some give weights and others nil"
	_, err := mpi.CreateDistGraph(c, []int{me}, []int{1}, []int{next}, w, false)
	is(t, err, mpi.ErrArg, says)
	_, err = mpi.CreateDistGraphAdjacent(c, []int{prev}, w, []int{next}, w, false)
	is(t, err, mpi.ErrArg, says)
}

func TestTopologyRefuses(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	freed, err := mpi.CreateCart(c, []int{1}, nil, false)
	must(t, err)
	if freed == nil { // left out
		freed, err = mpi.CreateCart(mpi.Self(), []int{1}, nil, false)
		must(t, err)
	}
	must(t, freed.Free())
	ring, err := mpi.CreateCart(c, []int{n, 1}, []bool{true, false}, false)
	must(t, err)
	graph, err := mpi.CreateGraph(c, make([]int, n), nil, false)
	must(t, err)
	dist, err := mpi.CreateDistGraph(c, nil, nil, nil, nil, false)
	must(t, err)

	var table []refusal
	add := func(name string, class mpi.Class, says string, do func() error) {
		table = append(table, refusal{name, class, says, do})
	}

	for _, d := range []struct {
		n, ndims int
		class    mpi.Class
		says     string
	}{
		{0, 1, mpi.ErrArg, "nnodes is 0"}, {-1, 1, mpi.ErrArg, "nnodes is -1"}, {math.MaxInt32, 2, mpi.ErrArg, "nnodes is 2147483647, but must be from 1 to 2147117569"}, {math.MaxInt, 1, mpi.ErrArg, "nnodes is 9223372036854775807"},
		{4, -1, mpi.ErrDims, "ndims is -1"}, {4, math.MaxInt, mpi.ErrDims, "ndims is 9223372036854775807"}, {2, 0, mpi.ErrDims, "dims is []"},
	} {
		add(fmt.Sprintf("Dims, %d in %d", d.n, d.ndims), d.class, d.says, func() error { _, err := mpi.Dims(d.n, d.ndims); return err })
	}
	for _, d := range []struct {
		n    int
		dims []int
		says string
	}{
		{7, []int{0, 3, 0}, "dims is [0 3 0]: the product of the entries that are not 0 does not divide nnodes, which is 7"},
		{6, []int{0, -1}, "dims[1] is -1"}, {6, []int{2, 2}, "does not divide"}, {12, []int{2, 3}, "there is no entry of 0"},
		{6, []int{math.MaxInt, 0}, "does not divide"}, {3, nil, "there is no entry of 0"},
	} {
		add(fmt.Sprintf("DimsCreate, %d in %v", d.n, d.dims), mpi.ErrDims, d.says, func() error {
			dims := slices.Clone(d.dims)
			err := mpi.DimsCreate(d.n, dims)
			if !slices.Equal(dims, d.dims) {
				return fmt.Errorf("dims %v became %v", d.dims, dims)
			}
			return err
		})
	}

	for _, d := range []struct {
		dims    []int
		periods []bool
		says    string
	}{
		{[]int{n + 1}, nil, fmt.Sprintf("dims is [%d], a grid of more ranks than the communicator's %d", n+1, n)},
		{[]int{1, 0}, nil, "dims[1] is 0, but must be positive"}, {[]int{-1}, nil, "dims[0] is -1"}, {[]int{-1, -1}, nil, "dims[0] is -1"},
		{[]int{1 << 32, 1 << 32}, nil, "a grid of more ranks"}, {[]int{1, math.MaxInt}, nil, "a grid of more ranks"},
		{[]int{1, 1}, []bool{true}, "periods has 1 entries, but dims has 2"}, {[]int{1}, []bool{}, "periods has 0 entries, but dims has 1"},
	} {
		add(fmt.Sprintf("CreateCart, %v, %v", d.dims, d.periods), mpi.ErrDims, d.says, func() error {
			_, err := mpi.CreateCart(c, d.dims, d.periods, false)
			return err
		})
		add(fmt.Sprintf("CartMap, %v, %v", d.dims, d.periods), mpi.ErrDims, d.says, func() error {
			_, err := mpi.CartMap(c, d.dims, d.periods)
			return err
		})
	}
	for _, rank := range []int{-1, n, mpi.ProcNull, math.MaxInt, math.MinInt, 1 << 32} {
		says := fmt.Sprintf("rank is %d, but the communicator's ranks are 0 to %d", rank, n-1)
		add(fmt.Sprintf("Cart.Coords, rank %d", rank), mpi.ErrRank, says, func() error { _, err := ring.Coords(rank); return err })
		add(fmt.Sprintf("Graph.Neighbors, rank %d", rank), mpi.ErrRank, says, func() error { _, err := graph.Neighbors(rank); return err })
		add(fmt.Sprintf("Graph.NeighborsCount, rank %d", rank), mpi.ErrRank, says, func() error { _, err := graph.NeighborsCount(rank); return err })
	}
	for _, at := range [][]int{nil, {0}, {0, 0, 0}} {
		add(fmt.Sprintf("Cart.RankAt, %v", at), mpi.ErrDims, fmt.Sprintf("coords has %d entries, but the grid has 2 dimensions", len(at)),
			func() error { _, err := ring.RankAt(at...); return err })
	}
	for _, x := range []int{-1, 1, math.MaxInt, math.MinInt} {
		add(fmt.Sprintf("Cart.RankAt, coordinate %d", x), mpi.ErrArg, fmt.Sprintf("coords[1] is %d", x),
			func() error { _, err := ring.RankAt(0, x); return err })
	}
	for _, dim := range []int{-1, 2, math.MaxInt, math.MinInt} {
		add(fmt.Sprintf("Cart.Shift, dim %d", dim), mpi.ErrDims, fmt.Sprintf("dim is %d, but the grid has 2 dimensions", dim),
			func() error { _, _, err := ring.Shift(dim, 1); return err })
	}
	for _, keep := range [][]bool{nil, {true}, {true, true, true}} {
		add(fmt.Sprintf("Cart.Sub, %v", keep), mpi.ErrDims, fmt.Sprintf("keep has %d entries, but the grid has 2 dimensions", len(keep)),
			func() error { _, err := ring.Sub(keep); return err })
	}

	for _, d := range []struct {
		index, edges []int
		class        mpi.Class
		says         string
	}{
		{make([]int, n+1), nil, mpi.ErrArg, fmt.Sprintf("index has %d entries, but the communicator has %d ranks", n+1, n)},
		{[]int{-1}, nil, mpi.ErrArg, "index[0] is -1, but must be from 0"}, {[]int{2}, []int{0}, mpi.ErrArg, "index[0] is 2"},
		{[]int{0}, []int{0}, mpi.ErrArg, "the edges of all nodes end at 0, but len(edges) is 1"},
		{nil, []int{0}, mpi.ErrArg, "the edges of all nodes end at 0"},
		{[]int{1}, []int{1}, mpi.ErrRank, "edges[0] is 1, but the graph's nodes are 0 to 0"},
		{[]int{2}, []int{0, -1}, mpi.ErrRank, "edges[1] is -1"}, {[]int{1}, []int{1 << 32}, mpi.ErrRank, "edges[0] is 4294967296"},
		{[]int{1}, []int{mpi.ProcNull}, mpi.ErrRank, "edges[0] is -2"},
	} {
		add(fmt.Sprintf("CreateGraph, %v, %v", d.index, d.edges), d.class, d.says, func() error {
			_, err := mpi.CreateGraph(c, d.index, d.edges, false)
			return err
		})
		add(fmt.Sprintf("GraphMap, %v, %v", d.index, d.edges), d.class, d.says, func() error {
			_, err := mpi.GraphMap(c, d.index, d.edges)
			return err
		})
	}
	if n > 1 {
		add("CreateGraph, index that falls", mpi.ErrArg, "index[1] is 1, but must be from 2, where the node before ends, to len(edges), which is 2",
			func() error { _, err := mpi.CreateGraph(c, []int{2, 1}, []int{0, 0}, false); return err })
	}

	for _, d := range []struct {
		sources, degrees, destinations, weights []int
		class                                   mpi.Class
		says                                    string
	}{
		{[]int{n}, []int{0}, nil, nil, mpi.ErrRank, fmt.Sprintf("sources[0] is %d, but the communicator's ranks are 0 to %d", n, n-1)},
		{[]int{0, -1}, []int{0, 0}, nil, nil, mpi.ErrRank, "sources[1] is -1"},
		{[]int{0}, nil, nil, nil, mpi.ErrArg, "degrees has 0 entries, but sources has 1"},
		{nil, []int{0}, nil, nil, mpi.ErrArg, "degrees has 1 entries, but sources has 0"},
		{[]int{0}, []int{-1}, nil, nil, mpi.ErrArg, "degrees[0] is -1, but cannot be negative"},
		{[]int{0, 0}, []int{1, math.MaxInt}, []int{0}, nil, mpi.ErrArg, "degrees up to entry 1 sum to more than len(destinations), which is 1"},
		{[]int{0}, []int{1}, []int{0, 0}, nil, mpi.ErrArg, "degrees sum to 1, but len(destinations) is 2"},
		{[]int{0}, []int{1}, []int{n}, nil, mpi.ErrRank, fmt.Sprintf("destinations[0] is %d", n)},
		{[]int{0}, []int{1}, []int{mpi.ProcNull}, nil, mpi.ErrRank, "destinations[0] is -2"},
		{[]int{0}, []int{1}, []int{0}, []int{}, mpi.ErrArg, "weights has 0 entries, but destinations has 1"},
		{[]int{0}, []int{1}, []int{0}, []int{-1}, mpi.ErrArg, "weights[0] is -1, but must be from 0 to 2147483647"},
		{[]int{0}, []int{1}, []int{0}, []int{1 << 31}, mpi.ErrArg, "weights[0] is 2147483648"},
	} {
		add(fmt.Sprintf("CreateDistGraph, %v, %v, %v, %v", d.sources, d.degrees, d.destinations, d.weights), d.class, d.says, func() error {
			_, err := mpi.CreateDistGraph(c, d.sources, d.degrees, d.destinations, d.weights, false)
			return err
		})
	}
	one := []int{0}
	for _, d := range []struct {
		sources, sw, destinations, dw []int
		class                         mpi.Class
		says                          string
	}{
		{[]int{n}, nil, nil, nil, mpi.ErrRank, fmt.Sprintf("sources[0] is %d", n)}, {nil, nil, []int{-1}, nil, mpi.ErrRank, "destinations[0] is -1"},
		{one, []int{}, one, one, mpi.ErrArg, "sourceWeights has 0 entries, but sources has 1"},
		{one, one, one, []int{1, 2}, mpi.ErrArg, "destWeights has 2 entries, but destinations has 1"},
		{one, []int{-7}, one, one, mpi.ErrArg, "sourceWeights[0] is -7"}, {one, one, one, []int{math.MaxInt}, mpi.ErrArg, "destWeights[0] is 9223372036854775807"},
		{one, one, one, nil, mpi.ErrArg, "sourceWeights has 1 entries and destWeights 0, but both must be nil, or neither"},
		{one, nil, one, one, mpi.ErrArg, "both must be nil, or neither"},
	} {
		add(fmt.Sprintf("CreateDistGraphAdjacent, %v, %v, %v, %v", d.sources, d.sw, d.destinations, d.dw), d.class, d.says, func() error {
			_, err := mpi.CreateDistGraphAdjacent(c, d.sources, d.sw, d.destinations, d.dw, false)
			return err
		})
	}

	// Communicators that are nil, freed, or have another topology or none.
	for _, bad := range []struct {
		what, says string
		class      mpi.Class
		c          *mpi.Comm
	}{
		{"nil", "the communicator is nil", mpi.ErrComm, nil},
		{"freed", "the communicator has been freed", mpi.ErrComm, freed.Comm},
		{"plain", "the communicator's topology is MPI_UNDEFINED, but must be MPI_", mpi.ErrTopology, c},
		{"other", "the communicator's topology is MPI_GRAPH, but must be MPI_CART", mpi.ErrTopology, graph.Comm},
		{"other", "the communicator's topology is MPI_CART, but must be MPI_", mpi.ErrTopology, ring.Comm},
		{"other", "the communicator's topology is MPI_DIST_GRAPH, but must be MPI_", mpi.ErrTopology, dist.Comm},
	} {
		for _, call := range topologyCalls(bad.c) {
			if call.kind == mpi.TopoNone && bad.class == mpi.ErrTopology || bad.c != nil && bad.class == mpi.ErrTopology && (call.kind == bad.c.Topology() ||
				bad.c.Topology() == mpi.TopoGraph && call.kind != mpi.TopoCart) {
				continue // which is fine, or not what the text says
			}
			add(call.name+", "+bad.what+" communicator", bad.class, bad.says, call.do)
		}
	}
	for _, call := range topologyCalls(nil) {
		if call.onNil != nil {
			add(call.name+", nil", mpi.ErrComm, "the communicator is nil", call.onNil)
		}
	}
	refused(t, c, table)

	if err := errors.Join((*mpi.Cart)(nil).Free(), (*mpi.Graph)(nil).Free()); err != nil {
		t.Errorf("Free of nil: %v", err)
	}
	must(t, ring.Free())
	must(t, graph.Free())
	must(t, dist.Free())
}

// topologyCall is a call that needs a communicator of a kind, or any for
// TopoNone; onNil makes it on a nil Cart, Graph or DistGraph.
type topologyCall struct {
	name      string
	kind      mpi.Topology
	do, onNil func() error
}

func topologyCalls(c *mpi.Comm) []topologyCall {
	coords := func(x *mpi.Cart) func() error { return func() error { _, err := x.Coords(0); return err } }
	rankAt := func(x *mpi.Cart) func() error { return func() error { _, err := x.RankAt(); return err } }
	shift := func(x *mpi.Cart) func() error { return func() error { _, _, err := x.Shift(0, 1); return err } }
	sub := func(x *mpi.Cart) func() error { return func() error { _, err := x.Sub(nil); return err } }
	get := func(x *mpi.Graph) func() error { return func() error { _, _, err := x.Get(); return err } }
	count := func(x *mpi.Graph) func() error { return func() error { _, err := x.NeighborsCount(0); return err } }
	neighbors := func(x *mpi.Graph) func() error { return func() error { _, err := x.Neighbors(0); return err } }
	edges := func(x *mpi.DistGraph) func() error {
		return func() error { _, _, _, _, err := x.Neighbors(); return err }
	}
	cart, graph, dist := &mpi.Cart{Comm: c}, &mpi.Graph{Comm: c}, &mpi.DistGraph{Comm: c}
	return []topologyCall{
		{"CreateCart", mpi.TopoNone, func() error { _, err := mpi.CreateCart(c, nil, nil, false); return err }, nil},
		{"CartMap", mpi.TopoNone, func() error { _, err := mpi.CartMap(c, nil, nil); return err }, nil},
		{"CreateGraph", mpi.TopoNone, func() error { _, err := mpi.CreateGraph(c, nil, nil, false); return err }, nil},
		{"GraphMap", mpi.TopoNone, func() error { _, err := mpi.GraphMap(c, nil, nil); return err }, nil},
		{"CreateDistGraph", mpi.TopoNone, func() error { _, err := mpi.CreateDistGraph(c, nil, nil, nil, nil, false); return err }, nil},
		{"CreateDistGraphAdjacent", mpi.TopoNone, func() error {
			_, err := mpi.CreateDistGraphAdjacent(c, nil, nil, nil, nil, false)
			return err
		}, nil},
		{"Comm.Cart", mpi.TopoCart, func() error { _, err := c.Cart(); return err }, nil},
		{"Comm.Graph", mpi.TopoGraph, func() error { _, err := c.Graph(); return err }, nil},
		{"Comm.DistGraph", mpi.TopoDistGraph, func() error { _, err := c.DistGraph(); return err }, nil},
		{"Cart.Coords", mpi.TopoCart, coords(cart), coords(nil)},
		{"Cart.RankAt", mpi.TopoCart, rankAt(cart), rankAt(nil)},
		{"Cart.Shift", mpi.TopoCart, shift(cart), shift(nil)},
		{"Cart.Sub", mpi.TopoCart, sub(cart), sub(nil)},
		{"Graph.Get", mpi.TopoGraph, get(graph), get(nil)},
		{"Graph.NeighborsCount", mpi.TopoGraph, count(graph), count(nil)},
		{"Graph.Neighbors", mpi.TopoGraph, neighbors(graph), neighbors(nil)},
		{"DistGraph.Neighbors", mpi.TopoDistGraph, edges(dist), edges(nil)},
	}
}

// Ranks in a ring pass a number on; on an open chain the ends would have
// ProcNull for the partner they lack.
func ExampleCart_Shift() {
	world := mpi.World()
	ring, err := mpi.CreateCart(world, []int{world.Size()}, []bool{true}, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ring.Free()

	below, above, err := ring.Shift(0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	got := make([]int, 1)
	if _, err := mpi.Sendrecv(ring.Comm, []int{ring.Rank()}, above, 0, got, below, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("from the rank below:", got[0] == (ring.Rank()+ring.Size()-1)%ring.Size())
	// Output: from the rank below: true
}

// A grid of all ranks, in two dimensions that are as equal as can be.
func ExampleCreateCart() {
	world := mpi.World()
	dims, err := mpi.Dims(world.Size(), 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	grid, err := mpi.CreateCart(world, dims, nil, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer grid.Free()

	// The ranks with the same first coordinate have a communicator of their own.
	row, err := grid.Sub([]bool{false, true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer row.Free()
	at, err := grid.Coords(grid.Rank())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(row.Size() == dims[1], row.Rank() == at[1])
	// Output: true true
}

func ExampleDims() {
	dims, err := mpi.Dims(12, 2)
	fmt.Println(dims, err)
	// Output: [4 3] <nil>
}
