package main

import (
	"image/color"
	"math"
)

// Vec is a point, a direction, or a colour.
type Vec struct{ X, Y, Z float64 }

func (a Vec) plus(b Vec) Vec          { return Vec{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }
func (a Vec) minus(b Vec) Vec         { return Vec{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }
func (a Vec) times(f float64) Vec     { return Vec{a.X * f, a.Y * f, a.Z * f} }
func (a Vec) dot(b Vec) float64       { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }
func (a Vec) unit() Vec               { return a.times(1 / math.Sqrt(a.dot(a))) }
func mix(a, b Vec, share float64) Vec { return a.times(1 - share).plus(b.times(share)) }

// Surface is what light meets. Mirror is the share of it that is reflected, from 0 to 1.
type Surface struct {
	Colour Vec
	Mirror float64
}

type Sphere struct {
	Centre Vec
	Radius float64
	Surface
}

// The scene: y is up, z leads away from the eye, and the ground is at y = 0.
var (
	eye     = Vec{0, 1.7, -7}
	sun     = Vec{-0.5, 0.8, -0.6}.unit() // the direction where it is
	spheres = []Sphere{
		{Vec{0, 1.3, 0.8}, 1.3, Surface{Vec{1, 1, 1}, 0.85}},
		{Vec{-2.4, 0.9, -0.6}, 0.9, Surface{Vec{0.9, 0.1, 0.1}, 0.15}},
		{Vec{2.3, 0.8, -0.9}, 0.8, Surface{Vec{0.1, 0.6, 0.2}, 0.15}},
		{Vec{0.9, 0.4, -2.3}, 0.4, Surface{Vec{1, 0.8, 0.1}, 0.25}},
		{Vec{-0.8, 0.35, -2.6}, 0.35, Surface{Vec{0.1, 0.3, 0.9}, 0.25}},
		{Vec{3.6, 1.1, 3}, 1.1, Surface{Vec{0.9, 0.7, 0.5}, 0.6}},
		{Vec{-4, 1.2, 3.5}, 1.2, Surface{Vec{0.7, 0.5, 0.9}, 0.6}},
	}
	tileA = Surface{Vec{0.75, 0.75, 0.7}, 0.1}
	tileB = Surface{Vec{0.2, 0.25, 0.3}, 0.1}
)

// pixel is the mean of rays spread over it.
func pixel(x, y int) color.RGBA {
	var sum Vec
	n := float64(*samples)
	for i := range *samples {
		for j := range *samples {
			right := float64(x) + (float64(i)+0.5)/n - float64(*width)/2
			up := float64(*height)/2 - float64(y) - (float64(j)+0.5)/n
			// As tall a view for any size of picture, and a little downwards.
			sum = sum.plus(trace(eye, Vec{right, up - 0.08*float64(*height), 1.4 * float64(*height)}.unit(), 6))
		}
	}
	level := func(v float64) uint8 { return uint8(255*math.Sqrt(min(v/(n*n), 1)) + 0.5) } // screens are not linear
	return color.RGBA{level(sum.X), level(sum.Y), level(sum.Z), 255}
}

// trace is the light that comes from a direction, after so many reflections at most.
func trace(from, dir Vec, depth int) Vec {
	distance, normal, surface := hit(from, dir)
	if math.IsInf(distance, 1) {
		return mix(Vec{0.7, 0.85, 1}, Vec{0.15, 0.35, 0.75}, math.Sqrt(max(dir.Y, 0))) // the sky
	}
	at := from.plus(dir.times(distance))
	light := 0.15
	if shadow, _, _ := hit(at, sun); math.IsInf(shadow, 1) {
		light += 0.85 * max(normal.dot(sun), 0)
	}
	colour := surface.Colour.times(light)
	if depth == 0 {
		return colour
	}
	reflected := trace(at, dir.minus(normal.times(2*normal.dot(dir))), depth-1)
	return mix(colour, reflected, surface.Mirror)
}

// hit finds what a ray meets first: how far away, and what is there. The distance is infinite if there is nothing.
func hit(from, dir Vec) (distance float64, normal Vec, s Surface) {
	const near = 1e-6 // a ray that leaves a surface does not meet it there
	distance = math.Inf(1)
	if d := -from.Y / dir.Y; d > near { // not if the ray is level: that is infinite, or no number
		distance, normal = d, Vec{0, 1, 0}
		at := from.plus(dir.times(d))
		if s = tileA; int(math.Floor(at.X)+math.Floor(at.Z))%2 != 0 {
			s = tileB
		}
	}
	for _, ball := range spheres {
		// The distance d solves |from + d*dir - centre| = radius, and the smaller solution is the front.
		to := ball.Centre.minus(from)
		b := to.dot(dir)
		if square := b*b - to.dot(to) + ball.Radius*ball.Radius; square > 0 {
			if d := b - math.Sqrt(square); d > near && d < distance {
				distance, s = d, ball.Surface
				normal = from.plus(dir.times(d)).minus(ball.Centre).unit()
			}
		}
	}
	return distance, normal, s
}
