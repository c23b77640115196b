package mpi

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Check mode: before a collective the ranks of a communicator tell its rank 0
// what they are about to call, over a communicator of its own, and rank 0 compares. A
// blocking call waits for the verdict. A nonblocking or persistent one must not
// wait for other ranks, and goes on; a comparison that ends badly then ends the
// job a little later.
//
// Intercommunicators are not checked, and of persistent collectives only the
// calls that make them: these come in the same order on all ranks.

// checking is set once, before MPI can be used.
var checking atomic.Bool

// checkOf is what the environment says.
func checkOf(op, env string) (bool, error) {
	switch env {
	case "", "0":
		return false, nil
	case "1":
		return true, nil
	}
	return false, argError(op, ErrArg, "MPI4GO_CHECK is %q, but must be 1, or 0 or empty for no checks", env)
}

// startChecks is called before communicators are made.
func startChecks(on bool) {
	if on {
		checking.Store(true)
		debugging.Store(true)
	}
}

// checker is the check mode of a communicator.
type checker struct {
	c    *Comm
	own  *Comm          // of the same ranks
	late sync.WaitGroup // comparisons that no call waits for
}

// The messages of a checker.
const (
	tagVote  = iota // to rank 0: what a rank calls
	tagHere         // from rank 0: it has come to its own call
	tagAgree        // from rank 0: all ranks agree
	tagNote         // of a message: see typeCheck
	tagTotal        // how many of them there were
)

// voteRoom is for a vote as a message, whose texts are cut to fit.
const (
	voteRoom = 4096
	textRoom = 300
)

// vote is what a rank calls.
type vote struct {
	Call   string
	Root   int // -1 for none
	Op     string
	Kind   string // of elements; empty where any will do
	Bytes  int    // of the part that is the same on all ranks; -1 for none
	Counts uint64 // a hash of the bytes of each rank

	Text, At string // for the report
}

func newVote(f facts, t terms) vote {
	v := vote{Call: f.op, Root: -1, Bytes: -1, Text: f.what()}
	if t.rooted {
		v.Root = t.root
		// Root and the other ranks each choose whether they are in place.
		v.Call = strings.Replace(v.Call, "InPlace", "", 1)
	}
	if f.o.Handle() != 0 {
		v.Op = cut(f.o.String())
	}
	if t.e != nil {
		if t.e.Kind != cgo.Derived && t.n != 0 {
			v.Kind = t.e.Kind.String()
		}
		if t.n >= 0 {
			v.Bytes = t.n * t.e.Size
		}
	}
	if t.counts != nil {
		h := fnv.New64a()
		for _, n := range t.counts {
			binary.Write(h, binary.NativeEndian, int64(n*t.e.Size))
		}
		v.Counts = h.Sum64()
		v.Text += fmt.Sprintf(", counts %v", t.counts)
	}
	var from trace
	callers(&from)
	_, v.At = from.caller()
	v.Text = cut(v.Text)
	v.At = v.At[max(len(v.At)-textRoom, 0):]
	return v
}

func cut(s string) string { return s[:min(len(s), textRoom)] }

// compare compares f with what the other ranks of c call. It returns when they
// agree if b, the place of a blocking call, is there, else at once.
func (c *Comm) compare(b *blocked, f facts, t terms) {
	if !c.checked() {
		return
	}
	if c.checker == nil { // made by Idup, where messages may have come before: their types are not checked
		c.checker = newChecker(c)
	}
	c.checker.compare(b, newVote(f, t))
}

// checked reports whether c's collectives are compared.
func (c *Comm) checked() bool {
	return checking.Load() && !c.inter && c.size > 1 && !c.hidden && !c.foreign
}

// enters is watch for a call that all ranks of c make.
func (c *Comm) enters(op string) *blocked {
	f := facts{op: op, c: c}
	b := watch(f)
	if b != nil {
		c.compare(b, f, terms{})
	}
	return b
}

func newChecker(c *Comm) *checker {
	own := &Comm{hidden: true}
	// Not Dup, which would call the copy functions of attributes.
	g, err := cgo.GroupOf("Comm.Group", c.h, false)
	failedCheck(err)
	h, err := cgo.CommCreate(c.h, g.H)
	failedCheck(err)
	cgo.GroupFree(g.H)
	failedCheck(own.fill(h))
	return &checker{c: c, own: own}
}

// failedCheck ends the job when the checks themselves go wrong.
func failedCheck(err error) {
	if err != nil {
		die(1, "error: check mode: "+err.Error(), nil)
	}
}

// underWay counts the comparisons that no call waits for.
var underWay atomic.Int32

// settleChecks is for Finalize: a program must not end well while a comparison is
// about to say that it is wrong. All votes have been sent by then, so that one
// that takes long is of a call that some rank never made.
func settleChecks() {
	for end := time.Now().Add(time.Second); underWay.Load() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// endChecks follows the last call on c.
func (c *Comm) endChecks() {
	if c.checker != nil {
		c.checker.late.Wait()
		c.types.free()
		c.checker.free()
	}
}

// free follows the last collective on the communicator or window.
func (k *checker) free() {
	if k == nil {
		return
	}
	k.late.Wait()
	comms.Delete(k.own.h)
	failedCheck(cgo.CommFree(k.own.h))
}

func (k *checker) send(text []byte, rank, tag int) *Request {
	return k.own.isend("check", cgo.Standard, viewOf(text), rank, tag)
}

func (k *checker) recv(text []byte, rank, tag int) *Request {
	return k.own.irecv("check", viewOf(text), rank, tag)
}

func (k *checker) compare(b *blocked, v vote) {
	if k.c.rank > 0 {
		text, err := json.Marshal(v)
		failedCheck(err)
		vote := k.send(text, 0, tagVote)
		if b == nil {
			failedCheck(vote.Free())
			return
		}
		here, agree := k.recv(make([]byte, 1), 0, tagHere), k.recv(make([]byte, 1), 0, tagAgree)
		b.round.Store(&round{[]*Request{here}})
		waitHidden(vote, here, agree)
		return
	}
	texts, votes := make([][]byte, k.c.size), make([]*Request, k.c.size)
	for i := 1; i < k.c.size; i++ {
		texts[i] = make([]byte, voteRoom)
		votes[i] = k.recv(texts[i], i, tagVote)
	}
	if b == nil {
		underWay.Add(1)
		k.late.Go(func() {
			k.judge(v, texts, votes)
			underWay.Add(-1)
		})
		return
	}
	b.round.Store(&round{votes})
	answers := k.answer(tagHere)
	k.judge(v, texts, votes)
	waitHidden(append(answers, k.answer(tagAgree)...)...)
}

// answer sends a word to all others.
func (k *checker) answer(tag int) (rs []*Request) {
	for i := 1; i < k.c.size; i++ {
		rs = append(rs, k.send([]byte{1}, i, tag))
	}
	return rs
}

// judge ends the job when the votes are not the same.
func (k *checker) judge(mine vote, texts [][]byte, requests []*Request) {
	waitHidden(requests...)
	votes := []vote{mine}
	for i := 1; i < k.c.size; i++ {
		var v vote
		failedCheck(json.Unmarshal(texts[i][:requests[i].Status().Count], &v))
		votes = append(votes, v)
	}
	if agreed(votes) {
		return
	}
	die(1, "error: the ranks of "+k.c.label()+" call collectives that do not match:\n"+k.c.ballot(votes), nil)
}

// agreed reports whether the votes are the same. A vote without a kind agrees
// with those of any kind: derived datatypes may have the same signature, and
// where a rank has no elements their kind is nothing.
func agreed(votes []vote) bool {
	kind := ""
	for _, v := range votes {
		kind = cmp.Or(kind, v.Kind)
	}
	first := votes[0].essence(kind)
	return !slices.ContainsFunc(votes, func(v vote) bool { return v.essence(kind) != first })
}

// essence is what must be the same; kind stands for any.
func (v vote) essence(kind string) vote {
	v.Kind, v.Text, v.At = cmp.Or(v.Kind, kind), "", ""
	return v
}

// ballot lists the groups of ranks that call the same from the same place, the
// largest first.
func (c *Comm) ballot(votes []vote) string {
	type group struct {
		text  string
		ranks []int
	}
	var groups []group
	for rank, v := range votes {
		text := fmt.Sprintf("%s, at %s", v.Text, cmp.Or(v.At, "an unknown place"))
		i := slices.IndexFunc(groups, func(g group) bool { return g.text == text })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{text: text})
		}
		groups[i].ranks = append(groups[i].ranks, rank)
	}
	slices.SortStableFunc(groups, func(a, b group) int { return len(b.ranks) - len(a.ranks) })
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "\t%s: %s\n", c.ranksName(g.ranks), g.text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ranksName is "ranks 0-2, 5", and which those of the world are.
func (c *Comm) ranksName(ranks []int) string { return ranksName(ranks, c.members) }

func ranksName(ranks, members []int) string {
	noun := "rank "
	if len(ranks) > 1 {
		noun = "ranks "
	}
	s := noun + spans(ranks)
	if members != nil {
		var of []int
		for _, r := range ranks {
			of = append(of, members[r])
		}
		slices.Sort(of)
		s += fmt.Sprintf(" (%s of the world)", spans(of))
	}
	return s
}

// spans is a list of ascending numbers, with runs as "0-2".
func spans(list []int) string {
	var words []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		word := strconv.Itoa(list[i])
		if j > i {
			word += "-" + strconv.Itoa(list[j])
		}
		words = append(words, word)
		i = j + 1
	}
	return strings.Join(words, ", ")
}

// round is what a rank waits for in a check: a request for each rank.
type round struct{ rs []*Request }

// absent are the ranks that have not come.
func (r *round) absent() (ranks []int) {
	for i, q := range r.rs {
		if q != nil && !q.complete() {
			ranks = append(ranks, i)
		}
	}
	return ranks
}

// waitHidden is Waitall that the watchdog does not report: the call that is
// checked stands for it.
func waitHidden(rs ...*Request) {
	eng.mu.Lock()
	p := eng.getParker()
	p.hidden = true
	for _, r := range rs {
		if r != nil {
			r.attach(p)
		}
	}
	eng.wait(p, nil)
	eng.mu.Lock()
	p.hidden = false
	eng.putParker(p)
	eng.mu.Unlock()
	failedCheck(reportAll(rs))
}

// waitHiddenUntil is waitHidden for one request, until stop is closed: then it
// returns false. An error is the caller's to look for.
func waitHiddenUntil(stop <-chan struct{}, r *Request) bool {
	eng.mu.Lock()
	p := eng.getParker()
	p.hidden = true
	r.attach(p)
	complete := eng.wait(p, stop)
	eng.mu.Lock()
	if !complete {
		r.detach(p)
	}
	p.hidden = false
	eng.putParker(p)
	eng.mu.Unlock()
	return complete
}
