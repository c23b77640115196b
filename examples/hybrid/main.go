// Hybrid computes pi with ranks times goroutines: each rank takes a part, and a goroutine on each of its cores takes a
// part of that. It prints which cores the launcher gave to each rank.
//
//	go build ./examples/hybrid && mpirun -n 2 --map-by slot:PE=2 ./hybrid        (Open MPI)
//	go build ./examples/hybrid && mpirun -n 2 -bind-to core:2 ./hybrid           (MPICH)
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"sync"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	n := flag.Int("n", 10_000_000, "strips under the curve 4/(1+x²) from 0 to 1")
	flag.Parse()
	// Go starts as many threads for goroutines as the process has cores, which is what the launcher bound it to.
	workers := runtime.GOMAXPROCS(0)
	mpi.Main(func(world *mpi.Comm) error {
		counts, displs := mpi.Partition(*n, world.Size()*workers)
		sums := make([]float64, workers)
		var wg sync.WaitGroup
		for w := range workers {
			k := world.Rank()*workers + w
			wg.Go(func() { sums[w] = area(displs[k], displs[k]+counts[k], *n) })
		}
		wg.Wait()

		pi := []float64{0}
		for _, s := range sums {
			pi[0] += s
		}
		if err := mpi.AllreduceInPlace(world, pi, op.Sum); err != nil {
			return err
		}
		lines, err := object.Gather(world, fmt.Sprintf("rank %d: CPUs %s, %d goroutines", world.Rank(), cpus(), workers), 0)
		for _, line := range lines {
			fmt.Println(line)
		}
		if world.Rank() == 0 {
			fmt.Printf("pi = %.9f\n", pi[0])
		}
		return err
	})
}

func area(first, end, n int) (sum float64) {
	for i := first; i < end; i++ {
		x := (float64(i) + 0.5) / float64(n)
		sum += 4 / (1 + x*x) / float64(n)
	}
	return sum
}

// cpus lists the processors that this process may run on, as 0-3,8.
func cpus() string {
	status, _ := os.ReadFile("/proc/self/status")
	if m := regexp.MustCompile(`(?m)^Cpus_allowed_list:\s*(.*)$`).FindSubmatch(status); m != nil {
		return string(m[1])
	}
	return "unknown"
}
