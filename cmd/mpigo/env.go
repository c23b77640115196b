package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func envCommand(choice *string) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print the settings by which go build finds the MPI library",
		Long: `Env finds the MPI library and prints the settings for go build, for the shell:

  eval "$(mpigo env)"
  go build ./prog
  $MPIRUN -n 4 ./prog`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			i, err := pick(*choice)
			if err != nil {
				return err
			}
			printEnv(cmd.OutOrStdout(), i)
			return nil
		},
	}
}

func printEnv(w io.Writer, i *install) {
	fmt.Fprintf(w, "# %s\n", i.how)
	if i.cc != "" {
		fmt.Fprintf(w, "export CC=%s\n", quote(i.cc))
	}
	fmt.Fprintf(w, "export GOFLAGS=%s\n", quote(goflags(os.Getenv("GOFLAGS"), i.tag)))
	if i.missing != nil {
		fmt.Fprintf(w, "# no launcher: %v\n", i.missing)
		return
	}
	fmt.Fprintf(w, "export MPIRUN=%s\n", quote(i.launcher))
}

// goflags is what GOFLAGS must be for the tag: what it was, but for other tags
// of ours.
func goflags(old, tag string) string {
	tags := []string{}
	words := []string{}
	for _, word := range strings.Fields(old) {
		list, ok := strings.CutPrefix(strings.TrimLeft(word, "-"), "tags=")
		if !ok {
			words = append(words, word)
			continue
		}
		for _, t := range strings.Split(list, ",") {
			if t != "openmpi" && t != "mpich" && t != "mpi_env" {
				tags = append(tags, t)
			}
		}
	}
	return strings.Join(append(words, "-tags="+strings.Join(append(tags, tag), ",")), " ")
}

// quote quotes s for a shell, where it must be.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
