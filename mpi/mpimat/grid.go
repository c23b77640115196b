package mpimat

import (
	"slices"

	"github.com/mpi4go/mpi4go/mpi"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Grid is ranks in a grid of two dimensions, as near to a square as can be, for
// matrices that are spread in blocks: each rank has those rows that belong to
// its row of ranks, and of them the columns that belong to its column of ranks,
// as mpi.Partition says in both directions. Any number of ranks will do, and
// any matrix, also one with fewer rows than the grid.
//
// The methods but Block and Dims are collective over the ranks of the grid. Only
// one may be called at a time.
type Grid struct {
	cart   *mpi.Cart
	row    *mpi.Cart // the ranks of this row, numbered by column
	column *mpi.Cart // the ranks of this column, numbered by row
	dims   [2]int
	at     [2]int // this rank's row and column
}

// NewGrid arranges the ranks of c in a grid. They keep their numbers. Collective
// over c. Free gives the grid up.
func NewGrid(c *mpi.Comm) (*Grid, error) {
	const op = "mpimat.NewGrid"
	if err := checkComm(c, op); err != nil {
		return nil, err
	}
	dims, err := mpi.Dims(c.Size(), 2)
	if err != nil {
		return nil, err
	}
	g := &Grid{dims: [2]int(dims)}
	if g.cart, err = mpi.CreateCart(c, dims, nil, false); err != nil {
		return nil, named(op, err)
	}
	if err = g.divide(); err != nil {
		_ = g.Free()
		return nil, err
	}
	return g, nil
}

func (g *Grid) divide() error {
	at, err := g.cart.Coords(g.cart.Rank())
	if err != nil {
		return err
	}
	g.at = [2]int(at)
	if g.row, err = g.cart.Sub([]bool{false, true}); err != nil {
		return err
	}
	g.column, err = g.cart.Sub([]bool{true, false})
	return err
}

// Free gives the grid up. It is collective. Calling it again, or on nil, does
// nothing; any other use of a freed grid but Block and Dims is an error.
func (g *Grid) Free() error {
	if g == nil {
		return nil
	}
	var first error
	for _, c := range []*mpi.Cart{g.column, g.row, g.cart} {
		if c == nil {
			continue
		}
		if err := c.Free(); first == nil {
			first = err
		}
	}
	if first == nil {
		g.cart, g.row, g.column = nil, nil, nil
	}
	return first
}

func (g *Grid) check(op string) error {
	switch {
	case g == nil:
		return argError(op, mpi.ErrComm, "the grid is nil")
	case g.cart == nil:
		return argError(op, mpi.ErrComm, "the grid has been freed, or is none of NewGrid")
	}
	return nil
}

// Dims is how many rows and columns of ranks the grid has.
func (g *Grid) Dims() (rows, cols int) { return g.dims[0], g.dims[1] }

// Block says which part of a rows x cols matrix this rank has: the rows i to k-1
// of the columns j to l-1, as in m.Slice(i, k, j, l). It is local, and panics if
// rows or cols is negative.
func (g *Grid) Block(rows, cols int) (i, k, j, l int) {
	w := g.window(g.at, rows, cols)
	return w.i, w.k, w.j, w.l
}

func (g *Grid) window(at [2]int, rows, cols int) window {
	n, first := mpi.Partition(rows, g.dims[0])
	m, left := mpi.Partition(cols, g.dims[1])
	r, c := at[0], at[1]
	return window{first[r], first[r] + n[r], left[c], left[c] + m[c]}
}

// atRank is where in the grid a rank is: they go through it row by row.
func (g *Grid) atRank(rank int) [2]int { return [2]int{rank / g.dims[1], rank % g.dims[1]} }

// shape of a block, of which there is none if it has no rows or no columns.
func (w window) shape() (rows, cols int) { return w.k - w.i, w.l - w.j }

// Scatter gives each rank its block of m, which only the root has (on other ranks
// m may be nil). An empty block takes the shape, and one that is not empty has
// it.
//
// Errors, on all ranks: ErrComm, ErrRoot, ErrArg when a block does not fit or the
// ranks name different roots, and ErrBuffer when block and m of the root share
// memory.
func (g *Grid) Scatter(m, block *mat.Dense, root int) error {
	whole, err := g.spread("mpimat.Grid.Scatter", m, block, root, true)
	if err != nil {
		return err
	}
	if g.cart.Rank() != root {
		if state(block) == filled {
			_, err = mpi.Recv(g.cart.Comm, Of(block), root, 0)
		}
		return err
	}
	var sends []*mpi.Request
	for rank := range g.cart.Size() {
		w := g.window(g.atRank(rank), whole[0], whole[1])
		switch r, c := w.shape(); {
		case r == 0 || c == 0:
		case rank == root:
			block.Copy(m.Slice(w.i, w.k, w.j, w.l))
		default:
			sends = append(sends, mpi.Isend(g.cart.Comm, Block(m, w.i, w.k, w.j, w.l), rank, 0))
		}
	}
	return mpi.Waitall(sends...)
}

// Gather puts the blocks of all ranks into m on the root (on other ranks m may be
// nil). An empty m takes the shape.
//
// Errors, on all ranks: ErrComm, ErrRoot, ErrArg when the blocks are not those of
// one matrix, m does not fit them, or the ranks name different roots, and
// ErrBuffer when block and m of the root share memory.
func (g *Grid) Gather(block, m *mat.Dense, root int) error {
	whole, err := g.spread("mpimat.Grid.Gather", m, block, root, false)
	if err != nil {
		return err
	}
	if g.cart.Rank() != root {
		if state(block) == filled {
			err = mpi.Send(g.cart.Comm, Of(block), root, 0)
		}
		return err
	}
	var recvs []*mpi.Request
	for rank := range g.cart.Size() {
		w := g.window(g.atRank(rank), whole[0], whole[1])
		switch r, c := w.shape(); {
		case r == 0 || c == 0:
		case rank == root:
			m.Slice(w.i, w.k, w.j, w.l).(*mat.Dense).Copy(block)
		default:
			recvs = append(recvs, mpi.Irecv(g.cart.Comm, Block(m, w.i, w.k, w.j, w.l), rank, 0))
		}
	}
	return mpi.Waitall(recvs...)
}

// spread has the ranks agree on the shape of a matrix that the root has, or gets,
// and of its blocks, and gives those that are written their shape.
func (g *Grid) spread(op string, m, block *mat.Dense, root int, scatter bool) (whole [2]int, err error) {
	if err := g.check(op); err != nil {
		return whole, err
	}
	rows, cols := dims(m)
	r, c := dims(block)
	wrong := checkRoot(g.cart.Comm, op, root)
	if wrong == nil && g.cart.Rank() == root {
		wrong = apart(op, "block", block, "m", m)
	}
	s, err := agree(g.cart.Comm, op, wrong, root, state(m), rows, cols, state(block), r, c)
	if err != nil {
		return whole, err
	}
	if err := s.same(0, mpi.ErrRoot, "root"); err != nil {
		return whole, err
	}
	if whole = [2]int{s.of(root, 2), s.of(root, 3)}; !scatter {
		whole = g.whole(s, 5)
	}
	for rank := range s.ranks {
		r, c := g.window(g.atRank(rank), whole[0], whole[1]).shape()
		if scatter {
			err = s.accepts(rank, 4, "block", r, c)
		} else {
			err = s.has(rank, 5, "block", r, c)
		}
		if err != nil {
			return whole, err
		}
	}
	if scatter {
		r, c = g.window(g.at, whole[0], whole[1]).shape()
		shapeUp(block, r, c)
		return whole, nil
	}
	if err := s.accepts(root, 1, "m", whole[0], whole[1]); err != nil {
		return whole, err
	}
	if g.cart.Rank() == root {
		shapeUp(m, whole[0], whole[1])
	}
	return whole, nil
}

// whole is the shape of the matrix whose blocks have the rows and columns that
// the ranks have said from the i-th thing on. The first row and column of ranks
// have something if any has.
func (g *Grid) whole(s said, i int) (shape [2]int) {
	for row := range g.dims[0] {
		shape[0] += s.of(row*g.dims[1], i)
	}
	for col := range g.dims[1] {
		shape[1] += s.of(col, i+1)
	}
	return shape
}

// has checks that a matrix, of which a rank has said rows and columns from the
// i-th thing on, is rows x cols.
func (s said) has(rank, i int, name string, rows, cols int) error {
	if rows == 0 || cols == 0 {
		rows, cols = 0, 0
	}
	if r, c := s.of(rank, i), s.of(rank, i+1); r != rows || c != cols {
		return s.wrong(rank, mpi.ErrArg, "%s is %d x %d, but must be %d x %d to fit the others", name, r, c, rows, cols)
	}
	return nil
}

// panel is how many columns of a, and rows of b, are multiplied at a time. Wide
// enough for Gemm, whose own blocks are of 64, to be at its best, and narrow
// enough for the two panels to be small beside the blocks.
const panel = 256

// Mul is the matrix product c = a * b of matrices whose blocks the ranks have, by
// the algorithm SUMMA: panel by panel, the ranks that have columns of a send them
// along their rows, and those that have rows of b along their columns; each rank
// multiplies what it gets by blas64.Gemm and adds it to its block of c. Besides
// the blocks a rank needs memory for two panels of 256 columns and rows.
//
// An empty c takes the shape. It shares no memory with a and b.
//
// Errors, on all ranks: ErrComm, ErrArg when the blocks are not those of matrices
// whose shapes fit, and ErrBuffer when c shares memory with a factor.
func (g *Grid) Mul(c, a, b *mat.Dense) error {
	const op = "mpimat.Grid.Mul"
	if err := g.check(op); err != nil {
		return err
	}
	var wrong error
	if c != nil && (c == a || c == b) {
		wrong = argError(op, mpi.ErrArg, "c is one of the factors")
	} else if wrong = apart(op, "c", c, "a", a); wrong == nil {
		wrong = apart(op, "c", c, "b", b)
	}
	ar, ac := dims(a)
	br, bc := dims(b)
	cr, cc := dims(c)
	s, err := agree(g.cart.Comm, op, wrong, ar, ac, br, bc, state(c), cr, cc)
	if err != nil {
		return err
	}
	left, right := g.whole(s, 0), g.whole(s, 2)
	if left[1] != right[0] {
		return argError(op, mpi.ErrArg, "the blocks of a are those of a %d x %d matrix, and the blocks of b of a %d x %d one", left[0], left[1], right[0], right[1])
	}
	rows, inner, cols := left[0], left[1], right[1]
	for rank := range s.ranks {
		at := g.atRank(rank)
		r, k := g.window(at, rows, inner).shape()
		if err := s.has(rank, 0, "a", r, k); err != nil {
			return err
		}
		k, n := g.window(at, inner, cols).shape()
		if err := s.has(rank, 2, "b", k, n); err != nil {
			return err
		}
		if err := s.accepts(rank, 4, "c", r, n); err != nil {
			return err
		}
	}
	m, n := g.window(g.at, rows, cols).shape()
	shapeUp(c, m, n)
	if state(c) == filled {
		c.Zero()
	}
	return g.summa(c, a, b, m, inner, n)
}

// summa does the work on blocks that fit: this rank's of c is m x n.
func (g *Grid) summa(c, a, b *mat.Dense, m, inner, n int) error {
	acounts, abegins := mpi.Partition(inner, g.dims[1])
	bcounts, bbegins := mpi.Partition(inner, g.dims[0])
	var as, bs []float64
	acol, brow := 0, 0 // who has the next columns of a, and rows of b
	for k := 0; k < inner; {
		for abegins[acol]+acounts[acol] <= k {
			acol++
		}
		for bbegins[brow]+bcounts[brow] <= k {
			brow++
		}
		w := min(abegins[acol]+acounts[acol]-k, bbegins[brow]+bcounts[brow]-k, panel)
		// The panels are copied together first. Their rows could travel as they
		// lie, but a Bcast sends them several times, and picks them up anew each.
		as, bs = slices.Grow(as[:0], m*w)[:m*w], slices.Grow(bs[:0], w*n)[:w*n]
		if g.at[1] == acol && m > 0 {
			at := k - abegins[acol]
			pick(as, a.RawMatrix(), window{0, m, at, at + w})
		}
		if g.at[0] == brow && n > 0 {
			at := k - bbegins[brow]
			pick(bs, b.RawMatrix(), window{at, at + w, 0, n})
		}
		if err := mpi.Bcast(g.row.Comm, as, acol); err != nil {
			return err
		}
		if err := mpi.Bcast(g.column.Comm, bs, brow); err != nil {
			return err
		}
		if m > 0 && n > 0 {
			blas64.Gemm(blas.NoTrans, blas.NoTrans, 1,
				blas64.General{Rows: m, Cols: w, Stride: w, Data: as},
				blas64.General{Rows: w, Cols: n, Stride: n, Data: bs}, 1, c.RawMatrix())
		}
		k += w
	}
	return nil
}

// pick copies a window of a matrix.
func pick(to []float64, from blas64.General, w window) {
	for i := w.i; i < w.k; i++ {
		to = to[copy(to, from.Data[i*from.Stride+w.j:i*from.Stride+w.l]):]
	}
}
