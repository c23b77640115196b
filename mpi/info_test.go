package mpi_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestEnvInfo(t *testing.T) {
	mpitest.World(t)
	info, err := mpi.EnvInfo()
	must(t, err)
	if info == nil {
		t.Fatal("the map is nil")
	}
	t.Log(info)
	for k, v := range info {
		if k == "" || strings.ContainsRune(k+v, 0) {
			t.Errorf("the pair %q, %q is broken", k, v)
		}
	}
	info["mine"] = "too" // the map is the caller's
}

// What a communicator is given it answers, as far as the library knows it; and
// what the library refuses is named.
func TestInfo(t *testing.T) {
	c := mpitest.World(t)
	// A hint of MPI-4 that both libraries store, some only where they know it.
	given := mpi.Info{"mpi_assert_no_any_tag": "true", "mpi_assert_allow_overtaking": "false"}
	d, err := c.DupWithInfo(given)
	must(t, err)
	got := infoOf(t, d)
	for k, v := range got {
		if want, is := given[k]; is && v != want {
			t.Errorf("%s is %q, want %q", k, v, want)
		}
	}
	if k := "mpi_assert_no_any_tag"; got[k] != "true" { // which both know
		t.Errorf("%s is %q after the communicator was made with it", k, got[k])
	}
	must(t, d.SetInfo(mpi.Info{"mpi_assert_no_any_tag": "false"}))
	if v, is := infoOf(t, d)["mpi_assert_no_any_tag"]; is && v != "false" {
		t.Errorf("mpi_assert_no_any_tag is %q after SetInfo said false", v)
	}
	must(t, d.SetInfo(nil))
	must(t, d.SetInfo(mpi.Info{}))
	must(t, d.SetInfo(mpi.Info{"no_such_hint": strings.Repeat("x", 100)}))
	must(t, d.Free())
	d, err = c.DupWithInfo(nil)
	must(t, err)
	must(t, d.Free())
}

func infoOf(t *testing.T, c *mpi.Comm) mpi.Info {
	t.Helper()
	info, err := c.Info()
	must(t, err)
	t.Log(info)
	return info
}

func TestInfoRefuses(t *testing.T) {
	c := mpitest.World(t)
	for _, call := range []struct {
		name string
		f    func(mpi.Info) error
	}{
		{"SetInfo", c.SetInfo},
		{"DupWithInfo", func(i mpi.Info) error { _, err := c.DupWithInfo(i); return err }},
		{"IdupWithInfo", func(i mpi.Info) error { _, r := c.IdupWithInfo(i); _, err := r.Wait(); return err }},
		{"SplitTypeWithInfo", func(i mpi.Info) error { _, err := c.SplitTypeWithInfo(mpi.CommTypeShared, 0, i); return err }},
	} {
		is(t, call.f(mpi.Info{"": "x"}), mpi.ErrInfoKey, call.name)
		is(t, call.f(mpi.Info{strings.Repeat("k", 1<<16): "x"}), mpi.ErrInfoKey, "of 65536 bytes")
		is(t, call.f(mpi.Info{"a\x00b": "x"}), mpi.ErrInfoKey, "zero byte")
		is(t, call.f(mpi.Info{"key": strings.Repeat("v", 1<<20)}), mpi.ErrInfoValue, `info["key"] has 1048576 bytes`)
		is(t, call.f(mpi.Info{"key": "a\x00b"}), mpi.ErrInfoValue, "zero byte")
	}
}

// Values come back whole, whatever their length: up to 255 bytes, in Open MPI,
// which refuses empty ones.
func TestInfoValues(t *testing.T) {
	mpitest.World(t)
	want := map[string]string{"one": "x", "long": strings.Repeat("01234", 51)}
	var pairs []byte
	for k, v := range want {
		pairs = append(pairs, k+"\x00"+v+"\x00"...)
	}
	h, _, err := cgo.HintsMake("test", pairs, len(want))
	must(t, err)
	got, err := cgo.HintsRead("test", h)
	must(t, err)
	if !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	cgo.HintsFree(h)
}
