#define _GNU_SOURCE
#include "internal.h"

// Go's monitor thread (runtime.sysmon). While a goroutine is in C it wakes up every
// 20 us, in fact every 70, to see whether its processor should be taken away, for
// 10 ms after anything has happened. With a core for each process nobody notices.
// But 64 processes on two cores whose ranks wait for each other wake up a million
// times a second, and the cores come to do little else: what slows the calls, and
// keeps the monitors awake. There is no setting of Go's for it; but the system will
// put wake-ups off, and do several at once, for a thread that says it may.

#ifdef __linux__

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long slack;
static atomic_int calmed;

static void calm(int sig)
{
	(void)sig;
	int before = errno;
	prctl(PR_SET_TIMERSLACK, slack);
	errno = before;
	calmed = 1;
}

int m4g_main_thread(void) { return syscall(SYS_gettid) == getpid(); }

int m4g_monitor(void)
{
	DIR *dir = opendir("/proc/self/task");
	int tid = 0, n = 0;
	if (dir == NULL)
		return 0;
	// In the order in which they were made: the first is the main thread, and the
	// first that the Go runtime makes is the monitor.
	for (struct dirent *e; n < 2 && (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.') {
			n++;
			tid = atoi(e->d_name);
		}
	closedir(dir);
	return n == 2 ? tid : 0;
}

void m4g_calm(long ns)
{
	// A thread can speak for itself only, and so gets a signal. Should it come too
	// late, Go's handler ignores it.
	const int sig = SIGRTMAX - 1;
	struct sigaction ours = {.sa_handler = calm, .sa_flags = SA_ONSTACK | SA_RESTART}, gos;
	int tid = m4g_monitor();
	slack = (unsigned long)ns;
	calmed = 0;
	if (tid == 0 || sigaction(sig, &ours, &gos) != 0)
		return;
	if (syscall(SYS_tgkill, getpid(), tid, sig) == 0)
		for (int i = 0; i < 1000 && !calmed; i++)
			usleep(100);
	sigaction(sig, &gos, NULL);
}

#else

int m4g_main_thread(void) { return 0; }
int m4g_monitor(void) { return 0; }
void m4g_calm(long ns) { (void)ns; }

#endif
