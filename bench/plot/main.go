// Plot draws latency and bandwidth of the twins against the message size from
// the CSV file of bench/driver: a row for each MPI library, medians on
// logarithmic axes.
//
//	go run . -o plot.png out.csv
//
// It is a module of its own, so that those who use mpi4go need not download
// what draws.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A panel is one diagram of each row.
type panel struct {
	title, unit string
	figure      func(size, seconds float64) float64
	curves      []curve
}

// A curve is a twin in a benchmark, always in the same colour.
type curve struct {
	benchmark, twin, label string
	colour                 color.Color
	width                  vg.Length
	dashes                 []vg.Length
}

var (
	blue   = color.RGBA{R: 0, G: 114, B: 178, A: 255}
	orange = color.RGBA{R: 230, G: 159, B: 0, A: 255}
	green  = color.RGBA{R: 0, G: 158, B: 115, A: 255}
	dashed = []vg.Length{vg.Points(5), vg.Points(3)}
)

// C's line is broad and comes first, so that one that covers it can be seen.
var panels = []panel{
	{"latency", "us", func(_, s float64) float64 { return s * 1e6 }, []curve{
		{"latency", "c", "C", orange, 4, nil},
		{"latency", "go", "Go", blue, 1.5, nil},
		{"latency", "mpi4py", "mpi4py", green, 1.5, nil},
	}},
	{"bandwidth", "MB/s", func(size, s float64) float64 { return size / s / 1e6 }, []curve{
		{"bandwidth", "c", "C", orange, 4, nil},
		{"bandwidth", "go", "Go", blue, 1.5, nil},
		{"bandwidth-huge", "go", "Go, mpi.MakeSlice", blue, 1.5, dashed},
		{"bandwidth", "mpi4py", "mpi4py", green, 1.5, nil},
	}},
}

// times are seconds of each pair, by library, benchmark, twin and size.
type times map[string]map[key]map[float64][]float64

type key struct{ benchmark, twin string }

// read reads the driver's file, by the names of its columns.
func read(file string) (times, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	column := map[string]int{}
	for _, name := range []string{"library", "benchmark", "twin", "size", "seconds"} {
		if column[name] = slices.Index(rows[0], name); column[name] < 0 {
			return nil, fmt.Errorf("%s has no column %q", file, name)
		}
	}
	all := times{}
	for i, row := range rows[1:] {
		size, err1 := strconv.ParseFloat(row[column["size"]], 64)
		seconds, err2 := strconv.ParseFloat(row[column["seconds"]], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", file, i+2, err)
		}
		library, k := row[column["library"]], key{row[column["benchmark"]], row[column["twin"]]}
		if all[library] == nil {
			all[library] = map[key]map[float64][]float64{}
		}
		if all[library][k] == nil {
			all[library][k] = map[float64][]float64{}
		}
		all[library][k][size] = append(all[library][k][size], seconds)
	}
	return all, nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// points are a curve's medians, by size.
func (p panel) points(bySize map[float64][]float64) (xys plotter.XYs) {
	for _, size := range slices.Sorted(maps.Keys(bySize)) {
		xys = append(xys, plotter.XY{X: size, Y: p.figure(size, median(bySize[size]))})
	}
	return xys
}

// diagram draws a panel for one library; it is nil if nothing was measured.
func (p panel) diagram(library string, measured map[key]map[float64][]float64) (*plot.Plot, error) {
	d := plot.New()
	library, _, _ = strings.Cut(library, ",") // Open MPI's goes on with who packaged it
	d.Title.Text = p.title + ", " + strings.Join(strings.Fields(library), " ")
	d.X.Label.Text, d.Y.Label.Text = "message", p.unit
	d.X.Scale, d.Y.Scale = plot.LogScale{}, plot.LogScale{}
	d.X.Tick.Marker, d.Y.Tick.Marker = byteTicks{}, plot.LogTicks{Prec: -1}
	d.Legend.Left, d.Legend.Top = true, true
	d.Add(plotter.NewGrid())
	empty := true
	for _, c := range p.curves {
		xys := p.points(measured[key{c.benchmark, c.twin}])
		if len(xys) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(xys)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", p.title, c.label, err)
		}
		line.Color, line.Width, line.Dashes = c.colour, c.width, c.dashes
		dots.Color, dots.Shape = c.colour, draw.CircleGlyph{}
		d.Add(line, dots)
		d.Legend.Add(c.label, line, dots)
		empty = false
	}
	if empty {
		return nil, nil
	}
	// Room for the legend; and an axis needs a length, be there but one size.
	d.X.Min, d.X.Max = d.X.Min/1.5, d.X.Max*1.5
	d.Y.Min, d.Y.Max = d.Y.Min/1.5, d.Y.Max*3
	return d, nil
}

// byteTicks are powers of two, every eighth of them with its name.
type byteTicks struct{}

func (byteTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for power := 0; power < 40; power++ {
		if n := float64(int64(1) << power); low <= n && n <= high && power%3 == 0 {
			ticks = append(ticks, plot.Tick{Value: n, Label: bytes(int64(1) << power)})
		}
	}
	return ticks
}

func bytes(n int64) string {
	for i, unit := range []string{" GiB", " MiB", " KiB"} {
		if size := int64(1) << (30 - 10*i); n >= size && n%size == 0 {
			return strconv.FormatInt(n/size, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}

// save draws a row of panels for each library.
func save(file string, all times) error {
	var rows [][]*plot.Plot
	for _, library := range slices.Sorted(maps.Keys(all)) {
		var row []*plot.Plot
		for _, p := range panels {
			d, err := p.diagram(library, all[library])
			if err != nil {
				return err
			}
			row = append(row, d)
		}
		if row[0] != nil || row[1] != nil {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return errors.New("there is neither latency nor bandwidth to draw")
	}
	const width, height = 12 * vg.Centimeter, 9 * vg.Centimeter
	format := strings.TrimPrefix(filepath.Ext(file), ".")
	canvas, err := draw.NewFormattedCanvas(vg.Length(len(panels))*width, vg.Length(len(rows))*height, format)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: len(panels), PadX: vg.Centimeter / 2, PadY: vg.Centimeter / 2,
		PadTop: vg.Centimeter / 4, PadBottom: vg.Centimeter / 4, PadLeft: vg.Centimeter / 4, PadRight: vg.Centimeter / 2}
	canvases := plot.Align(rows, tiles, draw.New(canvas))
	for i, row := range rows {
		for k, d := range row {
			if d != nil {
				d.Draw(canvases[i][k])
			}
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(f)
	return errors.Join(err, f.Close())
}

func main() {
	out := flag.String("o", "plot.png", "the file to draw into: its name ends in png, svg or pdf")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run . [-o plot.png] out.csv")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	all, err := read(flag.Arg(0))
	if err == nil {
		err = save(*out, all)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}
