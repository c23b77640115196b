package main

import "github.com/mpi4go/mpi4go/mpi"

// Benchmarks with many messages under way at once.

// pair is the rank to which a rank of the first half sends, or from which one of
// the second half receives.
func (b *buffers) pair() (pair int, sends bool) {
	rank, half := b.world.Rank(), b.world.Size()/2
	if rank < half {
		return rank + half, true
	}
	return rank - half, false
}

// rate sends a window of messages from the one rank of a pair to the other, and
// a word back.
func rate(b *buffers, n int64) error {
	rs := make([]*mpi.Request, window)
	size := len(b.send)
	pair, sends := b.pair()
	err := repeat(n, func() error {
		for i := range rs {
			if sends {
				rs[i] = mpi.Isend(b.world, b.send, pair, dataTag)
			} else {
				rs[i] = mpi.Irecv(b.world, b.recv[i*size:(i+1)*size], pair, dataTag)
			}
		}
		if err := mpi.Waitall(rs...); err != nil {
			return err
		}
		return acknowledge(b)
	})
	if err != nil || b.world.Size() == 2 {
		return err
	}
	return b.world.Barrier() // rank 0's time is that of the slowest pair
}

// persistent is rate with requests that are made once, of one pair.
func persistent(b *buffers, n int64) error {
	rs := make([]*mpi.Request, window)
	size := len(b.send)
	for i := range rs {
		if b.world.Rank() == 0 {
			rs[i] = mpi.SendInit(b.world, b.send, 1, dataTag)
		} else {
			rs[i] = mpi.RecvInit(b.world, b.recv[i*size:(i+1)*size], 0, dataTag)
		}
		defer rs[i].Free()
	}
	return repeat(n, func() error {
		if err := mpi.Startall(rs...); err != nil {
			return err
		}
		if err := mpi.Waitall(rs...); err != nil {
			return err
		}
		return acknowledge(b)
	})
}

func acknowledge(b *buffers) error {
	pair, sends := b.pair()
	if sends {
		_, err := mpi.Recv(b.world, []byte{}, pair, controlTag)
		return err
	}
	return mpi.Send(b.world, []byte{}, pair, controlTag)
}

// bibandwidth sends a window of messages each way.
func bibandwidth(b *buffers, n int64) error {
	rs := make([]*mpi.Request, 2*biwindow)
	size := len(b.send)
	return repeat(n, func() error {
		for i := range biwindow {
			rs[i] = mpi.Irecv(b.world, b.recv[i*size:(i+1)*size], b.peer, dataTag)
		}
		for i := range biwindow {
			rs[biwindow+i] = mpi.Isend(b.world, b.send, b.peer, dataTag)
		}
		return mpi.Waitall(rs...)
	})
}
