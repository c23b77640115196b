package datatype

import (
	"fmt"
	"strings"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Combiner says which constructor made a datatype.
type Combiner = cgo.Combiner

// The combiners (MPI 4.1 §5.1.13). Those of Fortran are predefined: a datatype
// of Go has none.
const (
	CombinerNamed         = cgo.CombinerNamed
	CombinerDup           = cgo.CombinerDup
	CombinerContiguous    = cgo.CombinerContiguous
	CombinerVector        = cgo.CombinerVector
	CombinerHvector       = cgo.CombinerHvector
	CombinerIndexed       = cgo.CombinerIndexed
	CombinerHindexed      = cgo.CombinerHindexed
	CombinerIndexedBlock  = cgo.CombinerIndexedBlock
	CombinerHindexedBlock = cgo.CombinerHindexedBlock
	CombinerStruct        = cgo.CombinerStruct
	CombinerSubarray      = cgo.CombinerSubarray
	CombinerDarray        = cgo.CombinerDarray
	CombinerResized       = cgo.CombinerResized
	CombinerF90Real       = cgo.CombinerF90Real
	CombinerF90Complex    = cgo.CombinerF90Complex
	CombinerF90Integer    = cgo.CombinerF90Integer
	CombinerUnknown       = cgo.CombinerUnknown // one that came after MPI 4.1
)

// Envelope says how a datatype was made, and how many arguments of each sort
// that took: integers, addresses, counts of more than 32 bits, and datatypes.
type Envelope struct {
	Combiner                               Combiner
	Integers, Addresses, Counts, Datatypes int
}

// Envelope says how t was made.
//
// Errors: ErrType, ErrState. May be called from any goroutine.
//
// Implements: MPI_Type_get_envelope (MPI 4.1 §5.1.13)
func (t Datatype) Envelope() (Envelope, error) {
	const op = "Datatype.Envelope"
	if err := t.usable(op); err != nil {
		return Envelope{}, err
	}
	e, err := cgo.TypeEnvelope(op, t.d.e.T)
	return Envelope{e.Combiner, e.Integers, e.Addresses, e.Counts, e.Types}, err
}

// Contents is a datatype taken apart: the call that made it, by the names of its
// arguments, and the same for the datatypes that were given to it. Arguments
// that the call does not have are zero.
type Contents struct {
	Combiner Combiner

	Name string // of a predefined type, as in Go if it is one of Go's: "float64", "MPI_PACKED"

	// Contiguous has a Count; Vector and Hvector have all three.
	Count, Blocklength, Stride int
	// Indexed, Hindexed and Struct have both; the block forms have Blocklength
	// and Displs.
	Blocklengths, Displs []int
	// Subarray has the first three and Order; Darray has Sizes, which are its
	// gsizes, and the rest.
	Sizes, Subsizes, Starts []int
	Order                   Order
	Size, Rank              int
	Distribs                []Distribution
	Dargs, Psizes           []int
	// Resized.
	Lb, Extent int

	Types []*Contents // of Struct as many as blocks, else one

	kind cgo.Kind // of one of Go's predefined types
	size int      // bytes of data
}

// Contents takes t apart. The result does not refer to any datatype: there is
// nothing to free.
//
// Errors: ErrType, ErrState. May be called from any goroutine.
//
// Implements: MPI_Type_get_contents (MPI 4.1 §5.1.13)
func (t Datatype) Contents() (*Contents, error) {
	const op = "Datatype.Contents"
	if err := t.usable(op); err != nil {
		return nil, err
	}
	return contents(op, t.d.e.T)
}

func predefined(c Combiner) bool {
	return c == CombinerNamed || c == CombinerF90Real || c == CombinerF90Complex || c == CombinerF90Integer
}

func contents(op string, h cgo.Datatype) (*Contents, error) {
	e, err := cgo.TypeEnvelope(op, h)
	if err != nil {
		return nil, err
	}
	c := &Contents{Combiner: e.Combiner}
	info, _, err := cgo.TypeInfo(op, h)
	if err != nil {
		return nil, err
	}
	c.kind, c.size = info.Kind, info.Size
	if predefined(e.Combiner) || e.Combiner == CombinerUnknown {
		if c.kind != cgo.Derived {
			c.Name = c.kind.String()
		} else {
			c.Name, err = cgo.TypeName(op, h)
		}
		return c, err
	}
	integers, addresses, counts, types, err := cgo.TypeContents(op, h, e)
	if err != nil {
		return nil, err
	}
	for _, part := range types {
		p, perr := contents(op, part)
		if perr != nil {
			err = perr
			continue // to free the others
		}
		if !predefined(p.Combiner) {
			if ferr := cgo.TypeFree(op, part); ferr != nil {
				err = ferr
			}
		}
		c.Types = append(c.Types, p)
	}
	if err != nil {
		return nil, err
	}
	c.decode(args{integers, addresses, counts, len(counts) > 0})
	return c, nil
}

// args hands out the arguments of a constructor in their order. Where it was
// one for large counts, all of the counts and what is a number of bytes else
// are among the counts.
type args struct {
	integers, addresses, counts []int
	large                       bool
}

func take(from *[]int, n int) []int {
	v := (*from)[:n:n]
	*from = (*from)[n:]
	return v
}

func (a *args) ints(n int) []int { return take(&a.integers, n) }
func (a *args) int() int         { return a.ints(1)[0] }

func (a *args) numbers(n int) []int {
	if a.large {
		return take(&a.counts, n)
	}
	return take(&a.integers, n)
}
func (a *args) number() int { return a.numbers(1)[0] }

func (a *args) bytes(n int) []int {
	if a.large {
		return take(&a.counts, n)
	}
	return take(&a.addresses, n)
}

func (c *Contents) decode(a args) {
	switch c.Combiner {
	case CombinerContiguous:
		c.Count = a.number()
	case CombinerVector:
		c.Count, c.Blocklength, c.Stride = a.number(), a.number(), a.number()
	case CombinerHvector:
		c.Count, c.Blocklength = a.number(), a.number()
		c.Stride = a.bytes(1)[0]
	case CombinerIndexed:
		n := a.number()
		c.Blocklengths, c.Displs = a.numbers(n), a.numbers(n)
	case CombinerHindexed, CombinerStruct:
		n := a.number()
		c.Blocklengths = a.numbers(n)
		c.Displs = a.bytes(n)
	case CombinerIndexedBlock:
		n := a.number()
		c.Blocklength = a.number()
		c.Displs = a.numbers(n)
	case CombinerHindexedBlock:
		n := a.number()
		c.Blocklength = a.number()
		c.Displs = a.bytes(n)
	case CombinerSubarray:
		n := a.int()
		c.Sizes, c.Subsizes, c.Starts = a.numbers(n), a.numbers(n), a.numbers(n)
		c.Order = Order(a.int())
	case CombinerDarray:
		c.Size, c.Rank = a.int(), a.int()
		n := a.int()
		c.Sizes = a.numbers(n)
		for _, d := range a.ints(n) {
			c.Distribs = append(c.Distribs, Distribution(d))
		}
		c.Dargs, c.Psizes = a.ints(n), a.ints(n)
		c.Order = Order(a.int())
	case CombinerResized:
		b := a.bytes(2)
		c.Lb, c.Extent = b[0], b[1]
	}
}

// String shows the whole tree on one line, as in
//
//	resized(struct(3 float64 at 0, int32 at 24), lb 0, extent 32)
func (c *Contents) String() string {
	var b strings.Builder
	c.write(&b)
	return b.String()
}

func (c *Contents) write(b *strings.Builder) {
	if len(c.Types) == 0 {
		if c.Combiner == CombinerStruct {
			b.WriteString("struct()")
		} else {
			b.WriteString(c.Name)
		}
		return
	}
	first := c.Types[0]
	switch c.Combiner {
	case CombinerDup:
		fmt.Fprintf(b, "dup(%v)", first)
	case CombinerContiguous:
		fmt.Fprintf(b, "contiguous(%d %v)", c.Count, first)
	case CombinerVector:
		fmt.Fprintf(b, "vector(%d blocks of %d %v, stride %d)", c.Count, c.Blocklength, first, c.Stride)
	case CombinerHvector:
		fmt.Fprintf(b, "hvector(%d blocks of %d %v, stride %d bytes)", c.Count, c.Blocklength, first, c.Stride)
	case CombinerIndexed:
		fmt.Fprintf(b, "indexed(%v %v at %v)", c.Blocklengths, first, c.Displs)
	case CombinerHindexed:
		fmt.Fprintf(b, "hindexed(%v %v at bytes %v)", c.Blocklengths, first, c.Displs)
	case CombinerIndexedBlock:
		fmt.Fprintf(b, "indexedblock(%d %v at %v)", c.Blocklength, first, c.Displs)
	case CombinerHindexedBlock:
		fmt.Fprintf(b, "hindexedblock(%d %v at bytes %v)", c.Blocklength, first, c.Displs)
	case CombinerStruct:
		b.WriteString("struct(")
		for i, t := range c.Types {
			if i > 0 {
				b.WriteString(", ")
			}
			if c.Blocklengths[i] != 1 {
				fmt.Fprintf(b, "%d ", c.Blocklengths[i])
			}
			fmt.Fprintf(b, "%v at %d", t, c.Displs[i])
		}
		b.WriteString(")")
	case CombinerSubarray:
		fmt.Fprintf(b, "subarray(%v of %v %v from %v, %v)", c.Subsizes, c.Sizes, first, c.Starts, c.Order)
	case CombinerDarray:
		fmt.Fprintf(b, "darray(rank %d of %d, %v %v, %v %v over %v, %v)", c.Rank, c.Size, c.Sizes, first, c.Distribs, c.Dargs, c.Psizes, c.Order)
	case CombinerResized:
		fmt.Fprintf(b, "resized(%v, lb %d, extent %d)", first, c.Lb, c.Extent)
	}
}

// String shows how t was made, down to the basic types. Of a datatype that
// cannot be used it says why.
func (t Datatype) String() string {
	switch {
	case t.d == nil:
		return "no datatype"
	case t.d.e.Err != nil:
		return "a freed datatype"
	case t.d.e.Kind != cgo.Derived:
		return t.d.e.Kind.String() // also before Init
	}
	c, err := t.Contents()
	if err != nil {
		return err.Error()
	}
	return c.String()
}
