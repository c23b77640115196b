package mpi

import (
	"fmt"
	"os"
	"testing"
)

// TestJobKey asks for keys as ranks of one job, and of others, do.
func TestJobKey(t *testing.T) {
	procs := t.TempDir()
	state := "S"
	process := func(pid int, name string, parent, since int) {
		t.Helper()
		dir := fmt.Sprintf("%s/%d", procs, pid)
		stat := fmt.Sprintf("%d (%s) %s %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 %d 0", pid, name, state, parent, since)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/stat", []byte(stat), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	process(1, "init", 0, 1)
	process(2, "orted", 1, 500)
	process(3, "prog", 2, 600)
	process(4, "sh", 2, 600)
	process(5, "prog", 4, 601)
	process(6, "orted", 1, 510)
	process(7, "prog", 6, 600)
	process(8, "prog", 1, 600) // of a launcher that nobody knows
	process(9, "prog", 1, 600)

	first, second := vars{"PMIX_NAMESPACE": "1"}, vars{"PMIX_NAMESPACE": "2"}
	key := func(env vars, pid int) string { _, key := jobKey(procs, env.get, pid); return key }
	mine := key(first, 3)
	for name, test := range map[string]struct {
		env  vars
		pid  int
		same bool
	}{
		"itself":              {first, 3, true},
		"started by a script": {first, 5, true},
		"another run":         {second, 3, false},
		"another daemon":      {first, 7, false},
		"no daemon":           {first, 8, false},
		"no such process":     {first, 99, false},
	} {
		if got := key(test.env, test.pid); mine == "" || got == mine != test.same {
			t.Errorf("%s: the key is %q, and that of the job %q", name, got, mine)
		}
	}
	if a, b := key(first, 8), key(first, 9); a == "" || a != b {
		t.Errorf("of the same parent: %q and %q", a, b)
	}
	if got := key(vars{"SLURM_JOB_ID": "1"}, 8); got != "" {
		t.Errorf("with nothing that tells runs apart, the key is %q", got)
	}
	from, _ := jobKey(procs, first.get, 5)
	if from.name != "orted" || from.pid != 2 || from.gone(procs) {
		t.Errorf("the daemon is %+v, and gone: %v", from, from.gone(procs))
	}
	state = "Z"
	process(2, "orted", 1, 500)
	if !from.gone(procs) {
		t.Error("a daemon that has ended is there")
	}
	state = "S"
	process(2, "orted", 1, 700)
	if !from.gone(procs) {
		t.Error("another daemon with the same number is taken for it")
	}
	if none := (daemon{pid: 98, since: "1"}); !none.gone(procs) {
		t.Error("a process that there is not is there")
	}
	if got := key(first, 3); got == mine {
		t.Error("a daemon with the same number has the same key")
	}
}

// TestStacks finds out what goroutines are in.
func TestStacks(t *testing.T) {
	stop, up := make(chan int), make(chan int)
	defer close(stop)
	go func() { up <- 1; <-stop }()
	<-up
	own, main := 0, 0
	for _, g := range goroutines() {
		if g.kind != nowhere || g.inC {
			t.Errorf("goroutine %s is in MPI: %v", g.id, g.frames)
		}
		if g.own {
			own++
		}
		if g.id == "1" {
			main++
		}
	}
	if own < 2 || main != 1 { // that goroutine, and main, which is in package testing
		t.Errorf("%d goroutines are the program's, and %d run the function main", own, main)
	}
}
