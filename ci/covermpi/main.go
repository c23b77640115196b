// Command covermpi lists which functions of the MPI standard the repository
// offers and which it does not.
//
// What could be offered it reads from the mpi.h of the installed Open MPI and
// MPICH; what is offered, from the lines of this form that end the comments of
// our Go functions, one or several names each, continued on the next line
// where they are many:
//
//	Implements: MPI_Gatherv (MPI 4.1 §6.5), MPI_Igatherv
//
// What a Go program needs no call for is listed apart, with what to use.
//
// It fails when such a line names a function that neither header declares,
// so that a slip of the pen cannot count as coverage.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", ".", "`folder` of the repository")
	flag.Parse()
	ok, err := run(os.Stdout, *root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "covermpi:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(w io.Writer, root string) (ok bool, err error) {
	known := map[string][]string{} // function: the libraries that declare it
	for _, lib := range libraries {
		names, err := lib.functions()
		if err != nil {
			return false, err
		}
		for _, name := range names {
			known[name] = append(known[name], lib.name)
		}
	}
	claims, err := readClaims(root)
	if err != nil {
		return false, err
	}
	out := bufio.NewWriter(w)
	ok = report(out, known, claims)
	return ok, out.Flush()
}

// A tally counts one chapter of the standard.
type tally struct {
	covered, total int
	missing        []string
	needless       []string // lines of the report
}

// report prints the coverage by chapter and says whether every claim names a
// function that exists.
func report(w io.Writer, known map[string][]string, claims []claim) (ok bool) {
	covered := map[string]bool{}
	var wrong []claim
	for _, c := range claims {
		if c.name != "" && c.name == strings.ToUpper(c.name) {
			continue // a constant: no function to count
		}
		if c.name == "" || known[fold(c.name)] == nil {
			wrong = append(wrong, c)
			continue
		}
		covered[fold(c.name)] = true
	}

	tallies := map[chapter]*tally{}
	var all tally
	for _, name := range slices.Sorted(maps.Keys(known)) {
		ch, counts := chapterOf(name)
		if !counts {
			continue
		}
		t := tallies[ch]
		if t == nil {
			t = new(tally)
			tallies[ch] = t
		}
		t.total++
		all.total++
		if covered[name] {
			t.covered++
			all.covered++
			continue
		}
		if why, ok := instead[name]; ok {
			t.needless = append(t.needless, fmt.Sprintf("  %-24s %s\n", name, why))
			t.total--
			all.total--
			continue
		}
		if libs := known[name]; len(libs) < len(libraries) {
			name += " (" + libs[0] + " only)"
		}
		t.missing = append(t.missing, name)
	}

	chapters := slices.SortedFunc(maps.Keys(tallies), func(a, b chapter) int { return cmp.Compare(a, b) })
	for _, ch := range chapters {
		t := tallies[ch]
		fmt.Fprintf(w, "%2d %-34s %3d/%d\n", int(ch), ch, t.covered, t.total)
	}
	fmt.Fprintf(w, "   %-34s %3d/%d\n", "all", all.covered, all.total)
	for _, ch := range chapters {
		if t := tallies[ch]; len(t.missing) > 0 {
			fmt.Fprintf(w, "\nmissing in %d %s:\n%s", int(ch), ch, wrap(t.missing))
		}
	}
	fmt.Fprintf(w, "\nnot counted, because Go has it:\n")
	for _, ch := range chapters {
		fmt.Fprint(w, strings.Join(tallies[ch].needless, ""))
	}
	// A wrong section misleads readers but hides nothing, so it is no error.
	// The retired functions are cited from the standard that still had them.
	fmt.Fprintln(w)
	for _, c := range claims {
		if ch, counts := chapterOf(fold(c.name)); counts && c.chapter != 0 && c.chapter != ch {
			fmt.Fprintf(w, "note: %s: %s is in chapter %d of MPI 4.1, not in %d\n", c.pos, c.name, int(ch), int(c.chapter))
		}
	}
	for _, c := range wrong {
		what := fmt.Sprintf("no mpi.h declares %s", c.name)
		if c.name == "" {
			what = "an Implements line that names no MPI function"
		}
		fmt.Fprintf(w, "error: %s: %s\n", c.pos, what)
	}
	return len(wrong) == 0
}

// wrap sets names in indented lines of at most 100 columns.
func wrap(names []string) string {
	const width = 100
	var b strings.Builder
	line := " "
	for _, name := range names {
		if len(line)+1+len(name) > width {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + name
	}
	b.WriteString(line + "\n")
	return b.String()
}
