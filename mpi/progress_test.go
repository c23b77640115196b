package mpi_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// threads is the number of OS threads of this process.
func threads(t *testing.T) int {
	d, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("no /proc on this system")
	}
	return len(d)
}

// A thousand goroutines wait at once, each for its own tag, on few threads.
func TestThousandWaiters(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 1000
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, procs := range []int{1, 2, 8} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		before := threads(t)
		var wg, entered sync.WaitGroup
		var wrong atomic.Int64
		entered.Add(n)
		for i := range n {
			wg.Go(func() {
				buf := []int{-1}
				entered.Done()
				st, err := mpi.Recv(c, buf, prev, i)
				if err != nil || buf[0] != prev*n+i || st.Tag != i || st.Count != 1 {
					wrong.Add(1)
				}
			})
		}
		entered.Wait()
		must(t, c.Barrier())
		most := max(before, threads(t))
		for i := n - 1; i >= 0; i-- {
			must(t, mpi.Send(c, []int{me*n + i}, next, i))
			if i%100 == 0 {
				most = max(most, threads(t))
			}
		}
		wg.Wait()
		if w := wrong.Load(); w > 0 {
			t.Errorf("GOMAXPROCS %d: %d of %d receives went wrong", procs, w, n)
		}
		// Those that are there before, from other tests, may be used again.
		if most >= before+40 {
			t.Errorf("GOMAXPROCS %d: %d threads for %d waiting goroutines, want fewer than 40 more than the %d before", procs, most, n, before)
		}
		must(t, c.Barrier())
	}
}

// Many goroutines exchange with blocking calls only, so that each is leader,
// follower and fast path in turn.
func TestGoroutinesExchange(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for g := range 100 {
		wg.Go(func() {
			buf := make([]int, 1+g*20) // some eager, some not
			for i := range 20 {
				out := make([]int, len(buf))
				for k := range out {
					out[k] = g*1000 + i
				}
				s := mpi.Isend(c, out, next, g)
				if _, err := mpi.Recv(c, buf, prev, g); err != nil {
					errs <- err
					return
				}
				if buf[0] != g*1000+i || buf[len(buf)-1] != g*1000+i {
					errs <- fmt.Errorf("goroutine %d, message %d: got %d", g, i, buf[0])
					return
				}
				if _, err := s.Wait(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// Leaving the lead to others: a receive that is done early must not take the
// polling away with it.
func TestLeadIsHandedOn(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for range 200 {
		var wg sync.WaitGroup
		for g := range 3 {
			wg.Go(func() {
				if _, err := mpi.Recv(c, make([]int, 1), me, g); err != nil {
					t.Error(err)
				}
			})
		}
		runtime.Gosched()
		for g := range 3 {
			must(t, mpi.Send(c, []int{g}, me, g))
		}
		wg.Wait()
	}
}

// cpuTime is the processor time that this process has used.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
