// What the shim's C files share; Go does not see it.

#ifndef M4G_INTERNAL_H
#define M4G_INTERNAL_H

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "shim.h"

// Handles are pointers in Open MPI and ints in MPICH; one cast serves both.
#define H(x) ((m4g_h)(x))
#define COMM(x) ((MPI_Comm)(x))
#define TYPE(x) ((MPI_Datatype)(x))
#define OP(x) ((MPI_Op)(x))
#define REQ(x) ((MPI_Request)(x))
#define MESSAGE(x) ((MPI_Message)(x))
#define WIN(x) ((MPI_Win)(x))
#define PTR(x) ((void *)(x))

// MPI-4 has a twin with 64-bit counts for every call (MPI_Send_c).
#if MPI_VERSION >= 4
#define M4G_LARGE 1
#else
#define M4G_LARGE 0
#endif

static inline int m4g_rank_in(int r)
{
	if (r >= 0)
		return r;
	switch (r) {
	case M4G_PROC_NULL:
		return MPI_PROC_NULL;
	case M4G_ROOT:
		return MPI_ROOT;
	}
	return MPI_ANY_SOURCE;
}

static inline int m4g_rank_out(int r)
{
	if (r >= 0)
		return r;
	return r == MPI_PROC_NULL ? M4G_PROC_NULL : M4G_ANY_SOURCE;
}

static inline int m4g_tag_in(int t) { return t == M4G_ANY_TAG ? MPI_ANY_TAG : t; }

// env.c: calls start, which initialises MPI, and puts the signals in order after
// it.
int m4g_initialise(int (*start)(void *), void *arg);

// session.c: MPI_Init_thread was called for the sake of sessions. The program
// does not know, and may call Init yet.
extern int m4g_hidden_world;

// info.c: all pairs of info, in the form that m4g_info_make takes, to be freed;
// and those of what a call that returned rc made, which is freed.
int m4g_pairs_of(MPI_Info info, char **out, int64_t *len);
int m4g_pairs_out(int rc, MPI_Info info, char **out, int64_t *len);
static inline MPI_Info m4g_info_in(m4g_h info) { return info == 0 ? MPI_INFO_NULL : (MPI_Info)info; }

// group.c: what leaves C for a new group, and the order of Comparison in
// mpi/group.go.
m4g_groupinfo m4g_made_group(int rc, MPI_Group g);
int m4g_comparison(int result);

// What leaves C for a text that a call wrote: its length, or minus the return
// code. MPICH counts the terminating zero of some.
static inline int m4g_text_out(int rc, const char *s, int n, char *buf, int len)
{
	if (rc != MPI_SUCCESS)
		return -rc;
	n = (int)strnlen(s, n < len ? n : len);
	memcpy(buf, s, n);
	return n;
}

static inline int64_t m4g_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// The status of a completed receive.
void m4g_received(const MPI_Status *st, int rc, m4g_status *out);
m4g_brief m4g_brief_of(const m4g_status *s);
m4g_brief m4g_pending(MPI_Request r);

// Around what a thread does when it posts or tests; see m4g_busy in p2p.c.
static inline int m4g_busy_begin(void)
{
	if (__atomic_load_n(&m4g_busy, __ATOMIC_RELAXED))
		return 0;
	__atomic_store_n(&m4g_busy, 1, __ATOMIC_RELAXED);
	return 1;
}
static inline void m4g_busy_over(int mine)
{
	if (mine)
		__atomic_store_n(&m4g_busy, 0, __ATOMIC_RELAXED);
}

// What there is of a thread: how many calls it has made (see m4g_due in p2p.c),
// and the blocking collective that it is in. Others read it: see siblings.c. It is
// written with plain stores, because a small collective is paid for by the
// instruction.
typedef struct m4g_thread {
	uint32_t calls;
	int listed;
	const char *in; // the call, NULL for none
	m4g_h comm, type, op;
	int64_t n;
	int root;
	struct m4g_thread *next;
} m4g_thread;
extern _Thread_local m4g_thread m4g_me;

// Says that a call has been made.
void m4g_look(void);
static inline void m4g_count(void)
{
	if ((++m4g_me.calls & 7) == 0)
		m4g_look();
}

// The next collective of this thread is on comm. What else readers need of it is
// stored beside: n, type and op where all give and get parts, and root.
m4g_thread *m4g_list(void);
static inline m4g_thread *m4g_about(m4g_h comm)
{
	m4g_thread *me = &m4g_me;
	if (__builtin_expect(!me->listed, 0))
		me = m4g_list();
	me->comm = comm;
	return me;
}
static inline void m4g_about_part(m4g_h comm, int64_t n, m4g_h type, int root)
{
	m4g_thread *me = m4g_about(comm);
	me->n = n;
	me->type = type;
	me->root = root;
}

// Around a call that waits for other ranks.
static inline void m4g_in(const char *call) { __atomic_store_n(&m4g_me.in, call, __ATOMIC_RELEASE); }
static inline void m4g_out(void) { __atomic_store_n(&m4g_me.in, NULL, __ATOMIC_RELAXED); }

// Tests r until it is done or spin nanoseconds are over; in p2p.c.
int m4g_spin_test(MPI_Request *r, int64_t spin, int *done, MPI_Status *st);
// What leaves C for a blocking receive that was posted with rc; in p2p.c.
m4g_brief m4g_posted(int rc, MPI_Request r, int64_t spin);

// A count made to fit the library's calls: n elements of type t. Beyond int,
// an MPI-3 library gets one element of a type that holds them all.
typedef struct {
	int n;
	MPI_Datatype t;
	int made;
} m4g_fit;

int m4g_fit_large(int64_t n, MPI_Datatype t, m4g_fit *out);

static inline int m4g_fit_in(int64_t n, MPI_Datatype t, m4g_fit *out)
{
	if (n <= INT_MAX) {
		out->n = (int)n;
		out->t = t;
		out->made = 0;
		return MPI_SUCCESS;
	}
	return m4g_fit_large(n, t, out);
}

// A pending operation keeps its own reference to the type: freeing here is legal.
static inline void m4g_fit_done(m4g_fit *f)
{
	if (f->made)
		MPI_Type_free(&f->t);
}

// What leaves C for a new communicator; in comm.c.
m4g_made m4g_made_comm(int rc, MPI_Comm c);

// intersplit.c: stands in for MPI_Comm_split of an intercommunicator in MPICH
// before 4.3.
#if defined(MPICH_NUMVERSION) && MPICH_NUMVERSION < 40300000
#define M4G_SPLIT_BROKEN 1
#else
#define M4G_SPLIT_BROKEN 0
#endif
int m4g_inter_split(MPI_Comm comm, int color, int key, MPI_Comm *out);

// Adds to out what there is to know of c's topology; in topo.c.
int m4g_topology(MPI_Comm c, int rank, m4g_comminfo *out);

// Called when MPI is initialised, and again when sessions have done so before
// Init; in coll.c.
int m4g_ops_init(void);

// Says to the library, before it is initialised, what windows need; in win.c.
void m4g_win_settings(void);

// Keeps C's memory together; in memory.c, before the library is initialised.
void m4g_few_arenas(void);

// Whether windows of c over its own memory must do without the library; in
// winalone.c.
int m4g_alone(MPI_Comm c);

// Set once, at Init: yield to other ranks while waiting inside a collective.
extern int m4g_patient;

// Whether ranks share cores. Then who tests again and again gives the core up in
// between, unless the library does so itself when it has nothing to do.
extern int m4g_shared;
enum { ALONE, SHARES, YIELDS };
static inline void m4g_share(void)
{
	if (m4g_shared == SHARES)
		sched_yield();
}
int m4g_yield_until(int rc, MPI_Request *r);

// For how long a loop tests, again and again, what it waits for: spin nanoseconds
// from the first look at the clock, which comes after so many tests, as each does.
// It costs as much as a test that finds nothing, and a small message on one host
// needs fewer than this many.
enum { LOOK = 32 };

typedef struct {
	int64_t spin, end;
	int tests;
} m4g_bound;

// Says, after n tests that have found nothing, whether it is over. Where ranks share
// cores others may have theirs in between.
static inline int m4g_over(m4g_bound *b, int n)
{
	if (b->spin <= 0)
		return 1;
	if ((b->tests += n) < LOOK && !m4g_shared)
		return 0;
	b->tests = 0;
	m4g_share();
	int64_t now = m4g_now();
	if (b->end == 0)
		b->end = now + b->spin;
	return now >= b->end;
}

#endif
