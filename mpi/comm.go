package mpi

import (
	"os"

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

	// With a topology: how many neighbours a rank receives from and sends to.
	neighbors           bool
	indegree, outdegree int
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

// Size is the number of ranks in c. It makes no call into C.
//
// Implements: MPI_Comm_size (MPI 4.1 §7.4.1)
func (c *Comm) Size() int { return c.size }

// fill takes over the handle and caches what is asked for on every call.
func (c *Comm) fill(h cgo.Comm) error {
	i, err := cgo.Info(h)
	if err != nil {
		return err
	}
	c.rank, c.size, c.peers, c.inter = i.Rank, i.Size, i.Peers, i.Inter
	c.tagUB = cgo.TagUB(h)
	c.h = h
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
		return nil, err
	}
	return newComm(cgo.CommDup(c.h))
}

// Split divides c into one communicator per color, in which the ranks are
// ordered by key, and by their rank in c where keys are equal. A color is 0 or
// more, or Undefined: that rank gets nil. Collective over c.
//
// Implements: MPI_Comm_split (MPI 4.1 §7.4.2)
func (c *Comm) Split(color, key int) (*Comm, error) {
	const op = "Comm.Split"
	if err := c.check(op); err != nil {
		return nil, err
	}
	if color != Undefined && (color < 0 || color > maxInt32) {
		return nil, argError(op, ErrArg, "color is %d, but must be from 0 to %d, or Undefined", color, maxInt32)
	}
	if key < -maxInt32-1 || key > maxInt32 {
		return nil, argError(op, ErrArg, "key is %d, but must fit 32 bits", key)
	}
	return newComm(cgo.CommSplit(c.h, color, key))
}

// Free gives c up. Collective over c. Calling it again, or on nil, does
// nothing; any other use of c is an error afterwards. The world and self
// communicators cannot be freed.
//
// Implements: MPI_Comm_free (MPI 4.1 §7.4.3)
func (c *Comm) Free() error {
	const op = "Comm.Free"
	if c == nil || c.h == 0 && c != world && c != self {
		return nil
	}
	if err := c.check(op); err != nil {
		return err
	}
	if c == world || c == self {
		return argError(op, ErrComm, "the world and self communicators cannot be freed")
	}
	h := c.h
	c.h = 0
	return cgo.CommFree(h)
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
	cgo.Abort(c.h, code)
}

// TagUB is the largest tag that may be used on c.
func (c *Comm) TagUB() int { return c.tagUB }

const maxInt32 = 1<<31 - 1

// check says whether c can be used now.
func (c *Comm) check(op string) error {
	if c != nil && c.h != 0 && lifecycle.Load() == running {
		return nil
	}
	return c.unusable(op)
}

func (c *Comm) unusable(op string) error {
	switch {
	case c == nil:
		return argError(op, ErrComm, "the communicator is nil")
	case lifecycle.Load() == fresh:
		return argError(op, ErrState, "MPI is not initialised: run the program's work in mpi.Main, or call mpi.Init first")
	case lifecycle.Load() == finalized:
		return argError(op, ErrState, "MPI has been finalised")
	}
	return argError(op, ErrComm, "the communicator has been freed")
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

// checkSend checks what every send has.
func (c *Comm) checkSend(op, destName, tagName string, dest, tag int) error {
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
