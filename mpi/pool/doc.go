// Package pool runs functions on the ranks of an MPI job: what Python has in
// multiprocessing.Pool, over any number of hosts.
//
// A task function is declared once, at package level, with a name:
//
//	var square = pool.Func("square", func(ctx context.Context, x int) (int, error) {
//		return x * x, nil
//	})
//
// All ranks call Run. Rank 0 runs the function that it is given, and the others
// are the workers until that returns:
//
//	func main() {
//		mpi.Main(func(world *mpi.Comm) error {
//			return pool.Run(world, func(ctx context.Context, p *pool.Pool) error {
//				squares, err := square.Map(ctx, p, []int{1, 2, 3})
//				if err != nil {
//					return err
//				}
//				fmt.Println(squares) // [1 4 9]
//				return nil
//			})
//		})
//	}
//
// What a Pool of multiprocessing does, is here:
//
//	p.map(square, xs)             square.Map(ctx, p, xs)
//	p.starmap(area, pairs)        area.Map(ctx, p, pairs), pairs being structs
//	p.imap_unordered(square, it)  for r, err := range square.All(ctx, p, seq)
//	p.apply_async(square, (x,))   future := square.Submit(ctx, p, x)
//	res.get()                     future.Wait()
//	initializer=setup             p.Each(ctx, setup)
//	p.terminate()                 cancel the context
//
// Results are the same on any number of ranks, on one too: then it does the
// tasks itself.
//
// # Scheduling
//
// The next tasks go to whoever is free. Short tasks travel many in one message,
// and while a worker runs these the next are on their way to it; the pool finds
// out how many by the time they take (ChunkSize says it instead). Long ones
// travel one by one, to workers that have nothing else.
//
// # Errors
//
// An error or a panic in a task comes back as a *TaskError, which tells the
// input, the rank, and the stack of a panic. The first ends the call, and tasks
// that run are told by their context; with CollectErrors all tasks run. A
// context that ends stops a call in the same way. No call returns while a task of
// its own still runs.
//
// A worker that crashes, as by a fault in C code, ends the whole job, as it does
// in every MPI program.
//
// # Data that stays
//
// Scatter deals a list out to the workers, Function.Each runs a function on each
// part where it is, and Gather collects them: the views of IPython.
package pool
