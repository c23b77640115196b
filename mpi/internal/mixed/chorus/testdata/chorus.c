/* The C voice of the job of TestLanguages: what ../main.go does, by the C API. */
#include <complex.h>
#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int n, me;

static void check(int ok, const char *what, int i)
{
	if (ok)
		return;
	fprintf(stderr, "c: rank %d: %s: element %d is wrong\n", me, what, i);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

static void swap(const void *out, int to, void *in, int from, int count, MPI_Datatype t, int tag)
{
	MPI_Sendrecv(out, count, t, to, tag, in, count, t, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Swaps three elements with every other rank. A, B and C make them of v, which is
 * 10, 20, ... on the ranks 0, 1, ... */
#define AROUND(T, TYPE, TAG, A, B, C)                                                       \
	for (int d = 1; d < n; d++) {                                                           \
		int to = (me + d) % n, from = (me + n - d) % n;                                     \
		T v = (T)(10 * (me + 1)), out[3] = {(T)(A), (T)(B), (T)(C)}, in[3] = {0};                 \
		swap(out, to, in, from, 3, TYPE, TAG);                                              \
		v = (T)(10 * (from + 1));                                                                 \
		check(in[0] == (T)(A) && in[1] == (T)(B) && in[2] == (T)(C), "basic type " #T, 0); \
	}

static void basic(void)
{
	AROUND(int8_t, MPI_INT8_T, 0, v, -v, v + 1)
	AROUND(int16_t, MPI_INT16_T, 1, v, -v, v + 1)
	AROUND(int32_t, MPI_INT32_T, 2, v, -v, v + 1)
	AROUND(int64_t, MPI_INT64_T, 3, v, -v, v + 1)
	AROUND(uint8_t, MPI_UINT8_T, 4, v, ~v, v + 1)
	AROUND(uint16_t, MPI_UINT16_T, 5, v, ~v, v + 1)
	AROUND(uint32_t, MPI_UINT32_T, 6, v, ~v, v + 1)
	AROUND(uint64_t, MPI_UINT64_T, 7, v, ~v, v + 1)
	AROUND(float, MPI_FLOAT, 8, v + 0.5f, -v, v + 1)
	AROUND(double, MPI_DOUBLE, 9, v + 0.5, -v, v + 1)
	AROUND(float complex, MPI_C_FLOAT_COMPLEX, 10, v + 0.5f + v * I, -v + v * I, v + 1 + v * I)
	AROUND(double complex, MPI_C_DOUBLE_COMPLEX, 11, v + 0.5 + v * I, -v + v * I, v + 1 + v * I)
	for (int d = 1; d < n; d++) {
		int to = (me + d) % n, from = (me + n - d) % n;
		bool out[3] = {me % 2 == 0, me % 2 == 1, true}, in[3] = {0};
		swap(out, to, in, from, 3, MPI_C_BOOL, 12);
		check(in[0] == (from % 2 == 0) && in[1] == (from % 2 == 1) && in[2], "basic type bool", 0);
	}
}

static void wildcards(void)
{
	int32_t mine[n], buf[n];
	MPI_Request sends[n];
	MPI_Status all[n];
	bool seen[n];
	for (int i = 0; i < n; i++) {
		mine[i] = me;
		seen[i] = false;
		sends[i] = MPI_REQUEST_NULL;
	}
	for (int to = 0; to < n; to++)
		if (to != me)
			MPI_Isend(mine, me + 1, MPI_INT32_T, to, 100 + me, MPI_COMM_WORLD, &sends[to]);
	for (int k = 1; k < n; k++) {
		MPI_Status st;
		int count;
		MPI_Recv(buf, n, MPI_INT32_T, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &st);
		MPI_Get_count(&st, MPI_INT32_T, &count);
		int from = st.MPI_SOURCE;
		check(!seen[from] && st.MPI_TAG == 100 + from && count == from + 1, "wildcards, source", from);
		seen[from] = true;
		for (int i = 0; i < count; i++)
			check(buf[i] == from, "wildcards", i);
	}
	MPI_Waitall(n, sends, all);
	MPI_Barrier(MPI_COMM_WORLD);
}

struct record {
	int32_t id;
	double value;
	int8_t code[3];
};

static void structs(void)
{
	int lens[] = {1, 1, 3}, from = (me + n - 1) % n;
	MPI_Aint at[] = {offsetof(struct record, id), offsetof(struct record, value), offsetof(struct record, code)};
	MPI_Datatype types[] = {MPI_INT32_T, MPI_DOUBLE, MPI_INT8_T}, loose, t;
	MPI_Type_create_struct(3, lens, at, types, &loose);
	MPI_Type_create_resized(loose, 0, sizeof(struct record), &t);
	MPI_Type_commit(&t);
	struct record in[2], out[2] = {{me, me + 0.25, {(int8_t)me, 1, 2}}, {-me, 0.5, {3, 4, (int8_t)-me}}};
	swap(out, (me + 1) % n, in, from, 2, t, 20);
	check(in[0].id == from && in[0].value == from + 0.25 && in[0].code[0] == from && in[0].code[1] == 1 &&
			in[0].code[2] == 2, "structs", 0);
	check(in[1].id == -from && in[1].value == 0.5 && in[1].code[0] == 3 && in[1].code[1] == 4 && in[1].code[2] == -from,
		"structs", 1);
	MPI_Type_free(&t);
	MPI_Type_free(&loose);
}

static void columns(void)
{
	enum { ROWS = 4, COLS = 5, J = 2 };
	double out[ROWS][COLS] = {0}, in[ROWS][COLS] = {0};
	int from = (me + n - 1) % n;
	MPI_Datatype t;
	MPI_Type_vector(ROWS, 1, COLS, MPI_DOUBLE, &t);
	MPI_Type_commit(&t);
	for (int i = 0; i < ROWS; i++)
		out[i][J] = 100 * me + i;
	swap(&out[0][J], (me + 1) % n, &in[0][J], from, 1, t, 21);
	for (int i = 0; i < ROWS * COLS; i++)
		check(in[i / COLS][i % COLS] == (i % COLS == J ? 100 * from + i / COLS : 0), "columns", i);
	MPI_Type_free(&t);
}

static void collectives(void)
{
	int32_t all[n], rows[n], swapped[n], one;
	int64_t parts[n], part;
	for (int root = 0; root < n; root++) {
		double three[3] = {0};
		for (int i = 0; i < 3 && me == root; i++)
			three[i] = 10 * root + i;
		MPI_Bcast(three, 3, MPI_DOUBLE, root, MPI_COMM_WORLD);
		for (int i = 0; i < 3; i++)
			check(three[i] == 10 * root + i, "bcast", i);
		one = 100 * root + me;
		MPI_Gather(&one, 1, MPI_INT32_T, all, 1, MPI_INT32_T, root, MPI_COMM_WORLD);
		for (int r = 0; r < n; r++) {
			check(me != root || all[r] == 100 * root + r, "gather", r);
			parts[r] = 1000 * root + r;
		}
		MPI_Scatter(parts, 1, MPI_INT64_T, &part, 1, MPI_INT64_T, root, MPI_COMM_WORLD);
		check(part == 1000 * root + me, "scatter", 0);
	}
	one = 10 * me + me;
	MPI_Allgather(&one, 1, MPI_INT32_T, all, 1, MPI_INT32_T, MPI_COMM_WORLD);
	for (int r = 0; r < n; r++)
		rows[r] = 10 * me + r;
	MPI_Alltoall(rows, 1, MPI_INT32_T, swapped, 1, MPI_INT32_T, MPI_COMM_WORLD);
	for (int r = 0; r < n; r++) {
		check(all[r] == 10 * r + r, "allgather", r);
		check(swapped[r] == 10 * r + me, "alltoall", r);
	}
}

static void vectors(void)
{
	int counts[n], displs[n], total = 0, root = n - 1;
	for (int r = 0; r < n; r++) {
		counts[r] = r + 1;
		displs[r] = total;
		total += r + 1;
	}
	int32_t mine[n], part[n], all[total], every[total];
	for (int i = 0; i < n; i++)
		mine[i] = me;
	MPI_Gatherv(mine, me + 1, MPI_INT32_T, all, counts, displs, MPI_INT32_T, root, MPI_COMM_WORLD);
	MPI_Scatterv(all, counts, displs, MPI_INT32_T, part, me + 1, MPI_INT32_T, root, MPI_COMM_WORLD);
	MPI_Allgatherv(part, me + 1, MPI_INT32_T, every, counts, displs, MPI_INT32_T, MPI_COMM_WORLD);
	for (int i = 0; i < me + 1; i++)
		check(part[i] == me, "scatterv", i);
	for (int r = 0; r < n; r++)
		for (int i = displs[r]; i < displs[r] + counts[r]; i++) {
			check(me != root || all[i] == r, "gatherv", i);
			check(every[i] == r, "allgatherv", i);
		}
	/* Rank s has s+r+1 times 10s+r for rank r, and so gets as many elements of each
	 * as it has for it. */
	for (int r = 0; r < n; r++) {
		counts[r] = me + r + 1;
		displs[r] = r > 0 ? displs[r - 1] + counts[r - 1] : 0;
	}
	int sum = displs[n - 1] + counts[n - 1];
	int32_t out[sum], in[sum];
	for (int r = 0; r < n; r++)
		for (int i = 0; i < counts[r]; i++)
			out[displs[r] + i] = 10 * me + r;
	MPI_Alltoallv(out, counts, displs, MPI_INT32_T, in, counts, displs, MPI_INT32_T, MPI_COMM_WORLD);
	for (int r = 0; r < n; r++)
		for (int i = 0; i < counts[r]; i++)
			check(in[displs[r] + i] == 10 * r + me, "alltoallv", displs[r] + i);
}

static void reductions(void)
{
	int total = n * (n - 1) / 2;
	double two[2] = {me, 0.5}, sum[2];
	for (int root = 0; root < n; root++) {
		MPI_Reduce(two, sum, 2, MPI_DOUBLE, MPI_SUM, root, MPI_COMM_WORLD);
		check(me != root || (sum[0] == total && sum[1] == n / 2.0), "reduce", 0);
	}
	int32_t ends[2] = {me, -me}, most[2];
	MPI_Allreduce(ends, most, 2, MPI_INT32_T, MPI_MAX, MPI_COMM_WORLD);
	check(most[0] == n - 1 && most[1] == 0, "allreduce", 0);
	int64_t one = me, upto, send[n], mine;
	MPI_Scan(&one, &upto, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
	check(upto == me * (me + 1) / 2, "scan", 0);
	MPI_Exscan(&one, &upto, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
	check(me == 0 || upto == me * (me - 1) / 2, "exscan", 0);
	for (int r = 0; r < n; r++)
		send[r] = 10 * me + r;
	MPI_Reduce_scatter_block(send, &mine, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
	check(mine == 10 * total + n * me, "reduce_scatter_block", 0);
	int counts[n], all = n * (n + 1) / 2;
	int32_t uneven[all], part[me + 1];
	for (int r = 0; r < n; r++)
		counts[r] = r + 1;
	for (int i = 0; i < all; i++)
		uneven[i] = 10 * me + i;
	MPI_Reduce_scatter(uneven, part, counts, MPI_INT32_T, MPI_SUM, MPI_COMM_WORLD);
	for (int i = 0; i <= me; i++)
		check(part[i] == 10 * total + n * (me * (me + 1) / 2 + i), "reduce_scatter", i);
	MPI_Request r;
	MPI_Iallreduce(two, sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &r);
	MPI_Wait(&r, MPI_STATUS_IGNORE);
	check(sum[0] == total, "iallreduce", 0);
}

static void halves(void)
{
	MPI_Comm half;
	int size, k = 0;
	MPI_Comm_split(MPI_COMM_WORLD, me % 2, -me, &half);
	MPI_Comm_size(half, &size);
	int32_t all[n], first = me;
	MPI_Allgather(&me, 1, MPI_INT32_T, all, 1, MPI_INT32_T, half);
	for (int r = n - 1; r >= 0; r--)
		if (r % 2 == me % 2)
			check(k < size && all[k++] == r, "split", r);
	check(k == size, "the size of a half", 0);
	MPI_Bcast(&first, 1, MPI_INT32_T, 0, half);
	check(first == all[0], "bcast in a half", 0);
	MPI_Comm_free(&half);
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_size(MPI_COMM_WORLD, &n);
	MPI_Comm_rank(MPI_COMM_WORLD, &me);
	basic();
	wildcards();
	structs();
	columns();
	collectives();
	vectors();
	reductions();
	halves();
	MPI_Finalize();
	printf("c %d: all right\n", me);
	return EXIT_SUCCESS;
}
