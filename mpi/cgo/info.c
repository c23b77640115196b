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

// All pairs of info, in the form that m4g_info_make takes, to be freed.
static int pairs_of(MPI_Info info, char **out, int64_t *len)
{
	char key[MPI_MAX_INFO_KEY + 1], *buf = NULL;
	int n = 0, rc = MPI_Info_get_nkeys(info, &n);
	size_t at = 0;
	for (int i = 0; rc == MPI_SUCCESS && i < n; i++) {
		int vlen = 0, flag = 0;
		if ((rc = MPI_Info_get_nthkey(info, i, key)) != MPI_SUCCESS ||
			(rc = MPI_Info_get_valuelen(info, key, &vlen, &flag)) != MPI_SUCCESS)
			break;
		if (!flag)
			continue;
		size_t klen = strlen(key) + 1;
		char *more = realloc(buf, at + klen + vlen + 1);
		if (more == NULL) {
			rc = MPI_ERR_NO_MEM;
			break;
		}
		buf = more;
		memcpy(buf + at, key, klen);
		rc = MPI_Info_get(info, key, vlen, buf + at + klen, &flag);
		at += klen + strnlen(buf + at + klen, vlen);
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

int m4g_info_read(m4g_h info, char **out, int64_t *len)
{
	return pairs_of(info == 0 ? MPI_INFO_ENV : (MPI_Info)info, out, len);
}

int m4g_comm_set_info(m4g_h comm, m4g_h info) { return MPI_Comm_set_info(COMM(comm), m4g_info_in(info)); }

int m4g_comm_get_info(m4g_h comm, char **out, int64_t *len)
{
	MPI_Info info = MPI_INFO_NULL;
	int rc = MPI_Comm_get_info(COMM(comm), &info);
	*out = NULL;
	*len = 0;
	if (rc != MPI_SUCCESS || info == MPI_INFO_NULL)
		return rc;
	rc = pairs_of(info, out, len);
	MPI_Info_free(&info);
	return rc;
}
