/* Rank 1 of the job that package mixed starts: the C side of prog/main.go. */
#include <complex.h>
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PEER = 0 };

struct record {
	int8_t flag;
	double value;
	int16_t cell[2];
	struct {
		int32_t id;
		bool done;
	} inner;
};

static double value(int seed, int i) { return 1000 * seed + i; }

static void fail(const char *what, int i)
{
	fprintf(stderr, "c: %s: element %d is wrong\n", what, i);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

static void swap(const void *out, void *in, int n, MPI_Datatype t, int tag)
{
	MPI_Sendrecv(out, n, t, PEER, tag, in, n, t, PEER, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void records(void)
{
	enum { N = 7 };
	struct record out[N], in[N], before;
	memset(in, 0xee, sizeof in);
	memset(&before, 0xee, sizeof before);
	for (int i = 0; i < N; i++) {
		out[i].flag = (int8_t)(2 + i);
		out[i].value = value(2, i);
		out[i].cell[0] = (int16_t)-i;
		out[i].cell[1] = 2;
		out[i].inner.id = i * 2;
		out[i].inner.done = i % 2 == 0;
	}
	int lens[] = {1, 1, 2, 1, 1};
	MPI_Aint at[] = {offsetof(struct record, flag), offsetof(struct record, value), offsetof(struct record, cell),
		offsetof(struct record, inner.id), offsetof(struct record, inner.done)};
	MPI_Datatype types[] = {MPI_INT8_T, MPI_DOUBLE, MPI_INT16_T, MPI_INT32_T, MPI_C_BOOL};
	MPI_Datatype loose, t;
	MPI_Type_create_struct(5, lens, at, types, &loose);
	MPI_Type_create_resized(loose, 0, sizeof(struct record), &t);
	MPI_Type_commit(&t);
	swap(out, in, N, t, 1);
	for (int i = 0; i < N; i++) {
		if (in[i].flag != 1 + i || in[i].value != value(1, i) || in[i].cell[0] != -i || in[i].cell[1] != 1 ||
			in[i].inner.id != i || in[i].inner.done != (i % 2 == 0))
			fail("record", i);
		/* The padding between the first two fields is no data. */
		if (memcmp((char *)&in[i] + 1, (char *)&before + 1, offsetof(struct record, value) - 1) != 0)
			fail("padding of record", i);
	}
	MPI_Type_free(&loose);
	MPI_Type_free(&t);
}

/* One element of t, whose n cells lie at the places cell in a matrix. */
static void typed(const char *what, MPI_Datatype t, const int *cell, int n, int size, int tag)
{
	double out[64], in[64], want[64];
	for (int i = 0; i < size; i++)
		out[i] = in[i] = want[i] = -1;
	for (int i = 0; i < n; i++) {
		out[cell[i]] = value(2, i);
		want[cell[i]] = value(1, i);
	}
	MPI_Type_commit(&t);
	swap(out, in, 1, t, tag);
	for (int i = 0; i < size; i++)
		if (in[i] != want[i])
			fail(what, i);
	MPI_Type_free(&t);
}

static void layouts(void)
{
	MPI_Datatype v, t;
	MPI_Type_vector(5, 1, 4, MPI_DOUBLE, &v);
	MPI_Aint shift = 2 * sizeof(double);
	MPI_Type_create_hindexed_block(1, 1, &shift, v, &t);
	typed("column", t, (int[]){2, 6, 10, 14, 18}, 5, 20, 2);
	MPI_Type_free(&v);

	MPI_Type_create_subarray(2, (int[]){6, 5}, (int[]){3, 2}, (int[]){2, 1}, MPI_ORDER_C, MPI_DOUBLE, &t);
	typed("block", t, (int[]){11, 12, 16, 17, 21, 22}, 6, 30, 3);

	MPI_Type_indexed(3, (int[]){2, 0, 3}, (int[]){7, 4, 1}, MPI_DOUBLE, &t);
	typed("indexed", t, (int[]){7, 8, 1, 2, 3}, 5, 10, 4);
}

#define NUMBERS(T, mpi, o0, o1, w0, w1) \
	do { \
		T out[] = {o0, o1}, in[2]; \
		swap(out, in, 2, mpi, 5); \
		if (in[0] != (T)(w0) || in[1] != (T)(w1)) \
			fail(#T, in[0] == (T)(w0)); \
	} while (0)

static void numbers(void)
{
	NUMBERS(int8_t, MPI_INT8_T, 2, -3, 1, -2);
	NUMBERS(uint8_t, MPI_UINT8_T, 2, 254, 1, 255);
	NUMBERS(int16_t, MPI_INT16_T, 2, INT16_MAX, 1, INT16_MIN);
	NUMBERS(uint16_t, MPI_UINT16_T, 2, UINT16_MAX - 1, 1, UINT16_MAX);
	NUMBERS(int32_t, MPI_INT32_T, 2, INT32_MAX, 1, INT32_MIN);
	NUMBERS(uint32_t, MPI_UINT32_T, 2, UINT32_MAX - 1, 1, UINT32_MAX);
	NUMBERS(int64_t, MPI_INT64_T, 2, INT64_MAX, 1, INT64_MIN);
	NUMBERS(uint64_t, MPI_UINT64_T, 2, UINT64_MAX - 1, 1, UINT64_MAX);
	NUMBERS(float, MPI_FLOAT, 2, -INFINITY, 1, INFINITY);
	NUMBERS(double, MPI_DOUBLE, 2, -INFINITY, 1, INFINITY);
	NUMBERS(float complex, MPI_C_FLOAT_COMPLEX, 2 + 1 * I, 1 * I, 1 + 2 * I, -1 * I);
	NUMBERS(double complex, MPI_C_DOUBLE_COMPLEX, 2 + 1 * I, 1 * I, 1 + 2 * I, -1 * I);
	NUMBERS(bool, MPI_C_BOOL, false, true, true, false);
}

static void reductions(void)
{
	double sum[3];
	MPI_Allreduce((double[]){2, 3, 4}, sum, 3, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
	for (int i = 0; i < 3; i++)
		if (sum[i] != 3 + 2 * i)
			fail("sum", i);
	struct {
		double value;
		int index;
	} mine = {5.5, 20}, at = {0, 0};
	MPI_Allreduce(&mine, &at, 1, MPI_DOUBLE_INT, MPI_MAXLOC, MPI_COMM_WORLD);
	if (at.value != 5.5 || at.index != 20)
		fail("MAXLOC", 0);
}

int main(int argc, char **argv)
{
	int rank;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	if (rank != 1) {
		fprintf(stderr, "c: rank %d, want 1\n", rank);
		MPI_Abort(MPI_COMM_WORLD, 1);
	}
	records();
	layouts();
	numbers();
	reductions();
	printf("c: all right\n");
	return MPI_Finalize();
}
