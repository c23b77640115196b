#include "internal.h"

m4g_comminfo m4g_comm_info(m4g_h comm)
{
	m4g_comminfo c = {0};
	int rank = 0, size = 0, inter = 0, peers = 0;
	(void)((c.rc = MPI_Comm_rank(COMM(comm), &rank)) || (c.rc = MPI_Comm_size(COMM(comm), &size)) ||
		   (c.rc = MPI_Comm_test_inter(COMM(comm), &inter)));
	peers = size;
	if (c.rc == MPI_SUCCESS && inter)
		c.rc = MPI_Comm_remote_size(COMM(comm), &peers);
	c.rank = rank;
	c.size = size;
	c.peers = peers;
	c.inter = inter;
	return c;
}

// Every communicator that leaves this file returns errors, whatever its parent
// did; MPI_COMM_NULL leaves as 0.
static m4g_made made(int rc, MPI_Comm c)
{
	m4g_made m = {rc, 0, 0};
	if (rc == MPI_SUCCESS && c != MPI_COMM_NULL) {
		MPI_Comm_set_errhandler(c, MPI_ERRORS_RETURN);
		m.h = H(c);
	}
	return m;
}

m4g_made m4g_comm_dup(m4g_h comm)
{
	MPI_Comm c = MPI_COMM_NULL;
	MPI_Request req;
	int rc = m4g_patient ? m4g_yield_until(MPI_Comm_idup(COMM(comm), &c, &req), &req) : MPI_Comm_dup(COMM(comm), &c);
	return made(rc, c);
}

m4g_made m4g_comm_split(m4g_h comm, int color, int key)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Comm_split(COMM(comm), color == M4G_UNDEFINED ? MPI_UNDEFINED : color, key, &c);
	return made(rc, c);
}

int m4g_comm_free(m4g_h comm)
{
	MPI_Comm c = COMM(comm);
	return MPI_Comm_free(&c);
}
