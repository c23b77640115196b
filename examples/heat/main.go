// Heat lets heat spread over a plate with one hot edge until nothing moves any more, on a grid of ranks, and paints it.
//
//	go build ./examples/heat && mpirun -n 4 ./heat -png heat.png
package main

import (
	"flag"
	"fmt"
	"math"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

func main() {
	n := flag.Int("n", 64, "cells along each edge of the plate")
	eps := flag.Float64("eps", 1e-4, "the change per step at which to stop")
	png := flag.String("png", "", "the picture to write")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n, *eps, *png) })
}

func run(world *mpi.Comm, n int, eps float64, png string) error {
	dims, err := mpi.Dims(world.Size(), 2)
	if err != nil {
		return err
	}
	if n < dims[0] {
		return fmt.Errorf("-n is %d: there must be a row for each of the %d rows of ranks", n, dims[0])
	}
	grid, err := mpi.CreateCart(world, dims, []bool{false, false}, true)
	if err != nil {
		return err
	}
	defer grid.Free()
	p, err := newPart(grid, n)
	if err != nil {
		return err
	}
	defer p.column.Free()
	// The two fields take turns as the old and the new one; each has its halo exchange, described once.
	var halos [2]*mpi.Request
	for i := range halos {
		halos[i] = p.halo(i)
		defer halos[i].Free()
	}
	steps, change := 0, []float64{math.Inf(1)}
	for ; change[0] >= eps; steps++ {
		if err := halos[steps%2].Start(); err != nil {
			return err
		}
		if _, err := halos[steps%2].Wait(); err != nil {
			return err
		}
		change[0] = p.step(steps % 2)
		if err := mpi.AllreduceInPlace(grid.Comm, change, op.Max); err != nil {
			return err
		}
	}
	plate, err := p.gather(steps % 2)
	if err != nil || grid.Rank() != 0 {
		return err
	}
	fmt.Printf("%d x %d cells: nothing moves after %d steps, checksum %016x\n", n, n, steps, checksum(plate))
	return paint(png, plate, n)
}

// halo exchanges the outer cells of a field with the neighbours: rows as slices, columns as vectors, from where they are.
func (p *part) halo(i int) *mpi.Request {
	u := p.fields[i]
	row := func(i int) mpi.Buffer { return mpi.Slice(u[p.at(i, 1):p.at(i, p.cols+1)]) }
	col := func(j int) mpi.Buffer { return mpi.Typed(u[p.at(1, j):], 1, p.column) }
	return mpi.NeighborAlltoallwInit(p.grid.Comm,
		[]mpi.Buffer{row(1), row(p.rows), col(1), col(p.cols)},
		[]mpi.Buffer{row(0), row(p.rows + 1), col(0), col(p.cols + 1)})
}

// gather collects the parts on rank 0: each is a rectangle there, and in the sender's field.
func (p *part) gather(i int) ([]float64, error) {
	mine, err := datatype.Subarray([]int{p.rows + 2, p.cols + 2}, []int{p.rows, p.cols}, []int{1, 1}, datatype.OrderC, datatype.Float64)
	if err != nil {
		return nil, err
	}
	defer mine.Free()
	send := mpi.Isend(p.grid.Comm, mpi.Typed(p.fields[i], 1, mine), 0, 0)
	var plate []float64
	if p.grid.Rank() == 0 {
		plate = make([]float64, p.n*p.n)
		for r := range p.grid.Size() {
			coords, err := p.grid.Coords(r)
			if err != nil {
				return nil, err
			}
			rows, row := share(p.n, p.grid.Dims()[0], coords[0])
			cols, col := share(p.n, p.grid.Dims()[1], coords[1])
			there, err := datatype.Subarray([]int{p.n, p.n}, []int{rows, cols}, []int{row, col}, datatype.OrderC, datatype.Float64)
			if err != nil {
				return nil, err
			}
			defer there.Free()
			if _, err := mpi.Recv(p.grid.Comm, mpi.Typed(plate, 1, there), r, 0); err != nil {
				return nil, err
			}
		}
	}
	_, err = send.Wait()
	return plate, err
}
