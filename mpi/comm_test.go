package mpi_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// works checks that c is a communicator of these ranks of the test's world, in
// this order: a number goes around it.
func works(t *testing.T, what string, c *mpi.Comm, ranks []int, me int) {
	t.Helper()
	at := slices.Index(ranks, me)
	if at < 0 {
		if c != nil {
			t.Errorf("%s: a rank outside got a communicator", what)
		}
		return
	}
	if c == nil {
		t.Fatalf("%s: rank %d got no communicator", what, me)
	}
	n := len(ranks)
	if c.Rank() != at || c.Size() != n {
		t.Fatalf("%s: rank %d of %d, want %d of %d", what, c.Rank(), c.Size(), at, n)
	}
	all := make([]int, n)
	must(t, mpi.Allgather(c, []int{me}, all))
	if !slices.Equal(all, ranks) {
		t.Errorf("%s: the ranks are %v, want %v", what, all, ranks)
	}
	got := make([]int, 1)
	_, err := mpi.Sendrecv(c, []int{me}, (at+1)%n, 1, got, (at+n-1)%n, 1)
	must(t, err)
	if want := ranks[(at+n-1)%n]; got[0] != want {
		t.Errorf("%s: got %d from the left, want %d", what, got[0], want)
	}
	// Errors come back as errors, whatever the parent did.
	is(t, mpi.Send(c, got, n, 0), mpi.ErrRank, "dest")
	must(t, c.Free())
}

func TestCreate(t *testing.T) {
	c := mpitest.World(t)
	n, me := c.Size(), c.Rank()
	all, err := c.Group()
	must(t, err)
	reversed := identity(n)
	slices.Reverse(reversed)
	for tag, ranks := range [][]int{identity(n), reversed, reversed[:(n+1)/2], {n - 1}, {}} {
		g, err := all.Incl(ranks...)
		must(t, err)
		d, err := c.Create(g)
		must(t, err)
		works(t, fmt.Sprint("Create of ", ranks), d, ranks, me)
		d, err = c.CreateGroup(g, tag)
		must(t, err)
		works(t, fmt.Sprint("CreateGroup of ", ranks), d, ranks, me)
		must(t, g.Free())
	}
	// Only the members call, two groups at once.
	half := reversed[:n/2]
	if me < n-n/2 {
		half = reversed[n/2:]
	}
	g, err := all.Incl(half...)
	must(t, err)
	d, err := c.CreateGroup(g, 7)
	must(t, err)
	works(t, "CreateGroup of each half", d, half, me)

	// A group that is not in the communicator.
	one, err := c.Split(me, 0)
	must(t, err)
	if n > 1 {
		_, err = one.Create(all)
		is(t, err, mpi.ErrGroup, "of the group is not in the communicator")
		_, err = one.CreateGroup(all, 0)
		is(t, err, mpi.ErrGroup, "of the group is not in the communicator")
	}
	_, err = c.Create(nil)
	is(t, err, mpi.ErrGroup, "the group is nil")
	_, err = c.CreateGroup(g, -1)
	is(t, err, mpi.ErrTag, "tag is -1")
	must(t, one.Free())
	must(t, g.Free())
	must(t, all.Free())
}

func TestIdup(t *testing.T) {
	c := mpitest.World(t)
	n, me := c.Size(), c.Rank()
	waits := []func(r *mpi.Request) error{
		func(r *mpi.Request) error { _, err := r.Wait(); return err },
		func(r *mpi.Request) error { return mpi.Waitall(nil, r) },
		func(r *mpi.Request) error { <-r.Done(); _, err := r.Wait(); return err },
		func(r *mpi.Request) error {
			for {
				if _, done, err := r.Test(); done || err != nil {
					return err
				}
			}
		},
	}
	for i, wait := range waits {
		d, r := c.Idup()
		if i == 0 {
			is(t, d.Barrier(), mpi.ErrComm, "wait for its request first")
			is(t, d.Free(), mpi.ErrComm, "wait for its request first")
		}
		// Other work on c goes on meanwhile.
		must(t, mpi.Allreduce(c, []int{me}, make([]int, 1), op.Sum))
		must(t, wait(r))
		works(t, "Idup", d, identity(n), me)
		is(t, d.Barrier(), mpi.ErrComm, "freed")
	}
	d, r := c.IdupWithInfo(mpi.Info{"mpi_assert_no_any_tag": "true"})
	_, err := r.Wait()
	if major, _ := mpi.StandardVersion(); major < 4 {
		is(t, err, mpi.ErrUnsupported, "Comm.IdupWithInfo")
	} else {
		must(t, err)
		works(t, "IdupWithInfo", d, identity(n), me)
	}
	// There is nothing to free when it failed.
	d, r = (*mpi.Comm)(nil).Idup()
	_, err = r.Wait()
	is(t, err, mpi.ErrComm, "nil")
	must(t, d.Free())
	d, r = c.IdupWithInfo(mpi.Info{"": ""})
	_, err = r.Wait()
	is(t, err, mpi.ErrInfoKey, "info has the key")
	must(t, d.Free())
}

// neighbours are the ranks on this rank's host, which is one for all as a rule.
func neighbours(t *testing.T, c *mpi.Comm) (ranks []int) {
	t.Helper()
	name, err := mpi.ProcessorName()
	must(t, err)
	mine := make([]byte, 256)
	copy(mine, name)
	all := make([]byte, c.Size()*len(mine))
	must(t, mpi.Allgather(c, mine, all))
	for r := range c.Size() {
		if bytes.Equal(all[r*len(mine):][:len(mine)], mine) {
			ranks = append(ranks, r)
		}
	}
	return ranks
}

func TestSplitType(t *testing.T) {
	c := mpitest.World(t)
	n, me := c.Size(), c.Rank()
	here := neighbours(t, c)
	d, err := c.SplitType(mpi.CommTypeShared, -me)
	must(t, err)
	reversed := slices.Clone(here)
	slices.Reverse(reversed)
	works(t, "SplitType", d, reversed, me)

	kind := mpi.CommTypeShared
	if me == 0 {
		kind = mpi.CommType(mpi.Undefined)
	}
	d, err = c.SplitTypeWithInfo(kind, 0, mpi.Info{})
	must(t, err)
	works(t, "SplitType without rank 0", d, slices.DeleteFunc(here, func(r int) bool { return r == 0 }), me)

	for _, kind := range []mpi.CommType{mpi.CommTypeHWGuided, mpi.CommTypeHWUnguided} {
		d, err := c.SplitTypeWithInfo(kind, 0, mpi.Info{"mpi_hw_resource_type": "mpi_shared_memory"})
		if major, _ := mpi.StandardVersion(); major < 4 {
			is(t, err, mpi.ErrUnsupported, "Comm.SplitTypeWithInfo")
			continue
		}
		must(t, err)
		if d != nil {
			if d.Size() > n {
				t.Errorf("%v made %d ranks out of %d", kind, d.Size(), n)
			}
			must(t, d.Free())
		}
	}
	_, err = c.SplitType(17, 0)
	is(t, err, mpi.ErrArg, "kind is 17")
	_, err = c.SplitType(mpi.CommTypeShared, 1<<31)
	is(t, err, mpi.ErrArg, "key is 2147483648")
}

func TestCompare(t *testing.T) {
	c := mpitest.World(t)
	n := c.Size()
	dup, err := c.Dup()
	must(t, err)
	reversed, err := c.Split(0, -c.Rank())
	must(t, err)
	alone, err := c.Split(c.Rank(), 0)
	must(t, err)
	several := func(k, one mpi.Comparison) mpi.Comparison {
		if n == 1 {
			return one
		}
		return k
	}
	for _, x := range []struct {
		a, b *mpi.Comm
		want mpi.Comparison
	}{
		{c, c, mpi.Ident},
		{mpi.World(), mpi.World(), mpi.Ident},
		{c, dup, mpi.Congruent},
		{c, mpi.World(), mpi.Congruent},
		{c, reversed, several(mpi.Similar, mpi.Congruent)},
		{c, alone, several(mpi.Unequal, mpi.Congruent)},
		{alone, mpi.Self(), mpi.Congruent},
	} {
		if got, err := x.a.Compare(x.b); err != nil || got != x.want {
			t.Errorf("got %v, %v, want %v", got, err, x.want)
		}
	}
	for _, d := range []*mpi.Comm{dup, reversed, alone} {
		must(t, d.Free())
	}
	_, err = c.Compare(nil)
	is(t, err, mpi.ErrComm, "nil")
	_, err = dup.Compare(c)
	is(t, err, mpi.ErrComm, "freed")
	if s := fmt.Sprint(mpi.Ident, mpi.Congruent, mpi.Similar, mpi.Unequal, mpi.Comparison(9)); s != "MPI_IDENT MPI_CONGRUENT MPI_SIMILAR MPI_UNEQUAL Comparison(9)" {
		t.Error(s)
	}
}

func TestName(t *testing.T) {
	c := mpitest.World(t)
	name := func(c *mpi.Comm) string {
		s, err := c.Name()
		must(t, err)
		return s
	}
	if s := name(mpi.World()) + " " + name(mpi.Self()); s != "MPI_COMM_WORLD MPI_COMM_SELF" {
		t.Errorf("world and self are called %s", s)
	}
	for _, s := range []string{"halo", "", "Grüße", strings.Repeat("n", 60)} {
		must(t, c.SetName(s))
		if got := name(c); got != s {
			t.Errorf("the name is %q, want %q", got, s)
		}
	}
	d, err := c.Dup()
	must(t, err)
	is(t, c.SetName(strings.Repeat("x", 1000)), mpi.ErrArg, "name has 1000 bytes")
	is(t, c.SetName("a\x00b"), mpi.ErrArg, "zero byte")
	must(t, d.Free())
	_, err = d.Name()
	is(t, err, mpi.ErrComm, "freed")
	is(t, d.SetName("late"), mpi.ErrComm, "freed")
	if c.IsInter() || c.RemoteSize() != 0 {
		t.Error("the world is an intercommunicator")
	}
}

// rss is the memory that this process has in use, in bytes.
func rss(t *testing.T) int {
	debug.FreeOSMemory() // else what Go has free, and gives back later, counts
	cgo.Trim()           // and what C has
	b, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc/self/statm on this system")
	}
	must(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	must(t, err)
	return pages * os.Getpagesize()
}
