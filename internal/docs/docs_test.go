// Package docs holds no code of its own: this test compiles and runs the Go
// code of the project's documents, so that it cannot rot.
package docs

import (
	"bytes"
	"context"
	"fmt"
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
//   - Any other block is what a function given to mpi.Main may hold, where
//     world is at hand. All of a document's make one program, which is run.
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
			blocks := blocksOf(string(text))
			found = found || len(blocks) > 0
			testDocument(t, launcher, filepath.Base(file), blocks)
		}
	}
	if !found {
		t.Error("no document holds Go code: the fences are not recognised")
	}
}

func testDocument(t *testing.T, launcher *launch.Launcher, name string, blocks []block) {
	var fragments strings.Builder
	for _, b := range blocks {
		m := packageName.FindStringSubmatch(b.code)
		switch {
		case m == nil:
			fmt.Fprintf(&fragments, "\tif err := func() error {\n//line %s:%d\n%s\n\treturn nil\n\t}(); err != nil { return err }\n", name, b.line, b.code)
		case m[1] == "main":
			t.Run(fmt.Sprintf("%s:%d", name, b.line), func(t *testing.T) { runProgram(t, launcher, b.code, b.want) })
		default:
			t.Run(fmt.Sprintf("%s:%d", name, b.line), func(t *testing.T) { runTest(t, b.code) })
		}
	}
	if fragments.Len() > 0 {
		t.Run(name, func(t *testing.T) { runProgram(t, launcher, prologue+fragments.String()+epilogue, "") })
	}
}

// What surrounds the fragments of a document.
const (
	prologue = `package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	_ = mat.Sum
	_ = mpimat.Forget
	_ = object.Use
	_ = pool.Run
	_ = op.Sum
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
`
	epilogue = "\treturn nil\n}\n"
)

func runProgram(t *testing.T, launcher *launch.Launcher, code, want string) {
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
	if want != "" && stdout.String() != want {
		t.Errorf("on %d ranks it prints\n%sbut the document says\n%s", ranks, &stdout, want)
	}
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
