//go:build !mpich

// These tests choose the MPI by themselves, so that once is enough.
package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tools makes a folder of scripts and makes it PATH, behind it the go command
// and nothing else.
func tools(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go", "gcc"} {
		if _, own := scripts[name]; own {
			continue
		}
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	for _, name := range variables {
		t.Setenv(name, "")
	}
}

// variables are those that mpigo looks at.
var variables = []string{"MPICC", "CC", "MPIRUN", "MPI4GO_MPI", "CRAYPE_VERSION", "I_MPI_ROOT", "GOFLAGS", "LD_LIBRARY_PATH",
	"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe", "PRTE_MCA_rmaps_default_mapping_policy",
	"OMPI_MCA_hwloc_base_binding_policy", "SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_TASKS_PER_NODE", "SLURM_CPUS_ON_NODE"}

// mpigo runs the command, and returns what it printed and its error.
func mpigo(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestEnv(t *testing.T) {
	tools(t, map[string]string{
		"mpicc":      `[ "$1" = --showme:version ] && echo "mpicc: Open MPI 5.0.3 (Language: C)"`,
		"mpirun":     `echo "mpirun (Open MPI) 5.0.3"`,
		"mpicc.odd":  `[ "$1" = -show ] && echo "gcc -lmpich"`,
		"mpirun.odd": `echo "HYDRA build details:"`,
	})
	path, _ := exec.LookPath("mpicc")
	mpirun, _ := exec.LookPath("mpirun")
	out, err := mpigo("env")
	if want := "# mpicc in PATH\nexport CC=" + path + "\nexport GOFLAGS=-tags=mpi_env\nexport MPIRUN=" + mpirun + "\n"; err != nil || out != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out, want)
	}

	odd, _ := exec.LookPath("mpicc.odd")
	t.Setenv("MPICC", odd)
	t.Setenv("GOFLAGS", "-mod=mod -tags=openmpi,netgo")
	out, err = mpigo("env")
	for _, want := range []string{"export CC=" + odd + "\n", "export GOFLAGS='-mod=mod -tags=netgo,mpi_env'\n", "# no launcher: "} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %q is not in\n%s", err, want, out)
		}
	}

	if _, err := mpigo("--mpi", "lam", "env"); err == nil || !strings.Contains(err.Error(), `"lam"`) {
		t.Errorf("an unknown MPI: %v", err)
	}
}

// Wrappers that the environment names come before what pkg-config knows.
func TestEnvWrappers(t *testing.T) {
	const intelMPI = `[ "$1" = -show ] && echo "icx -I/opt/include -L/opt/lib -lmpifort -lmpi"`
	scripts := map[string]string{
		"pkg-config":     `[ $2 = ompi ] && echo 4.1.4`,
		"mpirun.openmpi": `echo "mpirun.openmpi (OpenRTE) 4.1.4"`,
		"mpirun":         `echo "Intel(R) MPI Library for Linux* OS, Version 2021.5"`,
		"mpicc":          `[ "$1" = --showme:version ] && echo "mpicc: Open MPI 5.0.3 (Language: C)"`,
		"mpicc.mpich":    `[ "$1" = -show ] && echo "gcc -lmpich"`,
		"cc":             `exit 1`,
		"mpiicx":         intelMPI,
		"icx":            `exit 1`,
	}
	for _, c := range []struct{ how, env, value, want, cc, mpirun string }{
		{how: "none", want: "Open MPI 4.1.4, by pkg-config", mpirun: "mpirun.openmpi"},
		{"CC", "CC", "mpicc", "$CC is mpicc", "mpicc", "mpirun.openmpi"},
		{"another CC", "CC", "gcc", "Open MPI 4.1.4, by pkg-config", "", "mpirun.openmpi"},
		{"MPICC", "MPICC", "mpicc.mpich", "$MPICC is mpicc.mpich", "mpicc.mpich", "mpirun"},
		{"Cray", "CRAYPE_VERSION", "2.7.20", "Cray's cc", "cc", "mpirun"},
		{"CC without Cray", "CC", "cc", "Open MPI 4.1.4, by pkg-config", "", "mpirun.openmpi"},
		{"Intel", "I_MPI_ROOT", ".", "Intel MPI's mpiicx", "mpiicx", "mpirun"},
		{"Intel elsewhere", "I_MPI_ROOT", "/opt/intel", "Open MPI 4.1.4, by pkg-config", "", "mpirun.openmpi"},
	} {
		tools(t, scripts)
		dir := os.Getenv("PATH")
		if c.value == "." {
			c.value = dir
		}
		if c.env != "" {
			t.Setenv(c.env, c.value)
		}
		want := "# " + c.want + "\nexport GOFLAGS=-tags=openmpi\n"
		if c.cc != "" {
			want = "# " + c.want + "\nexport CC=" + filepath.Join(dir, c.cc) + "\nexport GOFLAGS=-tags=mpi_env\n"
		}
		want += "export MPIRUN=" + filepath.Join(dir, c.mpirun) + "\n"
		if out, err := mpigo("env"); err != nil || out != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.how, err, out, want)
		}
	}

	// Intel's wrapper for a compiler that there is not is of no use.
	delete(scripts, "icx")
	scripts["mpigcc"] = intelMPI
	tools(t, scripts)
	t.Setenv("I_MPI_ROOT", os.Getenv("PATH"))
	if out, err := mpigo("env"); err != nil || !strings.HasPrefix(out, "# Intel MPI's mpigcc\n") {
		t.Errorf("without icx: %v\n%s", err, out)
	}
}

func TestEnvNone(t *testing.T) {
	tools(t, nil)
	if _, err := mpigo("env"); err != errNone {
		t.Errorf("got %v", err)
	}
	if _, err := mpigo("run", "-n", "2", "./x"); err != errNone {
		t.Errorf("got %v", err)
	}
}

func TestPkgConfig(t *testing.T) {
	tools(t, map[string]string{
		"pkg-config":     `case $2 in ompi) echo 4.1.4 ;; mpich) echo 4.0.2 ;; *) exit 1 ;; esac`,
		"mpirun.openmpi": `echo "mpirun.openmpi (OpenRTE) 4.1.4"`,
		"mpiexec.hydra":  `echo "HYDRA build details:"`,
	})
	for choice, want := range map[string]string{"": "openmpi", "openmpi": "openmpi", "mpich": "mpich"} {
		out, err := mpigo("--mpi="+choice, "env")
		launcher := map[string]string{"openmpi": "mpirun.openmpi", "mpich": "mpiexec.hydra"}[want]
		if err != nil || !strings.Contains(out, "GOFLAGS=-tags="+want+"\n") || !strings.Contains(out, "/"+launcher+"\n") || strings.Contains(out, "CC=") {
			t.Errorf("--mpi=%s: %v\n%s", choice, err, out)
		}
	}
	if _, err := mpigo("--mpi=mpi_env", "env"); err == nil || !strings.Contains(err.Error(), "there is no mpi_env") {
		t.Errorf("got %v", err)
	}
}

func TestSplitRun(t *testing.T) {
	for _, c := range []struct{ args, flags, pkg, rest string }{
		{"./pi", "", "./pi", ""},
		{"-n 4 ./pi", "-n 4", "./pi", ""},
		{"-n 4 --bind-to none ./pi -- -n 4 -- x", "-n 4 --bind-to none", "./pi", "-n 4 -- x"},
	} {
		flags, pkg, rest, err := splitRun(strings.Fields(c.args))
		if err != nil || !slices.Equal(flags, strings.Fields(c.flags)) || pkg != c.pkg || !slices.Equal(rest, strings.Fields(c.rest)) {
			t.Errorf("%s: %q, %q, %q, %v", c.args, flags, pkg, rest, err)
		}
	}
	for _, bad := range []string{"", "-- x", "-n 4 --verbose -- x"} {
		if _, _, _, err := splitRun(strings.Fields(bad)); err == nil {
			t.Errorf("no error of %q", bad)
		}
	}
}

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{"/usr/bin/mpicc": "/usr/bin/mpicc", "": "''", "a b": "'a b'", "it's": `'it'\''s'`} {
		if got := quote(s); got != want {
			t.Errorf("%q is quoted as %s, want %s", s, got, want)
		}
	}
}

// checkDoctor runs the doctor, and looks for parts of what it must and must not say.
func checkDoctor(t *testing.T, how string, args []string, wants ...string) {
	t.Helper()
	out, err := mpigo(args...)
	for _, want := range wants {
		not, unwanted := strings.CutPrefix(want, "!")
		if strings.Contains(out, not) == unwanted {
			t.Errorf("%s: not as wanted: %q (%v)\n%s", how, want, err, out)
		}
	}
	if strings.Contains(out, "PROBLEM") != (err != nil) {
		t.Errorf("%s: error %v of\n%s", how, err, out)
	}
}

// What doctor says of real libraries; it runs real jobs.
func TestDoctor(t *testing.T) {
	for _, name := range variables {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	openMPI, mpich := []string{"--mpi=openmpi", "doctor"}, []string{"--mpi=mpich", "doctor"}
	wants := []string{"ok       job          2 ranks of Open MPI", "MPI_THREAD_MULTIPLE", "hosts        1: ", "shared mem   ranks 0-1: ", "_segment"}
	if os.Geteuid() == 0 {
		wants = append(wants, "PROBLEM  root", "OMPI_ALLOW_RUN_AS_ROOT=1")
	}
	checkDoctor(t, "Open MPI", openMPI, wants...)
	checkDoctor(t, "MPICH", append(mpich, "-n", "3"), "ok       job          3 ranks of MPICH", "binding      ranks 0-2: CPUs ", "shared mem   ranks 0-2: ")

	// Open MPI's mpirun refuses to start more ranks than there are cores.
	t.Setenv("OMPI_MCA_rmaps_base_oversubscribe", "0")
	more := strconv.Itoa(runtime.NumCPU() + 1)
	checkDoctor(t, "more ranks than cores", append(openMPI, "-n", more), "PROBLEM  slots", "PROBLEM  job", "There are not enough slots available", "cure:        mpirun --oversubscribe")
	os.Unsetenv("OMPI_MCA_rmaps_base_oversubscribe")

	// No shared memory, and one core for each.
	t.Setenv("OMPI_MCA_btl", "self,tcp")
	t.Setenv("OMPI_MCA_hwloc_base_binding_policy", "core")
	checkDoctor(t, "one core for each", openMPI, "PROBLEM  GOMAXPROCS   it is 1 in ranks 0-1", "cure:        bind each rank to several cores, mpirun --map-by slot:PE=n", "note     shared mem   not seen in ranks 0-1")
	os.Unsetenv("OMPI_MCA_btl")
	t.Setenv("MPIRUN", "mpirun.mpich -bind-to core")
	checkDoctor(t, "one core for each", mpich, "PROBLEM  GOMAXPROCS   it is 1 in ranks 0-1", "cure:        bind each rank to several cores, mpirun -bind-to core:n")

	t.Setenv("MPIRUN", "mpirun.mpich")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
	wrong := []string{"PROBLEM  launcher     /", "built for", "PROBLEM  job", "but this program is linked with", "cure:        unset MPIRUN, which is \"mpirun."}
	checkDoctor(t, "another's launcher", openMPI, append(wrong, "finds the launcher of Open MPI", "--mpi=mpich")...)
	t.Setenv("MPIRUN", "mpirun.openmpi")
	checkDoctor(t, "another's launcher", mpich, append(wrong, "finds the launcher of MPICH", "--mpi=openmpi")...)
	os.Unsetenv("MPIRUN")

	// Another library by the name of the right one.
	dir := t.TempDir()
	if out, err := exec.Command("gcc", "-shared", "-o", filepath.Join(dir, "libmpi.so.40"), "-x", "c", os.DevNull).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	t.Setenv("LD_LIBRARY_PATH", dir)
	checkDoctor(t, "another library", openMPI, "PROBLEM  job", "undefined symbol", "cure:        unset LD_LIBRARY_PATH, which is \""+dir)
}

// What doctor says where go builds nothing, and where the launcher only says
// what one has said.
func TestDoctorTells(t *testing.T) {
	const (
		openMPI = `{"Library": "Open MPI v4.1.4", "Threads": "MPI_THREAD_MULTIPLE", "Size": 2, "Ranks": [` +
			`{"Rank": 0, "Host": "a", "GOMAXPROCS": 2, "CPUs": "0-1", "Online": "0-3", "Segments": ["vader_segment"]},` +
			`{"Rank": 1, "Host": "a", "GOMAXPROCS": 2, "CPUs": "2-3", "Online": "0-3", "Segments": ["vader_segment"]}]}`
		mpich = `{"Library": "MPICH Version: 4.0.2", "Size": 5, "Ranks": [` +
			`{"Rank": 0, "Host": "a", "GOMAXPROCS": 2, "CPUs": "0-1", "Online": "0-3"}, {"Rank": 1, "Host": "b", "GOMAXPROCS": 1, "CPUs": "0", "Online": "0-3"},` +
			`{"Rank": 2, "Host": "a", "GOMAXPROCS": 2, "CPUs": "0-1", "Online": "0-3"}, {"Rank": 3, "Host": "a", "GOMAXPROCS": 2, "CPUs": "0-1", "Online": "0-3"},` +
			`{"Rank": 4, "Host": "c", "GOMAXPROCS": 2}]}`
	)
	job := func(text string) string { return "printf '%s\\n' '" + text + "'" }
	refuse := func(text string) string { return "echo '" + text + "' >&2; exit 1" }
	plugins := func(names ...string) string {
		return "printf '%s\\n' 'MPI plugin types are...' '\t" + strings.Join(names, "' '\t") + "' 'specific pmix plugin versions available: pmix_v3,pmix_v4' >&2"
	}
	for _, c := range []struct {
		how, launcher string // what the launcher does
		srun          string
		env           string
		args          string
		wants         []string
	}{
		{how: "all is well", launcher: job(openMPI), wants: []string{
			"binding      rank 0: CPUs 0-1 of 0-3, GOMAXPROCS 2\n", "binding      rank 1: CPUs 2-3 of 0-3, GOMAXPROCS 2\n",
			"hosts        1: a (ranks 0-1)\n", "shared mem   ranks 0-1: vader_segment\n", "!PROBLEM", "!Slurm"}},
		{how: "several hosts, another library", launcher: job(mpich), args: "-n 5", wants: []string{
			"binding      ranks 0,2-3: CPUs 0-1 of 0-3, GOMAXPROCS 2\n", "binding      rank 4: CPUs unknown, GOMAXPROCS 2\n",
			"PROBLEM  GOMAXPROCS   it is 1 in rank 1:", "hosts        3: a (ranks 0,2-3), b (rank 1), c (rank 4)\n", "note     shared mem   not seen in ranks 0,2-3:",
			"PROBLEM  library      built for Open MPI, but loaded MPICH Version: 4.0.2\n         cure:        load the modules of one MPI only"}},
		{how: "fewer ranks", launcher: job(openMPI), args: "-n 1", wants: []string{"PROBLEM  launcher     1 ranks were started, and the program saw 2"}},
		{how: "MPIRUN", env: "MPIRUN=mpirun.mpich", launcher: job(openMPI), wants: []string{
			"/mpirun.mpich is MPICH's, but programs are built for Open MPI", `cure:        unset MPIRUN, which is "mpirun.mpich"`, "!mixed", "!PROBLEM  job"}},
		{how: "other headers", launcher: refuse("mpi: Init: the program was compiled with the headers of Open MPI 4.1.4, but runs on the library MPICH Version: 4.0.2"),
			env: "LD_LIBRARY_PATH=/opt/mpich/lib", wants: []string{"PROBLEM  job", `cure:        unset LD_LIBRARY_PATH, which is "/opt/mpich/lib"`}},
		{how: "a launcher that says nothing of itself", launcher: refuse("mpi: Init: a PMI launcher started 2 ranks (PMI_SIZE=2), but this program is linked with Open MPI"),
			wants: []string{"PROBLEM  job", "cure:        put the mpirun of Open MPI first in PATH; or build for the launcher"}},
		{how: "srun without PMI", launcher: refuse("mpi: Init: srun started 2 ranks (SLURM_STEP_NUM_TASKS=2), but this program is linked with Open MPI"),
			wants: []string{"PROBLEM  job", `cure:        tell srun the library's PMI: MPIRUN="srun --mpi=pmix"`}},

		{how: "what Slurm granted", launcher: job(openMPI), env: "SLURM_JOB_ID=1 SLURM_NTASKS=1", wants: []string{
			`PROBLEM  slots        2 ranks on 1 tasks that Slurm granted (SLURM_NTASKS=1): Open MPI says "not enough slots"`, "cure:        sbatch or salloc --ntasks=2; or mpirun --oversubscribe"}},
		{how: "what Slurm granted of several hosts", launcher: job(openMPI), env: "SLURM_JOB_ID=1 SLURM_TASKS_PER_NODE=4(x2),3", args: "-n 12", wants: []string{"PROBLEM  slots        12 ranks on 11 tasks"}},
		{how: "enough of Slurm", launcher: job(openMPI), env: "SLURM_JOB_ID=1 SLURM_NTASKS=2", wants: []string{"!slots"}},
		{how: "oversubscribed", launcher: job(openMPI), env: "SLURM_JOB_ID=1 SLURM_CPUS_ON_NODE=1 OMPI_MCA_rmaps_base_oversubscribe=true", wants: []string{"note     slots        2 ranks on 1 tasks", "!PROBLEM"}},
		{how: "srun's slots", env: "SLURM_JOB_ID=1 SLURM_NTASKS=1 MPIRUN=srun", srun: refuse("srun: error: Unable to create step for job 1: More processors requested than permitted"),
			wants: []string{"PROBLEM  slots        2 ranks on 1 tasks that Slurm granted (SLURM_NTASKS=1): srun starts no more", "PROBLEM  job", "permitted\n         cure:        sbatch or salloc --ntasks=2\n"}},

		{how: "plugins", launcher: job(openMPI), srun: plugins("cray_shasta", "none", "pmi2", "pmix"), wants: []string{
			"ok       Slurm        srun --mpi=pmix for Open MPI; its plugins are cray_shasta, none, pmi2, pmix, pmix_v3, pmix_v4\n"}},
		{how: "old plugins", launcher: job(openMPI), srun: `printf '%s\n' 'srun: MPI types are...' 'srun: none' 'srun: pmi2' >&2`, wants: []string{
			"PROBLEM  Slurm        srun has no plugin pmix, which Open MPI needs: every rank would be alone; it has none, pmi2\n", "cure:        start programs by mpirun"}},
		{how: "no cluster", launcher: job(openMPI), srun: refuse("srun: fatal: Could not establish a configuration source"), wants: []string{"note     Slurm        srun is there, but srun --mpi=list fails", "!PROBLEM"}},
	} {
		scripts := map[string]string{
			"go":             "case $1$2 in envGOVERSION) echo go1.26 ;; envCGO_ENABLED) echo 1 ;; envCC) echo gcc ;; esac",
			"pkg-config":     "[ $2 = ompi ] && echo 4.1.4",
			"mpirun.openmpi": `[ "$1" = --version ] && echo "mpirun.openmpi (OpenRTE) 4.1.4" && exit; ` + c.launcher,
		}
		scripts["mpirun.mpich"] = `[ "$1" = --version ] && echo "HYDRA build details:" && exit; ` + c.launcher
		if c.srun != "" {
			scripts["srun"] = c.srun
		}
		tools(t, scripts)
		t.Setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
		t.Setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
		if runtime.NumCPU() < 2 {
			t.Setenv("OMPI_MCA_rmaps_base_oversubscribe", "1")
		}
		for _, kv := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(kv, "=")
			t.Setenv(name, value)
		}
		checkDoctor(t, c.how, append([]string{"doctor"}, strings.Fields(c.args)...), c.wants...)
	}
}

// A tool that does not answer holds nobody up.
func TestOutputGivesUp(t *testing.T) {
	tools(t, map[string]string{"srun": "while :; do :; done"})
	defer func(was time.Duration) { patience = was }(patience)
	patience = 50 * time.Millisecond
	if _, err := output("srun", "--mpi=list"); err == nil {
		t.Error("no error")
	}
}

func TestDoctorFindsNone(t *testing.T) {
	tools(t, nil)
	checkDoctor(t, "no MPI", []string{"doctor"}, "PROBLEM  MPI", "apt install libopenmpi-dev")
	tools(t, map[string]string{
		"pkg-config": `[ $2 = ompi ] && echo 4.1.4`,
		"mpirun":     `echo "HYDRA build details:"`,
		"mpicc":      `[ "$1" = -show ] && echo "gcc -lmpich"`,
	})
	checkDoctor(t, "two MPIs", []string{"doctor"}, "PROBLEM  mixed", "mpirun in PATH is MPICH's", "note     mixed")
}
