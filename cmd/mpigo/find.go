package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
)

// install is an MPI library that programs can be built with.
type install struct {
	tag      string // of go build
	cc       string // with tag mpi_env: the compiler wrapper
	how      string // how it was found
	family   launch.Family
	launcher string // and its launcher, or
	missing  error  // why there is none
}

func (i *install) String() string { return i.how }

// environ is env with what go build needs.
func (i *install) environ(env []string) []string {
	if i.cc != "" {
		env = append(slices.Clip(env), "CC="+i.cc)
	}
	return env
}

// wrappers are the names that compiler wrappers have: those of the libraries,
// of Intel MPI, and of Cray, whose cc is one only where its environment is
// loaded.
var wrappers = []string{"mpicc", "mpicc.openmpi", "mpicc.mpich", "mpiicx", "mpiicc", "mpigcc", "mpicc.mpich2"}

func isWrapper(path string) bool {
	base := filepath.Base(path)
	return slices.Contains(wrappers, base) || base == "cc" && os.Getenv("CRAYPE_VERSION") != ""
}

// findAll finds the libraries of this machine, the preferred one first: what the
// user's variables name, whose environment is loaded (Cray, Intel), what
// pkg-config knows, what is in PATH.
func findAll() []*install {
	var found []*install
	wrapper := func(how, name string) {
		path, err := exec.LookPath(name)
		if err != nil {
			return
		}
		if i := fromWrapper(how, path); !slices.ContainsFunc(found, func(f *install) bool { return f.family == i.family && f.family != launch.Unknown }) {
			found = append(found, i)
		}
	}
	if cc := os.Getenv("MPICC"); cc != "" {
		wrapper("$MPICC is "+cc, cc)
	}
	if cc := os.Getenv("CC"); cc != "" && isWrapper(cc) {
		wrapper("$CC is "+cc, cc)
	}
	if os.Getenv("CRAYPE_VERSION") != "" {
		wrapper("Cray's cc", "cc")
	}
	if dir := os.Getenv("I_MPI_ROOT"); dir != "" {
		if name := intel(dir); name != "" {
			wrapper("Intel MPI's "+name, name)
		}
	}
	for _, lib := range []struct {
		tag, pc string
		family  launch.Family
	}{{"openmpi", "ompi", launch.OpenMPI}, {"mpich", "mpich", launch.MPICH}} {
		version, err := output("pkg-config", "--modversion", lib.pc)
		if err != nil || slices.ContainsFunc(found, func(f *install) bool { return f.family == lib.family }) {
			continue
		}
		i := &install{tag: lib.tag, family: lib.family, how: fmt.Sprintf("%v %s, by pkg-config", lib.family, version)}
		i.findLauncher()
		found = append(found, i)
	}
	for _, name := range wrappers {
		wrapper(name+" in PATH", name)
	}
	return found
}

// intel is Intel MPI's wrapper for a compiler that there is, where its modules
// have put its folder into PATH.
func intel(dir string) string {
	for _, w := range []struct{ name, compiler string }{{"mpiicx", "icx"}, {"mpiicc", "icc"}, {"mpigcc", "gcc"}, {"mpicc", "gcc"}} {
		path, err := exec.LookPath(w.name)
		if err != nil || !strings.HasPrefix(path, filepath.Clean(dir)+"/") {
			continue
		}
		if _, err := exec.LookPath(w.compiler); err == nil {
			return w.name
		}
	}
	return ""
}

// fromWrapper asks a compiler wrapper what it stands for.
func fromWrapper(how, path string) *install {
	i := &install{tag: "mpi_env", cc: path, how: how}
	// Open MPI's have --showme, all others -show; Cray's has neither.
	for _, flag := range []string{"--showme:version", "-show"} {
		text, err := output(path, flag)
		if err != nil {
			continue
		}
		if i.family = launch.FamilyOf(text); i.family == launch.Unknown {
			switch {
			case strings.Contains(text, "mpich") || strings.Contains(text, "-lmpi") && flag == "-show":
				i.family = launch.MPICH
			case strings.Contains(text, "openmpi"):
				i.family = launch.OpenMPI
			}
		}
		break
	}
	if filepath.Base(path) == "cc" {
		i.family = launch.MPICH
	}
	i.findLauncher()
	return i
}

func (i *install) findLauncher() {
	// A library that nobody knows is taken to be of the launcher that there is.
	text := map[launch.Family]string{launch.OpenMPI: "Open MPI", launch.MPICH: "MPICH"}[i.family]
	l, err := launch.Find(text)
	if err != nil {
		i.missing = err
		return
	}
	i.launcher = strings.Join(append([]string{l.Path}, l.Args...), " ")
}

var errNone = errors.New("no MPI library with its headers is on this machine\n" +
	"  Debian, Ubuntu   apt install libopenmpi-dev openmpi-bin   (or libmpich-dev mpich)\n" +
	"  Fedora           dnf install openmpi-devel, then module load mpi/openmpi-x86_64\n" +
	"  clusters         module load openmpi   (or mpich, intel-mpi, cray-mpich)\n" +
	"  elsewhere        put the library's mpicc in PATH, or set MPICC to it")

// pick is the library to use.
func pick(choice string) (*install, error) {
	all := findAll()
	for _, i := range all {
		if choice == "" || i.tag == choice || choice == strings.ToLower(strings.ReplaceAll(i.family.String(), " ", "")) {
			return i, nil
		}
	}
	switch {
	case len(all) == 0:
		return nil, errNone
	case !slices.Contains([]string{"openmpi", "mpich", "mpi_env"}, choice):
		return nil, fmt.Errorf("--mpi is %q, and must be openmpi, mpich or mpi_env", choice)
	default:
		return nil, fmt.Errorf("there is no %s on this machine; there is %v", choice, all)
	}
}

// patience is how long a tool may take to answer a question: srun looks for its
// configuration for a minute.
var patience = 20 * time.Second

func output(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	b, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(b)), err
}
