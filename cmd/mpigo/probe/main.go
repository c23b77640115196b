// Probe is the small job of mpigo doctor: every rank tells rank 0 what it sees,
// and rank 0 prints it as JSON.
package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// Rank is what a rank sees.
type Rank struct {
	Rank       int
	Host       string
	GOMAXPROCS int
	CPUs       string   // that it may run on, as 0-3,8
	Online     string   // that its host has
	Segments   []string // kinds of shared memory that it could pass messages through
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
	procs := runtime.GOMAXPROCS(0) // before Init raises it
	mpi.Main(func(world *mpi.Comm) error {
		latency, err := pingPong(world)
		if err != nil {
			return err
		}
		// Libraries may connect two ranks when they first have something to say
		// to each other.
		if err := world.Barrier(); err != nil {
			return err
		}
		host, _ := os.Hostname()
		maps, _ := os.ReadFile("/proc/self/maps")
		all, err := object.Gather(world, Rank{world.Rank(), host, procs, cpus(), online(), segments(string(maps))}, 0)
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

// cpus lists the processors that this process may run on.
func cpus() string {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

func online() string {
	list, _ := os.ReadFile("/sys/devices/system/cpu/online")
	return strings.TrimSpace(string(list))
}

// kinds are the beginnings of the names that libraries give to their segments:
// Open MPI 4 and 5, UCX, MPICH, PSM2. System V's have no names of their own.
var kinds = []string{"vader_segment", "sm_segment", "ucx_shm_posix", "mpich_shar_tmp", "psm2_shm", "SYSV"}

// leastSegment is what messages need. MPICH has a page that all ranks map,
// whatever their messages go through.
const leastSegment = 64 << 10

// segments finds the shared memory in a /proc/self/maps: mappings that are
// shared and can be written, of files that bear one of the names or lie where
// shared memory does.
func segments(maps string) (names []string) {
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "rw-s" {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		begin, _ := strconv.ParseUint(from, 16, 64)
		end, _ := strconv.ParseUint(to, 16, 64)
		if end-begin < leastSegment {
			continue
		}
		name := filepath.Base(f[5])
		at := slices.IndexFunc(kinds, func(kind string) bool { return strings.HasPrefix(name, kind) })
		switch {
		case at >= 0:
			name = kinds[at]
		case filepath.Dir(f[5]) != "/dev/shm":
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
