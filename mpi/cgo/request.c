#define _GNU_SOURCE
#include <sched.h>
#include <string.h>

#include "internal.h"

void m4g_received(const MPI_Status *st, int rc, m4g_status *out)
{
	int n = 0;
	out->rc = rc;
	out->source = m4g_rank_out(st->MPI_SOURCE);
	out->tag = st->MPI_TAG == MPI_ANY_TAG ? M4G_ANY_TAG : st->MPI_TAG;
	out->cancelled = 0;
	MPI_Get_count(st, MPI_BYTE, &n);
	if (n != MPI_UNDEFINED) {
		out->bytes = n;
	} else { // more than an int holds
		MPI_Count big = 0;
		MPI_Get_elements_x(st, MPI_BYTE, &big);
		out->bytes = big;
	}
}

// What is wanted of the status of any operation.
static inline void status_out(const MPI_Status *st, int rc, int want, m4g_status *out)
{
	*out = (m4g_status){.rc = rc};
	if (want & M4G_WANT_MESSAGE)
		m4g_received(st, rc, out);
	if (want & M4G_WANT_CANCELLED) {
		int c = 0;
		MPI_Test_cancelled(st, &c);
		out->cancelled = c;
	}
}

m4g_brief m4g_brief_of(const m4g_status *s)
{
	m4g_brief b;
	if (s->rc != MPI_SUCCESS)
		b.a = M4G_FAILED << 62 | (uint32_t)s->rc;
	else // Open MPI leaves the status of collectives unset: the count may be any number.
		b.a = (s->cancelled ? M4G_CANCELLED : M4G_COMPLETE) << 62 | ((uint64_t)s->bytes & (UINT64_MAX >> 2));
	b.b = (uint64_t)(uint32_t)s->source << 32 | (uint32_t)s->tag;
	return b;
}

m4g_brief m4g_pending(MPI_Request r)
{
	m4g_brief b = {M4G_PENDING << 62, H(r)};
	return b;
}

m4g_brief m4g_test(m4g_h req, int64_t spin, int want)
{
	m4g_status s = {0};
	MPI_Request r = REQ(req);
	MPI_Status st = {0}; // libraries leave that of a send or a collective unset
	int done, mine = m4g_busy_begin();
	int rc = m4g_spin_test(&r, spin, &done, &st);
	m4g_busy_over(mine);
	if (!done)
		return m4g_pending(r);
	status_out(&st, rc, want, &s);
	return m4g_brief_of(&s);
}

enum { BATCH = 128 };

static int error_of(int rc, const MPI_Status *st)
{
	return rc == MPI_ERR_IN_STATUS ? st->MPI_ERROR : MPI_SUCCESS;
}

// Completes a list in which MPI_Testsome has found a failed request. Open MPI
// then frees all failed ones that it sees, and among these may be one that
// another thread's call completed after the test: it is gone, and testing it
// again would free it twice, and with it the communicator. It is reported here,
// with the failure that it was freed for.
static int add_vanished(int n, const MPI_Request *r, int got, int *idx, MPI_Status *st)
{
	int known = got, failed = 0;
	while (failed < known && st[failed].MPI_ERROR == MPI_SUCCESS)
		failed++;
	for (int i = 0; i < n && failed < known; i++) {
		int k = 0;
		if (r[i] != MPI_REQUEST_NULL)
			continue;
		while (k < known && idx[k] != i)
			k++;
		if (k == known) {
			idx[got] = i;
			st[got++] = st[failed];
		}
	}
	return got;
}

// Set when the caller of m4g_testsome should come back, see News in request.go.
int32_t m4g_news;

// Tests n <= BATCH requests at the address reqs until one completes, spin
// nanoseconds are over or there is news, then, if asked, yields the core. Returns how many
// completed, each described in out, or minus the error code.
int m4g_testsome(int n, m4g_addr reqs, m4g_addr out, int64_t spin, int yield)
{
	const m4g_h *h = (const m4g_h *)reqs;
	m4g_done *d = (m4g_done *)out;
	MPI_Request r[BATCH];
	MPI_Status st[BATCH];
	int idx[BATCH], got = 0;
	memset(st, 0, n * sizeof *st);
	for (int i = 0; i < n; i++)
		r[i] = REQ(h[i]);
	m4g_bound b = {spin};
	for (;;) {
		int rc = MPI_Testsome(n, r, &got, idx, st);
		if (rc != MPI_SUCCESS && rc != MPI_ERR_IN_STATUS)
			return -rc;
		if (got == MPI_UNDEFINED)
			return 0;
		if (rc != MPI_SUCCESS)
			got = add_vanished(n, r, got, idx, st);
		if (got > 0) {
			for (int i = 0; i < got; i++) {
				d[i].index = idx[i];
				status_out(&st[i], error_of(rc, &st[i]), M4G_WANT_MESSAGE | M4G_WANT_CANCELLED, &d[i].st);
			}
			return got;
		}
		if (__atomic_load_n(&m4g_news, __ATOMIC_RELAXED) || m4g_over(&b, n))
			break;
	}
	if (yield && m4g_shared != YIELDS)
		sched_yield();
	return 0;
}

// Tests whether all n requests are complete, in chunks, for spin nanoseconds.
// out receives one status per request, in order; completed ones are marked by
// a handle of 0. want says what the caller wants to know of them. Returns how many are still pending, or minus the error code.
int m4g_testall(int n, m4g_addr reqs, m4g_addr out, int64_t spin, int want)
{
	m4g_h *h = (m4g_h *)reqs;
	m4g_status *o = (m4g_status *)out;
	int left = 0;
	m4g_bound b = {spin};
	MPI_Request r[BATCH];
	MPI_Status st[BATCH];
	int idx[BATCH], where[BATCH];
	memset(st, 0, (n < BATCH ? n : BATCH) * sizeof *st);
	for (int i = 0; i < n; i++)
		left += h[i] != 0;
	for (int from = 0; left > 0; from = from + BATCH < n ? from + BATCH : 0) {
		int m = 0, got = 0;
		for (int i = from; i < n && i < from + BATCH; i++)
			if (h[i] != 0) {
				where[m] = i;
				r[m++] = REQ(h[i]);
			}
		// One call finds all that are complete. What it has found is not shown
		// to it again: MPICH 4.0 would find a persistent collective twice.
		if (m > 0) {
			int rc = MPI_Testsome(m, r, &got, idx, st);
			if (rc != MPI_SUCCESS && rc != MPI_ERR_IN_STATUS)
				return -rc;
			if (rc != MPI_SUCCESS)
				got = add_vanished(m, r, got, idx, st);
			for (int i = 0; i < got; i++) { // not if MPI_UNDEFINED, which is negative
				int w = where[idx[i]];
				h[w] = 0;
				status_out(&st[i], error_of(rc, &st[i]), want, &o[w]);
				left--;
			}
		}
		if (left > 0 && from + BATCH >= n && m4g_over(&b, n))
			break;
	}
	return left;
}

// Starts persistent requests.
int m4g_startall(int n, m4g_addr reqs)
{
	const m4g_h *h = (const m4g_h *)reqs;
	MPI_Request r[BATCH];
	for (int from = 0; from < n; from += BATCH) {
		int m = n - from < BATCH ? n - from : BATCH;
		for (int i = 0; i < m; i++)
			r[i] = REQ(h[from + i]);
		int rc = MPI_Startall(m, r);
		if (rc != MPI_SUCCESS)
			return rc;
	}
	return MPI_SUCCESS;
}

int m4g_start(m4g_h req)
{
	MPI_Request r = REQ(req);
	return MPI_Start(&r);
}

int m4g_request_free(m4g_h req)
{
	MPI_Request r = REQ(req);
	return MPI_Request_free(&r);
}

int m4g_cancel(m4g_h req)
{
	MPI_Request r = REQ(req);
	return MPI_Cancel(&r);
}

// How many basic elements of type a message of so many bytes holds.
int64_t m4g_elements(int64_t bytes, m4g_h type)
{
	MPI_Status st = {0};
	MPI_Count n = 0;
	if (MPI_Status_set_elements_x(&st, MPI_BYTE, bytes) != MPI_SUCCESS)
		return M4G_UNDEFINED;
	if (MPI_Get_elements_x(&st, TYPE(type), &n) != MPI_SUCCESS || n == MPI_UNDEFINED)
		return M4G_UNDEFINED;
	return n;
}

void m4g_yield(void) { sched_yield(); }

// Whether the library gives the core up when it has nothing to do: Open MPI has a
// variable for it, which mpirun sets when it starts more ranks than it has slots.
int m4g_yields(void)
{
	MPI_T_cvar_handle handle;
	int at, level, n = 0;
	int64_t on = 0; // of whatever type it is
	if (MPI_T_init_thread(MPI_THREAD_MULTIPLE, &level) != MPI_SUCCESS)
		return 0;
	if (MPI_T_cvar_get_index("mpi_yield_when_idle", &at) == MPI_SUCCESS &&
		MPI_T_cvar_handle_alloc(at, NULL, &handle, &n) == MPI_SUCCESS) {
		if (n != 1 || MPI_T_cvar_read(handle, &on) != MPI_SUCCESS)
			on = 0;
		MPI_T_cvar_handle_free(&handle);
	}
	MPI_T_finalize();
	return on != 0;
}

int m4g_shared;

void m4g_set_shared(int how) { m4g_shared = how; }

int m4g_patient;

void m4g_set_patient(int on) { m4g_patient = on; }

// Waits for the request that a call with the return code rc has posted,
// yielding the core between tests.
int m4g_yield_until(int rc, MPI_Request *r)
{
	int flag = 0;
	while (rc == MPI_SUCCESS) {
		rc = MPI_Test(r, &flag, MPI_STATUS_IGNORE);
		if (flag)
			break;
		sched_yield();
	}
	return rc;
}
