package mpitest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// grace is how long a failing rank waits for others that fail too, before it
// ends the job.
const grace = 2 * time.Second

// A rank is this process as one of a job's.
type rank struct {
	rank, size int
	dir        string // "" if the user started the job himself

	mu    sync.Mutex
	state *os.File // one byte per finished test, see below
	done  int64    // its size
}

// What a rank writes to its state file, which the others and the parent read:
// how many tests it has finished, and whether it failed. It does not go by
// messages, because a rank that hangs in MPI, or has crashed, answers none.
const (
	passed = 'p'
	bad    = 'F'
)

func failed(state []byte) bool { return bytes.IndexByte(state, bad) >= 0 }

// self is nil where there is no MPI.
var self *rank

// reportTime is for the launcher to pass a message on before the rank ends:
// MPICH's loses some otherwise.
const reportTime = 100 * time.Millisecond

// rankMain runs the tests as a rank of a job.
func rankMain(m *testing.M) int {
	// Until it has an output of its own, what a rank says reaches the parent
	// by way of the launcher.
	if err := mpi.Init(); err != nil {
		fmt.Fprintln(os.Stderr, "mpitest:", err)
		time.Sleep(reportTime)
		return 1
	}
	w := mpi.World()
	self = &rank{rank: w.Rank(), size: w.Size(), dir: os.Getenv(envDir)}
	if err := self.prepare(); err != nil {
		fmt.Fprintf(os.Stderr, "mpitest: rank %d: %v\n", self.rank, err)
		time.Sleep(reportTime)
		w.Abort(1)
	}

	code := m.Run()
	if code != 0 {
		self.mark(bad)
		self.awaitOthers()
		w.Abort(code)
	}
	// All is well, so nobody is in a call that waits for us.
	self.mark(passed)
	err := w.Barrier()
	if err == nil {
		err = mpi.Finalize()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mpitest:", err)
		self.mark(bad)
		return 1
	}
	return 0
}

// prepare sets the flags of package testing as a rank needs them, and diverts
// the output.
func (r *rank) prepare() error {
	// Tests that run in parallel would do so in another order on each rank.
	set("test.parallel", "1")
	if err := r.shuffle(); err != nil {
		return err
	}
	set("test.fuzz", "")
	for _, name := range profiles {
		if file := value(name); file != "" {
			set(name, file+"."+rankName(r.rank, r.size))
		}
	}
	if os.Getenv(envBench) == "0" {
		set("test.bench", "")
	}
	if r.dir == "" {
		return nil
	}

	set("test.testlogfile", "")
	if !json() || r.rank != 0 {
		// Messages must be written when they arise, not when the test ends:
		// the job may end first. The parent condenses them.
		set("test.v", "true")
	}
	if dir := os.Getenv(envCover); dir != "" {
		dir = filepath.Join(dir, rankName(r.rank, r.size))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		set("test.gocoverdir", dir)
		set("test.coverprofile", "")
	}
	if nanos, err := strconv.ParseInt(os.Getenv(envDeadline), 10, 64); err == nil {
		r.setAlarm(time.Unix(0, nanos))
	}

	const mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	var err error
	if r.state, err = os.OpenFile(rankFile(r.dir, "state", r.rank), mode, 0o644); err != nil {
		return err
	}
	out, err := os.OpenFile(rankFile(r.dir, "out", r.rank), mode, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	// The descriptors themselves, so that the Go runtime's last words and
	// what C code prints go the same way.
	for _, fd := range []int{1, 2} {
		if err := unix.Dup2(int(out.Fd()), fd); err != nil {
			return os.NewSyscallError("dup2", err)
		}
	}
	return nil
}

// shuffle makes all ranks shuffle as rank 0 does.
func (r *rank) shuffle() error {
	if value("test.shuffle") != "on" {
		return nil
	}
	seed := []int64{time.Now().UnixNano()}
	if err := mpi.Bcast(mpi.World(), seed, 0); err != nil {
		return err
	}
	set("test.shuffle", strconv.FormatInt(seed[0], 10))
	return nil
}

// setAlarm gives testing's own alarm what is left of the time, and shortly
// before it rings writes the stacks aside: the first rank to die of it takes
// the others with it before they have shown theirs.
func (r *rank) setAlarm(deadline time.Time) {
	left := max(time.Until(deadline), 10*time.Millisecond)
	set("test.timeout", left.Round(time.Millisecond).String())
	time.AfterFunc(left-min(time.Second/2, left/10), func() {
		f, err := os.Create(rankFile(r.dir, "stacks", r.rank))
		if err != nil {
			return // the stacks of one rank will be seen nevertheless
		}
		defer f.Close()
		_ = pprof.Lookup("goroutine").WriteTo(f, 2)
	})
}

// mark says that this rank has finished one more test.
func (r *rank) mark(how byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if r.state == nil {
		return
	}
	// A lost mark costs the others some of their patience, no more.
	_, _ = r.state.Write([]byte{how})
}

// awaitOthers returns when every other rank has failed, or finished what this
// rank has finished, or when the grace is over.
func (r *rank) awaitOthers() {
	if r.dir == "" {
		time.Sleep(grace / 4) // for messages on their way through the launcher
		return
	}
	for end := time.Now().Add(grace); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if r.othersDone() {
			return
		}
	}
}

func (r *rank) othersDone() bool {
	for other := range r.size {
		if other == r.rank {
			continue
		}
		state, _ := os.ReadFile(rankFile(r.dir, "state", other))
		if int64(len(state)) < r.done && !failed(state) {
			return false
		}
	}
	return true
}

// World gives the test a communicator of all ranks, for it alone: a duplicate,
// so that messages left over by one test never reach the next. It is freed
// when the test ends, on all ranks together. Collective: all ranks must call it in the same tests, in
// the same order.
//
// If the test fails on any rank, the job ends: see the package's description.
func World(t testing.TB) *mpi.Comm {
	t.Helper()
	if self == nil {
		t.Fatal("mpitest: World needs a TestMain that calls mpitest.Main (and there is no MPI while fuzzing)")
	}
	start := time.Now()
	c, err := mpi.World().Dup()
	// Before the cleanup of anything that the test makes of c, so after it.
	t.Cleanup(func() {
		if panicking() { // the test counts as failed only later
			self.crash()
			return
		}
		if !t.Failed() {
			if err := giveUp(t, c); err != nil {
				t.Errorf("mpitest: freeing the test's communicator: %v", err)
			}
		}
		if t.Failed() {
			self.fail(t, time.Since(start))
		}
		self.mark(passed)
	})
	if err != nil {
		t.Fatalf("mpitest: duplicating the world: %v", err)
	}
	return c
}

// giveUp frees the communicator of a test that passed, unless a message is left
// on it. The next duplicate would get the same context, and with it the message.
func giveUp(t testing.TB, c *mpi.Comm) error {
	// Past the barrier, what was sent to this rank has arrived.
	if err := c.Barrier(); err != nil {
		return err
	}
	left := []int{0}
	for range 10 { // one call may not see what a few make progress on
		st, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		if ok {
			t.Logf("mpitest: rank %d did not receive a message of rank %d with tag %d", c.Rank(), st.Source, st.Tag)
			left[0] = 1
			break
		}
	}
	if err := mpi.AllreduceInPlace(c, left, op.Max); err != nil {
		return err
	}
	if left[0] == 1 {
		return nil
	}
	return c.Free()
}

// fail ends the job, when other ranks have had the time to fail too. It does
// not return.
func (r *rank) fail(t testing.TB, took time.Duration) {
	// Testing would write this line after the cleanup.
	fmt.Printf("%s--- FAIL: %s (%.2fs)\n", prefix(), t.Name(), took.Seconds())
	r.mark(bad)
	r.awaitOthers()
	mpi.World().Abort(1)
}

// crash lets other ranks fail too, before the panic that unwinds this one's test
// ends the process, and with it the job. The panic must have its say, so this
// returns. In case another rank's is faster, the stack is kept.
func (r *rank) crash() {
	if r.dir != "" {
		stack := make([]byte, 1<<20)
		stack = stack[:runtime.Stack(stack, false)]
		// If it is lost, the rank's state still shows that it failed.
		_ = os.WriteFile(rankFile(r.dir, "stacks", r.rank), stack, 0o644)
	}
	r.mark(bad)
	r.awaitOthers()
}

// panicking reports whether the cleanup that calls it runs because the test
// panics. Testing does not tell, but the panic is on the stack.
func panicking() bool {
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if f.Function == "runtime.gopanic" {
			return true
		}
		if !more {
			return false
		}
	}
}
