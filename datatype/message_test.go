package datatype_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

// TestRandomMessages sends random layouts around a ring. The receiver takes them
// as another random layout of the same sequence of basic types: every second time
// as the same, else as what lies in a row.
func TestRandomMessages(t *testing.T) {
	c := mpitest.World(t)
	next, before := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	rnd := rand.New(rand.NewPCG(8, 8)) // equal on all ranks
	for round := range 400 {
		m := random(t, rnd, 1+rnd.IntN(3))
		n := 1 + rnd.IntN(40) // enough for some messages to be long
		if m.repeats(n) {
			must(t, m.t.Free())
			continue
		}
		src, base := m.memory(n, byte(c.Rank()))
		want, _ := m.memory(n, byte(before)) // what the sender has
		dst, _ := m.memory(n, 0xa5)
		data := make([]byte, 0, n*len(m.bytes))
		wantDst := slices.Clone(dst)
		for i := range n {
			for _, b := range m.bytes {
				at := base + i*m.extent() + b
				data = append(data, want[at])
				wantDst[at] = want[at]
			}
		}
		// Typed wants memory from where the layout begins to where it ends.
		send, sendType := layoutOf(t, src, base, m, n)
		if round%2 == 0 {
			recv, recvType := layoutOf(t, dst, base, m, n)
			_, err := mpi.Sendrecv(c, send, next, 1, recv, before, 1)
			must(t, err)
			must(t, recvType.Free())
			if !slices.Equal(dst, wantDst) {
				t.Fatalf("round %d: %d of %s arrived as %v, want %v", round, n, m.text, dst, wantDst)
			}
		} else {
			// As bytes: the libraries do not compare the types of both sides.
			flat := make([]byte, len(data))
			st, err := mpi.Sendrecv(c, send, next, 1, flat, before, 1)
			must(t, err)
			if !slices.Equal(flat, data) || st.Count != len(data) {
				t.Fatalf("round %d: %d of %s arrived as %v, want %v", round, n, m.text, flat, data)
			}
		}
		must(t, sendType.Free())
		must(t, m.t.Free())
	}
}

// layoutOf is n elements of the model in memory that it begins at base of. A
// Buffer begins where its slice does, and no element may reach before that: the
// layout is moved up by as much as it reaches down.
func layoutOf(t *testing.T, mem []byte, base int, m *model, n int) (mpi.Buffer, datatype.Datatype) {
	low := 0
	for i := range n {
		for _, b := range m.bytes {
			low = min(low, i*m.extent()+b)
		}
	}
	moved, err := datatype.Hindexed([]int{n}, []int{-low}, m.t)
	must(t, err)
	return mpi.Typed(mem[base+low:], 1, moved), moved
}
