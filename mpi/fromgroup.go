package mpi

import (
	"strings"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Communicators made of groups alone, with no communicator around them. The
// members find each other by a text that they all give.

// CommCreateFromGroup makes a communicator of the members of g, in its order.
// They all call it, with the same g and the same tag, a text that is in use for
// one such call of these ranks at a time: a package that makes communicators
// behind its users' backs puts its own name in it. Info gives hints. To a rank
// that is not in g it returns nil at once. It came with MPI-4. Collective over g.
//
// Errors: ErrGroup, ErrArg (the tag is too long, or has a zero byte),
// ErrInfoKey, ErrInfoValue, ErrUnsupported.
//
// Implements: MPI_Comm_create_from_group (MPI 4.1 §7.4.2)
func CommCreateFromGroup(g *Group, tag string, info Info) (*Comm, error) {
	const op = "CommCreateFromGroup"
	if err := g.check(op, "the group"); err != nil {
		return nil, err
	}
	if err := checkStringTag(op, tag); err != nil {
		return nil, err
	}
	if g.rank == Undefined {
		return nil, nil
	}
	defer watch(facts{op: op}).over()
	var c *Comm
	err := info.with(op, func(h cgo.Hints) (err error) {
		c, err = newComm(cgo.CommCreateFromGroup(g.h, tag, h))
		return err
	})
	return c, err
}

// IntercommCreateFromGroups makes an intercommunicator of two groups that have
// no member in common. Each rank gives its own group as local, the rank in that
// of its leader, and the other group as remote. The rank of the other leader in
// remote is asked for on the local leader only. For the tag and info see
// CommCreateFromGroup. It came with MPI-4. Collective over both groups.
//
// Errors: ErrGroup, ErrRank, ErrArg (the tag is too long, or has a zero byte),
// ErrInfoKey, ErrInfoValue, ErrUnsupported.
//
// Implements: MPI_Intercomm_create_from_groups (MPI 4.1 §7.6.2)
func IntercommCreateFromGroups(local *Group, localLeader int, remote *Group, remoteLeader int, tag string, info Info) (*Comm, error) {
	const op = "IntercommCreateFromGroups"
	if err := local.check(op, "the local group"); err != nil {
		return nil, err
	}
	if local.rank == Undefined {
		return nil, argError(op, ErrGroup, "this rank is not in the local group")
	}
	if uint(localLeader) >= uint(local.size) {
		return nil, argError(op, ErrRank, "localLeader is %d, but the group's ranks are 0 to %d", localLeader, local.size-1)
	}
	if err := checkStringTag(op, tag); err != nil {
		return nil, err
	}
	if err := remote.check(op, "the remote group"); err != nil {
		return nil, err
	}
	if local.rank != localLeader {
		remoteLeader = 0
	}
	if uint(remoteLeader) >= uint(remote.size) {
		return nil, argError(op, ErrRank, "remoteLeader is %d, but the remote group has %d ranks", remoteLeader, remote.size)
	}
	if err := checkDisjoint(op, local, remote); err != nil {
		return nil, err
	}
	defer watch(facts{op: op}).over()
	var c *Comm
	err := info.with(op, func(h cgo.Hints) (err error) {
		c, err = newComm(cgo.IntercommCreateFromGroups(local.h, localLeader, remote.h, remoteLeader, tag, h))
		return err
	})
	return c, err
}

func checkDisjoint(op string, local, remote *Group) error {
	both, err := local.Intersection(remote)
	if err != nil {
		return err
	}
	defer both.Free()
	if both.size > 0 {
		return argError(op, ErrGroup, "the groups have %d members in common", both.size)
	}
	return nil
}

func checkStringTag(op, tag string) error {
	if len(tag) >= cgo.MaxStringTag {
		return argError(op, ErrArg, "tag has %d bytes, but at most %d are possible here", len(tag), cgo.MaxStringTag-1)
	}
	if strings.IndexByte(tag, 0) >= 0 {
		return argError(op, ErrArg, "tag is %q, but cannot contain a zero byte", tag)
	}
	return nil
}
