#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "internal.h"

// The memory that C has of its own.

// glibc gives threads arenas of their own, 8 for each core, in which what a burst of
// messages took stays in pieces. A Go program calls MPI from many threads, which wait
// for the library's locks anyway: with two arenas it needs half the memory, and stays
// there (docs/architecture.md). A user's own setting stands.
void m4g_few_arenas(void)
{
#ifdef __GLIBC__
	const char *tunables = getenv("GLIBC_TUNABLES");
	if (getenv("MALLOC_ARENA_MAX") == NULL && (tunables == NULL || strstr(tunables, "glibc.malloc.arena_max") == NULL))
		mallopt(M_ARENA_MAX, 2);
#endif
}

// How many arenas there are; 0 if that is not known.
int m4g_arenas(void)
{
	int n = 0;
#ifdef __GLIBC__
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (f == NULL)
		return 0;
	int rc = malloc_info(0, f);
	fclose(f);
	for (const char *at = text; rc == 0 && (at = strstr(at, "<heap ")) != NULL; at++)
		n++;
	free(text);
#endif
	return n;
}

void m4g_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
