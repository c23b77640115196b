#include <string.h>

#include "internal.h"

// Packing. Positions stay on the Go side: the library sees the room that is left
// from there on, so that an int need only hold what one call packs. The external
// forms take 64-bit sizes from the start.

static char external32[] = "external32";

static int most(int64_t n) { return n < INT_MAX ? (int)n : INT_MAX; }

#ifdef MPICH_NUMVERSION
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
static void rest(m4g_sized *s, int64_t n, MPI_Datatype t, char *to, const char *from, int unpack) {}
#endif

m4g_sized m4g_pack_size(int external, int64_t n, m4g_h type, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count size = 0;
	s.rc = external ? MPI_Pack_external_size_c(external32, n, TYPE(type), &size)
					: MPI_Pack_size_c(n, TYPE(type), COMM(comm), &size);
	s.n = size;
#else
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	if (external) {
		MPI_Aint size = 0;
		s.rc = MPI_Pack_external_size(external32, f.n, f.t, &size);
		s.n = size;
	} else {
		int size = 0;
		s.rc = MPI_Pack_size(f.n, f.t, COMM(comm), &size);
		s.n = size;
	}
	m4g_fit_done(&f);
#endif
	return s;
}

m4g_sized m4g_pack(int external, m4g_addr in, int64_t n, m4g_h type, m4g_addr out, int64_t room, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count at = 0;
	s.rc = external ? MPI_Pack_external_c(external32, PTR(in), n, TYPE(type), PTR(out), room, &at)
					: MPI_Pack_c(PTR(in), n, TYPE(type), PTR(out), room, &at, COMM(comm));
	s.n = at;
	if (!external)
		rest(&s, n, TYPE(type), PTR(out), PTR(in), 0);
#else
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	if (external) {
		MPI_Aint at = 0;
		s.rc = MPI_Pack_external(external32, PTR(in), f.n, f.t, PTR(out), room, &at);
		s.n = at;
	} else {
		int at = 0;
		s.rc = MPI_Pack(PTR(in), f.n, f.t, PTR(out), most(room), &at, COMM(comm));
		s.n = at;
	}
	m4g_fit_done(&f);
#endif
	return s;
}

m4g_sized m4g_unpack(int external, m4g_addr in, int64_t room, m4g_addr out, int64_t n, m4g_h type, m4g_h comm)
{
	m4g_sized s = {0, 0};
#if M4G_LARGE
	MPI_Count at = 0;
	s.rc = external ? MPI_Unpack_external_c(external32, PTR(in), room, &at, PTR(out), n, TYPE(type))
					: MPI_Unpack_c(PTR(in), room, &at, PTR(out), n, TYPE(type), COMM(comm));
	s.n = at;
	if (!external)
		rest(&s, n, TYPE(type), PTR(out), PTR(in), 1);
#else
	m4g_fit f;
	if ((s.rc = m4g_fit_in(n, TYPE(type), &f)) != MPI_SUCCESS)
		return s;
	if (external) {
		MPI_Aint at = 0;
		s.rc = MPI_Unpack_external(external32, PTR(in), room, &at, PTR(out), f.n, f.t);
		s.n = at;
	} else {
		int at = 0;
		s.rc = MPI_Unpack(PTR(in), most(room), &at, PTR(out), f.n, f.t, COMM(comm));
		s.n = at;
	}
	m4g_fit_done(&f);
#endif
	return s;
}
