#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

// The signals that Go turns into panics. A library that takes them over (UCX
// does, to print a backtrace) makes a nil dereference fatal.
static const int m4g_gos[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { GOS = sizeof m4g_gos / sizeof *m4g_gos };

// Puts the signals in order after Init: Go gets its own back, and every handler
// that C installed gets SA_ONSTACK. MPICH installs its SIGUSR1 handler without,
// and the Go runtime dies on the first such signal that meets a goroutine's
// small stack. Without before, what C has stays its own: there, Go is the guest.
static void m4g_signals(const struct sigaction *before)
{
	for (int i = 0; before != NULL && i < GOS; i++)
		if (before[i].sa_handler != SIG_DFL)
			sigaction(m4g_gos[i], &before[i], NULL);
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction sa;
		if (sigaction(sig, NULL, &sa) != 0)
			continue;
		if (sa.sa_handler == SIG_DFL || sa.sa_handler == SIG_IGN || (sa.sa_flags & SA_ONSTACK))
			continue;
		sa.sa_flags |= SA_ONSTACK;
		sigaction(sig, &sa, NULL);
	}
}

// Levels as 0..3: the standard orders them but fixes no values.
static int level(int p)
{
	return p == MPI_THREAD_MULTIPLE ? 3 : p == MPI_THREAD_SERIALIZED ? 2 : p == MPI_THREAD_FUNNELED ? 1 : 0;
}

int m4g_initialise(int (*start)(void *), void *arg)
{
	struct sigaction before[GOS];
	for (int i = 0; i < GOS; i++)
		sigaction(m4g_gos[i], NULL, &before[i]);
	m4g_win_settings();
	m4g_few_arenas();
	int rc = start(arg);
	m4g_signals(before);
	return rc;
}

static int init_thread(void *provided) { return MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, provided); }

int m4g_init(int *provided)
{
	if (m4g_hidden_world) {
		m4g_hidden_world = 0;
		return m4g_query_thread(provided);
	}
	int rc = m4g_initialise(init_thread, provided);
	if (rc != MPI_SUCCESS)
		return rc;
	*provided = level(*provided);
	MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
	return m4g_ops_init();
}

int m4g_query_thread(int *provided)
{
	int rc = MPI_Query_thread(provided);
	*provided = level(*provided);
	return rc != MPI_SUCCESS ? rc : m4g_ops_init();
}

// The error handlers that the world and self communicators had before
// m4g_attach.
static MPI_Errhandler m4g_theirs[2];

// Joins an MPI that others have initialised, until m4g_detach.
int m4g_attach(int *provided)
{
	m4g_signals(NULL);
	int rc = m4g_query_thread(provided);
	for (int i = 0; i < 2 && rc == MPI_SUCCESS; i++)
		(void)((rc = MPI_Comm_get_errhandler(COMM(m4g_comm(i)), &m4g_theirs[i])) ||
			   (rc = MPI_Comm_set_errhandler(COMM(m4g_comm(i)), MPI_ERRORS_RETURN)));
	return rc;
}

int m4g_detach(void)
{
	int rc = MPI_SUCCESS;
	for (int i = 0; i < 2 && rc == MPI_SUCCESS; i++)
		(void)((rc = MPI_Comm_set_errhandler(COMM(m4g_comm(i)), m4g_theirs[i])) ||
			   (rc = MPI_Errhandler_free(&m4g_theirs[i])));
	return rc;
}

int m4g_finalize(void) { return MPI_Finalize(); }

int m4g_initialized(void)
{
	int flag = 0;
	MPI_Initialized(&flag);
	return flag && !m4g_hidden_world;
}

int m4g_finalized(void)
{
	int flag = 0;
	MPI_Finalized(&flag);
	return flag;
}

int m4g_library_version(char *buf, int len)
{
	char s[MPI_MAX_LIBRARY_VERSION_STRING];
	int n = 0;
	int rc = MPI_Get_library_version(s, &n);
	return rc == MPI_SUCCESS ? m4g_text_out(rc, s, n, buf, len) : 0;
}

void m4g_version(int *version, int *subversion) { MPI_Get_version(version, subversion); }

const char *m4g_headers(void)
{
#define STR2(x) #x
#define STR(x) STR2(x)
#if defined(OPEN_MPI)
	return "Open MPI " STR(OMPI_MAJOR_VERSION) "." STR(OMPI_MINOR_VERSION) "." STR(OMPI_RELEASE_VERSION);
#elif defined(I_MPI_VERSION)
	return "Intel MPI " I_MPI_VERSION;
#elif defined(MVAPICH2_VERSION)
	return "MVAPICH2 " MVAPICH2_VERSION;
#elif defined(MPICH_VERSION)
	return "MPICH " MPICH_VERSION;
#else
	return "MPI " STR(MPI_VERSION) "." STR(MPI_SUBVERSION);
#endif
}

int m4g_processor_name(char *buf, int len)
{
	char s[MPI_MAX_PROCESSOR_NAME];
	int n = 0;
	if (MPI_Get_processor_name(s, &n) != MPI_SUCCESS)
		return 0;
	if (n > len)
		n = len;
	memcpy(buf, s, n);
	return n;
}

double m4g_wtime(void) { return MPI_Wtime(); }
double m4g_wtick(void) { return MPI_Wtick(); }

void m4g_abort(m4g_h comm, int code)
{
	MPI_Abort(COMM(comm), code);
	_exit(code ? code : 1); // no return, whatever the library thinks
}

int m4g_tag_ub(m4g_h comm)
{
	int *p = NULL, flag = 0; // the attribute is a pointer to the value
	if (MPI_Comm_get_attr(COMM(comm), MPI_TAG_UB, &p, &flag) != MPI_SUCCESS || !flag || p == NULL)
		return 32767; // the least the standard allows
	return *p;
}

int m4g_cpus(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

void m4g_nop(void) {}

// In the order of the Class constants in error.go, with the names under which
// Go knows them, for a test of that order.
#define CLASS(name) {MPI_##name, "MPI_" #name}
static const struct {
	int class;
	const char *name;
} m4g_classes[] = {
	CLASS(SUCCESS), CLASS(ERR_BUFFER), CLASS(ERR_COUNT), CLASS(ERR_TYPE), CLASS(ERR_TAG), CLASS(ERR_COMM),
	CLASS(ERR_RANK), CLASS(ERR_REQUEST), CLASS(ERR_ROOT), CLASS(ERR_GROUP), CLASS(ERR_OP), CLASS(ERR_TOPOLOGY),
	CLASS(ERR_DIMS), CLASS(ERR_ARG), CLASS(ERR_UNKNOWN), CLASS(ERR_TRUNCATE), CLASS(ERR_OTHER), CLASS(ERR_INTERN),
	CLASS(ERR_IN_STATUS), CLASS(ERR_PENDING), CLASS(ERR_ACCESS), CLASS(ERR_AMODE), CLASS(ERR_ASSERT),
	CLASS(ERR_BAD_FILE), CLASS(ERR_BASE), CLASS(ERR_CONVERSION), CLASS(ERR_DISP), CLASS(ERR_DUP_DATAREP),
	CLASS(ERR_FILE_EXISTS), CLASS(ERR_FILE_IN_USE), CLASS(ERR_FILE), CLASS(ERR_INFO_KEY), CLASS(ERR_INFO_NOKEY),
	CLASS(ERR_INFO_VALUE), CLASS(ERR_INFO), CLASS(ERR_IO), CLASS(ERR_KEYVAL), CLASS(ERR_LOCKTYPE), CLASS(ERR_NAME),
	CLASS(ERR_NO_MEM), CLASS(ERR_NOT_SAME), CLASS(ERR_NO_SPACE), CLASS(ERR_NO_SUCH_FILE), CLASS(ERR_PORT),
	CLASS(ERR_QUOTA), CLASS(ERR_READ_ONLY), CLASS(ERR_RMA_CONFLICT), CLASS(ERR_RMA_SYNC), CLASS(ERR_SERVICE),
	CLASS(ERR_SIZE), CLASS(ERR_SPAWN), CLASS(ERR_UNSUPPORTED_DATAREP), CLASS(ERR_UNSUPPORTED_OPERATION),
	CLASS(ERR_WIN), CLASS(ERR_RMA_ATTACH), CLASS(ERR_RMA_RANGE), CLASS(ERR_RMA_SHARED), CLASS(ERR_RMA_FLAVOR),
};
enum { CLASSES = sizeof m4g_classes / sizeof *m4g_classes };

// The library's number of a class, and its name there: 0 and no name when there
// is no such class.
int m4g_class_code(int i) { return i >= 0 && i < CLASSES ? m4g_classes[i].class : 0; }

const char *m4g_class_name(int i) { return i >= 0 && i < CLASSES ? m4g_classes[i].name : ""; }

int m4g_error_class(int code)
{
	int class = code;
	MPI_Error_class(code, &class);
	for (int i = 0; i < CLASSES; i++)
		if (m4g_classes[i].class == class)
			return i;
	return 14; // MPI_ERR_UNKNOWN
}

int m4g_error_string(int code, char *buf, int len)
{
	char s[MPI_MAX_ERROR_STRING];
	int n = 0;
	if (MPI_Error_string(code, s, &n) != MPI_SUCCESS)
		return 0;
	if (n > len)
		n = len;
	memcpy(buf, s, n);
	return n;
}
