// Soak is a randomised stress program: on every rank several goroutines, each
// with a communicator of its own, do whatever a seed says, in an order that all
// ranks know, and compare every element that arrives with what it must be.
//
//	make soak                     10 minutes on 4 ranks on each MPI
//	make soak SOAK='-for 1m -seed 7'
//
// The same seed gives the same program, so that what it finds can be found
// again. In the end it tells what was done, and how much memory and how many
// objects of MPI each rank had when the first quarter of the time was over, and
// had in the end.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/op"
)

var (
	seed  = flag.Uint64("seed", 1, "seed of all that is done")
	long  = flag.Duration("for", 10*time.Minute, "how long to go on")
	lanes = flag.Int("lanes", 3, "goroutines on each rank")
	most  = flag.Int("most", 40_000, "elements of the longest message")
)

func main() {
	flag.Parse()
	leaks.Start() // also for the report of Finalize
	mpi.Main(run)
}

// lane is one goroutine's part: the same on all ranks, but for c.
type lane struct {
	id    int
	c     *mpi.Comm
	rng   *rand.Rand // draws the same on all ranks
	round int
	count map[string]int // rounds by action
	user  op.Op
}

func run(world *mpi.Comm) error {
	user, err := op.New(compose, false)
	if err != nil {
		return err
	}
	all := make([]*lane, *lanes)
	for i := range all {
		c, err := world.Dup()
		if err != nil {
			return err
		}
		all[i] = &lane{id: i, c: c, rng: rand.New(rand.NewPCG(*seed, uint64(i))), count: map[string]int{}, user: user}
	}
	start := time.Now()
	if err := together(all, start.Add(*long/4)); err != nil {
		return err
	}
	early, err := hold(world)
	if err != nil {
		return err
	}
	if err := together(all, start.Add(*long)); err != nil {
		return err
	}
	late, err := hold(world)
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := l.c.Free(); err != nil {
			return err
		}
	}
	if err := user.Free(); err != nil {
		return err
	}
	return report(world, all, time.Since(start), early, late)
}

// together runs the lanes until about the time end.
func together(all []*lane, end time.Time) error {
	errs := make(chan error, len(all))
	var wg sync.WaitGroup
	for _, l := range all {
		wg.Go(func() {
			if err := l.until(end); err != nil {
				errs <- fmt.Errorf("lane %d, round %d of seed %d: %w", l.id, l.round, *seed, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case err := <-errs: // the others may wait for this lane for ever
		return err
	case <-done:
		return nil
	}
}

// until does rounds. Rank 0 says when it is time to end.
func (l *lane) until(end time.Time) error {
	names := make([]string, 0, len(actions))
	for _, a := range actions {
		names = append(names, a.name)
	}
	for {
		more := []bool{time.Now().Before(end)}
		if err := mpi.Bcast(l.c, more, 0); err != nil || !more[0] {
			return err
		}
		for range 5 {
			l.round++
			i := l.rng.IntN(len(actions))
			if err := actions[i].do(l); err != nil {
				return fmt.Errorf("%s: %w", names[i], err)
			}
			l.count[names[i]]++
		}
	}
}

// resident is the memory that the process has, after what can be given back was:
// by C, too, which keeps what a burst of unexpected messages once took.
func resident() (bytes int, err error) {
	debug.FreeOSMemory()
	cgo.Trim()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, pages int
	_, err = fmt.Sscan(string(text), &size, &pages)
	return pages * os.Getpagesize(), err
}

// holding is what a rank has while no lane is running.
type holding struct {
	Memory  int    // bytes resident
	InUse   int    // bytes that C has allocated
	Objects int    // of MPI, made by the program and not freed
	Highest uint32 // handle of a communicator in the library's table
}

func hold(world *mpi.Comm) (h holding, err error) {
	// So many that no handle is free below the highest: it counts those in use.
	many := make([]*mpi.Comm, 64)
	for i := range many {
		if many[i], err = world.Dup(); err != nil {
			return h, err
		}
		h.Highest = max(h.Highest, uint32(many[i].Fortran()))
	}
	for _, c := range many {
		if err := c.Free(); err != nil {
			return h, err
		}
	}
	h.Objects = len(leaks.Open())
	h.InUse = cgo.MemoryOf().InUse
	h.Memory, err = resident()
	return h, err
}

func report(world *mpi.Comm, all []*lane, took time.Duration, early, late holding) error {
	ranks, err := object.Gather(world, [2]holding{early, late}, 0)
	if err != nil || world.Rank() > 0 {
		return err
	}
	rounds := 0
	total := map[string]int{}
	for _, l := range all {
		rounds += l.round
		for name, n := range l.count {
			total[name] += n
		}
	}
	library, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
	fmt.Printf("soak: %s, %d ranks, %d lanes, seed %d: %d rounds in %v, every element right\n",
		library, world.Size(), len(all), *seed, rounds, took.Round(time.Second))
	for _, a := range actions {
		fmt.Printf("soak: %8d %s\n", total[a.name], a.name)
	}
	for rank, h := range ranks {
		early, late := h[0], h[1]
		fmt.Printf("soak: rank %d: %d MiB resident, %d MiB in use in C and %d objects of MPI after a quarter of the time, %d, %d and %d in the end; highest communicator %#x and %#x\n",
			rank, early.Memory>>20, early.InUse>>20, early.Objects, late.Memory>>20, late.InUse>>20, late.Objects, early.Highest, late.Highest)
		if late.Memory > early.Memory+early.Memory/4+16<<20 {
			err = fmt.Errorf("rank %d has grown from %d to %d bytes", rank, early.Memory, late.Memory)
		}
		// MPICH's table has holes at times; what leaks, leaks in each of many rounds.
		if late.Objects != early.Objects || late.Highest > early.Highest+100 {
			err = fmt.Errorf("rank %d had %d objects of MPI, and has %d; its highest communicator was %#x, and is %#x",
				rank, early.Objects, late.Objects, early.Highest, late.Highest)
		}
	}
	return err
}
