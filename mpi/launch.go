package mpi

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/internal/slurm"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// What can be wrong before the first message: a program that was started by
// the launcher of another MPI library runs as so many worlds of one rank, and
// nothing complains; and a program compiled with the headers of one library
// may meet another at run time.

// launchers lists the variables in which launchers tell a process how many
// ranks its job has. Slurm's come last, because an mpirun inside a Slurm job
// may itself use srun to start its daemons, and the ranks inherit what srun
// told those. (SLURM_NTASKS is not among them: batch scripts have it too.)
var launchers = []struct{ env, rank, name string }{
	{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "Open MPI's mpirun"},
	{"PMI_SIZE", "PMI_RANK", "a PMI launcher, such as MPICH's mpirun"},
	{"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "MVAPICH's mpirun"},
	{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"},
}

// checkLauncher is called by a process, pid, whose world has one rank.
func checkLauncher(op string, env func(string) string, pid int) error {
	for _, l := range launchers {
		n, err := strconv.Atoi(env(l.env))
		if err != nil || env(l.rank) == "" {
			continue
		}
		if n < 2 {
			return nil
		}
		return argError(op, ErrLaunch, "%s started %d ranks (%s=%d), but this program is linked with %s and sees a world of 1: "+
			"start it with that library's own mpirun, or build it for the launcher's library (-tags openmpi or -tags mpich); "+
			"under srun, choose the library's PMI with --mpi",
			l.name, n, l.env, n, firstLine(cgo.LibraryVersion()))
	}
	// No launcher has said anything. Its daemon may be the parent all the same, and
	// then the children that it has begun to start must be there to be counted.
	if name, _, _ := launchedBy(procs, pid); name != "" {
		time.Sleep(reportTime)
	}
	if name, n, before := launchedBy(procs, pid); n > 1 {
		// The last one speaks, which is the least likely not to have seen the others.
		silent = before < n-1
		return argError(op, ErrLaunch, "%s started several processes of this program, but none of its variables (%s, %s, ...) reaches them, and each sees a world of 1: "+
			"do not clear the environment between the launcher and the program (env -i, sudo, a container started with --cleanenv), or pass the launcher's variables on",
			name, launchers[0].env, launchers[1].env)
	} else if name != "" {
		warn(op, "%s started this program, but none of its variables (%s, %s, ...) reaches it, and it sees a world of 1: "+
			"if it is meant to be a rank of several, do not clear the environment between the two (env -i, sudo, a container started with --cleanenv)",
			name, launchers[0].env, launchers[1].env)
		return nil
	}
	// Batch scripts have this variable, and what they start without a launcher, such
	// as a tool that prepares the input, may well be meant to be alone.
	if n, err := strconv.Atoi(env("SLURM_NTASKS")); err == nil && n > 1 {
		warn(op, "the Slurm job has %d tasks (SLURM_NTASKS=%d), but no launcher started this program, and it sees a world of 1: "+
			"if it is meant to run on all of them, start it with srun --mpi=pmix (Open MPI), srun --mpi=pmi2 (MPICH) or mpirun", n, n)
	}
	return nil
}

func warn(op, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "mpi: %s: warning: %s\n", op, fmt.Sprintf(format, args...))
}

// daemons are the processes whose children are the ranks, by the first 15 bytes of
// their names, which is what the system keeps. On a single host that is mpirun itself
// for Open MPI.
var daemons = []string{"orted", "orterun", "prted", "prte", "prterun", "mpirun", "mpirun.openmpi", "mpiexec", "mpiexec.openmpi", "hydra_pmi_proxy", "slurmstepd"}

// shells are the processes that container runtimes put between the daemon and the
// program. Others (a script, or a rank that starts a program of its own) are no sign
// that the program is meant to be a rank.
var shells = []string{"starter", "starter-suid", "Apptainer runti", "Singularity run"}

// procs is where the system lists its processes.
const procs = "/proc"

// launchedBy tells which launcher's daemon has started the process, "" if none has as
// far as can be seen, how many processes of its name the daemon has started, and how
// many of them have a lower number. Where there is the runtime of a container between
// the two, that is what is counted.
func launchedBy(procs string, pid int) (daemon string, n, before int) {
	for {
		mine, parent := process(procs, pid)
		name, _ := process(procs, parent)
		switch {
		case slices.Contains(daemons, name):
			for _, child := range children(procs, parent) {
				id, _ := strconv.Atoi(child)
				if other, _ := process(procs, id); other != mine {
					continue
				}
				if n++; id < pid {
					before++
				}
			}
			return name, n, before
		case !slices.Contains(shells, name):
			return "", 0, 0
		}
		pid = parent
	}
}

// silent is set when another process tells the error that all of them meet, and that
// is not known by the launcher's variables.
var silent bool

// speaks reports whether this process tells the error that all ranks meet when each
// is a world of its own.
func speaks(env func(string) string) bool {
	if rank := launcherRank(env); rank >= 0 {
		return rank == 0
	}
	return !silent
}

// process is the name and the parent of a process, "" and 0 if they cannot be seen.
func process(procs string, pid int) (name string, parent int) {
	name, parent, _ = processSince(procs, pid)
	return name, parent
}

// processSince tells also when the process began, in units of the system's.
func processSince(procs string, pid int) (name string, parent int, since string) {
	stat, _ := os.ReadFile(statOf(procs, pid))
	// 4711 (name) S 4710 ..., where the name may hold anything.
	begin, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if begin < 0 || end < begin {
		return "", 0, ""
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) > 1 {
		parent, _ = strconv.Atoi(fields[1])
	}
	if len(fields) > sinceField {
		since = fields[sinceField]
	}
	return string(stat[begin+1 : end]), parent, since
}

// sinceField is where the file of a process says when it began, after the name.
const sinceField = 19

func statOf(procs string, pid int) string { return fmt.Sprintf("%s/%d/stat", procs, pid) }

// children are the processes that a process has started.
func children(procs string, pid int) (pids []string) {
	// Launchers may have several threads, and each has children of its own.
	lists, _ := filepath.Glob(fmt.Sprintf("%s/%d/task/*/children", procs, pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}

// launcherRank is this process's number for its launcher, -1 if there is none.
func launcherRank(env func(string) string) int {
	for _, l := range launchers {
		if r, err := strconv.Atoi(env(l.rank)); err == nil {
			return r
		}
	}
	return -1
}

// localRanks is how many ranks of the job run on this host, 1 if the launcher
// does not say.
func localRanks(env func(string) string) int {
	for _, name := range []string{"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_LOCAL_SIZE"} {
		if n, err := strconv.Atoi(env(name)); err == nil {
			return n
		}
	}
	node, err := strconv.Atoi(env("SLURM_NODEID"))
	if err != nil {
		return 1
	}
	for _, g := range slurm.Groups(env("SLURM_STEP_TASKS_PER_NODE")) {
		if node < g.Nodes {
			return g.Tasks
		}
		node -= g.Nodes
	}
	return 1
}

// uniform reports whether all ranks of the job run here and run this program, as
// far as they can be seen: on all ranks alike.
func uniform(env func(string) string) bool {
	n := localRanks(env)
	for _, l := range launchers {
		if size, err := strconv.Atoi(env(l.env)); err == nil {
			return size == n && siblings() == n
		}
	}
	return false
}

// siblings counts the processes of this program that the parent of this one has
// started.
func siblings() (n int) {
	mine, err := os.Readlink(procs + "/self/exe")
	if err != nil {
		return 0
	}
	for _, pid := range children(procs, os.Getppid()) {
		if exe, err := os.Readlink(procs + "/" + pid + "/exe"); err == nil && exe == mine {
			n++
		}
	}
	return n
}

// family names the library lineage in a version text. Derivatives of MPICH
// keep its binary interface, so that one of them may stand in for another.
func family(version string) string {
	switch {
	case strings.Contains(version, "Open MPI"):
		return "Open MPI"
	case strings.Contains(version, "MPICH"), strings.Contains(version, "Intel"), strings.Contains(version, "MVAPICH"), strings.Contains(version, "CRAY"):
		return "MPICH"
	}
	return ""
}

// checkLibrary compares the headers that the program was compiled with and the
// library that it runs on.
func checkLibrary(op, headers, library string) error {
	h, l := family(headers), family(library)
	if h == l || h == "" || l == "" {
		return nil
	}
	return argError(op, ErrLaunch, "the program was compiled with the headers of %s, but runs on the library %s: "+
		"rebuild it (go clean -cache first if the system's default MPI was switched), or mend LD_LIBRARY_PATH", headers, firstLine(library))
}
