#include "_cgo_export.h"
#include "internal.h"

// The callbacks of generalised requests. Each carries the number under which Go
// keeps what belongs to the request. They never return an error to the library,
// which would spoil the list that the request is tested with: Go remembers it.

static int query(void *id, MPI_Status *st)
{
	m4g_status s = {0};
	m4gGrequestQuery((uintptr_t)id, &s);
	st->MPI_SOURCE = m4g_rank_in(s.source);
	st->MPI_TAG = m4g_tag_in(s.tag);
	st->MPI_ERROR = MPI_SUCCESS;
	MPI_Status_set_elements_x(st, MPI_BYTE, s.bytes);
	MPI_Status_set_cancelled(st, s.cancelled);
	return MPI_SUCCESS;
}

static int release(void *id)
{
	m4gGrequestFree((uintptr_t)id);
	return MPI_SUCCESS;
}

// Go cancels by itself.
static int cancel(void *id, int complete)
{
	(void)id, (void)complete;
	return MPI_SUCCESS;
}

m4g_made m4g_grequest_start(uintptr_t id)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int rc = MPI_Grequest_start(query, release, cancel, (void *)id, &r);
	m4g_made m = {rc, 0, H(r)};
	return m;
}

int m4g_grequest_complete(m4g_h req) { return MPI_Grequest_complete(REQ(req)); }
