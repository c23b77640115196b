package mpi

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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

// checkLauncher is called by a process whose world has one rank.
func checkLauncher(op string, env func(string) string) error {
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
	return nil
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
	// Slurm lists the tasks of the step's nodes: 4(x2),3 is 4, 4 and 3.
	for part := range strings.SplitSeq(env("SLURM_STEP_TASKS_PER_NODE"), ",") {
		tasks, times, found := strings.Cut(strings.TrimSuffix(part, ")"), "(x")
		n, err := strconv.Atoi(tasks)
		nodes := 1
		if found && err == nil {
			nodes, err = strconv.Atoi(times)
		}
		if err != nil {
			return 1
		}
		if node < nodes {
			return n
		}
		node -= nodes
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
	mine, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 0
	}
	// The launcher may have several threads, and each has children of its own.
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getppid()))
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for pid := range strings.FieldsSeq(string(pids)) {
			if exe, err := os.Readlink("/proc/" + pid + "/exe"); err == nil && exe == mine {
				n++
			}
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
