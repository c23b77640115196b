#include <stdlib.h>
#include <string.h>

#include "internal.h"

// One shape for every collective: the int form as long as the counts fit, and
// beyond that the MPI-4 twin, or on an MPI-3 library a derived type that holds
// all elements as one (moves), or a loop over parts (reductions, whose
// predefined operations take no derived types).

_Static_assert(sizeof(MPI_Aint) == sizeof(int64_t), "displacements cross as int64_t");

#define IN_PLACE_OR(flag, buf) ((flags & (flag)) ? MPI_IN_PLACE : PTR(buf))

// RUN calls a collective. A library that does not yield while it waits inside
// (MPICH) makes ranks that share a core wait for each other's time slices; when
// they do, the nonblocking form and a wait of our own take its place.
#define RUN(name, iname, ...)                                                                                          \
	(m4g_patient ? (m4g_yield_until(MPI_I##iname(__VA_ARGS__, &req), &req)) : MPI_##name(__VA_ARGS__))

// Stand-ins for the two buffers of an empty reduction: Open MPI 4.1 takes two
// null pointers for the same buffer given twice, and refuses.
static char m4g_none[2];

int m4g_barrier(m4g_h comm)
{
	MPI_Request req;
	return RUN(Barrier, barrier, COMM(comm));
}

int m4g_bcast(m4g_addr buf, int64_t n, m4g_h type, int root, m4g_h comm)
{
	MPI_Request req;
	root = m4g_rank_in(root);
#if M4G_LARGE
	if (n > INT_MAX)
		return RUN(Bcast_c, bcast_c, PTR(buf), n, TYPE(type), root, COMM(comm));
#endif
	m4g_fit f;
	int rc = m4g_fit_in(n, TYPE(type), &f);
	if (rc != MPI_SUCCESS)
		return rc;
	rc = RUN(Bcast, bcast, PTR(buf), f.n, f.t, root, COMM(comm));
	m4g_fit_done(&f);
	return rc;
}

// MOVE runs a collective whose two sides have one count each.
#if M4G_LARGE
#define MOVE(small, large)                                                                                             \
	do {                                                                                                               \
		if (sn > INT_MAX || rn > INT_MAX)                                                                              \
			return large;                                                                                              \
		m4g_fit sf = {(int)sn, TYPE(st), 0}, rf = {(int)rn, TYPE(rt), 0};                                              \
		return small;                                                                                                  \
	} while (0)
#else
#define MOVE(small, large)                                                                                             \
	do {                                                                                                               \
		m4g_fit sf, rf;                                                                                                \
		int rc = m4g_fit_in(sn, TYPE(st), &sf);                                                                        \
		if (rc != MPI_SUCCESS)                                                                                         \
			return rc;                                                                                                 \
		if ((rc = m4g_fit_in(rn, TYPE(rt), &rf)) == MPI_SUCCESS) {                                                     \
			rc = small;                                                                                                \
			m4g_fit_done(&rf);                                                                                         \
		}                                                                                                              \
		m4g_fit_done(&sf);                                                                                             \
		return rc;                                                                                                     \
	} while (0)
#endif

int m4g_gather(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt, int root, m4g_h comm)
{
	MPI_Request req;
	void *sb = IN_PLACE_OR(M4G_IN_PLACE, s);
	root = m4g_rank_in(root);
	MOVE(RUN(Gather, gather, sb, sf.n, sf.t, PTR(r), rf.n, rf.t, root, COMM(comm)),
		RUN(Gather_c, gather_c, sb, sn, TYPE(st), PTR(r), rn, TYPE(rt), root, COMM(comm)));
}

int m4g_scatter(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt, int root, m4g_h comm)
{
	MPI_Request req;
	void *rb = IN_PLACE_OR(M4G_IN_PLACE, r);
	root = m4g_rank_in(root);
	MOVE(RUN(Scatter, scatter, PTR(s), sf.n, sf.t, rb, rf.n, rf.t, root, COMM(comm)),
		RUN(Scatter_c, scatter_c, PTR(s), sn, TYPE(st), rb, rn, TYPE(rt), root, COMM(comm)));
}

int m4g_allgather(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt, m4g_h comm)
{
	MPI_Request req;
	void *sb = IN_PLACE_OR(M4G_IN_PLACE, s);
	MOVE(RUN(Allgather, allgather, sb, sf.n, sf.t, PTR(r), rf.n, rf.t, COMM(comm)),
		RUN(Allgather_c, allgather_c, sb, sn, TYPE(st), PTR(r), rn, TYPE(rt), COMM(comm)));
}

int m4g_alltoall(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt, m4g_h comm)
{
	MPI_Request req;
	void *sb = IN_PLACE_OR(M4G_IN_PLACE, s);
	MOVE(RUN(Alltoall, alltoall, sb, sf.n, sf.t, PTR(r), rf.n, rf.t, COMM(comm)),
		RUN(Alltoall_c, alltoall_c, sb, sn, TYPE(st), PTR(r), rn, TYPE(rt), COMM(comm)));
}

// Counts and displacements of a vector collective, as the library wants them.
#if M4G_LARGE
typedef MPI_Count m4g_n;
typedef MPI_Aint m4g_d;
typedef struct {
	const m4g_n *n;
	const m4g_d *d;
} m4g_vec;
#define RUNV(name, iname, ...) RUN(name##_c, iname##_c, __VA_ARGS__)
#define VN(x) (x)
#else
enum { FEW = 128 };
typedef struct {
	const int *n, *d;
	int *heap;
	int few[2 * FEW];
} m4g_vec;
#define RUNV(name, iname, ...) RUN(name, iname, __VA_ARGS__)
#define VN(x) ((int)(x))
#endif

static int vec_in(m4g_addr counts, m4g_addr displs, int nranks, m4g_vec *v)
{
#if M4G_LARGE
	v->n = (const m4g_n *)counts;
	v->d = (const m4g_d *)displs;
	(void)nranks;
#else
	const int64_t *c = (const int64_t *)counts, *d = (const int64_t *)displs;
	v->heap = NULL;
	v->n = v->d = NULL;
	if (c == NULL)
		return MPI_SUCCESS;
	int *p = v->few;
	if (nranks > FEW && (p = v->heap = malloc(2 * sizeof(int) * (size_t)nranks)) == NULL)
		return MPI_ERR_NO_MEM;
	for (int i = 0; i < nranks; i++) {
		// The Go side has refused what does not fit.
		p[i] = (int)c[i];
		p[nranks + i] = (int)d[i];
	}
	v->n = p;
	v->d = p + nranks;
#endif
	return MPI_SUCCESS;
}

static void vec_done(m4g_vec *v)
{
#if !M4G_LARGE
	free(v->heap);
#else
	(void)v;
#endif
}

int m4g_gatherv(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, m4g_addr counts, m4g_addr displs, int nranks,
	m4g_h rt, int root, m4g_h comm)
{
	MPI_Request req;
	m4g_vec v;
	int rc = vec_in(counts, displs, nranks, &v);
	if (rc != MPI_SUCCESS)
		return rc;
	rc = RUNV(Gatherv, gatherv, IN_PLACE_OR(M4G_IN_PLACE, s), VN(sn), TYPE(st), PTR(r), v.n, v.d, TYPE(rt), m4g_rank_in(root),
		COMM(comm));
	vec_done(&v);
	return rc;
}

int m4g_scatterv(int flags, m4g_addr s, m4g_addr counts, m4g_addr displs, int nranks, m4g_h st, m4g_addr r, int64_t rn,
	m4g_h rt, int root, m4g_h comm)
{
	MPI_Request req;
	m4g_vec v;
	int rc = vec_in(counts, displs, nranks, &v);
	if (rc != MPI_SUCCESS)
		return rc;
	rc = RUNV(Scatterv, scatterv, PTR(s), v.n, v.d, TYPE(st), IN_PLACE_OR(M4G_IN_PLACE, r), VN(rn), TYPE(rt), m4g_rank_in(root),
		COMM(comm));
	vec_done(&v);
	return rc;
}

int m4g_allgatherv(int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, m4g_addr counts, m4g_addr displs, int nranks,
	m4g_h rt, m4g_h comm)
{
	MPI_Request req;
	static const int64_t zero = 0;
	if (nranks == 1 && !(flags & M4G_IN_PLACE)) {
		// MPICH 4.0 ignores the displacement on a communicator of one rank.
		MPI_Aint lb, extent;
		MPI_Type_get_extent(TYPE(rt), &lb, &extent);
		r += *(const int64_t *)displs * extent;
		displs = (m4g_addr)&zero;
	}
	m4g_vec v;
	int rc = vec_in(counts, displs, nranks, &v);
	if (rc != MPI_SUCCESS)
		return rc;
	rc = RUNV(Allgatherv, allgatherv, IN_PLACE_OR(M4G_IN_PLACE, s), VN(sn), TYPE(st), PTR(r), v.n, v.d, TYPE(rt), COMM(comm));
	vec_done(&v);
	return rc;
}

int m4g_alltoallv(int flags, m4g_addr s, m4g_addr scounts, m4g_addr sdispls, m4g_h st, m4g_addr r, m4g_addr rcounts,
	m4g_addr rdispls, m4g_h rt, int nranks, m4g_h comm)
{
	MPI_Request req;
	m4g_vec sv, rv;
	int rc = vec_in(scounts, sdispls, nranks, &sv);
	if (rc != MPI_SUCCESS)
		return rc;
	if ((rc = vec_in(rcounts, rdispls, nranks, &rv)) == MPI_SUCCESS) {
		rc = RUNV(Alltoallv, alltoallv, IN_PLACE_OR(M4G_IN_PLACE, s), sv.n, sv.d, TYPE(st), PTR(r), rv.n, rv.d, TYPE(rt), COMM(comm));
		vec_done(&rv);
	}
	vec_done(&sv);
	return rc;
}

// REDUCE runs a reduction: whole where the count fits, by MPI-4's twin, or in
// parts. Elements are reduced one by one, so parts give the same result.
#if M4G_LARGE
#define REDUCE(small, large)                                                                                           \
	do {                                                                                                               \
		if (n > INT_MAX)                                                                                               \
			return large;                                                                                              \
		int part = (int)n;                                                                                             \
		void *sb = IN_PLACE_OR(M4G_IN_PLACE, n ? s : H(m4g_none)), *rb = n ? PTR(r) : m4g_none + 1;                    \
		return small;                                                                                                  \
	} while (0)
#else
#define REDUCE(small, large)                                                                                           \
	do {                                                                                                               \
		MPI_Aint lb, extent = 0;                                                                                       \
		int rc = MPI_SUCCESS;                                                                                          \
		if (n > INT_MAX && (rc = MPI_Type_get_extent(TYPE(type), &lb, &extent)) != MPI_SUCCESS)                        \
			return rc;                                                                                                 \
		const int64_t most = INT64_C(1) << 30;                                                                         \
		int64_t at = 0;                                                                                                \
		do {                                                                                                           \
			int part = (int)(n <= INT_MAX ? n : n - at < most ? n - at : most);                                        \
			void *sb = IN_PLACE_OR(M4G_IN_PLACE, n ? s + at * extent : H(m4g_none));                                   \
			void *rb = n ? PTR(r ? r + at * extent : 0) : m4g_none + 1;                                                \
			rc = small;                                                                                                \
			at += part;                                                                                                \
		} while (rc == MPI_SUCCESS && at < n);                                                                         \
		return rc;                                                                                                     \
	} while (0)
#endif

// Two bugs of MPICH in reductions, mended here because they give wrong results
// or a crash without a word.
#if defined(MPICH_NUMVERSION) && MPICH_NUMVERSION < 40200000
#define M4G_COPY_IN_PLACE 1 // pmodels/mpich #6540: MPI_Reduce in place, root not 0, more than a few elements
#else
#define M4G_COPY_IN_PLACE 0
#endif
#if defined(MPICH_NUMVERSION) && MPICH_NUMVERSION < 40100000
// pmodels/mpich #6083: MPI_MAX and MPI_MIN compare unsigned integers as signed.
#define EACH(type, cmp)                                                                                                \
	do {                                                                                                               \
		const type *a = in;                                                                                            \
		type *b = inout;                                                                                               \
		for (int i = 0; i < *len; i++)                                                                                 \
			b[i] = a[i] cmp b[i] ? a[i] : b[i];                                                                        \
	} while (0)
#define EXTREME(name, cmp)                                                                                             \
	static void name(void *in, void *inout, int *len, MPI_Datatype *t)                                                 \
	{                                                                                                                  \
		if (*t == MPI_UINT8_T)                                                                                         \
			EACH(uint8_t, cmp);                                                                                        \
		else if (*t == MPI_UINT16_T)                                                                                   \
			EACH(uint16_t, cmp);                                                                                       \
		else if (*t == MPI_UINT32_T)                                                                                   \
			EACH(uint32_t, cmp);                                                                                       \
		else                                                                                                           \
			EACH(uint64_t, cmp);                                                                                       \
	}
EXTREME(max_unsigned, >)
EXTREME(min_unsigned, <)

static MPI_Op m4g_max_unsigned = MPI_OP_NULL, m4g_min_unsigned = MPI_OP_NULL;

int m4g_ops_init(void)
{
	int rc = MPI_Op_create(max_unsigned, 1, &m4g_max_unsigned);
	return rc != MPI_SUCCESS ? rc : MPI_Op_create(min_unsigned, 1, &m4g_min_unsigned);
}

static m4g_h op_for(m4g_h op, m4g_h type)
{
	MPI_Datatype t = TYPE(type);
	if (t == MPI_UINT8_T || t == MPI_UINT16_T || t == MPI_UINT32_T || t == MPI_UINT64_T) {
		if (OP(op) == MPI_MAX)
			return H(m4g_max_unsigned);
		if (OP(op) == MPI_MIN)
			return H(m4g_min_unsigned);
	}
	return op;
}
#else
int m4g_ops_init(void) { return MPI_SUCCESS; }

static inline m4g_h op_for(m4g_h op, m4g_h type)
{
	(void)type;
	return op;
}
#endif

int m4g_reduce(int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, int root, m4g_h comm)
{
	MPI_Request req;
	root = m4g_rank_in(root);
	op = op_for(op, type);
	if (M4G_COPY_IN_PLACE && (flags & M4G_IN_PLACE) && root > 0 && n > 0) {
		MPI_Aint lb, extent;
		MPI_Type_get_extent(TYPE(type), &lb, &extent);
		void *own = malloc(n * extent);
		if (own == NULL)
			return MPI_ERR_NO_MEM;
		memcpy(own, PTR(r), n * extent);
		int rc = m4g_reduce(0, H(own), r, n, type, op, root, comm);
		free(own);
		return rc;
	}
	REDUCE(RUN(Reduce, reduce, sb, rb, part, TYPE(type), OP(op), root, COMM(comm)),
		RUN(Reduce_c, reduce_c, IN_PLACE_OR(M4G_IN_PLACE, s), PTR(r), n, TYPE(type), OP(op), root, COMM(comm)));
}

int m4g_allreduce(int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, m4g_h comm)
{
	MPI_Request req;
	op = op_for(op, type);
	REDUCE(RUN(Allreduce, allreduce, sb, rb, part, TYPE(type), OP(op), COMM(comm)),
		RUN(Allreduce_c, allreduce_c, IN_PLACE_OR(M4G_IN_PLACE, s), PTR(r), n, TYPE(type), OP(op), COMM(comm)));
}

int m4g_scan(int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, m4g_h comm)
{
	MPI_Request req;
	op = op_for(op, type);
	REDUCE(RUN(Scan, scan, sb, rb, part, TYPE(type), OP(op), COMM(comm)),
		RUN(Scan_c, scan_c, IN_PLACE_OR(M4G_IN_PLACE, s), PTR(r), n, TYPE(type), OP(op), COMM(comm)));
}

int m4g_exscan(int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, m4g_h comm)
{
	MPI_Request req;
	op = op_for(op, type);
	REDUCE(RUN(Exscan, exscan, sb, rb, part, TYPE(type), OP(op), COMM(comm)),
		RUN(Exscan_c, exscan_c, IN_PLACE_OR(M4G_IN_PLACE, s), PTR(r), n, TYPE(type), OP(op), COMM(comm)));
}
