// Raytrace renders a scene of reflecting spheres (scene.go), tile by tile through a pool, to a PNG. Tiles with many
// reflections take longer than those with sky, which is why each goes to whoever is free; a progress bar on stderr
// shows how far it is. The picture is the same, bit for bit, on any number of ranks.
//
//	go build ./examples/raytrace && mpirun -n 4 ./raytrace -o raytrace.png
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/pool"
)

// All ranks read the flags, so tasks may use them.
var (
	width   = flag.Int("width", 480, "pixels from left to right")
	height  = flag.Int("height", 270, "pixels from top to bottom")
	samples = flag.Int("samples", 4, "rays in each direction of a pixel, for smooth edges")
	tile    = flag.Int("tile", 40, "pixels along each edge of a tile")
	out     = flag.String("o", "raytrace.png", "the picture to write")
)

// render is the task: a tile's place in the picture becomes its pixels.
var render = pool.Func("render", func(ctx context.Context, r image.Rectangle) ([]byte, error) {
	img := image.NewRGBA(r)
	for y := r.Min.Y; y < r.Max.Y && ctx.Err() == nil; y++ { // no more of it if another task has failed
		for x := r.Min.X; x < r.Max.X; x++ {
			img.SetRGBA(x, y, pixel(x, y))
		}
	}
	return img.Pix, ctx.Err()
})

func main() {
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error {
		for _, name := range []string{"width", "height", "samples", "tile"} {
			if f := flag.Lookup(name); f.Value.(flag.Getter).Get().(int) < 1 {
				return fmt.Errorf("-%s is %s: there must be at least one", name, f.Value)
			}
		}
		return pool.Run(world, run, pool.RootWorks())
	})
}

func run(ctx context.Context, p *pool.Pool) error {
	img := image.NewRGBA(image.Rect(0, 0, *width, *height))
	var tiles []image.Rectangle
	for y := 0; y < *height; y += *tile {
		for x := 0; x < *width; x += *tile {
			// Those at the right and at the bottom may be smaller.
			tiles = append(tiles, image.Rect(x, y, x+*tile, y+*tile).Intersect(img.Rect))
		}
	}
	pixels, err := render.Map(ctx, p, tiles, pool.WithBar(pool.Bar{Title: "tiles", PerWorker: true}))
	if err != nil {
		return err
	}
	for i, r := range tiles {
		draw.Draw(img, r, &image.RGBA{Pix: pixels[i], Stride: 4 * r.Dx(), Rect: r}, r.Min, draw.Src)
	}

	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Printf("%s: %d x %d pixels, %d tiles by %d workers\n", *out, *width, *height, len(tiles), p.Workers())
	return nil
}
