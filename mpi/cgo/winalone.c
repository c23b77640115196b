#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Windows of one rank. Open MPI 4.1 cannot make one over memory of the caller's,
// nor a dynamic one, for a communicator of one rank: no transport of its can be
// asked for it. What a window is for besides its memory is then done by one in
// the library's memory, and the transfers are done here, where both sides are
// known: each is complete when its call returns.

#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
int m4g_alone(MPI_Comm c)
{
	int size = 0;
	return MPI_Comm_size(c, &size) == MPI_SUCCESS && size == 1;
}
#else
int m4g_alone(MPI_Comm c)
{
	(void)c;
	return 0;
}
#endif

// Transfers come from several threads, and updates must not tear each other.
static pthread_mutex_t transfers = PTHREAD_MUTEX_INITIALIZER;

static int64_t bytes_of(const m4g_part *p)
{
	MPI_Count size = 0;
	MPI_Type_size_x(TYPE(p->type), &size);
	return p->n * size;
}

// Copies elements from one layout to another that has as much data.
static int copy(const m4g_part *from, const m4g_part *to)
{
	m4g_sized s;
	int64_t n = bytes_of(from);
	void *packed = malloc(n + 1);
	if (packed == NULL)
		return MPI_ERR_NO_MEM;
	s = m4g_pack(from->buf, from->n, from->type, (m4g_addr)packed, n, H(MPI_COMM_SELF));
	if (s.rc == MPI_SUCCESS)
		s = m4g_unpack((m4g_addr)packed, n, to->buf, to->n, to->type, H(MPI_COMM_SELF));
	free(packed);
	return s.rc;
}

// Combines elements of the type basic, which lie as the layouts say.
static int combine(const m4g_part *origin, const m4g_part *target, m4g_h basic, MPI_Op op)
{
	MPI_Aint lb, extent;
	m4g_part a = {0, 1, basic}, b = {0, 1, basic};
	int64_t n = bytes_of(origin) / bytes_of(&a);
	int rc = MPI_Type_get_extent(TYPE(basic), &lb, &extent);
	if (rc != MPI_SUCCESS)
		return rc;
	a.n = b.n = n;
	a.buf = (m4g_addr)malloc(n * extent + 1);
	b.buf = (m4g_addr)malloc(n * extent + 1);
	rc = a.buf == 0 || b.buf == 0 ? MPI_ERR_NO_MEM : MPI_SUCCESS;
	if (rc == MPI_SUCCESS && (rc = copy(origin, &a)) == MPI_SUCCESS && (rc = copy(target, &b)) == MPI_SUCCESS &&
		(rc = m4g_reduce(M4G_REDUCE_LOCAL, M4G_BLOCKING, 0, a.buf, b.buf, n, basic, H(op), 0, H(MPI_COMM_SELF)).rc) ==
			MPI_SUCCESS)
		rc = copy(&b, target);
	free(PTR(a.buf));
	free(PTR(b.buf));
	return rc;
}

// What m4g_rma does, with the address of the target's memory. Basic is the type
// of all elements, where they are combined.
int m4g_rma_alone(int what, m4g_part origin, m4g_part result, m4g_part target, m4g_h basic, m4g_h op)
{
	int rc = MPI_SUCCESS;
	pthread_mutex_lock(&transfers);
	if (what == M4G_GET || what == M4G_GET_ACCUMULATE)
		rc = copy(&target, &result);
	if (rc != MPI_SUCCESS || what == M4G_GET || OP(op) == MPI_NO_OP)
		;
	else if (what == M4G_PUT || OP(op) == MPI_REPLACE)
		rc = copy(&origin, &target);
	else
		rc = combine(&origin, &target, basic, OP(op));
	pthread_mutex_unlock(&transfers);
	return rc;
}

// What m4g_compare_and_swap does, for an element of so many bytes.
void m4g_swap_alone(m4g_addr origin, m4g_addr compare, m4g_addr result, m4g_addr target, int size)
{
	pthread_mutex_lock(&transfers);
	memcpy(PTR(result), PTR(target), size);
	if (memcmp(PTR(compare), PTR(target), size) == 0)
		memcpy(PTR(target), PTR(origin), size);
	pthread_mutex_unlock(&transfers);
}
