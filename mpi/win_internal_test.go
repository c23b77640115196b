package mpi

import (
	"errors"
	"testing"
)

// What the watchdog says of a transfer that is pending, and of calls on a window.
func TestFactsOfWindows(t *testing.T) {
	c := &Comm{size: 4, members: []int{1, 3, 5, 7}}
	w := &Win{c: c, rank: 1, size: 4}
	r := &Request{op: "Rput", win: w, size: 16, data: viewOf([]int64{}).e, peer: 2}
	name := "halo"
	named := &Win{c: c}
	named.name.Store(&name)
	for want, f := range map[string]facts{
		"Rput, target 2 (5 of the world), 2 int64, in a window of a communicator of 4 ranks": r.facts(),
		"Win.Flush, target 0 (1 of the world), in the window halo":                           {op: "Win.Flush", c: c, win: named, way: reaches},
		"Win.Fence, in the window halo":                                                      {op: "Win.Fence", c: c, win: named},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The handler of a window hears of its requests, however they are waited for.
func TestWindowRequestsTell(t *testing.T) {
	var heard []error
	w := new(Win)
	w.errhandler.Store(NewWinErrhandler(func(_ *Win, err error) { heard = append(heard, err) }))
	mine := errors.New("mine")
	request := func() *Request {
		r := &Request{op: "Rput", win: w, err: mine}
		r.state.Store(reqDone)
		return r
	}
	for name, told := range map[string]func(r *Request){
		"report":         func(r *Request) { r.report(); r.report() },
		"nextUnreported": func(r *Request) { nextUnreported([]*Request{nil, r}, 0) },
	} {
		heard = nil
		if told(request()); len(heard) != 1 || heard[0] != mine {
			t.Errorf("%s: the handler heard %v", name, heard)
		}
	}
}
