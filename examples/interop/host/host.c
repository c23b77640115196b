/* A C program with MPI of its own that calls a library written in Go. */
#include <mpi.h>
#include <stdio.h>

#include "libstats.h" /* written by go build */

int main(int argc, char **argv)
{
	int level, rank;
	MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);

	MPI_Comm half;
	MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
	double x[3] = {rank, rank + 1, rank + 2}, mean = 0, deviation = 0;

	if (StatsInit() != 0 || Stats((uintptr_t)half, x, 3, &mean, &deviation) != 0)
		MPI_Abort(MPI_COMM_WORLD, 1);
	printf("rank %d: mean %.3f, deviation %.3f\n", rank, mean, deviation);

	StatsFinalize();
	MPI_Comm_free(&half);
	MPI_Finalize();
	return 0;
}
