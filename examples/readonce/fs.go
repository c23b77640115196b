package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// FS is a file system on all ranks that reads the disk on one: that rank, the root, broadcasts what it reads. Whatever
// takes an fs.FS works with it: fs.ReadFile, fs.WalkDir, template.ParseFS ...
//
// Open, Stat and ReadFile are collective: all ranks make the same calls in the same order. What they return is in
// memory, and each rank may use it as it likes. Errors are the same on all ranks.
type FS struct {
	comm *mpi.Comm
	disk fs.FS
	root int
}

// New makes a file system of the root's disk. That of the other ranks is not looked at and may be nil.
func New(c *mpi.Comm, disk fs.FS, root int) *FS { return &FS{c, disk, root} }

// Open reads the file or the folder.
func (f *FS) Open(name string) (fs.File, error) {
	a, content, err := f.ask("open", name, true)
	if err != nil {
		return nil, err
	}
	if a.Info.IsDir() {
		return &folder{a.Info, a.Entries}, nil
	}
	return &file{bytes.NewReader(content), a.Info}, nil
}

// Stat is what fs.Stat calls. Without it that would open the file, and here to open is to read.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	a, _, err := f.ask("stat", name, false)
	if err != nil {
		return nil, err
	}
	return a.Info, nil
}

// ReadFile is what fs.ReadFile calls. Without it that would copy what is in memory already.
func (f *FS) ReadFile(name string) ([]byte, error) {
	a, content, err := f.ask("open", name, true)
	if err == nil && a.Info.IsDir() {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("is a folder")}
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}

// answer is what the root tells the others about a name.
type answer struct {
	Info    info
	Entries []info // of a folder
	Err     *failure
}

// ask has the root look at its disk, and gives the answer to all ranks.
func (f *FS) ask(op, name string, read bool) (a answer, content []byte, err error) {
	if !fs.ValidPath(name) { // as all ranks see by themselves
		return a, nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if f.comm.Rank() == f.root {
		content, err = a.look(f.disk, name, read)
		a.Err = failed(err)
	}
	if err := object.Bcast(f.comm, &a, f.root); err != nil {
		return a, nil, err
	}
	if a.Err != nil {
		return a, nil, &fs.PathError{Op: op, Path: name, Err: a.Err}
	}
	if !read || a.Info.IsDir() {
		return a, nil, nil
	}
	// The content travels by itself, into the memory where it will stay.
	if f.comm.Rank() != f.root {
		content = make([]byte, a.Info.FileSize)
	}
	return a, content, mpi.Bcast(f.comm, content, f.root)
}

// look is the only function that uses the disk.
func (a *answer) look(disk fs.FS, name string, read bool) ([]byte, error) {
	stat, err := fs.Stat(disk, name)
	if err != nil {
		return nil, err
	}
	a.Info = newInfo(stat)
	if !read {
		return nil, nil
	}
	if !stat.IsDir() {
		content, err := fs.ReadFile(disk, name)
		a.Info.FileSize = int64(len(content)) // should somebody write the file just now
		return content, err
	}
	entries, err := fs.ReadDir(disk, name)
	for _, entry := range entries {
		// Of what was removed since, there is nothing to tell.
		if stat, err := entry.Info(); err == nil {
			a.Entries = append(a.Entries, newInfo(stat))
		}
	}
	return nil, err
}

// failure is an error that travels: its text, and which of the errors that programs ask for it is.
type failure struct {
	Text string
	Kind int
}

var kinds = []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid}

func failed(err error) *failure {
	if err == nil {
		return nil
	}
	kind := slices.IndexFunc(kinds, func(k error) bool { return errors.Is(err, k) })
	if path := new(fs.PathError); errors.As(err, &path) {
		err = path.Err // all ranks know the path
	}
	return &failure{err.Error(), kind}
}

func (e *failure) Error() string { return e.Text }

// Is makes errors.Is(err, fs.ErrNotExist) true on all ranks.
func (e *failure) Is(target error) bool { return e.Kind >= 0 && kinds[e.Kind] == target }

// info is an fs.FileInfo that travels.
type info struct {
	FileName string
	FileSize int64
	FileMode fs.FileMode
	Modified time.Time
}

func newInfo(i fs.FileInfo) info { return info{i.Name(), i.Size(), i.Mode(), i.ModTime()} }

func (i info) Name() string       { return i.FileName }
func (i info) Size() int64        { return i.FileSize }
func (i info) Mode() fs.FileMode  { return i.FileMode }
func (i info) ModTime() time.Time { return i.Modified }
func (i info) IsDir() bool        { return i.FileMode.IsDir() }
func (i info) Sys() any           { return nil }

// file is an open file. The reader has Read, and Seek and ReadAt too.
type file struct {
	*bytes.Reader
	info info
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }

// folder is an open folder.
type folder struct {
	info info
	rest []info // what ReadDir has not returned yet
}

func (d *folder) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *folder) Close() error               { return nil }

func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.FileName, Err: errors.New("is a folder")}
}

// ReadDir returns the next n entries, or all for n <= 0.
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	var entries []fs.DirEntry
	for _, i := range d.rest[:min(n, len(d.rest))] {
		entries = append(entries, fs.FileInfoToDirEntry(i))
	}
	d.rest = d.rest[len(entries):]
	return entries, nil
}
