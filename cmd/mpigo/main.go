// Mpigo builds and starts MPI programs written in Go, and finds out what is
// wrong when they do not start.
//
//	mpigo run -n 4 ./examples/pi -- -n 1000000   build with the right tags, and launch
//	mpigo env                                    the settings for go build, for eval
//	mpigo doctor                                 run a small job and tell every problem
//
// There is no release yet. Install it in a clone of the repository:
//
//	go install ./cmd/mpigo
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"
)

func main() {
	var exit *exec.ExitError
	switch err := root().Execute(); {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode()) // the job has said why
	default:
		fmt.Fprintln(os.Stderr, "mpigo:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	var choice string
	cmd := &cobra.Command{
		Use:           "mpigo",
		Short:         "Build, start and diagnose MPI programs written in Go",
		SilenceErrors: true,
		// Flags before "run" are ours, those behind it the launcher's.
		TraverseChildren: true,
		SilenceUsage:     true,
	}
	cmd.PersistentFlags().StringVar(&choice, "mpi", os.Getenv("MPI4GO_MPI"),
		"openmpi, mpich, or mpi_env for the compiler that $CC or $MPICC names (default: the first that is found; $MPI4GO_MPI)")
	cmd.AddCommand(envCommand(&choice), runCommand(&choice), doctorCommand(&choice))
	return cmd
}
