// Late is a job whose rank 0 comes to its end a second after the others, and looks
// for messages until then: it answers what their MPI_Finalize asks of it, and they
// must answer what its own asks of them.
package main

import (
	"time"

	"github.com/mpi4go/mpi4go/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		buf := make([]byte, 1<<20)
		if world.Rank() > 0 {
			_, err := mpi.SendrecvReplace(world, buf, 0, 0, 0, 0)
			return err
		}
		for other := 1; other < world.Size(); other++ {
			if _, err := mpi.SendrecvReplace(world, buf, other, 0, other, 0); err != nil {
				return err
			}
		}
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			if _, _, err := world.Iprobe(mpi.AnySource, mpi.AnyTag); err != nil {
				return err
			}
		}
		return nil
	})
}
