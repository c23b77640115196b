#include <pthread.h>

#include "internal.h"

// The nap of the goroutine that polls for all. Go's own timers will not do for less
// than a millisecond: the thread that waits for them sleeps that long at least.

static struct {
	pthread_once_t once;
	pthread_mutex_t mu;
	pthread_cond_t cond;
	int kicked;
} nap = {.once = PTHREAD_ONCE_INIT, .mu = PTHREAD_MUTEX_INITIALIZER};

static void nap_init(void)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
#ifdef __linux__
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
#endif
	pthread_cond_init(&nap.cond, &attr);
	pthread_condattr_destroy(&attr);
}

void m4g_nap(int64_t ns)
{
	struct timespec end;
	pthread_once(&nap.once, nap_init);
#ifdef __linux__
	clock_gettime(CLOCK_MONOTONIC, &end);
#else
	clock_gettime(CLOCK_REALTIME, &end);
#endif
	ns += end.tv_nsec;
	end.tv_sec += ns / 1000000000;
	end.tv_nsec = ns % 1000000000;
	pthread_mutex_lock(&nap.mu);
	while (!nap.kicked && pthread_cond_timedwait(&nap.cond, &nap.mu, &end) == 0)
		;
	nap.kicked = 0;
	pthread_mutex_unlock(&nap.mu);
}

void m4g_kick(void)
{
	pthread_once(&nap.once, nap_init);
	pthread_mutex_lock(&nap.mu);
	nap.kicked = 1;
	pthread_cond_signal(&nap.cond);
	pthread_mutex_unlock(&nap.mu);
}
