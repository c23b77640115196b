package object_test

import (
	"context"
	"testing"

	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// TestBadInput calls every function with every argument that it cannot have. The
// lengths that Scatter and Alltoall want are for tests on all ranks.
func TestBadInput(t *testing.T) {
	c := mpitest.World(t)
	freed, err := c.Dup()
	if err != nil {
		t.Fatal(err)
	}
	if err := freed.Free(); err != nil {
		t.Fatal(err)
	}
	n := c.Size()
	type wrongs = []badinput.Wrong
	numbers := func(class mpi.Class, says string, list ...int) (all wrongs) {
		for _, x := range list {
			all = append(all, badinput.Wrong{x, class, says})
		}
		return all
	}
	peers := func(name string) wrongs { return numbers(mpi.ErrRank, name+" is", -7, n, 1<<40) }
	tags := func(name string) wrongs { return numbers(mpi.ErrTag, name+" is", -7, c.TagUB()+1, 1<<40) }
	badinput.Table{
		Inner: true,
		Funcs: map[string]any{
			"Send": object.Send[int], "Isend": object.Isend[int], "Recv": object.Recv[int], "RecvContext": object.RecvContext[int], "Irecv": object.Irecv[int],
			"Sendrecv": object.Sendrecv[int, int], "Bcast": object.Bcast[int], "Scatter": object.Scatter[int], "Gather": object.Gather[int],
			"Allgather": object.Allgather[int], "Alltoall": object.Alltoall[int], "Reduce": object.Reduce[int], "Allreduce": object.Allreduce[int],
			"Scan": object.Scan[int], "Exscan": object.Exscan[int], "Decode": object.Decode[int],
		},
		Fine: map[string]string{
			"Append": "see TestAppend: what is wrong is the type", "Register": "a nil Codec panics, as it must: there is no name", "Use": "nil is gob",
			"TypeError.Error": "it cannot fail", "TypeError.Unwrap": "it cannot fail",
			"Receiving.Cancel": "of Irecv only", "Receiving.Done": "of Irecv only", "Receiving.Test": "of Irecv only", "Receiving.Wait": "of Irecv only", "Receiving.WaitContext": "of Irecv only",
		},
		Any: []string{"v T", "v S", "ctx context.Context", "vs []T"},
		Good: map[string]any{
			"c *mpi.Comm": c, "v T": 1, "v S": 1, "dest int": 0, "source int": 0, "tag int": 1, "sendtag int": 1, "recvtag int": 1, "root int": 0,
			"v *T": new(int), "vs []T": make([]int, n), "f func(a, b T) T": func(a, b int) int { return a }, "ctx context.Context": context.Background(), "data []byte": []byte{},
		},
		Bad: map[string]wrongs{
			"c *mpi.Comm": {{nil, mpi.ErrComm, "communicator is nil"}, {freed, mpi.ErrComm, "communicator has been freed"}},
			"dest int":    peers("dest"), "source int": peers("source"), "tag int": tags("tag"), "sendtag int": tags("tag"), "recvtag int": tags("recvtag"),
			"root int": numbers(mpi.ErrRoot, "root is", -7, n, mpi.ProcNull, 1<<40), "v *T": {{nil, mpi.ErrBuffer, "v is nil"}},
			"f func(a, b T) T": {{nil, badinput.Another, "function is nil"}},
			"data []byte":      {{[]byte(nil), badinput.Another, "."}, {[]byte{1, 2, 3}, badinput.Another, "."}, {make([]byte, 1000), badinput.Another, "."}},
		},
	}.Test(t)
}
