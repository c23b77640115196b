#include <stdlib.h>
#include <string.h>

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
	else if (c.rc == MPI_SUCCESS)
		c.rc = m4g_topology(COMM(comm), rank, &c);
	c.rank = rank;
	c.size = size;
	c.peers = peers;
	c.inter = inter;
	return c;
}

// Every communicator that leaves C returns errors, whatever its parent
// did; MPI_COMM_NULL leaves as 0.
m4g_made m4g_made_comm(int rc, MPI_Comm c)
{
	m4g_made m = {rc, 0, 0};
	if (rc == MPI_SUCCESS && c != MPI_COMM_NULL) {
		MPI_Comm_set_errhandler(c, MPI_ERRORS_RETURN);
		m.h = H(c);
	}
	return m;
}

// Whether nonblocking duplication may never end, and eat up all memory: in MPICH 4
// the ranks try again until they agree, and one that is alone with itself does so
// inside one call, under the lock that another thread needs which is in its way.
static int alone(MPI_Comm comm)
{
#ifdef MPICH_NUMVERSION
	int n = 0, inter = 0;
	MPI_Comm_size(comm, &n);
	MPI_Comm_test_inter(comm, &inter); // then there are others, which must do the same
	return n == 1 && !inter;
#else
	return 0;
#endif
}

// BLOCKS is around a call that all ranks of comm make.
static void enters(m4g_h comm, const char *call)
{
	m4g_about(comm);
	m4g_in(call);
}
static int leaves(int rc)
{
	m4g_out();
	m4g_count();
	return rc;
}
#define BLOCKS(name, call) (enters(comm, #name), leaves(call))

m4g_made m4g_comm_dup(m4g_h comm)
{
	MPI_Comm c = MPI_COMM_NULL;
	MPI_Request req;
	int rc = BLOCKS(Comm_dup, m4g_patient && !alone(COMM(comm))
								  ? m4g_yield_until(MPI_Comm_idup(COMM(comm), &c, &req), &req)
								  : MPI_Comm_dup(COMM(comm), &c));
	return m4g_made_comm(rc, c);
}

static int is_inter(m4g_h comm)
{
	int inter = 0;
	MPI_Comm_test_inter(COMM(comm), &inter);
	return inter;
}

m4g_made m4g_comm_split(m4g_h comm, int color, int key)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc, k = color == M4G_UNDEFINED ? MPI_UNDEFINED : color;
	if (M4G_SPLIT_BROKEN && is_inter(comm))
		rc = m4g_inter_split(COMM(comm), k, key, &c);
	else
		rc = BLOCKS(Comm_split, MPI_Comm_split(COMM(comm), k, key, &c));
	return m4g_made_comm(rc, c);
}

int m4g_comm_free(m4g_h comm)
{
	MPI_Comm c = COMM(comm);
	return MPI_Comm_free(&c);
}

m4g_made m4g_comm_dup_with_info(m4g_h comm, m4g_h info)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = BLOCKS(Comm_dup, MPI_Comm_dup_with_info(COMM(comm), m4g_info_in(info), &c));
	return m4g_made_comm(rc, c);
}

// The library stores the new handle when it likes until the request is complete:
// into a cell of C's, which m4g_comm_idup_done reads and frees.
m4g_made m4g_comm_idup(m4g_h comm, int with_info, m4g_h info, m4g_addr *cell)
{
	m4g_made m = {MPI_ERR_NO_MEM, 0, 0};
	MPI_Request req = MPI_REQUEST_NULL;
	MPI_Comm *c = malloc(sizeof *c);
	if (c == NULL)
		return m;
	*c = MPI_COMM_NULL;
	if (alone(COMM(comm))) {
		m.rc = with_info ? MPI_Comm_dup_with_info(COMM(comm), m4g_info_in(info), c) : MPI_Comm_dup(COMM(comm), c);
		if (m.rc == MPI_SUCCESS)
			m.rc = MPI_Ibarrier(MPI_COMM_SELF, &req); // is complete
	} else if (!with_info)
		m.rc = MPI_Comm_idup(COMM(comm), c, &req);
	else
#if MPI_VERSION >= 4
		m.rc = MPI_Comm_idup_with_info(COMM(comm), m4g_info_in(info), c, &req);
#else
		m.rc = M4G_ERR_UNSUPPORTED;
#endif
	(void)info;
	if (m.rc != MPI_SUCCESS) {
		free(c);
		return m;
	}
	*cell = (m4g_addr)c;
	m.h = H(req);
	return m;
}

m4g_made m4g_comm_idup_done(m4g_addr cell)
{
	MPI_Comm c = *(MPI_Comm *)cell;
	free(PTR(cell));
	return m4g_made_comm(MPI_SUCCESS, c);
}

m4g_made m4g_comm_split_type(m4g_h comm, int type, int key, m4g_h info)
{
	MPI_Comm c = MPI_COMM_NULL;
	int t = MPI_UNDEFINED;
	switch (type) {
	case M4G_SHARED: t = MPI_COMM_TYPE_SHARED; break;
#if MPI_VERSION >= 4
	case M4G_HW_GUIDED: t = MPI_COMM_TYPE_HW_GUIDED; break;
	case M4G_HW_UNGUIDED: t = MPI_COMM_TYPE_HW_UNGUIDED; break;
#else
	case M4G_HW_GUIDED:
	case M4G_HW_UNGUIDED: return m4g_made_comm(M4G_ERR_UNSUPPORTED, c);
#endif
	}
	int rc = BLOCKS(Comm_split_type, MPI_Comm_split_type(COMM(comm), t, key, m4g_info_in(info), &c));
	return m4g_made_comm(rc, c);
}

m4g_made m4g_comm_create(m4g_h comm, m4g_h group)
{
	MPI_Comm c = MPI_COMM_NULL;
#ifdef OPEN_MPI
	// In the remote group of its result ranks keep the order of their old
	// communicator, whatever that of the group is. Split gets it right.
	if (is_inter(comm)) {
		int rank = 0, rc = MPI_Group_rank((MPI_Group)group, &rank);
		if (rc != MPI_SUCCESS)
			return m4g_made_comm(rc, c);
		rc = MPI_Comm_split(COMM(comm), rank == MPI_UNDEFINED ? MPI_UNDEFINED : 0, rank, &c);
		return m4g_made_comm(rc, c);
	}
#endif
	int rc = BLOCKS(Comm_create, MPI_Comm_create(COMM(comm), (MPI_Group)group, &c));
	return m4g_made_comm(rc, c);
}

m4g_made m4g_comm_create_group(m4g_h comm, m4g_h group, int tag)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Comm_create_group(COMM(comm), (MPI_Group)group, tag, &c);
	return m4g_made_comm(rc, c);
}

m4g_made m4g_comm_compare(m4g_h a, m4g_h b)
{
	m4g_made m = {0, 0, 0};
	int result = MPI_UNEQUAL;
	m.rc = MPI_Comm_compare(COMM(a), COMM(b), &result);
	m.flag = m4g_comparison(result);
	return m;
}

int m4g_comm_set_name(m4g_h comm, m4g_addr name) { return MPI_Comm_set_name(COMM(comm), PTR(name)); }

// Returns the length, or minus the return code.
int m4g_comm_get_name(m4g_h comm, char *buf, int len)
{
	char s[MPI_MAX_OBJECT_NAME + 1] = "";
	int n = 0, rc = MPI_Comm_get_name(COMM(comm), s, &n);
	return m4g_text_out(rc, s, n, buf, len);
}

m4g_made m4g_intercomm_create(m4g_h local, int local_leader, m4g_h peer, int remote_leader, int tag)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Intercomm_create(COMM(local), local_leader, peer == 0 ? MPI_COMM_NULL : COMM(peer), remote_leader, tag, &c);
	return m4g_made_comm(rc, c);
}

m4g_made m4g_intercomm_merge(m4g_h comm, int high)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Intercomm_merge(COMM(comm), high, &c);
	return m4g_made_comm(rc, c);
}

int m4g_max_string_tag(void)
{
#if MPI_VERSION >= 4
	return MPI_MAX_STRINGTAG_LEN;
#else
	return 256;
#endif
}

#if MPI_VERSION >= 4
m4g_made m4g_comm_create_from_group(m4g_h group, m4g_addr tag, m4g_h info)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Comm_create_from_group((MPI_Group)group, PTR(tag), m4g_info_in(info), MPI_ERRORS_RETURN, &c);
	return m4g_made_comm(rc, c);
}

m4g_made m4g_intercomm_create_from_groups(m4g_h local, int local_leader, m4g_h remote, int remote_leader, m4g_addr tag,
	m4g_h info)
{
	MPI_Comm c = MPI_COMM_NULL;
	int rc = MPI_Intercomm_create_from_groups((MPI_Group)local, local_leader, (MPI_Group)remote, remote_leader, PTR(tag),
		m4g_info_in(info), MPI_ERRORS_RETURN, &c);
	return m4g_made_comm(rc, c);
}
#else
m4g_made m4g_comm_create_from_group(m4g_h group, m4g_addr tag, m4g_h info)
{
	(void)group, (void)tag, (void)info;
	return m4g_made_comm(M4G_ERR_UNSUPPORTED, MPI_COMM_NULL);
}

m4g_made m4g_intercomm_create_from_groups(m4g_h local, int local_leader, m4g_h remote, int remote_leader, m4g_addr tag,
	m4g_h info)
{
	(void)local, (void)local_leader, (void)remote, (void)remote_leader, (void)tag, (void)info;
	return m4g_made_comm(M4G_ERR_UNSUPPORTED, MPI_COMM_NULL);
}
#endif
