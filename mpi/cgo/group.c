#include "internal.h"

#define GROUP(x) ((MPI_Group)(x))

m4g_groupinfo m4g_made_group(int rc, MPI_Group g)
{
	m4g_groupinfo m = {rc, M4G_UNDEFINED, 0, 0};
	int rank, size;
	if (rc != MPI_SUCCESS)
		return m;
	if ((m.rc = MPI_Group_rank(g, &rank)) == MPI_SUCCESS && (m.rc = MPI_Group_size(g, &size)) == MPI_SUCCESS) {
		m.rank = rank == MPI_UNDEFINED ? M4G_UNDEFINED : rank;
		m.size = size;
		m.h = H(g);
	}
	return m;
}

m4g_h m4g_group_empty(void) { return H(MPI_GROUP_EMPTY); }

m4g_groupinfo m4g_comm_group(m4g_h comm, int remote)
{
	MPI_Group g = MPI_GROUP_NULL;
	int rc = remote ? MPI_Comm_remote_group(COMM(comm), &g) : MPI_Comm_group(COMM(comm), &g);
	return m4g_made_group(rc, g);
}

m4g_groupinfo m4g_group_combine(int what, m4g_h a, m4g_h b)
{
	MPI_Group g = MPI_GROUP_NULL;
	int rc = MPI_ERR_INTERN;
	switch (what) {
	case M4G_UNION: rc = MPI_Group_union(GROUP(a), GROUP(b), &g); break;
	case M4G_INTERSECTION: rc = MPI_Group_intersection(GROUP(a), GROUP(b), &g); break;
	case M4G_DIFFERENCE: rc = MPI_Group_difference(GROUP(a), GROUP(b), &g); break;
	}
	return m4g_made_group(rc, g);
}

m4g_groupinfo m4g_group_pick(int what, m4g_h from, int n, m4g_addr ranks)
{
	MPI_Group g = MPI_GROUP_NULL;
	int rc = MPI_ERR_INTERN;
	switch (what) {
	case M4G_INCL: rc = MPI_Group_incl(GROUP(from), n, PTR(ranks), &g); break;
	case M4G_EXCL: rc = MPI_Group_excl(GROUP(from), n, PTR(ranks), &g); break;
	case M4G_RANGE_INCL: rc = MPI_Group_range_incl(GROUP(from), n, PTR(ranks), &g); break;
	case M4G_RANGE_EXCL: rc = MPI_Group_range_excl(GROUP(from), n, PTR(ranks), &g); break;
	}
	return m4g_made_group(rc, g);
}

// From and to are arrays of n ints. MPI_PROC_NULL stays what it is; the libraries
// forget that when a group is empty.
int m4g_group_translate(m4g_h a, int n, m4g_addr from, m4g_h b, m4g_addr to)
{
	int *f = PTR(from), *t = PTR(to);
	for (int i = 0; i < n; i++)
		f[i] = m4g_rank_in(f[i]);
	int rc = MPI_Group_translate_ranks(GROUP(a), n, f, GROUP(b), t);
	for (int i = 0; rc == MPI_SUCCESS && i < n; i++)
		t[i] = f[i] == MPI_PROC_NULL ? M4G_PROC_NULL : t[i] == MPI_UNDEFINED ? M4G_UNDEFINED : t[i];
	return rc;
}

// In the order of the Comparison constants in group.go.
int m4g_comparison(int result)
{
	return result == MPI_IDENT ? 0 : result == MPI_CONGRUENT ? 1 : result == MPI_SIMILAR ? 2 : 3;
}

m4g_made m4g_group_compare(m4g_h a, m4g_h b)
{
	m4g_made m = {0, 0, 0};
	int result = MPI_UNEQUAL;
	m.rc = MPI_Group_compare(GROUP(a), GROUP(b), &result);
	m.flag = m4g_comparison(result);
	return m;
}

int m4g_group_free(m4g_h group)
{
	MPI_Group g = GROUP(group);
	// The empty group is nobody's to free, though calls hand it out as theirs.
	return g == MPI_GROUP_EMPTY ? MPI_SUCCESS : MPI_Group_free(&g);
}
