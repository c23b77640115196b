#define _GNU_SOURCE
#include <sched.h>

#include "internal.h"

// Synchronisation of windows.

static int assertions_in(int a)
{
	return (a & M4G_NO_CHECK ? MPI_MODE_NOCHECK : 0) | (a & M4G_NO_STORE ? MPI_MODE_NOSTORE : 0) |
		   (a & M4G_NO_PUT ? MPI_MODE_NOPUT : 0) | (a & M4G_NO_PRECEDE ? MPI_MODE_NOPRECEDE : 0) |
		   (a & M4G_NO_SUCCEED ? MPI_MODE_NOSUCCEED : 0);
}

// Of a library that does not yield while it waits, see m4g_patient, this is the
// one call of these for which there is another way to wait.
static int wait_for_all(MPI_Win w)
{
	int done = 0, rc = MPI_SUCCESS;
	if (!m4g_patient)
		return MPI_Win_wait(w);
	while ((rc = MPI_Win_test(w, &done)) == MPI_SUCCESS && !done)
		sched_yield();
	return rc;
}

// MPICH wants a lock to be held, of which the standard knows nothing. All that it
// does in the unified model is to order memory.
static int sync_memory(MPI_Win w)
{
	int class = MPI_SUCCESS, rc = MPI_Win_sync(w);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (rc != MPI_SUCCESS && MPI_Error_class(rc, &class) == MPI_SUCCESS && class == MPI_ERR_RMA_SYNC && m4g_win_unified(H(w)))
		return MPI_SUCCESS;
	return rc;
}

int m4g_win_sync(int what, m4g_h win, int rank, int assertions)
{
	MPI_Win w = WIN(win);
	int a = assertions_in(assertions);
	m4g_count();
	switch (what) {
	case M4G_FENCE: return MPI_Win_fence(a, w);
	case M4G_COMPLETE_ACCESS: return MPI_Win_complete(w);
	case M4G_WAIT: return wait_for_all(w);
	case M4G_LOCK_SHARED: return MPI_Win_lock(MPI_LOCK_SHARED, rank, a, w);
	case M4G_LOCK_EXCLUSIVE: return MPI_Win_lock(MPI_LOCK_EXCLUSIVE, rank, a, w);
	case M4G_LOCK_ALL: return MPI_Win_lock_all(a, w);
	case M4G_UNLOCK: return MPI_Win_unlock(rank, w);
	case M4G_UNLOCK_ALL: return MPI_Win_unlock_all(w);
	case M4G_FLUSH: return MPI_Win_flush(rank, w);
	case M4G_FLUSH_ALL: return MPI_Win_flush_all(w);
	case M4G_FLUSH_LOCAL: return MPI_Win_flush_local(rank, w);
	case M4G_FLUSH_LOCAL_ALL: return MPI_Win_flush_local_all(w);
	case M4G_SYNC: return sync_memory(w);
	}
	return MPI_ERR_INTERN;
}

// Begins to expose this rank's memory to a group, or to reach that of one.
int m4g_win_start(int post, m4g_h win, m4g_h group, int assertions)
{
	int a = assertions_in(assertions);
	return post ? MPI_Win_post((MPI_Group)group, a, WIN(win)) : MPI_Win_start((MPI_Group)group, a, WIN(win));
}

m4g_made m4g_win_test(m4g_h win)
{
	int done = 0, rc = MPI_Win_test(WIN(win), &done);
	m4g_made m = {rc, done, 0};
	return m;
}
