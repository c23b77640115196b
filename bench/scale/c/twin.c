// The C twin of ../go: the same steps under the same names, checked, timed and
// printed alike, so that a difference is the cost of Go and of nothing else.
//
//	mpirun -n 8 ./twin [-budget 0.1]

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { part = 16, none = -1, calls = 20000, tasks = 16 };
#define W MPI_COMM_WORLD

static int me, n, last;
static long *sendbuf, *recvbuf; // a part for each rank
// What this rank sends to each, what it receives from each, and what each sends
// to rank 0; displacements in elements and in bytes.
static int *to, *from, *to0, *displs, *bytes;
static MPI_Datatype *longs;
static int before; // of the elements that reduce_scatter gives to the ranks below

static void die(const char *step, const char *what, long a, long b)
{
	fprintf(stderr, "twin: rank %d: %s: %s %ld, must be %ld\n", me, step, what, a, b);
	MPI_Abort(W, 1);
	exit(1);
}

static void *room(size_t size)
{
	void *p = calloc(size > 0 ? size : 1, 1);
	if (p == NULL)
		die("start", "out of memory", 0, (long)size);
	return p;
}

// value is the i-th element of what one rank has for another, uneven how many go
// there where that differs, total the sum of value over the first k ranks.
static long value(long from, long to, long i) { return from * 1000003 + to * 1009 + i; }
static int uneven(int from, int to) { return 1 + (from + to) % part; }
static long total(long k, long to, long i) { return k * (k - 1) / 2 * 1000003 + k * (to * 1009 + i); }
static long up_to(int k, int i, long v) { return i < k ? v : none; }
static long on(int rank, long v) { return me == rank ? v : none; }

// A step is a call, and what must stand in the receive buffer after it, at place
// i of part p.
#define STEP(name, call, want)                                                                                         \
	static void call_##name(void) { call; }                                                                            \
	static long want_##name(int p, int i)                                                                              \
	{                                                                                                                  \
		(void)p, (void)i;                                                                                              \
		return want;                                                                                                   \
	}

STEP(barrier, MPI_Barrier(W), none)
STEP(bcast, MPI_Bcast(me == last ? sendbuf : recvbuf, part, MPI_LONG, last, W),
	me == last ? none : up_to(1, p, value(last, 0, i)))
STEP(gather, MPI_Gather(sendbuf, part, MPI_LONG, recvbuf, part, MPI_LONG, 0, W), on(0, value(p, 0, i)))
STEP(gatherv, MPI_Gatherv(sendbuf, to0[me], MPI_LONG, recvbuf, to0, displs, MPI_LONG, 0, W),
	on(0, up_to(to0[p], i, value(p, 0, i))))
STEP(scatter, MPI_Scatter(sendbuf, part, MPI_LONG, recvbuf, part, MPI_LONG, last, W), up_to(1, p, value(last, me, i)))
STEP(scatterv, MPI_Scatterv(sendbuf, to, displs, MPI_LONG, recvbuf, uneven(0, me), MPI_LONG, 0, W),
	up_to(1, p, up_to(uneven(0, me), i, value(0, me, i))))
STEP(allgather, MPI_Allgather(sendbuf, part, MPI_LONG, recvbuf, part, MPI_LONG, W), value(p, 0, i))
STEP(allgatherv, MPI_Allgatherv(sendbuf, to0[me], MPI_LONG, recvbuf, to0, displs, MPI_LONG, W),
	up_to(to0[p], i, value(p, 0, i)))
STEP(alltoall, MPI_Alltoall(sendbuf, part, MPI_LONG, recvbuf, part, MPI_LONG, W), value(p, me, i))
STEP(alltoallv, MPI_Alltoallv(sendbuf, to, displs, MPI_LONG, recvbuf, from, displs, MPI_LONG, W),
	up_to(from[p], i, value(p, me, i)))
STEP(alltoallw, MPI_Alltoallw(sendbuf, to, bytes, longs, recvbuf, from, bytes, longs, W),
	up_to(from[p], i, value(p, me, i)))
STEP(reduce, MPI_Reduce(sendbuf, recvbuf, part, MPI_LONG, MPI_SUM, 0, W), on(0, up_to(1, p, total(n, 0, i))))
STEP(allreduce, MPI_Allreduce(sendbuf, recvbuf, part, MPI_LONG, MPI_SUM, W), up_to(1, p, total(n, 0, i)))
STEP(reduce_scatter, MPI_Reduce_scatter(sendbuf, recvbuf, to0, MPI_LONG, MPI_SUM, W),
	up_to(1, p, up_to(to0[me], i, total(n, (before + i) / part, (before + i) % part))))
STEP(reduce_scatter_block, MPI_Reduce_scatter_block(sendbuf, recvbuf, part, MPI_LONG, MPI_SUM, W),
	up_to(1, p, total(n, me, i)))
STEP(scan, MPI_Scan(sendbuf, recvbuf, part, MPI_LONG, MPI_SUM, W), up_to(1, p, total(me + 1, 0, i)))
// Rank 0 has no result.
STEP(exscan, MPI_Exscan(sendbuf, recvbuf, part, MPI_LONG, MPI_SUM, W),
	me == 0 ? recvbuf[p * part + i] : up_to(1, p, total(me, 0, i)))

// Communicators of the rows and of the columns of the square that the ranks
// form, as far as they do.
static MPI_Comm lines[2] = {MPI_COMM_NULL, MPI_COMM_NULL};

static int side(void) { return (int)sqrt(n); }

static void call_split(void)
{
	for (int k = 0; k < 2; k++) {
		if (lines[k] != MPI_COMM_NULL)
			MPI_Comm_free(&lines[k]);
		MPI_Comm_split(W, k == 0 ? me / side() : me % side(), me, &lines[k]);
	}
}

static void check_split(void)
{
	for (int k = 0; k < 2; k++) {
		long want[2] = {0, 0}, got[2] = {1, me};
		for (int r = 0; r < n; r++)
			if (k == 0 ? r / side() == me / side() : r % side() == me % side()) {
				want[0]++;
				want[1] += r;
			}
		MPI_Allreduce(MPI_IN_PLACE, got, 2, MPI_LONG, MPI_SUM, lines[k]);
		for (int i = 0; i < 2; i++)
			if (got[i] != want[i])
				die("split", i == 0 ? "ranks" : "sum", got[i], want[i]);
	}
}

// The object that every rank has, as a C program would send it: a text of any
// length and some numbers, packed by hand, first the sizes, then the bytes.
struct place {
	int rank;
	char *host;
	double values[8];
};
static struct place *places;

static void call_object(void)
{
	char mine[256], host[64], *all = NULL;
	int *sizes = NULL, *at = NULL, used = 0;
	double values[8];
	for (int i = 0; i < 8; i++)
		values[i] = me;
	int len = snprintf(host, sizeof host, "host of %d", me);
	MPI_Pack(&me, 1, MPI_INT, mine, sizeof mine, &used, W);
	MPI_Pack(&len, 1, MPI_INT, mine, sizeof mine, &used, W);
	MPI_Pack(host, len, MPI_CHAR, mine, sizeof mine, &used, W);
	MPI_Pack(values, 8, MPI_DOUBLE, mine, sizeof mine, &used, W);
	if (me == 0) {
		sizes = room(n * sizeof *sizes);
		at = room((n + 1) * sizeof *at);
	}
	MPI_Gather(&used, 1, MPI_INT, sizes, 1, MPI_INT, 0, W);
	for (int r = 0; me == 0 && r < n; r++)
		at[r + 1] = at[r] + sizes[r];
	if (me == 0)
		all = room(at[n]);
	MPI_Gatherv(mine, used, MPI_PACKED, all, sizes, at, MPI_PACKED, 0, W);
	for (int r = 0; me == 0 && r < n; r++) {
		struct place *p = &places[r];
		int pos = at[r];
		MPI_Unpack(all, at[n], &pos, &p->rank, 1, MPI_INT, W);
		MPI_Unpack(all, at[n], &pos, &len, 1, MPI_INT, W);
		free(p->host);
		p->host = room(len + 1);
		MPI_Unpack(all, at[n], &pos, p->host, len, MPI_CHAR, W);
		MPI_Unpack(all, at[n], &pos, p->values, 8, MPI_DOUBLE, W);
	}
	free(all);
	free(at);
	free(sizes);
}

static void check_object(void)
{
	for (int r = 0; me == 0 && r < n; r++) {
		char host[64];
		snprintf(host, sizeof host, "host of %d", r);
		if (places[r].rank != r || strcmp(places[r].host, host) != 0 || places[r].values[7] != r)
			die("object-gather", places[r].host, places[r].rank, r);
	}
}

// Rank 0 hands tasks to all others, one by one; the next goes to whoever answers.
static long *squares;
enum { task_tag = 1, end_tag };

static void call_pool(void)
{
	int all = tasks * (n - 1), next = 0;
	long work[2]; // which task, and its result
	MPI_Status st;
	if (me > 0) {
		for (;;) {
			MPI_Recv(work, 1, MPI_LONG, 0, MPI_ANY_TAG, W, &st);
			if (st.MPI_TAG == end_tag)
				return;
			work[1] = work[0] * work[0];
			MPI_Send(work, 2, MPI_LONG, 0, task_tag, W);
		}
	}
	for (int r = 1; r < n; r++) {
		work[0] = next++;
		MPI_Send(work, 1, MPI_LONG, r, task_tag, W);
	}
	for (int done = 0; done < all; done++) {
		MPI_Recv(work, 2, MPI_LONG, MPI_ANY_SOURCE, task_tag, W, &st);
		squares[work[0]] = work[1];
		work[0] = next++;
		MPI_Send(work, 1, MPI_LONG, st.MPI_SOURCE, work[0] < all ? task_tag : end_tag, W);
	}
}

static void check_pool(void)
{
	for (long i = 0; me == 0 && i < tasks * (n - 1); i++)
		if (squares[i] != i * i)
			die("pool-task", "a result is", squares[i], i * i);
}

static const struct step {
	const char *name;
	void (*call)(void);
	long (*want)(int p, int i);
	void (*check)(void);
	int ops; // in one call; 0 for that of the pool
} steps[] = {
#define PLAIN(name) {#name, call_##name, want_##name, NULL, 1}
	PLAIN(barrier), PLAIN(bcast), PLAIN(gather), PLAIN(gatherv), PLAIN(scatter), PLAIN(scatterv), PLAIN(allgather),
	PLAIN(allgatherv), PLAIN(alltoall), PLAIN(alltoallv), PLAIN(alltoallw), PLAIN(reduce), PLAIN(allreduce),
	PLAIN(reduce_scatter), PLAIN(reduce_scatter_block), PLAIN(scan), PLAIN(exscan),
	{"split", call_split, want_barrier, check_split, 2},
	{"object-gather", call_object, want_barrier, check_object, 1},
	{"pool-task", call_pool, want_barrier, check_pool, 0},
};

// loop makes k calls, and returns the slowest rank's seconds for one.
static double loop(const struct step *st, int k)
{
	MPI_Barrier(W);
	double start = MPI_Wtime();
	for (int i = 0; i < k; i++)
		st->call();
	double seconds = (MPI_Wtime() - start) / k;
	MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, W);
	return seconds;
}

static double measure(const struct step *st, double budget)
{
	for (int i = 0; i < n * part; i++)
		recvbuf[i] = none;
	double seconds = loop(st, 1);
	for (int i = 0; i < n * part; i++)
		if (recvbuf[i] != st->want(i / part, i % part))
			die(st->name, "an element is", recvbuf[i], st->want(i / part, i % part));
	if (st->check != NULL)
		st->check();
	// The first call may set something up, so that the second counts, unless calls
	// are long. Of short ones there are three loops, and the best is what counts:
	// the least disturbed.
	if (seconds < 10 * budget)
		seconds = loop(st, 1);
	if (seconds < budget / 6) {
		int k = budget / 3 / seconds < calls ? (int)(budget / 3 / seconds) : calls;
		seconds = HUGE_VAL;
		for (int i = 0; i < 3; i++) {
			double again = loop(st, k);
			seconds = again < seconds ? again : seconds;
		}
	}
	return seconds / (st->ops > 0 ? st->ops : tasks * (n - 1));
}

static void memory(const char *when, const char *line)
{
	char text[256];
	long kb = -1, most;
	FILE *f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(text, sizeof text, f) != NULL)
		if (strncmp(text, line, strlen(line)) == 0)
			kb = atol(text + strlen(line) + 1);
	if (f != NULL)
		fclose(f);
	if (kb < 0)
		die("memory", line, kb, 0);
	most = kb;
	MPI_Allreduce(MPI_IN_PLACE, &kb, 1, MPI_LONG, MPI_SUM, W);
	MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_LONG, MPI_MAX, W);
	if (me == 0)
		printf("memory %s %ld %ld\n", when, kb / n * 1024, most * 1024);
}

// hello gathers what every rank says of itself, and prints how many they are and
// where.
static void hello(void)
{
	enum { length = MPI_MAX_PROCESSOR_NAME + 64 };
	char host[MPI_MAX_PROCESSOR_NAME], mine[length] = {0}, start[64];
	char *all = room(me == 0 ? (size_t)n * length : 1);
	int len;
	MPI_Get_processor_name(host, &len);
	snprintf(mine, length, "rank %d of %d on %s", me, n, host);
	MPI_Gather(mine, length, MPI_CHAR, all, length, MPI_CHAR, 0, W);
	if (me == 0)
		printf("hello %d", n);
	for (int r = 0; me == 0 && r < n; r++) {
		int known = 0, k = snprintf(start, sizeof start, "rank %d of %d on ", r, n);
		const char *of = all + (size_t)r * length;
		if (strncmp(of, start, (size_t)k) != 0 || of[k] == 0)
			die("hello", of, r, r);
		for (int other = 0; other < r && !known; other++) {
			const char *text = all + (size_t)other * length;
			known = strcmp(strstr(text, " on ") + 4, of + k) == 0;
		}
		if (!known)
			printf(" %s", of + k);
	}
	if (me == 0)
		printf("\n");
	free(all);
}

int main(int argc, char **argv)
{
	int provided;
	double budget = argc > 2 && strcmp(argv[1], "-budget") == 0 ? atof(argv[2]) : 0.1;
	MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided); // as Go does
	MPI_Comm_rank(W, &me);
	MPI_Comm_size(W, &n);
	last = n - 1;
	if (n < 2)
		die("start", "the number of ranks is", n, 2);
	if (provided < MPI_THREAD_MULTIPLE)
		die("start", "the thread level is", provided, MPI_THREAD_MULTIPLE);
	MPI_Barrier(W);
	if (me == 0) {
		char version[MPI_MAX_LIBRARY_VERSION_STRING];
		int len;
		struct timeval now;
		gettimeofday(&now, NULL);
		MPI_Get_library_version(version, &len);
		version[strcspn(version, "\n")] = 0; // MPICH's goes on for a page
		printf("# %s\nready %ld.%06ld\n", version, (long)now.tv_sec, (long)now.tv_usec);
	}
	memory("start", "VmRSS");
	hello();

	sendbuf = room(sizeof(long) * n * part);
	recvbuf = room(sizeof(long) * n * part);
	to = room(sizeof(int) * n), from = room(sizeof(int) * n), to0 = room(sizeof(int) * n);
	displs = room(sizeof(int) * n), bytes = room(sizeof(int) * n);
	longs = room(sizeof(MPI_Datatype) * n);
	places = room(sizeof(struct place) * n);
	squares = room(sizeof(long) * tasks * n);
	for (int i = 0; i < n * part; i++)
		sendbuf[i] = value(me, i / part, i % part);
	for (int r = 0; r < n; r++) {
		to[r] = uneven(me, r), from[r] = uneven(r, me), to0[r] = uneven(r, 0);
		displs[r] = r * part;
		bytes[r] = displs[r] * (int)sizeof(long);
		longs[r] = MPI_LONG;
		before += r < me ? to0[r] : 0;
	}
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		double seconds = measure(&steps[i], budget);
		if (me == 0)
			printf("time %s %.6e\n", steps[i].name, seconds);
	}
	memory("peak", "VmHWM");
	MPI_Finalize();
	return 0;
}
