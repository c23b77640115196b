package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// The life of MPI in this process.
const (
	fresh int32 = iota
	running
	finalized
)

var lifecycle atomic.Int32

// ThreadLevel says from how many threads MPI may be called at once.
type ThreadLevel int

// The thread levels (MPI 4.1 §11.6.2), in ascending order.
const (
	ThreadSingle     ThreadLevel = cgo.ThreadSingle
	ThreadFunneled   ThreadLevel = cgo.ThreadFunneled
	ThreadSerialized ThreadLevel = cgo.ThreadSerialized
	ThreadMultiple   ThreadLevel = cgo.ThreadMultiple
)

func (l ThreadLevel) String() string {
	switch l {
	case ThreadSingle:
		return "MPI_THREAD_SINGLE"
	case ThreadFunneled:
		return "MPI_THREAD_FUNNELED"
	case ThreadSerialized:
		return "MPI_THREAD_SERIALIZED"
	case ThreadMultiple:
		return "MPI_THREAD_MULTIPLE"
	}
	return "ThreadLevel(" + strconv.Itoa(int(l)) + ")"
}

// Option is a rarely needed setting of Main and Init.
type Option func(*config)

type config struct {
	least    ThreadLevel
	watchdog watchdog
	ender    *ender
}

// AtLeast accepts an MPI library that provides no more than the given thread
// level. The default is ThreadMultiple, because goroutines move between
// threads: with ThreadSerialized the program must keep to one MPI call at a
// time, and below that also to one thread (runtime.LockOSThread).
func AtLeast(level ThreadLevel) Option { return func(c *config) { c.least = level } }

var (
	initMu   sync.Mutex
	attached bool // somebody else initialised MPI, and will finalise it
	level    ThreadLevel
)

// Init initialises MPI. Most programs leave that to Main.
//
// Where the launcher has bound the rank to one core, and GOMAXPROCS is not set,
// it sets that to 2, so that goroutines go on while one is in a call of MPI.
//
// In a process where MPI is already initialised, by a C program around this one,
// Init joins in, and Finalize then leaves finalising to whoever began. In between
// the world and self communicators return errors to C too. A host that called
// MPI_Init has no more than ThreadSingle in general: see AtLeast. A process can
// join once.
//
// Errors: ErrState when called twice, ErrLaunch when the program was started
// in a way that cannot work, such as by the mpirun of another MPI library,
// ErrUnsupported when the library provides too low a thread level, and ErrArg
// for limits of the Watchdog or WithSignals, or variables of the environment,
// that make no sense.
//
// Implements: MPI_Init (MPI 4.1 §11.2.1), MPI_Init_thread (MPI 4.1 §11.6.2), MPI_Query_thread (MPI 4.1 §11.6.2)
func Init(opts ...Option) error {
	const op = "Init"
	cfg := config{least: ThreadMultiple}
	for _, o := range opts {
		o(&cfg)
	}
	dog, err := watchdogOf(op, os.Getenv("MPI4GO_WATCHDOG"), cfg.watchdog)
	if err != nil {
		return err
	}
	checks, err := checkOf(op, os.Getenv("MPI4GO_CHECK"))
	if err != nil {
		return err
	}
	debug, err := debugOf(op, os.Getenv("MPI4GO_DEBUG"))
	if err != nil {
		return err
	}
	if err := cfg.ender.check(op); err != nil {
		return err
	}
	initMu.Lock()
	defer initMu.Unlock()
	switch {
	case world.h != 0 && lifecycle.Load() == running:
		return argError(op, ErrState, "MPI is already initialised")
	case lifecycle.Load() == finalized && attached:
		return argError(op, ErrState, "Finalize has been called: a process can join an MPI that others initialised once")
	case lifecycle.Load() == finalized || cgo.Finalized():
		return argError(op, ErrState, "MPI has been finalised, and cannot be initialised again")
	}
	if err := checkLibrary(op, cgo.Headers(), cgo.LibraryVersion()); err != nil {
		return err
	}

	start := cgo.Init
	if attached = cgo.Initialized(); attached {
		start = cgo.Attach
	}
	l, err := start()
	if err != nil {
		return err
	}
	level = ThreadLevel(l)
	undo := func(err error) error {
		world.h, self.h = 0, 0
		if attached {
			cgo.Detach()
		} else {
			cgo.Finalize()
			if len(sessions) == 0 {
				lifecycle.Store(finalized)
			}
		}
		return err
	}
	if level < cfg.least {
		return undo(argError(op, ErrUnsupported, "this MPI library provides %v only, and the program asks for %v: %s",
			level, cfg.least, firstLine(cgo.LibraryVersion())))
	}
	startDebug(debug)
	startChecks(checks)
	if err := world.fill(cgo.World()); err != nil {
		return undo(err)
	}
	if err := self.fill(cgo.Self()); err != nil {
		return undo(err)
	}
	if world.size == 1 && !attached {
		if err := checkLauncher(op, os.Getenv, os.Getpid()); err != nil {
			return undo(err)
		}
	}
	begun(dog)
	departed.start(!dog.off)
	cfg.ender.start()
	return nil
}

// begun is called when MPI can be used: after Init, or with the first session.
func begun(w watchdog) {
	if lifecycle.Load() == running {
		return // the sessions were first
	}
	w.start()
	ranks, cpus := localRanks(os.Getenv), cgo.CPUs()
	crowded := ranks > cpus
	eng.tune(ranks, cpus)
	// With a single processor Go takes it away from whoever is in C for 20 us, starts
	// a thread for it that finds nothing to do, and gives it back: on the one core
	// that this rank is bound to, a thread that copies a message has to make room
	// for that. With a second one it waits for 10 ms.
	if runtime.GOMAXPROCS(0) == 1 && runtime.NumCPU() == 1 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2)
	}
	if crowded {
		cgo.SetShared()
	}
	// Open MPI yields by itself when mpirun finds more ranks than cores. Patience
	// is a matter of all ranks or none: what it makes of a collective does not
	// match the plain call, which a rank in C or on an idle host would make.
	cgo.SetPatient(crowded && !attached && family(cgo.LibraryVersion()) != "Open MPI" && uniform(os.Getenv))
	if n := ranks / cpus; n >= manyPerCore && !attached {
		cgo.Calm(time.Duration(n) * 100 * time.Microsecond)
	}
	lifecycle.Store(running)
}

// manyPerCore is from how many ranks for a core Go's monitor threads are a burden:
// with 4 they cost a fifth of the time of a barrier, with 32 four fifths.
const manyPerCore = 4

// Finalize ends the use of MPI; no other call works afterwards. All ranks must
// call it, with their communication complete: operations still pending are
// named on standard error, and with MPI4GO_DEBUG=leaks in the environment all
// that was made and not freed. A SendBuffer that is attached is detached, which
// waits for its messages. Sessions that are still open are finalised, too. Main
// calls it.
//
// A deferred Finalize that a panic brings about ends the whole job, with a
// report: the other ranks may sit in a call that waits for this one, and would
// not come.
//
// Errors: ErrState, ErrWin (a window has not been freed; MPI can be used on, and
// Finalize called again).
//
// Implements: MPI_Finalize (MPI 4.1 §11.2.2)
func Finalize() error {
	if err := world.check("Finalize"); err != nil {
		return err
	}
	if p := recover(); p != nil { // defer mpi.Finalize()
		fall(p, debug.Stack())
	}
	if panicking() {
		die(2, "panic: a deferred function has called Finalize while a panic was on its way through this goroutine "+
			"(defer mpi.Finalize() itself to have its value named here)", debug.Stack())
	}
	initMu.Lock()
	defer initMu.Unlock()
	if err := world.check("Finalize"); err != nil {
		return err // another goroutine was faster
	}
	if attached && cgo.Finalized() {
		lifecycle.Store(finalized)
		return argError("Finalize", ErrState, "MPI has been finalised by whoever initialised it, which must come after this call")
	}
	if err := keptWindows("Finalize"); err != nil {
		return err
	}
	defer world.enters("Finalize").over()
	settleChecks()
	awaitDoom()
	world.endChecks()
	awaitDoom()
	if err := leave("Finalize"); err != nil {
		return err
	}
	var errs []error
	for s := range sessions {
		errs = append(errs, s.end("Finalize", false))
	}
	end := cgo.Finalize
	if attached {
		end = cgo.Detach
	}
	errs = append(errs, end())
	endedBy.stop()
	return errors.Join(errs...)
}

// awaitDoom keeps Finalize from going on while a goroutine ends the job, and not
// well.
func awaitDoom() {
	if doomed.Load() {
		select {}
	}
}

// panicking reports whether this goroutine runs a function that was deferred,
// because of a panic. A panic that the function has recovered counts, since
// nobody can tell; it is over when that function has returned.
func panicking() bool {
	pcs := make([]uintptr, 100)
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs)
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			if f, more = frames.Next(); f.Function == "runtime.gopanic" {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// leave ends all use of MPI by this package; op is the call that does.
func leave(op string) error {
	reportLeft(op)
	if err := detachBuffer(); err != nil {
		return err
	}
	departed.leave()
	lifecycle.Store(finalized)
	eng.close()
	for probers.Load() > 0 {
		runtime.Gosched()
	}
	// A goroutine that posts or tests at this moment is through in less than a
	// millisecond, but for what else the machine has to do.
	for end := time.Now().Add(time.Second); cgo.Busy() && time.Now().Before(end); {
		time.Sleep(50 * time.Microsecond)
	}
	cgo.Leave()
	return nil
}

// Initialized reports whether MPI has been initialised in this process, by
// this package or by other code. It stays true after Finalize.
//
// Implements: MPI_Initialized (MPI 4.1 §11.4.1)
func Initialized() bool { return cgo.Initialized() }

// Finalized reports whether MPI has been finalised in this process.
//
// Implements: MPI_Finalized (MPI 4.1 §11.4.2)
func Finalized() bool { return lifecycle.Load() == finalized || cgo.Finalized() }

// Threads is the thread level that MPI was initialised with.
func Threads() ThreadLevel { return level }

// Wtime is the time in seconds since some moment in the past. It may be called
// from any goroutine, after Init.
//
// Implements: MPI_Wtime (MPI 4.1 §9.6)
func Wtime() float64 { return cgo.Wtime() }

// Wtick is the resolution of Wtime, in seconds.
//
// Implements: MPI_Wtick (MPI 4.1 §9.6)
func Wtick() float64 { return cgo.Wtick() }

// ProcessorName names the host that this rank runs on.
//
// Implements: MPI_Get_processor_name (MPI 4.1 §9.1.2)
func ProcessorName() (string, error) {
	if err := usable("ProcessorName"); err != nil {
		return "", err
	}
	return cgo.ProcessorName(), nil
}

// LibraryVersion is the text by which the MPI library names itself; its first
// line is the name and version. It may be called before Init.
//
// Implements: MPI_Get_library_version (MPI 4.1 §9.1.1)
func LibraryVersion() string { return cgo.LibraryVersion() }

// StandardVersion is the version of the MPI standard that the library
// implements, as 3 and 1. It may be called before Init.
//
// Implements: MPI_Get_version (MPI 4.1 §9.1.1)
func StandardVersion() (version, subversion int) { return cgo.Version() }

// Main is an MPI program: it initialises MPI, calls run with the communicator
// of all ranks, and finalises MPI.
//
//	func main() {
//		mpi.Main(func(world *mpi.Comm) error {
//			...
//		})
//	}
//
// When run returns nil on all ranks, Main returns. When it returns an error,
// panics, or leaves with runtime.Goexit on any rank, that rank reports its
// number, host, error and (for a panic) stack on standard error, and the whole
// job ends with a non-zero exit code at once, even while the other ranks sit
// in a call that waits for this one.
//
// Goroutines of the program's own get the same treatment when they are started
// with Go. The stacks of the others, and the profiles of all, have a label
// "mpi", as "rank 2 of 4 on node1".
func Main(run func(world *Comm) error, opts ...Option) {
	showLabels()
	if err := Init(opts...); err != nil {
		// MPI may not be usable, so just leave. When each rank is a world of
		// its own, all say the same, and one is enough; any other error may be
		// this rank's alone.
		alone := errors.Is(err, ErrLaunch) && world.size == 1
		if !alone || speaks(os.Getenv) {
			fmt.Fprintln(os.Stderr, err)
		}
		if alone {
			time.Sleep(2 * reportTime) // launchers end the others when one leaves
		}
		os.Exit(1)
	}
	label()
	guard(func() {
		if err := run(world); err != nil && !isInterruption(err) {
			die(1, "error: "+err.Error(), nil)
		}
	})
	if err := Finalize(); err != nil {
		die(1, "error: "+err.Error(), nil)
	}
	if s := interruption(); s != nil {
		die(s.code(), "error: "+s.text(), nil)
	}
}

// Go runs f in a goroutine whose panic ends the whole job, with a report, as
// Main does for the function that it runs. A panic in a goroutine started with
// a plain go statement ends the job too, but the report is the Go runtime's,
// where only the labels of the stacks name the rank. It panics if f is nil,
// where a go statement would end the process.
func Go(f func()) {
	if f == nil {
		panic("mpi: Go: the function is nil")
	}
	go guard(f)
}

func guard(f func()) {
	normal := false
	defer func() {
		if !normal {
			fall(recover(), debug.Stack())
		}
	}()
	f()
	normal = true
}

func init() { cgo.OnPanic = fall }

// fall ends the job for a panic with p, or for a Goexit if that is nil.
func fall(p any, stack []byte) {
	if p == nil {
		die(1, "error: the goroutine was ended by runtime.Goexit", stack)
	}
	if e, ok := p.(error); ok && errors.As(e, new(runtime.Error)) {
		die(2, "panic: "+e.Error(), stack)
	}
	die(2, fmt.Sprintf("panic: %v", p), stack)
}

var (
	dying  sync.Mutex
	doomed atomic.Bool // somebody is dying
)

// die reports and ends the job; it does not return. It never finalises: the
// other ranks may sit in a collective, and Finalize would wait for them.
func die(code int, what string, stack []byte) {
	doomed.Store(true)
	dying.Lock() // the first report is the one that counts
	if world.rank > 0 {
		// An error that all ranks meet is rank 0's to report: by the time
		// the others would, its Abort has ended them.
		time.Sleep(2 * reportTime)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "mpi: %s: %s\n", whoami(), what)
	if stack != nil {
		b.WriteByte('\n')
		b.Write(stack)
	}
	os.Stderr.WriteString(b.String())
	if lifecycle.Load() != running {
		os.Exit(code)
	}
	time.Sleep(reportTime)
	departed.dismiss(code)
	world.Abort(code)
}

// whoami is the rank and its host, at any time.
func whoami() string {
	// The system's name for the host, because before Init and after Finalize
	// asking MPI would end the process.
	host, _ := os.Hostname()
	switch {
	case world.size == 0 && lifecycle.Load() == running: // sessions only
		return "on " + host
	case world.size == 0 || lifecycle.Load() == fresh:
		return "before Init on " + host
	}
	return fmt.Sprintf("rank %d of %d on %s", world.rank, world.size, host)
}

// reportTime is for the launcher to pass the report on before Abort makes it
// end the job: MPICH's loses one in twenty otherwise, of C programs too.
const reportTime = 100 * time.Millisecond

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	s, _, _ = strings.Cut(s, ", package:")
	return strings.Join(strings.Fields(s), " ")
}
