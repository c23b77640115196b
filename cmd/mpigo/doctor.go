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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/internal/slurm"
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
	d.launcher(i)
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
	if i.missing == nil && launcherFamily(i) != i.family {
		return // launcher says more
	}
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

// launcher finds that $MPIRUN names another library's.
func (d *doctor) launcher(i *install) {
	if f := launcherFamily(i); f != i.family {
		d.problem("launcher", fmt.Sprintf("%s is %v's, but programs are built for %v: started by it, every rank is alone", i.launcher, f, i.family), launcherCure(i))
		return
	}
	d.well("launcher", "%s", i.launcher)
}

// launcherFamily is whose launcher it is: the library's own where it does not say,
// as srun.
func launcherFamily(i *install) launch.Family {
	text, _ := output(strings.Fields(i.launcher)[0], "--version")
	if f := launch.FamilyOfLauncher(text); f != launch.Unknown && i.family != launch.Unknown {
		return f
	}
	return i.family
}

func launcherCure(i *install) string {
	cure := fmt.Sprintf("put the mpirun of %v first in PATH", i.family)
	if mpirun := os.Getenv("MPIRUN"); mpirun != "" {
		cure = fmt.Sprintf("unset MPIRUN, which is %q, and mpigo finds the launcher of %v", mpirun, i.family)
	}
	return cure + "; or build for the launcher's library, mpigo --mpi=openmpi or --mpi=mpich"
}

func (d *doctor) root(i *install) {
	if os.Geteuid() != 0 || i.family != launch.OpenMPI {
		return
	}
	if os.Getenv("OMPI_ALLOW_RUN_AS_ROOT") == "" || os.Getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "" {
		d.problem("root", "Open MPI's mpirun does not start for root", "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 (mpigo run does), or be another user")
	}
}

// slots compares the ranks with the places that there are for them.
func (d *doctor) slots(i *install) {
	places, of := granted(os.Getenv)
	if d.n <= places {
		return
	}
	says := fmt.Sprintf("%d ranks on %d %s", d.n, places, of)
	switch inSlurm := os.Getenv("SLURM_JOB_ID") != ""; {
	case inSlurm && filepath.Base(strings.Fields(i.launcher)[0]) == "srun":
		d.problem("slots", says+": srun starts no more", fmt.Sprintf("sbatch or salloc --ntasks=%d", d.n))
	case i.family == launch.OpenMPI && !on("OMPI_MCA_rmaps_base_oversubscribe") && os.Getenv("PRTE_MCA_rmaps_default_mapping_policy") == "":
		d.problem("slots", says+": Open MPI says \"not enough slots\"", slotsCure(d.n))
	default:
		d.note("slots", "%s: they take turns, and messages wait for that", says)
	}
}

// granted is how many ranks have a place of their own, and what those places
// are: the tasks of Slurm's allocation, by which Open MPI counts too, or the
// cores of this machine.
func granted(env func(string) string) (int, string) {
	if env("SLURM_JOB_ID") != "" {
		for _, name := range []string{"SLURM_NTASKS", "SLURM_TASKS_PER_NODE", "SLURM_CPUS_ON_NODE"} {
			if n := sum(env(name)); n > 0 {
				return n, fmt.Sprintf("tasks that Slurm granted (%s=%s)", name, env(name))
			}
		}
	}
	return runtime.NumCPU(), "cores"
}

// sum adds up a list of Slurm's: 4(x2),3 is 11. It is 0 for anything else.
func sum(list string) (total int) {
	for _, g := range slurm.Groups(list) {
		total += g.Nodes * g.Tasks
	}
	return total
}

// on reports whether a parameter of Open MPI's is set, and not to no.
func on(name string) bool {
	return !slices.Contains([]string{"", "0", "false", "no"}, strings.ToLower(os.Getenv(name)))
}

func slotsCure(n int) string {
	cure := "mpirun --oversubscribe, or export OMPI_MCA_rmaps_base_oversubscribe=1 (mpigo run does, where it is not set); or name hosts with enough slots"
	if os.Getenv("SLURM_JOB_ID") != "" {
		return fmt.Sprintf("sbatch or salloc --ntasks=%d; or ", n) + cure
	}
	return cure
}

func (d *doctor) slurm(i *install) {
	if _, err := exec.LookPath("srun"); err != nil {
		return
	}
	text, err := output("srun", "--mpi=list")
	there := plugins(text)
	if err != nil || !slices.Contains(there, "none") { // which is a plugin too
		d.note("Slurm", "srun is there, but srun --mpi=list fails: no cluster is set up")
		return
	}
	want := map[launch.Family][]string{launch.OpenMPI: {"pmix"}, launch.MPICH: {"pmi2", "pmix", "cray_shasta"}}[i.family]
	for _, plugin := range want {
		if slices.Contains(there, plugin) {
			d.well("Slurm", "srun --mpi=%s for %v; its plugins are %s", plugin, i.family, strings.Join(there, ", "))
			return
		}
	}
	if len(want) == 0 {
		d.note("Slurm", "the plugins of srun --mpi are %s", strings.Join(there, ", "))
		return
	}
	d.problem("Slurm", fmt.Sprintf("srun has no plugin %s, which %v needs: every rank would be alone; it has %s", strings.Join(want, " or "), i.family, strings.Join(there, ", ")),
		"start programs by mpirun within the allocation, or ask for the plugin to be installed")
}

// plugins finds the names in what srun --mpi=list prints: one on a line, below
// a heading, each behind "srun:" in older versions, and the versions of pmix in
// a sentence of their own.
func plugins(text string) (names []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "srun:"))
		if _, versions, ok := strings.Cut(line, "versions available:"); ok {
			line = versions
		} else if strings.Contains(line, " ") {
			continue
		}
		for name := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
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
		Rank         int
		Host         string
		GOMAXPROCS   int
		CPUs, Online string
		Segments     []string
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
		d.problem("job", fmt.Sprintf("%s: %v\n%s", strings.Join(words[:3], " "), err, shorten(says)), d.jobCure(i, says))
		return
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Ranks) == 0 {
		d.problem("job", "it printed something else: "+shorten(out.String()), "")
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
		d.problem("library", fmt.Sprintf("built for %v, but loaded %s", i.family, r.Library), mixedCure())
	}
	if strings.Contains(strings.ToLower(r.Threads), "multiple") {
		d.well("threads", "%s: goroutines may call MPI at will", r.Threads)
	} else {
		d.note("threads", "%s: mpi4go lets one goroutine into MPI at a time", r.Threads)
	}
	d.ranks(i, r)
	d.sharedMemory(r)
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

// ranks tells where the ranks are: what is alike of several is said once.
func (d *doctor) ranks(i *install, r *report) {
	where, hosts, alone := groups{}, groups{}, groups{}
	for _, k := range r.Ranks {
		hosts.add(k.Host, k.Rank)
		cpus := "unknown"
		if k.CPUs != "" {
			cpus = k.CPUs + " of " + k.Online
		}
		where.add(fmt.Sprintf("CPUs %s, GOMAXPROCS %d", cpus, k.GOMAXPROCS), k.Rank)
		if k.GOMAXPROCS == 1 {
			alone.add("", k.Rank)
		}
	}
	for _, g := range where.list {
		d.well("binding", "%s: %s", g.ranks(), g.what)
	}
	for _, g := range alone.list {
		cure := "bind each rank to several cores, mpirun --map-by slot:PE=n or srun --cpus-per-task=n; or to none, --bind-to none"
		if i.family == launch.MPICH {
			cure = "bind each rank to several cores, mpirun -bind-to core:n or srun --cpus-per-task=n; or to none, -bind-to none"
		}
		d.problem("GOMAXPROCS", "it is 1 in "+g.ranks()+": a goroutine that computes beside one that waits for messages, as a pool's, delays them by milliseconds", cure)
	}
	var list []string
	for _, g := range hosts.list {
		list = append(list, fmt.Sprintf("%s (%s)", g.what, g.ranks()))
	}
	d.well("hosts", "%d: %s", len(list), strings.Join(list, ", "))
}

// sharedMemory tells what ranks of one host have to pass messages through. That
// it is not seen is no proof that there is none.
func (d *doctor) sharedMemory(r *report) {
	perHost := map[string]int{}
	for _, k := range r.Ranks {
		perHost[k.Host]++
	}
	seen := groups{}
	for _, k := range r.Ranks {
		if perHost[k.Host] > 1 {
			seen.add(strings.Join(k.Segments, ", "), k.Rank)
		}
	}
	if len(seen.list) == 0 {
		d.note("shared mem", "not seen: no host has two ranks")
	}
	for _, g := range seen.list {
		if g.what == "" {
			d.note("shared mem", "not seen in %s: messages within a host may go through the network", g.ranks())
			continue
		}
		d.well("shared mem", "%s: %s", g.ranks(), g.what)
	}
}

// groups are ranks that have something in common, in the order in which they
// were found.
type groups struct{ list []*group }

type group struct {
	what    string
	members []int // ascending
}

func (s *groups) add(what string, rank int) {
	for _, g := range s.list {
		if g.what == what {
			g.members = append(g.members, rank)
			return
		}
	}
	s.list = append(s.list, &group{what, []int{rank}})
}

// ranks is the group as "ranks 0-3,8".
func (g *group) ranks() string {
	var parts []string
	for first := 0; first < len(g.members); {
		last := first
		for last+1 < len(g.members) && g.members[last+1] == g.members[last]+1 {
			last++
		}
		part := strconv.Itoa(g.members[first])
		if last > first {
			part += "-" + strconv.Itoa(g.members[last])
		}
		parts = append(parts, part)
		first = last + 1
	}
	if len(g.members) == 1 {
		return "rank " + parts[0]
	}
	return "ranks " + strings.Join(parts, ",")
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

// jobCure knows what launchers, the loader and mpi.Init say.
func (d *doctor) jobCure(i *install, said string) string {
	has := func(part string) bool { return strings.Contains(said, part) }
	switch {
	case has("run-as-root"):
		return "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or be another user"
	case has("not enough slots"):
		return slotsCure(d.n)
	case has("More processors requested than permitted"):
		return fmt.Sprintf("sbatch or salloc --ntasks=%d", d.n)
	case has("srun started") && has("but this program is linked with"):
		return "tell srun the library's PMI: MPIRUN=\"srun --mpi=pmix\" for Open MPI, --mpi=pmi2 for MPICH; or unset MPIRUN, and start by mpirun"
	case has("but this program is linked with"):
		return launcherCure(i)
	case has("was compiled with the headers of"), has("undefined symbol"):
		return mixedCure()
	case has("error while loading shared libraries"):
		return "load the module of the library that the program was built for, or set LD_LIBRARY_PATH to its folder"
	}
	return ""
}

// mixedCure is for a program that found another library than it was built for.
func mixedCure() string {
	cure := "load the modules of one MPI only, and build again after go clean -cache"
	if path := os.Getenv("LD_LIBRARY_PATH"); path != "" {
		return fmt.Sprintf("unset LD_LIBRARY_PATH, which is %q, or ", path) + cure
	}
	return cure
}

// shorten keeps the beginning of a text, where launchers and Go say what is
// wrong, and its end.
func shorten(s string) string {
	const begin, end = 8, 4
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimRight(line, " \n"); strings.Trim(line, "-") != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > begin+end+1 {
		lines = slices.Replace(lines, begin, len(lines)-end, "...")
	}
	return strings.Join(lines, "\n")
}
