#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "internal.h"

// The memory that C has of its own.

// glibc gives threads arenas of their own, 8 for each core, in each of which stays in
// pieces what calls took for a while. A Go program calls MPI from many threads, which
// wait for the library's locks anyway: see docs/architecture.md. A user's own
// setting stands.
void m4g_few_arenas(void)
{
#ifdef __GLIBC__
	const char *tunables = getenv("GLIBC_TUNABLES");
	if (getenv("MALLOC_ARENA_MAX") == NULL && (tunables == NULL || strstr(tunables, "glibc.malloc.arena_max") == NULL))
		mallopt(M_ARENA_MAX, 2);
#endif
}

// What glibc says of its memory, as XML, to be freed; NULL if it says nothing.
char *m4g_malloc_info(void)
{
	char *text = NULL;
#ifdef __GLIBC__
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (f != NULL) {
		malloc_info(0, f);
		fclose(f);
	}
#endif
	return text;
}

void m4g_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
