#include <stdlib.h>
#include <string.h>

#include "internal.h"

int m4g_max_info_key(void) { return MPI_MAX_INFO_KEY; }
int m4g_max_info_val(void) { return MPI_MAX_INFO_VAL; }

// pairs: n times a key and a value, each ended by a zero.
m4g_made m4g_info_make(m4g_addr pairs, int n)
{
	m4g_made m = {0, 0, 0};
	const char *p = PTR(pairs);
	MPI_Info info = MPI_INFO_NULL;
	if ((m.rc = MPI_Info_create(&info)) != MPI_SUCCESS)
		return m;
	for (int i = 0; i < n; i++) {
		const char *key = p, *value = key + strlen(key) + 1;
		p = value + strlen(value) + 1;
		if ((m.rc = MPI_Info_set(info, key, value)) != MPI_SUCCESS) {
			MPI_Info_free(&info);
			m.flag = i; // the pair that is refused
			return m;
		}
	}
	m.h = H(info);
	return m;
}

int m4g_info_free(m4g_h info)
{
	MPI_Info i = (MPI_Info)info;
	return MPI_Info_free(&i);
}

// The length of a value, with the zero that ends it, and the value.
static int value_len(MPI_Info info, const char *key, int *len, int *flag)
{
#if MPI_VERSION >= 4
	char none[1]; // MPICH 4.0 refuses NULL
	*len = 0;
	return MPI_Info_get_string(info, key, len, none, flag);
#else
	int rc = MPI_Info_get_valuelen(info, key, len, flag);
	++*len;
	return rc;
#endif
}

static int value_of(MPI_Info info, const char *key, int len, char *out, int *flag)
{
#if MPI_VERSION >= 4
	return MPI_Info_get_string(info, key, &len, out, flag);
#else
	return MPI_Info_get(info, key, len - 1, out, flag);
#endif
}

int m4g_pairs_of(MPI_Info info, char **out, int64_t *len)
{
	char key[MPI_MAX_INFO_KEY + 1], *buf = NULL;
	int n = 0, rc = MPI_Info_get_nkeys(info, &n);
	size_t at = 0;
	for (int i = 0; rc == MPI_SUCCESS && i < n; i++) {
		int vlen = 0, flag = 0;
		if ((rc = MPI_Info_get_nthkey(info, i, key)) != MPI_SUCCESS ||
			(rc = value_len(info, key, &vlen, &flag)) != MPI_SUCCESS)
			break;
		if (!flag)
			continue;
		size_t klen = strlen(key) + 1;
		char *more = realloc(buf, at + klen + vlen);
		if (more == NULL) {
			rc = MPI_ERR_NO_MEM;
			break;
		}
		buf = more;
		memcpy(buf + at, key, klen);
		buf[at + klen] = 0;
		rc = value_of(info, key, vlen, buf + at + klen, &flag);
		at += klen + strnlen(buf + at + klen, vlen - 1);
		buf[at++] = 0;
	}
	if (rc != MPI_SUCCESS) {
		free(buf);
		buf = NULL;
		at = 0;
	}
	*out = buf;
	*len = (int64_t)at;
	return rc;
}

int m4g_pairs_out(int rc, MPI_Info info, char **out, int64_t *len)
{
	*out = NULL;
	*len = 0;
	if (rc != MPI_SUCCESS || info == MPI_INFO_NULL)
		return rc;
	rc = m4g_pairs_of(info, out, len);
	MPI_Info_free(&info);
	return rc;
}

int m4g_info_read(m4g_h info, char **out, int64_t *len)
{
	return m4g_pairs_of(info == 0 ? MPI_INFO_ENV : (MPI_Info)info, out, len);
}

int m4g_comm_set_info(m4g_h comm, m4g_h info) { return MPI_Comm_set_info(COMM(comm), m4g_info_in(info)); }

int m4g_comm_get_info(m4g_h comm, char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
	int rc = MPI_Comm_get_info(COMM(comm), &info);
	return m4g_pairs_out(rc, info, out, len);
}

int m4g_info_create_env(char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
#if MPI_VERSION >= 4
	int rc = MPI_Info_create_env(0, NULL, &info);
#else
	int rc = M4G_ERR_UNSUPPORTED;
#endif
	return m4g_pairs_out(rc, info, out, len);
}
