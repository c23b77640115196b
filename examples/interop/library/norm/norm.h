/* A C library such as you have. It knows nothing of Go. */
#include <mpi.h>

/* The length of the vector whose parts are the x of all ranks. */
double norm_length(MPI_Comm comm, const double *x, int n);

/* A communicator with the ranks in reverse order. */
MPI_Comm norm_turned(MPI_Comm comm);
