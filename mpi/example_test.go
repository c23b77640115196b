package mpi_test

import (
	"errors"
	"fmt"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/op"
)

// The examples run like all tests here, on all ranks of 1 to 5 and inside
// mpitest.Main, which initialises MPI: what one prints must be the same on
// every rank. In a program the same lines stand in the function given to Main.

func ExampleMain() {
	// As main, in a program of its own.
	main := func() {
		mpi.Main(func(world *mpi.Comm) error {
			sum := make([]int, 1)
			if err := mpi.Reduce(world, []int{world.Rank()}, sum, op.Sum, 0); err != nil {
				return err // ends the whole job, with a report
			}
			if world.Rank() == 0 {
				fmt.Println("the ranks add up to", sum[0])
			}
			return nil
		})
	}
	_ = main
}

// A token goes from rank to rank, and each adds one.
func ExampleSend() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	const tag = 7

	token := []int{0}
	if rank > 0 {
		if _, err := mpi.Recv(world, token, rank-1, tag); err != nil {
			fmt.Println(err)
			return
		}
	}
	token[0]++
	if rank < size-1 {
		if err := mpi.Send(world, token, rank+1, tag); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("one for each rank up to this one:", token[0] == rank+1)
	// Output: one for each rank up to this one: true
}

// Every rank gives its right neighbour a number and gets one from the left, at
// once: no rank has to be the first to receive.
func ExampleSendrecv() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	left, right := (rank-1+size)%size, (rank+1)%size

	got := make([]int, 1)
	st, err := mpi.Sendrecv(world, []int{10 * rank}, right, 0, got, left, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(st.Count, "element, the left neighbour's:", got[0] == 10*left)
	// Output: 1 element, the left neighbour's: true
}

// Rank 0 knows the parameters; after Bcast all ranks do.
func ExampleBcast() {
	world := mpi.World()
	params := make([]float64, 3)
	if world.Rank() == 0 {
		params = []float64{0.5, 1.5, 2.5}
	}
	if err := mpi.Bcast(world, params, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(params)
	// Output: [0.5 1.5 2.5]
}

// Eleven numbers on any number of ranks: each squares its part, and rank 0
// collects the squares.
func ExampleScatterv() {
	world := mpi.World()
	const n, root = 11, 0

	// Only the root holds the whole; the others pass nil.
	var numbers, squares []int
	if world.Rank() == root {
		for i := range n {
			numbers = append(numbers, i)
		}
		squares = make([]int, n)
	}

	counts, displs := mpi.Partition(n, world.Size())
	part := make([]int, counts[world.Rank()])
	if err := mpi.Scatterv(world, numbers, counts, displs, part, root); err != nil {
		fmt.Println(err)
		return
	}
	for i := range part {
		part[i] *= part[i]
	}
	if err := mpi.Gatherv(world, part, squares, counts, displs, root); err != nil {
		fmt.Println(err)
		return
	}

	// So that all ranks have the same to print.
	if world.Rank() != root {
		squares = make([]int, n)
	}
	if err := mpi.Bcast(world, squares, root); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(squares)
	// Output: [0 1 4 9 16 25 36 49 64 81 100]
}

func ExamplePartition() {
	counts, displs := mpi.Partition(11, 4)
	fmt.Println(counts, displs)
	// Output: [3 3 3 2] [0 3 6 9]
}

// The mean of all ranks' numbers, on every rank.
func ExampleAllreduce() {
	world := mpi.World()
	mine := []float64{float64(world.Rank()), 1} // the number, and how many
	total := make([]float64, 2)
	if err := mpi.Allreduce(world, mine, total, op.Sum); err != nil {
		fmt.Println(err)
		return
	}
	mean := total[0] / total[1]
	fmt.Println(mean == float64(world.Size()-1)/2)
	// Output: true
}

// All ranks work on one buffer, and op says how it is combined.
func ExampleAllreduceInPlace() {
	world := mpi.World()
	ready := []bool{true, world.Rank() == 0}
	if err := mpi.AllreduceInPlace(world, ready, op.Lor); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ready)

	// What MPI does not define is an error on every rank, before any of them
	// communicates.
	err := mpi.AllreduceInPlace(world, ready, op.Sum)
	fmt.Println(errors.Is(err, mpi.ErrOp))
	fmt.Println(err)
	// Output:
	// [true true]
	// true
	// mpi: AllreduceInPlace: MPI does not define Sum for elements of type bool (MPI_ERR_OP)
}

// The numbers of the ranks up to this one, added up.
func ExampleScan() {
	world := mpi.World()
	sum := make([]int, 1)
	if err := mpi.Scan(world, []int{world.Rank()}, sum, op.Sum); err != nil {
		fmt.Println(err)
		return
	}
	r := world.Rank()
	fmt.Println(sum[0] == r*(r+1)/2)
	// Output: true
}

// Both neighbours at once: four transfers are under way until Waitall.
func ExampleIrecv() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	left, right := (rank-1+size)%size, (rank+1)%size
	const toRight, toLeft = 1, 2

	mine := []int{rank}
	fromLeft, fromRight := make([]int, 1), make([]int, 1)
	err := mpi.Waitall(
		mpi.Irecv(world, fromLeft, left, toRight),
		mpi.Irecv(world, fromRight, right, toLeft),
		mpi.Isend(world, mine, right, toRight),
		mpi.Isend(world, mine, left, toLeft),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fromLeft[0] == left, fromRight[0] == right)
	// Output: true true
}

// A request is looked at while there is other work to do.
func ExampleRequest_Test() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	got := make([]int, 1)
	in := mpi.Irecv(world, got, (rank-1+size)%size, 0)
	out := mpi.Isend(world, []int{42}, (rank+1)%size, 0)

	for {
		st, done, err := in.Test()
		if err != nil {
			fmt.Println(err)
			return
		}
		if done {
			fmt.Println(st.Count, got[0])
			break
		}
		// A piece of work.
	}
	if _, err := out.Wait(); err != nil {
		fmt.Println(err)
	}
	// Output: 1 42
}

// Even and odd ranks become groups of their own.
func ExampleComm_Split() {
	world := mpi.World()
	parity := world.Rank() % 2
	group, err := world.Split(parity, world.Rank())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Free()

	highest := []int{world.Rank()}
	if err := mpi.AllreduceInPlace(group, highest, op.Max); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(group.Rank() == world.Rank()/2, highest[0]%2 == parity)
	// Output: true true
}

// The receiver learns the length of a message before it makes the buffer.
func ExampleComm_Probe() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()
	left, right := (rank-1+size)%size, (rank+1)%size

	out := mpi.Isend(world, []float64{1, 2, 4, 8, 16}, right, 3)

	st, err := world.Probe(left, mpi.AnyTag)
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]float64, mpi.CountOf[float64](st))
	if _, err := mpi.Recv(world, buf, st.Source, st.Tag); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := out.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("tag", st.Tag, "brought", buf)
	// Output: tag 3 brought [1 2 4 8 16]
}

// A package can use MPI by a session of its own, whether or not the program
// around it calls Init.
func ExampleSession() {
	sum := func() (int, error) {
		s, err := mpi.SessionInit(nil)
		if err != nil {
			return 0, err
		}
		defer s.Finalize()
		all, err := s.Group("mpi://WORLD")
		if err != nil {
			return 0, err
		}
		defer all.Free()
		c, err := mpi.CommCreateFromGroup(all, "example.org/sum", nil)
		if err != nil {
			return 0, err
		}
		defer c.Free()
		ones := []int{1}
		err = mpi.AllreduceInPlace(c, ones, op.Sum)
		return ones[0], err
	}
	n, err := sum()
	if errors.Is(err, mpi.ErrUnsupported) {
		n = mpi.World().Size() // sessions came with MPI-4
	} else if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n == mpi.World().Size())
	// Output: true
}

// Arguments are checked before anything is sent, and errors have classes.
func ExampleError() {
	err := mpi.Send(mpi.Self(), []int{1}, 3, 0)
	fmt.Println(errors.Is(err, mpi.ErrRank))
	fmt.Println(err)
	// Output:
	// true
	// mpi: Send: dest is 3, but the communicator's ranks are 0 to 0 (or ProcNull) (MPI_ERR_RANK)
}

// Each rank writes its number into the memory of its right neighbour, which does
// nothing for it but wait for the fence.
func ExampleWinCreate() {
	world := mpi.World()
	rank, size := world.Rank(), world.Size()

	mem := make([]int, 1) // what the left neighbour writes
	w, err := mpi.WinCreate(world, mem, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = errors.Join(
		w.Fence(),
		mpi.Put(w, []int{rank}, (rank+1)%size, 0),
		w.Fence(),
	)
	fmt.Println("from the left:", mem[0] == (rank+size-1)%size, err)
	if err := w.Free(); err != nil {
		fmt.Println(err)
	}
	// Output: from the left: true <nil>
}

// All ranks draw numbers from one counter, whose owner need not take part.
func ExampleFetchAndOp() {
	world := mpi.World()
	w, _, err := mpi.WinAllocate[int](world, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	number := []int{-1}
	err = errors.Join(
		w.LockAll(),
		mpi.FetchAndOp(w, []int{1}, number, 0, 0, op.Sum),
		w.UnlockAll(),
	)
	fmt.Println("a number below that of the ranks:", number[0] >= 0 && number[0] < world.Size(), err)
	if err := w.Free(); err != nil {
		fmt.Println(err)
	}
	// Output: a number below that of the ranks: true <nil>
}

// The ranks of a host fill one array together: rank 0 has the memory, and all see
// it.
func ExampleWinAllocateShared() {
	host, err := mpi.World().SplitType(mpi.CommTypeShared, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	n := 0
	if host.Rank() == 0 {
		n = 8
	}
	w, _, err := mpi.WinAllocateShared[float64](host, n, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := mpi.WinSharedQuery[float64](w, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = w.Fence()
	for i := host.Rank(); i < len(a); i += host.Size() {
		a[i] = float64(i * i)
	}
	err = errors.Join(err, w.Fence()) // now all of it is there
	sum := 0.0
	for _, x := range a {
		sum += x
	}
	fmt.Println(sum, err)
	if err := errors.Join(w.Free(), host.Free()); err != nil {
		fmt.Println(err)
	}
	// Output: 140 <nil>
}
