package mpi

import "github.com/mpi4go/mpi4go/mpi/cgo"

// IntercommCreate makes an intercommunicator of two groups of ranks that have
// none in common. Each rank calls it with the communicator of its own group,
// local, and that group's leader, a rank of it. The two leaders find each other
// over peer, a communicator that both are in: remoteLeader is the other one's
// rank there. On all other ranks peer and remoteLeader are ignored, and peer
// may be nil. The tag is one that no message on peer between the leaders uses
// meanwhile, the same for both groups.
//
// On the result, peers in sends and receives are the ranks of the other group,
// and collectives go from group to group: see Root. Collective over both groups.
//
// Errors: ErrComm, ErrRank, ErrTag.
//
// Implements: MPI_Intercomm_create (MPI 4.1 §7.6.2)
func IntercommCreate(local *Comm, localLeader int, peer *Comm, remoteLeader, tag int) (*Comm, error) {
	const op = "IntercommCreate"
	if err := local.check(op); err != nil {
		return nil, local.raise(err)
	}
	if err := local.checkIntra(op); err != nil {
		return nil, local.raise(err)
	}
	if uint(localLeader) >= uint(local.size) {
		return nil, local.raise(argError(op, ErrRank, "localLeader is %d, but the communicator's ranks are 0 to %d", localLeader, local.size-1))
	}
	if err := local.checkTag(op, "tag", tag); err != nil {
		return nil, local.raise(err)
	}
	var h cgo.Comm
	if local.rank == localLeader {
		if err := peer.check(op); err != nil {
			return nil, local.raise(err)
		}
		if uint(remoteLeader) >= uint(peer.peers) {
			return nil, local.raise(argError(op, ErrRank, "remoteLeader is %d, but the ranks of peer are 0 to %d", remoteLeader, peer.peers-1))
		}
		if !peer.inter && remoteLeader == peer.rank {
			return nil, local.raise(argError(op, ErrRank, "remoteLeader is %d, this rank itself, but must be in the other group", remoteLeader))
		}
		h = peer.h
	} else {
		remoteLeader = 0
	}
	defer local.enters(op).over()
	return local.child(newComm(cgo.IntercommCreate(local.h, localLeader, h, remoteLeader, tag)))
}

// Merge makes one communicator of the two groups of an intercommunicator. All
// ranks of a group give the same high: the group that says true comes second,
// and when both say the same the library chooses. Collective over both groups.
//
// Errors: ErrComm, also when c is not an intercommunicator.
//
// Implements: MPI_Intercomm_merge (MPI 4.1 §7.6.2)
func (c *Comm) Merge(high bool) (*Comm, error) {
	if err := c.checkInter("Comm.Merge"); err != nil {
		return nil, c.raise(err)
	}
	defer c.enters("Comm.Merge").over()
	return c.child(newComm(cgo.IntercommMerge(c.h, high)))
}
