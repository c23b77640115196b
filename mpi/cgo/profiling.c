#include "internal.h"

int m4g_pcontrol(int level) { return MPI_Pcontrol(level); }
