#include <stdlib.h>

#include "internal.h"

// The ranks in all of the first n ranks of a group.
static int places(MPI_Group g, int n, MPI_Group all, int *to)
{
	int rc = MPI_SUCCESS;
	for (int i = 0; i < n && rc == MPI_SUCCESS; i++)
		rc = MPI_Group_translate_ranks(g, 1, &i, all, &to[i]);
	return rc;
}

// What inter_split needs of the groups: all has both; of this rank's own only
// the first member counts.
typedef struct {
	MPI_Comm all;
	int n, theirs; // ranks of all, and of the other group
	int first;     // that rank of all is the first of this group
	int *them;     // the ranks in all of the other group
	int *says;     // color and key of each rank of all
} both;

static int find(MPI_Comm comm, both *b)
{
	MPI_Group all = MPI_GROUP_NULL, mine = MPI_GROUP_NULL, other = MPI_GROUP_NULL;
	int rc;
	(void)((rc = MPI_Comm_group(b->all, &all)) || (rc = MPI_Comm_group(comm, &mine)) ||
		   (rc = MPI_Comm_remote_group(comm, &other)) || (rc = places(mine, 1, all, &b->first)) ||
		   (rc = places(other, b->theirs, all, b->them)));
	MPI_Group *groups[] = {&all, &mine, &other};
	for (int i = 0; i < 3; i++)
		if (*groups[i] != MPI_GROUP_NULL)
			MPI_Group_free(groups[i]);
	return rc;
}

// Splits with one communicator of both groups: into the groups, these by color,
// and then each part is joined with that of its color on the other side.
static int split(MPI_Comm comm, both *b, int color, int key, MPI_Comm *out)
{
	MPI_Comm mine = MPI_COMM_NULL, part = MPI_COMM_NULL;
	int said[2] = {color, key}, rc, leader = -1;
	(void)((rc = find(comm, b)) || (rc = MPI_Allgather(said, 2, MPI_INT, b->says, 2, MPI_INT, b->all)) ||
		   (rc = MPI_Comm_split(b->all, b->first, 0, &mine)) || (rc = MPI_Comm_split(mine, color, key, &part)));
	for (int i = 0; i < b->theirs && rc == MPI_SUCCESS; i++) {
		const int *says = &b->says[2 * b->them[i]];
		if (says[0] == color && (leader < 0 || says[1] < b->says[2 * leader + 1]))
			leader = b->them[i];
	}
	if (rc == MPI_SUCCESS && part != MPI_COMM_NULL && leader >= 0)
		rc = MPI_Intercomm_create(part, 0, b->all, leader, 0, out);
	if (part != MPI_COMM_NULL)
		MPI_Comm_free(&part);
	if (mine != MPI_COMM_NULL)
		MPI_Comm_free(&mine);
	return rc;
}

// MPI_Comm_split of an intercommunicator. When rank 0 of a group has no part in
// a result, MPICH before 4.2 gives that a context which nobody listens to
// (pmodels/mpich #6878).
int m4g_inter_split(MPI_Comm comm, int color, int key, MPI_Comm *out)
{
	both b = {.all = MPI_COMM_NULL};
	int rc = MPI_Intercomm_merge(comm, 0, &b.all);
	if (rc != MPI_SUCCESS)
		return rc;
	(void)((rc = MPI_Comm_size(b.all, &b.n)) || (rc = MPI_Comm_remote_size(comm, &b.theirs)));
	b.them = calloc(b.theirs + 1, sizeof *b.them);
	b.says = calloc(b.n + 1, 2 * sizeof *b.says);
	if (rc == MPI_SUCCESS)
		rc = b.them != NULL && b.says != NULL ? split(comm, &b, color, key, out) : MPI_ERR_NO_MEM;
	free(b.them);
	free(b.says);
	MPI_Comm_free(&b.all);
	return rc;
}
