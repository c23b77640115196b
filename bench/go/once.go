package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
)

// Benchmarks that are one run of the program.
var once = map[string]func(world *mpi.Comm) error{
	"startup": func(*mpi.Comm) error { return nil }, // the driver takes the time from outside
	"memory":  memory,
}

// memory prints how many KiB of memory rank 0 holds after Init and a Barrier.
func memory(world *mpi.Comm) error {
	if err := world.Barrier(); err != nil || world.Rank() != 0 {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		return fmt.Errorf("VmRSS in /proc/self/status: %w", err)
	}
	fmt.Println(0, kib, 1)
	return nil
}
