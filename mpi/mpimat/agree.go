package mpimat

import (
	"errors"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

func argError(op string, class mpi.Class, format string, args ...any) error {
	return &mpi.Error{Op: op, Class: class, Msg: fmt.Sprintf(format, args...)}
}

// said is what all ranks have said of their arguments. Every rank judges it by
// itself, and comes to the same result.
type said struct {
	op    string
	ranks int
	width int
	all   []int
}

// agree tells the others what this rank's arguments are, or what is wrong with
// them, and waits for theirs. An error of one rank is an error of all. It is one
// Allgather, and a Bcast of the text if there is an error.
func agree(c *mpi.Comm, op string, wrong error, say ...int) (said, error) {
	if err := checkComm(c, op); err != nil {
		return said{}, err
	}
	mine := make([]int, 1, 1+len(say))
	mine = append(mine, say...)
	own, _ := wrong.(*mpi.Error)
	if own != nil {
		mine[0] = int(own.Class)
	}
	s := said{op, c.Size(), len(mine), make([]int, c.Size()*len(mine))}
	if err := mpi.Allgather(c, mine, s.all); err != nil {
		return said{}, named(op, err)
	}
	for rank := range s.ranks {
		class := s.all[rank*s.width]
		if class == 0 {
			continue
		}
		text := make([]byte, 256)
		if rank == c.Rank() {
			copy(text, own.Msg)
		}
		if err := mpi.Bcast(c, text, rank); err != nil {
			return said{}, err
		}
		if own != nil {
			return said{}, own
		}
		return said{}, s.wrong(rank, mpi.Class(class), "%s", trim(text))
	}
	return s, nil
}

// named is an error of a call that op has made for its own communicator, as that
// of op: the user has made no such call.
func named(op string, err error) error {
	var e *mpi.Error
	if !errors.As(err, &e) {
		return err
	}
	own := *e
	own.Op = op
	return &own
}

func trim(text []byte) []byte {
	n := len(text)
	for n > 0 && text[n-1] == 0 {
		n--
	}
	return text[:n]
}

// of is the i-th thing that a rank has said.
func (s said) of(rank, i int) int { return s.all[rank*s.width+1+i] }

// sum is that of all ranks.
func (s said) sum(i int) int {
	n := 0
	for rank := range s.ranks {
		n += s.of(rank, i)
	}
	return n
}

// column is what each rank has said.
func (s said) column(i int) []int {
	v := make([]int, s.ranks)
	for rank := range v {
		v[rank] = s.of(rank, i)
	}
	return v
}

// wrong is the error for what a rank has said.
func (s said) wrong(rank int, class mpi.Class, format string, args ...any) error {
	return argError(s.op, class, "on rank %d: %s", rank, fmt.Sprintf(format, args...))
}

// same checks what all ranks must agree on.
func (s said) same(i int, class mpi.Class, name string) error {
	for rank := range s.ranks {
		if s.of(rank, i) != s.of(0, i) {
			return s.wrong(rank, class, "%s is %d, but on rank 0 it is %d", name, s.of(rank, i), s.of(0, i))
		}
	}
	return nil
}

// checkComm leaves it to MPI to find that a communicator has been freed.
func checkComm(c *mpi.Comm, op string) error {
	switch {
	case c == nil:
		return argError(op, mpi.ErrComm, "the communicator is nil")
	case c.IsInter():
		return argError(op, mpi.ErrComm, "the communicator is an intercommunicator")
	}
	return nil
}

func checkRoot(c *mpi.Comm, op string, root int) error {
	if c != nil && (root < 0 || root >= c.Size()) {
		return argError(op, mpi.ErrRoot, "root is %d, but the communicator's ranks are 0 to %d", root, c.Size()-1)
	}
	return nil
}

// What a matrix that is written to is, besides its shape. An empty one is given
// a shape where it should have one.
const (
	missing = iota // nil
	empty
	filled
)

func state(m *mat.Dense) int {
	switch {
	case m == nil:
		return missing
	case m.IsEmpty():
		return empty
	}
	return filled
}

// accepts checks that a matrix, of which a rank has said state, rows and columns
// from the i-th thing on, can take rows x cols numbers.
func (s said) accepts(rank, i int, name string, rows, cols int) error {
	if rows == 0 || cols == 0 {
		rows, cols = 0, 0
	}
	switch is, r, c := s.of(rank, i), s.of(rank, i+1), s.of(rank, i+2); {
	case is == missing && rows > 0:
		return s.wrong(rank, mpi.ErrArg, "%s is nil, but gets %d x %d numbers", name, rows, cols)
	case is == filled && (r != rows || c != cols):
		return s.wrong(rank, mpi.ErrArg, "%s is %d x %d, but must be %d x %d, or empty", name, r, c, rows, cols)
	}
	return nil
}

// shapeUp gives an empty matrix its shape.
func shapeUp(m *mat.Dense, rows, cols int) {
	if state(m) == empty && rows > 0 && cols > 0 {
		m.ReuseAs(rows, cols)
	}
}

// apart checks that a matrix which is written shares no numbers with one that is
// read: MPI forbids it, but only some libraries say so, and then on this rank
// alone, while the others wait.
func apart(op, name string, a *mat.Dense, other string, b *mat.Dense) error {
	if state(a) == filled && state(b) == filled && overlap(a.RawMatrix(), b.RawMatrix()) {
		return argError(op, mpi.ErrBuffer, "%s and %s share memory", name, other)
	}
	return nil
}

// farApart is apart for Scatterv and Gatherv: neither may lie between the rows of
// the other. MPICH looks for the root's part where it would be if there were
// nothing between the rows, and complains when it finds the other matrix there.
func farApart(op, name string, a *mat.Dense, other string, b *mat.Dense) error {
	if state(a) == filled && state(b) == filled {
		if x, y := a.RawMatrix(), b.RawMatrix(); behind(x, y) >= 0 || behind(y, x) >= 0 {
			return argError(op, mpi.ErrBuffer, "%s and %s share memory, or one lies between the rows of the other", name, other)
		}
	}
	return nil
}

// overlap looks for numbers that two matrices have in common.
func overlap(a, b blas64.General) bool {
	at := behind(a, b)
	if at < 0 {
		a, b, at = b, a, behind(b, a)
	}
	if at < 0 {
		return false
	}
	// Side by side, the rows of one lie between those of the other.
	column := at % a.Stride
	return a.Stride != b.Stride || column < a.Cols || column+b.Cols > a.Stride
}

// behind is how far behind the first number of a the first of b lies in memory, or
// -1 if it lies before it or behind the last of a. Views of one array have its end
// in common, and their capacities say how far from it they begin.
func behind(a, b blas64.General) int {
	x, y := a.Data[:cap(a.Data)], b.Data[:cap(b.Data)]
	if at := len(x) - len(y); &x[len(x)-1] == &y[len(y)-1] && at >= 0 && at < (a.Rows-1)*a.Stride+a.Cols {
		return at
	}
	return -1
}
