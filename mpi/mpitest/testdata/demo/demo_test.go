package demo

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestMain(m *testing.M) { mpitest.Main(m, 1, 2, 3) }

// wanted keeps a test that misbehaves out of the way of the others.
func wanted(t *testing.T, what string) *mpi.Comm {
	c := mpitest.World(t)
	if os.Getenv("DEMO") != what {
		t.SkipNow()
	}
	return c
}

func TestRole(t *testing.T) {
	c := mpitest.World(t)
	t.Logf("role %s of %d", Role(c.Rank()), c.Size())
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
}

// A message that nobody receives does not reach the next test.
func TestStray(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() > 1 && c.Rank() == 0 {
		if err := mpi.Send(c, []int{1}, 1, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoStray(t *testing.T) {
	c := mpitest.World(t)
	st, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag)
	if err != nil || ok {
		t.Errorf("found %+v, error %v", st, err)
	}
}

// Each rank records the order of the parallel tests that it runs.
var order []string

func TestParallelA(t *testing.T) { t.Parallel(); order = append(order, "A") }
func TestParallelB(t *testing.T) { t.Parallel(); order = append(order, "B") }
func TestParallelC(t *testing.T) { t.Parallel(); order = append(order, "C") }

// All ranks begin each test together, though shuffled.
func TestShuffled(t *testing.T) {
	c := mpitest.World(t)
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { sameOrder(t, c, i) })
	}
}

func TestShuffled1(t *testing.T) { sameOrder(t, mpitest.World(t), 101) }
func TestShuffled2(t *testing.T) { sameOrder(t, mpitest.World(t), 102) }
func TestShuffled3(t *testing.T) { sameOrder(t, mpitest.World(t), 103) }
func TestShuffled4(t *testing.T) { sameOrder(t, mpitest.World(t), 104) }
func TestShuffled5(t *testing.T) { sameOrder(t, mpitest.World(t), 105) }

func sameOrder(t *testing.T, c *mpi.Comm, id int) {
	got := []int{id}
	if err := mpi.Bcast(c, got, 0); err != nil || got[0] != id {
		t.Errorf("rank %d is in %d, rank 0 in %d (%v)", c.Rank(), id, got[0], err)
	}
}

// Rank 1 fails while the others wait for it.
func TestFail(t *testing.T) {
	c := wanted(t, "fail")
	if c.Rank() == 1 {
		t.Fatal("the message of rank 1")
	}
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
}

func TestFailAll(t *testing.T) {
	c := wanted(t, "failall")
	time.Sleep(time.Duration(c.Rank()) * 200 * time.Millisecond) // the first must not end the others
	t.Errorf("the message of rank %d", c.Rank())
}

// Without World, and without leaving anybody waiting.
func TestFailAlone(t *testing.T) {
	if os.Getenv("DEMO") == "failalone" && mpi.World().Rank() == 1 {
		t.Error("the message of rank 1")
	}
}

func TestPanic(t *testing.T) {
	c := wanted(t, "panic")
	if c.Rank() == c.Size()-1 {
		panic("the panic of the last rank")
	}
	// The cleanup of the last rank must not wait for this one.
	if _, err := mpi.Recv(c, []int{0}, c.Size()-1, 0); err != nil {
		t.Fatal(err)
	}
}

func hangHere(never chan int) { <-never }

func TestHang(t *testing.T) {
	c := wanted(t, "hang")
	if c.Rank() == 2 {
		// Somebody must be able to wake it, or the runtime calls it a deadlock.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR2)
		hangHere(make(chan int))
	}
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
}

func TestKilled(t *testing.T) {
	c := wanted(t, "killed")
	if c.Rank() == c.Size()-1 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Barrier(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkBarrier(b *testing.B) {
	c := mpitest.World(b)
	for b.Loop() {
		if err := c.Barrier(); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzRole(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, rank int) {
		if strings.Contains(Role(rank), "unused") {
			t.Error("a role that is not one")
		}
	})
}
