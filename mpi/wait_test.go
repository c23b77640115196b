package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestWaitContext(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := make([]int, 1)
	r := mpi.Irecv(c, buf, me, 1)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err := r.WaitContext(ctx)
	late := time.Since(func() time.Time { d, _ := ctx.Deadline(); return d }())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WaitContext: %v, want DeadlineExceeded", err)
	}
	t.Logf("returned %v after the deadline", late)

	// Among others that wait, as a follower and with the lead in hand.
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			ctx, cancel := context.WithCancelCause(context.Background())
			why := errors.New("why")
			time.AfterFunc(time.Millisecond, func() { cancel(why) })
			if _, err := r.WaitContext(ctx); !errors.Is(err, why) {
				t.Errorf("WaitContext: %v, want the cause", err)
			}
		})
	}
	wg.Wait()

	// The request is as good as before.
	if st, done, err := r.Test(); done || err != nil || st != r.Status() {
		t.Errorf("Test afterwards: %v, %v, %v", st, done, err)
	}
	must(t, mpi.Send(c, []int{5}, me, 1))
	st, err := r.WaitContext(context.Background())
	must(t, err)
	if st.Count != 1 || buf[0] != 5 || r.Status() != st {
		t.Errorf("received %v with %+v", buf, st)
	}
	// A context that has ended does not hide a result.
	if again, err := r.WaitContext(ctx); err != nil || again != st {
		t.Errorf("WaitContext of a complete request: %+v, %v", again, err)
	}

	// Of a receive that never comes, in either form, nothing is left over: it
	// can be given up again and again, cancelled and freed.
	p := mpi.RecvInit(c, buf, me, 2)
	must(t, p.Start())
	for what, r := range map[string]*mpi.Request{"Irecv": mpi.Irecv(c, make([]int, 1), me, 2), "RecvInit": p} {
		for _, wait := range []time.Duration{-1, 0, time.Millisecond} {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			_, err := r.WaitContext(ctx)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, deadline in %v: %v, want DeadlineExceeded", what, wait, err)
			}
		}
		if err := r.Start(); !errors.Is(err, mpi.ErrRequest) {
			t.Errorf("%s, Start while it is pending: %v, want ErrRequest", what, err)
		}
		must(t, r.Cancel())
		if st, err := r.WaitContext(context.Background()); err != nil || !st.Cancelled() {
			t.Errorf("%s, cancelled: %+v, %v", what, st, err)
		}
		must(t, r.Free())
	}
	// Neither takes the message that comes too late.
	if st, err = mpi.Sendrecv(c, []int{6}, me, 2, buf, me, 2); err != nil || st.Count != 1 || buf[0] != 6 {
		t.Errorf("received %v with %+v, %v", buf, st, err)
	}
}

func TestCancel(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	for _, how := range []string{"at once", "after giving up", "while polled"} {
		r := mpi.Irecv(c, make([]int, 1), me, 1)
		switch how {
		case "after giving up":
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			r.WaitContext(ctx)
			cancel()
		case "while polled":
			r.Done()
		}
		must(t, r.Cancel())
		st, err := r.Wait()
		must(t, err)
		if !st.Cancelled() || st.Bytes() != 0 {
			t.Errorf("%s: %+v, want cancelled", how, st)
		}
		must(t, r.Cancel())
		must(t, r.Free())
	}
	// What is complete is not cancelled.
	r := mpi.Irecv(c, make([]int, 1), me, 1)
	must(t, mpi.Send(c, []int{1}, me, 1))
	st, err := r.Wait()
	must(t, err)
	must(t, r.Cancel())
	if st.Cancelled() || r.Status().Cancelled() {
		t.Errorf("%+v is cancelled", st)
	}
	var null *mpi.Request
	must(t, null.Cancel())
	must(t, null.Free())
}

func TestDone(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 300
	bufs := make([][]int, n)
	rs := make([]*mpi.Request, n)
	for i := range rs {
		bufs[i] = []int{-1}
		rs[i] = mpi.Irecv(c, bufs[i], me, i)
		if i%2 == 0 {
			rs[i].Done() // asked for early, by somebody
		}
	}
	select {
	case <-rs[0].Done():
		t.Error("Done is closed before the message")
	default:
	}
	for i := n - 1; i >= 0; i-- {
		must(t, mpi.Send(c, []int{i}, me, i))
	}
	for i, r := range rs {
		<-r.Done()
		if bufs[i][0] != i {
			t.Fatalf("message %d holds %d", i, bufs[i][0])
		}
		if st, err := r.Wait(); err != nil || st.Count != 1 {
			t.Fatalf("Wait: %+v, %v", st, err)
		}
	}
	var null *mpi.Request
	<-null.Done()
	<-mpi.Isend(c, bufs[0], -9, 0).Done()
}

// Done channels and blocking calls at once: the background poller gives way,
// and takes over again.
func TestDoneBesideBlocking(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	next, prev := (me+1)%c.Size(), (me+c.Size()-1)%c.Size()
	for i := range 100 {
		r := mpi.Irecv(c, make([]int, 1), prev, 1)
		done := r.Done()
		_, err := mpi.Sendrecv(c, []int{i}, next, 2, make([]int, 1), prev, 2)
		must(t, err)
		s := mpi.Isend(c, []int{i}, next, 1)
		<-done
		_, err = s.Wait()
		must(t, err)
	}
}

func TestWaitanyAndSome(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 5
	post := func() (rs []*mpi.Request, bufs [][]int) {
		for i := range n {
			bufs = append(bufs, []int{-1})
			rs = append(rs, mpi.Irecv(c, bufs[i], me, i), nil)
		}
		return rs, bufs
	}
	rs, bufs := post()
	if i, found, err := mpi.Testany(rs...); i != mpi.Undefined || found || err != nil {
		t.Errorf("Testany with nothing complete: %d, %v, %v", i, found, err)
	}
	if done, err := mpi.Testsome(rs...); len(done) != 0 || err != nil {
		t.Errorf("Testsome with nothing complete: %v, %v", done, err)
	}
	if all, err := mpi.Testall(rs...); all || err != nil {
		t.Errorf("Testall with nothing complete: %v, %v", all, err)
	}
	for _, tag := range []int{3, 0, 4, 1, 2} {
		must(t, mpi.Send(c, []int{tag}, me, tag))
		i, err := mpi.Waitany(rs...)
		must(t, err)
		if i != 2*tag || bufs[tag][0] != tag {
			t.Errorf("Waitany: %d with %v, want %d", i, bufs[tag], 2*tag)
		}
	}
	// All have been reported: nothing is left to wait for.
	if i, err := mpi.Waitany(rs...); i != mpi.Undefined || err != nil {
		t.Errorf("Waitany with none left: %d, %v", i, err)
	}
	if i, found, err := mpi.Testany(rs...); i != mpi.Undefined || !found || err != nil {
		t.Errorf("Testany with none left: %d, %v, %v", i, found, err)
	}
	if done, err := mpi.Waitsome(rs...); done != nil || err != nil {
		t.Errorf("Waitsome with none left: %v, %v", done, err)
	}
	if all, err := mpi.Testall(rs...); !all || err != nil {
		t.Errorf("Testall with none left: %v, %v", all, err)
	}

	rs, _ = post()
	var got []int
	must(t, mpi.Send(c, []int{1}, me, 1))
	must(t, mpi.Send(c, []int{2}, me, 2))
	if _, found, err := rs[2].GetStatus(); err != nil || !found {
		// Not yet here: no matter, Waitsome waits.
		t.Logf("GetStatus: %v, %v", found, err)
	}
	for len(got) < 2 {
		done, err := mpi.Waitsome(rs...)
		must(t, err)
		got = append(got, done...)
	}
	if slices.Sort(got); !slices.Equal(got, []int{2, 4}) {
		t.Errorf("Waitsome: %v, want [2 4]", got)
	}
	// Somebody else completes one while we wait for any.
	go func() {
		for range 3 {
			runtime.Gosched()
		}
		mpi.Send(c, []int{4}, me, 4)
	}()
	i, err := mpi.Waitany(rs...)
	must(t, err)
	if i != 8 {
		t.Errorf("Waitany: %d, want 8", i)
	}
	for _, tag := range []int{0, 3} {
		must(t, mpi.Send(c, []int{tag}, me, tag))
	}
	for all := false; !all; {
		all, err = mpi.Testall(rs...)
		must(t, err)
	}
	if _, err := mpi.Waitany(mpi.Isend(c, []int{1}, -9, 0)); !errors.Is(err, mpi.ErrRank) {
		t.Errorf("Waitany of a bad request: %v", err)
	}
}

func TestFree(t *testing.T) {
	c := mpitest.World(t)
	me := c.Rank()
	buf := make([]int, 1)
	r := mpi.Irecv(c, buf, me, 1)
	must(t, r.Free())
	must(t, r.Free())
	must(t, mpi.Send(c, []int{9}, me, 1))
	_, err := mpi.Sendrecv(c, []int{1}, me, 2, make([]int, 1), me, 2)
	must(t, err)
	for !r.Status().Cancelled() && r.Status().Count != 1 {
		r.Test()
	}
	if buf[0] != 9 {
		t.Errorf("the freed receive holds %d", buf[0])
	}
}

// A rank that only has Done channels pending leaves the cores alone.
func TestIdle(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), 1000
	// One that nobody waits for, nor receives, does not keep the poller awake.
	lost := mpi.Irecv(c, make([]int, 10_000), me, n)
	rs := make([]*mpi.Request, n)
	for i := range rs {
		rs[i] = mpi.Irecv(c, make([]int, 1), me, i)
		rs[i].Done()
	}
	time.Sleep(200 * time.Millisecond) // it falls asleep by and by
	window := 500 * time.Millisecond
	if c.Size() == 1 {
		window *= 10
	}
	before, start := cpuTime(t), time.Now()
	time.Sleep(window)
	share := float64(cpuTime(t)-before) / float64(time.Since(start))
	var late time.Duration
	for i, r := range rs {
		sent := time.Now()
		must(t, mpi.Send(c, []int{i}, me, i))
		<-r.Done()
		late = max(late, time.Since(sent))
		if i == 20 {
			break
		}
	}
	for i, r := range rs[21:] {
		must(t, mpi.Send(c, []int{i}, me, 21+i))
		<-r.Done()
	}
	if share > 0.5 { // whoever polls without sleep takes all of one
		t.Errorf("%d pending requests took %.2f of a core", n, share)
	}
	must(t, lost.Cancel())
	_, err := lost.Wait()
	must(t, err)
	t.Logf("%d pending for %v: %.1f %% of a core; the first 20 completions seen within %v", n, window, 100*share, late)
}

// Two requests and a timer in one select.
func ExampleRequest_Done() {
	c := mpi.World()
	a, b := make([]int, 1), make([]int, 1)
	first, second := mpi.Irecv(c, a, c.Rank(), 1), mpi.Irecv(c, b, c.Rank(), 2)
	if err := mpi.Send(c, []int{42}, c.Rank(), 2); err != nil {
		fmt.Println(err)
	}
	select {
	case <-first.Done():
		fmt.Println("first:", a[0])
	case <-second.Done():
		fmt.Println("second:", b[0])
	case <-time.After(time.Minute):
		fmt.Println("nothing for a minute")
	}
	first.Cancel()
	st, _ := first.Wait()
	fmt.Println("first was cancelled:", st.Cancelled())
	// Output:
	// second: 42
	// first was cancelled: true
}
