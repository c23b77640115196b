package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mpi4go/mpi4go/internal/launch"
)

func runCommand(choice *string) *cobra.Command {
	return &cobra.Command{
		Use:   "run [mpirun's flags] package [-- arguments of the program]",
		Short: "Build a program with the right tags and start it by the matching mpirun",
		Long: `Run builds the package and starts it by the launcher of the library that it was
built for. All words before the package are flags of that launcher, in its own
spelling:

  mpigo run -n 4 ./examples/pi
  mpigo run -n 8 --hostfile hosts ./examples/pi -- -n 1000000
  mpigo --mpi mpich run -n 4 ./examples/pi

The package is the last word before --. $MPIRUN names another launcher, as
MPIRUN="srun --mpi=pmix". More ranks than cores, and root, are allowed as they
are in tests, unless Open MPI's own variables say otherwise.`,
		DisableFlagParsing: true, // they are the launcher's
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
				return cmd.Help()
			}
			flags, pkg, rest, err := splitRun(args)
			if err != nil {
				return err
			}
			i, err := pick(*choice)
			if err != nil {
				return err
			}
			return run(i, flags, pkg, rest)
		},
	}
}

// splitRun splits the words behind "run".
func splitRun(args []string) (flags []string, pkg string, rest []string, err error) {
	if at := slices.Index(args, "--"); at >= 0 {
		args, rest = args[:at], args[at+1:]
	}
	if len(args) == 0 {
		return nil, "", nil, errors.New("run: no package: mpigo run -n 4 ./examples/pi")
	}
	flags, pkg = args[:len(args)-1], args[len(args)-1]
	if strings.HasPrefix(pkg, "-") {
		return nil, "", nil, fmt.Errorf("run: the last word before -- is %q, and must be a package: mpigo run -n 4 ./examples/pi -- arguments", pkg)
	}
	return flags, pkg, rest, nil
}

func run(i *install, flags []string, pkg string, rest []string) error {
	if i.missing != nil {
		return i.missing
	}
	dir, err := os.MkdirTemp("", "mpigo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// Named as the package, for ps and for messages.
	prog := filepath.Join(dir, "prog")
	if abs, err := filepath.Abs(pkg); err == nil {
		prog = filepath.Join(dir, strings.TrimSuffix(filepath.Base(abs), ".go"))
	}
	if err := build(i, pkg, prog); err != nil {
		return err
	}
	words := strings.Fields(i.launcher)
	words = append(words, flags...)
	words = append(words, prog)
	cmd := exec.Command(words[0], append(words[1:], rest...)...)
	cmd.Env = launch.Environment(os.Environ(), i.family)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return passSignals(cmd)
}

// build builds the package as the file prog.
func build(i *install, pkg, prog string) error {
	cmd := exec.Command("go", "build", "-o", prog, pkg)
	cmd.Env = append(i.environ(os.Environ()), "GOFLAGS="+goflags(os.Getenv("GOFLAGS"), i.tag))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build -tags %s %s: %w", i.tag, pkg, err)
	}
	return nil
}
