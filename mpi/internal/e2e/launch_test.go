package e2e

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// under runs a command under the launcher of the library that the test was linked
// with.
func under(t *testing.T, ranks int, command ...string) outcome {
	t.Helper()
	l, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	return runProgram(t, l, ranks, command[0], command[1:]...)
}

// cleared is the command that runs the program without any variable of a launcher's.
func cleared(scenario string) []string {
	return []string{"env", "-i", "PATH=" + os.Getenv("PATH"), prog, scenario}
}

// TestCleared lets nothing of what the launcher says come through to the program, as
// some containers do: each rank is a world of its own, and would do all the work.
func TestCleared(t *testing.T) {
	daemon := "hydra_pmi_proxy"
	if launch.FamilyOf(mpi.LibraryVersion()) == launch.OpenMPI {
		daemon = "mpirun" // and what stands behind it
	}
	const why = "none of its variables (OMPI_COMM_WORLD_SIZE, PMI_SIZE, ...) reaches"
	for _, ranks := range []int{2, 5} {
		t.Run(fmt.Sprint("ranks=", ranks), func(t *testing.T) {
			o := under(t, ranks, cleared("error")...)
			o.failed(t)
			// One of them says it; where some start late, some more.
			n := strings.Count(o.stderr, "mpi: ")
			if o.says(t, n, "mpi: Init: "+daemon); n < 1 || n > ranks {
				t.Errorf("%d lines", n)
			}
			o.contains(t, " started several processes of this program, but "+why+" them",
				" and each sees a world of 1: do not clear the environment between the launcher and the program (env -i, sudo, ")
			if strings.Contains(o.stderr, "the disk is full") {
				t.Error("the program ran in spite of the error")
			}
		})
	}
	// That may be what was meant.
	t.Run("alone", func(t *testing.T) {
		o := under(t, 1, cleared("clean")...)
		o.succeeded(t)
		o.says(t, 1, "mpi: ")
		o.says(t, 1, "mpi: Init: warning: "+daemon)
		o.contains(t, " started this program, but "+why+" it", "if it is meant to be a rank of several, do not clear the environment")
	})
	// What a script, or a rank, starts is no rank because of that.
	t.Run("script", func(t *testing.T) {
		o := under(t, 3, "sh", "-c", strings.Join(cleared("clean"), " ")+"; exit $?")
		o.succeeded(t)
		o.says(t, 0, "mpi: ")
	})
}

// TestSlurmTasks runs the program inside of a Slurm job, which may have many tasks
// for it: that is for the program's user to know.
func TestSlurmTasks(t *testing.T) {
	t.Setenv("SLURM_NTASKS", "8")
	cmd := exec.CommandContext(t.Context(), prog, "clean")
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), "SLURM_PROCID=0"), &stderr
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	o := outcome{stderr: stderr.String()}
	o.says(t, 1, "mpi: ")
	o.says(t, 1, "mpi: Init: warning: the Slurm job has 8 tasks (SLURM_NTASKS=8), but no launcher started this program, and it sees a world of 1: ")
	o.contains(t, "start it with srun --mpi=pmix (Open MPI), srun --mpi=pmi2 (MPICH) or mpirun\n")
	if t.Failed() {
		t.Log(o.stderr)
	}
	// A launcher has been asked for one rank, or more.
	for _, ranks := range []int{1, 2} {
		o := start(t, ranks, "clean")
		o.succeeded(t)
		o.says(t, 0, "mpi: ")
	}
}

// TestOtherLibrary puts a library of the other family before the one that the program
// was compiled for.
func TestOtherLibrary(t *testing.T) {
	version, headers := "Open MPI v9.8.7, package: none", "MPICH "
	if launch.FamilyOf(mpi.LibraryVersion()) == launch.OpenMPI {
		version, headers = "MPICH Version: 9.8.7", "Open MPI "
	}
	dir := t.TempDir()
	source, lib := filepath.Join(dir, "other.c"), filepath.Join(dir, "libother.so")
	text := fmt.Sprintf("#include <string.h>\nint MPI_Get_library_version(char *s, int *n)\n{ strcpy(s, %q); *n = strlen(s); return 0; }\n", version)
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", lib, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o := under(t, 1, "env", "LD_PRELOAD="+lib, prog, "error")
	o.failed(t)
	o.says(t, 1, "mpi: ")
	o.says(t, 1, "mpi: Init: the program was compiled with the headers of "+headers)
	version, _, _ = strings.Cut(version, ",")
	o.contains(t, ", but runs on the library "+version+": rebuild it (go clean -cache first", "or mend LD_LIBRARY_PATH")
}

// TestNoLibrary runs a program whose MPI library is not there, as on a host where its
// module is not loaded. The system's loader says so; docs/clusters.md what to do.
func TestNoLibrary(t *testing.T) {
	f, err := elf.Open(prog)
	if err != nil {
		t.Fatal(err)
	}
	libs, err := f.ImportedLibraries()
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(prog)
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	for _, lib := range libs {
		if strings.HasPrefix(lib, "libmp") { // libmpi.so.40, libmpich.so.12
			missing = strings.Replace(lib, "libmp", "libno", 1)
			text = bytes.ReplaceAll(text, []byte("\x00"+lib+"\x00"), []byte("\x00"+missing+"\x00"))
		}
	}
	path := filepath.Join(t.TempDir(), "prog")
	if err := os.WriteFile(path, text, 0o777); err != nil {
		t.Fatal(err)
	}
	o := under(t, 2, path, "clean")
	o.failed(t)
	o.contains(t, path+": error while loading shared libraries: "+missing+": cannot open shared object file")
	guide, err := os.ReadFile("../../../docs/clusters.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(guide, []byte("| `error while loading shared libraries: libmpi")) {
		t.Error("docs/clusters.md has no row for that")
	}
}

// TestAtLeast asks for more than there is.
func TestAtLeast(t *testing.T) {
	o := start(t, 1, "at-least")
	o.failed(t)
	o.says(t, 1, "mpi: ")
	o.says(t, 1, fmt.Sprintf("mpi: Init: this MPI library provides MPI_THREAD_MULTIPLE only, and the program asks for ThreadLevel(%d): ", mpi.ThreadMultiple+1))
}
