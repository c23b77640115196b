package mpi_test

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// TestArenas has many threads in MPI at once, and lets each allocate.
func TestArenas(t *testing.T) {
	if os.Getenv("MALLOC_ARENA_MAX")+os.Getenv("GLIBC_TUNABLES") != "" {
		t.Skip("the number of arenas is set")
	}
	before := cgo.MemoryOf().Arenas
	if before == 0 {
		t.Skip("the C library is not glibc")
	}
	const threads = 24
	var up, done sync.WaitGroup
	up.Add(threads)
	for range threads {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			up.Done()
			up.Wait()
			g, err := mpi.World().Group()
			if err == nil {
				err = g.Free()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if n := cgo.MemoryOf().Arenas; n > max(before, 2) {
		t.Errorf("C keeps its memory in %d arenas, and had %d", n, before)
	}
}
