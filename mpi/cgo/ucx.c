// MPI_Finalize of MPICH 4.0 and 4.1 over UCX closes its connections, which over TCP
// waits until each peer has answered, and then goes into a barrier of the launcher,
// where it answers nobody: a rank that closes later waits for ever (pmodels/mpich
// #6596). In C it takes two hosts, a message of 1 MiB, and MPI_Finalize.
//
// Here a thread answers during that barrier. MPICH calls the functions of this file
// in place of UCX's, because symbols of the executable come first. They are weak, so
// that they give way where UCX is linked in statically.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "internal.h"

#if defined(MPICH_NUMVERSION) && MPICH_NUMVERSION >= 40000000 && MPICH_NUMVERSION < 40200000

typedef signed char status; // ucs_status_t is a packed enumeration

__attribute__((weak)) status ucp_worker_create(void *context, const void *params, void **worker);
__attribute__((weak)) void ucp_worker_destroy(void *worker);
__attribute__((weak)) void *ucp_disconnect_nb(void *ep);
__attribute__((weak)) int ucp_request_is_completed(void *request);
__attribute__((weak)) void ucp_request_release(void *request);

// THEIRS declares theirs, UCX's own function.
#define THEIRS(name)                \
	static __typeof__(name) *theirs; \
	if (theirs == NULL)             \
		theirs = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// What the thread makes progress on, and as many as MPICH can have.
static void *workers[64];
static int n_workers;

// The last connection that is being closed. MPICH releases their requests in turn
// when all are closed, right before the barrier.
static void *last;

// Stands for the first connection, should it have nothing to wait for, so that there
// is a last one in any case.
static char closed;

static pthread_t answerer;
static int answering;
static atomic_int enough;

static void *answer(void *progress)
{
	while (!atomic_load(&enough)) {
		for (int i = 0; i < n_workers; i++)
			((unsigned (*)(void *))progress)(workers[i]);
		usleep(1000);
	}
	return NULL;
}

status ucp_worker_create(void *context, const void *params, void **worker)
{
	THEIRS(ucp_worker_create);
	status s = theirs(context, params, worker);
	if (s == 0 && n_workers < (int)(sizeof workers / sizeof *workers))
		workers[n_workers++] = *worker;
	return s;
}

void *ucp_disconnect_nb(void *ep)
{
	THEIRS(ucp_disconnect_nb);
	void *request = theirs(ep);
	if (request == NULL && last == NULL)
		request = &closed;
	if (request != NULL)
		last = request;
	return request;
}

int ucp_request_is_completed(void *request)
{
	THEIRS(ucp_request_is_completed);
	return request == &closed || theirs(request);
}

void ucp_request_release(void *request)
{
	THEIRS(ucp_request_release);
	if (request != &closed)
		theirs(request);
	if (request != last)
		return;
	// Signals are for Go's threads.
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_store(&enough, 0);
	answering = pthread_create(&answerer, NULL, answer, dlsym(RTLD_NEXT, "ucp_worker_progress")) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	last = NULL;
}

void ucp_worker_destroy(void *worker)
{
	THEIRS(ucp_worker_destroy);
	if (answering) {
		atomic_store(&enough, 1);
		pthread_join(answerer, NULL);
		answering = 0;
	}
	n_workers = 0;
	theirs(worker);
}

#endif
