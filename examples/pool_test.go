package examples

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"image"
	"image/png"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The examples of packages pool and object; poolmap is older.

// testMasterworker adds everything up on its own. Both methods must get the same, to the last bit.
func testMasterworker(t *testing.T, ranks int) {
	for _, size := range []struct{ instances, length, iterations int }{
		{1, 1, 1},    // less work than workers; all 20 entries in one place
		{40, 300, 3}, // some places are added to often: the order shows
		{4, 257_241, 1},
	} {
		var want []string
		global := make([]float64, size.length)
		for iteration := range size.iterations {
			for instance := range size.instances {
				var r [4]*rand.Rand // one for each vector, and one for the places
				for which := range r {
					r[which] = rand.New(rand.NewPCG(uint64(4*iteration+which), uint64(instance)))
				}
				sums := make([]float64, size.length)
				for i := range sums {
					for _, vector := range r[:3] {
						sums[i] += vector.Float64()
					}
				}
				for range 20 {
					k := r[3].IntN(size.length)
					global[k] += sums[k]
				}
			}
			h := crc32.NewIEEE()
			binary.Write(h, binary.LittleEndian, global)
			want = append(want, fmt.Sprintf("iteration %d: checksum %08x", iteration+1, h.Sum32()))
		}
		args := []string{"-instances", strconv.Itoa(size.instances), "-length", strconv.Itoa(size.length), "-iterations", strconv.Itoa(size.iterations)}
		for _, method := range []string{"messages", "pool"} {
			sameLines(t, output(t, ranks, "masterworker", append(args, "-method", method)...), want)
		}
		lines := output(t, ranks, "masterworker", append(args, "-time")...)
		last := len(lines) - 1
		sameLines(t, lines[:last], want)
		seconds, ok := strings.CutPrefix(lines[last], "time = ")
		if s := number(t, strings.TrimSuffix(seconds, " s")); !ok || s < 0 || s > timeout.Seconds() {
			t.Errorf("the last line is %q", lines[last])
		}
	}
}

func testViews(t *testing.T, ranks int) {
	workers := max(1, ranks-1)
	for _, test := range []struct{ text, upper string }{
		{"Hello World!", "HELLO WORLD!"},
		{"Grüße!", "GRÜßE!"}, // runes, not bytes; Go's ToUpper has no capital for ß
		{"no", "NO"},         // nothing for some workers, and nothing to complain of
	} {
		parts, counts, failed := make([]string, workers), make([]int, workers), ""
		rest, upper := []rune(test.text), []rune(test.upper)
		for w := range workers {
			// As even as can be: the first workers have one more if it does not divide.
			n := (len(rest) + workers - w - 1) / (workers - w)
			parts[w], counts[w] = string(rest[:n]), n
			if strings.HasSuffix(parts[w], "!") {
				failed = fmt.Sprintf("worker %d on rank %d failed: there is a '!' in %q", w, min(w+1, ranks-1), string(upper[:n]))
			}
			rest, upper = rest[n:], upper[n:]
		}
		want := []string{
			fmt.Sprintf("scattered: %q", parts),
			fmt.Sprint("changed: ", counts),
			fmt.Sprintf("gathered: %q", test.upper),
			fmt.Sprintf("still there: %q", test.upper),
		}
		if failed != "" {
			want = slices.Insert(want, 3, failed)
		}
		if got := output(t, ranks, "views", "-text", test.text); !slices.Equal(got, want) {
			t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// testPipeline multiplies the factors. The last line shows how far the producer got ahead: as far as the queue allows,
// if there are as many numbers.
func testPipeline(t *testing.T, ranks int) {
	workers := max(1, ranks-2)
	for _, size := range []struct{ first, n, limit int }{
		{2, 0, 1},
		{2, 100, 1},
		{999_999_999_900, 40, 3},
	} {
		lines := output(t, ranks, "pipeline", "-first", strconv.Itoa(size.first), "-n", strconv.Itoa(size.n), "-limit", strconv.Itoa(size.limit))
		ahead := fmt.Sprintf("%d numbers produced, never more than %d of them ahead of the workers", size.n, min(size.n, size.limit*workers))
		// That line is another rank's, and comes anywhere among those of the collector.
		at := slices.Index(lines, ahead)
		if at < 0 {
			t.Fatalf("no line is %q:\n%s", ahead, strings.Join(lines, "\n"))
		}
		if lines = slices.Delete(lines, at, at+1); len(lines) != size.n {
			t.Fatalf("%d numbers, want %d:\n%s", len(lines), size.n, strings.Join(lines, "\n"))
		}
		for i, line := range lines {
			product, least := 1, 2
			before, after, _ := strings.Cut(line, " = ")
			for field := range strings.SplitSeq(after, " x ") {
				f := int(number(t, field))
				if f < least || !big.NewInt(int64(f)).ProbablyPrime(0) { // certain for 64 bits
					t.Errorf("%d is no prime, or out of order: %s", f, line)
				}
				product, least = product*f, f
			}
			if want := size.first + i; before != strconv.Itoa(want) || product != want {
				t.Errorf("line %d is %q, want the factors of %d", i, line, want)
			}
		}
	}
}

// testReadonce writes a folder and has it read, once the whole and once by names.
func testReadonce(t *testing.T, ranks int) {
	dir := t.TempDir()
	files := map[string]string{"a": "first", "b/c": strings.Repeat("long ", 100_000), "b/d/empty": "", "e": "last"}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ args, want []string }{
		{nil, []string{"a", "b/c", "b/d/empty", "e"}},
		{[]string{"e", "b/d", "a"}, []string{"e", "b/d/empty", "a"}},
	} {
		var want []string
		size, h := 0, fnv.New64a()
		for _, name := range test.want {
			text := files[name]
			size += len(text)
			fmt.Fprintf(h, "%s %d %s", name, len(text), text)
			want = append(want, fmt.Sprintf("%9d %s", len(text), name))
		}
		want = append(want, fmt.Sprintf("%d files of %d bytes are on all %d ranks, checksum %016x", len(test.want), size, ranks, h.Sum64()))
		if got := output(t, ranks, "readonce", append([]string{"-dir", dir}, test.args...)...); !slices.Equal(got, want) {
			t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// testRaytrace renders a small picture in tiles of two sizes. It must be the same on any number of ranks: the first test
// of a run keeps what the others are compared with. And it must be the picture in the README.
func testRaytrace(t *testing.T, ranks int) {
	const width, height = 160, 90
	for _, tile := range []int{7, 1000} {
		file := filepath.Join(t.TempDir(), "raytrace.png")
		stdout, stderr, err := start(t, ranks, "raytrace", "-width", strconv.Itoa(width), "-height", strconv.Itoa(height), "-samples", "2", "-tile", strconv.Itoa(tile), "-o", file)
		tiles := ((width + tile - 1) / tile) * ((height + tile - 1) / tile)
		want := fmt.Sprintf("%s: %d x %d pixels, %d tiles by %d workers", file, width, height, tiles, ranks)
		if err != nil || stdout != want+"\n" {
			t.Fatalf("got %q, %v, want %q; stderr:\n%s", stdout, err, want, stderr)
		}
		for _, line := range []string{fmt.Sprintf("tiles: %d of %d done in ", tiles, tiles), "tiles: by worker: "} {
			if !strings.Contains(stderr, line) {
				t.Errorf("stderr lacks %q:\n%s", line, stderr)
			}
		}
		img := picture(t, file)
		if rendered == nil {
			rendered = img
		}
		if !slices.Equal(img.Pix, rendered.Pix) {
			t.Errorf("%d ranks with tiles of %d pixels make another picture", ranks, tile)
		}
	}
	published := picture(t, filepath.Join("raytrace", "raytrace.png"))
	scale := published.Rect.Dx() / width
	if published.Rect.Max != image.Pt(scale*width, scale*height) {
		t.Fatalf("the README's picture has %v pixels", published.Rect.Max)
	}
	// How far the mean of scale x scale pixels of the published picture is from the one that shows the same.
	sum := 0.0
	for i, got := range rendered.Pix {
		x, y, colour := i/4%width, i/4/width, i%4
		squares := 0.0 // of the levels: so much light it is
		for dy := range scale {
			for dx := range scale {
				level := float64(published.Pix[published.PixOffset(x*scale+dx, y*scale+dy)+colour])
				squares += level * level
			}
		}
		sum += math.Abs(float64(got) - math.Sqrt(squares)/float64(scale))
	}
	if mean := sum / float64(len(rendered.Pix)); mean > 2 {
		t.Errorf("the picture in the README is another one: by %.1f of 255 levels", mean)
	}
}

// rendered is the first picture that testRaytrace got.
var rendered *image.RGBA

func picture(t *testing.T, file string) *image.RGBA {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	rgba, ok := img.(*image.RGBA)
	if !ok {
		t.Fatalf("%s: a picture of type %T", file, img)
	}
	return rgba
}
