// The C twin of ../go: the same benchmarks under the same names, with the same
// buffers, warm-up, iterations and output, so that a difference between the two
// columns of a table is the cost of Go and of nothing else.
//
//	mpirun -n 2 ./twin -bench latency -sizes 8,65536 [-iters 100000,2000 | -min-time 0.2] [-single]
//
// Rank 0 prints "# library" once and then, for each size, "size seconds iterations".

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { data_tag = 1, control_tag = 2, max_sizes = 64 };

static int rank;

static void die(const char *text, const char *detail)
{
	fprintf(stderr, "twin: rank %d: %s%s\n", rank, text, detail);
	MPI_Abort(MPI_COMM_WORLD, 1);
	exit(1);
}

// The benchmarks. A kernel runs n iterations on its rank; ops says how many
// operations one iteration is, because time is reported per operation.

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

static const struct bench {
	const char *name;
	int ops;
	void (*kernel)(char *send, char *recv, int size, long long n);
} benches[] = {
	{"latency", 2, pingpong},
	{"bandwidth", 2, pingpong},
};

// Rank 0 says how many iterations come next; 0 ends the size.
static void announce(long long n)
{
	MPI_Send(&n, 1, MPI_LONG_LONG, 1, control_tag, MPI_COMM_WORLD);
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
	int level = MPI_THREAD_MULTIPLE, provided, world;
	const char *unknown = NULL;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "-single") == 0) {
			level = MPI_THREAD_SINGLE;
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
	MPI_Comm_size(MPI_COMM_WORLD, &world);
	if (unknown != NULL)
		die("unknown argument ", unknown);
	if (world != 2)
		die("the benchmarks need 2 ranks", "");
	if (provided < level) // the standard orders the levels
		die("the library does not provide the thread level", "");

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
	char *send = malloc(max), *recv = malloc(max);
	if (send == NULL || recv == NULL)
		die("out of memory", "");
	memset(send, 1, max);
	memset(recv, 2, max);

	if (rank == 0) {
		char version[MPI_MAX_LIBRARY_VERSION_STRING];
		int len;
		MPI_Get_library_version(version, &len);
		version[strcspn(version, "\n")] = 0; // MPICH tells a page; the first line names the version
		printf("# %s\n", version);
	}
	for (int i = 0; i < n; i++)
		if (rank == 0)
			lead(b, send, recv, (int)sizes[i], iters[i], min_time);
		else
			follow(b, send, recv, (int)sizes[i]);

	free(send);
	free(recv);
	MPI_Finalize();
	return 0;
}
