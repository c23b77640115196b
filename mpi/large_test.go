package mpi_test

import (
	"bytes"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// More bytes, or elements, than an int of C counts, in one message, each way of
// sending and receiving it once.
func TestLargeMessages(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() != 2 || raceEnabled || testing.Short() {
		return // once is enough, and the race detector triples the memory
	}
	block := make([]byte, 1<<20+7) // of no round length, so that a shift shows
	for i := range block {
		block[i] = byte(i*i>>3 ^ i)
	}
	n := 1<<31 + 7
	buf := make([]byte, n)
	for _, how := range []string{"blocking", "nonblocking", "persistent"} {
		t.Run(how+" bytes", func(t *testing.T) {
			clear(buf)
			if c.Rank() == 0 {
				for at := 0; at < n; at += copy(buf[at:], block) {
				}
			}
			large(t, c, how, buf, len(buf), 1)
			for at := 0; at < n; at += len(block) {
				if part := buf[at:min(at+len(block), n)]; !slices.Equal(part, block[:len(part)]) {
					t.Fatalf("the block at %d is wrong", at)
				}
			}
		})
	}
	buf = nil
	debug.FreeOSMemory()

	t.Run("float64", func(t *testing.T) {
		buf := make([]float64, 1<<28+3)
		if c.Rank() == 0 {
			for i := range buf {
				buf[i] = float64(i)
			}
		}
		large(t, c, "nonblocking", buf, len(buf), 8)
		for i := range buf {
			if buf[i] != float64(i) {
				t.Fatalf("element %d is %v", i, buf[i])
			}
		}
	})
	debug.FreeOSMemory()
}

// large moves buf from rank 0 to rank 1.
func large[B mpi.Data](t *testing.T, c *mpi.Comm, how string, buf B, count, size int) {
	t.Helper()
	var st mpi.Status
	var err error
	sends := c.Rank() == 0
	switch how {
	case "blocking":
		if sends {
			err = mpi.Send(c, buf, 1, 3)
		} else {
			st, err = mpi.Recv(c, buf, 0, 3)
		}
	case "nonblocking":
		if sends {
			_, err = mpi.Isend(c, buf, 1, 3).Wait()
		} else {
			st, err = mpi.Irecv(c, buf, 0, 3).Wait()
		}
	case "persistent":
		var r *mpi.Request
		if sends {
			r = mpi.SendInit(c, buf, 1, 3)
		} else {
			r = mpi.RecvInit(c, buf, 0, 3)
		}
		must(t, r.Start())
		st, err = r.Wait()
		must(t, r.Free())
	}
	must(t, err)
	if !sends && (st.Count != count || st.Bytes() != int64(count)*int64(size)) {
		t.Errorf("status %+v with %d bytes, want %d elements of %d", st, st.Bytes(), count, size)
	}
}

// The same in collectives: more elements than an int of C counts in one part.
func TestLargeCollectives(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() != 2 || raceEnabled || testing.Short() {
		return // once is enough, and the race detector triples the memory
	}
	const n = 1<<31 + 7
	me := c.Rank()
	// What the ranks have, over and over: of no round length, so that a shift
	// shows. The last is the two combined.
	var blocks [3][]byte
	for r := range blocks {
		blocks[r] = make([]byte, 1<<20+7)
		for i := range blocks[r] {
			blocks[r][i] = byte(i*7>>2 ^ i>>11 ^ r*85)
			if r == 2 {
				blocks[r][i] = blocks[0][i] ^ blocks[1][i]
			}
		}
	}
	fill := func(part []byte) {
		for at := 0; at < len(part); at += copy(part[at:], blocks[me]) {
		}
	}
	check := func(what string, part []byte, block int) {
		t.Helper()
		for at := 0; at < len(part); at += len(blocks[block]) {
			if b := part[at:min(at+len(blocks[block]), len(part))]; !bytes.Equal(b, blocks[block][:len(b)]) {
				t.Fatalf("%s: the block at %d is wrong", what, at)
			}
		}
	}
	both := make([]byte, 2*n)
	mine := both[me*n : (me+1)*n]
	fill(mine)
	must(t, mpi.AllgatherInPlace(c, both))
	check("Allgather, rank 0", both[:n], 0)
	check("Allgather, rank 1", both[n:], 1)
	both, mine = nil, nil
	debug.FreeOSMemory()

	buf := make([]byte, n)
	fill(buf)
	must(t, mpi.AllreduceInPlace(c, buf, op.Bxor))
	check("Allreduce", buf, 2)
	fill(buf)
	must(t, mpi.ReduceInPlace(c, buf, op.Bxor, 0))
	if me == 0 {
		check("Reduce", buf, 2)
	}
	fill(buf)
	must(t, mpi.Bcast(c, buf, 1))
	check("Bcast", buf, 1)
	// Where a library cannot, it says so before anything is sent.
	if !cgo.Large {
		is(t, mpi.Allgatherv(c, buf, nil, []int{n, 0}, nil), mpi.ErrCount, "at most 2147483647 from a rank")
		is(t, mpi.Gatherv(c, buf, nil, []int{n, 0}, nil, 1-me), mpi.ErrCount, "at most 2147483647 from a rank")
		is(t, mpi.Scatterv(c, nil, nil, nil, buf, 1-me), mpi.ErrCount, "recv has 2147483655 elements")
		is(t, mpi.Scatterv(c, buf, []int{n, 0}, nil, nil, me), mpi.ErrCount, "rank 0, 2147483655 elements from 0")
		is(t, mpi.Scatterv(c, buf, []int{1, 1}, []int{0, n - 1}, buf[:1], me), mpi.ErrCount, "rank 1, 1 elements from 2147483654")
		is(t, mpi.Scatterv(c, buf, []int{n - 1, 1}, nil, nil, me), mpi.ErrCount, "rank 0, 2147483654 elements from 0")
		is(t, mpi.AlltoallvInPlace(c, buf, []int{n - 1, 1}, nil), mpi.ErrCount, "rank 0, 2147483654 elements from 0")
		is(t, mpi.AlltoallwInPlace(c, []mpi.Buffer{mpi.Slice(buf), mpi.Slice(buf[:1])}), mpi.ErrCount, "bufs[0] has 2147483655 elements")
		is(t, mpi.ReduceScatterInPlace(c, buf, []int{n, 0}, op.Bxor), mpi.ErrCount, "counts[0] is 2147483655")
		_, err := mpi.IallreduceInPlace(c, buf, op.Bxor).Wait()
		is(t, err, mpi.ErrCount, "2147483647")
		must(t, c.Barrier())
	}
	buf = nil
	debug.FreeOSMemory()
}
