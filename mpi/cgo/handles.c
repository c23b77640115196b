#include "internal.h"

// In the order of the Kind constants in handles.go.
m4g_h m4g_basic(int kind)
{
	switch (kind) {
	case 0: return H(MPI_C_BOOL);
	case 1: return H(MPI_INT8_T);
	case 2: return H(MPI_INT16_T);
	case 3: return H(MPI_INT32_T);
	case 4: return H(MPI_INT64_T);
	case 5: return H(MPI_UINT8_T);
	case 6: return H(MPI_UINT16_T);
	case 7: return H(MPI_UINT32_T);
	case 8: return H(MPI_UINT64_T);
	case 9: return H(MPI_FLOAT);
	case 10: return H(MPI_DOUBLE);
	case 11: return H(MPI_C_FLOAT_COMPLEX);
	case 12: return H(MPI_C_DOUBLE_COMPLEX);
	}
	return H(MPI_DATATYPE_NULL);
}

m4g_h m4g_untyped(int packed) { return packed ? H(MPI_PACKED) : H(MPI_BYTE); }

// What Go takes a pair to look like in memory.
_Static_assert(sizeof(int) == 4 && sizeof(short) == 2 && sizeof(long) == 8, "pairs of a value and an index");

// In the order of the pairs' kinds in handles.go.
m4g_h m4g_value_index(int which)
{
	switch (which) {
	case 0: return H(MPI_FLOAT_INT);
	case 1: return H(MPI_DOUBLE_INT);
	case 2: return H(MPI_LONG_INT);
	case 3: return H(MPI_2INT);
	case 4: return H(MPI_SHORT_INT);
	}
	return H(MPI_DATATYPE_NULL);
}

// In the order of the op constants in handles.go.
m4g_h m4g_op(int op)
{
	switch (op) {
	case 0: return H(MPI_SUM);
	case 1: return H(MPI_PROD);
	case 2: return H(MPI_MAX);
	case 3: return H(MPI_MIN);
	case 4: return H(MPI_LAND);
	case 5: return H(MPI_LOR);
	case 6: return H(MPI_LXOR);
	case 7: return H(MPI_BAND);
	case 8: return H(MPI_BOR);
	case 9: return H(MPI_BXOR);
	case 10: return H(MPI_MAXLOC);
	case 11: return H(MPI_MINLOC);
	case 12: return H(MPI_REPLACE);
	case 13: return H(MPI_NO_OP);
	}
	return H(MPI_OP_NULL);
}

m4g_h m4g_comm(int which) { return which == 0 ? H(MPI_COMM_WORLD) : H(MPI_COMM_SELF); }

// The handle as this file would make it of the same communicator: C code may have
// widened MPICH's ints to m4g_h in another way.
m4g_h m4g_comm_of(m4g_h comm) { return H(COMM(comm)); }

m4g_made m4g_comm_adopt(m4g_h comm) { return m4g_made_comm(MPI_SUCCESS, COMM(comm)); }

// Fortran's handles are integers of their own. 0 is none of Go's.
int64_t m4g_comm_to_fortran(m4g_h comm) { return MPI_Comm_c2f(comm == 0 ? MPI_COMM_NULL : COMM(comm)); }

m4g_h m4g_comm_of_fortran(int64_t comm) { return H(MPI_Comm_f2c((MPI_Fint)comm)); }
