package leaks

import (
	"runtime"
	"strings"
	"testing"
)

func make1(object any) { Made("thing", object) }

func TestList(t *testing.T) {
	a, b, c := new(int), new(int), new(int)
	make1(a) // before Start
	if On() || len(Open()) != 0 {
		t.Fatalf("before Start: %v, %v", On(), Open())
	}
	Start()
	for _, o := range []*int{b, c} {
		make1(o)
	}
	Freed(a)
	Freed(b)
	Freed(b)
	all := Open()
	if !On() || len(all) != 1 || all[0].Kind != "thing" {
		t.Fatalf("the list is %v", all)
	}
	f, _ := runtime.CallersFrames(all[0].From[:]).Next()
	if !strings.HasSuffix(f.Function, "leaks.make1") {
		t.Errorf("made by %s", f.Function)
	}
	Freed(c)
	Unlisted(func() { make1(c) })
	if all := Open(); len(all) != 0 {
		t.Errorf("the list is %v", all)
	}
}
