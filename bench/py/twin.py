"""The mpi4py twin of ../go: benchmarks under the same names, with the same
buffers, warm-up, iterations and output.

    mpirun -n 2 /usr/bin/python3 twin.py -bench latency -sizes 8,65536 [-iters 100000,2000 | -min-time 0.2]

Rank 0 prints "# library" once and then, for each size, "size seconds iterations".
"""

import argparse
import functools
import sys
import traceback

import numpy
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

DATA_TAG, CONTROL_TAG = 1, 2
WINDOW, BIWINDOW = 64, 16

world = MPI.COMM_WORLD
rank = world.Get_rank()


def pingpong(size, n):
    """numpy arrays, by the methods that take buffers"""
    peer, send, recv = 1 - rank, buffers.send[:size], buffers.recv[:size]
    if rank == 0:
        for _ in range(n):
            world.Send(send, peer, DATA_TAG)
            world.Recv(recv, peer, DATA_TAG)
    else:
        for _ in range(n):
            world.Recv(recv, peer, DATA_TAG)
            world.Send(send, peer, DATA_TAG)


def rate(size, n):
    """a window of messages from rank 0 to rank 1, and a word back"""
    send, word = buffers.send[:size], buffers.send[:0]
    parts = [buffers.recv[k * size : (k + 1) * size] for k in range(WINDOW)]
    for _ in range(n):
        if rank == 0:
            MPI.Request.Waitall([world.Isend(send, 1, DATA_TAG) for _ in parts])
            world.Recv(word, 1, CONTROL_TAG)
        else:
            MPI.Request.Waitall([world.Irecv(part, 0, DATA_TAG) for part in parts])
            world.Send(word, 0, CONTROL_TAG)


def bibandwidth(size, n):
    """a window of messages each way"""
    peer, send = 1 - rank, buffers.send[:size]
    parts = [buffers.recv[k * size : (k + 1) * size] for k in range(BIWINDOW)]
    for _ in range(n):
        requests = [world.Irecv(part, peer, DATA_TAG) for part in parts]
        requests += [world.Isend(send, peer, DATA_TAG) for _ in parts]
        MPI.Request.Waitall(requests)


def pingpong_object(size, n):
    """a dict, by the methods that pickle"""
    peer, v = 1 - rank, record(size)
    if rank == 0:
        for _ in range(n):
            world.send(v, peer, DATA_TAG)
            got = world.recv(None, peer, DATA_TAG)
    else:
        for _ in range(n):
            got = world.recv(None, peer, DATA_TAG)
            world.send(v, peer, DATA_TAG)
    if got["id"] != peer or len(got["words"]) != len(v["words"]):
        raise RuntimeError("this is not what rank %d has sent" % peer)


@functools.cache  # made in the warm-up
def record(size):
    """what newRecord makes in ../go: about so many bytes, half of them in a map"""
    return {
        "id": rank,
        "score": 0.1,
        "count": size,
        "text": "x" * (size // 2),
        "words": {"word%05d" % i: i for i in range(size // 24)},
    }


def pool(chunk, n):
    """n tasks that do nothing, in chunks; their results in a list"""
    with MPICommExecutor(world, root=0) as executor:
        if executor is not None:
            got = list(executor.map(task, range(n), chunksize=chunk))
            if got[-1] != n - 1 or len(got) != n:
                raise RuntimeError("%d tasks gave %d results" % (n, len(got)))


def task(x):
    return x


def memory():
    """how many KiB of memory rank 0 holds after Init and a Barrier"""
    world.Barrier()
    if rank == 0:
        with open("/proc/self/status") as status:
            (kib,) = [line.split()[1] for line in status if line.startswith("VmRSS:")]
        print(0, kib, 1)


# Kernels, how many operations one of their iterations is, and how many times the
# size they receive at once.
BENCHES = {
    "latency": (pingpong, 2, 1),
    "bandwidth": (pingpong, 2, 1),
    "bibandwidth": (bibandwidth, 2 * BIWINDOW, BIWINDOW),
    "rate": (rate, WINDOW, WINDOW),
    "object": (pingpong_object, 2, 1),
    "pool": (pool, 1, 1),
}

# Benchmarks that are one run of the program. The driver takes the time of
# startup from outside.
ONCE = {"startup": lambda: None, "memory": memory}


class buffers:
    send = recv = None


def announce(n):
    """rank 0 says how many iterations come next; 0 ends the size"""
    for to in range(1, world.Get_size()):
        world.send(n, to, CONTROL_TAG)


def batch(kernel, size, n):
    announce(n)
    start = MPI.Wtime()
    kernel(size, n)
    return MPI.Wtime() - start


def lead(kernel, ops, size, n, min_time):
    """times n iterations or, with n = 0, as many as last min_time"""
    fixed = n > 0
    n = n or 1
    batch(kernel, size, n // 10 + 1)  # warm-up
    t = batch(kernel, size, n)
    while not fixed and t < min_time:
        # A short batch says little: grow in steps, and a little past the goal.
        n = int(n * min(100, 1.1 * min_time / t if t > 0 else 100)) + 1
        t = batch(kernel, size, n)
    print("%d %.6e %d" % (size, t / n / ops, n), flush=True)
    announce(0)


def follow(kernel, size):
    while n := world.recv(None, 0, CONTROL_TAG):
        kernel(size, n)


def numbers(text):
    return [int(n) for n in text.split(",")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-bench", choices=[*BENCHES, *ONCE], default="latency")
    parser.add_argument("-sizes", type=numbers, default=[8])
    parser.add_argument("-iters", type=numbers)
    parser.add_argument("-min-time", type=float, default=0.2)
    args = parser.parse_args()
    iters = args.iters or [0] * len(args.sizes)
    if len(iters) != len(args.sizes):
        parser.error("-iters needs one number per size")
    if world.Get_size() < 2:
        parser.error("the benchmarks need at least 2 ranks")

    if rank == 0:
        print("#", MPI.Get_library_version().rstrip("\0").splitlines()[0])
    if args.bench in ONCE:
        return ONCE[args.bench]()
    kernel, ops, times = BENCHES[args.bench]

    # Allocated and touched once, so that no page fault falls into a timing.
    buffers.send = numpy.full(max(args.sizes), 1, dtype=numpy.uint8)
    buffers.recv = numpy.full(max(args.sizes) * times, 2, dtype=numpy.uint8)

    for size, n in zip(args.sizes, iters):
        if rank == 0:
            lead(kernel, ops, size, n, args.min_time)
        else:
            follow(kernel, size)


try:
    main()
except Exception:
    # One rank's error must end all: the others wait for it.
    traceback.print_exc()
    sys.stderr.flush()
    world.Abort(1)
