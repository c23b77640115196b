// The C twin of ../go: the same benchmarks under the same names, with the same
// buffers, warm-up, iterations and output, so that a difference between the two
// columns of a table is the cost of Go and of nothing else.
//
//	mpirun -n 2 ./twin -bench latency -sizes 8,65536 [-iters 100000,2000 | -min-time 0.2] [-single] [-busy]
//
// Rank 0 prints "# library" once and then, for each size, "size seconds iterations".

#include <mpi.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { data_tag = 1, control_tag = 2, thread_tag = 3, max_sizes = 64 };

static int rank;

static void die(const char *text, const char *detail)
{
	fprintf(stderr, "twin: rank %d: %s%s\n", rank, text, detail);
	MPI_Abort(MPI_COMM_WORLD, 1);
	exit(1);
}

// The benchmarks. A kernel runs n iterations on its rank; ops says how many
// operations one iteration is, because time is reported per operation. The
// receive buffer has the size this many times; 0 stands for the number of ranks.

enum { window = 64, biwindow = 16, max_ranks = 64, max_threads = 4 };

static int world_size, counts[max_ranks], displs[max_ranks];
static int parts[max_ranks]; // the numbers of the send buffer, split among the ranks
static char *unused; // as long as the receive buffer

static void pingpong(char *send, char *recv, int size, long long n)
{
	int peer = 1 - rank;
	if (rank == 0)
		for (long long i = 0; i < n; i++) {
			MPI_Send(send, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD);
			MPI_Recv(recv, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		}
	else
		for (long long i = 0; i < n; i++) {
			MPI_Recv(recv, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			MPI_Send(send, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD);
		}
}

// Passes a message on from rank to rank, until rank 0 has it back.
static void ring(char *send, char *recv, int size, long long n)
{
	int left = (rank + world_size - 1) % world_size, right = (rank + 1) % world_size;
	for (long long i = 0; i < n; i++) {
		if (rank == 0)
			MPI_Send(send, size, MPI_BYTE, right, data_tag, MPI_COMM_WORLD);
		MPI_Recv(recv, size, MPI_BYTE, left, data_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (rank != 0)
			MPI_Send(send, size, MPI_BYTE, right, data_tag, MPI_COMM_WORLD);
	}
}

// A rank of the first half sends to its pair in the second.
static int sends(void) { return rank < world_size / 2; }
static int pair(void) { return sends() ? rank + world_size / 2 : rank - world_size / 2; }

static void acknowledge(void)
{
	if (sends())
		MPI_Recv(NULL, 0, MPI_BYTE, pair(), control_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	else
		MPI_Send(NULL, 0, MPI_BYTE, pair(), control_tag, MPI_COMM_WORLD);
}

static void rate(char *send, char *recv, int size, long long n)
{
	MPI_Request r[window];
	int peer = pair(), out = sends();
	for (long long i = 0; i < n; i++) {
		for (int k = 0; k < window; k++)
			if (out)
				MPI_Isend(send, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, &r[k]);
			else
				MPI_Irecv(recv + (size_t)k * size, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, &r[k]);
		MPI_Waitall(window, r, MPI_STATUSES_IGNORE);
		acknowledge();
	}
	if (world_size > 2)
		MPI_Barrier(MPI_COMM_WORLD); // rank 0's time is that of the slowest pair
}

static void persistent(char *send, char *recv, int size, long long n)
{
	MPI_Request r[window];
	for (int k = 0; k < window; k++)
		if (rank == 0)
			MPI_Send_init(send, size, MPI_BYTE, 1, data_tag, MPI_COMM_WORLD, &r[k]);
		else
			MPI_Recv_init(recv + (size_t)k * size, size, MPI_BYTE, 0, data_tag, MPI_COMM_WORLD, &r[k]);
	for (long long i = 0; i < n; i++) {
		MPI_Startall(window, r);
		MPI_Waitall(window, r, MPI_STATUSES_IGNORE);
		acknowledge();
	}
	for (int k = 0; k < window; k++)
		MPI_Request_free(&r[k]);
}

static void bibandwidth(char *send, char *recv, int size, long long n)
{
	MPI_Request r[2 * biwindow];
	int peer = 1 - rank;
	for (long long i = 0; i < n; i++) {
		for (int k = 0; k < biwindow; k++)
			MPI_Irecv(recv + (size_t)k * size, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, &r[k]);
		for (int k = 0; k < biwindow; k++)
			MPI_Isend(send, size, MPI_BYTE, peer, data_tag, MPI_COMM_WORLD, &r[biwindow + k]);
		MPI_Waitall(2 * biwindow, r, MPI_STATUSES_IGNORE);
	}
}

// The ping-pong of threads, each with a tag of its own.
struct thread {
	char *send, *recv;
	int size, tag;
	long long n;
};

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	for (long long i = 0; i < t->n; i++) {
		if (rank == 0)
			MPI_Send(t->send, t->size, MPI_BYTE, 1, t->tag, MPI_COMM_WORLD);
		MPI_Recv(t->recv, t->size, MPI_BYTE, 1 - rank, t->tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (rank == 1)
			MPI_Send(t->send, t->size, MPI_BYTE, 0, t->tag, MPI_COMM_WORLD);
	}
	return NULL;
}

static void threads(int count, char *send, char *recv, int size, long long n)
{
	pthread_t ids[max_threads];
	struct thread ts[max_threads];
	for (int k = 0; k < count; k++) {
		ts[k] = (struct thread){send, recv + (size_t)k * size, size, thread_tag + k, n};
		if (pthread_create(&ids[k], NULL, thread_main, &ts[k]) != 0)
			die("no thread", "");
	}
	for (int k = 0; k < count; k++)
		pthread_join(ids[k], NULL);
}

static void threads2(char *send, char *recv, int size, long long n) { threads(2, send, recv, size, n); }
static void threads4(char *send, char *recv, int size, long long n) { threads(4, send, recv, size, n); }

// Keeps the core busy, by the clock: so the twins compute equally long, whatever
// their compilers make of a loop.
static void compute(int us)
{
	double start = MPI_Wtime();
	while (MPI_Wtime() - start < us * 1e-6)
		;
}

// What overlap moves: 1 MiB of numbers, touched in the warm-up.
enum { mebibyte = 1 << 17 };
static double given[mebibyte], taken[mebibyte];

static void touch(void)
{
	if (given[0] == 0)
		for (int i = 0; i < mebibyte; i++)
			given[i] = 1, taken[i] = 2;
}

// Exchanges 1 MiB, and computes so many microseconds before it waits.
static void overlap(char *send, char *recv, int us, long long n)
{
	(void)send, (void)recv;
	touch();
	for (long long i = 0; i < n; i++) {
		MPI_Request r[2];
		MPI_Irecv(taken, mebibyte, MPI_DOUBLE, 1 - rank, data_tag, MPI_COMM_WORLD, &r[0]);
		MPI_Isend(given, mebibyte, MPI_DOUBLE, 1 - rank, data_tag, MPI_COMM_WORLD, &r[1]);
		compute(us);
		MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
	}
}

static void overlap_iallreduce(char *send, char *recv, int us, long long n)
{
	(void)send, (void)recv;
	touch();
	for (long long i = 0; i < n; i++) {
		MPI_Request r;
		MPI_Iallreduce(given, taken, mebibyte, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &r);
		compute(us);
		MPI_Wait(&r, MPI_STATUS_IGNORE);
	}
}

// The ping-pong of a square block of a matrix four times as high and wide, by
// its layout: from one matrix, into the other.
static void block(char *send, char *recv, int size, long long n)
{
	int side = 0;
	while ((side + 1) * (side + 1) <= size / 8)
		side++;
	size_t at = 8 * (size_t)(side * 4 * side + side);
	MPI_Datatype t;
	MPI_Type_vector(side, side, 4 * side, MPI_DOUBLE, &t);
	MPI_Type_commit(&t);
	(void)send;
	for (long long i = 0; i < n; i++) {
		if (rank == 0)
			MPI_Send(unused + at, 1, t, 1, data_tag, MPI_COMM_WORLD);
		MPI_Recv(recv + at, 1, t, 1 - rank, data_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (rank == 1)
			MPI_Send(unused + at, 1, t, 0, data_tag, MPI_COMM_WORLD);
	}
	MPI_Type_free(&t);
}

// 13 bytes of data in 24: the padding stays at home.
struct particle {
	int32_t id;
	double mass;
	int8_t charge;
};

// The ping-pong of as many structs as the size has room for, at least one.
static void pingpong_struct(char *send, char *recv, int size, long long n)
{
	int lengths[] = {1, 1, 1}, count = size / (int)sizeof(struct particle);
	MPI_Aint places[] = {offsetof(struct particle, id), offsetof(struct particle, mass), offsetof(struct particle, charge)};
	MPI_Datatype members[] = {MPI_INT32_T, MPI_DOUBLE, MPI_INT8_T}, bare, t;
	MPI_Type_create_struct(3, lengths, places, members, &bare);
	MPI_Type_create_resized(bare, 0, sizeof(struct particle), &t);
	MPI_Type_commit(&t);
	MPI_Type_free(&bare);
	if (count == 0)
		count = 1;
	(void)send; // may be shorter than one
	for (long long i = 0; i < n; i++) {
		if (rank == 0)
			MPI_Send(unused, count, t, 1, data_tag, MPI_COMM_WORLD);
		MPI_Recv(recv, count, t, 1 - rank, data_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (rank == 1)
			MPI_Send(unused, count, t, 0, data_tag, MPI_COMM_WORLD);
	}
	MPI_Type_free(&t);
}

// Each collective in a loop.
#define LOOP(name, call)                                                                                               \
	static void name(char *send, char *recv, int size, long long n)                                                    \
	{                                                                                                                  \
		(void)send, (void)recv, (void)size;                                                                            \
		for (long long i = 0; i < n; i++)                                                                              \
			call;                                                                                                      \
	}
#define W MPI_COMM_WORLD
LOOP(barrier, MPI_Barrier(W))
LOOP(bcast, MPI_Bcast(send, size, MPI_BYTE, 0, W))
LOOP(reduce, MPI_Reduce(send, recv, size / 8, MPI_DOUBLE, MPI_SUM, 0, W))
LOOP(allreduce, MPI_Allreduce(send, recv, size / 8, MPI_DOUBLE, MPI_SUM, W))
LOOP(reducescatter, MPI_Reduce_scatter(send, recv, parts, MPI_DOUBLE, MPI_SUM, W))
LOOP(scan, MPI_Scan(send, recv, size / 8, MPI_DOUBLE, MPI_SUM, W))
LOOP(exscan, MPI_Exscan(send, recv, size / 8, MPI_DOUBLE, MPI_SUM, W))
LOOP(gather, MPI_Gather(send, size, MPI_BYTE, recv, size, MPI_BYTE, 0, W))
LOOP(gatherv, MPI_Gatherv(send, size, MPI_BYTE, recv, counts, displs, MPI_BYTE, 0, W))
LOOP(scatter, MPI_Scatter(recv, size, MPI_BYTE, send, size, MPI_BYTE, 0, W))
LOOP(scatterv, MPI_Scatterv(recv, counts, displs, MPI_BYTE, send, size, MPI_BYTE, 0, W))
LOOP(allgather, MPI_Allgather(send, size, MPI_BYTE, recv, size, MPI_BYTE, W))
LOOP(allgatherv, MPI_Allgatherv(send, size, MPI_BYTE, recv, counts, displs, MPI_BYTE, W))
LOOP(alltoall, MPI_Alltoall(recv, size, MPI_BYTE, unused, size, MPI_BYTE, W))
LOOP(alltoallv, MPI_Alltoallv(recv, counts, displs, MPI_BYTE, unused, counts, displs, MPI_BYTE, W))

static void iallreduce(char *send, char *recv, int size, long long n)
{
	for (long long i = 0; i < n; i++) {
		MPI_Request r;
		MPI_Iallreduce(send, recv, size / 8, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &r);
		MPI_Wait(&r, MPI_STATUS_IGNORE);
	}
}

static const struct bench {
	const char *name;
	int ops, times;
	void (*kernel)(char *send, char *recv, int size, long long n);
} benches[] = {
	{"latency", 2, 1, pingpong},
	{"bandwidth", 2, 1, pingpong},
	{"bandwidth-huge", 2, 1, pingpong}, // from malloc, as C programs do
	{"bibandwidth", 2 * biwindow, biwindow, bibandwidth},
	{"wait-context", 2, 1, pingpong},
	{"wait-done", 2, 1, pingpong},
	{"rate", window, window, rate},
	{"rate-2p", 2 * window, window, rate},
	{"rate-4p", 4 * window, window, rate},
	{"persistent", window, window, persistent},
	{"threads-2", 2, 2, threads2},
	{"threads-4", 2, 4, threads4},
	{"overlap", 1, 1, overlap},
	{"overlap-iallreduce", 1, 1, overlap_iallreduce},
	{"block", 2, 16, block},
	{"struct", 2, sizeof(struct particle), pingpong_struct}, // room for one at any size
	{"ring", 1, 1, ring},
	{"barrier", 1, 1, barrier},
	{"bcast", 1, 1, bcast},
	{"reduce", 1, 1, reduce},
	{"allreduce", 1, 1, allreduce},
	{"iallreduce", 1, 1, iallreduce},
	{"reducescatter", 1, 1, reducescatter},
	{"scan", 1, 1, scan},
	{"exscan", 1, 1, exscan},
	{"gather", 1, 0, gather},
	{"gatherv", 1, 0, gatherv},
	{"scatter", 1, 0, scatter},
	{"scatterv", 1, 0, scatterv},
	{"allgather", 1, 0, allgather},
	{"allgatherv", 1, 0, allgatherv},
	{"alltoall", 1, 0, alltoall},
	{"alltoallv", 1, 0, alltoallv},
};

// Rank 0 says how many iterations come next; 0 ends the size.
static void announce(long long n)
{
	for (int to = 1; to < world_size; to++)
		MPI_Send(&n, 1, MPI_LONG_LONG, to, control_tag, MPI_COMM_WORLD);
}

static double batch(const struct bench *b, char *send, char *recv, int size, long long n)
{
	announce(n);
	double start = MPI_Wtime();
	b->kernel(send, recv, size, n);
	return MPI_Wtime() - start;
}

// Times n iterations or, with n = 0, as many as last min_time.
static void lead(const struct bench *b, char *send, char *recv, int size, long long n, double min_time)
{
	int fixed = n > 0;
	if (!fixed)
		n = 1;
	batch(b, send, recv, size, n / 10 + 1); // warm-up
	double t = batch(b, send, recv, size, n);
	while (!fixed && t < min_time) {
		// A short batch says little: grow in steps, and a little past the goal.
		double grow = t > 0 ? 1.1 * min_time / t : 100;
		n = (long long)(n * (grow < 100 ? grow : 100)) + 1;
		t = batch(b, send, recv, size, n);
	}
	announce(0);
	printf("%d %.6e %lld\n", size, t / n / b->ops, n);
	fflush(stdout);
}

static void follow(const struct bench *b, char *send, char *recv, int size)
{
	for (;;) {
		long long n;
		MPI_Recv(&n, 1, MPI_LONG_LONG, 0, control_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (n == 0)
			return;
		b->kernel(send, recv, size, n);
	}
}

// Benchmarks that are one run of the program.

static void startup(void) {} // the driver takes the time from outside

// Prints how many KiB of memory rank 0 holds after Init and a Barrier.
static void memory(void)
{
	char line[256];
	long kib = 0;
	MPI_Barrier(MPI_COMM_WORLD);
	if (rank != 0)
		return;
	FILE *status = fopen("/proc/self/status", "r");
	while (status != NULL && kib == 0 && fgets(line, sizeof line, status) != NULL)
		sscanf(line, "VmRSS: %ld kB", &kib);
	if (kib == 0)
		die("no VmRSS in /proc/self/status", "");
	fclose(status);
	printf("0 %ld 1\n", kib);
}

static const struct once {
	const char *name;
	void (*run)(void);
} onces[] = {{"startup", startup}, {"memory", memory}};

// Computes for as long as the program runs, beside it.
static void *toil(void *arg)
{
	static volatile unsigned long sum;
	(void)arg;
	for (;;)
		sum++;
	return NULL;
}

// Reads a comma-separated list of numbers; returns how many.
static int list(const char *text, long long *out)
{
	int n = 0;
	for (const char *p = text;; p++) {
		char *end;
		if (n == max_sizes)
			die("too many numbers in ", text);
		out[n] = strtoll(p, &end, 10);
		if (end == p || out[n++] < 0 || (*end != 0 && *end != ','))
			die("bad list: ", text);
		if (*end == 0)
			return n;
		p = end;
	}
}

int main(int argc, char **argv)
{
	const char *name = "latency", *sizes_text = "8", *iters_text = NULL;
	double min_time = 0.2;
	int level = MPI_THREAD_MULTIPLE, provided, busy = 0;
	const char *unknown = NULL;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "-single") == 0) {
			level = MPI_THREAD_SINGLE;
			continue;
		}
		if (strcmp(argv[i], "-busy") == 0) {
			busy = 1;
			continue;
		}
		if (strcmp(argv[i], "-bench") == 0)
			name = value;
		else if (strcmp(argv[i], "-sizes") == 0)
			sizes_text = value;
		else if (strcmp(argv[i], "-iters") == 0)
			iters_text = value;
		else if (strcmp(argv[i], "-min-time") == 0)
			min_time = atof(value);
		else
			unknown = argv[i];
		i++;
	}

	MPI_Init_thread(&argc, &argv, level, &provided);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &world_size);
	if (unknown != NULL)
		die("unknown argument ", unknown);
	if (world_size < 2 || world_size > max_ranks)
		die("the benchmarks need 2 to 64 ranks", "");
	if (provided < level) // the standard orders the levels
		die("the library does not provide the thread level", "");

	if (rank == 0) {
		char version[MPI_MAX_LIBRARY_VERSION_STRING];
		int len;
		MPI_Get_library_version(version, &len);
		version[strcspn(version, "\n")] = 0; // MPICH tells a page; the first line names the version
		printf("# %s\n", version);
	}
	for (size_t i = 0; i < sizeof onces / sizeof *onces; i++)
		if (strcmp(onces[i].name, name) == 0) {
			onces[i].run();
			MPI_Finalize();
			return 0;
		}
	const struct bench *b = NULL;
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++)
		if (strcmp(benches[i].name, name) == 0)
			b = &benches[i];
	if (b == NULL)
		die("unknown benchmark ", name);

	long long sizes[max_sizes], iters[max_sizes] = {0}, max = 1;
	int n = list(sizes_text, sizes);
	if (iters_text != NULL && list(iters_text, iters) != n)
		die("-iters needs one number per size: ", iters_text);
	for (int i = 0; i < n; i++) {
		if (sizes[i] > 0x7fffffff)
			die("a size is above 2 GiB: ", sizes_text);
		if (sizes[i] > max)
			max = sizes[i];
	}

	// Allocated and touched once, so that no page fault falls into a timing.
	size_t all = (size_t)max * (b->times ? b->times : world_size);
	char *send = malloc(max), *recv = malloc(all);
	unused = malloc(all);
	if (send == NULL || recv == NULL || unused == NULL)
		die("out of memory", "");
	memset(send, 1, max);
	memset(recv, 2, all);
	memset(unused, 3, all);

	pthread_t beside;
	if (busy && pthread_create(&beside, NULL, toil, NULL) != 0)
		die("no thread", "");
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < world_size; k++) {
			counts[k] = (int)sizes[i];
			displs[k] = k * (int)sizes[i];
			parts[k] = (int)sizes[i] / 8 / world_size + (k < (int)sizes[i] / 8 % world_size);
		}
		if (rank == 0)
			lead(b, send, recv, (int)sizes[i], iters[i], min_time);
		else
			follow(b, send, recv, (int)sizes[i]);
	}

	free(unused);
	free(send);
	free(recv);
	MPI_Finalize();
	return 0;
}
