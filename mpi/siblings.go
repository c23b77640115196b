package mpi

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// A rank that returns early sits in MPI_Finalize, and those that wait for it would
// wait for ever. The ranks of one host know better: one that enters Finalize takes
// a name that the others can ask for (see takeName), and a goroutine of each looks
// every 2 seconds whether the program waits for what can never come.
//
// No message is sent, for the job may have ranks in other languages. A correct
// program must never be ended, and so all that follows asks for proof:
//
//   - who has left had nothing in flight, so that no wait of its own goes on inside
//     Finalize, and what it has sent arrives within the two seconds between two looks;
//   - every wait of this process that has no limit (a context) is one that cannot
//     end, in both looks, and none has one;
//   - the goroutine that runs the program is in one of them.
//
// What the proof cannot see is a timer that will cancel the request which the
// program waits for: that is what WaitContext is for. The goroutines that it looks
// at are in stacks.go.

// departures is what this process knows of the ranks that have left.
type departures struct {
	name string // of the job on this host; empty where nobody asks
	from daemon // who has started the job here
	stop chan struct{}
	wait time.Duration // for how long it must look hopeless

	mu     sync.Mutex // held while it looks
	over   bool
	some   bool         // somebody has left
	gone   map[int]bool // who, as ranks of the world
	before []standing   // what was hopeless at the last look
	since  time.Time    // when it first was
	late   bool         // another rank has found the same
}

var departed departures

// lookTime is the time between two looks.
const lookTime = 2 * time.Second

// start is called when the world is known; with ends this rank may end the job.
func (d *departures) start(ends bool) {
	if world.size == 1 || attached {
		return
	}
	from, key := jobKey(procs, os.Getenv, os.Getpid())
	if key == "" {
		return
	}
	d.from = from
	d.name = fmt.Sprintf("mpi4go/%s.%d", key, world.size)
	d.gone, d.stop = make(map[int]bool), make(chan struct{})
	// Where many ranks share a core, one may be through with a call, and have left,
	// long before the last has had its turn.
	d.wait = lookTime / 2 * time.Duration(max(1, localRanks(os.Getenv)/cgo.CPUs()/2))
	if ends {
		go d.run()
	}
}

// leave is called when this rank's communication is over.
func (d *departures) leave() {
	if d.name == "" {
		return
	}
	close(d.stop)
	d.mu.Lock() // it calls MPI while it looks
	d.over = true
	d.mu.Unlock()
	if !anyPending() {
		takeName(d.name, nil)
		takeName(d.nameOf(world.rank), os.Exit)
	}
}

// dismiss precedes MPI_Abort. Open MPI 4.1's mpirun, asked to end a job of which some
// rank is in MPI_Finalize, hangs itself one time in four, and never when such a
// rank exits with code, which ends the job as well.
func (d *departures) dismiss(code int) {
	if d.name == "" || family(cgo.LibraryVersion()) != "Open MPI" || !nameTaken(d.name) {
		return
	}
	some := false
	for rank := range world.size {
		some = tell(d.nameOf(rank), code) || some
	}
	if some {
		time.Sleep(lookTime) // mpirun ends this process
	}
}

func (d *departures) nameOf(rank int) string { return d.name + "/" + strconv.Itoa(rank) }

// anyPending reports whether an operation is in flight, which Finalize may yet
// complete for another rank.
func anyPending() bool {
	flights.mu.Lock()
	defer flights.mu.Unlock()
	for _, b := range flights.blocks {
		for i := range b {
			if r := b[i].r; r != nil && !r.complete() {
				return true
			}
		}
	}
	return false
}

// runs are the variables by which launchers tell one run of a program from another
// that the same daemon has started.
var runs = []string{"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PMI_JOBID", "SLURM_STEP_ID", "PALS_APID", "ALPS_APP_ID", "FLUX_JOB_ID"}

// daemon is a process that has started ranks.
type daemon struct {
	pid   int
	name  string // empty if it is not one of daemons
	since string // when it began, since numbers are used again

	stat string // the file that tells of it
	text [512]byte
}

// daemonOf finds the one of a process, its parent if that has no known name.
func daemonOf(procs string, pid int) (d daemon) {
	_, parent := process(procs, pid)
	for d.pid = parent; d.pid != 0; {
		name, up, since := processSince(procs, d.pid)
		if slices.Contains(daemons, name) {
			d.name, d.since = name, since
			return d
		}
		d.pid = up
	}
	_, _, d.since = processSince(procs, parent)
	d.pid = parent
	return d
}

// gone reports whether it has ended. It allocates next to nothing, since it is asked
// all the time.
func (d *daemon) gone(procs string) bool {
	if d.stat == "" {
		d.stat = statOf(procs, d.pid)
	}
	fd, err := syscall.Open(d.stat, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil { // perhaps this process has too many files open
		return err == syscall.ENOENT || err == syscall.ESRCH
	}
	n, err := syscall.Read(fd, d.text[:])
	syscall.Close(fd)
	if err != nil {
		return err == syscall.ESRCH
	}
	end := bytes.LastIndexByte(d.text[:n], ')')
	at := 0
	for field := range bytes.FieldsSeq(d.text[end+1 : n]) {
		switch {
		case at == 0 && field[0] == 'Z': // only there for its parent to ask after
			return true
		case at == sinceField:
			return string(field) != d.since
		}
		at++
	}
	return false // whatever that was
}

// jobKey is a name that this process has in common with the ranks of its job on
// this host, and with nobody else; empty if there is none to be found. It is made
// from the launcher's daemon, or the parent where the launcher names the run.
func jobKey(procs string, env func(string) string, pid int) (daemon, string) {
	h, named := fnv.New64a(), false
	for _, name := range append(runs, "SLURM_JOB_ID") {
		value := env(name)
		named = named || value != "" && name != "SLURM_JOB_ID"
		fmt.Fprintf(h, "%s=%q,", name, value)
	}
	from := daemonOf(procs, pid)
	if from.since == "" || from.name == "" && !named {
		return daemon{}, ""
	}
	return from, fmt.Sprintf("%d.%s.%x", from.pid, from.since, h.Sum64())
}

func (d *departures) run() {
	tick := time.NewTicker(lookTime)
	defer tick.Stop()
	for {
		select {
		case <-d.stop:
			return
		case <-tick.C:
			d.orphaned()
			d.look()
		}
	}
}

// orphaned ends this process if the launcher's daemon on this host is gone: there is no
// job any more, and nobody else would end it. MPICH 4.0's mpirun kills its daemon when a
// second begins while that has still to kill the ranks, and then waits for them.
func (d *departures) orphaned() {
	if d.from.name != "" && d.from.gone(procs) {
		fmt.Fprintf(os.Stderr, "mpi: %s: error: the launcher's process on this host (%s, PID %d) is gone\n", whoami(), d.from.name, d.from.pid)
		os.Exit(1)
	}
}

// has reports whether a rank of the world has left.
func (d *departures) has(rank int) bool {
	if !d.gone[rank] && rank >= 0 && nameTaken(d.nameOf(rank)) {
		d.gone[rank] = true
	}
	return d.gone[rank]
}

// look ends the job when the program waits for what can never come. As long as
// nobody has left that is a matter of microseconds.
func (d *departures) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.some = d.some || nameTaken(d.name); !d.some || d.over {
		return
	}
	ways := standings()
	ends, alone, tail := d.hopeless(ways)
	if ends == nil || !sameStandings(ways, d.before) {
		d.before, d.since = nil, time.Now()
		if ends != nil {
			d.before = ways
		}
		return
	}
	if time.Since(d.since) < max(tail, d.wait) { // the ticker may have been late
		return
	}
	main := stuckMain(ways, alone)
	if main == nil || !sameStandings(ways, standings()) {
		return
	}
	// One report is enough. But should its rank not get as far, the next look ends the
	// job.
	if !d.late && !takeName(d.name+"/report", nil) {
		d.late = true
		return
	}
	die(1, "error: "+main.report(ends), nil)
}

// hopeless reports how each of the ways in which this process waits can never end,
// nil unless that is so for all: alone, if no other goroutine does something about
// it, and after the time tail, for what may still be on its way.
func (d *departures) hopeless(ways []standing) (ends []deadEnd, alone bool, tail time.Duration) {
	members := make(map[*Comm][]int)
	for i := range ways {
		end, ok := d.judge(&ways[i], members)
		if !ok {
			return nil, false, 0
		}
		ends = append(ends, end)
		alone, tail = alone || end.alone, max(tail, end.tail)
	}
	return ends, alone, tail
}

// deadEnd is a wait that can never end.
type deadEnd struct {
	w       *standing
	f       facts // what is waited for
	members []int // the ranks of its communicator, as those of the world
	left    []int // those that have left, and would have had to come
	alone   bool
	tail    time.Duration
}

func (d *departures) judge(w *standing, known map[*Comm][]int) (end deadEnd, ok bool) {
	if w.limited {
		return end, false
	}
	end.w = w
	lost := 0
	for _, p := range w.waits {
		members, found := known[p.f.c]
		if !found {
			members = membersOf(p.f.c)
			known[p.f.c] = members
		}
		left := d.missing(&p, members)
		if left == nil {
			continue
		}
		end.alone = end.alone || p.alone
		if lost++; lost == 1 {
			end.f, end.members, end.left, end.tail = p.f, members, left, p.tail
		}
	}
	return end, w.need > w.pending-lost
}

// missing is the ranks that have left and without which p cannot come, nil if it
// still can.
func (d *departures) missing(p *awaited, members []int) (left []int) {
	if len(members) < 2 {
		return nil
	}
	if p.by == onPeer {
		if peer := p.f.peer; uint(peer) < uint(len(members)) && d.has(members[peer]) {
			return []int{peer}
		}
		return nil
	}
	for rank, of := range members {
		switch {
		case of == world.rank:
		case d.has(of):
			left = append(left, rank)
		case p.by == onAll:
			return nil
		}
	}
	return left
}

// membersOf is the ranks of c as those of the world, nil if that is not known.
func membersOf(c *Comm) []int {
	switch {
	case c == nil || c.h == 0 || c.inter || c == self:
		return nil
	case c == world:
		all := make([]int, world.size)
		for i := range all {
			all[i] = i
		}
		return all
	case c.members == nil && level == ThreadMultiple:
		return c.worldRanks()
	}
	return c.members
}

// standing is one way in which this process waits in MPI.
type standing struct {
	kind    kind
	id      [2]uint64 // of this one wait
	limited bool
	need    int // how many must come
	pending int // ... of how many
	waits   []awaited
}

// kind is where a goroutine waits.
type kind uint8

const (
	nowhere      kind = iota
	inEngine          // for requests
	inProbe           // for a message to look at
	inCollective      // in C
)

// awaited is one thing that is waited for.
type awaited struct {
	f     facts
	by    by
	alone bool // another goroutine could help: by a message to itself, or by Cancel
	tail  time.Duration
}

// by is whose leaving makes a wait hopeless.
type by uint8

const (
	onPeer by = iota
	onAll     // that of all others
	onAny     // that of any member
)

func sameStandings(a, b []standing) bool {
	return slices.EqualFunc(a, b, func(a, b standing) bool { return a.kind == b.kind && a.id == b.id })
}

// standings are the ways in which this process waits, in an order that stays.
func standings() (all []standing) {
	all = eng.standings()
	for _, in := range cgo.Insides() {
		s := standing{kind: inCollective, id: [2]uint64{uint64(in.Thread), uint64(in.Calls)}, need: 1, pending: 1}
		if c, ok := comms.Load(in.Comm); ok {
			s.waits = []awaited{insideOf(c.(*Comm), &in)}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b standing) int {
		if c := int(a.kind) - int(b.kind); c != 0 {
			return c
		}
		return slices.Compare(a.id[:], b.id[:])
	})
	return all
}

// standings are the waits of the engine's, and the probes.
func (e *engine) standings() (all []standing) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := make(map[*parker]int)
	for _, p := range e.parkers {
		s := standing{kind: inEngine, id: [2]uint64{p.wait}, limited: p.limited, need: p.need, pending: p.pending}
		switch {
		case p.seeks.op != "":
			s.kind, s.need, s.pending = inProbe, 1, 1
			s.waits = []awaited{receiving(p.seeks)}
		case p.need <= 0:
			continue
		}
		at[p] = len(all)
		all = append(all, s)
	}
	// A request that is not in the table is one that another goroutine tests: it
	// counts as one that may come.
	for _, r := range e.reqs {
		a, ok := r.awaited()
		if !ok {
			continue
		}
		for _, p := range append(r.more[:len(r.more):len(r.more)], r.first) {
			if i, ok := at[p]; ok {
				all[i].waits = append(all[i].waits, a)
			}
		}
	}
	return all
}

// awaited is what r waits for, if that is a matter of ranks that have not left.
func (r *Request) awaited() (a awaited, ok bool) {
	if r.comm == nil || r.win != nil || r.general != nil || r.parts != nil || r.second != 0 || r.turned || r.hidden() {
		return a, false
	}
	if a.f = r.facts(); r.coll {
		// Of nonblocking ones even a barrier may be over for one rank while another,
		// which has begun it, computes before it goes on.
		a.by = onAll
		return a, true
	}
	if a.f.way == receives {
		a = receiving(a.f)
	}
	a.alone = a.alone || !r.blocking
	return a, true
}

// receiving is a wait for a message.
func receiving(f facts) awaited {
	if f.peer == AnySource {
		return awaited{f: f, by: onAll, alone: true}
	}
	return awaited{f: f}
}

// insideOf is a blocking collective on c.
//
// Where all get something from all, nobody is through before all have come: then
// one that has left before is enough, and what is left of the call for those who
// have come is a matter of how much there is to move. That needs a part, the
// same for each, and no function of the program's that may take its time. And a
// root that has left has had all that the others had to give.
func insideOf(c *Comm, in *cgo.Inside) awaited {
	a := awaited{f: facts{op: in.Call, c: c}, by: onAll}
	switch in.Call {
	case "Barrier", "Comm_dup", "Comm_split", "Comm_create", "Comm_split_type":
		a.by = onAny
	case "Allreduce", "Reduce_scatter_block":
		if !slices.Contains(cgo.Ops[:], in.Op) {
			break
		}
		fallthrough
	case "Allgather", "Alltoall":
		i := slices.IndexFunc(cgo.BasicElem[:], func(e cgo.Elem) bool { return e.T == in.Type })
		if i >= 0 && in.N > 0 {
			a.by = onAny
			a.tail = time.Duration(in.N*cgo.BasicElem[i].Size*c.size) * slowest
		}
	case "Reduce", "Gather", "Gatherv":
		a.f.way, a.f.peer = rooted, in.Root
		if in.N > 0 && in.Root != c.rank {
			a.by = onPeer
		}
	case "Bcast", "Scatter", "Scatterv":
		a.f.way, a.f.peer = rooted, in.Root
	}
	return a
}

// report says what the program waits for.
func (g *goroutine) report(ends []deadEnd) string {
	call, at := callerIn(g.ours())
	if at == "" {
		at = "an unknown place"
	}
	name := strings.TrimPrefix(call, "Comm.")
	mine := slices.DeleteFunc(slices.Clone(ends), func(e deadEnd) bool { return e.w.kind != g.kind })
	if len(mine) > 1 { // other goroutines wait, too
		mine = slices.DeleteFunc(mine, func(e deadEnd) bool { return e.f.op != name })
	}
	end, text := ends[0], call
	if len(mine) > 0 {
		end = mine[0]
	}
	if len(mine) == 1 {
		f := end.f
		switch {
		case g.kind == inCollective:
			f.op = name
			text = f.String()
		case f.op == name:
			text = f.String()
		default:
			text = call + ", for " + f.String()
		}
	}
	who := ranksName(end.left, nil)
	if end.f.c != world {
		who = ranksName(end.left, end.members)
	}
	how := "which has left: its mpi.Main function has returned, or it has called Finalize"
	if len(end.left) > 1 {
		how = "which have left: their mpi.Main functions have returned, or they have called Finalize"
	}
	return fmt.Sprintf("%s, at %s, waits for %s, %s", text, at, who, how)
}
