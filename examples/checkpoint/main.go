// Checkpoint estimates pi with darts, and survives the end of its batch job's time: on SIGUSR1 it writes where it is to
// a file and exits with code 75, and started again it goes on from there, to the same result.
//
//	go build ./examples/checkpoint && mpirun -n 4 ./checkpoint -file pi.json
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/op"
)

// again is the exit code of a run that wants to be continued: EX_TEMPFAIL of sysexits.h.
const again = 75

// A part is one rank's state, and a checkpoint is everybody's after so many steps.
type part struct {
	Hits   int
	Random []byte
}
type checkpoint struct {
	Step  int
	Parts []part
}

func main() {
	steps := flag.Int("steps", 100, "steps to take")
	pace := flag.Duration("pace", 50*time.Millisecond, "how long a step takes: stands for the work of a real program")
	file := flag.String("file", "checkpoint.json", "the checkpoint; removed at the end")
	flag.Parse()

	// Before MPI starts: until somebody listens, the signal ends the program.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGUSR1)
	done := true
	mpi.Main(func(world *mpi.Comm) (err error) {
		done, err = run(world, *steps, *pace, *file, stop)
		return err
	})
	if !done {
		os.Exit(again) // MPI has been finalised: to the launcher nothing is wrong
	}
}

// run takes the steps from the checkpoint on, if there is one, and reports whether they are done.
func run(world *mpi.Comm, steps int, pace time.Duration, file string, stop <-chan os.Signal) (bool, error) {
	step, mine, err := load(world, file)
	if err != nil {
		return false, err
	}
	source := new(rand.PCG)
	if err := source.UnmarshalBinary(mine.Random); err != nil {
		return false, err
	}
	random := rand.New(source)
	for flag := []int{0}; step < steps; step++ {
		// The signal reaches the ranks at different steps, and perhaps not all of them: they agree on one to stop at.
		select {
		case <-stop:
			flag[0] = 1
		default:
		}
		if err := mpi.AllreduceInPlace(world, flag, op.Max); err != nil {
			return false, err
		}
		if flag[0] == 1 {
			mine.Random, _ = source.MarshalBinary()
			return false, save(world, step, mine, file)
		}
		if step%100 == 0 && world.Rank() == 0 {
			fmt.Printf("step %d of %d\n", step, steps)
		}
		for range 1000 {
			if x, y := random.Float64(), random.Float64(); x*x+y*y < 1 {
				mine.Hits++
			}
		}
		time.Sleep(pace)
	}

	hits := []int{mine.Hits}
	if err := mpi.AllreduceInPlace(world, hits, op.Sum); err != nil || world.Rank() != 0 {
		return true, err
	}
	darts := 1000 * steps * world.Size()
	fmt.Printf("pi is about %.6f: %d of %d darts hit\n", 4*float64(hits[0])/float64(darts), hits[0], darts)
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	return true, nil
}

// load returns the step to begin with and this rank's state. Rank 0 reads the file.
func load(world *mpi.Comm, file string) (int, part, error) {
	var c checkpoint
	if world.Rank() == 0 {
		switch text, err := os.ReadFile(file); {
		case errors.Is(err, fs.ErrNotExist):
			for rank := range world.Size() {
				random, _ := rand.NewPCG(1, uint64(rank)).MarshalBinary()
				c.Parts = append(c.Parts, part{Random: random})
			}
		case err != nil:
			return 0, part{}, err
		default:
			if err := json.Unmarshal(text, &c); err != nil {
				return 0, part{}, fmt.Errorf("%s: %w", file, err)
			}
			if len(c.Parts) != world.Size() {
				return 0, part{}, fmt.Errorf("%s was written by %d ranks: it cannot be continued by %d", file, len(c.Parts), world.Size())
			}
			fmt.Printf("going on at step %d\n", c.Step)
		}
	}
	if err := object.Bcast(world, &c.Step, 0); err != nil {
		return 0, part{}, err
	}
	mine, err := object.Scatter(world, c.Parts, 0)
	return c.Step, mine, err
}

// save writes the checkpoint on rank 0: beside the old one, which stays valid until the new one is whole.
func save(world *mpi.Comm, step int, mine part, file string) error {
	parts, err := object.Gather(world, mine, 0)
	if err != nil || world.Rank() != 0 {
		return err
	}
	text, err := json.Marshal(checkpoint{step, parts})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o666); err != nil {
		return err
	}
	fmt.Printf("stopped at step %d\n", step)
	return os.Rename(file+".new", file)
}
