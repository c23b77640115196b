package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// session begins one, and ends the test where there are none: then the error
// must say so.
func session(t *testing.T, info mpi.Info) *mpi.Session {
	t.Helper()
	s, err := mpi.SessionInit(info)
	if major, _ := mpi.StandardVersion(); major < 4 {
		if s != nil {
			t.Error("there is a session beside the error")
		}
		is(t, err, mpi.ErrUnsupported, "MPI_Session_init came with MPI-4")
		t.SkipNow()
	}
	must(t, err)
	return s
}

// The way from a session to a communicator, beside Init. Programs without Init
// are in internal/e2e.
func TestSession(t *testing.T) {
	world := mpitest.World(t)
	n, me := world.Size(), world.Rank()
	s := session(t, mpi.Info{"no_such_hint": "1"})
	count, err := s.NumPsets()
	must(t, err)
	var names []string
	for i := range count {
		name, err := s.NthPset(i)
		must(t, err)
		names = append(names, name)
	}
	for name, ranks := range map[string][]int{"mpi://WORLD": identity(n), "mpi://SELF": {me}} {
		if !slices.Contains(names, name) {
			t.Fatalf("the process sets are %q, without %q", names, name)
		}
		info, err := s.PsetInfo(name)
		must(t, err)
		if info["mpi_size"] != strconv.Itoa(len(ranks)) {
			t.Errorf("%s has the info %v, but %d processes", name, info, len(ranks))
		}
		g, err := s.Group(name)
		must(t, err)
		// The ranks of the group are those of the world.
		all, err := world.Group()
		must(t, err)
		got, err := g.TranslateRanks(identity(g.Size()), all)
		must(t, err)
		if !slices.Equal(got, ranks) || g.Rank() != slices.Index(ranks, me) {
			t.Errorf("%s has the ranks %v, want %v; this one is %d", name, got, ranks, g.Rank())
		}
		c, err := mpi.CommCreateFromGroup(g, "mpi4go session test", nil)
		must(t, err)
		works(t, name, c, ranks, me)
		must(t, all.Free())
		must(t, g.Free())
	}
	info, err := s.Info()
	must(t, err)
	if l, is := info["thread_level"]; is && l != "MPI_THREAD_MULTIPLE" {
		t.Errorf("the thread level is %s", l)
	}
	must(t, s.Finalize())
	must(t, s.Finalize())
	must(t, (*mpi.Session)(nil).Finalize())
}

// Sessions do not know of each other; one begins and ends while others work.
func TestSessions(t *testing.T) {
	world := mpitest.World(t)
	var open []*mpi.Session
	for i := range 3 {
		s := session(t, nil)
		g, err := s.Group("mpi://WORLD")
		must(t, err)
		c, err := mpi.CommCreateFromGroup(g, fmt.Sprint("mpi4go session ", i), nil)
		must(t, err)
		must(t, g.Free())
		if i == 1 {
			must(t, open[0].Finalize())
		}
		sum := []int{world.Rank()}
		must(t, mpi.AllreduceInPlace(c, sum, op.Sum))
		if n := world.Size(); sum[0] != n*(n-1)/2 {
			t.Errorf("the sum of the ranks is %d", sum[0])
		}
		must(t, c.Free())
		open = append(open, s)
	}
	must(t, world.Barrier())
	for _, s := range open {
		must(t, s.Finalize())
	}
	must(t, world.Barrier())
}

func TestSessionRefuses(t *testing.T) {
	world := mpitest.World(t)
	ended, s := session(t, nil), session(t, nil)
	must(t, ended.Finalize())
	var none *mpi.Session
	on := func(s *mpi.Session) map[string]func() error {
		return map[string]func() error{
			"Info":           func() error { _, err := s.Info(); return err },
			"NumPsets":       func() error { _, err := s.NumPsets(); return err },
			"NthPset":        func() error { _, err := s.NthPset(0); return err },
			"PsetInfo":       func() error { _, err := s.PsetInfo("mpi://WORLD"); return err },
			"Group":          func() error { _, err := s.Group("mpi://WORLD"); return err },
			"SetErrhandler":  func() error { return s.SetErrhandler(nil) },
			"Errhandler":     func() error { _, err := s.Errhandler(); return err },
			"CallErrhandler": func() error { return s.CallErrhandler(errors.New("x")) },
		}
	}
	var table []refusal
	for name, f := range on(ended) {
		table = append(table, refusal{"Session." + name + ", finalised", mpi.ErrState, "the session has been finalised", f})
	}
	for name, f := range on(none) {
		table = append(table, refusal{"Session." + name + ", nil", mpi.ErrArg, "the session is nil", f})
	}
	nth := func(n int) func() error { return func() error { _, err := s.NthPset(n); return err } }
	for _, name := range []string{"", "mpi://NOWHERE", "mpi://WORLD\x00x", strings.Repeat("x", 5000)} {
		table = append(table,
			refusal{"Session.PsetInfo", mpi.ErrArg, "there is no process set ", func() error { _, err := s.PsetInfo(name); return err }},
			refusal{"Session.Group", mpi.ErrArg, "mpi://WORLD, mpi://SELF", func() error { _, err := s.Group(name); return err }})
	}
	begin := func(info mpi.Info) func() error {
		return func() error { _, err := mpi.SessionInit(info); return err }
	}
	table = append(table,
		refusal{"Session.NthPset, -1", mpi.ErrArg, "n is -1, but the process sets are 0 to ", nth(-1)},
		refusal{"Session.NthPset, 99", mpi.ErrArg, "n is 99, but the process sets are 0 to ", nth(99)},
		refusal{"Session.NthPset, 2^32", mpi.ErrArg, "n is 4294967296, but", nth(1 << 32)},
		refusal{"SessionInit, thread_level", mpi.ErrInfoValue, `info["thread_level"] is "many"`, begin(mpi.Info{"thread_level": "many"})},
		refusal{"SessionInit, hint", mpi.ErrInfoKey, "info has the key", begin(mpi.Info{"": "x"})},
		refusal{"Session.SetErrhandler, handler for communicators", mpi.ErrArg, "not one for sessions", func() error { return s.SetErrhandler(mpi.NewErrhandler(nil)) }},
		refusal{"Comm.SetErrhandler, handler for sessions", mpi.ErrArg, "not one for communicators", func() error { return world.SetErrhandler(mpi.NewSessionErrhandler(nil)) }},
	)
	refused(t, world, table)
	must(t, s.Finalize())
}

func TestSessionErrhandler(t *testing.T) {
	mpitest.World(t)
	s := session(t, nil)
	if h, err := s.Errhandler(); h != mpi.ErrorsReturn || err != nil {
		t.Errorf("begins with %v, %v", h, err)
	}
	var got []error
	h := mpi.NewSessionErrhandler(func(of *mpi.Session, err error) {
		if of != s {
			t.Error("called for another session")
		}
		got = append(got, err)
	})
	must(t, s.SetErrhandler(h))
	if now, err := s.Errhandler(); now != h || err != nil {
		t.Errorf("the handler is %v, %v", now, err)
	}
	_, a := s.NthPset(-1)
	_, b := s.Group("nobody")
	_, c := s.PsetInfo("nobody")
	own := errors.New("my own")
	must(t, s.CallErrhandler(own))
	if want := []error{a, b, c, own}; !slices.Equal(got, want) {
		t.Errorf("the handler saw %v, want %v", got, want)
	}
	must(t, s.SetErrhandler(nil))
	if _, err := s.NthPset(-1); err == nil || len(got) != 4 {
		t.Errorf("the handler was called after it was taken away (%v)", err)
	}
	must(t, s.SetErrhandler(mpi.ErrorsReturn))
	_, err := s.NumPsets()
	must(t, err)
	must(t, s.SetErrhandler(h))
	must(t, s.Finalize())
	_, err = s.Info() // one that the handler sees, too
	if len(got) != 5 || got[4] != err {
		t.Errorf("the handler saw %v last, want %v", got[len(got)-1], err)
	}
}
