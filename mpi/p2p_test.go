package mpi_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/internal/knownbug"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

type temperatures []float64

// exchange sends want round the ring of ranks by each of the three ways and
// checks what arrives.
func exchange[B mpi.Data](t *testing.T, c *mpi.Comm, want B) {
	t.Helper()
	zero := func() B {
		v := reflect.ValueOf(want)
		return reflect.MakeSlice(v.Type(), v.Len(), v.Len()).Interface().(B)
	}
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	n := reflect.ValueOf(want).Len()
	check := func(how string, got B, st mpi.Status, err error) {
		t.Helper()
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s of %T: got %v, want %v", how, want, got, want)
		}
		if st.Source != prev || st.Tag != 7 || st.Count != n {
			t.Errorf("%s of %T: status %+v, want source %d, tag 7, count %d", how, want, st, prev, n)
		}
	}

	got := zero()
	st, err := mpi.Sendrecv(c, want, next, 7, got, prev, 7)
	check("Sendrecv", got, st, err)

	got = zero()
	r := mpi.Irecv(c, got, prev, 7)
	s := mpi.Isend(c, want, next, 7)
	st, err = r.Wait()
	check("Irecv", got, st, err)
	_, err = s.Wait()
	must(t, err)

	got = zero()
	s = mpi.Isend(c, want, next, 7)
	st, err = mpi.Recv(c, got, prev, 7)
	check("Recv", got, st, err)
	_, err = s.Wait()
	must(t, err)

	if c.Size() > 1 {
		got = zero()
		if c.Rank()%2 == 0 && !(c.Rank() == c.Size()-1) {
			must(t, mpi.Send(c, want, next, 7))
			st, err = mpi.Recv(c, got, prev, 7)
		} else {
			st, err = mpi.Recv(c, got, prev, 7)
			must(t, mpi.Send(c, want, next, 7))
		}
		check("Send and Recv", got, st, err)
	}
}

func exchangeOf[B mpi.Data](t *testing.T, c *mpi.Comm, values B) {
	t.Helper()
	exchange(t, c, values)
	exchange(t, c, reflect.MakeSlice(reflect.TypeOf(values), 0, 0).Interface().(B))
}

func TestEveryTypeTravels(t *testing.T) {
	c := mpitest.World(t)
	exchangeOf(t, c, []bool{true, false, true})
	exchangeOf(t, c, []int8{math.MinInt8, 0, math.MaxInt8})
	exchangeOf(t, c, []int16{math.MinInt16, 0, math.MaxInt16})
	exchangeOf(t, c, []int32{math.MinInt32, 0, math.MaxInt32})
	exchangeOf(t, c, []int64{math.MinInt64, 0, math.MaxInt64})
	exchangeOf(t, c, []int{math.MinInt, 0, math.MaxInt})
	exchangeOf(t, c, []uint8{0, math.MaxUint8})
	exchangeOf(t, c, []uint16{0, math.MaxUint16})
	exchangeOf(t, c, []uint32{0, math.MaxUint32})
	exchangeOf(t, c, []uint64{0, math.MaxUint64})
	exchangeOf(t, c, []uint{0, math.MaxUint})
	exchangeOf(t, c, []float32{-1.5, math.MaxFloat32})
	exchangeOf(t, c, []float64{-1.5, math.MaxFloat64, math.SmallestNonzeroFloat64})
	exchangeOf(t, c, []complex64{1 - 2i, 3i})
	exchangeOf(t, c, []complex128{1 - 2i, 3i})
	exchangeOf(t, c, temperatures{36.6, -40})
}

// Sizes around the libraries' changes of protocol, from eager to rendezvous.
func TestSizes(t *testing.T) {
	c := mpitest.World(t)
	for _, n := range []int{1, 63, 4 << 10, 64<<10 + 1, 1 << 20, 5<<20 + 3} {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(i * 7)
		}
		exchange(t, c, want)
	}
}

func TestShorterMessage(t *testing.T) {
	c := mpitest.World(t)
	buf := []int32{-1, -1, -1, -1}
	st, err := mpi.Sendrecv(c, []int32{5, 6}, c.Rank(), 0, buf, c.Rank(), 0)
	must(t, err)
	if st.Count != 2 || !slices.Equal(buf, []int32{5, 6, -1, -1}) {
		t.Errorf("got %v and count %d, want [5 6 -1 -1] and 2", buf, st.Count)
	}
	if st.Bytes() != 8 || mpi.CountOf[int16](st) != 4 || mpi.CountOf[[3]byte](st) != mpi.Undefined {
		t.Errorf("%d bytes, %d int16s, %d triples; want 8, 4, Undefined", st.Bytes(), mpi.CountOf[int16](st), mpi.CountOf[[3]byte](st))
	}
}

func TestProcNull(t *testing.T) {
	c := mpitest.World(t)
	buf := []int{42}
	must(t, mpi.Send(c, buf, mpi.ProcNull, 0))
	for _, how := range []string{"Recv", "Sendrecv", "Irecv", "SendrecvReplace", "Probe"} {
		var st mpi.Status
		var err error
		switch how {
		case "Recv":
			st, err = mpi.Recv(c, buf, mpi.ProcNull, mpi.AnyTag)
		case "Sendrecv":
			st, err = mpi.Sendrecv(c, buf, mpi.ProcNull, 0, buf[:0], mpi.ProcNull, 0)
		case "Irecv":
			st, err = mpi.Irecv(c, buf, mpi.ProcNull, 0).Wait()
		case "SendrecvReplace":
			st, err = mpi.SendrecvReplace(c, buf, mpi.ProcNull, 0, mpi.ProcNull, 0)
		case "Probe":
			st, err = c.Probe(mpi.ProcNull, 0)
		}
		must(t, err)
		// MPI 4.1 §3.11: source ProcNull, tag AnyTag, count 0.
		if st.Source != mpi.ProcNull || st.Tag != mpi.AnyTag || st.Count != 0 || buf[0] != 42 {
			t.Errorf("%s: status %+v, buffer %v; want source ProcNull, tag AnyTag, count 0, buffer untouched", how, st, buf)
		}
	}
}

func TestWildcards(t *testing.T) {
	c := mpitest.World(t)
	if c.Rank() != 0 {
		must(t, mpi.Send(c, []int{c.Rank()}, 0, 10+c.Rank()))
		return
	}
	seen := make([]bool, c.Size())
	seen[0] = true
	for range c.Size() - 1 {
		buf := []int{-1}
		st, err := mpi.Recv(c, buf, mpi.AnySource, mpi.AnyTag)
		must(t, err)
		if buf[0] != st.Source || st.Tag != 10+st.Source || seen[st.Source] {
			t.Errorf("received %v with status %+v", buf, st)
		}
		seen[st.Source] = true
	}
}

func TestProbe(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	if _, found, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); err != nil || found {
		t.Errorf("Iprobe with nothing sent: %v, %v", found, err)
	}
	must(t, c.Barrier())
	s := mpi.Isend(c, []float64{1, 2, 3}, (me+1)%c.Size(), 5)
	st, err := c.Probe(mpi.AnySource, mpi.AnyTag)
	must(t, err)
	prev := (me + c.Size() - 1) % c.Size()
	if st.Source != prev || st.Tag != 5 || st.Count != 24 || mpi.CountOf[float64](st) != 3 {
		t.Errorf("Probe: %+v, want 24 bytes from %d with tag 5", st, prev)
	}
	st, found, err := c.Iprobe(prev, 5)
	if must(t, err); !found || st.Bytes() != 24 {
		t.Errorf("Iprobe: %v %+v", found, st)
	}
	buf := make([]float64, 3)
	_, err = mpi.Recv(c, buf, st.Source, st.Tag)
	must(t, err)
	_, err = s.Wait()
	must(t, err)
	if !slices.Equal(buf, []float64{1, 2, 3}) {
		t.Errorf("received %v", buf)
	}
}

// Messages of one sender and tag keep their order; other tags and other
// communicators do not stand in the way.
func TestOrder(t *testing.T) {
	c := mpitest.World(t)
	d, err := c.Dup()
	must(t, err)
	defer func() { must(t, d.Free()) }()
	me, n := c.Rank(), 50
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	var rs []*mpi.Request
	for i := range n {
		rs = append(rs, mpi.Isend(c, []int{i}, next, 1))
	}
	rs = append(rs, mpi.Isend(c, []int{-2}, next, 2), mpi.Isend(d, []int{-3}, next, 1))
	buf := make([]int, 1)
	recv := func(c *mpi.Comm, tag, want int) {
		t.Helper()
		_, err := mpi.Recv(c, buf, prev, tag)
		if must(t, err); buf[0] != want {
			t.Fatalf("tag %d: got %d, want %d", tag, buf[0], want)
		}
	}
	recv(d, 1, -3)
	recv(c, 2, -2)
	for i := range n {
		recv(c, 1, i)
	}
	must(t, mpi.Waitall(rs...))
}

func TestSendrecvReplace(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for _, n := range []int{0, 1, 100_000} {
		buf := make([]int32, n)
		for i := range buf {
			buf[i] = int32(me)
		}
		st, err := mpi.SendrecvReplace(c, buf, next, 3, prev, 3)
		must(t, err)
		if st.Source != prev || st.Count != n {
			t.Errorf("status %+v, want %d elements from %d", st, n, prev)
		}
		for i := range buf {
			if buf[i] != int32(prev) {
				t.Fatalf("element %d is %d, want %d", i, buf[i], prev)
			}
		}
	}
}

// A message too long for the buffer is an error, the memory after the buffer
// is safe, and the communicator works on.
func TestTruncation(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() == 1 {
		knownbug.TruncatedSelf.Skip(t)
	}
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	if c.Size()%2 == 1 && c.Rank() == c.Size()-1 {
		next, prev = mpi.ProcNull, mpi.ProcNull // in pairs
	} else if c.Size() > 1 {
		next, prev = c.Rank()^1, c.Rank()^1
	}
	for _, n := range []int{3, 300_000} { // eager and rendezvous
		if n > 1000 && knownbug.TruncatedGet.Here() {
			continue
		}
		for _, how := range []string{"Recv", "Irecv", "Sendrecv", "parked"} {
			mem := []int32{0, 0, -1, -1}
			long := make([]int32, n)
			must(t, c.Barrier())
			var err error
			switch how {
			case "Recv":
				s := mpi.Isend(c, long, next, 0)
				_, err = mpi.Recv(c, mem[:2], prev, 0)
				s.Wait()
			case "Irecv":
				r := mpi.Irecv(c, mem[:2], prev, 0)
				s := mpi.Isend(c, long, next, 0)
				_, err = r.Wait()
				if _, again := r.Wait(); again != err {
					t.Errorf("second Wait: %v, first: %v", again, err)
				}
				s.Wait()
			case "Sendrecv":
				_, err = mpi.Sendrecv(c, long, next, 0, mem[:2], prev, 0)
			case "parked":
				done := make(chan error)
				go func() {
					_, err := mpi.Recv(c, mem[:2], prev, 0)
					done <- err
				}()
				must(t, c.Barrier())
				s := mpi.Isend(c, long, next, 0)
				err = <-done
				s.Wait()
			}
			if prev == mpi.ProcNull {
				must(t, err)
			} else if !errors.Is(err, mpi.ErrTruncate) {
				t.Errorf("%s of %d elements into 2: %v, want ErrTruncate", how, n, err)
			} else if !strings.HasSuffix(err.Error(), ": message truncated (MPI_ERR_TRUNCATE)") {
				t.Errorf("%s: text %q", how, err)
			}
			if mem[2] != -1 || mem[3] != -1 {
				t.Errorf("%s wrote past the buffer: %v", how, mem)
			}
		}
	}
	must(t, c.Barrier())
}

func TestTruncatedAmongOthers(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() == 1 {
		knownbug.TruncatedSelf.Skip(t)
	}
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	a, b, d := make([]int, 1), make([]int, 1), make([]int, 1)
	ra, rb, rd := mpi.Irecv(c, a, prev, 1), mpi.Irecv(c, b, prev, 2), mpi.Irecv(c, d, prev, 3)
	sa, sb, sd := mpi.Isend(c, []int{1}, next, 1), mpi.Isend(c, []int{2, 2}, next, 2), mpi.Isend(c, []int{3}, next, 3)
	err := mpi.Waitall(ra, nil, rb, rd, sa, sd)
	if !errors.Is(err, mpi.ErrTruncate) {
		t.Errorf("Waitall: %v, want ErrTruncate", err)
	}
	sb.Wait()
	if _, err := rb.Wait(); !errors.Is(err, mpi.ErrTruncate) {
		t.Errorf("the truncated one: %v, want ErrTruncate", err)
	}
	for i, r := range []*mpi.Request{ra, rd} {
		if st, err := r.Wait(); err != nil || st.Count != 1 {
			t.Errorf("request %d: %+v, %v", i, st, err)
		}
	}
	if a[0] != 1 || d[0] != 3 {
		t.Errorf("received %d and %d, want 1 and 3", a[0], d[0])
	}
}

// Each request of a Waitall keeps its own result, however many fail and
// whatever for, and whoever tests them: the call itself or, when they are late,
// the engine.
func TestErrorsAmongMany(t *testing.T) {
	c := mpitest.World(t)
	if c.Size() == 1 {
		knownbug.TruncatedSelf.Skip(t)
	}
	const n = 300 // more than one batch
	next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	for _, late := range []bool{false, true} {
		bufs := make([][]int, n)
		rs := make([]*mpi.Request, n)
		want := make([]error, n)
		for i := range rs {
			bufs[i] = []int{-1, -1, -1}
			switch i % 5 {
			case 1: // too short for its message
				rs[i], want[i] = mpi.Irecv(c, bufs[i][:1], prev, i), mpi.ErrTruncate
			case 3: // never posted
				rs[i], want[i] = mpi.Irecv(c, bufs[i], c.Size(), i), mpi.ErrRank
			default:
				rs[i] = mpi.Irecv(c, bufs[i], prev, i)
			}
		}
		done := make(chan error, 1)
		if late {
			go func() { done <- mpi.Waitall(rs...) }()
		}
		must(t, c.Barrier())
		var sends []*mpi.Request
		for i := range rs {
			if i%5 != 3 {
				sends = append(sends, mpi.Isend(c, []int{i, c.Rank()}, next, i))
			}
		}
		must(t, c.Barrier())
		if !late {
			done <- mpi.Waitall(rs...)
		}
		err := <-done
		must(t, mpi.Waitall(sends...))
		if !errors.Is(err, mpi.ErrTruncate) || !errors.Is(err, mpi.ErrRank) {
			t.Errorf("Waitall: %v, want both ErrTruncate and ErrRank", err)
		}
		if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 2*n/5 {
			t.Errorf("Waitall joins the wrong number of errors, want %d", 2*n/5)
		}
		for i, r := range rs {
			st, err := r.Wait()
			if !errors.Is(err, want[i]) {
				t.Fatalf("late %v: request %d: %v, want %v", late, i, err, want[i])
			}
			if want[i] == nil && (st.Count != 2 || st.Tag != i || bufs[i][0] != i || bufs[i][1] != prev) {
				t.Fatalf("late %v: request %d: %+v, %v", late, i, st, bufs[i])
			}
			if bufs[i][2] != -1 || want[i] == mpi.ErrTruncate && bufs[i][1] != -1 {
				t.Fatalf("late %v: request %d wrote past its buffer: %v", late, i, bufs[i])
			}
		}
		must(t, c.Barrier())
	}

	// Waitany and Waitsome name the one that failed.
	for _, some := range []bool{false, true} {
		rs := []*mpi.Request{mpi.Irecv(c, make([]int, 1), prev, 1), mpi.Irecv(c, make([]int, 1), prev, 2)}
		s := mpi.Isend(c, []int{1, 2}, next, 2)
		if some {
			done, err := mpi.Waitsome(rs...)
			if !slices.Equal(done, []int{1}) || !errors.Is(err, mpi.ErrTruncate) {
				t.Errorf("Waitsome: %v, %v, want [1] and ErrTruncate", done, err)
			}
		} else if i, err := mpi.Waitany(rs...); i != 1 || !errors.Is(err, mpi.ErrTruncate) {
			t.Errorf("Waitany: %d, %v, want 1 and ErrTruncate", i, err)
		}
		s.Wait()
		must(t, c.Barrier()) // the other message is not under way before
		must(t, mpi.Send(c, []int{7}, next, 1))
		if st, err := rs[0].Wait(); err != nil || st.Count != 1 {
			t.Errorf("the other: %+v, %v", st, err)
		}
	}
}

// Each wrong argument is refused before anything is sent, with an error that
// has the right class and names the argument and its value.
func TestArguments(t *testing.T) {
	c := mpitest.World(t)
	size, buf := c.Size(), []int{1}
	freed, err := c.Dup()
	must(t, err)
	must(t, freed.Free())
	must(t, freed.Free()) // safe to call twice
	ub := c.TagUB()
	if ub < 32767 {
		t.Errorf("TagUB is %d, but the standard promises 32767", ub)
	}

	wait := func(r *mpi.Request) error { _, err := r.Wait(); return err }
	second := func(_ any, err error) error { return err }
	third := func(_ any, _ bool, err error) error { return err }
	badRank := []struct {
		rank int
		text string
	}{{-7, "is -7"}, {size, fmt.Sprint("is ", size)}, {math.MaxInt, fmt.Sprint("is ", math.MaxInt)}}
	badTag := []int{-7, mpi.AnyTag, ub + 1, math.MaxInt}

	type call struct {
		name string
		err  error
		want mpi.Class
		text string
	}
	var calls []call
	add := func(name string, err error, want mpi.Class, text string) {
		calls = append(calls, call{name, err, want, text})
	}
	for _, b := range badRank {
		r := b.rank
		add("Send", mpi.Send(c, buf, r, 0), mpi.ErrRank, "dest "+b.text)
		add("Isend", wait(mpi.Isend(c, buf, r, 0)), mpi.ErrRank, "dest "+b.text)
		add("Recv", second(mpi.Recv(c, buf, r, 0)), mpi.ErrRank, "source "+b.text)
		add("Irecv", wait(mpi.Irecv(c, buf, r, 0)), mpi.ErrRank, "source "+b.text)
		add("Sendrecv", second(mpi.Sendrecv(c, buf, r, 0, buf, 0, 0)), mpi.ErrRank, "dest "+b.text)
		add("Sendrecv", second(mpi.Sendrecv(c, buf, 0, 0, buf, r, 0)), mpi.ErrRank, "source "+b.text)
		add("SendrecvReplace", second(mpi.SendrecvReplace(c, buf, r, 0, 0, 0)), mpi.ErrRank, "dest "+b.text)
		add("SendrecvReplace", second(mpi.SendrecvReplace(c, buf, 0, 0, r, 0)), mpi.ErrRank, "source "+b.text)
		add("Probe", second(c.Probe(r, 0)), mpi.ErrRank, "source "+b.text)
		add("Iprobe", third(c.Iprobe(r, 0)), mpi.ErrRank, "source "+b.text)
	}
	add("Send", mpi.Send(c, buf, mpi.AnySource, 0), mpi.ErrRank, "dest is")
	for _, tag := range badTag {
		text := fmt.Sprint("tag is ", tag)
		add("Send", mpi.Send(c, buf, 0, tag), mpi.ErrTag, text)
		add("Isend", wait(mpi.Isend(c, buf, 0, tag)), mpi.ErrTag, text)
		add("Sendrecv", second(mpi.Sendrecv(c, buf, 0, tag, buf, 0, 0)), mpi.ErrTag, "send"+text)
		add("SendrecvReplace", second(mpi.SendrecvReplace(c, buf, 0, tag, 0, 0)), mpi.ErrTag, "send"+text)
		if tag == mpi.AnyTag {
			continue
		}
		add("Recv", second(mpi.Recv(c, buf, 0, tag)), mpi.ErrTag, text)
		add("Irecv", wait(mpi.Irecv(c, buf, 0, tag)), mpi.ErrTag, text)
		add("Sendrecv", second(mpi.Sendrecv(c, buf, 0, 0, buf, 0, tag)), mpi.ErrTag, "recv"+text)
		add("SendrecvReplace", second(mpi.SendrecvReplace(c, buf, 0, 0, 0, tag)), mpi.ErrTag, "recv"+text)
		add("Probe", second(c.Probe(0, tag)), mpi.ErrTag, text)
		add("Iprobe", third(c.Iprobe(0, tag)), mpi.ErrTag, text)
	}
	for _, bad := range []struct {
		c    *mpi.Comm
		text string
	}{{freed, "freed"}, {nil, "nil"}} {
		c := bad.c
		add("Send", mpi.Send(c, buf, 0, 0), mpi.ErrComm, bad.text)
		add("Recv", second(mpi.Recv(c, buf, 0, 0)), mpi.ErrComm, bad.text)
		add("Isend", wait(mpi.Isend(c, buf, 0, 0)), mpi.ErrComm, bad.text)
		add("Irecv", wait(mpi.Irecv(c, buf, 0, 0)), mpi.ErrComm, bad.text)
		add("Sendrecv", second(mpi.Sendrecv(c, buf, 0, 0, buf, 0, 0)), mpi.ErrComm, bad.text)
		add("SendrecvReplace", second(mpi.SendrecvReplace(c, buf, 0, 0, 0, 0)), mpi.ErrComm, bad.text)
		add("Probe", second(c.Probe(0, 0)), mpi.ErrComm, bad.text)
		add("Iprobe", third(c.Iprobe(0, 0)), mpi.ErrComm, bad.text)
		add("Comm.Dup", second(c.Dup()), mpi.ErrComm, bad.text)
		add("Comm.Split", second(c.Split(0, 0)), mpi.ErrComm, bad.text)
		add("Barrier", c.Barrier(), mpi.ErrComm, bad.text)
	}
	add("Sendrecv", second(mpi.Sendrecv(c, buf, 0, 0, buf, 0, 0)), mpi.ErrBuffer, "share memory")
	add("Comm.Split", second(c.Split(-1, 0)), mpi.ErrArg, "color is -1")
	add("Comm.Split", second(c.Split(1<<40, 0)), mpi.ErrArg, "color is 1099511627776")
	add("Comm.Split", second(c.Split(0, 1<<40)), mpi.ErrArg, "key is 1099511627776")
	add("Comm.Free", mpi.World().Free(), mpi.ErrComm, "cannot be freed")
	add("Init", mpi.Init(), mpi.ErrState, "already")

	for _, k := range calls {
		var e *mpi.Error
		if !errors.As(k.err, &e) || e.Op != k.name || !errors.Is(k.err, k.want) || !strings.Contains(k.err.Error(), k.text) {
			t.Errorf("%s: error %v, want one of class %v with %q", k.name, k.err, k.want, k.text)
		}
	}
	must(t, c.Barrier())
}

func TestSplit(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), c.Size()
	// Two halves by parity, in descending order of rank.
	half, err := c.Split(me%2, -me)
	must(t, err)
	size := (n + 1 - me%2) / 2
	if want := size - 1 - me/2; half.Rank() != want || half.Size() != size {
		t.Errorf("rank %d of %d, want %d of %d", half.Rank(), half.Size(), want, size)
	}
	must(t, half.Free())

	// Only rank 0 wants to be in it.
	color := mpi.Undefined
	if me == 0 {
		color = 1
	}
	one, err := c.Split(color, 0)
	must(t, err)
	if (one != nil) != (me == 0) {
		t.Errorf("Split with color %d gave %v", color, one)
	}
	must(t, one.Free())

	if s := mpi.Self(); s.Size() != 1 || s.Rank() != 0 {
		t.Errorf("Self has rank %d of %d", s.Rank(), s.Size())
	}
}
