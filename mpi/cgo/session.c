#include <stdlib.h>

#include "internal.h"

int m4g_hidden_world;

#if MPI_VERSION >= 4

#define SESSION(x) ((MPI_Session)(x))

int m4g_has_sessions(void) { return 1; }

typedef struct {
	MPI_Info info;
	MPI_Session s;
} begin;

static int session_init(void *arg)
{
	begin *b = arg;
	return MPI_Session_init(b->info, MPI_ERRORS_RETURN, &b->s);
}

// When a session is what initialises MPICH, it takes no locks, although 4.0
// calls that MPI_THREAD_MULTIPLE: two threads crash it (pmodels/mpich#7424 is
// about it). Sessions beside MPI_Init_thread are as good as that.
static int hide_world(void)
{
#ifdef MPICH_NUMVERSION
	int flag = 0, provided;
	MPI_Initialized(&flag);
	if (!flag) {
		int rc = m4g_init(&provided);
		m4g_hidden_world = rc == MPI_SUCCESS;
		return rc;
	}
#endif
	return MPI_SUCCESS;
}

// The first session initialises the library, unless MPI_Init has done so.
m4g_made m4g_session_init(m4g_h info)
{
	begin b = {m4g_info_in(info), MPI_SESSION_NULL};
	m4g_made m = {hide_world(), 0, 0};
	if (m.rc == MPI_SUCCESS)
		m.rc = m4g_initialise(session_init, &b);
	if (m.rc == MPI_SUCCESS)
		m.rc = m4g_ops_init();
	if (m.rc == MPI_SUCCESS)
		m.h = H(b.s);
	return m;
}

int m4g_session_finalize(m4g_h session, int last)
{
	MPI_Session s = SESSION(session);
	int rc = MPI_Session_finalize(&s);
	if (last && m4g_hidden_world) {
		m4g_hidden_world = 0;
		return rc != MPI_SUCCESS ? rc : MPI_Finalize();
	}
	return rc;
}

int m4g_session_num_psets(m4g_h session, int *n) { return MPI_Session_get_num_psets(SESSION(session), MPI_INFO_NULL, n); }

int m4g_session_nth_pset(m4g_h session, int n, char **name)
{
	int len = 0, rc = MPI_Session_get_nth_pset(SESSION(session), MPI_INFO_NULL, n, &len, NULL);
	*name = NULL;
	if (rc != MPI_SUCCESS)
		return rc;
	if ((*name = calloc(1, (size_t)len + 1)) == NULL)
		return MPI_ERR_NO_MEM;
	return MPI_Session_get_nth_pset(SESSION(session), MPI_INFO_NULL, n, &len, *name);
}

int m4g_session_info(m4g_h session, char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
	int rc = MPI_Session_get_info(SESSION(session), &info);
	return m4g_pairs_out(rc, info, out, len);
}

int m4g_session_pset_info(m4g_h session, m4g_addr pset, char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
	int rc = MPI_Session_get_pset_info(SESSION(session), PTR(pset), &info);
	return m4g_pairs_out(rc, info, out, len);
}

m4g_groupinfo m4g_session_group(m4g_h session, m4g_addr pset)
{
	MPI_Group g = MPI_GROUP_NULL;
	int rc = MPI_Group_from_session_pset(SESSION(session), PTR(pset), &g);
	return m4g_made_group(rc, g);
}

#else // there is never a session to ask

int m4g_has_sessions(void) { return 0; }

m4g_made m4g_session_init(m4g_h info)
{
	(void)info;
	return (m4g_made){M4G_ERR_UNSUPPORTED, 0, 0};
}

int m4g_session_finalize(m4g_h session, int last)
{
	(void)session, (void)last;
	return M4G_ERR_UNSUPPORTED;
}

int m4g_session_num_psets(m4g_h session, int *n)
{
	(void)session, (void)n;
	return M4G_ERR_UNSUPPORTED;
}

int m4g_session_nth_pset(m4g_h session, int n, char **name)
{
	(void)session, (void)n, (void)name;
	return M4G_ERR_UNSUPPORTED;
}

int m4g_session_info(m4g_h session, char **out, int64_t *len)
{
	(void)session, (void)out, (void)len;
	return M4G_ERR_UNSUPPORTED;
}

int m4g_session_pset_info(m4g_h session, m4g_addr pset, char **out, int64_t *len)
{
	(void)session, (void)pset, (void)out, (void)len;
	return M4G_ERR_UNSUPPORTED;
}

m4g_groupinfo m4g_session_group(m4g_h session, m4g_addr pset)
{
	(void)session, (void)pset;
	return m4g_made_group(M4G_ERR_UNSUPPORTED, MPI_GROUP_NULL);
}

#endif
