// Plot draws what bench/scale/driver wrote with -csv.
//
//	go -C bench/plot run ./scale /absolute/scale.csv /absolute/scale.png
//
// For each library, by the number of ranks: start-up in Go and in C; the memory of
// a rank in both; and how long each collective, and each of the other steps,
// takes in Go as a multiple of C, the median step as a line.
package main

import (
	"encoding/csv"
	"fmt"
	"image/color"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	goColor = color.RGBA{0, 125, 156, 255}
	cColor  = color.RGBA{190, 90, 30, 255}
	grey    = color.RGBA{150, 150, 150, 255}
)

// figures are the runs' values by number of ranks, what was measured, and twin.
type figures map[int]map[string]map[string][]float64

// readCSV returns the figures of each library.
func readCSV(file string) (map[string]figures, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 || strings.Join(rows[0], " ") != "mpi library ranks what twin run value" {
		return nil, fmt.Errorf("%s: not what the driver writes", file)
	}
	all := map[string]figures{}
	for _, row := range rows[1:] {
		library, _, _ := strings.Cut(row[1], ",")
		library = strings.Replace(library, "Version: ", "", 1) // MPICH's
		ranks, err := strconv.Atoi(row[2])
		if err != nil {
			return nil, err
		}
		value, err := strconv.ParseFloat(row[6], 64)
		if err != nil {
			return nil, err
		}
		if all[library] == nil {
			all[library] = figures{}
		}
		if all[library][ranks] == nil {
			all[library][ranks] = map[string]map[string][]float64{}
		}
		what := all[library][ranks]
		if what[row[3]] == nil {
			what[row[3]] = map[string][]float64{}
		}
		what[row[3]][row[4]] = append(what[row[3]][row[4]], value)
	}
	return all, nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[len(x)/2] + x[(len(x)-1)/2]) / 2
}

// figure is what the runs say together, as in the driver: the mean memory, and
// the shortest time.
func figure(what string, x []float64) float64 {
	if !strings.HasPrefix(what, "memory-") {
		return slices.Min(x)
	}
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// points are the figures of one twin, times a factor. C has none where it took too
// long.
func (f figures) points(what, twin string, factor float64) (xys plotter.XYs) {
	for _, ranks := range slices.Sorted(maps.Keys(f)) {
		if x := f[ranks][what][twin]; len(x) > 0 {
			xys = append(xys, plotter.XY{X: float64(ranks), Y: figure(what, x) * factor})
		}
	}
	return xys
}

// ratios are those of all steps, and their median.
func (f figures) ratios() (all, middle plotter.XYs) {
	for _, ranks := range slices.Sorted(maps.Keys(f)) {
		var ys []float64
		for what, values := range f[ranks] {
			if what == "start-up" || strings.HasPrefix(what, "memory-") || len(values["c"]) == 0 {
				continue
			}
			y := figure(what, values["go"]) / figure(what, values["c"])
			ys = append(ys, y)
			all = append(all, plotter.XY{X: float64(ranks), Y: y})
		}
		if len(ys) > 0 {
			middle = append(middle, plotter.XY{X: float64(ranks), Y: median(ys)})
		}
	}
	return all, middle
}

// rankTicks marks the numbers of ranks that there are.
type rankTicks figures

func (r rankTicks) Ticks(_, _ float64) (ticks []plot.Tick) {
	for ranks := range r {
		ticks = append(ticks, plot.Tick{Value: float64(ranks), Label: strconv.Itoa(ranks)})
	}
	return ticks
}

// decades marks powers of ten, in words that people use.
type decades struct{}

func (decades) Ticks(low, high float64) (ticks []plot.Tick) {
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
		for i := 2.0; i < 10; i++ {
			ticks = append(ticks, plot.Tick{Value: i * v})
		}
	}
	return ticks
}

func (f figures) newPlot(title, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "ranks", y
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, rankTicks(f)
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	return p
}

func line(p *plot.Plot, name string, xys plotter.XYs, c color.Color, dashed bool) error {
	l, s, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	l.Color, l.Width, s.Color, s.Shape = c, vg.Points(1.5), c, draw.CircleGlyph{}
	if dashed {
		l.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		s.Radius = 0
	}
	p.Add(l, s)
	p.Legend.Add(name, l)
	return nil
}

// twins draws one figure of both programs.
func (f figures) twins(title, y, what string, factor float64) (*plot.Plot, error) {
	p := f.newPlot(title, y)
	if err := line(p, "Go", f.points(what, "go", factor), goColor, false); err != nil {
		return nil, err
	}
	err := line(p, "C", f.points(what, "c", factor), cColor, false)
	p.Y.Min = 0
	p.Y.Max *= 1.15 // room for the legend
	return p, err
}

// relative draws the steps.
func (f figures) relative(title string) (*plot.Plot, error) {
	p := f.newPlot(title, "time, Go / C")
	all, middle := f.ratios()
	s, err := plotter.NewScatter(all)
	if err != nil {
		return nil, err
	}
	s.Color, s.Shape, s.Radius = grey, draw.RingGlyph{}, vg.Points(2)
	p.Add(s)
	if err := line(p, "median step", middle, goColor, false); err != nil {
		return nil, err
	}
	one := plotter.XYs{{X: middle[0].X, Y: 1}, {X: middle[len(middle)-1].X, Y: 1}}
	err = line(p, "C", one, cColor, true)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	p.Y.Min, p.Y.Max = min(p.Y.Min, 0.5)/1.5, max(p.Y.Max, 2)*1.5
	p.Legend.Top = false
	return p, err
}

func run(from, to string) error {
	all, err := readCSV(from)
	if err != nil {
		return err
	}
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	var rows [][]*plot.Plot
	for _, library := range slices.Sorted(maps.Keys(all)) {
		f := all[library]
		start, err := f.twins(library+": start-up", "s", "start-up", 1)
		if err != nil {
			return err
		}
		memory, err := f.twins("memory of a rank, peak", "MiB", "memory-peak", 1.0/(1<<20))
		if err != nil {
			return err
		}
		relative, err := f.relative("collectives and other steps")
		if err != nil {
			return err
		}
		rows = append(rows, []*plot.Plot{start, memory, relative})
	}
	canvas := vgimg.NewWith(vgimg.UseWH(32*vg.Centimeter, vg.Length(len(rows))*9*vg.Centimeter), vgimg.UseDPI(80))
	tiles := draw.Tiles{Rows: len(rows), Cols: 3, PadX: vg.Millimeter * 6, PadY: vg.Millimeter * 6,
		PadTop: vg.Millimeter * 3, PadBottom: vg.Millimeter * 3, PadLeft: vg.Millimeter * 3, PadRight: vg.Millimeter * 3}
	for i, parts := range plot.Align(rows, tiles, draw.New(canvas)) {
		for k, part := range parts {
			rows[i][k].Draw(part)
		}
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plot scale.csv scale.png")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}
