// Package docs holds no code of its own: this test compiles and runs the Go
// code of the project's documents, so that it cannot rot.
package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// How the documents write their Go code, in fences marked go:
//
//   - A block with a package clause is a file. A program (package main) is run
//     on as many ranks as below; a fence marked text between it and the next
//     block is what it prints. A test file (package ..._test) is run by go test.
//   - A block of declarations stands at package level of the document's program.
//   - Any other block is what a function given to mpi.Main may hold, where
//     world is at hand. All of a document's make one program, which is run; a
//     fence marked text behind one is what it prints, one rank after the other.
const ranks = 4

// timeout ends a run that hangs. Each takes a second or two on an idle machine.
const timeout = 2 * time.Minute

var documents = []string{"../../README.md", "../../CONTRIBUTING.md", "../../docs/*.md", "../../examples/README.md", "../../bench/README.md"}

var (
	fence       = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	packageName = regexp.MustCompile(`(?m)^package (\w+)$`)
)

type block struct {
	line int
	code string
	want string // what it prints; "" where the document does not say
}

// blocksOf returns the Go code of a document.
func blocksOf(text string) (blocks []block) {
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		lang, body := text[m[2]:m[3]], text[m[4]:m[5]]
		switch {
		case lang == "go":
			blocks = append(blocks, block{line: 2 + strings.Count(text[:m[0]], "\n"), code: body})
		case lang == "text" && len(blocks) > 0:
			blocks[len(blocks)-1].want = body
		}
	}
	return blocks
}

func TestBlocksOf(t *testing.T) {
	got := blocksOf("x\n```text\nz\n```\n```go\na\n```\ny\n```sh\nd\n```\n```text\nb\n```\n```go\nc\n```\n")
	want := []block{{6, "a\n", "b\n"}, {16, "c\n", ""}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDocuments(t *testing.T) {
	launcher, err := launch.Find(mpi.LibraryVersion())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	eachDocument(t, func(file, text string) {
		blocks := blocksOf(text)
		found = found || len(blocks) > 0
		testDocument(t, launcher, filepath.Base(file), blocks)
	})
	if !found {
		t.Error("no document holds Go code: the fences are not recognised")
	}
}

func eachDocument(t *testing.T, f func(file, text string)) {
	t.Helper()
	for _, pattern := range documents {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(file, string(text))
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchor  = regexp.MustCompile(`\]\(#([^)]*)\)`)
	dropped = regexp.MustCompile(`[^\w\- ]`) // from a heading, for its anchor
)

// A table of contents must lead to headings that there are.
func TestAnchors(t *testing.T) {
	eachDocument(t, func(file, text string) {
		text = fence.ReplaceAllString(text, "") // a # may begin a comment there
		var there []string
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			there = append(there, strings.ReplaceAll(strings.ToLower(dropped.ReplaceAllString(m[1], "")), " ", "-"))
		}
		for _, m := range anchor.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(there, m[1]) {
				t.Errorf("%s has a link to #%s, but the headings are %q", file, m[1], there)
			}
		}
	})
}

func testDocument(t *testing.T, launcher *launch.Launcher, name string, blocks []block) {
	var program, list strings.Builder
	var parts []block
	for _, b := range blocks {
		m := packageName.FindStringSubmatch(b.code)
		switch {
		case m == nil && declares(b.code):
			fmt.Fprintf(&program, "//line %s:%d\n%s\n", name, b.line, b.code)
		case m == nil:
			fmt.Fprintf(&program, "func block%d(world *mpi.Comm) error {\n//line %s:%d\n%s\nreturn nil\n}\n", b.line, name, b.line, b.code)
			fmt.Fprintf(&list, "block%d,\n", b.line)
			parts = append(parts, b)
		case m[1] == "main":
			t.Run(fmt.Sprintf("%s:%d", name, b.line), func(t *testing.T) {
				if got := runProgram(t, launcher, b.code); b.want != "" && got != b.want {
					t.Errorf("on %d ranks it prints\n%sbut the document says\n%s", ranks, got, b.want)
				}
			})
		default:
			t.Run(fmt.Sprintf("%s:%d", name, b.line), func(t *testing.T) { runTest(t, b.code) })
		}
	}
	if program.Len() == 0 {
		return
	}
	t.Run(name, func(t *testing.T) {
		text := runProgram(t, launcher, prologue+program.String()+"var blocks = []func(*mpi.Comm) error{\n"+list.String()+"}\n")
		var got []string
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != len(parts) {
			t.Fatalf("the outputs of %d blocks are %q, %v", len(parts), text, err)
		}
		for i, b := range parts {
			if b.want != "" && got[i] != b.want {
				t.Errorf("%s:%d: on %d ranks it prints\n%sbut the document says\n%s", name, b.line, ranks, got[i], b.want)
			}
		}
	})
}

// declares reports whether code is declarations only, as at package level.
func declares(code string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, parser.SkipObjectResolution)
	return err == nil
}

func TestDeclares(t *testing.T) {
	for code, want := range map[string]bool{
		"func f() {}\nvar x = 1\n": true, "type t int": true, "x := 1": false, "var x = 1\nx++": false, "f()": false,
	} {
		if got := declares(code); got != want {
			t.Errorf("%q: %v, want %v", code, got, want)
		}
	}
}

// What precedes the blocks of a document. Rank 0 prints, as JSON, what each
// block has printed. A block has a communicator of its own, so that no message
// of one meets a receive of the next.
const prologue = `package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpimat"
	"github.com/mpi4go/mpi4go/mpi/object"
	"github.com/mpi4go/mpi4go/mpi/pool"
	"github.com/mpi4go/mpi4go/op"
	"gonum.org/v1/gonum/mat"
)

var (
	_ = context.Background
	_ = errors.Is
	_ = fmt.Println
	_ = slices.Equal[[]int]
	_ = strings.ToUpper
	_ sync.WaitGroup
	_ = time.Now
	_ = datatype.Float64
	_ = mat.Sum
	_ = mpimat.Forget
	_ = object.Use
	_ = pool.Run
	_ = op.Sum
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		var outputs []string
		for _, block := range blocks {
			own, err := world.Dup()
			if err != nil {
				return err
			}
			text, err := output(func() error { return block(own) })
			if err != nil {
				return err
			}
			if err := own.Free(); err != nil {
				return err
			}
			parts, err := object.Gather(world, text, 0)
			if err != nil {
				return err
			}
			outputs = append(outputs, strings.Join(parts, ""))
		}
		if world.Rank() == 0 {
			return json.NewEncoder(os.Stdout).Encode(outputs)
		}
		return nil
	})
}

// output runs f and returns what it prints, which must fit into a pipe.
func output(f func() error) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	stdout := os.Stdout
	os.Stdout = w
	err = f()
	os.Stdout = stdout
	w.Close()
	text, _ := io.ReadAll(r)
	r.Close()
	return string(text), err
}

`

// runProgram builds a program, runs it and returns what it prints.
func runProgram(t *testing.T, launcher *launch.Launcher, code string) string {
	t.Helper()
	dir := t.TempDir()
	prog := filepath.Join(dir, "prog")
	goCommand(t, "build", "-o", prog, write(t, dir, "main.go", code))

	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := launcher.Command(ctx, ranks, prog)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\nstdout:\n%sstderr:\n%s", cmd.Args, err, &stdout, &stderr)
	}
	return stdout.String()
}

func runTest(t *testing.T, code string) {
	goCommand(t, "test", "-count=1", "-vet=off", write(t, t.TempDir(), "doc_test.go", code))
}

func write(t *testing.T, dir, name, code string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// goCommand runs the go command on a file, with those flags of this test's own
// build that decide on the MPI library. The working directory is in the
// module, so the file may import its packages.
func goCommand(t *testing.T, verb string, args ...string) {
	t.Helper()
	words := []string{verb}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" || s.Key == "-race" {
				words = append(words, s.Key+"="+s.Value)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	words = append(words, args...)
	if out, err := exec.CommandContext(ctx, "go", words...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(words, " "), err, out)
	}
}
