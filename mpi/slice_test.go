package mpi_test

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func isZero[T comparable](s []T) bool {
	var zero T
	for _, x := range s {
		if x != zero {
			return false
		}
	}
	return true
}

func TestMakeSlice(t *testing.T) {
	c := mpitest.World(t)
	for _, n := range []int{0, 1, 1000, 1<<18 - 1, 1 << 18, 1<<18 + 1, 1 << 20} {
		for round := range 4 { // later ones in memory that was used before
			s := mpi.MakeSlice[float64](n)
			if len(s) != n || cap(s) != n {
				t.Fatalf("n = %d: length %d, capacity %d", n, len(s), cap(s))
			}
			if !isZero(s) {
				t.Fatalf("n = %d, round %d: it is not zero", n, round)
			}
			if at := uintptr(unsafe.Pointer(unsafe.SliceData(s))); n >= 1<<18 && at%(2<<20) != 0 {
				t.Errorf("n = %d: it begins at %#x", n, at)
			}
			for i := range s {
				s[i] = float64(i)
			}
			runtime.GC()
			for i := range s {
				if s[i] != float64(i) {
					t.Fatalf("n = %d: element %d is %v", n, i, s[i])
				}
			}
		}
		runtime.GC()
	}
	// What it cannot help is made all the same.
	if s := mpi.MakeSlice[*int](1 << 20); len(s) != 1<<20 {
		t.Error("pointers")
	}
	if s := mpi.MakeSlice[[3]float64](1 << 18); len(s) != 1<<18 || !isZero(s) || uintptr(unsafe.Pointer(&s[0]))%(2<<20) != 0 {
		t.Error("three numbers")
	}
	if s := mpi.MakeSlice[struct{}](5); len(s) != 5 {
		t.Error("no bytes")
	}

	// And it travels.
	s, r := mpi.MakeSlice[int32](1<<20), mpi.MakeSlice[int32](1<<20)
	for i := range s {
		s[i] = int32(i * (c.Rank() + 1))
	}
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	if _, err := mpi.Sendrecv(c, s, next, 0, r, prev, 0); err != nil {
		t.Fatal(err)
	}
	for i := range r {
		if r[i] != int32(i*(prev+1)) {
			t.Fatalf("element %d is %d", i, r[i])
		}
	}
}

func TestMakeSliceNegative(t *testing.T) {
	mpitest.World(t)
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "makeslice: len out of range") {
			t.Errorf("a negative length panics with %q", got)
		}
	}()
	mpi.MakeSlice[int](-1)
}

// TestMakeSliceHuge asks the kernel what pages the slice is on.
func TestMakeSliceHuge(t *testing.T) {
	mpitest.World(t)
	want := 4 << 20
	enabled, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if err != nil || strings.Contains(string(enabled), "[never]") {
		want = 0 // a slice like any other
	}
	// Memory that was used before, on small pages.
	for range 3 {
		b := make([]byte, 16<<20)
		for i := range b {
			b[i] = 1
		}
		runtime.KeepAlive(b)
		b = nil
		runtime.GC()
	}
	s := mpi.MakeSlice[byte](8 << 20)
	for i := range s {
		s[i] = 2
	}
	if got := hugeBytes(t, uintptr(unsafe.Pointer(unsafe.SliceData(s)))); got < want {
		t.Errorf("%d bytes of the mapping are on huge pages, of a slice of %d", got, len(s))
	}
	runtime.KeepAlive(s)
}

// hugeBytes is how many bytes of the mapping that holds the address are on huge
// pages.
func hugeBytes(t *testing.T, at uintptr) (bytes int) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		var kb int
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			in = from <= at && at < to
		} else if n, _ := fmt.Sscanf(lines.Text(), "AnonHugePages: %d kB", &kb); n == 1 && in {
			bytes += kb << 10
		}
	}
	return bytes
}
