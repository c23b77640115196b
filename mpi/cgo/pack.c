#include <string.h>

#include "internal.h"

// Packing. Positions stay on the Go side: the library sees the room that is left
// from there on, so that an int need only hold what one call packs.
//
// The external forms of these calls are not used: MPICH 4.0 crashes in them for
// structs of different types. Go turns what was packed into that representation.

#if !M4G_LARGE
static int most(int64_t n) { return n < INT_MAX ? (int)n : INT_MAX; }
#elif defined(MPICH_NUMVERSION)
// MPICH packs a whole number of what it takes for the basic type of a contiguous
// one, and takes some of the bits of its handle for the size of that: beyond 512
// datatypes the end of the data is missing. Its packed form is the data as it
// is, so the rest is copied here. from and to are where the data begins.
static void rest(m4g_sized *s, int64_t n, MPI_Datatype t, char *to, const char *from, int unpack)
{
	MPI_Count size = 0;
	MPI_Aint lb, extent, first, reach;
	if (s->rc != MPI_SUCCESS || (s->rc = MPI_Type_size_x(t, &size)) != MPI_SUCCESS || s->n >= n * size)
		return;
	if ((s->rc = MPI_Type_get_extent(t, &lb, &extent)) != MPI_SUCCESS ||
		(s->rc = MPI_Type_get_true_extent(t, &first, &reach)) != MPI_SUCCESS)
		return;
	if (extent != size || reach != size) {
		s->rc = MPI_ERR_TRUNCATE;
		return;
	}
	if (unpack)
		to += first;
	else
		from += first;
	memcpy(to + s->n, from + s->n, n * size - s->n);
	s->n = n * size;
}
#else
static void rest(m4g_sized *s, int64_t n, MPI_Datatype t, char *to, const char *from, int unpack)
{
	(void)s, (void)n, (void)t, (void)to, (void)from, (void)unpack;
}
#endif

m4g_sized m4g_pack_size(int64_t n, m4g_h type, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count size = 0;
	s.rc = MPI_Pack_size_c(n, TYPE(type), COMM(comm), &size);
#else
	int size = 0;
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	s.rc = MPI_Pack_size(f.n, f.t, COMM(comm), &size);
	m4g_fit_done(&f);
#endif
	s.n = size;
	return s;
}

m4g_sized m4g_pack(m4g_addr in, int64_t n, m4g_h type, m4g_addr out, int64_t room, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count at = 0;
	s.rc = MPI_Pack_c(PTR(in), n, TYPE(type), PTR(out), room, &at, COMM(comm));
	s.n = at;
	rest(&s, n, TYPE(type), PTR(out), PTR(in), 0);
#else
	int at = 0;
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	s.rc = MPI_Pack(PTR(in), f.n, f.t, PTR(out), most(room), &at, COMM(comm));
	s.n = at;
	m4g_fit_done(&f);
#endif
	return s;
}

m4g_sized m4g_unpack(m4g_addr in, int64_t room, m4g_addr out, int64_t n, m4g_h type, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count at = 0;
	s.rc = MPI_Unpack_c(PTR(in), room, &at, PTR(out), n, TYPE(type), COMM(comm));
	s.n = at;
	rest(&s, n, TYPE(type), PTR(out), PTR(in), 1);
#else
	int at = 0;
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	s.rc = MPI_Unpack(PTR(in), most(room), &at, PTR(out), f.n, f.t, COMM(comm));
	s.n = at;
	m4g_fit_done(&f);
#endif
	return s;
}
