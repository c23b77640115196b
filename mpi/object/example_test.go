package object_test

import (
	"fmt"
	"strings"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// A struct with a map goes from one rank to the next around a ring.
func Example() {
	type parcel struct {
		From  int
		Words map[string]int
	}
	world := mpi.World()
	next, prev := (world.Rank()+1)%world.Size(), (world.Rank()+world.Size()-1)%world.Size()

	mine := parcel{world.Rank(), map[string]int{"hello": 1}}
	got, _, err := object.Sendrecv[parcel, parcel](world, mine, next, 0, prev, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.From == prev, got.Words)
	// Output: true map[hello:1]
}

// Maps of counts are added up, in order of the ranks, by a function.
func ExampleAllreduce() {
	world := mpi.World()
	counts := map[string]int{}
	for _, word := range strings.Fields("to be or not to be") {
		counts[word]++
	}
	total, err := object.Allreduce(world, counts, func(a, b map[string]int) map[string]int {
		for word, n := range b {
			a[word] += n
		}
		return a
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(total["to"]/world.Size(), len(total))
	// Output: 2 4
}
