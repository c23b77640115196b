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
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	for _, name := range []string{"MPICC", "CC", "MPIRUN", "MPI4GO_MPI", "CRAYPE_VERSION", "GOFLAGS"} {
		t.Setenv(name, "")
	}
}

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

// What doctor says of real libraries; it runs real jobs.
func TestDoctor(t *testing.T) {
	for _, name := range []string{"MPICC", "CC", "MPIRUN", "MPI4GO_MPI", "GOFLAGS", "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_MCA_rmaps_base_oversubscribe", "PRTE_MCA_rmaps_default_mapping_policy", "OMPI_MCA_hwloc_base_binding_policy", "SLURM_JOB_ID"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	check := func(how string, args []string, wants ...string) {
		t.Helper()
		out, err := mpigo(args...)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in (%v)\n%s", how, want, err, out)
			}
		}
		if strings.Contains(out, "PROBLEM") != (err != nil) {
			t.Errorf("%s: error %v of\n%s", how, err, out)
		}
	}
	check("Open MPI", []string{"--mpi=openmpi", "doctor"}, "ok       job          2 ranks of Open MPI", "MPI_THREAD_MULTIPLE", "hosts        1")
	check("MPICH", []string{"--mpi=mpich", "doctor", "-n", "3"}, "ok       job          3 ranks of MPICH")
	if os.Geteuid() == 0 {
		check("root", []string{"--mpi=openmpi", "doctor"}, "PROBLEM  root", "OMPI_ALLOW_RUN_AS_ROOT=1")
	}
	more := strconv.Itoa(runtime.NumCPU() + 1)
	check("more ranks than cores", []string{"--mpi=openmpi", "doctor", "-n", more}, "PROBLEM  slots", "not enough slots", "ok       job          "+more+" ranks")

	t.Setenv("OMPI_MCA_hwloc_base_binding_policy", "core")
	check("one core for each", []string{"--mpi=openmpi", "doctor"}, "PROBLEM  GOMAXPROCS", "--map-by slot:PE=n")

	mpich, err := exec.LookPath("mpirun.mpich")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MPIRUN", mpich)
	check("another's launcher", []string{"--mpi=openmpi", "doctor"}, "PROBLEM  job", "mpirun")

	tools(t, map[string]string{})
	check("no MPI", []string{"doctor"}, "PROBLEM  MPI", "apt install libopenmpi-dev")
	tools(t, map[string]string{
		"pkg-config": `[ $2 = ompi ] && echo 4.1.4`,
		"mpirun":     `echo "HYDRA build details:"`,
		"mpicc":      `[ "$1" = -show ] && echo "gcc -lmpich"`,
	})
	check("two MPIs", []string{"doctor"}, "PROBLEM  mixed", "mpirun in PATH is MPICH's", "note     mixed")
}
