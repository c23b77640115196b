package mpi

import (
	"strconv"

	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Group is an ordered set of processes, numbered from 0. It never changes: the
// set operations make new ones. None of its methods waits for other ranks.
//
// All methods may be called from any goroutine, but nobody may use a group
// while it is being freed.
type Group struct {
	h          cgo.Group
	rank, size int
}

// Comparison says how much two groups or communicators have in common.
type Comparison int

// The results of Compare. Congruent is for communicators only.
const (
	// Ident: the same members in the same order; of communicators, the same
	// one.
	Ident Comparison = iota
	// Congruent: two communicators of identical groups.
	Congruent
	// Similar: the same members in another order.
	Similar
	// Unequal: none of these.
	Unequal
)

func (k Comparison) String() string {
	switch k {
	case Ident:
		return "MPI_IDENT"
	case Congruent:
		return "MPI_CONGRUENT"
	case Similar:
		return "MPI_SIMILAR"
	case Unequal:
		return "MPI_UNEQUAL"
	}
	return "Comparison(" + strconv.Itoa(int(k)) + ")"
}

// Range is the ranks from First to Last, or as far as Stride leads towards it
// without passing it. Stride may be negative, and is never 0.
type Range struct{ First, Last, Stride int }

func newGroup(i cgo.GroupInfo, err error) (*Group, error) {
	if err != nil {
		return nil, err
	}
	g := &Group{i.H, i.Rank, i.Size}
	leaks.Made("group", g)
	return g, nil
}

func (g *Group) check(op, name string) error {
	if err := usable(op); err != nil {
		return err
	}
	switch {
	case g == nil:
		return argError(op, ErrGroup, "%s is nil", name)
	case g.h == 0:
		return argError(op, ErrGroup, "%s has been freed", name)
	}
	return nil
}

// EmptyGroup is the group without members.
func EmptyGroup() *Group { return &Group{cgo.EmptyGroup(), Undefined, 0} }

// Group is the group of c's ranks; of an intercommunicator, the group that this
// rank is in.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_group (MPI 4.1 §7.3.2)
func (c *Comm) Group() (*Group, error) {
	const op = "Comm.Group"
	if err := c.check(op); err != nil {
		return nil, err
	}
	return newGroup(cgo.GroupOf(op, c.h, false))
}

// RemoteGroup is the other group of an intercommunicator.
//
// Errors: ErrComm, also when c is not an intercommunicator.
//
// Implements: MPI_Comm_remote_group (MPI 4.1 §7.6.1)
func (c *Comm) RemoteGroup() (*Group, error) {
	const op = "Comm.RemoteGroup"
	if err := c.checkInter(op); err != nil {
		return nil, err
	}
	return newGroup(cgo.GroupOf(op, c.h, true))
}

// Size is the number of members. It makes no call into C.
//
// Implements: MPI_Group_size (MPI 4.1 §7.3.1)
func (g *Group) Size() int { return g.size }

// Rank is this process's number in g, or Undefined when it is no member. It
// makes no call into C.
//
// Implements: MPI_Group_rank (MPI 4.1 §7.3.1)
func (g *Group) Rank() int { return g.rank }

// TranslateRanks returns, for each of the ranks in g, the rank of the same
// process in other: Undefined where it is no member, and ProcNull for ProcNull.
//
// Errors: ErrGroup, ErrRank.
//
// Implements: MPI_Group_translate_ranks (MPI 4.1 §7.3.1)
func (g *Group) TranslateRanks(ranks []int, other *Group) ([]int, error) {
	const op = "Group.TranslateRanks"
	if err := g.checkWith(op, other); err != nil {
		return nil, err
	}
	from, to := make([]int32, len(ranks)), make([]int32, len(ranks))
	for i, r := range ranks {
		if r != ProcNull {
			if err := g.checkRank(op, i, r); err != nil {
				return nil, err
			}
		}
		from[i] = int32(r)
	}
	out := make([]int, len(ranks))
	if len(ranks) == 0 {
		return out, nil
	}
	if err := cgo.GroupTranslate(op, g.h, from, other.h, to); err != nil {
		return nil, err
	}
	for i, r := range to {
		out[i] = int(r)
	}
	return out, nil
}

func (g *Group) checkWith(op string, other *Group) error {
	if err := g.check(op, "the group"); err != nil {
		return err
	}
	return other.check(op, "the other group")
}

func (g *Group) checkRank(op string, i, rank int) error {
	if uint(rank) < uint(g.size) {
		return nil
	}
	if g.size == 0 {
		return argError(op, ErrRank, "ranks[%d] is %d, but the group is empty", i, rank)
	}
	return argError(op, ErrRank, "ranks[%d] is %d, but the group's ranks are 0 to %d", i, rank, g.size-1)
}

// Compare says whether g and other have the same members in the same order
// (Ident), in another order (Similar), or neither (Unequal).
//
// Errors: ErrGroup.
//
// Implements: MPI_Group_compare (MPI 4.1 §7.3.1)
func (g *Group) Compare(other *Group) (Comparison, error) {
	if err := g.checkWith("Group.Compare", other); err != nil {
		return Unequal, err
	}
	k, err := cgo.GroupCompare(g.h, other.h)
	return Comparison(k), err
}

// Union has the members of g, followed by those of other that are not in g.
//
// Errors: ErrGroup.
//
// Implements: MPI_Group_union (MPI 4.1 §7.3.2)
func (g *Group) Union(other *Group) (*Group, error) {
	return g.combine("Group.Union", cgo.Union, other)
}

// Intersection has those members of g that are in other, too, in g's order.
//
// Errors: ErrGroup.
//
// Implements: MPI_Group_intersection (MPI 4.1 §7.3.2)
func (g *Group) Intersection(other *Group) (*Group, error) {
	return g.combine("Group.Intersection", cgo.Intersection, other)
}

// Difference has those members of g that are not in other, in g's order.
//
// Errors: ErrGroup.
//
// Implements: MPI_Group_difference (MPI 4.1 §7.3.2)
func (g *Group) Difference(other *Group) (*Group, error) {
	return g.combine("Group.Difference", cgo.Difference, other)
}

func (g *Group) combine(op string, what int, other *Group) (*Group, error) {
	if err := g.checkWith(op, other); err != nil {
		return nil, err
	}
	return newGroup(cgo.GroupCombine(op, what, g.h, other.h))
}

// Incl has the given ranks of g, in the order given. No rank may be given
// twice.
//
// Errors: ErrGroup, ErrRank.
//
// Implements: MPI_Group_incl (MPI 4.1 §7.3.2)
func (g *Group) Incl(ranks ...int) (*Group, error) { return g.pick("Group.Incl", cgo.Incl, ranks) }

// Excl has the ranks of g except the given ones, in g's order. No rank may be
// given twice.
//
// Errors: ErrGroup, ErrRank.
//
// Implements: MPI_Group_excl (MPI 4.1 §7.3.2)
func (g *Group) Excl(ranks ...int) (*Group, error) { return g.pick("Group.Excl", cgo.Excl, ranks) }

func (g *Group) pick(op string, what int, ranks []int) (*Group, error) {
	if err := g.check(op, "the group"); err != nil {
		return nil, err
	}
	list := make([]int32, len(ranks), len(ranks)+1) // never a null pointer in C
	seen := make(map[int]int, len(ranks))
	for i, r := range ranks {
		if err := g.checkRank(op, i, r); err != nil {
			return nil, err
		}
		if j, twice := seen[r]; twice {
			return nil, argError(op, ErrRank, "ranks[%d] and ranks[%d] are both %d", j, i, r)
		}
		seen[r] = i
		list[i] = int32(r)
	}
	return newGroup(cgo.GroupPick(op, what, g.h, len(list), list))
}

// RangeIncl has the ranks of g that the ranges name, in their order. No rank
// may be named twice.
//
// Errors: ErrGroup, ErrRank, ErrArg.
//
// Implements: MPI_Group_range_incl (MPI 4.1 §7.3.2)
func (g *Group) RangeIncl(ranges ...Range) (*Group, error) {
	return g.pickRanges("Group.RangeIncl", cgo.RangeIncl, ranges)
}

// RangeExcl has the ranks of g except those that the ranges name, in g's order.
// No rank may be named twice.
//
// Errors: ErrGroup, ErrRank, ErrArg.
//
// Implements: MPI_Group_range_excl (MPI 4.1 §7.3.2)
func (g *Group) RangeExcl(ranges ...Range) (*Group, error) {
	return g.pickRanges("Group.RangeExcl", cgo.RangeExcl, ranges)
}

func (g *Group) pickRanges(op string, what int, ranges []Range) (*Group, error) {
	if err := g.check(op, "the group"); err != nil {
		return nil, err
	}
	list := make([]int32, 0, 3*len(ranges)+1) // never a null pointer in C
	seen := make(map[int]int)
	for i, x := range ranges {
		if x.Stride == 0 {
			return nil, argError(op, ErrArg, "ranges[%d] is %+v, but a stride cannot be 0", i, x)
		}
		// The libraries differ on ranges that run the other way: all of them
		// are mistakes.
		if x.First < x.Last && x.Stride < 0 || x.First > x.Last && x.Stride > 0 {
			return nil, argError(op, ErrArg, "ranges[%d] is %+v, whose stride leads away from Last", i, x)
		}
		if uint(x.First) >= uint(g.size) || x.Last < -maxInt32 || x.Last > maxInt32 {
			return nil, argError(op, ErrRank, "ranges[%d] is %+v, but the group has %d ranks", i, x, g.size)
		}
		steps := (x.Last - x.First) / x.Stride
		last, stride := x.First+steps*x.Stride, x.Stride
		if uint(last) >= uint(g.size) {
			return nil, argError(op, ErrRank, "ranges[%d] is %+v and ends at rank %d, but the group has %d ranks", i, x, last, g.size)
		}
		if steps == 0 {
			stride = 1 // it may not fit C's int
		}
		for r, k := x.First, 0; k <= steps; r, k = r+stride, k+1 {
			if j, twice := seen[r]; twice {
				return nil, argError(op, ErrRank, "rank %d is named twice: in ranges[%d] and ranges[%d]", r, j, i)
			}
			seen[r] = i
		}
		list = append(list, int32(x.First), int32(last), int32(stride))
	}
	return newGroup(cgo.GroupPick(op, what, g.h, len(ranges), list))
}

// Free gives g up. Communicators made of it live on. Calling it again, or on
// nil, does nothing; any other use of g is an error afterwards.
//
// Implements: MPI_Group_free (MPI 4.1 §7.3.3)
func (g *Group) Free() error {
	if g == nil || g.h == 0 {
		return nil
	}
	if err := usable("Group.Free"); err != nil {
		return err
	}
	leaks.Freed(g)
	h := g.h
	g.h = 0
	return cgo.GroupFree(h)
}
