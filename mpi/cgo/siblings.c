#include <pthread.h>

#include "internal.h"

// Which blocking collectives the threads of this process are in. Each thread is on a
// list from its first one on until it ends.

_Thread_local m4g_thread m4g_me;

static struct {
	pthread_once_t once;
	pthread_mutex_t mu;
	pthread_key_t key; // whose destructor takes a thread off the list
	int usable;
	m4g_thread *first;
} threads = {.once = PTHREAD_ONCE_INIT, .mu = PTHREAD_MUTEX_INITIALIZER};

static void unlist(void *thread)
{
	pthread_mutex_lock(&threads.mu);
	for (m4g_thread **t = &threads.first; *t != NULL; t = &(*t)->next)
		if (*t == thread) {
			*t = (*t)->next;
			break;
		}
	pthread_mutex_unlock(&threads.mu);
}

static void threads_init(void) { threads.usable = pthread_key_create(&threads.key, unlist) == 0; }

m4g_thread *m4g_list(void)
{
	m4g_thread *me = &m4g_me;
	pthread_once(&threads.once, threads_init);
	me->listed = 1;
	// One that would not be taken off must not be put on.
	if (!threads.usable || pthread_setspecific(threads.key, me) != 0)
		return me;
	pthread_mutex_lock(&threads.mu);
	me->next = threads.first;
	threads.first = me;
	pthread_mutex_unlock(&threads.mu);
	return me;
}

// What it tells of a call that begins or ends meanwhile may be of two calls: a
// second look finds another number of calls then.
int m4g_insides(m4g_inside *out, int max)
{
	int n = 0;
	pthread_mutex_lock(&threads.mu);
	for (m4g_thread *t = threads.first; t != NULL && n < max; t = t->next) {
		const char *call = __atomic_load_n(&t->in, __ATOMIC_ACQUIRE);
		if (call == NULL)
			continue;
		m4g_inside in = {H(t), call, t->comm, t->type, t->op, t->n, t->root, __atomic_load_n(&t->calls, __ATOMIC_RELAXED)};
		out[n++] = in;
	}
	pthread_mutex_unlock(&threads.mu);
	return n;
}
