package mpi

import (
	"maps"
	"os"
	"strings"
	"sync/atomic"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Session is a use of MPI that needs no other: a package can have its own,
// whether or not the program around it has called Init, and gets communicators
// from it by way of groups:
//
//	s, err := mpi.SessionInit(nil)
//	g, err := s.Group("mpi://WORLD")
//	c, err := mpi.CommCreateFromGroup(g, "my package", nil)
//	...
//	err = s.Finalize()
//
// World and Self are for programs that call Init, before or after; all else
// works with a session alone. When the last session of a program without Init is
// finalised, MPI is, and cannot begin again in this process: the libraries
// cannot do it.
//
// Sessions came with MPI-4. All methods may be called from any goroutine, but
// nobody may use a session while it is being finalised.
type Session struct {
	h          cgo.Session
	errhandler atomic.Pointer[Errhandler] // nil is ErrorsReturn
}

// sessions are those that are open; under initMu.
var sessions = make(map[*Session]bool)

// SessionInit begins a session. Info gives hints, of which "thread_level" asks
// for the thread level. It is ThreadMultiple without that: see AtLeast for what
// a program must do with less. It may be called before Init and after. It is
// local, but where it is what initialises MPI, a library may wait until all
// processes of the job do so.
//
// Errors: ErrUnsupported (the library has no sessions, or too low a thread
// level), ErrState after Finalize, ErrLaunch as for Init, ErrInfoKey,
// ErrInfoValue.
//
// Implements: MPI_Session_init (MPI 4.1 §11.3.1)
func SessionInit(info Info) (*Session, error) {
	const op, key = "SessionInit", "thread_level"
	if !cgo.HasSessions {
		major, minor := StandardVersion()
		return nil, argError(op, ErrUnsupported, "MPI_Session_init came with MPI-4, and this library is MPI %d.%d", major, minor)
	}
	least := ThreadMultiple
	if given, found := info[key]; found {
		if least, found = levelOf(given); !found {
			return nil, argError(op, ErrInfoValue, "info[%q] is %q, but must be one of %v to %v", key, given, ThreadSingle, ThreadMultiple)
		}
	}
	dog, err := watchdogOf(op, os.Getenv("MPI4GO_WATCHDOG"), watchdog{})
	if err != nil {
		return nil, err
	}
	checks, err := checkOf(op, os.Getenv("MPI4GO_CHECK"))
	if err != nil {
		return nil, err
	}
	debug, err := debugOf(op, os.Getenv("MPI4GO_DEBUG"))
	if err != nil {
		return nil, err
	}
	hints := Info{key: least.String()}
	maps.Copy(hints, info)

	initMu.Lock()
	defer initMu.Unlock()
	if lifecycle.Load() == finalized || cgo.Finalized() {
		return nil, argError(op, ErrState, "MPI has been finalised, and cannot be initialised again")
	}
	first := lifecycle.Load() == fresh
	if first {
		if err := checkLibrary(op, cgo.Headers(), cgo.LibraryVersion()); err != nil {
			return nil, err
		}
	}
	s := new(Session)
	err = hints.with(op, func(h cgo.Hints) (err error) {
		s.h, err = cgo.SessionInit(h)
		return err
	})
	if err != nil {
		return nil, err
	}
	sessions[s] = true
	startDebug(debug)
	leaks.Made("session", s)
	startChecks(checks)
	begun(dog)
	if err := s.accept(op, least, first); err != nil {
		s.finalize(op)
		return nil, err
	}
	return s, nil
}

// accept looks whether a new session is what the program needs.
func (s *Session) accept(op string, least ThreadLevel, first bool) error {
	info, err := cgo.SessionInfo(op, s.h)
	if err != nil {
		return err
	}
	got, found := levelOf(info["thread_level"])
	if !found {
		got = least // a library need not say
	}
	if got < least {
		return argError(op, ErrUnsupported, "this MPI library provides %v only, and the program asks for %v: %s",
			got, least, firstLine(cgo.LibraryVersion()))
	}
	if !first {
		return nil
	}
	level = got
	return s.checkLauncher(op)
}

func (s *Session) checkLauncher(op string) error {
	all, err := cgo.SessionGroup(op, s.h, psetWorld)
	if err != nil {
		return err
	}
	defer cgo.GroupFree(all.H)
	if all.Size > 1 || cgo.Initialized() { // by others, who have seen to it
		return nil
	}
	return checkLauncher(op, os.Getenv, os.Getpid())
}

// psetWorld is the process set that every library has.
const psetWorld = "mpi://WORLD"

func levelOf(name string) (ThreadLevel, bool) {
	for l := ThreadSingle; l <= ThreadMultiple; l++ {
		if l.String() == name {
			return l, true
		}
	}
	return ThreadSingle, false
}

// Finalize ends the session. All processes with which its communicators connect
// this one must call it, when their communication is complete; communicators
// should have been freed. When MPI is not initialised otherwise, by Init or
// another session, it ends the use of MPI as mpi.Finalize does. Calling it
// again, or on nil, does nothing. What mpi.Finalize finds open it finalises, and
// a program that ends without either just ends.
//
// Implements: MPI_Session_finalize (MPI 4.1 §11.3.1)
func (s *Session) Finalize() error {
	if s == nil {
		return nil
	}
	initMu.Lock()
	err := s.finalize("Session.Finalize")
	initMu.Unlock()
	return s.raise(err)
}

// finalize is called with initMu held.
func (s *Session) finalize(op string) error {
	if s.h == 0 {
		return nil
	}
	leaks.Freed(s)
	// C code around this program may have initialised MPI.
	others := cgo.Initialized() && !cgo.Finalized()
	last := len(sessions) == 1 && world.h == 0 && !others
	if last {
		if err := keptWindows(op); err != nil {
			return err
		}
		if err := leave(op); err != nil {
			return err
		}
	}
	return s.end(op, last)
}

// end is called with initMu held.
func (s *Session) end(op string, last bool) error {
	h := s.h
	s.h = 0
	delete(sessions, s)
	return cgo.SessionFinalize(op, h, last)
}

func (s *Session) check(op string) error {
	switch {
	case s == nil:
		return argError(op, ErrArg, "the session is nil")
	case s.h == 0:
		return argError(op, ErrState, "the session has been finalised")
	}
	return nil
}

// Info is the hints in use, with defaults of the library's. The map is the
// caller's.
//
// Errors: ErrState.
//
// Implements: MPI_Session_get_info (MPI 4.1 §11.3.3)
func (s *Session) Info() (Info, error) {
	const op = "Session.Info"
	if err := s.check(op); err != nil {
		return nil, s.raise(err)
	}
	info, err := cgo.SessionInfo(op, s.h)
	return info, s.raise(err)
}

// NumPsets is how many sets of processes the session knows of. There are two at
// least, "mpi://WORLD" and "mpi://SELF". There may be more later, but never fewer.
//
// Errors: ErrState.
//
// Implements: MPI_Session_get_num_psets (MPI 4.1 §11.3.3)
func (s *Session) NumPsets() (int, error) {
	const op = "Session.NumPsets"
	if err := s.check(op); err != nil {
		return 0, s.raise(err)
	}
	n, err := cgo.SessionNumPsets(op, s.h)
	return n, s.raise(err)
}

// NthPset is the name of a process set, of which n counts from 0.
//
// Errors: ErrState, ErrArg.
//
// Implements: MPI_Session_get_nth_pset (MPI 4.1 §11.3.3)
func (s *Session) NthPset(n int) (string, error) {
	const op = "Session.NthPset"
	if err := s.check(op); err != nil {
		return "", s.raise(err)
	}
	// MPICH 4.0 ends the process for an n out of range.
	sets, err := cgo.SessionNumPsets(op, s.h)
	if err == nil && uint(n) >= uint(sets) {
		err = argError(op, ErrArg, "n is %d, but the process sets are 0 to %d", n, sets-1)
	}
	if err != nil {
		return "", s.raise(err)
	}
	name, err := cgo.SessionNthPset(op, s.h, n)
	return name, s.raise(err)
}

// PsetInfo is what is known of a process set: its size, as "mpi_size", and what
// the library adds. The map is the caller's.
//
// Errors: ErrState, ErrArg (there is no such set).
//
// Implements: MPI_Session_get_pset_info (MPI 4.1 §11.3.3)
func (s *Session) PsetInfo(pset string) (Info, error) {
	const op = "Session.PsetInfo"
	if err := s.checkPset(op, pset); err != nil {
		return nil, s.raise(err)
	}
	info, err := cgo.SessionPsetInfo(op, s.h, pset)
	return info, s.raise(err)
}

// Group is the group of the processes in a process set. It serves
// CommCreateFromGroup, and may be used with no other session. It is local.
//
// Errors: ErrState, ErrArg (there is no such set).
//
// Implements: MPI_Group_from_session_pset (MPI 4.1 §7.3.2)
func (s *Session) Group(pset string) (*Group, error) {
	const op = "Session.Group"
	if err := s.checkPset(op, pset); err != nil {
		return nil, s.raise(err)
	}
	g, err := newGroup(cgo.SessionGroup(op, s.h, pset))
	return g, s.raise(err)
}

// checkPset looks for the name, since MPICH 4.0 ends the process for one that
// it does not know.
func (s *Session) checkPset(op, pset string) error {
	if err := s.check(op); err != nil {
		return err
	}
	sets, err := cgo.SessionNumPsets(op, s.h)
	if err != nil {
		return err
	}
	names := make([]string, sets)
	for i := range names {
		if names[i], err = cgo.SessionNthPset(op, s.h, i); err != nil || names[i] == pset {
			return err
		}
	}
	return argError(op, ErrArg, "there is no process set %.60q, but %s", pset, strings.Join(names, ", "))
}

// NewSessionErrhandler makes an error handler for sessions. It is called as that
// of NewErrhandler is.
//
// Implements: MPI_Session_create_errhandler (MPI 4.1 §9.3.4)
func NewSessionErrhandler(f func(s *Session, err error)) *Errhandler { return &Errhandler{session: f} }

// SetErrhandler makes h the error handler of the methods of s. Nil is
// ErrorsReturn.
//
// Errors: ErrState, ErrArg (a handler for something else).
//
// Implements: MPI_Session_set_errhandler (MPI 4.1 §9.3.4)
func (s *Session) SetErrhandler(h *Errhandler) error {
	const op = "Session.SetErrhandler"
	if err := s.check(op); err != nil {
		return err
	}
	if h != nil && h.session == nil {
		return argError(op, ErrArg, "the error handler is not one for sessions")
	}
	s.errhandler.Store(h)
	return nil
}

// Errhandler is the error handler of s.
//
// Errors: ErrState.
//
// Implements: MPI_Session_get_errhandler (MPI 4.1 §9.3.4)
func (s *Session) Errhandler() (*Errhandler, error) {
	if err := s.check("Session.Errhandler"); err != nil {
		return nil, err
	}
	if h := s.errhandler.Load(); h != nil {
		return h, nil
	}
	return ErrorsReturn, nil
}

// CallErrhandler calls the error handler of s with an error of the program's
// own.
//
// Errors: ErrState.
//
// Implements: MPI_Session_call_errhandler (MPI 4.1 §9.5)
func (s *Session) CallErrhandler(err error) error {
	if err := s.check("Session.CallErrhandler"); err != nil {
		return err
	}
	s.raise(err)
	return nil
}

// raise gives the error of a call on s to its handler, and returns it.
func (s *Session) raise(err error) error {
	if err == nil || s == nil {
		return err
	}
	if h := s.errhandler.Load(); h != nil {
		h.session(s, err)
	}
	return err
}
