#include "_cgo_export.h"
#include "internal.h"

// Attributes. What the library stores for a key is the number of a value that Go
// keeps, and what it hands the callbacks as extra state is the number of the key.
// Go's functions report their own failures and return none here.

static int copied(uintptr_t key, m4g_h old, void *in, void *out, int *flag)
{
	uintptr_t id = m4gAttrCopy(key, old, (uintptr_t)in);
	*flag = id != 0;
	*(void **)out = (void *)id;
	return MPI_SUCCESS;
}

// The callbacks differ in the type of the handle only.
#define CALLBACKS(name, type)                                                               \
	static int copy_##name(type old, int keyval, void *key, void *in, void *out, int *flag) \
	{                                                                                       \
		(void)keyval;                                                                       \
		return copied((uintptr_t)key, H(old), in, out, flag);                               \
	}                                                                                       \
	static int release_##name(type object, int keyval, void *value, void *key)              \
	{                                                                                       \
		(void)keyval;                                                                       \
		m4gAttrDelete((uintptr_t)key, H(object), (uintptr_t)value);                         \
		return MPI_SUCCESS;                                                                 \
	}
CALLBACKS(comm, MPI_Comm)
CALLBACKS(type, MPI_Datatype)
CALLBACKS(win, MPI_Win)

m4g_made m4g_keyval_create(int on, uintptr_t key)
{
	m4g_made m = {MPI_ERR_INTERN, 0, 0};
	int keyval = MPI_KEYVAL_INVALID;
	switch (on) {
	case M4G_ON_COMM: m.rc = MPI_Comm_create_keyval(copy_comm, release_comm, &keyval, (void *)key); break;
	case M4G_ON_TYPE: m.rc = MPI_Type_create_keyval(copy_type, release_type, &keyval, (void *)key); break;
	case M4G_ON_WIN: m.rc = MPI_Win_create_keyval(copy_win, release_win, &keyval, (void *)key); break;
	}
	m.flag = keyval;
	return m;
}

int m4g_keyval_free(int on, int keyval)
{
	switch (on) {
	case M4G_ON_COMM: return MPI_Comm_free_keyval(&keyval);
	case M4G_ON_TYPE: return MPI_Type_free_keyval(&keyval);
	case M4G_ON_WIN: return MPI_Win_free_keyval(&keyval);
	}
	return MPI_ERR_INTERN;
}

int m4g_attr_set(int on, m4g_h object, int keyval, uintptr_t value)
{
	switch (on) {
	case M4G_ON_COMM: return MPI_Comm_set_attr(COMM(object), keyval, (void *)value);
	case M4G_ON_TYPE: return MPI_Type_set_attr(TYPE(object), keyval, (void *)value);
	case M4G_ON_WIN: return MPI_Win_set_attr(WIN(object), keyval, (void *)value);
	}
	return MPI_ERR_INTERN;
}

m4g_made m4g_attr_get(int on, m4g_h object, int keyval)
{
	m4g_made m = {MPI_ERR_INTERN, 0, 0};
	void *value = NULL;
	int flag = 0;
	switch (on) {
	case M4G_ON_COMM: m.rc = MPI_Comm_get_attr(COMM(object), keyval, &value, &flag); break;
	case M4G_ON_TYPE: m.rc = MPI_Type_get_attr(TYPE(object), keyval, &value, &flag); break;
	case M4G_ON_WIN: m.rc = MPI_Win_get_attr(WIN(object), keyval, &value, &flag); break;
	}
	m.flag = flag;
	m.h = flag ? (m4g_h)value : 0;
	return m;
}

int m4g_attr_delete(int on, m4g_h object, int keyval)
{
	switch (on) {
	case M4G_ON_COMM: return MPI_Comm_delete_attr(COMM(object), keyval);
	case M4G_ON_TYPE: return MPI_Type_delete_attr(TYPE(object), keyval);
	case M4G_ON_WIN: return MPI_Win_delete_attr(WIN(object), keyval);
	}
	return MPI_ERR_INTERN;
}

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
