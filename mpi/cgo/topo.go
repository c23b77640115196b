package cgo

// #include "shim.h"
import "C"

import "unsafe"

// The kinds of topology, as CommInfo has them.
const (
	NoTopology        = C.M4G_NO_TOPOLOGY
	CartTopology      = C.M4G_CART
	GraphTopology     = C.M4G_GRAPH
	DistGraphTopology = C.M4G_DIST_GRAPH
)

// Arrays hold C ints; the library reads or fills them during the call only.

func int32s(s []int32) *C.int { return (*C.int)(unsafe.SliceData(s)) }

// DimsCreate fills in the entries of dims that are 0.
func DimsCreate(op string, nodes int, dims []int32) error {
	return check(op, C.m4g_dims_create(C.int(nodes), C.int(len(dims)), int32s(dims)))
}

// CartCreate makes a grid; ranks that have no place in it get 0.
func CartCreate(c Comm, dims, periods []int32, reorder bool) (Comm, error) {
	return made("CreateCart", C.m4g_cart_create(C.m4g_h(c), C.int(len(dims)), int32s(dims), int32s(periods), flag(reorder)))
}

// CartGet fills in what a grid was made of, and this rank's coordinates.
func CartGet(c Comm, dims, periods, coords []int32) error {
	return check("Comm.Cart", C.m4g_cart_get(C.m4g_h(c), C.int(len(dims)), int32s(dims), int32s(periods), int32s(coords)))
}

// CartCoords fills in the coordinates of rank.
func CartCoords(c Comm, rank int, coords []int32) error {
	return check("Cart.Coords", C.m4g_cart_coords(C.m4g_h(c), C.int(rank), C.int(len(coords)), int32s(coords)))
}

// CartRank is the rank at coords.
func CartRank(c Comm, coords []int32) (int, error) {
	var rank C.int
	rc := C.m4g_cart_rank(C.m4g_h(c), int32s(coords), &rank)
	return int(rank), check("Cart.RankAt", rc)
}

// CartShift finds the ranks disp steps away on both sides.
func CartShift(c Comm, dim, disp int) (source, dest int, err error) {
	var s, d C.int
	rc := C.m4g_cart_shift(C.m4g_h(c), C.int(dim), C.int(disp), &s, &d)
	return int(s), int(d), check("Cart.Shift", rc)
}

// CartSub divides a grid into those of the dimensions whose keep is not 0.
func CartSub(c Comm, keep []int32) (Comm, error) {
	return made("Cart.Sub", C.m4g_cart_sub(C.m4g_h(c), C.int(len(keep)), int32s(keep)))
}

// CartMap is the rank that this process would have in a grid, or Undefined.
func CartMap(c Comm, dims, periods []int32) (int, error) {
	var rank C.int
	rc := C.m4g_cart_map(C.m4g_h(c), C.int(len(dims)), int32s(dims), int32s(periods), &rank)
	return int(rank), check("CartMap", rc)
}

// GraphCreate makes a graph; ranks that have no place in it get 0.
func GraphCreate(c Comm, index, edges []int32, reorder bool) (Comm, error) {
	return made("CreateGraph", C.m4g_graph_create(C.m4g_h(c), C.int(len(index)), int32s(index), int32s(edges), flag(reorder)))
}

// GraphDims is how many nodes and edges a graph has.
func GraphDims(c Comm) (nodes, edges int, err error) {
	var n, e C.int
	rc := C.m4g_graph_dims(C.m4g_h(c), &n, &e)
	return int(n), int(e), check("Comm.Graph", rc)
}

// GraphGet fills in what a graph was made of.
func GraphGet(c Comm, index, edges []int32) error {
	return check("Comm.Graph", C.m4g_graph_get(C.m4g_h(c), C.int(len(index)), C.int(len(edges)), int32s(index), int32s(edges)))
}

// GraphNeighborsCount is the number of rank's neighbours.
func GraphNeighborsCount(op string, c Comm, rank int) (int, error) {
	var n C.int
	rc := C.m4g_graph_neighbors_count(C.m4g_h(c), C.int(rank), &n)
	return int(n), check(op, rc)
}

// GraphNeighbors fills in rank's neighbours.
func GraphNeighbors(c Comm, rank int, neighbors []int32) error {
	return check("Graph.Neighbors", C.m4g_graph_neighbors(C.m4g_h(c), C.int(rank), C.int(len(neighbors)), int32s(neighbors)))
}

// GraphMap is the rank that this process would have in a graph, or Undefined.
func GraphMap(c Comm, index, edges []int32) (int, error) {
	var rank C.int
	rc := C.m4g_graph_map(C.m4g_h(c), C.int(len(index)), int32s(index), int32s(edges), &rank)
	return int(rank), check("GraphMap", rc)
}

// DistGraphCreate makes a graph of edges that any rank may name.
func DistGraphCreate(c Comm, sources, degrees, destinations, weights []int32, weighted, reorder bool) (Comm, error) {
	return made("CreateDistGraph", C.m4g_dist_graph_create(C.m4g_h(c), C.int(len(sources)), int32s(sources), int32s(degrees),
		C.int(len(destinations)), int32s(destinations), int32s(weights), flag(weighted), flag(reorder)))
}

// DistGraphCreateAdjacent makes a graph of which each rank names its own edges.
func DistGraphCreateAdjacent(c Comm, sources, sweights, destinations, dweights []int32, weighted, reorder bool) (Comm, error) {
	return made("CreateDistGraphAdjacent", C.m4g_dist_graph_create_adjacent(C.m4g_h(c), C.int(len(sources)), int32s(sources),
		int32s(sweights), C.int(len(destinations)), int32s(destinations), int32s(dweights), flag(weighted), flag(reorder)))
}

// DistGraphNeighbors fills in this rank's neighbours, and with a weighted graph
// the weights of the edges.
func DistGraphNeighbors(c Comm, sources, sweights, destinations, dweights []int32) error {
	return check("DistGraph.Neighbors", C.m4g_dist_graph_neighbors(C.m4g_h(c), C.int(len(sources)), int32s(sources), int32s(sweights),
		C.int(len(destinations)), int32s(destinations), int32s(dweights)))
}
