#include <stdlib.h>
#include <string.h>

#include "internal.h"

// One-sided communication.

// What a library gets wrong, which cannot be mended here.
//
// MPICH before 4.1: MPI_MAX and MPI_MIN compare unsigned integers as signed
// (pmodels/mpich #6083). An operation of ours cannot stand in, as it does in
// collectives.
//
// Open MPI 4.1: the results of MPI_Get_accumulate are lost when one of the three
// types is derived or has padding, and MPI_Accumulate of more than one pair of a
// value and an index with padding is wrong: with m4g_win_settings always, and without mostly.
int m4g_rma_quirk(void)
{
#if defined(MPICH_NUMVERSION) && MPICH_NUMVERSION < 40100000
	return M4G_SIGNED_EXTREMES;
#elif defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
	return M4G_LOST_RESULTS;
#else
	return 0;
#endif
}

#define RMA(name, rname, ...) (request ? MPI_##rname(__VA_ARGS__, WIN(win), &req) : MPI_##name(__VA_ARGS__, WIN(win)))
#define ORIGIN PTR(o), of.n, of.t
#define RESULT PTR(r), rf.n, rf.t
#define TARGET target, disp, tf.n, tf.t

// Large counts become one element of a type that holds them all, which is legal
// in accumulates, too.
m4g_made m4g_rma(int what, int request, m4g_addr o, int64_t on, m4g_h ot, m4g_addr r, int64_t rn, m4g_h rt, int target,
	int64_t disp, int64_t tn, m4g_h tt, m4g_h op, m4g_h win)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_made m = {MPI_ERR_INTERN, 0, 0};
	m4g_fit of, rf, tf;
	m4g_count();
	if ((m.rc = m4g_fit_in(on, TYPE(ot), &of)) != MPI_SUCCESS)
		return m;
	if ((m.rc = m4g_fit_in(rn, TYPE(rt), &rf)) != MPI_SUCCESS) {
		m4g_fit_done(&of);
		return m;
	}
	if ((m.rc = m4g_fit_in(tn, TYPE(tt), &tf)) == MPI_SUCCESS) {
		switch (what) {
		case M4G_PUT: m.rc = RMA(Put, Rput, ORIGIN, TARGET); break;
		case M4G_GET: m.rc = RMA(Get, Rget, RESULT, TARGET); break;
		case M4G_ACCUMULATE: m.rc = RMA(Accumulate, Raccumulate, ORIGIN, TARGET, OP(op)); break;
		case M4G_GET_ACCUMULATE: m.rc = RMA(Get_accumulate, Rget_accumulate, ORIGIN, RESULT, TARGET, OP(op)); break;
		}
		m4g_fit_done(&tf);
	}
	m4g_fit_done(&rf);
	m4g_fit_done(&of);
	if (m.rc == MPI_SUCCESS && req != MPI_REQUEST_NULL)
		m.h = H(req);
	return m;
}

int m4g_fetch_and_op(m4g_addr o, m4g_addr r, m4g_h type, int target, int64_t disp, m4g_h op, m4g_h win)
{
	m4g_count();
	return MPI_Fetch_and_op(PTR(o), PTR(r), TYPE(type), target, disp, OP(op), WIN(win));
}

#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
// Open MPI 4.1 crashes when a rank compares and swaps 8 bytes of its own: it takes
// them for another's, whom its transport can reach. Within one host that
// transport updates them by atomic operations of the processor, and so can we.
static int swapped(m4g_addr o, m4g_addr c, m4g_addr r, m4g_h type, m4g_addr own)
{
	const char *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE"), *all = getenv("OMPI_COMM_WORLD_SIZE");
	int size = 0;
	if (own == 0 || own % 8 != 0 || here == NULL || all == NULL || strcmp(here, all) != 0 ||
		MPI_Type_size(TYPE(type), &size) != MPI_SUCCESS || size != 8)
		return 0;
	uint64_t was, new;
	memcpy(&was, PTR(c), 8);
	memcpy(&new, PTR(o), 8);
	__atomic_compare_exchange_n((uint64_t *)own, &was, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	memcpy(PTR(r), &was, 8); // what it was, also where it was equal
	return 1;
}
#else
static int swapped(m4g_addr o, m4g_addr c, m4g_addr r, m4g_h type, m4g_addr own)
{
	(void)o, (void)c, (void)r, (void)type, (void)own;
	return 0;
}
#endif

// Own is the address of the element, if it is this rank's and not shared.
int m4g_compare_and_swap(m4g_addr o, m4g_addr c, m4g_addr r, m4g_h type, int target, int64_t disp, m4g_addr own, m4g_h win)
{
	m4g_count();
	if (swapped(o, c, r, type, own))
		return MPI_SUCCESS;
	return MPI_Compare_and_swap(PTR(o), PTR(c), PTR(r), TYPE(type), target, disp, WIN(win));
}
