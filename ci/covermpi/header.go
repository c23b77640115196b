package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A library is an MPI whose header we read.
type library struct {
	name      string
	pkgConfig string
	compiler  string // its mpicc, asked where pkg-config does not know it
}

var libraries = []library{
	{name: "Open MPI", pkgConfig: "ompi", compiler: "mpicc.openmpi"},
	{name: "MPICH", pkgConfig: "mpich", compiler: "mpicc.mpich"},
}

// headerFiles are read from the folder of mpi.h. MPICH keeps the prototypes in
// the other two; mpicxx.h, which both may include, is no part of the standard.
var headerFiles = []string{"mpi.h", "mpi_proto.h", "mpio.h"}

func (l library) functions() ([]string, error) {
	// Through pkg-config, the default include path is left out of the answer
	// unless this variable is set.
	cmd := exec.Command("pkg-config", "--cflags-only-I", l.pkgConfig)
	cmd.Env = append(os.Environ(), "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1")
	flags, err := cmd.Output()
	if err != nil {
		flags, err = exec.Command(l.compiler, "-show").Output()
	}
	if err != nil {
		return nil, fmt.Errorf("neither pkg-config nor %s knows %s: run ci/install-mpi.sh", l.compiler, l.name)
	}
	for _, dir := range includeDirs(string(flags)) {
		if text, err := readHeaders(dir); err == nil {
			return prototypes(text), nil
		}
	}
	return nil, fmt.Errorf("%s: no mpi.h in %q", l.name, includeDirs(string(flags)))
}

// includeDirs picks the folders from a compiler's -I flags.
func includeDirs(flags string) []string {
	var dirs []string
	for word := range strings.FieldsSeq(flags) {
		if dir, ok := strings.CutPrefix(word, "-I"); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// readHeaders returns the text of mpi.h in dir and of the files beside it that
// hold prototypes too.
func readHeaders(dir string) (string, error) {
	var text bytes.Buffer
	for i, name := range headerFiles {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			if i > 0 && os.IsNotExist(err) {
				continue
			}
			return "", err
		}
		text.Write(data)
		text.WriteByte('\n')
	}
	return text.String(), nil
}

var (
	cComment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	// The result type comes first, so calls in inline code do not match. All
	// functions have a lower case letter among their first two, unlike
	// MPI_DUP_FN and the other callbacks; PMPI_ names do not match at all.
	cPrototype = regexp.MustCompile(`\b(?:int|double|MPI_[A-Z]\w*)\s+(MPI_(?:T_)?[A-Za-z][a-z]\w*)\s*\(`)
	// The standard lets some functions be macros, and Open MPI's MPI_Aint_add
	// is only that. Names before a space are aliases or values.
	cMacro = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*define[ \t]+(MPI_(?:T_)?[A-Za-z][a-z]\w*)\(`)
)

// prototypes returns the names of the MPI functions declared in C text, sorted
// and without the _c doubles.
func prototypes(text string) []string {
	text = cComment.ReplaceAllString(text, " ")
	var names []string
	for _, pattern := range []*regexp.Regexp{cPrototype, cMacro} {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			names = append(names, fold(m[1]))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fold maps the large-count variant of a function to its plain name.
func fold(name string) string { return strings.TrimSuffix(name, "_c") }
