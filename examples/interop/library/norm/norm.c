#include "norm.h"

#include <math.h>

double norm_length(MPI_Comm comm, const double *x, int n)
{
	double mine = 0, all = 0;
	for (int i = 0; i < n; i++)
		mine += x[i] * x[i];
	MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, comm);
	return sqrt(all);
}

MPI_Comm norm_turned(MPI_Comm comm)
{
	MPI_Comm turned;
	int rank;
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_split(comm, 0, -rank, &turned);
	return turned;
}
