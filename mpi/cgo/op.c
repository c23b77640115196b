#include "internal.h"

// Reduction operations in Go. MPI gives an operation no data of its own: all it
// passes is memory, a length and a type. What tells one Go function from another
// is therefore which C function was called, and there is a table of those. Each
// passes its number to Go, where the functions are.

#if M4G_LARGE
typedef MPI_Count m4g_len;
#define OP_CREATE MPI_Op_create_c
#else
typedef int m4g_len;
#define OP_CREATE MPI_Op_create
#endif

// Exported by op.go.
void m4gRunOp(int slot, void *in, void *inout, int64_t n);

static void run(int slot, void *in, void *inout, const m4g_len *n)
{
	if (*n > 0)
		m4gRunOp(slot, in, inout, *n);
}

// Three octal digits make a function: their token is its number, too.
#define EIGHT(x, d) x(d##0) x(d##1) x(d##2) x(d##3) x(d##4) x(d##5) x(d##6) x(d##7)
#define ROW(x, d)                                                                                                      \
	EIGHT(x, d##0)                                                                                                     \
	EIGHT(x, d##1) EIGHT(x, d##2) EIGHT(x, d##3) EIGHT(x, d##4) EIGHT(x, d##5) EIGHT(x, d##6) EIGHT(x, d##7)
#define ALL(x) ROW(x, 00) ROW(x, 01) ROW(x, 02) ROW(x, 03) ROW(x, 04) ROW(x, 05) ROW(x, 06) ROW(x, 07)

#define DEFINE(d)                                                                                                      \
	static void op_##d(void *in, void *inout, m4g_len *n, MPI_Datatype *t)                                             \
	{                                                                                                                  \
		(void)t;                                                                                                       \
		run(d, in, inout, n);                                                                                          \
	}
#define NAME(d) op_##d,

ALL(DEFINE)

static void (*const table[])(void *, void *, m4g_len *, MPI_Datatype *) = {ALL(NAME)};
_Static_assert(sizeof table / sizeof *table == M4G_OPS, "the number of operations");

m4g_made m4g_op_create(int slot, int commutes)
{
	MPI_Op o = MPI_OP_NULL;
	int rc = OP_CREATE(table[slot], commutes, &o);
	m4g_made m = {rc, 0, rc == MPI_SUCCESS ? H(o) : 0};
	return m;
}

int m4g_op_free(m4g_h op)
{
	MPI_Op o = OP(op);
	return MPI_Op_free(&o);
}

// What a library's reductions get wrong of types that begin or end with padding.
//
// Open MPI: the ring algorithm of MPI_Allreduce, among others, puts elements into
// memory of its own without regard to the true lower bound, and past its end.
//
// MPICH: MPI_Reduce_scatter and MPI_Reduce_scatter_block, for operations that do
// not commute and a power of two of ranks, take the true extent for the distance
// between elements.
int m4g_reduce_quirk(void)
{
#if defined(OPEN_MPI)
	return M4G_LOWER_BOUND;
#elif defined(MPICH_NUMVERSION)
	return M4G_SCATTER_STRIDE;
#else
	return 0;
#endif
}
