// Calls the C layer as Go does, for valgrind and the address sanitizer: each
// buffer and array has memory of its own of the exact size, so that whatever lies
// outside of it is seen. Any number of ranks.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

static int me, ranks;
static m4g_h world;

#define A(p) ((m4g_addr)(p))
#define CHECK(x)                                                                                                       \
	do {                                                                                                               \
		if (!(x)) {                                                                                                    \
			fprintf(stderr, "shim test: rank %d: %s:%d: %s\n", me, __FILE__, __LINE__, #x);                            \
			m4g_abort(world, 1);                                                                                       \
		}                                                                                                              \
	} while (0)

// What cgo would export.

static int copied, deleted, queried, released;

uintptr_t m4gAttrCopy(uintptr_t key, m4g_h old, uintptr_t value)
{
	CHECK(key == 7 && old != 0);
	copied++;
	return value + 1;
}

void m4gAttrDelete(uintptr_t key, m4g_h object, uintptr_t value)
{
	CHECK(key == 7 && object != 0 && value != 0);
	deleted++;
}

void m4gGrequestQuery(uintptr_t id, m4g_status *st)
{
	CHECK(id == 9);
	st->bytes = 5;
	st->source = 1;
	st->tag = 2;
	queried++;
}

void m4gGrequestFree(uintptr_t id)
{
	CHECK(id == 9);
	released++;
}

void m4gRunOp(int slot, void *in, void *inout, int64_t n)
{
	CHECK(slot == 3);
	for (int64_t i = 0; i < n; i++)
		((int64_t *)inout)[i] += ((int64_t *)in)[i];
}

static int64_t *numbers(int n, int64_t first, int64_t step)
{
	int64_t *p = malloc(n > 0 ? n * sizeof *p : 1);
	for (int i = 0; i < n; i++)
		p[i] = first + i * step;
	return p;
}

// wait_wanting tests a request until it is complete, and is what is wanted of its status.
static m4g_brief wait_wanting(m4g_h r, int want)
{
	m4g_brief b;
	do
		b = m4g_test(r, 1000, want);
	while (b.a >> 62 == M4G_PENDING);
	CHECK(b.a >> 62 == M4G_COMPLETE);
	return b;
}

static m4g_brief wait_for(m4g_h r) { return wait_wanting(r, M4G_WANT_MESSAGE | M4G_WANT_CANCELLED); }

static m4g_h int64s;

static void messages(void)
{
	int next = (me + 1) % ranks, prev = (me + ranks - 1) % ranks;
	for (int n = 0; n < 3000; n = n * 7 + 1) {
		int64_t *s = numbers(n, me, 1), *r = numbers(n, -1, 0);
		m4g_pair p = m4g_sendrecv(A(s), n, int64s, next, 1, A(r), n, int64s, prev, 1, world, 20000);
		CHECK(p.src == 0);
		if (p.rreq)
			wait_for(p.rreq);
		if (p.sreq)
			wait_for(p.sreq);
		for (int i = 0; i < n; i++)
			CHECK(r[i] == prev + i);

		// Many at a time, found by Testsome and Testall.
		enum { MANY = 20 };
		m4g_h *reqs = malloc(2 * MANY * sizeof *reqs);
		int64_t *in = numbers(MANY * n, -1, 0);
		for (int i = 0; i < MANY; i++) {
			m4g_made m = m4g_irecv(A(in + i * n), n, int64s, i % 2 ? prev : M4G_ANY_SOURCE, 10 + i, world);
			CHECK(m.rc == 0);
			reqs[i] = m.h;
		}
		for (int i = 0; i < MANY; i++) {
			m4g_made m = m4g_isend(i % 3 ? 0 : 1, A(s), n, int64s, next, 10 + i, world);
			CHECK(m.rc == 0);
			reqs[MANY + i] = m.h;
		}
		m4g_done *done = malloc(MANY * sizeof *done);
		for (int left = MANY; left > 0;) {
			int got = m4g_testsome(left, A(reqs), A(done), 1000, 1);
			CHECK(got >= 0);
			for (int i = 0; i < got; i++)
				CHECK(done[i].st.rc == 0 && done[i].st.bytes == n * 8 && done[i].st.source == prev);
			// Those that are complete leave the list.
			char gone[MANY] = {0};
			for (int i = 0; i < got; i++)
				gone[done[i].index] = 1;
			int kept = 0;
			for (int i = 0; i < left; i++)
				if (!gone[i])
					reqs[kept++] = reqs[i];
			left = kept;
		}
		m4g_status *sts = malloc(MANY * sizeof *sts);
		while (m4g_testall(MANY, A(reqs + MANY), A(sts), 1000, M4G_WANT_MESSAGE) > 0)
			;
		for (int i = 0; i < MANY * n; i++)
			CHECK(in[i] == prev + i % n);
		free(sts);
		free(done);
		free(reqs);
		free(in);

		// Probed and matched; in pieces; persistent.
		m4g_made m = m4g_isend_pieces(A(s), n * 8, A(s), 8 * (n > 0), next, 3, world);
		CHECK(m.rc == 0);
		m4g_matched found;
		do
			found = m4g_improbe(prev, 3, world, 1000);
		while (!found.found);
		CHECK(found.st.bytes == 8 * (n + (n > 0)));
		char *bytes = malloc(found.st.bytes + 1);
		m4g_brief b = m4g_mrecv(A(bytes), found.st.bytes, m4g_untyped(0), found.message, 20000);
		if (b.a >> 62 == M4G_PENDING)
			wait_for(b.b);
		wait_for(m.h);
		free(bytes);

		m4g_h pr[2] = {m4g_send_init(0, A(s), n, int64s, next, 4, world).h, m4g_recv_init(A(r), n, int64s, prev, 4, world).h};
		for (int round = 0; round < 2; round++) {
			CHECK(m4g_startall(2, A(pr)) == 0);
			wait_for(pr[0]);
			wait_for(pr[1]);
		}
		CHECK(m4g_request_free(pr[0]) == 0 && m4g_request_free(pr[1]) == 0);
		free(s);
		free(r);
	}
	m4g_made g = m4g_grequest_start(9);
	CHECK(g.rc == 0 && m4g_grequest_complete(g.h) == 0);
	wait_for(g.h);
	CHECK(queried == 1 && released == 1);
}

static void collectives(void)
{
	for (int mode = M4G_BLOCKING; mode <= M4G_BEGIN; mode++)
		for (int n = 1; n < 200; n *= 13) {
			int64_t *s = numbers(n, me, 0), *all = numbers(n * ranks, -1, 0), *sum = numbers(n, 0, 0);
			m4g_made m = m4g_barrier(mode, world);
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0); // Open MPI 4.1 leaves their status unset
			m = m4g_move(M4G_ALLGATHER, mode, 0, A(s), n, int64s, A(all), n, int64s, 0, world);
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			for (int i = 0; i < n * ranks; i++)
				CHECK(all[i] == i / n);

			// Counts and displacements, which an MPI-3 library takes as int.
			int64_t *counts = numbers(ranks, n, 0), *displs = numbers(ranks, 0, n);
			m4g_addr keep = 0;
			m = m4g_vector(M4G_ALLGATHERV, mode, 0, A(s), n, 0, 0, 0, int64s, A(all), 0, A(counts), A(displs), ranks, int64s,
				0, world, A(&keep));
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			if (keep)
				m4g_release(keep);
			int64_t *back = numbers(n * ranks, -1, 0);
			keep = 0;
			m = m4g_vector(M4G_ALLTOALLV, mode, 0, A(all), 0, A(counts), A(displs), ranks, int64s, A(back), 0, A(counts),
				A(displs), ranks, int64s, 0, world, A(&keep));
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			if (keep)
				m4g_release(keep);
			for (int i = 0; i < n * ranks; i++)
				CHECK(back[i] == me);

			// A buffer for each rank.
			m4g_part *sp = malloc(ranks * sizeof *sp), *rp = malloc(ranks * sizeof *rp);
			for (int i = 0; i < ranks; i++) {
				sp[i] = (m4g_part){A(all + i * n), n, int64s};
				rp[i] = (m4g_part){A(back + i * n), n, int64s};
			}
			keep = 0;
			m = m4g_each(M4G_ALLTOALLW, mode, 0, A(sp), ranks, A(rp), ranks, world, A(&keep));
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			if (keep)
				m4g_release(keep);

			// Reductions: the library's, and one in "Go".
			m = m4g_reduce(M4G_ALLREDUCE, mode, 0, A(s), A(sum), n, int64s, m4g_op(0), 0, world);
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			for (int i = 0; i < n; i++)
				CHECK(sum[i] == ranks * (ranks - 1) / 2);
			m4g_made o = m4g_op_create(3, 1);
			CHECK(o.rc == 0);
			m = m4g_reduce(M4G_ALLREDUCE, mode, 0, A(s), A(sum), n, int64s, o.h, 0, world);
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			for (int i = 0; i < n; i++)
				CHECK(sum[i] == ranks * (ranks - 1) / 2);
			keep = 0;
			m = m4g_reduce_scatter(mode, 0, A(all), A(sum), A(counts), ranks, int64s, m4g_op(0), world, A(&keep));
			CHECK(m.rc == 0);
			if (m.h)
				wait_wanting(m.h, 0);
			if (keep)
				m4g_release(keep);
			CHECK(m4g_op_free(o.h) == 0);
			free(sp);
			free(rp);
			free(back);
			free(counts);
			free(displs);
			free(s);
			free(all);
			free(sum);
		}
}

static void datatypes(void)
{
	int64_t *lens = numbers(3, 1, 1), *displs = numbers(3, 0, 4), *sizes = numbers(2, 4, 1), *sub = numbers(2, 2, 0),
			*starts = numbers(2, 1, 0);
	m4g_h *kinds = malloc(3 * sizeof *kinds);
	for (int i = 0; i < 3; i++)
		kinds[i] = int64s;
	int64_t *bytes = numbers(3, 0, 40);
	m4g_made all[] = {
		m4g_type_contiguous(3, int64s), m4g_type_vector(0, 3, 2, 4, int64s), m4g_type_vector(1, 3, 2, 64, int64s),
		m4g_type_indexed(0, 3, lens, displs, int64s), m4g_type_indexed_block(0, 3, 2, displs, int64s),
		m4g_type_struct(3, lens, bytes, kinds), m4g_type_subarray(2, sizes, sub, starts, M4G_ORDER_C, int64s),
		m4g_type_resized(int64s, 0, 24), m4g_type_dup(int64s),
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		m4g_h t = all[i].h;
		CHECK(all[i].rc == 0 && m4g_type_commit(t) == 0);
		m4g_typeinfo info = m4g_type_info(t);
		CHECK(info.rc == 0 && info.size > 0 && info.to <= 1000);
		CHECK(m4g_type_set_name(t, "of the test") == 0);
		char *name = malloc(11);
		CHECK(m4g_type_name(t, name, 11) == 11 && memcmp(name, "of the test", 11) == 0);
		free(name);

		m4g_envelope e = m4g_type_envelope(t);
		CHECK(e.rc == 0);
		int64_t *ints = numbers(e.ints, 0, 0), *addrs = numbers(e.addrs, 0, 0), *counts = numbers(e.counts, 0, 0);
		m4g_h *types = malloc(e.types * sizeof *types + 1);
		CHECK(m4g_type_contents(t, e, ints, addrs, counts, types) == 0);
		free(ints);
		free(addrs);
		free(counts);
		free(types);

		// Packed, and sent to myself, from memory that ends with the data.
		char *from = calloc(info.to, 1), *to = calloc(info.to, 1);
		for (int64_t k = 0; k < info.to; k++)
			from[k] = (char)k;
		m4g_sized room = m4g_pack_size(1, t, world);
		CHECK(room.rc == 0 && room.n >= info.size);
		char *packed = malloc(room.n);
		m4g_sized n = m4g_pack(A(from), 1, t, A(packed), room.n, world);
		CHECK(n.rc == 0 && n.n == info.size);
		n = m4g_unpack(A(packed), n.n, A(to), 1, t, world);
		CHECK(n.rc == 0);
		m4g_pair p = m4g_sendrecv(A(from), 1, t, me, 5, A(to), 1, t, me, 5, world, 20000);
		if (p.rreq)
			wait_for(p.rreq);
		if (p.sreq)
			wait_for(p.sreq);
		free(packed);
		free(from);
		free(to);
		CHECK(m4g_type_free(t) == 0);
	}
	free(lens);
	free(displs);
	free(sizes);
	free(sub);
	free(starts);
	free(kinds);
	free(bytes);
}

static void communicators(void)
{
	m4g_made key = m4g_keyval_create(M4G_ON_COMM, 7);
	CHECK(key.rc == 0);
	m4g_made a = m4g_comm_dup(world);
	CHECK(a.rc == 0 && m4g_attr_set(M4G_ON_COMM, a.h, key.flag, 40) == 0);
	m4g_made b = m4g_comm_dup(a.h);
	CHECK(b.rc == 0 && copied == 1);
	m4g_made half = m4g_comm_split(b.h, me % 2, -me);
	CHECK(half.rc == 0);
	CHECK(m4g_comm_set_name(half.h, A("half")) == 0);
	char *name = malloc(4);
	CHECK(m4g_comm_get_name(half.h, name, 4) == 4 && memcmp(name, "half", 4) == 0);
	free(name);

	m4g_groupinfo g = m4g_comm_group(world, 0);
	int *order = malloc(ranks * sizeof *order), *back = malloc(ranks * sizeof *back);
	for (int i = 0; i < ranks; i++)
		order[i] = ranks - 1 - i;
	m4g_groupinfo turned = m4g_group_pick(M4G_INCL, g.h, ranks, A(order));
	CHECK(turned.rc == 0 && m4g_group_translate(turned.h, ranks, A(order), g.h, A(back)) == 0);
	for (int i = 0; i < ranks; i++)
		CHECK(back[i] == i);
	m4g_made made = m4g_comm_create(world, turned.h);
	CHECK(made.rc == 0 && m4g_comm_info(made.h).rank == ranks - 1 - me);
	CHECK(m4g_group_free(turned.h) == 0 && m4g_group_free(g.h) == 0 && m4g_comm_free(made.h) == 0);
	free(order);
	free(back);

	int *dims = calloc(2, sizeof *dims), *periods = calloc(2, sizeof *periods), *coords = calloc(2, sizeof *coords);
	CHECK(m4g_dims_create(ranks, 2, dims) == 0);
	m4g_made cart = m4g_cart_create(world, 2, dims, periods, 0);
	CHECK(cart.rc == 0 && m4g_cart_coords(cart.h, me, 2, coords) == 0);
	int rank = -1;
	CHECK(m4g_cart_rank(cart.h, coords, &rank) == 0 && rank == me);
	CHECK(m4g_comm_free(cart.h) == 0);
	free(dims);
	free(periods);
	free(coords);

	// Hints, and what the library makes of them.
	const char pairs[] = "mpi_assert_no_any_tag\0false\0some_key\0some value";
	char *copy = malloc(sizeof pairs);
	memcpy(copy, pairs, sizeof pairs);
	m4g_made info = m4g_info_make(A(copy), 2);
	free(copy);
	CHECK(info.rc == 0);
	char *out = NULL;
	int64_t len = 0;
	CHECK(m4g_info_read(info.h, &out, &len) == 0 && len > 0);
	free(out);
	CHECK(m4g_comm_set_info(a.h, info.h) == 0);
	out = NULL;
	CHECK(m4g_comm_get_info(a.h, &out, &len) == 0);
	free(out);
	CHECK(m4g_info_free(info.h) == 0);

	CHECK(m4g_comm_free(half.h) == 0 && m4g_comm_free(b.h) == 0 && m4g_comm_free(a.h) == 0);
	CHECK(deleted == 2 && m4g_keyval_free(M4G_ON_COMM, key.flag) == 0);
}

static void texts(void)
{
	for (int len = 1; len < 4096; len *= 16) {
		char *buf = malloc(len);
		CHECK(m4g_library_version(buf, len) <= len && m4g_processor_name(buf, len) <= len);
		CHECK(m4g_error_string(m4g_class_code(5), buf, len) <= len);
		free(buf);
	}
	CHECK(m4g_tag_ub(world) >= 32767);
	for (int i = -1; i < 100; i++)
		CHECK(m4g_class_name(i) != NULL && m4g_class_code(i) >= 0);
}

int main(void)
{
	int provided = 0;
	if (m4g_init(&provided) != 0)
		return 1;
	world = m4g_comm(0);
	m4g_comminfo info = m4g_comm_info(world);
	me = info.rank;
	ranks = info.size;
	int64s = m4g_basic(4);
	messages();
	collectives();
	datatypes();
	communicators();
	texts();
	if (m4g_finalize() != 0)
		return 1;
	if (me == 0)
		printf("shim test: %d ranks passed\n", ranks);
	return 0;
}
