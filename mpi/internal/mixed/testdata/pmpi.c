// A profiling tool, to be loaded by LD_PRELOAD: it counts calls of MPI between
// MPI_Pcontrol(1) and MPI_Pcontrol(0), and the bytes to each rank, and says at
// the end what it has seen.
//
// It knows calls that begin something. Those that wait or test come as often as
// it takes, so that only their presence says anything.

#include <mpi.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { Send, Ssend, Recv, Completion, Barrier, Bcast, Allreduce, Kinds };
static const char *const names[Kinds] = {"sends", "ssends", "receives", "completions", "barriers", "bcasts",
	"allreduces"};

enum { max_ranks = 64 };
static atomic_int on, initialised;
static atomic_long calls[Kinds], bytes[max_ranks];

static void count(int kind)
{
	if (on)
		calls[kind]++;
}

static void sends(int kind, int n, MPI_Datatype type, int dest)
{
	int size;
	count(kind);
	PMPI_Type_size(type, &size);
	if (on && dest >= 0 && dest < max_ranks)
		bytes[dest] += (long)n * size;
}

int MPI_Send(const void *buf, int n, MPI_Datatype type, int dest, int tag, MPI_Comm comm)
{
	sends(Send, n, type, dest);
	return PMPI_Send(buf, n, type, dest, tag, comm);
}

int MPI_Isend(const void *buf, int n, MPI_Datatype type, int dest, int tag, MPI_Comm comm, MPI_Request *r)
{
	sends(Send, n, type, dest);
	return PMPI_Isend(buf, n, type, dest, tag, comm, r);
}

int MPI_Ssend(const void *buf, int n, MPI_Datatype type, int dest, int tag, MPI_Comm comm)
{
	sends(Ssend, n, type, dest);
	return PMPI_Ssend(buf, n, type, dest, tag, comm);
}

int MPI_Issend(const void *buf, int n, MPI_Datatype type, int dest, int tag, MPI_Comm comm, MPI_Request *r)
{
	sends(Ssend, n, type, dest);
	return PMPI_Issend(buf, n, type, dest, tag, comm, r);
}

int MPI_Recv(void *buf, int n, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Status *st)
{
	count(Recv);
	return PMPI_Recv(buf, n, type, source, tag, comm, st);
}

int MPI_Irecv(void *buf, int n, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Request *r)
{
	count(Recv);
	return PMPI_Irecv(buf, n, type, source, tag, comm, r);
}

int MPI_Wait(MPI_Request *r, MPI_Status *st)
{
	count(Completion);
	return PMPI_Wait(r, st);
}

int MPI_Test(MPI_Request *r, int *flag, MPI_Status *st)
{
	count(Completion);
	return PMPI_Test(r, flag, st);
}

int MPI_Testsome(int n, MPI_Request rs[], int *done, int indices[], MPI_Status sts[])
{
	count(Completion);
	return PMPI_Testsome(n, rs, done, indices, sts);
}

int MPI_Barrier(MPI_Comm comm)
{
	count(Barrier);
	return PMPI_Barrier(comm);
}

int MPI_Ibarrier(MPI_Comm comm, MPI_Request *r)
{
	count(Barrier);
	return PMPI_Ibarrier(comm, r);
}

int MPI_Bcast(void *buf, int n, MPI_Datatype type, int root, MPI_Comm comm)
{
	count(Bcast);
	return PMPI_Bcast(buf, n, type, root, comm);
}

int MPI_Ibcast(void *buf, int n, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request *r)
{
	count(Bcast);
	return PMPI_Ibcast(buf, n, type, root, comm, r);
}

int MPI_Allreduce(const void *in, void *out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
	count(Allreduce);
	return PMPI_Allreduce(in, out, n, type, op, comm);
}

int MPI_Iallreduce(const void *in, void *out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request *r)
{
	count(Allreduce);
	return PMPI_Iallreduce(in, out, n, type, op, comm, r);
}

int MPI_Pcontrol(const int level, ...)
{
	on = level;
	return MPI_SUCCESS;
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
	initialised = 1;
	return PMPI_Init_thread(argc, argv, required, provided);
}

int MPI_Finalize(void)
{
	int rank, size, used;
	char line[4096];
	PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
	PMPI_Comm_size(MPI_COMM_WORLD, &size);
	used = snprintf(line, sizeof line, "tool on rank %d:%s", rank, initialised ? "" : " it has not seen MPI_Init_thread");
	for (int i = 0; i < Kinds; i++)
		if (i != Completion)
			used += snprintf(line + used, sizeof line - used, " %ld %s", calls[i], names[i]);
	if (calls[Completion] == 0)
		used += snprintf(line + used, sizeof line - used, " no completions");
	for (int i = 0; i < size && i < max_ranks; i++)
		if (bytes[i] > 0)
			used += snprintf(line + used, sizeof line - used, " %ld bytes to %d", bytes[i], i);
	used += snprintf(line + used, sizeof line - used, "\n");
	// In one piece, so that the ranks' lines stay whole.
	if (write(1, line, used) != used)
		perror("tool");
	return PMPI_Finalize();
}
