package mpi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestAddErrors(t *testing.T) {
	mpitest.World(t)
	before := mpi.LastUsedCode()
	one, err := mpi.AddErrorClass()
	must(t, err)
	two, err := mpi.AddErrorClass()
	must(t, err)
	if one == two || one <= mpi.ErrLaunch || one.Code() == two.Code() || one.Code() <= 0 || two.Code() <= 0 {
		t.Errorf("two new classes are %d and %d, with the codes %d and %d", one, two, one.Code(), two.Code())
	}
	var codes []int
	for _, class := range []mpi.Class{one, one, two, mpi.ErrIntern, mpi.ErrTag} {
		code, err := mpi.AddErrorCode(class)
		must(t, err)
		codes = append(codes, code)
	}
	must(t, mpi.AddErrorString(codes[0], "the coffee is cold"))
	must(t, mpi.AddErrorString(codes[1], "the coffee is out"))
	must(t, mpi.AddErrorString(codes[1], "the coffee is nearly out")) // said anew
	must(t, mpi.AddErrorString(two.Code(), "no tea"))
	must(t, mpi.AddErrorString(codes[4], strings.Repeat("T", 255)))
	// MPICH counts the codes, but numbers them higher than that.
	if last := mpi.LastUsedCode(); last <= before {
		t.Errorf("the last used code was %d, and is %d after %v", before, last, codes)
	}

	for _, x := range []struct {
		code  int
		class mpi.Class
		says  string
	}{
		{codes[0], one, "mpi: Brew: the coffee is cold (" + one.String() + ")"},
		{codes[1], one, "mpi: Brew: the coffee is nearly out (" + one.String() + ")"},
		{one.Code(), one, "mpi: Brew: error of a class that the program has added (" + one.String() + ")"},
		{codes[2], two, "mpi: Brew: no tea (" + two.String() + ")"},
		{two.Code(), two, "mpi: Brew: no tea (" + two.String() + ")"},
		{codes[4], mpi.ErrTag, "mpi: Brew: " + strings.Repeat("T", 255) + " (MPI_ERR_TAG)"},
		{mpi.ErrTag.Code(), mpi.ErrTag, "mpi: Brew: invalid tag (MPI_ERR_TAG)"},
	} {
		err := mpi.CodeError("Brew", x.code)
		var e *mpi.Error
		if !errors.As(err, &e) || !errors.Is(err, x.class) || e.Code != x.code || err.Error() != x.says {
			t.Errorf("code %d is %v, want %s", x.code, err, x.says)
		}
		for _, other := range []mpi.Class{one, two, mpi.ErrTag, mpi.ErrUnknown} {
			if other != x.class && errors.Is(err, other) {
				t.Errorf("%v is also of class %v", err, other)
			}
		}
	}
	is(t, mpi.CodeError("Brew", codes[3]), mpi.ErrIntern, "Brew")
	must(t, mpi.CodeError("Brew", 0))
	if s := two.Error(); s != "mpi: no tea ("+two.String()+")" {
		t.Errorf("the class says %s", s)
	}
	if !strings.HasPrefix(one.String(), "added class ") || one.String() == two.String() {
		t.Errorf("the classes are called %v and %v", one, two)
	}
	for _, class := range []mpi.Class{mpi.ErrUnsupported, mpi.ErrState, two + 1000, -1} {
		_, err := mpi.AddErrorCode(class)
		is(t, err, mpi.ErrArg, "does not know")
	}
	is(t, mpi.AddErrorString(mpi.ErrTag.Code(), "x"), mpi.ErrArg, "must be of AddErrorCode")
	is(t, mpi.AddErrorString(-5, "x"), mpi.ErrArg, "code is -5")
	is(t, mpi.AddErrorString(codes[0], strings.Repeat("x", 1<<16)), mpi.ErrArg, "text has 65536 bytes")
	is(t, mpi.AddErrorString(codes[0], "a\x00b"), mpi.ErrArg, "zero byte")
}

func TestIOProc(t *testing.T) {
	c := mpitest.World(t)
	// A rank of one host, as every rank of it, can read and write files.
	if p := mpi.IOProc(); p != mpi.AnySource && p != c.Rank() {
		t.Errorf("IOProc is %d", p)
	}
}
