#include "internal.h"

// The library's class of an error code, also where it is none of the standard's.
int m4g_library_class(int code)
{
	int class = MPI_ERR_UNKNOWN;
	MPI_Error_class(code, &class);
	return class;
}

// Both leave the new number in flag.
m4g_made m4g_add_error_class(void)
{
	m4g_made m = {0, 0, 0};
	int class = MPI_ERR_UNKNOWN;
	m.rc = MPI_Add_error_class(&class);
	m.flag = class;
	return m;
}

m4g_made m4g_add_error_code(int class)
{
	m4g_made m = {0, 0, 0};
	int code = MPI_ERR_UNKNOWN;
	m.rc = MPI_Add_error_code(class, &code);
	m.flag = code;
	return m;
}

int m4g_max_error_string(void) { return MPI_MAX_ERROR_STRING; }

int m4g_add_error_string(int code, m4g_addr text) { return MPI_Add_error_string(code, PTR(text)); }
