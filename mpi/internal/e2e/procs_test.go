package e2e

import (
	"testing"

	"github.com/mpi4go/mpi4go/internal/launch"
	"github.com/mpi4go/mpi4go/mpi"
)

// TestOneCore binds ranks to one core: Init lets two goroutines run at once, unless
// the user has said how many may.
func TestOneCore(t *testing.T) {
	for variable, want := range map[string]string{"": "GOMAXPROCS 2", "1": "GOMAXPROCS 1", "3": "GOMAXPROCS 3"} {
		t.Setenv("GOMAXPROCS", variable)
		l, err := launch.Find(mpi.LibraryVersion())
		if err != nil {
			t.Fatal(err)
		}
		o := runProgram(t, l, 2, "taskset", "-c", "0", prog, "procs")
		o.succeeded(t)
		o.prints(t, 2, want)
	}
}
