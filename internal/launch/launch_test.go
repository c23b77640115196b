package launch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFamilyOf(t *testing.T) {
	for text, want := range map[string]Family{
		"Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4":         OpenMPI,
		"IBM Spectrum MPI v10.4.0":                                       OpenMPI,
		"MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7 2022": MPICH,
		"Intel(R) MPI Library 2021.5 for Linux* OS":                      MPICH,
		"MVAPICH2 Version      :\t2.3.7":                                 MPICH,
		"MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)": MPICH,
		"Some MPI 1.0": Unknown,
		"":             Unknown,
	} {
		if got := FamilyOf(text); got != want {
			t.Errorf("FamilyOf(%q) = %v, want %v", text, got, want)
		}
	}
}

// script puts an executable shell script into dir.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	openMPIVersion = `echo "mpirun (Open MPI) 5.0.3"`
	hydraVersion   = `echo "HYDRA build details:"`
)

func TestFind(t *testing.T) {
	const openMPI, mpich = "Open MPI v4.1.4, package: x", "MPICH Version: 4.0.2"
	type scripts map[string]string
	for name, test := range map[string]struct {
		have scripts
		mpi  string
		want string // the script's name; of an error, if it has spaces, a part
	}{
		"the special name first":    {scripts{"mpirun": openMPIVersion, "mpirun.openmpi": openMPIVersion}, openMPI, "mpirun.openmpi"},
		"plain mpirun if it fits":   {scripts{"mpirun": hydraVersion}, mpich, "mpirun"},
		"past one that does not":    {scripts{"mpirun": openMPIVersion, "mpiexec": hydraVersion}, mpich, "mpiexec"},
		"hydra's own name":          {scripts{"mpirun": openMPIVersion, "mpiexec.hydra": hydraVersion}, mpich, "mpiexec.hydra"},
		"OpenRTE is Open MPI":       {scripts{"mpirun": `echo "mpirun.openmpi (OpenRTE) 4.1.4"`}, openMPI, "mpirun"},
		"version with failure":      {scripts{"mpirun": openMPIVersion + "; exit 1"}, openMPI, "mpirun"},
		"unknown takes what is":     {scripts{"mpirun": "exit 0"}, "Some MPI", "mpirun"},
		"says whose the found is":   {scripts{"mpirun": hydraVersion}, openMPI, "mpirun: belongs to MPICH"},
		"says what to install":      {scripts{}, openMPI, "apt install openmpi-bin"},
		"says what it looked for":   {scripts{}, mpich, "mpirun.mpich: not in PATH"},
		"says what can be set":      {scripts{}, mpich, "or set MPIRUN"},
		"says that --version fails": {scripts{"mpirun": "exit 3"}, mpich, "mpirun: --version failed: exit status 3"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for n, body := range test.have {
				script(t, dir, n, body)
			}
			t.Setenv("PATH", dir)
			t.Setenv("MPIRUN", "")
			l, err := Find(test.mpi)
			if strings.Contains(test.want, " ") {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("Find gave %+v and error %v, want an error with %q", l, err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(dir, test.want); l.Path != want || l.Family != FamilyOf(test.mpi) {
				t.Errorf("Find gave %+v, want %s of %v", l, want, FamilyOf(test.mpi))
			}
		})
	}
}

func TestMPIRUN(t *testing.T) {
	dir := t.TempDir()
	path := script(t, dir, "mylauncher", "exit 9")
	t.Setenv("PATH", dir)
	t.Setenv("MPIRUN", " mylauncher --mca  x y ")
	l, err := Find("Open MPI v4.1.4")
	if err != nil {
		t.Fatal(err)
	}
	got := l.Command(t.Context(), 3, "prog", "-flag").Args
	if want := []string{path, "--mca", "x", "y", "-n", "3", "prog", "-flag"}; !slices.Equal(got, want) {
		t.Errorf("the command is %q, want %q", got, want)
	}

	t.Setenv("MPIRUN", "nosuchlauncher -x")
	if _, err := Find("Open MPI v4.1.4"); err == nil || !strings.Contains(err.Error(), `$MPIRUN is "nosuchlauncher -x"`) {
		t.Errorf("a launcher that is not there: error %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	has := func(env []string, name string) bool {
		return slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	}
	outside := Environment([]string{"HOME=/root", "OMPI_MCA_pmix=mine", "OMPI_MCA_mpi_yield_when_idle=0", "SLURM_JOB_ID=1", "SLURM_PROCID=0"}, OpenMPI)
	for _, kv := range []string{"HOME=/root", "OMPI_MCA_pmix=mine", "OMPI_MCA_mpi_yield_when_idle=0", "SLURM_JOB_ID=1",
		"OMPI_MCA_rmaps_base_oversubscribe=1", "OMPI_MCA_hwloc_base_binding_policy=none"} {
		if !slices.Contains(outside, kv) {
			t.Errorf("outside a job %s is missing in %q", kv, outside)
		}
	}
	if slices.Contains(outside, "OMPI_MCA_mpi_yield_when_idle=1") {
		t.Error("the user's own setting was overridden")
	}
	if has(outside, "OMPI_ALLOW_RUN_AS_ROOT") != (os.Geteuid() == 0) {
		t.Errorf("as user %d the environment is %q", os.Geteuid(), outside)
	}

	inside := Environment([]string{"OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE=2", "OMPI_MCA_orte_hnp_uri=x", "OMPI_MCA_ess=x",
		"OMPI_MCA_btl=self,tcp", "PMIX_RANK=1", "PMIX_MCA_gds=hash", "PMI_RANK=1", "PMI_FD=6", "HYDI_CONTROL_FD=7", "HYDRA_LAUNCHER=ssh",
		"OMPI_CC=clang", "SLURM_STEP_ID=0", "SLURM_PROCID=1", "SLURM_JOB_ID=1"}, MPICH)
	want := []string{"OMPI_MCA_btl=self,tcp", "PMIX_MCA_gds=hash", "HYDRA_LAUNCHER=ssh", "OMPI_CC=clang"}
	if !slices.Equal(inside, want) {
		t.Errorf("inside a job the environment is %q, want %q", inside, want)
	}
}

func TestInside(t *testing.T) {
	for _, name := range ranks {
		t.Setenv(name, "")
	}
	if Inside() {
		t.Error("inside a job, without a rank")
	}
	t.Setenv("PMIX_RANK", "0")
	if !Inside() {
		t.Error("not inside a job, with PMIX_RANK")
	}
}

// A launcher that ignores SIGTERM, and its child, end all the same.
func TestCommandKillsGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for killDelay")
	}
	dir := t.TempDir()
	pidfile := filepath.Join(dir, "pid")
	l := &Launcher{Path: script(t, dir, "stubborn", `trap "" TERM; sleep 60 & echo $! >$3.new; mv $3.new $3; wait; wait`), Family: MPICH}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := l.Command(ctx, 2, pidfile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	for child == 0 {
		b, _ := os.ReadFile(pidfile)
		child, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	start := time.Now()
	if err := cmd.Wait(); err == nil {
		t.Error("a killed launcher gave no error")
	}
	if d := time.Since(start); d > killDelay+3*time.Second {
		t.Errorf("ending took %v", d)
	}
	// The child is init's now; until init has collected it, it is a zombie.
	for range 100 {
		if syscall.Kill(child, 0) != nil || zombie(child) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the launcher's child lives on")
}

func zombie(pid int) bool {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return strings.Contains(string(b), ") Z ")
}
