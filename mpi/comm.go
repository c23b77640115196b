package mpi

import (
	"cmp"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Ranks, tags and colours with a meaning of their own.
const (
	// AnySource receives from whichever rank's message comes first.
	AnySource = cgo.AnySource
	// AnyTag receives a message of any tag.
	AnyTag = cgo.AnyTag
	// ProcNull is a rank that is not there: sends to it and receives from it
	// complete at once and move nothing.
	ProcNull = cgo.ProcNull
	// Root is what the root of a collective over an intercommunicator calls
	// itself. The rest of its group says ProcNull.
	Root = cgo.Root
	// Undefined is the color of a rank that wants no part of a Split, and
	// the count of a message that holds no whole number of elements.
	Undefined = cgo.Undefined
)

// Comm is a communicator: a group of ranks and a context that keeps their
// messages apart from all others.
//
// All methods, and all functions that take a Comm, may be called from any
// goroutine at any time, with two exceptions that MPI makes: the ranks must
// call the collectives of one communicator in the same order (so let one
// goroutine do it, or give each a Dup), and nobody may use a communicator
// while it is being freed.
type Comm struct {
	h     cgo.Comm
	rank  int
	size  int
	peers int // ranks that can be named as peers: the remote group's of an intercommunicator
	tagUB int
	inter bool

	errhandler atomic.Pointer[Errhandler] // nil is ErrorsReturn

	// Set by Idup until its request is complete.
	pending bool
	foreign bool // made by other code in the process

	// With a topology: how many neighbours this rank receives from and sends to.
	topology            Topology
	indegree, outdegree int
	weighted            bool

	// For the watchdog's reports; the last two are known when it looks on only.
	name    atomic.Pointer[string] // by SetName
	made    *trace
	members []int // the ranks as those of the world

	// For check mode.
	checker *checker
	types   *typeCheck
	hidden  bool // it is a checker's own
}

var (
	world = &Comm{rank: -1}
	self  = &Comm{rank: -1}
)

// World is the communicator of all ranks of the job. Before Init and after
// Finalize its calls return an error.
func World() *Comm { return world }

// Self is the communicator of this rank alone.
func Self() *Comm { return self }

// Rank is this rank's number in c, from 0. It makes no call into C.
//
// Implements: MPI_Comm_rank (MPI 4.1 §7.4.1)
func (c *Comm) Rank() int { return c.rank }

// Size is the number of ranks in c; of an intercommunicator, in this rank's
// group. It makes no call into C.
//
// Implements: MPI_Comm_size (MPI 4.1 §7.4.1)
func (c *Comm) Size() int { return c.size }

// IsInter reports whether c is an intercommunicator: its ranks are in two
// groups, and each talks to those of the other. It makes no call into C.
//
// Implements: MPI_Comm_test_inter (MPI 4.1 §7.6.1)
func (c *Comm) IsInter() bool { return c.inter }

// RemoteSize is the number of ranks in the other group of an intercommunicator,
// and 0 for any other communicator. It makes no call into C.
//
// Implements: MPI_Comm_remote_size (MPI 4.1 §7.6.1)
func (c *Comm) RemoteSize() int {
	if !c.inter {
		return 0
	}
	return c.peers
}

// fill takes over the handle and caches what is asked for on every call.
func (c *Comm) fill(h cgo.Comm) error {
	i, err := cgo.Info(h)
	if err != nil {
		return err
	}
	c.rank, c.size, c.peers, c.inter = i.Rank, i.Size, i.Peers, i.Inter
	c.topology, c.indegree, c.outdegree, c.weighted = Topology(i.Topology), i.Indegree, i.Outdegree, i.Weighted
	c.tagUB = cgo.TagUB(h)
	c.h = h
	comms.Store(h, c)
	c.listed()
	if debugging.Load() && !c.hidden {
		c.note()
		if c.checked() && !c.pending {
			c.checker = newChecker(c)
			c.types = newTypeCheck(c.checker)
		}
	}
	return nil
}

func newComm(h cgo.Comm, err error) (*Comm, error) {
	if err != nil || h == 0 {
		return nil, err
	}
	c := new(Comm)
	if err := c.fill(h); err != nil {
		return nil, err
	}
	return c, nil
}

// Dup makes a communicator with the same ranks and a context of its own:
// messages and collectives on it never meet those on c. Collective over c.
//
// Implements: MPI_Comm_dup (MPI 4.1 §7.4.2)
func (c *Comm) Dup() (*Comm, error) {
	if err := c.check("Comm.Dup"); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters("Comm.Dup").over()
	return c.child(newComm(cgo.CommDup(c.h)))
}

// DupWithInfo is Dup with hints for the new communicator in place of those of
// c. Collective over c.
//
// Errors: ErrComm, ErrInfoKey, ErrInfoValue.
//
// Implements: MPI_Comm_dup_with_info (MPI 4.1 §7.4.2)
func (c *Comm) DupWithInfo(info Info) (*Comm, error) {
	const op = "Comm.DupWithInfo"
	if err := c.check(op); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters(op).over()
	var d *Comm
	err := info.with(op, func(h cgo.Hints) (err error) {
		d, err = newComm(cgo.CommDupWithInfo(c.h, h))
		return err
	})
	return c.child(d, err)
}

// Idup begins to duplicate c and returns at once. The communicator may be used
// when the request has been found complete, and not before: until then calls on
// it, Free too, are errors. Collective over c.
//
// Errors: ErrComm, from the request.
//
// Implements: MPI_Comm_idup (MPI 4.1 §7.4.2)
func (c *Comm) Idup() (*Comm, *Request) { return c.idup("Comm.Idup", false, nil) }

// IdupWithInfo is Idup with hints for the new communicator in place of those of
// c. It came with MPI-4. Collective over c.
//
// Errors: ErrComm, ErrInfoKey, ErrInfoValue, ErrUnsupported, from the request.
//
// Implements: MPI_Comm_idup_with_info (MPI 4.1 §7.4.2)
func (c *Comm) IdupWithInfo(info Info) (*Comm, *Request) {
	return c.idup("Comm.IdupWithInfo", true, info)
}

func (c *Comm) idup(op string, withInfo bool, info Info) (*Comm, *Request) {
	d := &Comm{rank: -1}
	if err := c.check(op); err != nil {
		return d, failed(op, c.raise(err))
	}
	r := &Request{op: op, coll: true, comm: c}
	err := info.with(op, func(hints cgo.Hints) error {
		c.compare(nil, facts{op: op, c: c}, terms{})
		launch(r)
		h, cell, rc := cgo.CommIdup(c.h, withInfo, hints)
		if d.pending = rc == 0; !d.pending {
			r.posted(h, rc)
			return nil
		}
		// The handle is C's until the request is complete.
		r.then = func() error {
			err := d.fill(cgo.CommIdupDone(cell))
			d.pending = false
			d.errhandler.Store(c.errhandler.Load())
			return err
		}
		r.posted(h, rc)
		return nil
	})
	if err != nil {
		return d, failed(op, c.raise(err))
	}
	return d, r
}

// Split divides c into one communicator per color, in which the ranks are
// ordered by key, and by their rank in c where keys are equal. A color is 0 or
// more, or Undefined: that rank gets nil. Collective over c.
//
// Implements: MPI_Comm_split (MPI 4.1 §7.4.2)
func (c *Comm) Split(color, key int) (*Comm, error) {
	const op = "Comm.Split"
	if err := c.check(op); err != nil {
		return nil, c.raise(err)
	}
	if color != Undefined && (color < 0 || color > maxInt32) {
		return nil, c.raise(argError(op, ErrArg, "color is %d, but must be from 0 to %d, or Undefined", color, maxInt32))
	}
	if err := checkKey(op, key); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters(op).over()
	return c.child(newComm(cgo.CommSplit(c.h, color, key)))
}

func checkKey(op string, key int) error {
	if key < -maxInt32-1 || key > maxInt32 {
		return argError(op, ErrArg, "key is %d, but must fit 32 bits", key)
	}
	return nil
}

// CommType is a way to split a communicator by where its ranks run.
type CommType int

// The ways to split. The hardware ones came with MPI-4.
const (
	// CommTypeShared: ranks that can share memory come together.
	CommTypeShared CommType = cgo.SplitShared
	// CommTypeHWGuided: ranks that share the hardware resource which the key
	// "mpi_hw_resource_type" of an Info names. Ranks that do not get nil.
	CommTypeHWGuided CommType = cgo.SplitHWGuided
	// CommTypeHWUnguided: ranks that share the next smaller resource of the
	// hardware than those of c do, until there is none and they get nil.
	CommTypeHWUnguided CommType = cgo.SplitHWUnguided
	// A rank that wants no part says CommType(Undefined).
)

// SplitType divides c into communicators of ranks that are near each other, in
// which they are ordered by key, and by their rank in c where keys are equal.
// All ranks give the same kind, or CommType(Undefined): that rank gets nil.
// Collective over c.
//
// Errors: ErrComm, ErrArg, ErrUnsupported (the library lacks the kind, or c is an
// intercommunicator).
//
// Implements: MPI_Comm_split_type (MPI 4.1 §7.4.2)
func (c *Comm) SplitType(kind CommType, key int) (*Comm, error) {
	return c.splitType("Comm.SplitType", kind, key, nil)
}

// SplitTypeWithInfo is SplitType with hints, which CommTypeHWGuided needs.
// Collective over c.
//
// Implements: MPI_Comm_split_type (MPI 4.1 §7.4.2)
func (c *Comm) SplitTypeWithInfo(kind CommType, key int, info Info) (*Comm, error) {
	return c.splitType("Comm.SplitTypeWithInfo", kind, key, info)
}

func (c *Comm) splitType(op string, kind CommType, key int, info Info) (*Comm, error) {
	if err := c.check(op); err != nil {
		return nil, c.raise(err)
	}
	if c.inter {
		// Crashes in Open MPI before 5.0 (#11672) and MPICH before 4.2 (#6783).
		return nil, c.raise(argError(op, ErrUnsupported, "the communicator is an intercommunicator, which few MPI libraries can divide by type: use Split"))
	}
	switch kind {
	case CommTypeShared, CommTypeHWGuided, CommTypeHWUnguided, CommType(Undefined):
	default:
		return nil, c.raise(argError(op, ErrArg, "kind is %d, but must be one of the CommType constants, or Undefined", kind))
	}
	if err := checkKey(op, key); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters("Comm.SplitType").over() // with hints or without
	var d *Comm
	err := info.with(op, func(h cgo.Hints) (err error) {
		d, err = newComm(cgo.CommSplitType(op, c.h, int(kind), key, h))
		return err
	})
	return c.child(d, err)
}

// Create makes a communicator of the members of g, which are ranks of c, in
// the order of g. All ranks of c call it, with the same g; those that are not
// in g get nil. On an intercommunicator each group gives a part of itself, and
// the result is one, too. Collective over c.
//
// Errors: ErrComm, ErrGroup (a member of g is no rank of c).
//
// Implements: MPI_Comm_create (MPI 4.1 §7.4.2)
func (c *Comm) Create(g *Group) (*Comm, error) {
	const op = "Comm.Create"
	if err := c.checkGroup(op, g); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters(op).over()
	return c.child(newComm(cgo.CommCreate(c.h, g.h)))
}

// CreateGroup is Create that only the members of g call; to any other rank it
// returns nil at once. Several may be under way on c when their tags differ.
// The tags have nothing to do with those of messages. Collective over g.
//
// Errors: ErrComm, ErrGroup (a member of g is no rank of c), ErrTag.
//
// Implements: MPI_Comm_create_group (MPI 4.1 §7.4.2)
func (c *Comm) CreateGroup(g *Group, tag int) (*Comm, error) {
	const op = "Comm.CreateGroup"
	if err := c.checkGroup(op, g); err != nil {
		return nil, c.raise(err)
	}
	if err := c.checkIntra(op); err != nil {
		return nil, c.raise(err)
	}
	if err := c.checkTag(op, "tag", tag); err != nil {
		return nil, c.raise(err)
	}
	if g.rank == Undefined {
		return nil, nil
	}
	defer c.watch(op).over()
	return c.child(newComm(cgo.CommCreateGroup(c.h, g.h, tag)))
}

// checkGroup checks that g is a part of c's group.
func (c *Comm) checkGroup(op string, g *Group) error {
	if err := c.check(op); err != nil {
		return err
	}
	if err := g.check(op, "the group"); err != nil {
		return err
	}
	all, err := c.Group()
	if err != nil {
		return err
	}
	defer all.Free()
	ranks := make([]int, g.size)
	for i := range ranks {
		ranks[i] = i
	}
	if ranks, err = g.TranslateRanks(ranks, all); err != nil {
		return err
	}
	for i, r := range ranks {
		if r == Undefined {
			return argError(op, ErrGroup, "rank %d of the group is not in the communicator", i)
		}
	}
	return nil
}

// Compare says whether c and other are the same communicator (Ident), have the
// same ranks (Congruent), have them in another order (Similar), or neither
// (Unequal). Makes no use of other ranks.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_compare (MPI 4.1 §7.4.1)
func (c *Comm) Compare(other *Comm) (Comparison, error) {
	const op = "Comm.Compare"
	if err := c.check(op); err != nil {
		return Unequal, err
	}
	if err := other.check(op); err != nil {
		return Unequal, err
	}
	k, err := cgo.CommCompare(c.h, other.h)
	return Comparison(k), err
}

// SetName gives c a name, for messages and tools. A Dup does not inherit it.
//
// Errors: ErrComm, ErrArg (the name is longer than the library's limit, or has
// a zero byte).
//
// Implements: MPI_Comm_set_name (MPI 4.1 §7.8)
func (c *Comm) SetName(name string) error {
	const op = "Comm.SetName"
	if err := c.check(op); err != nil {
		return err
	}
	if len(name) > cgo.MaxObjectName() {
		return argError(op, ErrArg, "name has %d bytes, but at most %d are possible here", len(name), cgo.MaxObjectName())
	}
	if strings.IndexByte(name, 0) >= 0 {
		return argError(op, ErrArg, "name is %q, but cannot contain a zero byte", name)
	}
	err := cgo.CommSetName(c.h, name)
	if err == nil {
		c.name.Store(&name)
	}
	return err
}

// Name is the name of c: what SetName said, or empty. The world and self
// communicators are called MPI_COMM_WORLD and MPI_COMM_SELF.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_get_name (MPI 4.1 §7.8)
func (c *Comm) Name() (string, error) {
	if err := c.check("Comm.Name"); err != nil {
		return "", err
	}
	return cgo.CommName(c.h)
}

// Free gives c up. Collective over c. Calling it again, or on nil, does
// nothing; any other use of c is an error afterwards. The world and self
// communicators cannot be freed.
//
// Implements: MPI_Comm_free (MPI 4.1 §7.4.3)
func (c *Comm) Free() error {
	const op = "Comm.Free"
	if c == nil || c.h == 0 && c != world && c != self && !c.pending {
		return nil
	}
	if err := c.check(op); err != nil {
		return err
	}
	if c == world || c == self {
		return argError(op, ErrComm, "the world and self communicators cannot be freed")
	}
	defer c.watch(op).over()
	c.endChecks()
	leaks.Freed(c)
	h := c.h
	c.h = 0
	err := cgo.CommFree(h)
	comms.CompareAndDelete(h, c) // the handle may be another's by now
	return err
}

// Abort ends all ranks of the job with the exit code, at once. It does not
// return. On most systems the ranks of c alone cannot be ended: expect the
// whole job to go.
//
// Implements: MPI_Abort (MPI 4.1 §11.4.2)
func (c *Comm) Abort(code int) {
	if c == nil || c.h == 0 || lifecycle.Load() != running {
		os.Exit(code)
	}
	// On a host that the launcher cannot reach, MPICH's MPI_Abort waits for its
	// answer for ever.
	time.AfterFunc(abortTime, func() { os.Exit(cmp.Or(code, 1)) })
	cgo.Abort(c.h, code)
}

// abortTime is how long the library may take to end this process.
const abortTime = 5 * time.Second

// TagUB is the largest tag that may be used on c.
func (c *Comm) TagUB() int { return c.tagUB }

const maxInt32 = 1<<31 - 1

// usable says whether MPI can be called now.
func usable(op string) error {
	if lifecycle.Load() == running {
		return nil
	}
	return world.unusable(op)
}

// check says whether c can be used now.
func (c *Comm) check(op string) error {
	if c.usable() {
		return nil
	}
	return c.unusable(op)
}

func (c *Comm) usable() bool { return c != nil && c.h != 0 && lifecycle.Load() == running }

func (c *Comm) unusable(op string) error {
	switch {
	case c == nil:
		return argError(op, ErrComm, "the communicator is nil")
	case lifecycle.Load() == fresh:
		return argError(op, ErrState, "MPI is not initialised: run the program's work in mpi.Main, or call mpi.Init first")
	case lifecycle.Load() == finalized:
		return argError(op, ErrState, "MPI has been finalised")
	case c == world || c == self:
		return argError(op, ErrState, "MPI is not initialised: sessions alone make no world communicator, which needs mpi.Main or mpi.Init")
	}
	if c.pending {
		return argError(op, ErrComm, "the communicator of Idup is not made yet: wait for its request first")
	}
	return argError(op, ErrComm, "the communicator has been freed")
}

// checkInter is check for what only intercommunicators have.
func (c *Comm) checkInter(op string) error {
	if err := c.check(op); err != nil {
		return err
	}
	if !c.inter {
		return argError(op, ErrComm, "the communicator is not an intercommunicator")
	}
	return nil
}

func (c *Comm) checkRank(op, name string, rank int) error {
	if uint(rank) < uint(c.peers) || rank == ProcNull {
		return nil
	}
	return argError(op, ErrRank, "%s is %d, but the communicator's ranks are 0 to %d (or ProcNull)", name, rank, c.peers-1)
}

func (c *Comm) checkTag(op, name string, tag int) error {
	if uint(tag) <= uint(c.tagUB) {
		return nil
	}
	return argError(op, ErrTag, "%s is %d, but tags are 0 to %d here", name, tag, c.tagUB)
}

// checkSend checks what every send has. Like checkRecv it looks at all of it at
// once before it looks for what is wrong.
func (c *Comm) checkSend(op, destName, tagName string, dest, tag int) error {
	if c.usable() && uint(dest) < uint(c.peers) && uint(tag) <= uint(c.tagUB) {
		return nil
	}
	if err := c.check(op); err != nil {
		return err
	}
	if err := c.checkRank(op, destName, dest); err != nil {
		return err
	}
	return c.checkTag(op, tagName, tag)
}

// checkRecv checks what every receive and probe has.
func (c *Comm) checkRecv(op, sourceName, tagName string, source, tag int) error {
	if c.usable() && uint(source) < uint(c.peers) && uint(tag) <= uint(c.tagUB) {
		return nil
	}
	if err := c.check(op); err != nil {
		return err
	}
	if source != AnySource {
		if err := c.checkRank(op, sourceName, source); err != nil {
			return err
		}
	}
	if tag != AnyTag {
		return c.checkTag(op, tagName, tag)
	}
	return nil
}
