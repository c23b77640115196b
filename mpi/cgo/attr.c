#include "_cgo_export.h"
#include "internal.h"

// Attributes. What the library stores for a key is the number of a value that Go
// keeps, and what it hands the callbacks as extra state is the number of the key.
// Go's functions report their own failures and return none here.

static int copy(MPI_Comm old, int keyval, void *key, void *in, void *out, int *flag)
{
	(void)keyval;
	uintptr_t id = m4gAttrCopy((uintptr_t)key, H(old), (uintptr_t)in);
	*flag = id != 0;
	*(void **)out = (void *)id;
	return MPI_SUCCESS;
}

static int release(MPI_Comm c, int keyval, void *value, void *key)
{
	(void)keyval;
	m4gAttrDelete((uintptr_t)key, H(c), (uintptr_t)value);
	return MPI_SUCCESS;
}

m4g_made m4g_keyval_create(uintptr_t key)
{
	m4g_made m = {0, 0, 0};
	int keyval = MPI_KEYVAL_INVALID;
	m.rc = MPI_Comm_create_keyval(copy, release, &keyval, (void *)key);
	m.flag = keyval;
	return m;
}

int m4g_keyval_free(int keyval) { return MPI_Comm_free_keyval(&keyval); }

int m4g_attr_set(m4g_h comm, int keyval, uintptr_t value) { return MPI_Comm_set_attr(COMM(comm), keyval, (void *)value); }

m4g_made m4g_attr_get(m4g_h comm, int keyval)
{
	m4g_made m = {0, 0, 0};
	void *value = NULL;
	int flag = 0;
	m.rc = MPI_Comm_get_attr(COMM(comm), keyval, &value, &flag);
	m.flag = flag;
	m.h = flag ? (m4g_h)value : 0;
	return m;
}

int m4g_attr_delete(m4g_h comm, int keyval) { return MPI_Comm_delete_attr(COMM(comm), keyval); }

// In the order of the constants in attr.go. The library stores the address of
// the value.
m4g_made m4g_attr_predefined(int which)
{
	static const int keys[] = {MPI_UNIVERSE_SIZE, MPI_APPNUM, MPI_WTIME_IS_GLOBAL, MPI_LASTUSEDCODE, MPI_IO};
	m4g_made m = {0, 0, 0};
	int *value = NULL, flag = 0;
	m.rc = MPI_Comm_get_attr(MPI_COMM_WORLD, keys[which], &value, &flag);
	m.flag = flag && value != NULL;
	if (m.flag)
		m.h = (m4g_h)(intptr_t)(keys[which] == MPI_IO ? m4g_rank_out(*value) : *value);
	return m;
}
