// Package twins builds the benchmarks' program in Go and its twin in C for an MPI
// library, and starts them.
package twins

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/mpi4go/mpi4go/internal/launch"
)

const module = "github.com/mpi4go/mpi4go"

// A Library is an MPI library that the benchmarks can be built for.
type Library struct {
	Tag      string // its build tag, and its name for -mpi
	Name     string // as in its version text
	pc       string // its pkg-config name, the one mpi/cgo builds with
	bindFlag string // of its launcher: what to bind a rank to
}

// Libraries are all there are.
var Libraries = []Library{
	{Tag: "openmpi", Name: "Open MPI", pc: "ompi", bindFlag: "--bind-to"},
	{Tag: "mpich", Name: "MPICH", pc: "mpich", bindFlag: "-bind-to"},
}

// Named are the libraries that -mpi names. A launcher that the user chose belongs
// to one.
func Named(mpi string) ([]Library, error) {
	if mpi == "both" {
		if os.Getenv("MPIRUN") != "" {
			return nil, errors.New("$MPIRUN names the launcher of one library: choose it with -mpi, or unset MPIRUN")
		}
		return Libraries, nil
	}
	for _, l := range Libraries {
		if mpi == l.Tag {
			return []Library{l}, nil
		}
	}
	return nil, fmt.Errorf("-mpi %q: want openmpi, mpich or both", mpi)
}

// Built is what runs on one library: its launcher and the programs.
type Built struct {
	Library
	Launcher *launch.Launcher
	Go, C    string
}

// Root is the folder of the module.
func Root(ctx context.Context) (string, error) {
	return Tool(ctx, "", "go", "list", "-f", "{{.Module.Dir}}", module+"/bench/internal/twins")
}

// Build compiles the programs that are in folders go and c of the module's folder
// from for lib into dir; tags are Go's besides lib's own.
func Build(ctx context.Context, lib Library, root, from, dir string, tags ...string) (*Built, error) {
	l, err := launch.Find(lib.Name)
	if err != nil {
		return nil, err
	}
	b := &Built{lib, l, filepath.Join(dir, "go-"+lib.Tag), filepath.Join(dir, "c-"+lib.Tag)}
	tags = append([]string{lib.Tag}, tags...)
	if _, err := Tool(ctx, root, "go", "build", "-tags", strings.Join(tags, ","), "-o", b.Go, module+"/"+from+"/go"); err != nil {
		return nil, err
	}
	// Not mpicc but the flags that cgo gets: both twins are sure to be linked
	// with one and the same library.
	flags, err := Tool(ctx, root, "pkg-config", "--cflags", "--libs", lib.pc)
	if err != nil {
		return nil, err
	}
	cc, err := CCompiler(ctx)
	if err != nil {
		return nil, err
	}
	// ucx.c lets MPICH come to its end between hosts.
	args := append([]string{"-O2", "-pthread", "-o", b.C, filepath.Join(root, from, "c", "twin.c"),
		filepath.Join(root, "mpi", "cgo", "ucx.c")}, strings.Fields(flags)...)
	_, err = Tool(ctx, root, cc[0], append(append(cc[1:], args...), "-ldl", "-lm")...)
	return b, err
}

// CCompiler is the compiler that cgo uses, which may come with flags.
func CCompiler(ctx context.Context) ([]string, error) {
	text, err := Tool(ctx, "", "go", "env", "CC")
	cc := strings.Fields(text)
	if err == nil && len(cc) == 0 {
		err = errors.New("go env CC names no C compiler")
	}
	return cc, err
}

// Tool runs a program of the build and returns what it printed.
func Tool(ctx context.Context, dir, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// Command runs words on so many ranks, with each on a core of its own if there are
// as many: bound to it, if bind says to what; threads are those of a rank that
// communicate at once.
func (b *Built) Command(ctx context.Context, ranks, threads int, bind string, words ...string) *exec.Cmd {
	// With a core for each thread, ranks of one are bound. With fewer, all share politely.
	shared := ranks*threads > runtime.NumCPU()
	switch {
	case bind == "": // the launcher is the user's
	case threads > 1:
		words = slices.Concat([]string{b.bindFlag, "none"}, words)
	case !shared:
		words = slices.Concat([]string{b.bindFlag, bind}, words)
	}
	cmd := b.Launcher.Command(ctx, ranks, words[0], words[1:]...)
	// Not the environment that launch made, in which many ranks share a core
	// politely: here a rank that waits must spin, as it does where people measure.
	if !shared {
		cmd.Env = os.Environ()
	}
	if b.Launcher.Family == launch.OpenMPI && os.Geteuid() == 0 {
		cmd.Env = append(cmd.Env, "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
	}
	return cmd
}
