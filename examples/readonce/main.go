// Readonce reads files, or folders with all that is in them, on one rank, and gives them to all by broadcast. When a
// thousand ranks start and each reads the same files, the file system of a cluster is what they all wait for.
//
//	go build ./examples/readonce && mpirun -n 4 ./readonce -dir docs
//
// The names of files and folders in the -dir may follow; without, it is all of it. What does the work is an fs.FS
// (fs.go), so that the program reads as any other does.
package main

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"slices"

	"github.com/mpi4go/mpi4go/mpi"
)

const root = 0

func main() {
	dir := flag.String("dir", ".", "the folder to read from")
	flag.Parse()
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"."}
	}
	mpi.Main(func(world *mpi.Comm) error { return run(world, *dir, names) })
}

func run(world *mpi.Comm, dir string, names []string) error {
	var disk fs.FS // nil on the other ranks, which shall not read
	if world.Rank() == root {
		disk = os.DirFS(dir)
	}
	fsys := New(world, disk, root)

	files, size, sum := 0, 0, fnv.New64a()
	for _, name := range names {
		// All ranks walk together.
		err := fs.WalkDir(fsys, name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := fs.ReadFile(fsys, path)
			if err != nil {
				return err
			}
			files++
			size += len(data)
			fmt.Fprintf(sum, "%s %d ", path, len(data))
			sum.Write(data)
			if world.Rank() == root {
				fmt.Printf("%9d %s\n", len(data), path)
			}
			return nil
		})
		if err != nil {
			return err // the same on all ranks: none goes on alone
		}
	}

	sums := make([]uint64, world.Size())
	if err := mpi.Allgather(world, []uint64{sum.Sum64()}, sums); err != nil {
		return err
	}
	if slices.Min(sums) != slices.Max(sums) {
		return fmt.Errorf("the ranks have different files: checksums %x", sums)
	}
	if world.Rank() == root {
		fmt.Printf("%d files of %d bytes are on all %d ranks, checksum %016x\n", files, size, world.Size(), sums[0])
	}
	return nil
}
