package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A claim is one name of an Implements line. An empty name stands for a line
// without any.
type claim struct {
	name    string
	chapter chapter // that the line puts it in, or 0
	pos     string  // file:line of the comment's start
}

// readClaims reads all Go files under root, whatever their build tags. Tests
// and the folders that the go command passes over promise nothing to users.
func readClaims(root string) ([]claim, error) {
	var claims []claim
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name == "testdata" || name[0] == '.' || name[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			pos := fset.Position(group.Pos()).String()
			for _, c := range implements(group.Text()) {
				c.pos = pos
				claims = append(claims, c)
			}
		}
		return nil
	})
	return claims, err
}

var (
	claimStart = regexp.MustCompile(`(?m)^Implements:`)
	// One item of the list: a name, perhaps its place in the standard, and
	// what stands between it and the next.
	claimItem    = regexp.MustCompile(`^\s*(MPI_\w*[A-Za-z0-9])(?:\s*\(([^)]*)\))?\s*(,?\s*and\b|[,;])?`)
	claimChapter = regexp.MustCompile(`§(\d+)`)
)

// implements returns what the Implements lines of a comment claim. A list goes
// on while names are joined by commas or "and"; other words of the paragraph
// are for the reader. A place in the standard holds for its name and for those
// before it that have none of their own.
func implements(comment string) []claim {
	var claims []claim
	for _, start := range claimStart.FindAllStringIndex(comment, -1) {
		list, _, _ := strings.Cut(comment[start[1]:], "\n\n")
		first := len(claims)
		unplaced := first
		for {
			m := claimItem.FindStringSubmatch(list)
			if m == nil {
				break
			}
			claims = append(claims, claim{name: m[1]})
			if ch := claimChapter.FindStringSubmatch(m[2]); ch != nil {
				n, _ := strconv.Atoi(ch[1]) // digits
				for ; unplaced < len(claims); unplaced++ {
					claims[unplaced].chapter = chapter(n)
				}
			}
			if m[3] == "" {
				break
			}
			list = list[len(m[0]):]
		}
		if len(claims) == first {
			claims = append(claims, claim{})
		}
	}
	return claims
}
