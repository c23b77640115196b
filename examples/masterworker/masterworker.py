"""The work of masterworker with mpi4py and numpy: the same messages, as many random numbers, the same sums.

    mpirun -n 4 python3 examples/masterworker/masterworker.py

The checksums are the same for any number of ranks, but not those of the Go program: numpy's generator is another one.
"""

import argparse
import zlib

import numpy as np
from mpi4py import MPI

READY, START, DONE, EXIT = range(4)  # the tag says what a message is
MASTER = 0

ENTRIES = 20  # what an instance adds to the global vector
ENTRY = np.dtype([("index", np.int64), ("value", np.float64)])
NOTHING = [None, 0, MPI.BYTE]


def parse_flags():
    parser = argparse.ArgumentParser()
    parser.add_argument("-instances", type=int, default=2000)
    parser.add_argument("-length", type=int, default=257_241)
    parser.add_argument("-iterations", type=int, default=5)
    parser.add_argument("-time", action="store_true")
    return parser.parse_args()


class Instance:
    """What a worker computes. The vectors are made once: drawing into them is the fastest that numpy has."""

    def __init__(self, length):
        self.vectors = [np.empty(length) for _ in range(3)]

    def compute(self, task, entries):
        rng = np.random.default_rng(task)  # seeded by (iteration, instance)
        x, y, z = self.vectors
        for v in self.vectors:
            rng.random(out=v)
        index = rng.integers(len(x), size=ENTRIES)
        entries["index"] = index
        entries["value"] = x[index] + y[index] + z[index]


def work(comm, compute):
    """What a worker does: ask, compute, answer, and again."""
    status = MPI.Status()
    task, entries = np.empty(2, np.int64), np.empty(ENTRIES, ENTRY)
    while True:
        comm.Send(NOTHING, dest=MASTER, tag=READY)
        comm.Recv(task, source=MASTER, tag=MPI.ANY_TAG, status=status)
        if status.Get_tag() == EXIT:
            return
        compute(task, entries)
        comm.Send([entries, MPI.BYTE], dest=MASTER, tag=DONE)


class Farm:
    """What the master knows of its workers."""

    def __init__(self, comm):
        self.comm = comm
        self.idle = []  # the workers that are ready and have nothing to do
        self.given = [0] * comm.Get_size()  # the place in tasks of what each worker does
        self.came = np.empty(ENTRIES, ENTRY)  # a received message
        self.status = MPI.Status()

    def do(self, tasks, compute):
        """Gives the tasks out and returns their results in the same order."""
        results = np.empty((len(tasks), ENTRIES), ENTRY)
        if self.comm.Get_size() == 1:  # a master without workers
            for task, entries in zip(tasks, results):
                compute(task, entries)
            return results
        next_task, missing = 0, len(tasks)
        while missing > 0:
            if self.idle and next_task < len(tasks):
                worker = self.idle.pop()
                self.comm.Send(tasks[next_task], dest=worker, tag=START)
                self.given[worker] = next_task
                next_task += 1
                continue
            worker, tag = self.receive()
            if tag == DONE:
                results[self.given[worker]] = self.came
                missing -= 1
        return results

    def receive(self):
        """Takes the next message, whoever it is from. Only one that is done has entries."""
        self.comm.Recv([self.came, MPI.BYTE], source=MPI.ANY_SOURCE, tag=MPI.ANY_TAG, status=self.status)
        worker, tag = self.status.Get_source(), self.status.Get_tag()
        if tag == READY:
            self.idle.append(worker)
        return worker, tag

    def close(self):
        """Sends the workers home. The last thing that each says is that it is ready."""
        while len(self.idle) < self.comm.Get_size() - 1:
            self.receive()
        for worker in self.idle:
            self.comm.Send(NOTHING, dest=worker, tag=EXIT)


def iterate(farm, compute, flags):
    total = np.zeros(flags.length)
    tasks = np.empty((flags.instances, 2), np.int64)
    for iteration in range(flags.iterations):
        tasks[:, 0] = iteration
        tasks[:, 1] = range(flags.instances)
        results = farm.do(tasks, compute).ravel()
        # In the order of the tasks, and also where an index comes twice, which total[index] += value would drop.
        np.add.at(total, results["index"], results["value"])
        print(f"iteration {iteration + 1}: checksum {zlib.crc32(total):08x}", flush=True)
    farm.close()


def main():
    flags = parse_flags()
    comm = MPI.COMM_WORLD
    compute = Instance(flags.length).compute
    comm.Barrier()
    start = MPI.Wtime()
    if comm.Get_rank() == MASTER:
        iterate(Farm(comm), compute, flags)
    else:
        work(comm, compute)
    seconds = comm.reduce(MPI.Wtime() - start, op=MPI.MAX, root=MASTER)
    if flags.time and comm.Get_rank() == MASTER:
        print(f"time = {seconds:.3f} s")


if __name__ == "__main__":
    main()
