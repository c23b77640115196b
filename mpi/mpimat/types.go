package mpimat

import (
	"fmt"
	"sync"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/leaks"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// The datatypes of matrices are made once for each layout and kept, up to a
// number. None is freed to make room for another: somebody may have a Buffer of
// it, or be in a call with it, and no count of those is kept on the way of every
// message. As the number of rows is not part of a layout, programs have few.

// key is a layout.
type key struct {
	elem   datatype.Datatype
	form   form
	n      int // columns of a row; rows and columns of a triangle
	stride int
}

type form int

const (
	row      form = iota // n numbers, and the next row begins stride numbers on
	triangle             // the upper triangle of an n x n matrix
)

var types = typeCache{entries: map[key]datatype.Datatype{}}

type typeCache struct {
	mu      sync.RWMutex
	entries map[key]datatype.Datatype
}

var maxTypes = 4096 // a variable for its test

func init() { cgo.AtFinalize(func() { _ = types.free() }) } // nobody is left to tell of an error

// Forget frees the datatypes that are kept for matrices and vectors, for a
// program that has used up their number with layouts that it needs no more. No
// Buffer made by this package before may be in use, or be used afterwards; a
// nonblocking call that has begun is not affected. It is local.
//
// Errors: ErrState.
func Forget() error {
	if err := cgo.Usable("mpimat.Forget"); err != nil {
		return err
	}
	return types.free()
}

func (c *typeCache) free() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var first error
	for k, t := range c.entries {
		delete(c.entries, k)
		if err := t.Free(); first == nil {
			first = err
		}
	}
	return first
}

// get costs a lookup and allocates nothing when the layout is known.
func (c *typeCache) get(op string, k key) (datatype.Datatype, error) {
	c.mu.RLock()
	t, ok := c.entries[k]
	c.mu.RUnlock()
	if ok {
		return t, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok = c.entries[k]; ok {
		return t, nil
	}
	if len(c.entries) >= maxTypes {
		return t, argError(op, mpi.ErrNoMem, "there are datatypes for %d layouts of matrices, and this would be one more: see Forget", len(c.entries))
	}
	var err error
	leaks.Unlisted(func() { t, err = k.make() })
	if err == nil {
		c.entries[k] = t
	}
	return t, err
}

func (k key) make() (datatype.Datatype, error) {
	t, err := k.construct()
	if err != nil {
		return t, err
	}
	// The name is for debuggers: it need not be there.
	_ = t.SetName(fmt.Sprintf("mpimat %v %d stride %d", k.form, k.n, k.stride))
	return t, t.Commit()
}

func (k key) construct() (datatype.Datatype, error) {
	if k.form == triangle {
		lengths, displs := make([]int, k.n), make([]int, k.n)
		for i := range k.n {
			lengths[i], displs[i] = k.n-i, i*k.stride+i
		}
		return datatype.Indexed(lengths, displs, k.elem)
	}
	numbers, err := datatype.Contiguous(k.n, k.elem)
	if err != nil {
		return numbers, err
	}
	defer numbers.Free()
	return datatype.Resized(numbers, 0, k.stride*k.elem.Size())
}

func (f form) String() string { return [...]string{"row", "triangle"}[f] }
