#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Windows, and the memory that the library allocates.

// Open MPI 4.1 does an accumulate of one element by an atomic operation of the
// transport, which takes logical operations for bitwise ones, compares unsigned
// integers as signed, and adds complex numbers as one number. Without it, it takes
// a lock and computes as for many elements. A user's own setting stands.
void m4g_win_settings(void)
{
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
	setenv("OMPI_MCA_osc_rdma_acc_use_amo", "0", 0);
#endif
}

// Every window that leaves C returns errors.
static m4g_window made_win(int rc, MPI_Win w, void *base, int64_t size)
{
	m4g_window m = {0};
	m.rc = rc;
	if (rc != MPI_SUCCESS)
		return m;
	MPI_Win_set_errhandler(w, MPI_ERRORS_RETURN);
	m.h = H(w);
	m.size = size;
	m.base = size > 0 ? base : NULL; // of no memory the libraries say what they like
	return m;
}

// Stands in for a window whose transfers the library cannot do.
static m4g_window stand_in(m4g_h info, m4g_h comm)
{
	m4g_window m = m4g_win_allocate(1, 16, info, comm);
	m.alone = 1;
	return m;
}

// MPICH over UCX takes the window to begin at the multiple of 16 below the address
// that it is given: what is put lands up to 15 bytes before its place. So windows
// begin at one, and the bytes up to the caller's memory are skipped. Nobody
// reaches them.
enum { ROOM = 16 };
#ifdef MPICH_NUMVERSION
enum { ALIGN = ROOM };
#else
enum { ALIGN = 1 };
#endif

m4g_window m4g_win_create(m4g_addr base, int64_t size, m4g_h info, m4g_h comm)
{
	MPI_Win w = MPI_WIN_NULL;
	int64_t skip = (int64_t)(base % ALIGN);
	if (m4g_alone(COMM(comm)))
		return stand_in(info, comm);
	int rc = MPI_Win_create(PTR(base - skip), size + skip, 1, m4g_info_in(info), COMM(comm), &w);
	m4g_window m = made_win(rc, w, PTR(base), size);
	m.skip = skip;
	return m;
}

m4g_window m4g_win_allocate(int shared, int64_t size, m4g_h info, m4g_h comm)
{
	MPI_Win w = MPI_WIN_NULL;
	void *base = NULL;
	// The ranks of a host get theirs one after the other: that of the next one begins
	// where this ends, and its elements may need to be aligned.
	MPI_Aint room = size > INT64_MAX - ROOM ? size : (size + ROOM - 1) / ROOM * ROOM;
	int rc = shared ? MPI_Win_allocate_shared(room, 1, m4g_info_in(info), COMM(comm), &base, &w)
					: MPI_Win_allocate(room, 1, m4g_info_in(info), COMM(comm), &base, &w);
	return made_win(rc, w, base, size);
}

m4g_window m4g_win_create_dynamic(m4g_h info, m4g_h comm)
{
	MPI_Win w = MPI_WIN_NULL;
	if (m4g_alone(COMM(comm)))
		return stand_in(info, comm);
	int rc = MPI_Win_create_dynamic(m4g_info_in(info), COMM(comm), &w);
	return made_win(rc, w, NULL, 0);
}

// Returns the displacement of base: its address.
m4g_sized m4g_win_attach(m4g_h win, m4g_addr base, int64_t size)
{
	m4g_sized s = {0};
	MPI_Aint at = 0;
	if ((s.rc = MPI_Win_attach(WIN(win), PTR(base), size)) == MPI_SUCCESS)
		s.rc = MPI_Get_address(PTR(base), &at);
	s.n = at;
	return s;
}

int m4g_win_detach(m4g_h win, m4g_addr base) { return MPI_Win_detach(WIN(win), PTR(base)); }

m4g_window m4g_win_shared_query(m4g_h win, int rank)
{
	m4g_window m = {0};
	MPI_Aint size = 0;
	int unit = 0;
	void *base = NULL;
	m.rc = MPI_Win_shared_query(WIN(win), rank, &size, &unit, &base);
	m.size = size;
	m.base = size > 0 ? base : NULL;
	return m;
}

int m4g_win_free(m4g_h win)
{
	MPI_Win w = WIN(win);
	return MPI_Win_free(&w);
}

m4g_groupinfo m4g_win_group(m4g_h win)
{
	MPI_Group g = MPI_GROUP_NULL;
	int rc = MPI_Win_get_group(WIN(win), &g);
	return m4g_made_group(rc, g);
}

// Whether the window has the unified memory model.
int m4g_win_unified(m4g_h win)
{
	int *model = NULL, flag = 0;
	MPI_Win_get_attr(WIN(win), MPI_WIN_MODEL, &model, &flag);
	return flag && model != NULL && *model == MPI_WIN_UNIFIED;
}

int m4g_win_set_info(m4g_h win, m4g_h info) { return MPI_Win_set_info(WIN(win), m4g_info_in(info)); }

int m4g_win_get_info(m4g_h win, char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
	int rc = MPI_Win_get_info(WIN(win), &info);
	return m4g_pairs_out(rc, info, out, len);
}

int m4g_win_set_name(m4g_h win, m4g_addr name) { return MPI_Win_set_name(WIN(win), PTR(name)); }

// Returns the length, or minus the return code.
int m4g_win_get_name(m4g_h win, char *buf, int len)
{
	char s[MPI_MAX_OBJECT_NAME + 1] = "";
	int n = 0, rc = MPI_Win_get_name(WIN(win), s, &n);
	return m4g_text_out(rc, s, n, buf, len);
}

m4g_window m4g_alloc_mem(int64_t size, m4g_h info)
{
	m4g_window m = {0};
	void *base = NULL;
	m.rc = MPI_Alloc_mem(size, m4g_info_in(info), &base);
	m.size = size;
	m.base = base;
	return m;
}

int m4g_free_mem(void *base) { return MPI_Free_mem(base); }
