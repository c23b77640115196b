package mpi_test

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// TestArenas has many threads in MPI at once, and lets each allocate.
func TestArenas(t *testing.T) {
	most := 2
	if n, err := strconv.Atoi(os.Getenv("MALLOC_ARENA_MAX")); err == nil {
		most = n // a user's own setting stands
	}
	before := cgo.MemoryOf().Arenas // 0, and so it stays, where the C library is not glibc
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
	if n := cgo.MemoryOf().Arenas; n > max(before, most) {
		t.Errorf("C keeps its memory in %d arenas, and had %d", n, before)
	}
}
