package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mpi4go/mpi4go/internal/launch"
)

func doctorCommand(choice *string) *cobra.Command {
	n := 2
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Run a small job and tell every problem with its cure",
		Long: `Doctor looks at what programs need, from the compiler to the launcher, runs a
small job, and tells what it found: a line each for what is well, and for each
problem its cure. It fails if there is one. Run it where the programs run, and
within an allocation if they do.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{w: cmd.OutOrStdout(), n: n}
			d.examine(*choice)
			if d.problems > 0 {
				return fmt.Errorf("doctor: problems found: %d", d.problems)
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&n, "ranks", "n", n, "number of ranks of the small job")
	return cmd
}

type doctor struct {
	w        io.Writer
	n        int
	problems int
}

func (d *doctor) well(what, format string, args ...any) {
	fmt.Fprintf(d.w, "ok       %-12s %s\n", what, fmt.Sprintf(format, args...))
}

func (d *doctor) note(what, format string, args ...any) {
	fmt.Fprintf(d.w, "note     %-12s %s\n", what, fmt.Sprintf(format, args...))
}

func (d *doctor) problem(what, says, cure string) {
	d.problems++
	indent := "\n" + strings.Repeat(" ", 22)
	fmt.Fprintf(d.w, "PROBLEM  %-12s %s\n", what, strings.ReplaceAll(says, "\n", indent))
	if cure != "" {
		fmt.Fprintf(d.w, "         %-12s %s\n", "cure:", strings.ReplaceAll(cure, "\n", indent))
	}
}

func (d *doctor) examine(choice string) {
	d.goAndC()
	i, err := pick(choice)
	if err != nil {
		d.problem("MPI", err.Error(), "")
		return
	}
	d.well("MPI", "%s: go build -tags %s", i.how, i.tag)
	d.mixed(i)
	if i.missing != nil {
		d.problem("launcher", i.missing.Error(), "")
		return
	}
	d.well("launcher", "%s", i.launcher)
	d.root(i)
	d.slots(i)
	d.slurm(i)
	d.hugePages()
	d.job(i)
}

func (d *doctor) goAndC() {
	version, err := output("go", "env", "GOVERSION")
	if err != nil {
		d.problem("Go", "the go command is not in PATH", "install Go from https://go.dev/dl/")
		return
	}
	d.well("Go", "%s", version)
	if cgo, _ := output("go", "env", "CGO_ENABLED"); cgo != "1" {
		d.problem("cgo", "CGO_ENABLED is "+cgo+", and mpi4go calls a C library", "unset CGO_ENABLED, and install a C compiler (Debian: apt install gcc libc6-dev)")
	}
	cc, _ := output("go", "env", "CC")
	if words := strings.Fields(cc); len(words) > 0 {
		if _, err := exec.LookPath(words[0]); err != nil {
			d.problem("C compiler", cc+" is not in PATH", "install it (Debian: apt install gcc libc6-dev), or set CC to one")
		}
	}
}

// mixed looks for an mpicc and an mpirun that belong to different libraries.
func (d *doctor) mixed(i *install) {
	families := map[string]launch.Family{}
	if path, err := exec.LookPath("mpicc"); err == nil {
		families["mpicc"] = fromWrapper("", path).family
	}
	for _, name := range []string{"mpirun", "mpiexec"} {
		if text, err := output(name, "--version"); err == nil || text != "" {
			families[name] = launch.FamilyOfLauncher(text)
		}
	}
	for _, name := range []string{"mpicc", "mpirun", "mpiexec"} {
		f := families[name]
		if f == launch.Unknown || i.family == launch.Unknown || f == i.family {
			continue
		}
		if name == "mpicc" {
			d.note("mixed", "mpicc in PATH is %v's, but %v is used: mpigo --mpi chooses", f, i.family)
			continue
		}
		d.problem("mixed", fmt.Sprintf("%s in PATH is %v's, but programs are built for %v: started by it, every rank is alone", name, f, i.family),
			fmt.Sprintf("start programs by mpigo run, or by %s", i.launcher))
	}
}

func (d *doctor) root(i *install) {
	if os.Geteuid() != 0 || i.family != launch.OpenMPI {
		return
	}
	if os.Getenv("OMPI_ALLOW_RUN_AS_ROOT") == "" || os.Getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "" {
		d.problem("root", "Open MPI's mpirun does not start for root", "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 (mpigo run does), or be another user")
	}
}

// slots compares the ranks with the cores of this machine: an allocation has
// its own rules.
func (d *doctor) slots(i *install) {
	if os.Getenv("SLURM_JOB_ID") != "" || d.n <= runtime.NumCPU() {
		return
	}
	says := fmt.Sprintf("%d ranks on %d cores", d.n, runtime.NumCPU())
	if i.family == launch.OpenMPI && os.Getenv("OMPI_MCA_rmaps_base_oversubscribe") == "" && os.Getenv("PRTE_MCA_rmaps_default_mapping_policy") == "" {
		d.problem("slots", says+": Open MPI says \"not enough slots\"", "mpirun --oversubscribe, or export OMPI_MCA_rmaps_base_oversubscribe=1 (mpigo run does); or name hosts with enough slots")
		return
	}
	d.note("slots", "%s: they take turns, and messages wait for that", says)
}

func (d *doctor) slurm(i *install) {
	if _, err := exec.LookPath("srun"); err != nil {
		return
	}
	text, err := output("srun", "--mpi=list")
	if err != nil || !strings.Contains(text, "none") { // which is a plugin too
		d.note("Slurm", "srun is there, but srun --mpi=list fails: no cluster is set up")
		return
	}
	want := map[launch.Family][]string{launch.OpenMPI: {"pmix"}, launch.MPICH: {"pmi2", "pmix", "cray_shasta"}}[i.family]
	for _, plugin := range want {
		if strings.Contains(text, plugin) {
			d.well("Slurm", "srun --mpi=%s", plugin)
			return
		}
	}
	if len(want) > 0 {
		d.problem("Slurm", fmt.Sprintf("srun has no plugin %s, which %v needs: every rank would be alone", strings.Join(want, " or "), i.family),
			"start programs by mpirun within the allocation, or ask for the plugin to be installed")
	}
}

func (d *doctor) hugePages() {
	text, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	switch {
	case err != nil:
	case strings.Contains(string(text), "[never]"):
		d.note("huge pages", "off: mpi.MakeSlice makes ordinary slices")
	default:
		d.well("huge pages", "to be had: mpi.MakeSlice for long messages")
	}
}

// report is what the small job prints; see probe.
type report struct {
	Library, Threads string
	Size             int
	Ranks            []struct {
		Rank             int
		Host             string
		GOMAXPROCS, CPUs int
	}
	Latency float64
}

const probe = "github.com/mpi4go/mpi4go/cmd/mpigo/probe"

func (d *doctor) job(i *install) {
	dir, err := os.MkdirTemp("", "mpigo-")
	if err != nil {
		d.problem("job", err.Error(), "")
		return
	}
	defer os.RemoveAll(dir)
	prog := filepath.Join(dir, "probe")
	var said bytes.Buffer
	cmd := exec.Command("go", "build", "-o", prog, probe)
	cmd.Env = append(i.environ(os.Environ()), "GOFLAGS="+goflags(os.Getenv("GOFLAGS"), i.tag))
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		d.problem("build", "a program cannot be built:\n"+strings.TrimSpace(said.String()), buildCure(said.String()))
		return
	}
	d.well("build", "go build -tags %s", i.tag)

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	words := append(strings.Fields(i.launcher), "-n", strconv.Itoa(d.n), prog)
	job := exec.CommandContext(ctx, words[0], words[1:]...)
	job.Env = jobEnviron(i)
	var out, errs bytes.Buffer
	job.Stdout, job.Stderr = &out, &errs
	job.WaitDelay = 5 * time.Second
	err = job.Run()
	if err != nil {
		says := strings.TrimSpace(errs.String())
		if ctx.Err() != nil {
			err = errors.New("it has not ended within 2 minutes")
		}
		d.problem("job", fmt.Sprintf("%s: %v\n%s", strings.Join(words[:3], " "), err, lastLines(says, 12)), jobCure(says))
		return
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Ranks) == 0 {
		d.problem("job", "it printed something else: "+lastLines(out.String(), 3), "")
		return
	}
	d.tell(i, &r)
}

// jobEnviron is that of mpigo run, but for the binding of ranks to cores, which
// is to be seen as it is.
func jobEnviron(i *install) []string {
	var env []string
	for _, kv := range launch.Environment(os.Environ(), i.family) {
		name, _, _ := strings.Cut(kv, "=")
		if _, own := os.LookupEnv(name); !own && strings.Contains(name, "binding_policy") {
			continue
		}
		env = append(env, kv)
	}
	return env
}

// tell examines what the ranks saw.
func (d *doctor) tell(i *install, r *report) {
	d.well("job", "%d ranks of %s", r.Size, r.Library)
	if r.Size != d.n {
		d.problem("launcher", fmt.Sprintf("%d ranks were started, and the program saw %d", d.n, r.Size), "start it by the launcher of the library that it was built for")
	}
	if f := launch.FamilyOf(r.Library); i.family != launch.Unknown && f != i.family {
		d.problem("library", fmt.Sprintf("built for %v, but loaded %s", i.family, r.Library), "unset LD_LIBRARY_PATH, or load the modules of one MPI only")
	}
	if strings.Contains(strings.ToLower(r.Threads), "multiple") {
		d.well("threads", "%s: goroutines may call MPI at will", r.Threads)
	} else {
		d.note("threads", "%s: mpi4go lets one goroutine into MPI at a time", r.Threads)
	}
	least, most, cpus := r.Ranks[0].GOMAXPROCS, r.Ranks[0].GOMAXPROCS, r.Ranks[0].CPUs
	hosts := map[string]int{}
	for _, k := range r.Ranks {
		least, most = min(least, k.GOMAXPROCS), max(most, k.GOMAXPROCS)
		hosts[k.Host]++
	}
	if least == 1 {
		cure := "bind each rank to several cores, mpirun --map-by slot:PE=n or srun --cpus-per-task=n; or to none, --bind-to none"
		if i.family == launch.MPICH {
			cure = "bind each rank to several cores, mpirun -bind-to user:..., or srun --cpus-per-task=n; or to none"
		}
		d.problem("GOMAXPROCS", "it is 1 in some ranks: a goroutine that computes beside one that waits for messages, as a pool's, delays them by 10 ms", cure)
	} else {
		d.well("GOMAXPROCS", "%d to %d, of %d cores that a rank may run on", least, most, cpus)
	}
	d.well("hosts", "%d", len(hosts))
	if r.Latency > 0 {
		switch {
		case r.Latency > 50 && d.n <= runtime.NumCPU():
			d.problem("latency", fmt.Sprintf("8 bytes take %.1f us from rank 0 to rank 1: they share a core, or the network is slow", r.Latency),
				"mpirun --bind-to core (one job per host), or --bind-to none where jobs share a host")
		default:
			d.well("latency", "%.1f us for 8 bytes from rank 0 to rank 1", r.Latency)
		}
	}
}

// buildCure knows what compilers say.
func buildCure(said string) string {
	switch {
	case strings.Contains(said, "no required module provides package"), strings.Contains(said, "go.mod file not found"), strings.Contains(said, "cannot find main module"):
		return "run mpigo doctor in the folder of a program that uses mpi4go (go get github.com/mpi4go/mpi4go)"
	case strings.Contains(said, "mpi.h"):
		return "install the library's headers (Debian: apt install libopenmpi-dev, or libmpich-dev), or load its module"
	case strings.Contains(said, "pkg-config"):
		return "install pkg-config, or set MPICC to the library's mpicc"
	}
	return ""
}

// jobCure knows what launchers say.
func jobCure(said string) string {
	switch {
	case strings.Contains(said, "run-as-root"):
		return "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or be another user"
	case strings.Contains(said, "not enough slots"):
		return "mpirun --oversubscribe, or fewer ranks, or hosts with more slots"
	case strings.Contains(said, "error while loading shared libraries"):
		return "load the module of the library that the program was built for, or set LD_LIBRARY_PATH to its folder"
	}
	return ""
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
