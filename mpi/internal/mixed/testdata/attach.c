/* A C program that has MPI, and calls a Go library that uses it, too. The
 * argument says how: "single", "multiple", or "late" for a host that finalises
 * before the library. */

#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "libattach.h"

static int wrong, handled;

static void expect(int ok, const char *what)
{
	if (ok)
		return;
	wrong++;
	fprintf(stderr, "c: %s\n", what);
}

static void handler(MPI_Comm *comm, int *code, ...)
{
	(void)comm;
	(void)code;
	handled++;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int many = strcmp(how, "single") != 0, late = strcmp(how, "late") == 0;
	int level = MPI_THREAD_SINGLE, rank, size;
	if (many)
		MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
	else
		MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);

	MPI_Errhandler mine, now;
	MPI_Comm_create_errhandler(handler, &mine);
	MPI_Comm_set_errhandler(MPI_COMM_WORLD, mine);
	MPI_Comm turned;
	MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &turned);

	wrong += Refused(0);
	wrong += Begin(many);
	/* A goroutine's stack is too small for a signal handler. */
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction sa;
		if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL && sa.sa_handler != SIG_IGN)
			expect(sa.sa_flags & SA_ONSTACK, "a signal handler without SA_ONSTACK");
	}
	wrong += Work((uintptr_t)turned, MPI_Comm_c2f(turned), many);
	expect(handled == 0, "the host's error handler was called");
	if (late)
		MPI_Finalize();
	wrong += End(late);

	int over = -1;
	MPI_Finalized(&over);
	expect(over == late, "Go's Finalize has finalised the host's MPI");
	if (!late) {
		MPI_Comm_get_errhandler(MPI_COMM_WORLD, &now);
		expect(now == mine, "the host's error handler is lost");
		MPI_Send(&rank, 1, MPI_INT, size, 0, MPI_COMM_WORLD);
		expect(handled == 1, "the host's error handler was not called");
		int sum = 0;
		MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, turned);
		expect(sum == size * (size - 1) / 2, "the sum is wrong");
		wrong += Refused(1);
		MPI_Comm_free(&turned);
		MPI_Finalize();
	}
	if (wrong == 0)
		printf("rank %d: all right\n", rank);
	return wrong != 0;
}
