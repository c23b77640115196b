#include <stdlib.h>
#include <string.h>

#include "internal.h"

#if defined(OPEN_MPI) && MPI_VERSION < 4
#include <mpi-ext.h>
#endif

// All collectives, by shape: which buffers, counts and types a call has. A
// shape is one function, for the blocking, nonblocking and persistent form and
// for counts of any size. To add a collective, add a line to its shape.

_Static_assert(sizeof(MPI_Aint) == sizeof(int64_t), "displacements cross as int64_t");

// MPI_Start of MPICH 4.0 looks where point-to-point requests have their peer, also
// in a persistent collective, which has nothing there, and does not start it when
// it finds MPI_PROC_NULL, left behind by an earlier request in the same memory.
// Memory that was freed last is used first: what is freed here leaves rank 0. There
// are several because other threads take memory at the same time.
static inline void leave_rank(void)
{
#ifdef MPICH_NUMVERSION
	MPI_Request reqs[8];
	for (int i = 0; i < 8; i++)
		if (MPI_Send_init(NULL, 0, MPI_BYTE, 0, 0, MPI_COMM_SELF, &reqs[i]) != MPI_SUCCESS)
			reqs[i] = MPI_REQUEST_NULL;
	for (int i = 0; i < 8; i++)
		if (reqs[i] != MPI_REQUEST_NULL)
			MPI_Request_free(&reqs[i]);
#endif
}

// The persistent form: MPI-4, or an extension of Open MPI before it.
#if MPI_VERSION >= 4
#define INIT(name, c, ...) (leave_rank(), MPI_##name##_init##c(__VA_ARGS__, MPI_INFO_NULL, &req))
#elif defined(OMPI_HAVE_MPI_EXT_PCOLLREQ)
#define INIT(name, c, ...) MPIX_##name##_init##c(__VA_ARGS__, MPI_INFO_NULL, &req)
#else
#define INIT(name, c, ...) M4G_ERR_UNSUPPORTED
#endif

// RUN calls a collective in the form that mode asks for; c is _c for the twin
// with large counts. A library that does not yield while it waits inside
// (MPICH) makes ranks that share a core wait for each other's time slices; when
// they do, the nonblocking form and a wait of our own replace the blocking one.
#define RUN(name, iname, c, ...)                                                                                       \
	(mode == M4G_BEGIN     ? MPI_I##iname##c(__VA_ARGS__, &req)                                                        \
	 : mode == M4G_PREPARE ? INIT(name, c, __VA_ARGS__)                                                                \
						   : (m4g_in(#name),                                                                           \
								 m4g_patient ? m4g_yield_until(MPI_I##iname##c(__VA_ARGS__, &req), &req)               \
											 : MPI_##name##c(__VA_ARGS__)))

// A blocking call leaves no request.
static inline m4g_made made(int mode, int rc, MPI_Request r)
{
	m4g_out();
	m4g_count();
	m4g_made m = {rc, 0, mode == M4G_BLOCKING || rc != MPI_SUCCESS ? 0 : H(r)};
	return m;
}

m4g_made m4g_barrier(int mode, m4g_h comm)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about(comm);
	int rc = RUN(Barrier, barrier, , COMM(comm));
	return made(mode, rc, req);
}

int m4g_inter_bcast_broken(void)
{
#ifdef MPICH_NUMVERSION
	return 1; // seen in 4.0.2; nobody has said which version is without it
#else
	return 0;
#endif
}

m4g_made m4g_bcast(int mode, m4g_addr buf, int64_t n, m4g_h type, int root, m4g_h comm)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about(comm)->root = root;
	int rc;
	root = m4g_rank_in(root);
#if M4G_LARGE
	if (n > INT_MAX)
		rc = RUN(Bcast, bcast, _c, PTR(buf), n, TYPE(type), root, COMM(comm));
	else
		rc = RUN(Bcast, bcast, , PTR(buf), (int)n, TYPE(type), root, COMM(comm));
#else
	m4g_fit f;
	if ((rc = m4g_fit_in(n, TYPE(type), &f)) == MPI_SUCCESS) {
		rc = RUN(Bcast, bcast, , PTR(buf), f.n, f.t, root, COMM(comm));
		m4g_fit_done(&f);
	}
#endif
	return made(mode, rc, req);
}

// One count for each side.
#define MOVES(c, sn, st, rn, rt)                                                                                       \
	switch (what) {                                                                                                    \
	case M4G_GATHER: rc = RUN(Gather, gather, c, sb, sn, st, rb, rn, rt, root, COMM(comm)); break;                     \
	case M4G_SCATTER: rc = RUN(Scatter, scatter, c, sb, sn, st, rb, rn, rt, root, COMM(comm)); break;                  \
	case M4G_ALLGATHER: rc = RUN(Allgather, allgather, c, sb, sn, st, rb, rn, rt, COMM(comm)); break;                  \
	case M4G_ALLTOALL: rc = RUN(Alltoall, alltoall, c, sb, sn, st, rb, rn, rt, COMM(comm)); break;                     \
	case M4G_NEIGHBOR_ALLGATHER:                                                                                       \
		rc = RUN(Neighbor_allgather, neighbor_allgather, c, sb, sn, st, rb, rn, rt, COMM(comm));                       \
		break;                                                                                                         \
	case M4G_NEIGHBOR_ALLTOALL:                                                                                        \
		rc = RUN(Neighbor_alltoall, neighbor_alltoall, c, sb, sn, st, rb, rn, rt, COMM(comm));                         \
		break;                                                                                                         \
	}

m4g_made m4g_move(int what, int mode, int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt,
	int root, m4g_h comm)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about_part(comm, sn + rn, st, root); // in place, one is 0
	void *sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : PTR(s);
	void *rb = flags & M4G_RECV_IN_PLACE ? MPI_IN_PLACE : PTR(r);
	int rc = MPI_ERR_INTERN;
	root = m4g_rank_in(root);
#if M4G_LARGE
	if (sn > INT_MAX || rn > INT_MAX)
		MOVES(_c, sn, TYPE(st), rn, TYPE(rt))
	else
		MOVES(, (int)sn, TYPE(st), (int)rn, TYPE(rt))
#else
	m4g_fit sf, rf;
	if ((rc = m4g_fit_in(sn, TYPE(st), &sf)) != MPI_SUCCESS)
		return made(mode, rc, req);
	if ((rc = m4g_fit_in(rn, TYPE(rt), &rf)) == MPI_SUCCESS) {
		MOVES(, sf.n, sf.t, rf.n, rf.t)
		m4g_fit_done(&rf);
	}
	m4g_fit_done(&sf);
#endif
	return made(mode, rc, req);
}

// What a pending operation of a shape with arrays keeps until it is complete,
// in one allocation: the arrays as the library wants them, and types made for
// it. m4g_release gives it back.
typedef struct {
	int ntypes;
	MPI_Datatype *types;
	// Aligned for what follows.
	int64_t rest[];
} m4g_keep;

void m4g_release(m4g_addr keep)
{
	m4g_keep *k = (m4g_keep *)keep;
	for (int i = 0; k != NULL && i < k->ntypes; i++)
		MPI_Type_free(&k->types[i]);
	free(k);
}

// Counts and displacements as the library wants them.
#if M4G_LARGE
#define LARGE_C _c
typedef MPI_Count m4g_n;
typedef MPI_Aint m4g_d;
#else
#define LARGE_C
typedef int m4g_n, m4g_d;
#endif

typedef struct {
	const m4g_n *n;
	const m4g_d *d;
} m4g_vec;

// Copies a vector, narrowing it on an MPI-3 library: the Go side has refused
// what does not fit. Without displacements the parts lie one after the other.
// Returns the end of the copy.
static char *vec_copy(char *to, m4g_addr counts, m4g_addr displs, int len, m4g_vec *v)
{
	const int64_t *c = (const int64_t *)counts, *d = (const int64_t *)displs;
	m4g_n *n = (m4g_n *)to;
	m4g_d *at = (m4g_d *)(n + len);
	int64_t packed = 0;
	v->n = NULL;
	v->d = NULL;
	if (c == NULL)
		return to;
	for (int i = 0; i < len; i++) {
		n[i] = (m4g_n)c[i];
		at[i] = (m4g_d)(d != NULL ? d[i] : packed);
		packed += c[i];
	}
	v->n = n;
	v->d = at;
	return (char *)(at + len);
}

static inline size_t vec_size(int len) { return (size_t)len * (sizeof(m4g_n) + sizeof(m4g_d)); }

enum { FEW = 256 }; // entries of both sides that fit on the stack

// PASTE lets LARGE_C, which may be empty, expand before RUN pastes it.
#define RUN2(name, iname, c, ...) RUN(name, iname, c, __VA_ARGS__)
#define RUNV(name, iname, ...) RUN2(name, iname, LARGE_C, __VA_ARGS__)

m4g_made m4g_vector(int what, int mode, int flags, m4g_addr s, int64_t sn, m4g_addr scounts, m4g_addr sdispls,
	int slen, m4g_h st, m4g_addr r, int64_t rn, m4g_addr rcounts, m4g_addr rdispls, int rlen, m4g_h rt, int root,
	m4g_h comm, m4g_addr keep)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about_part(comm, sn, st, root);
	int rc = MPI_ERR_INTERN;
	if (what == M4G_ALLGATHERV && rlen == 1 && rdispls != 0 && !(flags & M4G_SEND_IN_PLACE)) {
		// MPICH 4.0 ignores the displacement on a communicator of one rank.
		MPI_Aint lb, extent;
		MPI_Type_get_extent(TYPE(rt), &lb, &extent);
		r += *(const int64_t *)rdispls * extent;
		rdispls = 0;
	}
	void *sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : PTR(s);
	void *rb = flags & M4G_RECV_IN_PLACE ? MPI_IN_PLACE : PTR(r);
	root = m4g_rank_in(root);

	int64_t few[FEW];
	m4g_keep *k = NULL;
	char *to = (char *)few;
	m4g_vec sv = {NULL, NULL}, rv = {NULL, NULL};
	if (mode != M4G_BLOCKING || vec_size(slen) + vec_size(rlen) > sizeof few) {
		if ((k = calloc(1, sizeof *k + vec_size(slen) + vec_size(rlen))) == NULL)
			return made(mode, MPI_ERR_NO_MEM, req);
		to = (char *)k->rest;
	}
	to = vec_copy(to, scounts, sdispls, slen, &sv);
	vec_copy(to, rcounts, rdispls, rlen, &rv);

	switch (what) {
	case M4G_GATHERV:
		rc = RUNV(Gatherv, gatherv, sb, (m4g_n)sn, TYPE(st), rb, rv.n, rv.d, TYPE(rt), root, COMM(comm));
		break;
	case M4G_SCATTERV:
		rc = RUNV(Scatterv, scatterv, sb, sv.n, sv.d, TYPE(st), rb, (m4g_n)rn, TYPE(rt), root, COMM(comm));
		break;
	case M4G_ALLGATHERV:
		rc = RUNV(Allgatherv, allgatherv, sb, (m4g_n)sn, TYPE(st), rb, rv.n, rv.d, TYPE(rt), COMM(comm));
		break;
	case M4G_ALLTOALLV:
		rc = RUNV(Alltoallv, alltoallv, sb, sv.n, sv.d, TYPE(st), rb, rv.n, rv.d, TYPE(rt), COMM(comm));
		break;
	case M4G_NEIGHBOR_ALLGATHERV:
		rc = RUNV(Neighbor_allgatherv, neighbor_allgatherv, sb, (m4g_n)sn, TYPE(st), rb, rv.n, rv.d, TYPE(rt), COMM(comm));
		break;
	case M4G_NEIGHBOR_ALLTOALLV:
		rc = RUNV(Neighbor_alltoallv, neighbor_alltoallv, sb, sv.n, sv.d, TYPE(st), rb, rv.n, rv.d, TYPE(rt), COMM(comm));
		break;
	}
	if (mode == M4G_BLOCKING || rc != MPI_SUCCESS)
		m4g_release((m4g_addr)k);
	else
		*(m4g_addr *)keep = (m4g_addr)k;
	return made(mode, rc, req);
}

// One side of a call with a buffer, a count and a type for each rank. The
// library wants displacements from one address, in bytes. Those of Alltoallw on
// an MPI-3 library are ints, and Go's buffers may lie further apart: then a
// type made for the purpose holds the distance.
typedef struct {
	char *base;
	m4g_n *n;
	MPI_Aint *a; // for the neighbourhood form
	m4g_d *d;
	MPI_Datatype *t;
} m4g_side;

static size_t side_size(int len)
{
	return (size_t)len * (sizeof(m4g_n) + sizeof(MPI_Aint) + sizeof(m4g_d) + 2 * sizeof(MPI_Datatype)) + 64;
}

static char *aligned(char *p) { return (char *)(((uintptr_t)p + 15) & ~(uintptr_t)15); }

static char *side_in(char *to, m4g_keep *k, int neighbors, m4g_addr parts, int len, m4g_side *x, int *rc)
{
	const m4g_part *p = (const m4g_part *)parts;
	x->a = (MPI_Aint *)aligned(to);
	x->t = (MPI_Datatype *)aligned((char *)(x->a + len));
	x->n = (m4g_n *)aligned((char *)(x->t + len)); // MPICH's types are 4 bytes, and its counts 8
	x->d = (m4g_d *)aligned((char *)(x->n + len));
	x->base = NULL;
	for (int i = 0; i < len; i++)
		if (p[i].n > 0 && (x->base == NULL || PTR(p[i].buf) < (void *)x->base))
			x->base = PTR(p[i].buf);
	for (int i = 0; i < len; i++) {
		x->n[i] = (m4g_n)p[i].n;
		x->t[i] = TYPE(p[i].type);
		x->a[i] = p[i].n > 0 ? (char *)p[i].buf - x->base : 0;
		x->d[i] = (m4g_d)x->a[i];
		if (!neighbors && x->d[i] != x->a[i]) {
			int n = (int)p[i].n;
			MPI_Datatype far;
			if ((*rc = MPI_Type_create_hindexed(1, &n, &x->a[i], TYPE(p[i].type), &far)) != MPI_SUCCESS)
				return NULL;
			k->types[k->ntypes++] = far;
			if ((*rc = MPI_Type_commit(&k->types[k->ntypes - 1])) != MPI_SUCCESS)
				return NULL;
			x->t[i] = k->types[k->ntypes - 1];
			x->n[i] = 1;
			x->d[i] = 0;
		}
	}
	return (char *)(x->d + len);
}

m4g_made m4g_each(int what, int mode, int flags, m4g_addr sparts, int slen, m4g_addr rparts, int rlen, m4g_h comm,
	m4g_addr keep)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about(comm);
	int rc = MPI_SUCCESS, neighbors = what == M4G_NEIGHBOR_ALLTOALLW;
	m4g_side s, r;
	size_t types = (size_t)(slen + rlen) * sizeof(MPI_Datatype);
	m4g_keep *k = calloc(1, sizeof *k + types + side_size(slen) + side_size(rlen));
	if (k == NULL)
		return made(mode, MPI_ERR_NO_MEM, req);
	k->types = (MPI_Datatype *)k->rest;
	char *to = side_in((char *)k->rest + types, k, neighbors, sparts, slen, &s, &rc);
	if (rc == MPI_SUCCESS)
		side_in(to, k, neighbors, rparts, rlen, &r, &rc);
	if (rc == MPI_SUCCESS) {
		void *sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : s.base;
		if (neighbors)
			rc = RUNV(Neighbor_alltoallw, neighbor_alltoallw, sb, s.n, s.a, s.t, r.base, r.n, r.a, r.t, COMM(comm));
		else
			rc = RUNV(Alltoallw, alltoallw, sb, s.n, s.d, s.t, r.base, r.n, r.d, r.t, COMM(comm));
	}
	if (mode == M4G_BLOCKING || rc != MPI_SUCCESS)
		m4g_release((m4g_addr)k);
	else
		*(m4g_addr *)keep = (m4g_addr)k;
	return made(mode, rc, req);
}

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
	if (m4g_max_unsigned != MPI_OP_NULL)
		return MPI_SUCCESS;
	int rc = MPI_Op_create(max_unsigned, 1, &m4g_max_unsigned);
	return rc != MPI_SUCCESS ? rc : MPI_Op_create(min_unsigned, 1, &m4g_min_unsigned);
}

static MPI_Op op_for(m4g_h op, m4g_h type)
{
	MPI_Datatype t = TYPE(type);
	MPI_Op o = OP(op);
	if (o != MPI_MAX && o != MPI_MIN)
		return o;
	if (t != MPI_UINT8_T && t != MPI_UINT16_T && t != MPI_UINT32_T && t != MPI_UINT64_T)
		return o;
	return o == MPI_MAX ? m4g_max_unsigned : m4g_min_unsigned;
}
#else
int m4g_ops_init(void) { return MPI_SUCCESS; }

static inline MPI_Op op_for(m4g_h op, m4g_h type)
{
	(void)type;
	return OP(op);
}
#endif

// Stand-ins for the two buffers of an empty reduction: Open MPI 4.1 takes two
// null pointers for the same buffer given twice, and refuses.
static char m4g_none[2];

#define REDUCES(c, n)                                                                                                  \
	switch (what) {                                                                                                    \
	case M4G_REDUCE: rc = RUN(Reduce, reduce, c, sb, rb, n, TYPE(type), o, root, COMM(comm)); break;                   \
	case M4G_ALLREDUCE: rc = RUN(Allreduce, allreduce, c, sb, rb, n, TYPE(type), o, COMM(comm)); break;                \
	case M4G_SCAN: rc = RUN(Scan, scan, c, sb, rb, n, TYPE(type), o, COMM(comm)); break;                               \
	case M4G_EXSCAN: rc = RUN(Exscan, exscan, c, sb, rb, n, TYPE(type), o, COMM(comm)); break;                         \
	case M4G_REDUCE_SCATTER_BLOCK:                                                                                     \
		rc = RUN(Reduce_scatter_block, reduce_scatter_block, c, sb, rb, n, TYPE(type), o, COMM(comm));                 \
		break;                                                                                                         \
	case M4G_REDUCE_LOCAL: rc = MPI_Reduce_local##c(sb, rb, n, TYPE(type), o); break;                                  \
	}

m4g_made m4g_reduce(int what, int mode, int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, int root,
	m4g_h comm)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about_part(comm, n, type, root);
	m4g_me.op = op;
	MPI_Op o = op_for(op, type);
	int rc = MPI_ERR_INTERN;
	MPI_Aint lb, extent = 0;
	if (M4G_COPY_IN_PLACE && what == M4G_REDUCE && mode == M4G_BLOCKING && (flags & M4G_SEND_IN_PLACE) && root > 0 && n > 0) {
		// The last element may end before the next would begin.
		MPI_Aint first, true_extent;
		if ((rc = MPI_Type_get_extent(TYPE(type), &lb, &extent)) != MPI_SUCCESS ||
			(rc = MPI_Type_get_true_extent(TYPE(type), &first, &true_extent)) != MPI_SUCCESS)
			return made(mode, rc, req);
		int64_t size = (n - 1) * extent + first + true_extent;
		void *own = malloc(size);
		if (own == NULL)
			return made(mode, MPI_ERR_NO_MEM, req);
		memcpy(own, PTR(r), size);
		m4g_made m = m4g_reduce(what, mode, 0, H(own), r, n, type, op, root, comm);
		free(own);
		return m;
	}
	// MPICH before 4.1.1 wants a buffer even where it reads none (pmodels/mpich #6354).
	if (root == M4G_ROOT)
		s = H(m4g_none);
	root = m4g_rank_in(root);
	if (n == 0) {
		int inter = 0;
		s = H(m4g_none);
		r = H(m4g_none + 1);
		// Where the root's group says nothing of the count, Open MPI 4.1 leaves
		// on an empty one without taking part in the numbering of nonblocking
		// collectives, and the next hang: so there is none.
		if (what == M4G_REDUCE && MPI_Comm_test_inter(COMM(comm), &inter) == MPI_SUCCESS && inter) {
			n = 1;
			type = H(MPI_BYTE);
			o = MPI_BOR;
		}
	}
	void *sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : PTR(s), *rb = PTR(r);
	if (n <= INT_MAX) {
		REDUCES(, (int)n)
		return made(mode, rc, req);
	}
#if M4G_LARGE
	REDUCES(_c, n)
#else
	// In parts, which gives the same result, since elements are reduced one by
	// one. The Go side has refused the forms that cannot be split.
	const int64_t most = INT64_C(1) << 30;
	if ((rc = MPI_Type_get_extent(TYPE(type), &lb, &extent)) != MPI_SUCCESS)
		return made(mode, rc, req);
	for (int64_t at = 0; rc == MPI_SUCCESS && at < n; at += most) {
		sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : PTR(s + at * extent);
		rb = PTR(r ? r + at * extent : 0);
		REDUCES(, (int)(n - at < most ? n - at : most))
	}
#endif
	return made(mode, rc, req);
}

m4g_made m4g_reduce_scatter(int mode, int flags, m4g_addr s, m4g_addr r, m4g_addr counts, int len, m4g_h type, m4g_h op,
	m4g_h comm, m4g_addr keep)
{
	MPI_Request req = MPI_REQUEST_NULL;
	m4g_about(comm);
	MPI_Op o = op_for(op, type);
	const int64_t *c = (const int64_t *)counts;
	int64_t all = 0;
	for (int i = 0; i < len; i++)
		all += c[i];
	if (all == 0) {
		s = H(m4g_none);
		r = H(m4g_none + 1);
	}
	void *sb = flags & M4G_SEND_IN_PLACE ? MPI_IN_PLACE : PTR(s);
	m4g_keep *k = calloc(1, sizeof *k + vec_size(len));
	if (k == NULL)
		return made(mode, MPI_ERR_NO_MEM, req);
	m4g_vec v;
	vec_copy((char *)k->rest, counts, 0, len, &v);
	int rc = RUNV(Reduce_scatter, reduce_scatter, sb, PTR(r), v.n, TYPE(type), o, COMM(comm));
	if (mode == M4G_BLOCKING || rc != MPI_SUCCESS)
		m4g_release((m4g_addr)k);
	else
		*(m4g_addr *)keep = (m4g_addr)k;
	return made(mode, rc, req);
}
