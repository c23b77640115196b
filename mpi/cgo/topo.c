#include "internal.h"

// Arrays of ints are the caller's, for the time of the call.

int m4g_topology(MPI_Comm c, int rank, m4g_comminfo *out)
{
	int kind = MPI_UNDEFINED, n = 0, weighted = 0;
	int rc = MPI_Topo_test(c, &kind);
	if (rc != MPI_SUCCESS || kind == MPI_UNDEFINED)
		return rc;
	if (kind == MPI_CART) {
		out->topology = M4G_CART;
		rc = MPI_Cartdim_get(c, &n);
		out->indegree = out->outdegree = 2 * n;
	} else if (kind == MPI_GRAPH) {
		out->topology = M4G_GRAPH;
		rc = MPI_Graph_neighbors_count(c, rank, &n);
		out->indegree = out->outdegree = n;
	} else if (kind == MPI_DIST_GRAPH) {
		out->topology = M4G_DIST_GRAPH;
		int in = 0, to = 0;
		rc = MPI_Dist_graph_neighbors_count(c, &in, &to, &weighted);
		out->indegree = in;
		out->outdegree = to;
		out->weighted = weighted;
	}
	return rc;
}

int m4g_dims_create(int nodes, int n, int *dims) { return MPI_Dims_create(nodes, n, dims); }

m4g_made m4g_cart_create(m4g_h comm, int n, const int *dims, const int *periods, int reorder)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Cart_create(COMM(comm), n, dims, periods, reorder, &c);
	return m4g_made_comm(rc, c);
}

int m4g_cart_get(m4g_h comm, int n, int *dims, int *periods, int *coords)
{
	return MPI_Cart_get(COMM(comm), n, dims, periods, coords);
}

int m4g_cart_coords(m4g_h comm, int rank, int n, int *coords) { return MPI_Cart_coords(COMM(comm), rank, n, coords); }

int m4g_cart_rank(m4g_h comm, const int *coords, int *rank) { return MPI_Cart_rank(COMM(comm), coords, rank); }

int m4g_cart_shift(m4g_h comm, int dim, int disp, int *source, int *dest)
{
	int rc = MPI_Cart_shift(COMM(comm), dim, disp, source, dest);
	*source = m4g_rank_out(*source);
	*dest = m4g_rank_out(*dest);
	return rc;
}

// Without any dimension each rank is a grid of its own. MPICH 4.0 gives one to
// rank 0 only, and MPI_COMM_NULL to the others.
static int cart_sub_none(MPI_Comm cart, MPI_Comm *out)
{
	int none = 0, rank;
	MPI_Comm alone;
	int rc = MPI_Comm_rank(cart, &rank);
	if (rc != MPI_SUCCESS || (rc = MPI_Comm_split(cart, rank, 0, &alone)) != MPI_SUCCESS)
		return rc;
	rc = MPI_Cart_create(alone, 0, &none, &none, 0, out);
	MPI_Comm_free(&alone);
	return rc;
}

m4g_made m4g_cart_sub(m4g_h comm, int n, const int *keep)
{
	MPI_Comm c = MPI_COMM_NULL;
	int some = 0;
	for (int i = 0; i < n; i++)
		some |= keep[i];
	int rc = some ? MPI_Cart_sub(COMM(comm), keep, &c) : cart_sub_none(COMM(comm), &c);
	return m4g_made_comm(rc, c);
}

// What a map of places says. Open MPI 4.1 gives ranks beyond the last place,
// which are left out, their own rank back.
static int mapped(int rc, int places, int *rank)
{
	if (*rank == MPI_UNDEFINED || *rank >= places)
		*rank = M4G_UNDEFINED;
	return rc;
}

int m4g_cart_map(m4g_h comm, int n, const int *dims, const int *periods, int *rank)
{
	int places = 1;
	for (int i = 0; i < n; i++)
		places *= dims[i];
	return mapped(MPI_Cart_map(COMM(comm), n, dims, periods, rank), places, rank);
}

m4g_made m4g_graph_create(m4g_h comm, int n, const int *index, const int *edges, int reorder)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Graph_create(COMM(comm), n, index, edges, reorder, &c);
	return m4g_made_comm(rc, c);
}

int m4g_graph_dims(m4g_h comm, int *nodes, int *edges) { return MPI_Graphdims_get(COMM(comm), nodes, edges); }

int m4g_graph_get(m4g_h comm, int nodes, int nedges, int *index, int *edges)
{
	return MPI_Graph_get(COMM(comm), nodes, nedges, index, edges);
}

int m4g_graph_neighbors_count(m4g_h comm, int rank, int *n) { return MPI_Graph_neighbors_count(COMM(comm), rank, n); }

int m4g_graph_neighbors(m4g_h comm, int rank, int n, int *neighbors)
{
	return MPI_Graph_neighbors(COMM(comm), rank, n, neighbors);
}

int m4g_graph_map(m4g_h comm, int n, const int *index, const int *edges, int *rank)
{
	return mapped(MPI_Graph_map(COMM(comm), n, index, edges, rank), n, rank);
}

// n weights as the library takes them: a rank without edges has a sentinel of
// its own, which tells an unweighted graph from a weighted one.
static const int *weights_in(int weighted, int n, const int *w)
{
	return !weighted ? MPI_UNWEIGHTED : n == 0 ? MPI_WEIGHTS_EMPTY : w;
}

m4g_made m4g_dist_graph_create(m4g_h comm, int n, const int *sources, const int *degrees, int edges,
	const int *destinations, const int *weights, int weighted, int reorder)
{
	MPI_Comm c = MPI_COMM_NULL, on = COMM(comm);
#ifdef OPEN_MPI
	// Open MPI 4.1 hangs when calls of this kind and others that make communicators
	// follow one another on one communicator: not on a fresh duplicate.
	int dup = MPI_Comm_dup(COMM(comm), &on);
	if (dup != MPI_SUCCESS)
		return m4g_made_comm(dup, c);
	// Asked to number the ranks of several hosts anew, which it need not do, it ends
	// the process (open-mpi/ompi #10969).
	if (OMPI_MAJOR_VERSION < 5)
		reorder = 0;
#endif
	int rc = MPI_Dist_graph_create(on, n, sources, degrees, destinations, weights_in(weighted, edges, weights),
		MPI_INFO_NULL, reorder, &c);
#ifdef OPEN_MPI
	MPI_Comm_free(&on);
#endif
	return m4g_made_comm(rc, c);
}

m4g_made m4g_dist_graph_create_adjacent(m4g_h comm, int in, const int *sources, const int *sweights, int out,
	const int *destinations, const int *dweights, int weighted, int reorder)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Dist_graph_create_adjacent(COMM(comm), in, sources, weights_in(weighted, in, sweights), out, destinations,
		weights_in(weighted, out, dweights), MPI_INFO_NULL, reorder, &c);
	return m4g_made_comm(rc, c);
}

int m4g_dist_graph_neighbors(m4g_h comm, int in, int *sources, int *sweights, int out, int *destinations, int *dweights)
{
	return MPI_Dist_graph_neighbors(COMM(comm), in, sources, sweights, out, destinations, dweights);
}
