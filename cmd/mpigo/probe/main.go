// Probe is the small job of mpigo doctor: every rank tells rank 0 what it sees,
// and rank 0 prints it as JSON.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// Rank is what a rank sees.
type Rank struct {
	Rank       int
	Host       string
	GOMAXPROCS int
	CPUs       int // that it may run on
}

// Report is what rank 0 prints.
type Report struct {
	Library string
	Threads string
	Size    int
	Ranks   []Rank
	Latency float64 // microseconds from rank 0 to rank 1, or 0
}

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		host, _ := os.Hostname()
		all, err := object.Gather(world, Rank{world.Rank(), host, runtime.GOMAXPROCS(0), runtime.NumCPU()}, 0)
		if err != nil {
			return err
		}
		latency, err := pingPong(world)
		if err != nil || world.Rank() > 0 {
			return err
		}
		library, _, _ := strings.Cut(mpi.LibraryVersion(), "\n")
		return json.NewEncoder(os.Stdout).Encode(Report{library, mpi.Threads().String(), world.Size(), all, latency})
	})
}

// pingPong is the time of a message of 8 bytes, the shortest of many.
func pingPong(c *mpi.Comm) (float64, error) {
	if c.Size() < 2 || c.Rank() > 1 {
		return 0, nil
	}
	buf, other := make([]float64, 1), 1-c.Rank()
	best := 1e9
	for range 200 {
		start := mpi.Wtime()
		for side := range 2 {
			var err error
			if side == c.Rank() {
				err = mpi.Send(c, buf, other, 0)
			} else {
				_, err = mpi.Recv(c, buf, other, 0)
			}
			if err != nil {
				return 0, err
			}
		}
		best = min(best, (mpi.Wtime()-start)/2*1e6)
	}
	return best, nil
}
