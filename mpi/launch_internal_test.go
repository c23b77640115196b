package mpi

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// vars is a fake environment.
type vars map[string]string

func (v vars) get(name string) string { return v[name] }

func TestCheckLauncher(t *testing.T) {
	for name, test := range map[string]struct {
		env  vars
		want []string // parts of the error; none for no error
	}{
		"no launcher":             {vars{}, nil},
		"Open MPI, one rank":      {vars{"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}, nil},
		"Open MPI":                {vars{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}, []string{"Open MPI's mpirun started 4 ranks", "OMPI_COMM_WORLD_SIZE=4"}},
		"MPICH":                   {vars{"PMI_SIZE": "2", "PMI_RANK": "0"}, []string{"MPICH's mpirun started 2 ranks", "PMI_SIZE=2"}},
		"MVAPICH":                 {vars{"MV2_COMM_WORLD_SIZE": "2", "MV2_COMM_WORLD_RANK": "1"}, []string{"MVAPICH's mpirun started 2 ranks"}},
		"srun":                    {vars{"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5"}, []string{"srun started 8 ranks", "--mpi"}},
		"a batch script":          {vars{"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, nil}, // but a warning: see package e2e
		"a size without a rank":   {vars{"PMI_SIZE": "2"}, nil},
		"a size that is none":     {vars{"PMI_SIZE": "many", "PMI_RANK": "0"}, nil},
		"mpirun -n 1 inside srun": {vars{"PMI_SIZE": "1", "PMI_RANK": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}, nil},
		"mpirun -n 2 inside srun": {vars{"PMI_SIZE": "2", "PMI_RANK": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, []string{"started 2 ranks"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkLauncher("Init", test.env.get, 1)
			if test.want == nil {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			wantError(t, err, append(test.want, "mpi: Init: ", firstLine(LibraryVersion()), "world of 1", "-tags openmpi or -tags mpich"))
		})
	}
}

// wantError asks for an ErrLaunch that says all the parts, in one line.
func wantError(t *testing.T, err error, parts []string) {
	t.Helper()
	if !errors.Is(err, ErrLaunch) {
		t.Fatalf("error %v, want an ErrLaunch", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %v", err)
	}
}

func TestLauncherRank(t *testing.T) {
	for name, test := range map[string]struct {
		env  vars
		want int
	}{
		"no launcher": {vars{}, -1},
		"first":       {vars{"OMPI_COMM_WORLD_RANK": "0"}, 0},
		"Open MPI":    {vars{"OMPI_COMM_WORLD_RANK": "7"}, 7},
		"MPICH":       {vars{"PMI_RANK": "3"}, 3},
		"MVAPICH":     {vars{"MV2_COMM_WORLD_RANK": "2"}, 2},
		"srun":        {vars{"SLURM_PROCID": "5"}, 5},
		"in a batch":  {vars{"PMI_RANK": "3", "SLURM_PROCID": "0"}, 3},
		"none":        {vars{"PMI_RANK": "x"}, -1},
	} {
		if got := launcherRank(test.env.get); got != test.want {
			t.Errorf("%s: rank %d, want %d", name, got, test.want)
		}
	}
}

func TestLocalRanks(t *testing.T) {
	for name, test := range map[string]struct {
		env  vars
		want int
	}{
		"no launcher":      {vars{}, 1},
		"Open MPI":         {vars{"OMPI_COMM_WORLD_LOCAL_SIZE": "4"}, 4},
		"MPICH":            {vars{"MPI_LOCALNRANKS": "3"}, 3},
		"MVAPICH":          {vars{"MV2_COMM_WORLD_LOCAL_SIZE": "2"}, 2},
		"not a number":     {vars{"MPI_LOCALNRANKS": "2(x3)"}, 1},
		"srun":             {vars{"SLURM_NODEID": "0", "SLURM_STEP_TASKS_PER_NODE": "8"}, 8},
		"srun, first":      {vars{"SLURM_NODEID": "0", "SLURM_STEP_TASKS_PER_NODE": "4(x2),3,5(x10)"}, 4},
		"srun, second":     {vars{"SLURM_NODEID": "1", "SLURM_STEP_TASKS_PER_NODE": "4(x2),3,5(x10)"}, 4},
		"srun, third":      {vars{"SLURM_NODEID": "2", "SLURM_STEP_TASKS_PER_NODE": "4(x2),3,5(x10)"}, 3},
		"srun, last":       {vars{"SLURM_NODEID": "12", "SLURM_STEP_TASKS_PER_NODE": "4(x2),3,5(x10)"}, 5},
		"srun, past it":    {vars{"SLURM_NODEID": "13", "SLURM_STEP_TASKS_PER_NODE": "4(x2),3,5(x10)"}, 1},
		"srun, unreadable": {vars{"SLURM_NODEID": "1", "SLURM_STEP_TASKS_PER_NODE": "4(xx2),3"}, 1},
		"a batch script":   {vars{"SLURM_NODEID": "0", "SLURM_TASKS_PER_NODE": "8", "SLURM_NTASKS_PER_NODE": "8"}, 1},
		"MPICH in srun":    {vars{"MPI_LOCALNRANKS": "2", "SLURM_NODEID": "0", "SLURM_STEP_TASKS_PER_NODE": "8"}, 2},
	} {
		if got := localRanks(test.env.get); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// TestLaunchedBy reads lists of processes as the system has them.
func TestLaunchedBy(t *testing.T) {
	for name, test := range map[string]struct {
		parents   map[int]string // "parent name", by process
		daemon    string
		n, before int
	}{
		"a shell":           {map[int]string{1: "0 init", 5: "1 bash", 9: "5 prog"}, "", 0, 0},
		"nothing to see":    {map[int]string{9: "0 prog"}, "", 0, 0},
		"Open MPI":          {map[int]string{5: "1 mpirun", 8: "5 prog", 9: "5 prog", 12: "5 prog"}, "mpirun", 3, 1},
		"MPICH":             {map[int]string{4: "1 mpiexec.hydra", 5: "4 hydra_pmi_proxy", 9: "5 prog"}, "hydra_pmi_proxy", 1, 0},
		"beside others":     {map[int]string{5: "1 orted", 8: "5 sh", 9: "5 prog", 10: "8 prog", 12: "5 env"}, "orted", 1, 0},
		"a script":          {map[int]string{5: "1 orted", 6: "5 sh", 7: "5 sh", 8: "6 prog", 9: "7 prog"}, "", 0, 0},
		"child of a rank":   {map[int]string{5: "1 orted", 6: "5 prog", 7: "5 prog", 8: "6 prog", 9: "7 prog"}, "", 0, 0},
		"containers":        {map[int]string{5: "1 slurmstepd", 6: "5 starter-suid", 7: "5 starter-suid", 8: "6 prog", 9: "7 prog"}, "slurmstepd", 2, 1},
		"a name with space": {map[int]string{5: "1 prted", 8: "5 a ) prog", 9: "5 a ) prog"}, "prted", 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			must := func(err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			procs := t.TempDir()
			children := map[int]string{}
			for pid, text := range test.parents {
				parent, name, _ := strings.Cut(text, " ")
				n, err := strconv.Atoi(parent)
				must(err)
				children[n] += strconv.Itoa(pid) + " "
				must(os.MkdirAll(fmt.Sprintf("%s/%d/task/%d", procs, pid, pid), 0o777))
				must(os.WriteFile(fmt.Sprintf("%s/%d/stat", procs, pid), fmt.Appendf(nil, "%d (%s) S %s 7 8 9", pid, name, parent), 0o666))
			}
			for pid, list := range children {
				if test.parents[pid] != "" {
					must(os.WriteFile(fmt.Sprintf("%s/%d/task/%d/children", procs, pid, pid), []byte(list), 0o666))
				}
			}
			daemon, n, before := launchedBy(procs, 9)
			if daemon != test.daemon || n != test.n || before != test.before {
				t.Errorf("started by %q, %d processes, %d before: want %q, %d and %d", daemon, n, before, test.daemon, test.n, test.before)
			}
		})
	}
}

// The texts by which libraries name themselves.
const (
	textOpenMPI = "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022"
	textMPICH   = "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\n"
	textIntel   = "Intel(R) MPI Library 2021.5 for Linux* OS\n"
	textMVAPICH = "MVAPICH2 Version      :\t2.3.7\n"
	textCray    = "MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)\n"
)

func TestFamily(t *testing.T) {
	for text, want := range map[string]string{
		textOpenMPI:      "Open MPI",
		"Open MPI 4.1.4": "Open MPI",
		textMPICH:        "MPICH",
		"MPICH 4.0.2":    "MPICH",
		textIntel:        "MPICH",
		textMVAPICH:      "MPICH",
		textCray:         "MPICH",
		"MPI 3.1":        "",
		"":               "",
	} {
		if got := family(text); got != want {
			t.Errorf("family(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCheckLibrary(t *testing.T) {
	for _, test := range []struct {
		headers, loaded string
		want            []string
	}{
		{"Open MPI 4.1.4", textOpenMPI, nil},
		{"Open MPI 5.0.3", textOpenMPI, nil},
		{"MPICH 4.0.2", textMPICH, nil},
		{"MPICH 4.0.2", textIntel, nil},
		{"MPICH 4.0.2", textCray, nil},
		{"MVAPICH2 2.3.7", textMPICH, nil},
		{"MPI 3.1", textMPICH, nil},
		{"Open MPI 4.1.4", "Some MPI 1.0", nil},
		{"Open MPI 4.1.4", textMPICH, []string{"headers of Open MPI 4.1.4", "library MPICH Version: 4.0.2:", "go clean -cache"}},
		{"MPICH 4.0.2", textOpenMPI, []string{"headers of MPICH 4.0.2", "library Open MPI v4.1.4:", "LD_LIBRARY_PATH"}},
		{"Intel MPI 2021.5", textOpenMPI, []string{"headers of Intel MPI 2021.5"}},
	} {
		err := checkLibrary("Init", test.headers, test.loaded)
		if test.want == nil {
			if err != nil {
				t.Errorf("%s on %q: error %v, want none", test.headers, test.loaded, err)
			}
			continue
		}
		wantError(t, err, test.want)
	}
}

// The ranks of this test are all there are.
func TestUniform(t *testing.T) {
	n := World().Size()
	if got := siblings(); got != n {
		t.Errorf("%d processes of this program, want %d", got, n)
	}
	here, more := strconv.Itoa(n), strconv.Itoa(n+1)
	for name, test := range map[string]struct {
		env  vars
		want bool
	}{
		"no launcher":     {vars{}, false},
		"all":             {vars{"PMI_SIZE": here, "MPI_LOCALNRANKS": here}, true},
		"srun":            {vars{"PMI_SIZE": here, "SLURM_NODEID": "0", "SLURM_STEP_TASKS_PER_NODE": here}, true},
		"some elsewhere":  {vars{"PMI_SIZE": more, "MPI_LOCALNRANKS": here}, false},
		"another program": {vars{"PMI_SIZE": more, "MPI_LOCALNRANKS": more}, false},
	} {
		if got := uniform(test.env.get); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
