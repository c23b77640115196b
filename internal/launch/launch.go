// Package launch finds and drives the launcher (mpirun) that belongs to an MPI
// library. The launcher of another library would start every rank as a world
// of its own.
package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Family is a lineage of MPI libraries whose launchers take the same options.
type Family int

// The families. Intel MPI, MVAPICH, Cray MPICH and ParaStation MPI descend from
// MPICH, IBM Spectrum MPI from Open MPI.
const (
	Unknown Family = iota
	OpenMPI
	MPICH
)

func (f Family) String() string {
	switch f {
	case OpenMPI:
		return "Open MPI"
	case MPICH:
		return "MPICH"
	}
	return "unknown MPI"
}

// FamilyOf tells the family from the text of MPI_Get_library_version.
func FamilyOf(libraryVersion string) Family {
	return familyIn(libraryVersion,
		[]string{"open mpi", "spectrum mpi"},
		[]string{"mpich", "mvapich", "intel(r) mpi", "parastation mpi"})
}

// FamilyOfLauncher tells the family from what a launcher prints for --version:
// Debian's mpirun calls itself OpenRTE, and every hydra gives its build details.
func FamilyOfLauncher(version string) Family {
	return familyIn(version,
		[]string{"open mpi", "openrte", "prrte", "spectrum mpi"},
		[]string{"hydra", "mpich", "mvapich", "intel(r) mpi"})
}

func familyIn(text string, openMPI, mpich []string) Family {
	text = strings.ToLower(text)
	for _, name := range openMPI {
		if strings.Contains(text, name) {
			return OpenMPI
		}
	}
	for _, name := range mpich {
		if strings.Contains(text, name) {
			return MPICH
		}
	}
	return Unknown
}

// Launcher starts programs under MPI.
type Launcher struct {
	Path   string
	Args   []string // what comes before -n: the rest of $MPIRUN
	Family Family
}

// candidates are the names to look for, the most telling first: Debian and
// Fedora install both families side by side under such names.
var candidates = map[Family][]string{
	OpenMPI: {"mpirun.openmpi", "mpirun", "mpiexec"},
	MPICH:   {"mpirun.mpich", "mpiexec.hydra", "mpirun", "mpiexec"},
	Unknown: {"mpirun", "mpiexec"},
}

var advice = map[Family]string{
	OpenMPI: "install Open MPI's launcher (Debian: apt install openmpi-bin; clusters: module load openmpi)",
	MPICH:   "install MPICH's launcher (Debian: apt install mpich; clusters: module load mpich, or intel-mpi, ...)",
	Unknown: "put the library's mpirun in PATH",
}

// Find finds the launcher of the library that names itself libraryVersion
// (MPI_Get_library_version). $MPIRUN overrides the search; it may hold
// arguments, separated by spaces.
func Find(libraryVersion string) (*Launcher, error) {
	family := FamilyOf(libraryVersion)
	if words := strings.Fields(os.Getenv("MPIRUN")); len(words) > 0 {
		path, err := exec.LookPath(words[0])
		if err != nil {
			return nil, fmt.Errorf("launch: $MPIRUN is %q: %w", os.Getenv("MPIRUN"), err)
		}
		return &Launcher{Path: path, Args: words[1:], Family: family}, nil
	}

	var tried []string
	for _, name := range candidates[family] {
		path, err := exec.LookPath(name)
		if err != nil {
			tried = append(tried, name+": not in PATH")
			continue
		}
		got, err := versionOf(path)
		switch {
		case err != nil:
			tried = append(tried, fmt.Sprintf("%s: --version failed: %v", path, err))
		case family == Unknown || got == family:
			return &Launcher{Path: path, Family: family}, nil
		default:
			tried = append(tried, fmt.Sprintf("%s: belongs to %v", path, got))
		}
	}
	library := strings.Join(strings.Fields(libraryVersion), " ")
	if len(library) > 60 {
		library = library[:60] + "..."
	}
	return nil, fmt.Errorf("launch: no mpirun for the MPI library %q (%s): %s, or set MPIRUN to the command that starts its programs, such as MPIRUN=\"srun --mpi=pmix\"",
		library, strings.Join(tried, "; "), advice[family])
}

func versionOf(path string) (Family, error) {
	// Long enough for a busy machine and a file system far away.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = Environment(os.Environ(), Unknown)
	out, err := cmd.CombinedOutput()
	if f := FamilyOfLauncher(string(out)); f != Unknown {
		return f, nil // some print the version and fail nevertheless
	}
	return Unknown, err
}

// killDelay is how long a launcher may take to end its ranks after SIGTERM.
const killDelay = 5 * time.Second

// Command is the command that runs prog on n ranks. Ranks may outnumber cores,
// and may start even inside another MPI job. When ctx ends, the launcher gets
// SIGTERM, so that it ends ranks on other hosts too, and its process group is
// killed killDelay later.
func (l *Launcher) Command(ctx context.Context, n int, prog string, args ...string) *exec.Cmd {
	words := append([]string{}, l.Args...)
	words = append(words, "-n", strconv.Itoa(n), prog)
	cmd := exec.CommandContext(ctx, l.Path, append(words, args...)...)
	cmd.Env = Environment(os.Environ(), l.Family)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		group := -cmd.Process.Pid
		time.AfterFunc(killDelay, func() { syscall.Kill(group, syscall.SIGKILL) })
		err := syscall.Kill(group, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	// Past the kill, for the case that a rank left the group and holds a pipe.
	cmd.WaitDelay = killDelay + time.Second
	return cmd
}

// ranks are the variables by which launchers tell a process that it is a rank.
var ranks = []string{"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK", "PALS_RANKID"}

// Inside reports whether a launcher started this process as a rank of a job.
func Inside() bool {
	for _, name := range ranks {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// identity are the variables (and, ending in _, families of them) that make a
// process a rank of the job around it. A launcher that inherits them believes
// to be a rank, or looks for the daemons of that job.
var identity = []string{
	"OMPI_COMM_WORLD_", "OMPI_UNIVERSE_SIZE", "OMPI_APP_CTX_NUM_PROCS", "OMPI_NUM_APP_CTX",
	"OMPI_FIRST_RANKS", "OMPI_COMMAND", "OMPI_ARGV", "OMPI_FILE_LOCATION",
	"PMI_", "PMIX_", "HYDI_", "MPI_LOCALNRANKS", "MPI_LOCALRANKID",
	"MV2_COMM_WORLD_", "PALS_",
}

// ownMCA are the MCA parameters that Open MPI's mpirun sets for its ranks; all
// others are the user's.
var ownMCA = []string{"orte_", "ess", "pmix", "initial_wdir", "shmem_RUNTIME_QUERY_hint", "mpi_oversubscribe"}

// Environment is env without a surrounding job's identity, and with what the
// family needs to run more ranks than cores, or as root. What the user set
// himself stays.
func Environment(env []string, family Family) []string {
	set := make(map[string]bool, len(env))
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		set[name] = true
	}
	inJob := set["OMPI_COMM_WORLD_RANK"]
	inStep := set["SLURM_STEP_ID"] && set["SLURM_PROCID"]

	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "PMIX_MCA_"):
			// Parameters of the user's, not identity.
		case hasAnyPrefix(name, identity):
			continue
		case inJob && strings.HasPrefix(name, "OMPI_MCA_") && hasAnyPrefix(name[len("OMPI_MCA_"):], ownMCA):
			continue
		case inStep && strings.HasPrefix(name, "SLURM_"):
			// In a step, a launcher that sees Slurm would ask for a step of
			// its own, and wait for cores that this one holds.
			continue
		}
		out = append(out, kv)
	}

	add := func(name, value string) {
		if !set[name] {
			out = append(out, name+"="+value)
		}
	}
	if family != MPICH {
		// Open MPI 4 reads the first three, 5 (PRRTE) the next two. A rank
		// bound to a core that other ranks and other jobs are bound to as
		// well waits for them, even on a machine with idle cores.
		add("OMPI_MCA_rmaps_base_oversubscribe", "1")
		add("OMPI_MCA_hwloc_base_binding_policy", "none")
		add("OMPI_MCA_mpi_yield_when_idle", "1")
		add("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")
		add("PRTE_MCA_hwloc_default_binding_policy", "none")
		if os.Geteuid() == 0 {
			add("OMPI_ALLOW_RUN_AS_ROOT", "1")
			add("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
		}
	}
	return out
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
