// Particles spreads particles, a slice of structs, over the ranks, lets them fly, and reduces them, with an operation
// of its own, to what they are together: mass, centre of mass, and the fastest of them.
//
//	go build ./examples/particles && mpirun -n 4 ./particles -n 1000
package main

import (
	"flag"
	"fmt"
	"math"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

const root = 0

type Vec [2]float64

// Particle travels as it is in memory. The padding after Kind does not travel.
type Particle struct {
	ID       int32
	Kind     uint8
	Mass     float64
	Pos, Vel Vec
}

// Cloud is what many particles are together.
type Cloud struct {
	N       int
	Mass    float64
	Centre  Vec
	Fastest int32 // its ID
	Speed   float64
}

func main() {
	n := flag.Int("n", 1000, "particles in all")
	steps := flag.Int("steps", 100, "steps that they fly")
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error { return run(world, *n, *steps) })
}

func run(world *mpi.Comm, n, steps int) error {
	if n <= 0 {
		return fmt.Errorf("-n is %d: there must be at least one particle", n)
	}
	var all []Particle // nil on the other ranks
	if world.Rank() == root {
		all = swarm(n)
	}
	counts, displs := mpi.Partition(n, world.Size())
	mine := make([]Particle, counts[world.Rank()])
	if err := mpi.Scatterv(world, mpi.Structs(all), counts, displs, mpi.Structs(mine), root); err != nil {
		return err
	}

	for range steps {
		for i := range mine {
			mine[i].fly(0.01)
		}
	}

	// The library calls merge, on several ranks, for as many clouds as it likes at a time.
	merge, err := op.New(func(in, inout []Cloud) {
		for i := range in {
			inout[i] = inout[i].with(in[i])
		}
	}, true)
	if err != nil {
		return err
	}
	defer merge.Free()
	var local Cloud // of no particles, if this rank has none
	for _, p := range mine {
		local = local.with(Cloud{1, p.Mass, p.Pos, p.ID, math.Hypot(p.Vel[0], p.Vel[1])})
	}
	total := make([]Cloud, 1)
	if err := mpi.Reduce(world, mpi.Structs([]Cloud{local}), mpi.Structs(total), merge, root); err != nil {
		return err
	}
	if err := mpi.Gatherv(world, mpi.Structs(mine), mpi.Structs(all), counts, displs, root); err != nil {
		return err
	}
	if world.Rank() == root {
		t := total[0]
		fmt.Printf("%d particles of mass %.6f around (%.6f, %.6f)\n", t.N, t.Mass, t.Centre[0], t.Centre[1])
		p := all[t.Fastest]
		fmt.Printf("the fastest is %d of kind %d at (%.6f, %.6f): %.6f\n", p.ID, p.Kind, p.Pos[0], p.Pos[1], t.Speed)
	}
	return nil
}

// swarm is the same in each run.
func swarm(n int) []Particle {
	all := make([]Particle, n)
	for i := range all {
		x := float64(i)
		all[i] = Particle{int32(i), uint8(i % 3), 1 + math.Mod(x, 7), Vec{math.Sin(x), math.Cos(3 * x)}, Vec{math.Sin(5 * x), math.Cos(2 * x)}}
	}
	return all
}

// fly pulls the particle towards the origin, like a spring.
func (p *Particle) fly(dt float64) {
	for d := range p.Pos {
		p.Vel[d] -= dt * p.Pos[d]
		p.Pos[d] += dt * p.Vel[d]
	}
}

// with is associative and commutes, as an operation must that is to be applied in any order: of equal speeds the lower
// ID counts.
func (c Cloud) with(d Cloud) Cloud {
	if c.N == 0 || d.N > 0 && (d.Speed > c.Speed || d.Speed == c.Speed && d.Fastest < c.Fastest) {
		c.Fastest, c.Speed = d.Fastest, d.Speed
	}
	if mass := c.Mass + d.Mass; mass > 0 {
		for i := range c.Centre {
			c.Centre[i] = (c.Mass*c.Centre[i] + d.Mass*d.Centre[i]) / mass
		}
		c.Mass = mass
	}
	c.N += d.N
	return c
}
