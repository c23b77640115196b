// Pi sums N terms of the series pi/4 = 1 - 1/3 + 1/5 - ... on all ranks, with three ways to add up their parts.
//
//	go build ./examples/pi && mpirun -n 4 ./pi -n 100000000 -method reduce
package main

import (
	"flag"
	"fmt"
	"math"
	"slices"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	n := flag.Int("n", 100_000_000, "terms of the series")
	method := flag.String("method", "reduce", "how to add up the parts: sendrecv, gather or reduce")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n, *method) })
}

func run(world *mpi.Comm, n int, method string) error {
	if n <= 0 {
		return fmt.Errorf("-n is %d: there must be at least one term", n)
	}
	if !slices.Contains([]string{"sendrecv", "gather", "reduce"}, method) {
		return fmt.Errorf("-method is %q: it must be sendrecv, gather or reduce", method)
	}

	start := mpi.Wtime()
	counts, displs := mpi.Partition(n, world.Size())
	first := displs[world.Rank()]
	sum, err := addUp(world, sumTerms(first, first+counts[world.Rank()], n), method)
	if err == nil && world.Rank() == 0 {
		pi := 4 * sum
		fmt.Printf("pi    = %.15f (%d terms on %d ranks, %s)\n", pi, n, world.Size(), method)
		fmt.Printf("error = %.1e\n", math.Abs(pi-math.Pi))
		fmt.Printf("time  = %.3f s\n", mpi.Wtime()-start)
	}
	return err
}

// sumTerms sums the terms first <= k < end of n, the smallest first, which rounds least. The last of all n counts
// half: breaking the series off costs pi an error of 1/n, but the mean of the sums of n-1 and of n terms, which lie
// on either side of pi, has only half a last term to add and costs 1/(2n²).
func sumTerms(first, end, n int) (sum float64) {
	for k := end - 1; k >= first; k-- {
		term := 1 / float64(2*k+1)
		if k == n-1 {
			term /= 2
		}
		if k%2 == 1 {
			term = -term
		}
		sum += term
	}
	return sum
}

// addUp returns the sum of all ranks' parts, on rank 0 only.
func addUp(world *mpi.Comm, part float64, method string) (sum float64, err error) {
	send, recv := []float64{part}, []float64{0}
	switch method {
	case "sendrecv": // by hand: every other rank sends its part to rank 0
		if world.Rank() != 0 {
			return 0, mpi.Send(world, send, 0, 0)
		}
		sum = part
		for source := 1; source < world.Size() && err == nil; source++ {
			_, err = mpi.Recv(world, recv, source, 0)
			sum += recv[0]
		}
	case "gather": // one call collects the parts, rank 0 adds them
		parts := make([]float64, world.Size())
		err = mpi.Gather(world, send, parts, 0)
		for _, p := range parts {
			sum += p
		}
	case "reduce": // one call does both
		err = mpi.Reduce(world, send, recv, op.Sum, 0)
		sum = recv[0]
	}
	return sum, err
}
