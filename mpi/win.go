package mpi

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/mpi4go/mpi4go/internal/attr"
	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Win is a window: memory of each rank of a communicator that the others read,
// write and update by Put, Get, Accumulate and their kin, without a call of its
// owner. When that may happen, and when the results are there, is for calls of
// synchronisation to say, of which there are three kinds:
//
//   - Fence, which all ranks call: between two of them everybody may reach
//     everybody;
//   - Post and Wait on the ranks that are reached, Start and Complete on those
//     that reach them;
//   - Lock and Unlock, or LockAll and UnlockAll, on the rank that reaches the
//     others, which call nothing. Flush completes what has been begun without
//     giving up the lock.
//
// A call such as Put only begins the transfer, and both memories belong to MPI
// until one of these calls has completed it: what is put must not be written,
// what is got neither read nor written. The memory is kept safe, as that of a
// Request is: it is pinned and held until then.
//
// A displacement counts elements of the target's memory, whatever their size
// there is. The ranks tell each other the sizes when they make the window, so
// that what would reach beyond the memory of a rank is refused where it begins.
//
// The libraries are free to let a rank's memory be reached only while that rank
// is in some call of MPI. They mostly do so for memory that is not theirs, and
// always across a network that cannot write memory by itself: a rank that only
// computes keeps the others waiting in Unlock or Flush. Memory of WinAllocate is
// the best there is, and costs nothing.
//
// All methods and functions that take a Win may be called from any goroutine,
// with the exceptions that MPI makes: the ranks must call the collective ones
// in the same order, synchronisation is one for the whole rank, so that
// goroutines which use a window at once share a LockAll (each with a Flush of
// its own), and nobody may use a window while it is being freed. A call of
// synchronisation is one call into C and holds a thread until it is over.
type Win struct {
	h          cgo.Win
	c          *Comm // w was made of, which may have been freed
	rank, size int
	flavor     WinFlavor
	unified    bool
	alone      bool           // the library does not make the transfers; see winalone.c
	mem        unsafe.Pointer // this rank's memory; nil in a dynamic window
	parts      []winPart      // of each rank; one when they are all alike
	errhandler atomic.Pointer[Errhandler]

	// What is pinned here and in the rest of a Win is safe even if the program
	// drops it: wins holds it until it is freed.
	pin runtime.Pinner

	mu       sync.Mutex
	epoch    epoch
	attached map[uintptr]*region // of a dynamic window, by address

	// For the watchdog's reports and check mode, as in Comm.
	name    atomic.Pointer[string]
	made    *trace
	checker *checker
}

// winPart is what there is to know of a rank's part of a window: how many elements
// of how many bytes, and at which byte they begin for the library. Elements of a
// dynamic one are bytes, and nobody knows how many.
type winPart struct{ n, unit, skip int }

// region is memory of a dynamic window.
type region struct {
	size int
	pin  runtime.Pinner
}

// WinFlavor says how a window was made.
type WinFlavor int

// The flavors (MPI 4.1 §12.2.6).
const (
	WinFlavorCreate   WinFlavor = iota // by WinCreate
	WinFlavorAllocate                  // by WinAllocate
	WinFlavorDynamic                   // by WinCreateDynamic
	WinFlavorShared                    // by WinAllocateShared
)

func (f WinFlavor) String() string {
	switch f {
	case WinFlavorCreate:
		return "MPI_WIN_FLAVOR_CREATE"
	case WinFlavorAllocate:
		return "MPI_WIN_FLAVOR_ALLOCATE"
	case WinFlavorDynamic:
		return "MPI_WIN_FLAVOR_DYNAMIC"
	case WinFlavorShared:
		return "MPI_WIN_FLAVOR_SHARED"
	}
	return fmt.Sprintf("WinFlavor(%d)", int(f))
}

// wins holds the windows, by handle: for callbacks, and so that no pinned memory
// is lost with a Win that the program drops.
var wins sync.Map // of cgo.Win to *Win

// WinCreate makes a window of the slices that the ranks of c give, of any length,
// 0 too. T holds no pointers. Displacements count elements of T. The slice is
// pinned and held until Free; this rank goes on using it as far as the
// synchronisation allows. Info gives hints, such as "no_locks". Collective over
// c.
//
// Errors: ErrComm (also for an intercommunicator), ErrType, ErrSize, ErrInfoKey,
// ErrInfoValue.
//
// Implements: MPI_Win_create (MPI 4.1 §12.2.1)
func WinCreate[T any](c *Comm, mem []T, info Info) (*Win, error) {
	const op = "WinCreate"
	unit, err := c.checkWin(op, reflect.TypeFor[T](), len(mem))
	if err != nil {
		return nil, c.raise(err)
	}
	b := c.enters(op)
	w := c.newWin(WinFlavorCreate)
	w.mem = unsafe.Pointer(unsafe.SliceData(mem))
	if w.mem != nil {
		w.pin.Pin(w.mem)
	}
	skip := 0
	err = info.with(op, func(h cgo.Hints) (err error) {
		w.h, skip, w.alone, err = cgo.WinCreate(op, uintptr(w.mem), len(mem)*unit, h, c.h)
		return err
	})
	b.over()
	if err != nil {
		w.pin.Unpin()
		return nil, c.raise(err)
	}
	return w, c.raise(w.introduce(op, c, winPart{len(mem), unit, skip}))
}

// WinAllocate makes a window of n elements of T on each rank, in memory of the
// library's, which may be faster to reach than a slice of Go's. n may differ
// between ranks, and be 0. The memory is returned as a slice, with all bytes
// zero. It is gone after Free: whoever touches the slice then crashes. Info gives
// hints, such as "same_size". Collective over c.
//
// Errors: as those of WinCreate, and ErrNoMem.
//
// Implements: MPI_Win_allocate (MPI 4.1 §12.2.2)
func WinAllocate[T any](c *Comm, n int, info Info) (*Win, []T, error) {
	return winAllocate[T]("WinAllocate", c, WinFlavorAllocate, n, info)
}

// WinAllocateShared is WinAllocate for ranks that can share memory, as those of
// a communicator of SplitType(CommTypeShared, key) can: WinSharedQuery gives each
// rank the others' memory as slices, too. Collective over c.
//
// Errors: as those of WinAllocate, and ErrRMAShared when the ranks cannot share
// memory.
//
// Implements: MPI_Win_allocate_shared (MPI 4.1 §12.2.3)
func WinAllocateShared[T any](c *Comm, n int, info Info) (*Win, []T, error) {
	return winAllocate[T]("WinAllocateShared", c, WinFlavorShared, n, info)
}

func winAllocate[T any](op string, c *Comm, flavor WinFlavor, n int, info Info) (*Win, []T, error) {
	unit, err := c.checkWin(op, reflect.TypeFor[T](), n)
	if err != nil {
		return nil, nil, c.raise(err)
	}
	b := c.enters(op)
	w := c.newWin(flavor)
	err = info.with(op, func(h cgo.Hints) (err error) {
		w.h, w.mem, err = cgo.WinAllocate(op, flavor == WinFlavorShared, n*unit, h, c.h)
		return err
	})
	b.over()
	if err != nil {
		return nil, nil, c.raise(err)
	}
	mem := unsafe.Slice((*T)(w.mem), n)
	clear(mem) // before introduce, in which the ranks wait for each other
	if err := w.introduce(op, c, winPart{n: n, unit: unit}); err != nil {
		return nil, nil, c.raise(err)
	}
	return w, mem, nil
}

// WinCreateDynamic makes a window without memory: each rank adds and removes its
// own with WinAttach and WinDetach. Collective over c.
//
// Errors: as those of WinCreate.
//
// Implements: MPI_Win_create_dynamic (MPI 4.1 §12.2.4)
func WinCreateDynamic(c *Comm, info Info) (*Win, error) {
	const op = "WinCreateDynamic"
	if _, err := c.checkWin(op, reflect.TypeFor[byte](), 0); err != nil {
		return nil, c.raise(err)
	}
	b := c.enters(op)
	w := c.newWin(WinFlavorDynamic)
	w.attached = make(map[uintptr]*region)
	err := info.with(op, func(h cgo.Hints) (err error) {
		w.h, w.alone, err = cgo.WinCreateDynamic(op, h, c.h)
		return err
	})
	b.over()
	if err != nil {
		return nil, c.raise(err)
	}
	return w, c.raise(w.introduce(op, c, winPart{unit: 1}))
}

// checkWin checks what all windows of n elements have, and returns the size of
// an element.
func (c *Comm) checkWin(op string, t reflect.Type, n int) (unit int, err error) {
	if err := c.check(op); err != nil {
		return 0, err
	}
	if err := c.checkIntra(op); err != nil {
		return 0, err
	}
	unit = int(t.Size())
	switch {
	case !pointerFree(t):
		err = argError(op, ErrType, "%v holds pointers, which mean nothing to another rank", t)
	case unit == 0 || unit > maxInt32:
		err = argError(op, ErrType, "%v has %d bytes, but the elements of a window have 1 to %d", t, unit, maxInt32)
	case n < 0 || n > math.MaxInt/unit:
		err = argError(op, ErrSize, "%d elements of %d bytes cannot be", n, unit)
	}
	return unit, err
}

func (c *Comm) newWin(flavor WinFlavor) *Win {
	w := &Win{c: c, rank: c.rank, size: c.size, flavor: flavor}
	if debugging.Load() || leaks.On() {
		w.made = new(trace)
		callers(w.made)
	}
	return w
}

// introduce makes w known: here, and to the other ranks, which learn how much
// memory this one has. If that fails the job is beyond repair, and the memory
// stays pinned.
func (w *Win) introduce(op string, c *Comm, mine winPart) error {
	wins.Store(w.h, w)
	w.unified = cgo.WinUnified(w.h)
	all := make([]int, 3*w.size)
	if err := c.allgather(c.blocking(op), viewOf([]int{mine.n, mine.unit, mine.skip}), viewOf(all)); err != nil {
		return err
	}
	w.parts = make([]winPart, 0, w.size)
	if c.checked() {
		w.checker = newChecker(c) // c may be freed before w is
	}
	alike := true
	for i := 0; i < len(all); i += 3 {
		p := winPart{all[i], all[i+1], all[i+2]}
		w.parts = append(w.parts, p)
		alike = alike && p == w.parts[0]
	}
	if alike {
		w.parts = []winPart{w.parts[0]}
	}
	return nil
}

// part is what the rank has.
func (w *Win) part(rank int) winPart {
	if len(w.parts) == 1 {
		rank = 0
	}
	return w.parts[rank]
}

// WinAttach adds the memory of a slice to a dynamic window, and returns its
// displacement, which the ranks that are to reach it must be told: displacements
// in a dynamic window count bytes, so that the element i is at disp plus i times
// the size of a T. Nobody but this rank can check what it is asked for: a
// displacement outside the memory attached to another rank may destroy memory
// there. T holds no pointers. The slice is pinned and held until WinDetach or
// Free. It is not collective.
//
// Errors: ErrWin, ErrRMAFlavor (the window is not dynamic), ErrType, ErrRMAAttach
// (there is no element, or some of the memory is attached already, or the library
// can attach no more).
//
// Implements: MPI_Win_attach (MPI 4.1 §12.2.4)
func WinAttach[T any](w *Win, mem []T) (disp int, err error) {
	disp, err = w.attach("WinAttach", reflect.TypeFor[T](), unsafe.Pointer(unsafe.SliceData(mem)), len(mem))
	return disp, w.raise(err)
}

func (w *Win) attach(op string, t reflect.Type, p unsafe.Pointer, n int) (int, error) {
	if err := w.checkFlavor(op, WinFlavorDynamic); err != nil {
		return 0, err
	}
	size := n * int(t.Size())
	switch {
	case !pointerFree(t):
		return 0, argError(op, ErrType, "%v holds pointers, which mean nothing to another rank", t)
	case size == 0:
		return 0, argError(op, ErrRMAAttach, "mem has %d elements of %d bytes: there is nothing to attach", n, t.Size())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for at, r := range w.attached {
		if uintptr(p) < at+uintptr(r.size) && at < uintptr(p)+uintptr(size) {
			return 0, argError(op, ErrRMAAttach, "mem shares memory with what is attached already")
		}
	}
	r := &region{size: size}
	r.pin.Pin(p)
	disp := int(uintptr(p))
	if !w.alone {
		var err error
		if disp, err = cgo.WinAttach(op, w.h, uintptr(p), size); err != nil {
			r.pin.Unpin()
			return 0, err
		}
	}
	w.attached[uintptr(p)] = r
	return disp, nil
}

// WinDetach takes memory from a dynamic window: a slice that begins where one
// that was attached does. No rank may reach it any more.
//
// Errors: ErrWin, ErrRMAFlavor (the window is not dynamic), ErrBase (no such
// memory is attached).
//
// Implements: MPI_Win_detach (MPI 4.1 §12.2.4)
func WinDetach[T any](w *Win, mem []T) error {
	return w.raise(w.detach("WinDetach", unsafe.Pointer(unsafe.SliceData(mem))))
}

func (w *Win) detach(op string, p unsafe.Pointer) error {
	if err := w.checkFlavor(op, WinFlavorDynamic); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.attached[uintptr(p)]
	if r == nil {
		return argError(op, ErrBase, "mem does not begin where memory is attached")
	}
	if !w.alone {
		if err := cgo.WinDetach(op, w.h, uintptr(p)); err != nil {
			return err
		}
	}
	delete(w.attached, uintptr(p))
	r.pin.Unpin()
	return nil
}

// WinSharedQuery is the memory that the rank has in a window of WinAllocateShared,
// as a slice of the same T. With ProcNull it is that of the first rank that has
// any. All ranks that use the memory so must agree on when who does: Sync on each
// side of a Barrier, or a Fence, makes what one has written visible to all. The
// memory is gone after Free: whoever touches the slice then crashes.
//
// Errors: ErrWin, ErrRMAFlavor (the window is not shared), ErrRank, ErrType (the
// rank's elements are not of the size of a T).
//
// Implements: MPI_Win_shared_query (MPI 4.1 §12.2.3)
func WinSharedQuery[T any](w *Win, rank int) ([]T, error) {
	const op = "WinSharedQuery"
	if err := w.checkFlavor(op, WinFlavorShared); err != nil {
		return nil, w.raise(err)
	}
	if rank == ProcNull {
		for rank = 0; rank < w.size-1 && w.part(rank).n == 0; rank++ {
		}
	}
	if uint(rank) >= uint(w.size) {
		return nil, w.raise(argError(op, ErrRank, "rank is %d, but the window's ranks are 0 to %d (or ProcNull)", rank, w.size-1))
	}
	part, t := w.part(rank), reflect.TypeFor[T]()
	if int(t.Size()) != part.unit || !pointerFree(t) {
		return nil, w.raise(argError(op, ErrType, "rank %d has elements of %d bytes without pointers, but T is %v", rank, part.unit, t))
	}
	if part.n == 0 {
		return nil, nil
	}
	base, size, err := cgo.WinSharedQuery(op, w.h, rank)
	if err != nil {
		return nil, w.raise(err)
	}
	return unsafe.Slice((*T)(base), min(part.n, size/part.unit)), nil
}

// Free gives w up, when no rank has anything under way in it: with all epochs
// closed, and requests of it complete. The ranks wait for each other. Memory of
// WinAllocate and WinAllocateShared is gone afterwards. Collective over the ranks
// of w. Calling it again, or on nil, does nothing; any other use of w is an error
// afterwards.
//
// Errors: ErrRMASync (an epoch of this rank's is open).
//
// Implements: MPI_Win_free (MPI 4.1 §12.2.5)
func (w *Win) Free() error {
	const op = "Win.Free"
	if w == nil || w.h == 0 {
		return nil
	}
	if err := w.check(op); err != nil {
		return err
	}
	w.mu.Lock()
	err := w.epoch.closed(op)
	w.mu.Unlock()
	if err != nil {
		return w.raise(err)
	}
	defer w.enters(op, 0).over()
	w.checker.free()
	w.checker = nil
	h := w.h
	w.h = 0
	if err := cgo.WinFree(op, h); err != nil {
		w.h = h // others may still reach the memory
		return w.raise(err)
	}
	wins.CompareAndDelete(h, w) // the handle may be another's by now
	w.release(everybody)
	w.pin.Unpin()
	for _, r := range w.attached {
		r.pin.Unpin()
	}
	w.mem, w.attached = nil, nil
	return nil
}

// keptWindows is an error when windows have not been freed, with which not all
// libraries can be finalised: MPICH over UCX crashes. What else is left over would
// then be named by nobody, and so it is here.
func keptWindows(op string) error {
	const most = 10 // no more than a screen
	var labels []string
	wins.Range(func(_, w any) bool {
		labels = append(labels, w.(*Win).label())
		return true
	})
	n := len(labels)
	if n == 0 {
		return nil
	}
	reportLeft(op)
	slices.Sort(labels)
	if n > most {
		labels = append(labels[:most], fmt.Sprintf("and %d more", n-most))
	}
	return argError(op, ErrWin, "windows that have not been freed: %d: %s", n, strings.Join(labels, "; "))
}

// Rank is this rank's number among those of w, from 0, and Size how many there
// are: those of the communicator that w was made of. They make no call into C.
func (w *Win) Rank() int { return w.rank }

// Size is the number of ranks of w.
func (w *Win) Size() int { return w.size }

// Flavor says how w was made. Reads the attribute MPI_WIN_CREATE_FLAVOR (MPI 4.1
// §12.2.6).
func (w *Win) Flavor() WinFlavor { return w.flavor }

// Unified reports whether w has the unified memory model, in which what others
// have written to this rank's memory is seen by it without more ado than the
// synchronisation. In the separate model Sync is needed for it, too. Reads the
// attribute MPI_WIN_MODEL (MPI 4.1 §12.2.6).
func (w *Win) Unified() bool { return w.unified }

// Group is the group of w's ranks.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_get_group (MPI 4.1 §12.2.6)
func (w *Win) Group() (*Group, error) {
	const op = "Win.Group"
	if err := w.check(op); err != nil {
		return nil, w.raise(err)
	}
	g, err := newGroup(cgo.WinGroup(op, w.h))
	return g, w.raise(err)
}

// SetInfo gives w hints, in place of those that it has. Collective over the ranks
// of w.
//
// Errors: ErrWin, ErrInfoKey, ErrInfoValue.
//
// Implements: MPI_Win_set_info (MPI 4.1 §12.2.7)
func (w *Win) SetInfo(info Info) error {
	const op = "Win.SetInfo"
	if err := w.check(op); err != nil {
		return w.raise(err)
	}
	if info == nil {
		info = Info{}
	}
	defer w.enters(op, 0).over()
	return w.raise(info.with(op, func(h cgo.Hints) error { return cgo.WinInfoSet(op, w.h, h) }))
}

// Info is the hints in use on w: those that the library knows and did not refuse,
// with defaults of its own. The map is the caller's.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_get_info (MPI 4.1 §12.2.7)
func (w *Win) Info() (Info, error) {
	const op = "Win.Info"
	if err := w.check(op); err != nil {
		return nil, w.raise(err)
	}
	info, err := cgo.WinInfoGet(op, w.h)
	return info, w.raise(err)
}

// SetName gives w a name, for messages and tools.
//
// Errors: ErrWin, ErrArg (the name is longer than the library's limit, or has a
// zero byte).
//
// Implements: MPI_Win_set_name (MPI 4.1 §7.8)
func (w *Win) SetName(name string) error {
	const op = "Win.SetName"
	err := w.check(op)
	switch {
	case err != nil:
	case len(name) > cgo.MaxObjectName():
		err = argError(op, ErrArg, "name has %d bytes, but at most %d are possible here", len(name), cgo.MaxObjectName())
	case strings.IndexByte(name, 0) >= 0:
		err = argError(op, ErrArg, "name is %q, but cannot contain a zero byte", name)
	default:
		if err = cgo.WinSetName(op, w.h, name); err == nil {
			w.name.Store(&name)
		}
	}
	return w.raise(err)
}

// Name is the name of w: what SetName said, or empty.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_get_name (MPI 4.1 §7.8)
func (w *Win) Name() (string, error) {
	const op = "Win.Name"
	if err := w.check(op); err != nil {
		return "", w.raise(err)
	}
	name, err := cgo.WinName(op, w.h)
	return name, w.raise(err)
}

// check says whether w can be used now.
func (w *Win) check(op string) error {
	switch {
	case w == nil:
		return argError(op, ErrWin, "the window is nil")
	case w.h == 0:
		return argError(op, ErrWin, "the window has been freed")
	}
	return usable(op)
}

func (w *Win) checkFlavor(op string, flavor WinFlavor) error {
	if err := w.check(op); err != nil {
		return err
	}
	if w.flavor != flavor {
		return argError(op, ErrRMAFlavor, "the window is of flavor %v, but must be of %v", w.flavor, flavor)
	}
	return nil
}

// NewWinErrhandler makes an error handler for windows. It is called as that of
// NewErrhandler is.
//
// Implements: MPI_Win_create_errhandler (MPI 4.1 §9.3.2)
func NewWinErrhandler(f func(w *Win, err error)) *Errhandler { return &Errhandler{win: f} }

// SetErrhandler makes h the error handler of the methods of w, the calls that
// move data in it, and their requests. Nil is ErrorsReturn. May be called from
// any goroutine.
//
// Errors: ErrWin, ErrArg (a handler for something else).
//
// Implements: MPI_Win_set_errhandler (MPI 4.1 §9.3.2)
func (w *Win) SetErrhandler(h *Errhandler) error {
	const op = "Win.SetErrhandler"
	if err := w.check(op); err != nil {
		return err
	}
	if h != nil && h.win == nil {
		return argError(op, ErrArg, "the error handler is not one for windows")
	}
	w.errhandler.Store(h)
	return nil
}

// Errhandler is the error handler of w.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_get_errhandler (MPI 4.1 §9.3.2)
func (w *Win) Errhandler() (*Errhandler, error) {
	if err := w.check("Win.Errhandler"); err != nil {
		return nil, err
	}
	if h := w.errhandler.Load(); h != nil {
		return h, nil
	}
	return ErrorsReturn, nil
}

// CallErrhandler calls the error handler of w with an error of the program's own.
//
// Errors: ErrWin.
//
// Implements: MPI_Win_call_errhandler (MPI 4.1 §9.5)
func (w *Win) CallErrhandler(err error) error {
	if err := w.check("Win.CallErrhandler"); err != nil {
		return err
	}
	w.handle(err)
	return nil
}

// raise gives the error of a call on w to its handler, and returns it.
func (w *Win) raise(err error) error {
	if err != nil && errors.As(err, new(*Error)) {
		w.handle(err)
	}
	return err
}

func (w *Win) handle(err error) {
	if w == nil {
		return
	}
	if h := w.errhandler.Load(); h != nil {
		h.win(w, err)
	}
}

// WinKeyval is a key under which every window can carry a value of type T, as
// communicators do under a Keyval.
//
// All methods may be called from any goroutine. They are local: each rank has
// its own keys and values.
type WinKeyval[T any] struct{ k *attr.Key }

// NewWinKeyval makes a key. Nothing duplicates a window, so that there is no
// function to copy values, as NewKeyval has. When a value goes, because it is
// deleted, replaced, or its window freed, delete is called with it, unless
// delete is nil. Of a window that is being freed, delete can ask the rank and
// size, but not use it. It runs inside the MPI call that deletes or frees: it
// should do little, and must not call MPI.
//
// Errors: ErrState.
//
// Implements: MPI_Win_create_keyval (MPI 4.1 §7.7.3)
func NewWinKeyval[T any](delete func(w *Win, value T)) (*WinKeyval[T], error) {
	const op = "NewWinKeyval"
	if err := usable(op); err != nil {
		return nil, err
	}
	var onDelete func(uintptr, any)
	if delete != nil {
		onDelete = func(h uintptr, v any) { delete(winOf(cgo.Win(h)), attr.As[T](v)) }
	}
	k, err := attr.New(op, cgo.OnWin, nil, onDelete)
	if err != nil {
		return nil, err
	}
	return &WinKeyval[T]{k}, nil
}

func winOf(h cgo.Win) *Win {
	if w, ok := wins.Load(h); ok {
		return w.(*Win)
	}
	return &Win{rank: -1} // made by C code in this process
}

func (kv *WinKeyval[T]) check(op string, w *Win) error {
	if err := w.check(op); err != nil {
		return err
	}
	return kv.key().Check(op)
}

func (kv *WinKeyval[T]) key() *attr.Key {
	if kv == nil {
		return nil
	}
	return kv.k
}

// Set gives w the value v, in place of the one that it has.
//
// Errors: ErrWin, ErrKeyval.
//
// Implements: MPI_Win_set_attr (MPI 4.1 §7.7.3)
func (kv *WinKeyval[T]) Set(w *Win, v T) error {
	const op = "WinKeyval.Set"
	if err := kv.check(op, w); err != nil {
		return err
	}
	return kv.k.Set(op, uintptr(w.h), v)
}

// Get is the value that w has, and true; or false when it has none, or cannot be
// used.
//
// Implements: MPI_Win_get_attr (MPI 4.1 §7.7.3)
func (kv *WinKeyval[T]) Get(w *Win) (T, bool) {
	const op = "WinKeyval.Get"
	if kv.check(op, w) != nil {
		var none T
		return none, false
	}
	v, found := kv.k.Get(op, uintptr(w.h))
	return attr.As[T](v), found
}

// Delete takes the value from w. It does nothing when w has none.
//
// Errors: ErrWin, ErrKeyval.
//
// Implements: MPI_Win_delete_attr (MPI 4.1 §7.7.3)
func (kv *WinKeyval[T]) Delete(w *Win) error {
	const op = "WinKeyval.Delete"
	if err := kv.check(op, w); err != nil {
		return err
	}
	return kv.k.Delete(op, uintptr(w.h))
}

// Free gives the key up. Windows keep the values that they have until they are
// freed, and delete is still called for these. Calling it again, or on nil, does
// nothing.
//
// Implements: MPI_Win_free_keyval (MPI 4.1 §7.7.3)
func (kv *WinKeyval[T]) Free() error {
	const op = "WinKeyval.Free"
	if kv.key() == nil {
		return nil
	}
	if err := usable(op); err != nil {
		return err
	}
	return kv.k.Free(op)
}

// AllocMem is memory of the library's for n elements of T, which may be faster
// to send, receive and put than a slice of Go's. All bytes are zero. T holds no
// pointers. The garbage collector knows nothing of it: FreeMem gives it back, and
// whoever touches the slice then crashes. Info gives hints. It is not
// collective, and may be called from any goroutine.
//
// Errors: ErrState, ErrType, ErrSize, ErrNoMem, ErrInfoKey, ErrInfoValue.
//
// Implements: MPI_Alloc_mem (MPI 4.1 §9.2)
func AllocMem[T any](n int, info Info) ([]T, error) {
	const op = "AllocMem"
	if err := usable(op); err != nil {
		return nil, err
	}
	t := reflect.TypeFor[T]()
	unit := int(t.Size())
	switch {
	case !pointerFree(t):
		return nil, argError(op, ErrType, "%v holds pointers, which the garbage collector would not see there", t)
	case n < 0 || unit > 0 && n > math.MaxInt/unit:
		return nil, argError(op, ErrSize, "%d elements of %d bytes cannot be", n, unit)
	case n*unit == 0:
		return make([]T, n), nil
	}
	var p unsafe.Pointer
	err := info.with(op, func(h cgo.Hints) (err error) {
		p, err = cgo.AllocMem(op, n*unit, h)
		return err
	})
	if err != nil {
		return nil, err
	}
	allocated.Store(uintptr(p), true)
	s := unsafe.Slice((*T)(p), n)
	clear(s)
	return s, nil
}

// allocated has the addresses of what AllocMem has returned.
var allocated sync.Map

// FreeMem gives back what AllocMem has returned. May be called from any goroutine.
//
// Errors: ErrState, ErrBase (the slice does not begin where one of AllocMem
// does, or has been given back).
//
// Implements: MPI_Free_mem (MPI 4.1 §9.2)
func FreeMem[T any](s []T) error {
	const op = "FreeMem"
	if err := usable(op); err != nil {
		return err
	}
	p := unsafe.Pointer(unsafe.SliceData(s))
	if _, found := allocated.LoadAndDelete(uintptr(p)); !found {
		if cap(s) == 0 {
			return nil
		}
		return argError(op, ErrBase, "the slice does not begin where memory of AllocMem does")
	}
	return cgo.FreeMem(op, p)
}

// attachedAt reports whether the bytes from low to high are attached.
func (w *Win) attachedAt(low, high uintptr) bool {
	for at := range maps.Keys(w.attached) {
		if low >= at && high <= at+uintptr(w.attached[at].size) {
			return true
		}
	}
	return false
}
