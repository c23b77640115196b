// Package mpitest makes `go test` run the tests of multi-rank programs.
//
// A test of an MPI program is an ordinary Go test that all ranks run together.
// A package says once, in TestMain, on how many ranks:
//
//	func TestMain(m *testing.M) { mpitest.Main(m, 1, 2, 4) }
//
// and each test asks for a communicator:
//
//	func TestSum(t *testing.T) {
//		c := mpitest.World(t)
//		sum := []int{0}
//		if err := mpi.Allreduce(c, []int{c.Rank()}, sum, op.Sum); err != nil {
//			t.Fatal(err)
//		}
//		if want := c.Size() * (c.Size() - 1) / 2; sum[0] != want {
//			t.Errorf("the sum on rank %d is %d, want %d", c.Rank(), sum[0], want)
//		}
//	}
//
// That is all. `go test` now starts the test program under the launcher of the
// MPI library that it is linked with, once for each number of ranks, one after
// the other, and stops at the first that fails. (Build tags choose the library:
// `go test -tags mpich`.) All tests run on all ranks in the same order; t.Parallel
// is of no effect. Some ranks may skip a test, or have nothing to do in it, if
// only all of them call World equally often.
//
// # Failures
//
// One failing rank fails the test, and ends the job: the others may wait for
// it in a call that will never return. The ranks that fail within two seconds
// of each other are all shown, each under a header:
//
//	--- rank 2 of 4 (Open MPI)
//	    sum_test.go:14: the sum on rank 2 is 5, want 6
//	--- FAIL: TestSum (0.00s)
//
// That takes a test that called World. A failure in any other test is noticed
// when all tests have run, if it leaves the other ranks able to go on.
//
// A rank that hangs is ended by the -timeout of `go test`, which is for all
// numbers of ranks together. It shows where each goroutine of each rank is.
// A rank that crashes, in Go or in C, fails the test likewise.
//
// Without a launcher the test fails; it is never skipped.
//
// # Output
//
// Without -v one sees what is needed: nothing if all is well, else what the
// failing ranks wrote in tests that did not pass. With -v one sees all that
// rank 0 writes, while it runs, and all that failing ranks wrote. What goes
// to the standard output and standard error of a rank is kept in one file,
// together with what C code and the Go runtime write. testing.Verbose is true
// on all ranks, whether -v is given or not.
//
// # Flags and variables
//
// The flags of `go test` mean what they mean elsewhere, with these differences:
//
//   - -cover and -coverprofile count what any rank executed at any number of ranks;
//   - -cpuprofile, -memprofile, -blockprofile, -mutexprofile and -trace write one
//     file per rank, named such as cpu.out.rank2of4;
//   - -shuffle shuffles equally on all ranks;
//   - -parallel is 1;
//   - -bench runs benchmarks on one rank only, if 1 is among the numbers of ranks:
//     testing finds the number of iterations by trying, and each rank would find
//     another. With a fixed number (-benchtime 1000x) they run on every number of
//     ranks, as they do when MPI4GO_TEST_SIZES is set;
//   - -fuzz runs the tests as usual, and then fuzzes without MPI;
//   - results are not cached, because `go test` does not see when the MPI library changes.
//
// MPI4GO_TEST_SIZES replaces the numbers of ranks: MPI4GO_TEST_SIZES=3,7 go test .
//
// MPIRUN is the command to start ranks with, if the one found is not right:
// MPIRUN="mpirun --mca btl tcp,self" go test . All ranks must run on this host,
// or see its directory for temporary files under the same name.
//
// A test program that is itself started by a launcher (go test -c -o prog.test,
// mpirun -n 4 ./prog.test -test.run Sum) runs its tests once, as that job, and
// shows the output of all ranks as it comes.
package mpitest
