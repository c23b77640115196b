#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Datatypes. The ordinary constructors serve as long as all numbers fit an int;
// beyond, an MPI-4 library has twins with 64-bit ones. For an older library the
// Go side has refused such numbers, in every argument that is an int there.
#if M4G_LARGE
#define TWIN(call) (call)
#else
#define TWIN(call) MPI_ERR_COUNT
#endif

_Static_assert(sizeof(MPI_Count) == sizeof(int64_t), "counts cross as int64_t");

static m4g_made type_made(int rc, MPI_Datatype t)
{
	m4g_made m = {rc, 0, rc == MPI_SUCCESS ? H(t) : 0};
	return m;
}

static int fits(int64_t x) { return x >= INT_MIN && x <= INT_MAX; }

static int all_fit(const int64_t *v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!fits(v[i]))
			return 0;
	return 1;
}

// A copy as ints, with room for one at least; NULL without memory.
static int *narrow(const int64_t *v, int64_t n)
{
	int *p = malloc((size_t)(n + 1) * sizeof *p);
	for (int64_t i = 0; p != NULL && i < n; i++)
		p[i] = (int)v[i];
	return p;
}

m4g_made m4g_type_contiguous(int64_t n, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = fits(n) ? MPI_Type_contiguous((int)n, TYPE(type), &t) : TWIN(MPI_Type_contiguous_c(n, TYPE(type), &t));
	return type_made(rc, t);
}

#ifdef OPEN_MPI
// Open MPI (4.1, and those before) takes a stride of -1 byte for none given, and
// makes the blocks contiguous. This is the same type by other means.
static m4g_made backwards(int64_t n, int64_t len, MPI_Datatype old)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_ERR_NO_MEM;
	MPI_Aint *d = malloc((size_t)n * sizeof *d);
	for (int64_t i = 0; d != NULL && i < n; i++)
		d[i] = -i;
	if (d != NULL)
		rc = MPI_Type_create_hindexed_block((int)n, (int)len, d, old, &t);
	free(d);
	return type_made(rc, t);
}

static int is_backwards(int bytes, int64_t n, int64_t len, int64_t stride, MPI_Datatype old)
{
	MPI_Aint lb, extent = 1;
	if (!bytes)
		MPI_Type_get_extent(old, &lb, &extent);
	return stride * extent == -1 && n > 1 && fits(n) && fits(len);
}
#endif

m4g_made m4g_type_vector(int bytes, int64_t n, int64_t len, int64_t stride, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL, old = TYPE(type);
	int rc;
#ifdef OPEN_MPI
	if (is_backwards(bytes, n, len, stride, old))
		return backwards(n, len, old);
#endif
	if (bytes)
		rc = fits(n) && fits(len) ? MPI_Type_create_hvector((int)n, (int)len, stride, old, &t)
								  : TWIN(MPI_Type_create_hvector_c(n, len, stride, old, &t));
	else
		rc = fits(n) && fits(len) && fits(stride) ? MPI_Type_vector((int)n, (int)len, (int)stride, old, &t)
												  : TWIN(MPI_Type_vector_c(n, len, stride, old, &t));
	return type_made(rc, t);
}

m4g_made m4g_type_indexed(int bytes, int64_t n, const int64_t *l, const int64_t *d, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL, old = TYPE(type);
	int rc = MPI_ERR_NO_MEM;
	if (!fits(n) || !all_fit(l, n) || (!bytes && !all_fit(d, n))) {
		rc = bytes ? TWIN(MPI_Type_create_hindexed_c(n, l, d, old, &t)) : TWIN(MPI_Type_indexed_c(n, l, d, old, &t));
		return type_made(rc, t);
	}
	int *il = narrow(l, n), *id = bytes ? NULL : narrow(d, n);
	if (bytes && il != NULL)
		rc = MPI_Type_create_hindexed((int)n, il, (const MPI_Aint *)d, old, &t);
	else if (il != NULL && id != NULL)
		rc = MPI_Type_indexed((int)n, il, id, old, &t);
	free(il);
	free(id);
	return type_made(rc, t);
}

m4g_made m4g_type_indexed_block(int bytes, int64_t n, int64_t len, const int64_t *d, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL, old = TYPE(type);
	int rc = MPI_ERR_NO_MEM;
	if (!fits(n) || !fits(len) || (!bytes && !all_fit(d, n))) {
		rc = bytes ? TWIN(MPI_Type_create_hindexed_block_c(n, len, d, old, &t))
				   : TWIN(MPI_Type_create_indexed_block_c(n, len, d, old, &t));
		return type_made(rc, t);
	}
	int *id = bytes ? NULL : narrow(d, n);
	if (bytes)
		rc = MPI_Type_create_hindexed_block((int)n, (int)len, (const MPI_Aint *)d, old, &t);
	else if (id != NULL)
		rc = MPI_Type_create_indexed_block((int)n, (int)len, id, old, &t);
	free(id);
	return type_made(rc, t);
}

m4g_made m4g_type_struct(int64_t n, const int64_t *l, const int64_t *d, const m4g_h *h)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_ERR_NO_MEM;
	int *il = narrow(l, n);
	MPI_Datatype *old = malloc((size_t)(n + 1) * sizeof *old);
	if (il != NULL && old != NULL) {
		for (int64_t i = 0; i < n; i++)
			old[i] = TYPE(h[i]);
		rc = fits(n) && all_fit(l, n) ? MPI_Type_create_struct((int)n, il, (const MPI_Aint *)d, old, &t)
									  : TWIN(MPI_Type_create_struct_c(n, l, d, old, &t));
	}
	free(il);
	free(old);
	return type_made(rc, t);
}

static int order_in(int o) { return o == M4G_ORDER_FORTRAN ? MPI_ORDER_FORTRAN : MPI_ORDER_C; }

m4g_made m4g_type_subarray(int dims, const int64_t *n, const int64_t *s, const int64_t *a, int order, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_ERR_NO_MEM;
	if (!all_fit(n, dims)) { // the others are smaller
		rc = TWIN(MPI_Type_create_subarray_c(dims, n, s, a, order_in(order), TYPE(type), &t));
		return type_made(rc, t);
	}
	int *in = narrow(n, dims), *is = narrow(s, dims), *ia = narrow(a, dims);
	if (in != NULL && is != NULL && ia != NULL)
		rc = MPI_Type_create_subarray(dims, in, is, ia, order_in(order), TYPE(type), &t);
	free(in);
	free(is);
	free(ia);
	return type_made(rc, t);
}

m4g_made m4g_type_darray(int size, int rank, int dims, const int64_t *n, const int64_t *distribs, const int64_t *dargs,
	const int64_t *psizes, int order, m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_ERR_NO_MEM;
	int *in = narrow(n, dims), *is = narrow(distribs, dims), *ia = narrow(dargs, dims),
		*ip = narrow(psizes, dims);
	if (in != NULL && is != NULL && ia != NULL && ip != NULL) {
		for (int i = 0; i < dims; i++) {
			is[i] = is[i] == M4G_DISTRIBUTE_BLOCK    ? MPI_DISTRIBUTE_BLOCK
					: is[i] == M4G_DISTRIBUTE_CYCLIC ? MPI_DISTRIBUTE_CYCLIC
													 : MPI_DISTRIBUTE_NONE;
			ia[i] = ia[i] == M4G_DISTRIBUTE_DFLT_DARG ? MPI_DISTRIBUTE_DFLT_DARG : ia[i];
		}
		if (all_fit(n, dims))
			rc = MPI_Type_create_darray(size, rank, dims, in, is, ia, ip, order_in(order), TYPE(type), &t);
		else
			rc = TWIN(MPI_Type_create_darray_c(size, rank, dims, n, is, ia, ip, order_in(order), TYPE(type), &t));
	}
	free(in);
	free(is);
	free(ia);
	free(ip);
	return type_made(rc, t);
}

m4g_made m4g_type_resized(m4g_h type, int64_t lb, int64_t extent)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_Type_create_resized(TYPE(type), lb, extent, &t);
	return type_made(rc, t);
}

m4g_made m4g_type_dup(m4g_h type)
{
	MPI_Datatype t = MPI_DATATYPE_NULL;
	int rc = MPI_Type_dup(TYPE(type), &t);
	return type_made(rc, t);
}

int m4g_type_commit(m4g_h type)
{
	MPI_Datatype t = TYPE(type);
	return MPI_Type_commit(&t);
}

int m4g_type_free(m4g_h type)
{
	MPI_Datatype t = TYPE(type);
	return MPI_Type_free(&t);
}

m4g_typeinfo m4g_type_info(m4g_h type)
{
	m4g_typeinfo i = {0};
	MPI_Count size = 0;
	MPI_Aint lb = 0, extent = 0, from = 0, reach = 0;
	(void)((i.rc = MPI_Type_size_x(TYPE(type), &size)) || (i.rc = MPI_Type_get_extent(TYPE(type), &lb, &extent)) ||
		   (i.rc = MPI_Type_get_true_extent(TYPE(type), &from, &reach)));
	i.size = size;
	i.lb = lb;
	i.extent = extent;
	i.from = from;
	i.to = from + reach;
	return i;
}

int m4g_max_object_name(void) { return MPI_MAX_OBJECT_NAME; }

int m4g_type_set_name(m4g_h type, const char *name) { return MPI_Type_set_name(TYPE(type), name); }

// Returns the length, or minus the error code.
int m4g_type_name(m4g_h type, char *buf, int len)
{
	char s[MPI_MAX_OBJECT_NAME + 1] = "";
	int n = 0, rc = MPI_Type_get_name(TYPE(type), s, &n);
	return m4g_text_out(rc, s, n, buf, len);
}

// In the order of the combiners in datatype.go.
static const int combiners[] = {
	MPI_COMBINER_NAMED, MPI_COMBINER_DUP, MPI_COMBINER_CONTIGUOUS, MPI_COMBINER_VECTOR, MPI_COMBINER_HVECTOR,
	MPI_COMBINER_INDEXED, MPI_COMBINER_HINDEXED, MPI_COMBINER_INDEXED_BLOCK, MPI_COMBINER_HINDEXED_BLOCK,
	MPI_COMBINER_STRUCT, MPI_COMBINER_SUBARRAY, MPI_COMBINER_DARRAY, MPI_COMBINER_RESIZED,
	MPI_COMBINER_F90_REAL, MPI_COMBINER_F90_COMPLEX, MPI_COMBINER_F90_INTEGER,
};
enum { SUBARRAY = 10, DARRAY = 11, UNKNOWN = sizeof combiners / sizeof *combiners };

m4g_envelope m4g_type_envelope(m4g_h type)
{
	m4g_envelope e = {0};
	int combiner = 0;
#if M4G_LARGE
	MPI_Count ni = 0, na = 0, nc = 0, nt = 0;
	e.rc = MPI_Type_get_envelope_c(TYPE(type), &ni, &na, &nc, &nt, &combiner);
	e.counts = nc;
#else
	int ni = 0, na = 0, nt = 0;
	e.rc = MPI_Type_get_envelope(TYPE(type), &ni, &na, &nt, &combiner);
#endif
	e.ints = ni;
	e.addrs = na;
	e.types = nt;
	e.combiner = UNKNOWN;
	for (int i = 0; i < UNKNOWN; i++)
		if (combiners[i] == combiner)
			e.combiner = i;
	return e;
}

static int order_out(int o) { return o == MPI_ORDER_FORTRAN ? M4G_ORDER_FORTRAN : M4G_ORDER_C; }

static int distribution_out(int d)
{
	return d == MPI_DISTRIBUTE_BLOCK    ? M4G_DISTRIBUTE_BLOCK
		   : d == MPI_DISTRIBUTE_CYCLIC ? M4G_DISTRIBUTE_CYCLIC
										: M4G_DISTRIBUTE_NONE;
}

// Constants among the integers become ours.
static void translate(const m4g_envelope *e, int *i)
{
	if (e->combiner == SUBARRAY)
		i[e->ints - 1] = order_out(i[e->ints - 1]);
	if (e->combiner == DARRAY) {
		int dims = i[2], *d = i + 3 + (e->counts > 0 ? 0 : dims); // large sizes are among the counts
		for (int k = 0; k < dims; k++) {
			d[k] = distribution_out(d[k]);
			d[dims + k] = d[dims + k] == MPI_DISTRIBUTE_DFLT_DARG ? M4G_DISTRIBUTE_DFLT_DARG : d[dims + k];
		}
		i[e->ints - 1] = order_out(i[e->ints - 1]);
	}
}

int m4g_type_contents(m4g_h type, m4g_envelope e, int64_t *ints, int64_t *addrs, int64_t *counts, m4g_h *types)
{
	int rc = MPI_ERR_NO_MEM;
	int *i = malloc((size_t)(e.ints + 1) * sizeof *i);
	MPI_Datatype *t = malloc((size_t)(e.types + 1) * sizeof *t);
	if (i != NULL && t != NULL) {
#if M4G_LARGE
		rc = MPI_Type_get_contents_c(TYPE(type), e.ints, e.addrs, e.counts, e.types, i, (MPI_Aint *)addrs, (MPI_Count *)counts, t);
#else
		rc = MPI_Type_get_contents(TYPE(type), (int)e.ints, (int)e.addrs, (int)e.types, i, (MPI_Aint *)addrs, t);
#endif
	}
	if (rc == MPI_SUCCESS) {
		translate(&e, i);
		for (int64_t k = 0; k < e.ints; k++)
			ints[k] = i[k];
		for (int64_t k = 0; k < e.types; k++)
			types[k] = H(t[k]);
	}
	free(i);
	free(t);
	return rc;
}
