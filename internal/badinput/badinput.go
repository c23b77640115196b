// Package badinput calls every exported function of a package with every wrong
// argument that it can have, one at a time and several at once. Each call must
// return an error of the right class that names the argument: none may panic,
// hang, or return without an error.
//
// The functions and their parameters are read from the source: a test that
// forgets one fails.
package badinput

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Wrong is a value that an argument cannot have. It has no name of its own so that
// a table needs no keys.
type Wrong = struct {
	Value any
	Class cgo.Class
	Says  string // in the message: a regular expression
}

// Another is the class of errors that are none of MPI's.
const Another cgo.Class = -1

// Table is a package's functions and the arguments for them.
//
// Arguments are looked up by the function and the parameter, as in "Split.color"
// or "Comm.Split.color", then by the parameter and its type, as in "color int", and then by the type
// alone. The type is as it stands in the source, and the receiver is a parameter
// as any.
type Table struct {
	// Funcs has each function that can be called wrongly, with its type
	// arguments: "Comm.Split": (*mpi.Comm).Split.
	Funcs map[string]any
	// Fine has the others, and why no argument of them is wrong.
	Fine map[string]string
	Good map[string]any
	Bad  map[string][]Wrong
	// Any has the parameters of which no value is wrong.
	Any []string
	// Base is another name under which to look for a function's arguments, for
	// families of functions that take the same. It may be nil.
	Base func(name string) string
	// Ops has the functions whose errors name another one, and which.
	Ops map[string]string
	// Inner allows errors of the calls that the functions make.
	Inner bool
	// Error finds the error in what a function returns, where that is not an
	// error itself and no Wait returns it. It may be nil.
	Error func(result any) error
}

// function is one as the source has it.
type function struct {
	name   string // "Send", or "Comm.Split"
	params []param
}

type param struct{ name, typ string }

// Test tests the package whose source is in the working directory.
func (tab Table) Test(t *testing.T) {
	t.Helper()
	funcs := exported(t)
	known := make(map[string]bool)
	for _, f := range funcs {
		known[f.name] = true
		call, tested := tab.Funcs[f.name]
		_, fine := tab.Fine[f.name]
		switch {
		case !tested && !fine:
			t.Errorf("%s is in neither list: test its arguments, or say why none is wrong", f.name)
		case tested && fine:
			t.Errorf("%s is in both lists", f.name)
		case tested:
			tab.test(t, f, reflect.ValueOf(call))
		}
	}
	for _, list := range [][]string{keys(tab.Funcs), keys(tab.Fine)} {
		for _, name := range list {
			if !known[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

func keys[V any](m map[string]V) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// exported reads the package's functions, and the methods of its exported types.
func exported(t *testing.T) (all []function) {
	t.Helper()
	fset := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			f := function{name: fn.Name.Name}
			fields := fn.Type.Params.List
			if fn.Recv != nil {
				typ := receiver(fn.Recv.List[0].Type)
				if !ast.IsExported(typ) {
					continue
				}
				f.name = typ + "." + f.name
				fields = append(slices.Clone(fn.Recv.List), fields...)
			}
			for _, field := range fields {
				typ := types.ExprString(field.Type)
				for _, name := range field.Names {
					f.params = append(f.params, param{name.Name, typ})
				}
				if len(field.Names) == 0 {
					f.params = append(f.params, param{"_", typ})
				}
			}
			all = append(all, f)
		}
	}
	return all
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// names are the keys under which to look for an argument.
func (tab Table) names(f function, p param) []string {
	names := []string{f.name + "." + p.name}
	if _, method, found := strings.Cut(f.name, "."); found {
		names = append(names, method+"."+p.name)
	}
	if tab.Base != nil {
		names = append(names, tab.Base(f.name)+"."+p.name)
	}
	return append(names, p.name+" "+p.typ, p.typ)
}

func (tab Table) test(t *testing.T, f function, call reflect.Value) {
	t.Helper()
	typ := call.Type()
	if typ.NumIn() != len(f.params) {
		t.Errorf("%s: the function in the list has %d parameters, the source %d", f.name, typ.NumIn(), len(f.params))
		return
	}
	good := make([]reflect.Value, len(f.params))
	bad := make([][]Wrong, len(f.params))
	none := true
	for i, p := range f.params {
		names := tab.names(f, p)
		for _, name := range names {
			if v, found := tab.Good[name]; found {
				good[i] = value(v, typ.In(i))
				break
			}
		}
		for _, name := range names {
			if list, found := tab.Bad[name]; found {
				bad[i] = list
				break
			}
		}
		anything := slices.ContainsFunc(names, func(name string) bool { return slices.Contains(tab.Any, name) })
		switch {
		case !good[i].IsValid():
			t.Errorf("%s: no good value for %s %s", f.name, p.name, p.typ)
			return
		case len(bad[i]) == 0 && !anything:
			t.Errorf("%s: no wrong value for %s %s, and it is not said that there is none", f.name, p.name, p.typ)
		}
		none = none && len(bad[i]) == 0
	}
	if none {
		t.Errorf("%s: no argument is ever wrong", f.name)
		return
	}
	for i, list := range bad {
		for _, w := range list {
			args := slices.Clone(good)
			args[i] = value(w.Value, typ.In(i))
			what := fmt.Sprintf("%s with %s = %s", f.name, f.params[i].name, short(w.Value))
			tab.one(t, f, what, call, args, w)
		}
	}
	tab.several(t, f, call, good, bad)
}

func value(v any, typ reflect.Type) reflect.Value {
	if v == nil {
		return reflect.Zero(typ)
	}
	return reflect.ValueOf(v).Convert(typ)
}

func short(v any) string {
	s := fmt.Sprintf("%v", v)
	return s[:min(len(s), 60)]
}

// one makes a call with one wrong argument.
func (tab Table) one(t *testing.T, f function, what string, call reflect.Value, args []reflect.Value, w Wrong) {
	t.Helper()
	err, own := tab.call(t, what, call, args)
	var e *cgo.Error
	_, last, _ := strings.Cut(f.name, ".")
	switch {
	case err == nil:
		t.Errorf("%s: no error", what)
	case w.Class == Another:
		if !regexp.MustCompile(w.Says).MatchString(err.Error()) {
			t.Errorf("%s: %v, which does not say %q", what, err, w.Says)
		}
	case !errors.As(err, &e) || e.Class != w.Class:
		t.Errorf("%s: %v, want class %v", what, err, w.Class)
	case !regexp.MustCompile(w.Says).MatchString(e.Msg):
		t.Errorf("%s: %v, which does not say %q", what, err, w.Says)
	case own && !tab.Inner && e.Op != tab.Ops[f.name] && e.Op != f.name && e.Op != last && !strings.HasSuffix(e.Op, "."+f.name):
		t.Errorf("%s: the error %v is that of another call", what, err)
	}
}

// several makes calls with wrong arguments at random. Which of them the error
// names does not matter.
func (tab Table) several(t *testing.T, f function, call reflect.Value, good []reflect.Value, bad [][]Wrong) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(len(f.name))))
	for range 100 {
		args, wrong := slices.Clone(good), ""
		for i, list := range bad {
			if len(list) == 0 || random.IntN(2) == 0 {
				continue
			}
			w := list[random.IntN(len(list))]
			args[i] = value(w.Value, call.Type().In(i))
			wrong += fmt.Sprintf(" %s = %s", f.params[i].name, short(w.Value))
		}
		if wrong == "" {
			continue
		}
		what := f.name + " with" + wrong
		if err, _ := tab.call(t, what, call, args); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// call makes a call, which must not panic, nor take long. Own is not set where the
// error is that of another call, which used what this one has made.
func (tab Table) call(t *testing.T, what string, call reflect.Value, args []reflect.Value) (err error, own bool) {
	t.Helper()
	type outcome struct {
		err   error
		own   bool
		panic any
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- outcome{panic: p}
			}
		}()
		results := call.Call
		if call.Type().IsVariadic() {
			results = call.CallSlice
		}
		err, own := tab.errorIn(results(args))
		done <- outcome{err, own, nil}
	}()
	select {
	case got := <-done:
		if got.panic != nil {
			t.Fatalf("%s: panic: %v", what, got.panic)
		}
		return got.err, got.own
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: has not returned", what)
	}
	return nil, false
}

func (tab Table) errorIn(results []reflect.Value) (err error, own bool) {
	for _, r := range slices.Backward(results) {
		v := r.Interface()
		if err, ok := v.(error); ok {
			return err, true
		}
		if wait := r.MethodByName("Wait"); wait.IsValid() && !(r.Kind() == reflect.Pointer && r.IsNil()) {
			out := wait.Call(nil)
			err, _ := out[len(out)-1].Interface().(error)
			return err, true
		}
		if tab.Error != nil {
			if err := tab.Error(v); err != nil {
				return err, false
			}
		}
	}
	return nil, true
}
