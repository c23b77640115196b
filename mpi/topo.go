package mpi

import (
	"slices"
	"strconv"

	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/op"
)

// Virtual topologies: communicators that know which ranks are neighbours. Cart,
// Graph and DistGraph are such communicators, and embed the Comm:
//
//	cart.Rank()
//	mpi.Allreduce(cart.Comm, part, sum, op.Sum)
//	mpi.NeighborAlltoall(cart.Comm, out, in)
//
// A Dup of one keeps the topology, and Comm.Cart, Comm.Graph and Comm.DistGraph
// give it its methods back. A Split does not keep it.

// Topology is the kind of neighbourhood that a communicator has.
type Topology int

// The kinds of topology.
const (
	TopoNone      Topology = cgo.NoTopology
	TopoCart      Topology = cgo.CartTopology
	TopoGraph     Topology = cgo.GraphTopology
	TopoDistGraph Topology = cgo.DistGraphTopology
)

// String is the standard's name of the kind.
func (t Topology) String() string {
	switch t {
	case TopoNone:
		return "MPI_UNDEFINED"
	case TopoCart:
		return "MPI_CART"
	case TopoGraph:
		return "MPI_GRAPH"
	case TopoDistGraph:
		return "MPI_DIST_GRAPH"
	}
	return "Topology(" + strconv.Itoa(int(t)) + ")"
}

// Topology is the kind of topology that c has. It makes no call into C.
//
// Implements: MPI_Topo_test (MPI 4.1 §8.5.5)
func (c *Comm) Topology() Topology {
	if c == nil {
		return TopoNone
	}
	return c.topology
}

// maxDims is how many dimensions Dims makes at most: 31 are enough to have two
// of each on more ranks than MPI can count.
const maxDims = 1 << 10

// maxNodes is how many ranks Dims arranges at most: the square of the greatest
// prime whose square fits 32 bits. MPICH 4.0 has primes up to that one to divide
// by, and dies of a division by 0 on greater primes than this.
const maxNodes = 46337 * 46337

// Dims arranges nnodes ranks in a grid of ndims dimensions, as near to a cube
// as can be: the dimensions, in descending order, have the product nnodes. It
// is local.
//
// Implements: MPI_Dims_create (MPI 4.1 §8.5.2)
func Dims(nnodes, ndims int) ([]int, error) {
	const op = "Dims"
	if ndims < 0 || ndims > maxDims {
		return nil, argError(op, ErrDims, "ndims is %d, but must be from 0 to %d", ndims, maxDims)
	}
	dims := make([]int, ndims)
	if err := dimsCreate(op, nnodes, dims); err != nil {
		return nil, err
	}
	return dims, nil
}

// DimsCreate is Dims with some dimensions given: it fills in those entries of
// dims that are 0, in descending order, so that the product of all is nnodes.
// The product of the others must divide nnodes. It is local.
//
// Implements: MPI_Dims_create (MPI 4.1 §8.5.2)
func DimsCreate(nnodes int, dims []int) error { return dimsCreate("DimsCreate", nnodes, dims) }

func dimsCreate(op string, nnodes int, dims []int) error {
	if err := usable(op); err != nil {
		return err
	}
	if nnodes < 1 || nnodes > maxNodes {
		return argError(op, ErrArg, "nnodes is %d, but must be from 1 to %d", nnodes, maxNodes)
	}
	rest, free := nnodes, false
	for i, d := range dims {
		switch {
		case d < 0:
			return argError(op, ErrDims, "dims[%d] is %d, but cannot be negative", i, d)
		case d == 0:
			free = true
		case rest%d != 0:
			return argError(op, ErrDims, "dims is %v: the product of the entries that are not 0 does not divide nnodes, which is %d", dims, nnodes)
		default:
			rest /= d
		}
	}
	if !free && rest != 1 {
		return argError(op, ErrDims, "dims is %v: there is no entry of 0 to fill in, and the product is not nnodes, which is %d", dims, nnodes)
	}
	filled := int32s(dims)
	if err := cgo.DimsCreate(op, nnodes, filled); err != nil {
		return err
	}
	copy(dims, widened(filled))
	return nil
}

// Cart is a communicator whose ranks form a grid, of any number of dimensions,
// each of which may be periodic: its ends are neighbours then. Ranks go through
// the grid in row-major order: the last coordinate varies fastest.
//
// In the neighbourhood collectives each rank has two neighbours per dimension,
// the one below before the one above, and ProcNull beyond a border.
//
// The methods of a Cart are local but for Sub, and may be called from any
// goroutine at any time.
type Cart struct {
	*Comm
	dims    []int
	periods []bool
}

// CreateCart arranges the ranks of c in a grid: dims are the numbers of ranks in
// its dimensions, periods says which of those are periodic (nil: none). With
// reorder the library may number the ranks anew, to place neighbours near one
// another. Where c has more ranks than the grid, the last of them get nil.
// Collective over c, all ranks with the same arguments.
//
// Implements: MPI_Cart_create (MPI 4.1 §8.5.1)
func CreateCart(c *Comm, dims []int, periods []bool, reorder bool) (*Cart, error) {
	const op = "CreateCart"
	if err := c.checkCart(op, dims, periods); err != nil {
		return nil, err
	}
	defer c.enters(op).over()
	comm, err := c.child(newComm(cgo.CartCreate(c.h, int32s(dims), periodsOf(dims, periods), reorder)))
	if err != nil || comm == nil {
		return nil, err
	}
	return comm.Cart()
}

// CartMap is the rank that the library advises for this process in a grid of
// all or the first ranks of c, or Undefined if it would have no place in it. It
// is collective over c, as CreateCart, which most programs use instead.
//
// Implements: MPI_Cart_map (MPI 4.1 §8.5.8)
func CartMap(c *Comm, dims []int, periods []bool) (int, error) {
	const op = "CartMap"
	if err := c.checkCart(op, dims, periods); err != nil {
		return Undefined, err
	}
	defer c.enters(op).over()
	return cgo.CartMap(c.h, int32s(dims), periodsOf(dims, periods))
}

// checkCart checks the shape of a grid that is to be made of c.
func (c *Comm) checkCart(op string, dims []int, periods []bool) error {
	if err := c.checkParent(op); err != nil {
		return err
	}
	if periods != nil && len(periods) != len(dims) {
		return argError(op, ErrDims, "periods has %d entries, but dims has %d", len(periods), len(dims))
	}
	n := 1
	for i, d := range dims {
		if d < 1 {
			return argError(op, ErrDims, "dims[%d] is %d, but must be positive", i, d)
		}
		if d > c.size/n {
			return argError(op, ErrDims, "dims is %v, a grid of more ranks than the communicator's %d", dims, c.size)
		}
		n *= d
	}
	return nil
}

// checkParent checks a communicator that is to get a topology.
func (c *Comm) checkParent(op string) error {
	if err := c.check(op); err != nil {
		return err
	}
	return c.checkIntra(op)
}

func periodsOf(dims []int, periods []bool) []int32 {
	if periods == nil {
		return make([]int32, len(dims))
	}
	return flags(periods)
}

// Cart gives c, a communicator with a Cartesian topology such as a Dup of a
// Cart, the methods of one. It is local.
//
// Implements: MPI_Cartdim_get, MPI_Cart_get (MPI 4.1 §8.5.5)
func (c *Comm) Cart() (*Cart, error) {
	if err := c.checkTopology("Comm.Cart", TopoCart); err != nil {
		return nil, err
	}
	n := c.indegree / 2
	dims, periods, coords := make([]int32, n), make([]int32, n), make([]int32, n)
	if err := cgo.CartGet(c.h, dims, periods, coords); err != nil {
		return nil, err
	}
	cart := &Cart{c, widened(dims), make([]bool, n)}
	for i, p := range periods {
		cart.periods[i] = p != 0
	}
	return cart, nil
}

func (c *Comm) checkTopology(op string, want Topology) error {
	if err := c.check(op); err != nil {
		return err
	}
	if c.topology != want {
		return argError(op, ErrTopology, "the communicator's topology is %v, but must be %v", c.topology, want)
	}
	return nil
}

func (c *Cart) check(op string) error {
	if c == nil {
		return (*Comm)(nil).check(op)
	}
	return c.Comm.checkTopology(op, TopoCart)
}

// Free is Comm.Free, also for the nil of a rank that has no place in the grid.
func (c *Cart) Free() error {
	if c == nil {
		return nil
	}
	return c.Comm.Free()
}

// Dims is how many ranks there are in each dimension. The slice is the
// caller's.
func (c *Cart) Dims() []int { return slices.Clone(c.dims) }

// Periods says which dimensions are periodic. The slice is the caller's.
func (c *Cart) Periods() []bool { return slices.Clone(c.periods) }

// Coords is where in the grid rank is.
//
// Implements: MPI_Cart_coords (MPI 4.1 §8.5.5)
func (c *Cart) Coords(rank int) ([]int, error) {
	const op = "Cart.Coords"
	if err := c.check(op); err != nil {
		return nil, err
	}
	if err := c.checkMember(op, rank); err != nil {
		return nil, err
	}
	coords := make([]int32, len(c.dims))
	if err := cgo.CartCoords(c.h, rank, coords); err != nil {
		return nil, err
	}
	return widened(coords), nil
}

// RankAt is the rank at the coordinates, one for each dimension. In a periodic
// dimension any coordinate is good: it is taken modulo the dimension's size.
//
// Implements: MPI_Cart_rank (MPI 4.1 §8.5.5)
func (c *Cart) RankAt(coords ...int) (int, error) {
	const op = "Cart.RankAt"
	if err := c.check(op); err != nil {
		return ProcNull, err
	}
	if len(coords) != len(c.dims) {
		return ProcNull, argError(op, ErrDims, "coords has %d entries, but the grid has %d dimensions", len(coords), len(c.dims))
	}
	at := make([]int32, len(coords))
	for i, x := range coords {
		d := c.dims[i]
		if !c.periods[i] && uint(x) >= uint(d) {
			return ProcNull, argError(op, ErrArg, "coords[%d] is %d, but that dimension, which is not periodic, goes from 0 to %d", i, x, d-1)
		}
		at[i] = int32((x%d + d) % d) // so that it fits
	}
	return cgo.CartRank(c.h, at)
}

// Shift finds the partners of a shift of data along dimension dim: source is
// disp steps below this rank and dest disp steps above (the other way round
// where disp is negative). Beyond the border of a dimension that is not
// periodic they are ProcNull, with which Sendrecv and all other transfers do
// nothing.
//
// Implements: MPI_Cart_shift (MPI 4.1 §8.5.6)
func (c *Cart) Shift(dim, disp int) (source, dest int, err error) {
	const op = "Cart.Shift"
	if err := c.check(op); err != nil {
		return ProcNull, ProcNull, err
	}
	if uint(dim) >= uint(len(c.dims)) {
		return ProcNull, ProcNull, argError(op, ErrDims, "dim is %d, but the grid has %d dimensions, counted from 0", dim, len(c.dims))
	}
	// The same shift in numbers that the library can add up.
	if d := c.dims[dim]; c.periods[dim] {
		disp %= d
	} else {
		disp = max(-d, min(d, disp))
	}
	return cgo.CartShift(c.h, dim, disp)
}

// Sub divides the grid into grids of the dimensions that keep says, and
// returns the one with this rank: the ranks in it have the same coordinates in
// the other dimensions. Without any dimension each rank has a grid of its own.
// Collective over c, all ranks with the same argument.
//
// Implements: MPI_Cart_sub (MPI 4.1 §8.5.7)
func (c *Cart) Sub(keep []bool) (*Cart, error) {
	const op = "Cart.Sub"
	if err := c.check(op); err != nil {
		return nil, err
	}
	if len(keep) != len(c.dims) {
		return nil, argError(op, ErrDims, "keep has %d entries, but the grid has %d dimensions", len(keep), len(c.dims))
	}
	defer c.enters(op).over()
	comm, err := c.child(newComm(cgo.CartSub(c.h, flags(keep))))
	if err != nil {
		return nil, err
	}
	return comm.Cart()
}

// Graph is a communicator whose ranks are the nodes of a graph that every rank
// knows whole. For graphs of many ranks, DistGraph scales better.
//
// A node may have an edge to itself, several to another node, and edges that
// lead one way only. The neighbourhood collectives of a Graph ask for an edge
// back for each edge, however.
//
// The methods of a Graph are local, and may be called from any goroutine at any
// time.
type Graph struct {
	*Comm
	nodes, edges int
}

// CreateGraph makes a graph of the first len(index) ranks of c; the others get
// nil. The neighbours of the nodes stand one after another in edges, and
// index[i] is where those of node i end: node 0 has edges[:index[0]], node 1
// edges[index[0]:index[1]]. With reorder the library may number the ranks anew.
// Collective over c, all ranks with the same arguments.
//
// Implements: MPI_Graph_create (MPI 4.1 §8.5.3)
func CreateGraph(c *Comm, index, edges []int, reorder bool) (*Graph, error) {
	const op = "CreateGraph"
	if err := c.checkGraph(op, index, edges); err != nil {
		return nil, err
	}
	defer c.enters(op).over()
	comm, err := c.child(newComm(cgo.GraphCreate(c.h, int32s(index), int32s(edges), reorder)))
	if err != nil || comm == nil {
		return nil, err
	}
	return comm.Graph()
}

// GraphMap is the rank that the library advises for this process in a graph of
// all or the first ranks of c, or Undefined if it would have no place in it. It
// is collective over c, as CreateGraph, which most programs use instead.
//
// Implements: MPI_Graph_map (MPI 4.1 §8.5.8)
func GraphMap(c *Comm, index, edges []int) (int, error) {
	const op = "GraphMap"
	if err := c.checkGraph(op, index, edges); err != nil {
		return Undefined, err
	}
	if len(index) == 0 {
		return Undefined, nil // Open MPI refuses to say so
	}
	defer c.enters(op).over()
	return cgo.GraphMap(c.h, int32s(index), int32s(edges))
}

// checkGraph checks the nodes and edges of a graph that is to be made of c.
func (c *Comm) checkGraph(op string, index, edges []int) error {
	if err := c.checkParent(op); err != nil {
		return err
	}
	if len(index) > c.size {
		return argError(op, ErrArg, "index has %d entries, but the communicator has %d ranks", len(index), c.size)
	}
	if len(edges) > maxInt32 {
		return argError(op, ErrCount, "edges has %d entries, beyond the %d that MPI can count", len(edges), maxInt32)
	}
	at := 0
	for i, end := range index {
		if end < at || end > len(edges) {
			return argError(op, ErrArg, "index[%d] is %d, but must be from %d, where the node before ends, to len(edges), which is %d", i, end, at, len(edges))
		}
		at = end
	}
	if at != len(edges) {
		return argError(op, ErrArg, "the edges of all nodes end at %d, but len(edges) is %d", at, len(edges))
	}
	for i, e := range edges {
		if uint(e) >= uint(len(index)) {
			return argError(op, ErrRank, "edges[%d] is %d, but the graph's nodes are 0 to %d", i, e, len(index)-1)
		}
	}
	return nil
}

// Graph gives c, a communicator with a graph topology such as a Dup of a Graph,
// the methods of one. It is local.
//
// Implements: MPI_Graphdims_get (MPI 4.1 §8.5.5)
func (c *Comm) Graph() (*Graph, error) {
	if err := c.checkTopology("Comm.Graph", TopoGraph); err != nil {
		return nil, err
	}
	nodes, edges, err := cgo.GraphDims(c.h)
	if err != nil {
		return nil, err
	}
	return &Graph{c, nodes, edges}, nil
}

func (g *Graph) check(op string) error {
	if g == nil {
		return (*Comm)(nil).check(op)
	}
	return g.Comm.checkTopology(op, TopoGraph)
}

// Free is Comm.Free, also for the nil of a rank that has no place in the graph.
func (g *Graph) Free() error {
	if g == nil {
		return nil
	}
	return g.Comm.Free()
}

// Dims is how many nodes and edges the graph has.
func (g *Graph) Dims() (nodes, edges int) { return g.nodes, g.edges }

// Get is what the graph was made of; see CreateGraph. The slices are the
// caller's.
//
// Implements: MPI_Graph_get (MPI 4.1 §8.5.5)
func (g *Graph) Get() (index, edges []int, err error) {
	if err := g.check("Graph.Get"); err != nil {
		return nil, nil, err
	}
	x, e := make([]int32, g.nodes), make([]int32, g.edges)
	if err := cgo.GraphGet(g.h, x, e); err != nil {
		return nil, nil, err
	}
	return widened(x), widened(e), nil
}

// NeighborsCount is the number of edges that leave rank.
//
// Implements: MPI_Graph_neighbors_count (MPI 4.1 §8.5.5)
func (g *Graph) NeighborsCount(rank int) (int, error) {
	return g.count("Graph.NeighborsCount", rank)
}

func (g *Graph) count(op string, rank int) (int, error) {
	if err := g.check(op); err != nil {
		return 0, err
	}
	if err := g.checkMember(op, rank); err != nil {
		return 0, err
	}
	return cgo.GraphNeighborsCount(op, g.h, rank)
}

// Neighbors is where the edges that leave rank lead, in the order in which they
// were given to CreateGraph.
//
// Implements: MPI_Graph_neighbors (MPI 4.1 §8.5.5)
func (g *Graph) Neighbors(rank int) ([]int, error) {
	n, err := g.count("Graph.Neighbors", rank)
	if err != nil {
		return nil, err
	}
	neighbors := make([]int32, n)
	if err := cgo.GraphNeighbors(g.h, rank, neighbors); err != nil {
		return nil, err
	}
	return widened(neighbors), nil
}

// DistGraph is a communicator whose ranks are the nodes of a directed graph, of
// which each rank knows only its own edges. Edges may have weights, which tell
// the library how much is going to travel along them.
//
// The methods of a DistGraph are local, and may be called from any goroutine at
// any time.
type DistGraph struct{ *Comm }

// CreateDistGraph makes a graph of the ranks of c out of edges that any rank may
// name, its own or those of others. From sources[i] edges lead to the next
// degrees[i] of destinations. Weights has one entry for each destination, or is
// nil: either on all ranks that name edges or on none of them; it makes no
// difference on the others. With reorder the library may number the ranks anew.
// Collective over c.
//
// Before the graph is made the ranks agree, by a reduction on c, on whether it
// has weights. If they do not, all of them get an error.
//
// Implements: MPI_Dist_graph_create (MPI 4.1 §8.5.4)
func CreateDistGraph(c *Comm, sources, degrees, destinations, weights []int, reorder bool) (*DistGraph, error) {
	const op = "CreateDistGraph"
	if err := c.checkParent(op); err != nil {
		return nil, err
	}
	if err := c.checkMembers(op, "sources", sources); err != nil {
		return nil, err
	}
	if len(degrees) != len(sources) {
		return nil, argError(op, ErrArg, "degrees has %d entries, but sources has %d", len(degrees), len(sources))
	}
	rest := len(destinations)
	for i, d := range degrees {
		if d < 0 {
			return nil, argError(op, ErrArg, "degrees[%d] is %d, but cannot be negative", i, d)
		}
		if d > rest {
			return nil, argError(op, ErrArg, "degrees up to entry %d sum to more than len(destinations), which is %d", i, len(destinations))
		}
		rest -= d
	}
	if rest > 0 {
		return nil, argError(op, ErrArg, "degrees sum to %d, but len(destinations) is %d", len(destinations)-rest, len(destinations))
	}
	if err := c.checkEdges(op, "destinations", "weights", destinations, weights); err != nil {
		return nil, err
	}
	weighted, err := c.agree(op, len(destinations) > 0, weights != nil)
	if err != nil {
		return nil, err
	}
	defer c.enters(op).over()
	return newDistGraph(c.child(newComm(cgo.DistGraphCreate(c.h, int32s(sources), int32s(degrees), int32s(destinations), int32s(weights), weighted, reorder))))
}

// CreateDistGraphAdjacent makes a graph of the ranks of c, of which each rank
// names its own edges: those that come from sources and those that lead to
// destinations. Each edge is thus named on both ends, as often on the one as on
// the other; the library does not check that. The weights have one entry for
// each edge, the same on both ends, or are nil on both sides: either on all
// ranks with edges or on none of them; it makes no difference on the others.
// With reorder the library may number the ranks anew. Collective over c.
//
// Before the graph is made the ranks agree, by a reduction on c, on whether it
// has weights. If they do not, all of them get an error.
//
// Implements: MPI_Dist_graph_create_adjacent (MPI 4.1 §8.5.4)
func CreateDistGraphAdjacent(c *Comm, sources, sourceWeights, destinations, destWeights []int, reorder bool) (*DistGraph, error) {
	const op = "CreateDistGraphAdjacent"
	if err := c.checkParent(op); err != nil {
		return nil, err
	}
	if err := c.checkEdges(op, "sources", "sourceWeights", sources, sourceWeights); err != nil {
		return nil, err
	}
	if err := c.checkEdges(op, "destinations", "destWeights", destinations, destWeights); err != nil {
		return nil, err
	}
	in, out := len(sources) > 0, len(destinations) > 0
	if in && out && (sourceWeights == nil) != (destWeights == nil) {
		return nil, argError(op, ErrArg, "sourceWeights has %d entries and destWeights %d, but both must be nil, or neither", len(sourceWeights), len(destWeights))
	}
	weighted, err := c.agree(op, in || out, in && sourceWeights != nil || out && destWeights != nil)
	if err != nil {
		return nil, err
	}
	defer c.enters(op).over()
	return newDistGraph(c.child(newComm(cgo.DistGraphCreateAdjacent(c.h, int32s(sources), int32s(sourceWeights), int32s(destinations), int32s(destWeights), weighted, reorder))))
}

func newDistGraph(comm *Comm, err error) (*DistGraph, error) {
	if err != nil {
		return nil, err
	}
	return comm.DistGraph()
}

// checkEdges checks one side of a rank's edges.
func (c *Comm) checkEdges(op, ranksName, weightsName string, ranks, weights []int) error {
	if err := c.checkMembers(op, ranksName, ranks); err != nil {
		return err
	}
	if weights == nil {
		return nil
	}
	if len(weights) != len(ranks) {
		return argError(op, ErrArg, "%s has %d entries, but %s has %d", weightsName, len(weights), ranksName, len(ranks))
	}
	for i, w := range weights {
		if w < 0 || w > maxInt32 {
			return argError(op, ErrArg, "%s[%d] is %d, but must be from 0 to %d", weightsName, i, w, maxInt32)
		}
	}
	return nil
}

// agree says whether a distributed graph has weights. MPI wants the same of all
// ranks (where they differ, Open MPI hangs, and MPICH makes up edges), but in Go
// the natural slice of no weights, on a rank without edges, is nil. So only the
// ranks with edges count.
func (c *Comm) agree(name string, edges, weights bool) (weighted bool, err error) {
	said := []bool{edges && weights, edges && !weights}
	if err := AllreduceInPlace(c, said, op.Lor); err != nil {
		return false, err
	}
	if said[0] && said[1] {
		return false, argError(name, ErrArg, "of the ranks with edges, some give weights and others nil")
	}
	return said[0], nil
}

// DistGraph gives c, a communicator with a distributed graph such as a Dup of a
// DistGraph, the methods of one. It is local.
func (c *Comm) DistGraph() (*DistGraph, error) {
	if err := c.checkTopology("Comm.DistGraph", TopoDistGraph); err != nil {
		return nil, err
	}
	return &DistGraph{c}, nil
}

func (g *DistGraph) check(op string) error {
	if g == nil {
		return (*Comm)(nil).check(op)
	}
	return g.Comm.checkTopology(op, TopoDistGraph)
}

// NeighborsCount is how many edges come to this rank and how many leave it, and
// whether they have weights. It makes no call into C.
//
// Implements: MPI_Dist_graph_neighbors_count (MPI 4.1 §8.5.5)
func (g *DistGraph) NeighborsCount() (indegree, outdegree int, weighted bool) {
	return g.indegree, g.outdegree, g.weighted
}

// Neighbors is where this rank's edges come from and where they lead to, with
// their weights; those are nil where the graph has none. The order is that of
// the neighbourhood collectives' buffers: with CreateDistGraphAdjacent the order
// of its arguments.
//
// Implements: MPI_Dist_graph_neighbors (MPI 4.1 §8.5.5)
func (g *DistGraph) Neighbors() (sources, sourceWeights, destinations, destWeights []int, err error) {
	if err := g.check("DistGraph.Neighbors"); err != nil {
		return nil, nil, nil, nil, err
	}
	in, inW := make([]int32, g.indegree), make([]int32, g.indegree)
	out, outW := make([]int32, g.outdegree), make([]int32, g.outdegree)
	if err := cgo.DistGraphNeighbors(g.h, in, inW, out, outW); err != nil {
		return nil, nil, nil, nil, err
	}
	if g.weighted {
		sourceWeights, destWeights = widened(inW), widened(outW)
	}
	return widened(in), sourceWeights, widened(out), destWeights, nil
}

func (c *Comm) checkMember(op string, rank int) error {
	if uint(rank) < uint(c.size) {
		return nil
	}
	return argError(op, ErrRank, "rank is %d, but the communicator's ranks are 0 to %d", rank, c.size-1)
}

func (c *Comm) checkMembers(op, name string, ranks []int) error {
	if len(ranks) > maxInt32 {
		return argError(op, ErrCount, "%s has %d entries, beyond the %d that MPI can count", name, len(ranks), maxInt32)
	}
	for i, r := range ranks {
		if uint(r) >= uint(c.size) {
			return argError(op, ErrRank, "%s[%d] is %d, but the communicator's ranks are 0 to %d", name, i, r, c.size-1)
		}
	}
	return nil
}

// int32s is s, whose numbers have been checked to fit, as C has it.
func int32s(s []int) []int32 {
	to := make([]int32, len(s))
	for i, x := range s {
		to[i] = int32(x)
	}
	return to
}

func widened(s []int32) []int {
	to := make([]int, len(s))
	for i, x := range s {
		to[i] = int(x)
	}
	return to
}

func flags(s []bool) []int32 {
	to := make([]int32, len(s))
	for i, b := range s {
		if b {
			to[i] = 1
		}
	}
	return to
}
