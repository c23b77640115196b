#include "internal.h"

m4g_matched m4g_improbe(int source, int tag, m4g_h comm, int64_t spin)
{
	m4g_matched m = {{0}};
	MPI_Message message = MPI_MESSAGE_NULL;
	MPI_Status st;
	int flag = 0;
	m4g_bound b = {spin};
	source = m4g_rank_in(source);
	tag = m4g_tag_in(tag);
	int rc, mine = m4g_busy_begin();
	do
		rc = MPI_Improbe(source, tag, COMM(comm), &flag, &message, &st);
	while (!flag && rc == MPI_SUCCESS && !m4g_over(&b, 1));
	m4g_busy_over(mine);
	m.st.rc = rc;
	if (rc == MPI_SUCCESS && flag) {
		m4g_received(&st, MPI_SUCCESS, &m.st);
		m.message = H(message);
		m.found = 1;
	}
	return m;
}

static int post_mrecv(m4g_addr buf, int64_t n, m4g_h type, m4g_h message, MPI_Request *r)
{
	MPI_Message m = MESSAGE(message);
	m4g_fit fit;
	int rc;
#if M4G_LARGE
	if (n > INT_MAX)
		return MPI_Imrecv_c(PTR(buf), n, TYPE(type), &m, r);
#endif
	if ((rc = m4g_fit_in(n, TYPE(type), &fit)) == MPI_SUCCESS) {
		rc = MPI_Imrecv(PTR(buf), fit.n, fit.t, &m, r);
		m4g_fit_done(&fit);
	}
	return rc;
}

m4g_brief m4g_mrecv(m4g_addr buf, int64_t n, m4g_h type, m4g_h message, int64_t spin)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int rc = post_mrecv(buf, n, type, message, &r);
	m4g_brief b = m4g_posted(rc, r, spin);
	m4g_busy_over(mine);
	return b;
}

m4g_made m4g_imrecv(m4g_addr buf, int64_t n, m4g_h type, m4g_h message)
{
	MPI_Request r = MPI_REQUEST_NULL;
	int mine = m4g_busy_begin();
	int rc = post_mrecv(buf, n, type, message, &r);
	m4g_busy_over(mine);
	m4g_made m = {rc, 0, H(r)};
	return m;
}
