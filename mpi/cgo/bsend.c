#include "internal.h"

int m4g_bsend_overhead(void) { return MPI_BSEND_OVERHEAD; }
