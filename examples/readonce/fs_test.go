package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

func TestMain(m *testing.M) { mpitest.Main(m, 1, 2, 3, 5) }

// counted counts how often a disk is touched. All that fs.Stat, fs.ReadFile and fs.ReadDir find in it is Open.
type counted struct {
	fs   fs.FS
	n    atomic.Int64
	fail error
}

func (c *counted) Open(name string) (fs.File, error) {
	c.n.Add(1)
	if c.fail != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: c.fail}
	}
	return c.fs.Open(name)
}

// theRootOnly checks who has touched the disk.
func theRootOnly(t *testing.T, c *mpi.Comm, disk *counted, root int) {
	t.Helper()
	if n := disk.n.Load(); (n > 0) != (c.Rank() == root) {
		t.Errorf("rank %d has touched the disk %d times; rank %d should have, alone", c.Rank(), n, root)
	}
}

// TestFS lets package fstest do to the file system all that may be done to one, on all ranks.
func TestFS(t *testing.T) {
	c := mpitest.World(t)
	for root := range c.Size() {
		big := bytes.Repeat([]byte{1, 2, 3, byte(root)}, 300_000)
		files := fstest.MapFS{
			"empty":            {},
			"a file":           {Data: []byte("text"), Mode: 0o640},
			"folder/big":       {Data: big},
			"folder/deep/file": {Data: []byte{0}},
			"nothing":          {Mode: fs.ModeDir},
		}
		disk := &counted{fs: files}
		if c.Rank() != root {
			disk.fs = fstest.MapFS{"another": {}} // as /tmp is another folder on each host
		}
		fsys := New(c, disk, root)
		if err := fstest.TestFS(fsys, "empty", "a file", "folder/big", "folder/deep/file", "nothing"); err != nil {
			t.Fatalf("root %d: %v", root, err)
		}
		// In order: all ranks must make the same calls, and that of a map is another one on each.
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if files[name].Mode.IsDir() {
				continue
			}
			got, err := fs.ReadFile(fsys, name)
			if err != nil || !bytes.Equal(got, files[name].Data) {
				t.Errorf("root %d: ReadFile of %s gave %d bytes, %v", root, name, len(got), err)
			}
		}
		theRootOnly(t, c, disk, root)
	}
}

// TestErrors checks that all ranks get the same error, which is the one it should be.
func TestErrors(t *testing.T) {
	c := mpitest.World(t)
	root := c.Size() - 1
	burning := errors.New("disk on fire")
	for _, test := range []struct {
		name string
		fail error // of the disk
		is   error
		text string
	}{
		{name: "missing", is: fs.ErrNotExist, text: "missing: file does not exist"},
		{name: "locked", fail: fs.ErrPermission, is: fs.ErrPermission, text: "locked: permission denied"},
		{name: "wrapped", fail: fmt.Errorf("no key: %w", fs.ErrPermission), is: fs.ErrPermission, text: "wrapped: no key: permission denied"},
		{name: "burning", fail: burning, text: "burning: disk on fire"},
		{name: "../outside", is: fs.ErrInvalid, text: "../outside: invalid argument"},
	} {
		disk := &counted{fs: fstest.MapFS{"file": {}}, fail: test.fail}
		fsys := New(c, disk, root)
		for _, call := range []struct {
			name, op string
			f        func() error
		}{
			{"Open", "open ", func() error { _, err := fsys.Open(test.name); return err }},
			{"ReadFile", "open ", func() error { _, err := fs.ReadFile(fsys, test.name); return err }},
			{"ReadDir", "open ", func() error { _, err := fs.ReadDir(fsys, test.name); return err }},
			{"Stat", "stat ", func() error { _, err := fs.Stat(fsys, test.name); return err }},
			{"WalkDir", "stat ", func() error {
				return fs.WalkDir(fsys, test.name, func(_ string, _ fs.DirEntry, err error) error { return err })
			}},
		} {
			err := call.f()
			if err == nil || err.Error() != call.op+test.text {
				t.Errorf("%s: %v, want %s%s", call.name, err, call.op, test.text)
			}
			for _, kind := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, fs.ErrExist} {
				if errors.Is(err, kind) != (kind == test.is) {
					t.Errorf("%s: %v is %v: %v", call.name, err, kind, kind != test.is)
				}
			}
		}
		if test.is != fs.ErrInvalid {
			theRootOnly(t, c, disk, root)
		}
	}
	// After all that the file system works.
	fsys := New(c, fstest.MapFS{"file": {Data: []byte("x")}}, root)
	if got, err := fs.ReadFile(fsys, "file"); err != nil || string(got) != "x" {
		t.Errorf("ReadFile gave %q, %v", got, err)
	}
	if _, err := fs.ReadFile(fsys, "."); err == nil || err.Error() != "read .: is a folder" {
		t.Errorf("ReadFile of a folder: %v", err)
	}
}
