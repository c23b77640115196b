package object

import (
	"fmt"

	"github.com/mpi4go/mpi4go/internal/pieces"
	"github.com/mpi4go/mpi4go/mpi"
)

// Collectives first exchange the lengths of the objects and then the objects.
// A rank that has an error sends it in place of its object, so that those who
// were to have the object get the error, and nobody waits for what never comes.

// object is *v encoded for a collective, or the error that it cannot be, which
// is returned too.
func object[T any](op string, v *T) ([]byte, error) {
	e, err := encode(op, v)
	if err != nil {
		return failure(err), err
	}
	return e.bytes(), nil // the buffer stays ours
}

// Bcast gives *v of rank root to all ranks, in *v.
//
// Errors: on all ranks when root's value cannot be encoded; a *TypeError on
// those for whose type it is not.
func Bcast[T any](c *mpi.Comm, v *T, root int) error {
	const op = "Bcast"
	if err := check(op, c); err != nil {
		return err
	}
	if v == nil {
		return &mpi.Error{Op: "object." + op, Class: mpi.ErrBuffer, Msg: "v is nil"}
	}
	var data, note []byte
	var err error
	if c.Rank() == root {
		if data, note = memoryOf(v); len(data) < large {
			note = nil
			data, err = object(op, v)
		}
	}
	lens := []int{len(data), len(note)}
	if err := mpi.Bcast(c, lens, root); err != nil {
		return err
	}
	if c.Rank() == root {
		// Memory goes from where it is.
		if e := mpi.Bcast(c, data, root); e != nil {
			return e
		}
		if lens[1] > 0 {
			return mpi.Bcast(c, note, root)
		}
		return err
	}
	r := room[T](lens[0] + lens[1])
	if err := mpi.Bcast(c, r.bytes[:lens[0]], root); err != nil {
		r.release()
		return err
	}
	if lens[1] > 0 {
		if err := mpi.Bcast(c, r.bytes[lens[0]:], root); err != nil {
			r.release()
			return err
		}
	}
	var got T // what *v held is no part of it
	err = r.decode(&got)
	if err == nil {
		*v = got
	}
	return from(op, root, err)
}

// check says whether c can be used: before anything is asked of it.
func check(op string, c *mpi.Comm) error { return pieces.Check("object."+op, c) }

// from says where what cannot be decoded came from.
func from(op string, rank int, err error) error {
	if err != nil {
		return fmt.Errorf("object: %s: from rank %d: %w", op, rank, err)
	}
	return nil
}

// Gather brings each rank's v to rank root, which gets them in the order of the
// ranks; the others get nil.
//
// Errors: on root, for a value that cannot be encoded or is no T there; on the
// rank whose value it is.
func Gather[T any](c *mpi.Comm, v T, root int) ([]T, error) {
	const op = "Gather"
	if err := check(op, c); err != nil {
		return nil, err
	}
	b, failed := object(op, &v)
	var lens []int
	if c.Rank() == root {
		lens = make([]int, c.Size())
	}
	if err := mpi.Gather(c, []int{len(b)}, lens, root); err != nil {
		return nil, err
	}
	displs, all := stacked(lens)
	if err := mpi.Gatherv(c, b, all, lens, displs, root); err != nil {
		return nil, err
	}
	if c.Rank() != root || failed != nil {
		return nil, failed
	}
	return list[T](op, all, lens, displs)
}

// stacked is where things of such lengths lie one after the other, and room for
// all of them.
func stacked(lens []int) (displs []int, all []byte) {
	displs = make([]int, len(lens))
	n := 0
	for i, l := range lens {
		displs[i] = n
		n += l
	}
	return displs, make([]byte, n)
}

// list decodes one object per rank.
func list[T any](op string, all []byte, lens, displs []int) ([]T, error) {
	vs := make([]T, len(lens))
	for i := range vs {
		if err := decodeBytes(all[displs[i]:][:lens[i]], &vs[i]); err != nil {
			return nil, from(op, i, err)
		}
	}
	return vs, nil
}

// Allgather brings each rank's v to all ranks, in the order of the ranks.
//
// Errors: on all ranks, for a value that cannot be encoded; a *TypeError where
// one is no T.
func Allgather[T any](c *mpi.Comm, v T) ([]T, error) {
	const op = "Allgather"
	if err := check(op, c); err != nil {
		return nil, err
	}
	b, failed := object(op, &v)
	lens := make([]int, c.Size())
	if err := mpi.Allgather(c, []int{len(b)}, lens); err != nil {
		return nil, err
	}
	displs, all := stacked(lens)
	if err := mpi.Allgatherv(c, b, all, lens, displs); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return list[T](op, all, lens, displs)
}

// each encodes one value per rank.
func each[T any](op string, c *mpi.Comm, vs []T) (all []byte, lens []int, failed error) {
	lens = make([]int, c.Size())
	if len(vs) != c.Size() {
		failed = fmt.Errorf("object: %s: %d values, want one for each of %d ranks", op, len(vs), c.Size())
	}
	for i := range lens {
		var b []byte
		if failed != nil {
			b = failure(failed)
		} else {
			var err error
			if b, err = object(op, &vs[i]); err != nil {
				failed = err // what was encoded before arrives
			}
		}
		all = append(all, b...)
		lens[i] = len(b)
	}
	return all, lens, failed
}

// Scatter gives each rank one of root's vs, by its rank; vs must have as many
// as there are ranks, and counts on root only.
//
// Errors: on all ranks when vs has another length; otherwise on root and on
// those whose value cannot be encoded, or is no T there.
func Scatter[T any](c *mpi.Comm, vs []T, root int) (v T, err error) {
	const op = "Scatter"
	if err := check(op, c); err != nil {
		return v, err
	}
	var all []byte
	var lens, displs []int
	var failed error
	if c.Rank() == root {
		all, lens, failed = each(op, c, vs)
		displs, _ = stacked(lens)
	}
	n := []int{0}
	if err := mpi.Scatter(c, lens, n, root); err != nil {
		return v, err
	}
	b := make([]byte, n[0])
	if err := mpi.Scatterv(c, all, lens, displs, b, root); err != nil {
		return v, err
	}
	if failed != nil {
		return v, failed
	}
	return v, from(op, root, decodeBytes(b, &v))
}

// Alltoall gives vs[i] to rank i, and returns what each rank has given to this
// one, in the order of the ranks. vs must have as many values as there are
// ranks.
//
// Errors: on the rank whose vs has another length, or holds a value that cannot
// be encoded, and on those who were to have it.
func Alltoall[T any](c *mpi.Comm, vs []T) ([]T, error) {
	const op = "Alltoall"
	if err := check(op, c); err != nil {
		return nil, err
	}
	send, slens, failed := each(op, c, vs)
	rlens := make([]int, c.Size())
	if err := mpi.Alltoall(c, slens, rlens); err != nil {
		return nil, err
	}
	sdispls, _ := stacked(slens)
	rdispls, recv := stacked(rlens)
	if err := mpi.Alltoallv(c, send, slens, sdispls, recv, rlens, rdispls); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return list[T](op, recv, rlens, rdispls)
}
