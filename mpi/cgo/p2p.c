#include "internal.h"

#ifdef CLOCK_MONOTONIC_COARSE
#define COARSE CLOCK_MONOTONIC_COARSE
#else
#define COARSE CLOCK_MONOTONIC
#endif

int m4g_fit_large(int64_t n, MPI_Datatype t, m4g_fit *out)
{
	// Blocks of 2^28 elements, so that neither the block nor their number
	// nears INT_MAX, and the rest as a second field of a struct.
	const int64_t block = INT64_C(1) << 28;
	MPI_Aint lb, extent;
	int rc = MPI_Type_get_extent(t, &lb, &extent);
	if (rc != MPI_SUCCESS)
		return rc;
	if (n / block > INT_MAX)
		return MPI_ERR_COUNT;
	MPI_Datatype b, types[2], big;
	if ((rc = MPI_Type_contiguous((int)block, t, &b)) != MPI_SUCCESS)
		return rc;
	int lens[2] = {(int)(n / block), (int)(n % block)};
	MPI_Aint displs[2] = {0, (n / block) * block * extent};
	types[0] = b;
	types[1] = t;
	rc = MPI_Type_create_struct(2, lens, displs, types, &big);
	MPI_Type_free(&b);
	if (rc != MPI_SUCCESS)
		return rc;
	if ((rc = MPI_Type_commit(&big)) != MPI_SUCCESS) {
		MPI_Type_free(&big);
		return rc;
	}
	out->n = 1;
	out->t = big;
	out->made = 1;
	return MPI_SUCCESS;
}

// Posts one operation; the expression for an int count and its MPI-4 twin
// stand side by side.
#if M4G_LARGE
#define POST(rc, small, large)                                                                                         \
	do {                                                                                                               \
		rc = n <= INT_MAX ? (small) : (large);                                                                         \
	} while (0)
#define N ((int)n)
#define T TYPE(type)
#else
#define POST(rc, small, large)                                                                                         \
	do {                                                                                                               \
		m4g_fit fit;                                                                                                   \
		if ((rc = m4g_fit_in(n, TYPE(type), &fit)) == MPI_SUCCESS) {                                                   \
			rc = (small);                                                                                              \
			m4g_fit_done(&fit);                                                                                        \
		}                                                                                                              \
	} while (0)
#define N fit.n
#define T fit.t
#endif

// Set while a thread is posting or testing: see Busy in p2p.go. Plain stores,
// because a counter would cost each small message 10 ns. Who found it set leaves
// it alone: so those who are stuck behind a lock with others are no more when one
// of them gets through.
int32_t m4g_busy;

// Set every few milliseconds by a thread that goes on calling: see Due in
// p2p.go. The clock is the coarse one, which costs no more than a load or two.
int32_t m4g_due;

void m4g_look(void)
{
	static _Thread_local int64_t last;
	struct timespec ts;
	clock_gettime(COARSE, &ts);
	int64_t now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	if (now - last < 5000000)
		return;
	last = now;
	__atomic_store_n(&m4g_due, 1, __ATOMIC_RELAXED);
}

static int post_send(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm, MPI_Request *r)
{
	int rc;
	m4g_count();
	dest = m4g_rank_in(dest);
	switch (mode) {
	case 1:
		POST(rc, MPI_Issend(PTR(buf), N, T, dest, tag, COMM(comm), r),
			MPI_Issend_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), r));
		break;
	case 2:
		POST(rc, MPI_Irsend(PTR(buf), N, T, dest, tag, COMM(comm), r),
			MPI_Irsend_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), r));
		break;
	default:
		POST(rc, MPI_Isend(PTR(buf), N, T, dest, tag, COMM(comm), r),
			MPI_Isend_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), r));
	}
	return rc;
}

static int post_recv(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm, MPI_Request *r)
{
	int rc;
	m4g_count();
	source = m4g_rank_in(source);
	tag = m4g_tag_in(tag);
	POST(rc, MPI_Irecv(PTR(buf), N, T, source, tag, COMM(comm), r),
		MPI_Irecv_c(PTR(buf), n, TYPE(type), source, tag, COMM(comm), r));
	return rc;
}

// Whether a thread of this process is in the loop below. One is enough: when a
// thousand goroutines arrive together, each spinning for its turn would keep a
// thread of its own, and the first could not get back to Go to poll for all.
static int spinning;

// Tests r until it completes, which it says in *done, or spin nanoseconds are
// over. A request that failed is done, too.
int m4g_spin_test(MPI_Request *r, int64_t spin, int *done, MPI_Status *st)
{
	int flag = 0, rc = MPI_Test(r, &flag, st);
	*done = flag || rc != MPI_SUCCESS;
	if (*done || spin <= 0)
		return rc;
	if (__atomic_exchange_n(&spinning, 1, __ATOMIC_ACQUIRE))
		return rc;
	m4g_bound b = {spin};
	do
		rc = MPI_Test(r, &flag, st);
	while (!flag && rc == MPI_SUCCESS && !m4g_over(&b, 1));
	*done = flag || rc != MPI_SUCCESS;
	__atomic_store_n(&spinning, 0, __ATOMIC_RELEASE);
	return rc;
}

m4g_made m4g_send(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm, int64_t spin)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int done = 1, rc = post_send(mode, buf, n, type, dest, tag, comm, &r);
	if (rc == MPI_SUCCESS)
		rc = m4g_spin_test(&r, spin, &done, MPI_STATUS_IGNORE);
	m4g_busy_over(mine);
	m4g_made m = {rc, 0, done ? 0 : H(r)};
	return m;
}

m4g_brief m4g_posted(int rc, MPI_Request r, int64_t spin)
{
	m4g_status s = {0};
	MPI_Status st;
	s.rc = rc;
	if (rc == MPI_SUCCESS) {
		int done, failed = m4g_spin_test(&r, spin, &done, &st);
		if (!done)
			return m4g_pending(r);
		m4g_received(&st, failed, &s);
	}
	return m4g_brief_of(&s);
}

m4g_brief m4g_recv(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm, int64_t spin)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int rc = post_recv(buf, n, type, source, tag, comm, &r);
	m4g_brief b = m4g_posted(rc, r, spin);
	m4g_busy_over(mine);
	return b;
}

m4g_made m4g_isend(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int rc = post_send(mode, buf, n, type, dest, tag, comm, &r);
	m4g_busy_over(mine);
	m4g_made m = {rc, 0, H(r)};
	return m;
}

// A message of two pieces of memory, wherever they are. The library keeps the
// datatype for as long as it needs it.
m4g_made m4g_isend_pieces(m4g_addr a, int64_t na, m4g_addr b, int64_t nb, int dest, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	MPI_Datatype t = MPI_DATATYPE_NULL;
	m4g_fit f = {0}, g = {0};
	int rc = m4g_fit_in(na, MPI_BYTE, &f);
	if (rc == MPI_SUCCESS && (rc = m4g_fit_in(nb, MPI_BYTE, &g)) == MPI_SUCCESS) {
		int lens[] = {f.n, g.n};
		MPI_Aint at[] = {(MPI_Aint)a, (MPI_Aint)b};
		MPI_Datatype types[] = {f.t, g.t};
		rc = MPI_Type_create_struct(2, lens, at, types, &t);
		m4g_fit_done(&g);
	}
	m4g_fit_done(&f);
	if (rc == MPI_SUCCESS && (rc = MPI_Type_commit(&t)) == MPI_SUCCESS)
		rc = MPI_Isend(MPI_BOTTOM, 1, t, m4g_rank_in(dest), tag, COMM(comm), &r);
	if (t != MPI_DATATYPE_NULL)
		MPI_Type_free(&t);
	m4g_made m = {rc, 0, H(r)};
	return m;
}

m4g_made m4g_irecv(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int rc = post_recv(buf, n, type, source, tag, comm, &r);
	m4g_busy_over(mine);
	m4g_made m = {rc, 0, H(r)};
	return m;
}

m4g_made m4g_send_init(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int rc;
	dest = m4g_rank_in(dest);
	switch (mode) {
	case 1:
		POST(rc, MPI_Ssend_init(PTR(buf), N, T, dest, tag, COMM(comm), &r),
			MPI_Ssend_init_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), &r));
		break;
	case 2:
		POST(rc, MPI_Rsend_init(PTR(buf), N, T, dest, tag, COMM(comm), &r),
			MPI_Rsend_init_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), &r));
		break;
	default:
		POST(rc, MPI_Send_init(PTR(buf), N, T, dest, tag, COMM(comm), &r),
			MPI_Send_init_c(PTR(buf), n, TYPE(type), dest, tag, COMM(comm), &r));
	}
	m4g_made m = {rc, 0, H(r)};
	return m;
}

m4g_made m4g_recv_init(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int rc;
	source = m4g_rank_in(source);
	tag = m4g_tag_in(tag);
	POST(rc, MPI_Recv_init(PTR(buf), N, T, source, tag, COMM(comm), &r),
		MPI_Recv_init_c(PTR(buf), n, TYPE(type), source, tag, COMM(comm), &r));
	m4g_made m = {rc, 0, H(r)};
	return m;
}

// The receive is posted first: a message that is already on its way then needs
// no unexpected buffer.
static m4g_pair sendrecv(m4g_addr sbuf, int64_t sn, m4g_h stype, int dest, int stag, m4g_addr rbuf, int64_t rn,
	m4g_h rtype, int source, int rtag, m4g_h comm, int64_t spin)
{
	m4g_pair p = {{0}};
	MPI_Request s = MPI_REQUEST_NULL, r = MPI_REQUEST_NULL;
	MPI_Status st;
	p.st.rc = post_recv(rbuf, rn, rtype, source, rtag, comm, &r);
	if (p.st.rc != MPI_SUCCESS)
		return p;
	p.src = post_send(0, sbuf, sn, stype, dest, stag, comm, &s);
	if (p.src != MPI_SUCCESS) {
		// The receive must not outlive the call: its buffer is the caller's.
		MPI_Cancel(&r);
		MPI_Wait(&r, MPI_STATUS_IGNORE);
		return p;
	}
	int done;
	p.st.rc = m4g_spin_test(&r, spin, &done, &st);
	if (done)
		m4g_received(&st, p.st.rc, &p.st);
	else
		p.rreq = H(r);
	p.src = m4g_spin_test(&s, p.rreq ? 0 : spin, &done, MPI_STATUS_IGNORE);
	if (!done)
		p.sreq = H(s);
	return p;
}

m4g_pair m4g_sendrecv(m4g_addr sbuf, int64_t sn, m4g_h stype, int dest, int stag, m4g_addr rbuf, int64_t rn,
	m4g_h rtype, int source, int rtag, m4g_h comm, int64_t spin)
{
	int mine = m4g_busy_begin();
	m4g_pair p = sendrecv(sbuf, sn, stype, dest, stag, rbuf, rn, rtype, source, rtag, comm, spin);
	m4g_busy_over(mine);
	return p;
}

// A probe that finds nothing is pending.
m4g_brief m4g_iprobe(int source, int tag, m4g_h comm, int64_t spin)
{
	m4g_status s = {0};
	MPI_Status st;
	int flag = 0;
	m4g_bound b = {spin};
	source = m4g_rank_in(source);
	tag = m4g_tag_in(tag);
	int rc, mine = m4g_busy_begin();
	do
		rc = MPI_Iprobe(source, tag, COMM(comm), &flag, &st);
	while (!flag && rc == MPI_SUCCESS && !m4g_over(&b, 1));
	m4g_busy_over(mine);
	if (rc == MPI_SUCCESS && !flag)
		return m4g_pending(MPI_REQUEST_NULL);
	s.rc = rc;
	if (rc == MPI_SUCCESS)
		m4g_received(&st, rc, &s);
	return m4g_brief_of(&s);
}
