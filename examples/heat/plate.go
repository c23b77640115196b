package main

import (
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
)

// part is one rank's part of the plate, twice, with a border of one cell for what belongs to the neighbours.
type part struct {
	grid       *mpi.Cart
	n          int // of the whole plate
	rows, cols int
	fields     [2][]float64
	column     datatype.Datatype
}

// share is how many of n cells the i-th of so many ranks has, and which is the first.
func share(n, ranks, i int) (count, first int) {
	counts, displs := mpi.Partition(n, ranks)
	return counts[i], displs[i]
}

func newPart(grid *mpi.Cart, n int) (*part, error) {
	me, err := grid.Coords(grid.Rank())
	if err != nil {
		return nil, err
	}
	p := &part{grid: grid, n: n}
	p.rows, _ = share(n, grid.Dims()[0], me[0])
	p.cols, _ = share(n, grid.Dims()[1], me[1])
	for i := range p.fields {
		p.fields[i] = make([]float64, (p.rows+2)*(p.cols+2))
		for j := range p.cols + 2 {
			if me[0] == 0 {
				p.fields[i][j] = 1 // the hot edge, above the first row
			}
		}
	}
	p.column, err = datatype.Vector(p.rows, 1, p.cols+2, datatype.Float64)
	return p, err
}

func (p *part) at(i, j int) int { return i*(p.cols+2) + j }

// step makes the other field of field i: each cell becomes the mean of its neighbours. It returns the largest change.
func (p *part) step(i int) float64 {
	u, v, change := p.fields[i], p.fields[1-i], 0.0
	for i := 1; i <= p.rows; i++ {
		for j := 1; j <= p.cols; j++ {
			k := p.at(i, j)
			v[k] = 0.25 * (u[k-p.cols-2] + u[k+p.cols+2] + u[k-1] + u[k+1])
			change = max(change, math.Abs(v[k]-u[k]))
		}
	}
	return change
}

func checksum(plate []float64) uint64 {
	h := fnv.New64a()
	for _, x := range plate {
		var b [8]byte
		for i := range b {
			b[i] = byte(math.Float64bits(x) >> (8 * i))
		}
		h.Write(b[:])
	}
	return h.Sum64()
}

// paint writes the plate as a picture, 4 pixels to a cell: cold is blue, hot is red.
func paint(file string, plate []float64, n int) error {
	if file == "" {
		return nil
	}
	const zoom = 4
	img := image.NewRGBA(image.Rect(0, 0, zoom*n, zoom*n))
	for y := range zoom * n {
		for x := range zoom * n {
			heat := math.Sqrt(plate[y/zoom*n+x/zoom]) // shows more of the cold end
			img.Set(x, y, color.RGBA{uint8(255 * heat), uint8(160 * heat * (1 - heat)), uint8(255 * (1 - heat)), 255})
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
