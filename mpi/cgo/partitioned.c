#include "internal.h"

// Partitioned communication came with MPI-4. MPICH 4.0 crashes when the peer is
// MPI_PROC_NULL: an ordinary persistent request stands in there, which the Go
// side never starts. And its receive cuts the length of a part to an int: longer
// parts are one element of a type that holds them all, on both sides.

#if MPI_VERSION >= 4

m4g_made m4g_psend_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	m4g_fit fit;
	int rc;
	if (dest == M4G_PROC_NULL)
		rc = MPI_Send_init(PTR(buf), 0, TYPE(type), MPI_PROC_NULL, tag, COMM(comm), &r);
	else if ((rc = m4g_fit_in(n, TYPE(type), &fit)) == MPI_SUCCESS) {
		rc = MPI_Psend_init(PTR(buf), parts, fit.n, fit.t, dest, tag, COMM(comm), MPI_INFO_NULL, &r);
		m4g_fit_done(&fit);
	}
	m4g_made m = {rc, 0, H(r)};
	return m;
}

m4g_made m4g_precv_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm)
{
	MPI_Request r = MPI_REQUEST_NULL;
	m4g_fit fit;
	int rc;
	if (source == M4G_PROC_NULL)
		rc = MPI_Recv_init(PTR(buf), 0, TYPE(type), MPI_PROC_NULL, tag, COMM(comm), &r);
	else if ((rc = m4g_fit_in(n, TYPE(type), &fit)) == MPI_SUCCESS) {
		rc = MPI_Precv_init(PTR(buf), parts, fit.n, fit.t, source, tag, COMM(comm), MPI_INFO_NULL, &r);
		m4g_fit_done(&fit);
	}
	m4g_made m = {rc, 0, H(r)};
	return m;
}

int m4g_pready_range(m4g_h req, int low, int high) { return MPI_Pready_range(low, high, REQ(req)); }

m4g_made m4g_parrived(m4g_h req, int part)
{
	int flag = 0, rc = MPI_Parrived(REQ(req), part, &flag);
	m4g_made m = {rc, flag, 0};
	return m;
}

#else

m4g_made m4g_psend_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm)
{
	m4g_made m = {M4G_ERR_UNSUPPORTED, 0, 0};
	(void)parts, (void)buf, (void)n, (void)type, (void)dest, (void)tag, (void)comm;
	return m;
}

m4g_made m4g_precv_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm)
{
	return m4g_psend_init(parts, buf, n, type, source, tag, comm);
}

int m4g_pready_range(m4g_h req, int low, int high)
{
	(void)req, (void)low, (void)high;
	return M4G_ERR_UNSUPPORTED;
}

m4g_made m4g_parrived(m4g_h req, int part)
{
	m4g_made m = {M4G_ERR_UNSUPPORTED, 0, 0};
	(void)req, (void)part;
	return m;
}

#endif
