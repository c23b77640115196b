"""The Python voice of the job of TestLanguages: what ../main.go does, by mpi4py's
buffers. Memory is made by struct, so that numpy is not needed."""

import struct

from mpi4py import MPI

world = MPI.COMM_WORLD
n, me = world.size, world.rank


def check(ok, what):
    if not ok:
        print(f"python: rank {me}: {what} is wrong", flush=True)
        world.Abort(1)


def pack(form, values):
    return bytearray(struct.pack(f"={len(values)}{form}", *values))


def room(form, count):
    return pack(form, [0] * count)


def unpack(form, memory):
    return list(struct.unpack(f"={len(memory) // struct.calcsize('=' + form)}{form}", memory))


def int32s(values):
    return [pack("i", values), len(values), MPI.INT32_T]


def basic():
    def signed(v, bits):
        return [v, -v, v + 1]

    def unsigned(v, bits):
        return [v, 2**bits - 1 - v, v + 1]

    def real(v, bits):
        return [v + 0.5, -v, v + 1]

    def pairs(v, bits):
        return [v + 0.5, v, -v, v, v + 1, v]

    def boolean(v, bits):
        r = v // 10 - 1
        return [r % 2 == 0, r % 2 == 1, True]

    kinds = [
        ("b", MPI.INT8_T, signed), ("h", MPI.INT16_T, signed), ("i", MPI.INT32_T, signed), ("q", MPI.INT64_T, signed),
        ("B", MPI.UINT8_T, unsigned), ("H", MPI.UINT16_T, unsigned), ("I", MPI.UINT32_T, unsigned), ("Q", MPI.UINT64_T, unsigned),
        ("f", MPI.FLOAT, real), ("d", MPI.DOUBLE, real),
        ("f", MPI.C_FLOAT_COMPLEX, pairs), ("d", MPI.C_DOUBLE_COMPLEX, pairs),
        ("?", MPI.C_BOOL, boolean),
    ]
    for tag, (form, datatype, of) in enumerate(kinds):
        bits = 8 * struct.calcsize("=" + form)
        for d in range(1, n):
            to, source = (me + d) % n, (me - d) % n
            want = of(10 * (source + 1), bits)
            out, got = pack(form, of(10 * (me + 1), bits)), room(form, len(want))
            world.Sendrecv([out, 3, datatype], to, tag, [got, 3, datatype], source, tag)
            check(unpack(form, got) == want, f"basic type {datatype.name}")


def wildcards():
    sends = [world.Isend(int32s([me] * (me + 1)), to, 100 + me) for to in range(n) if to != me]
    seen = set()
    for _ in range(n - 1):
        got, status = room("i", n), MPI.Status()
        world.Recv([got, n, MPI.INT32_T], MPI.ANY_SOURCE, MPI.ANY_TAG, status)
        source, count = status.source, status.Get_count(MPI.INT32_T)
        check(source not in seen and status.tag == 100 + source and count == source + 1, "a wildcard's status")
        seen.add(source)
        check(unpack("i", got)[:count] == [source] * count, "a wildcard's message")
    MPI.Request.Waitall(sends)
    world.Barrier()


def structs():
    # As C lays it out: "@" aligns the members, "0d" the end.
    form, source = "@id3b0d", (me - 1) % n
    size, at = struct.calcsize(form), [0, struct.calcsize("@id") - 8, struct.calcsize("@id")]
    loose = MPI.Datatype.Create_struct([1, 1, 3], at, [MPI.INT32_T, MPI.DOUBLE, MPI.INT8_T])
    record = loose.Create_resized(0, size).Commit()
    out = bytearray(struct.pack(form, me, me + 0.25, me, 1, 2) + struct.pack(form, -me, 0.5, 3, 4, -me))
    got = bytearray(2 * size)
    world.Sendrecv([out, 2, record], (me + 1) % n, 20, [got, 2, record], source, 20)
    check(struct.unpack(form, got[:size]) == (source, source + 0.25, source, 1, 2), "the first struct")
    check(struct.unpack(form, got[size:]) == (-source, 0.5, 3, 4, -source), "the second struct")
    record.Free()
    loose.Free()


def columns():
    rows, cols, j, source = 4, 5, 2, (me - 1) % n

    def of(r):
        return [100 * r + i // cols if i % cols == j else 0 for i in range(rows * cols)]

    out, got = pack("d", of(me)), room("d", rows * cols)
    column = MPI.DOUBLE.Create_vector(rows, 1, cols).Commit()
    world.Sendrecv([memoryview(out)[8 * j:], 1, column], (me + 1) % n, 21, [memoryview(got)[8 * j:], 1, column], source, 21)
    check(unpack("d", got) == of(source), "a column")
    column.Free()


def collectives():
    for root in range(n):
        want = [10 * root, 10 * root + 1, 10 * root + 2]
        three = pack("d", want if me == root else [0] * 3)
        world.Bcast([three, 3, MPI.DOUBLE], root)
        check(unpack("d", three) == want, "bcast")
        every = room("i", n)
        world.Gather(int32s([100 * root + me]), [every, 1, MPI.INT32_T] if me == root else None, root)
        check(me != root or unpack("i", every) == [100 * root + r for r in range(n)], "gather")
        parts, part = pack("q", [1000 * root + r for r in range(n)]), room("q", 1)
        world.Scatter([parts, 1, MPI.INT64_T] if me == root else None, [part, 1, MPI.INT64_T], root)
        check(unpack("q", part) == [1000 * root + me], "scatter")
    every, swapped = room("i", n), room("i", n)
    world.Allgather(int32s([10 * me + me]), [every, 1, MPI.INT32_T])
    check(unpack("i", every) == [10 * r + r for r in range(n)], "allgather")
    world.Alltoall([pack("i", [10 * me + r for r in range(n)]), 1, MPI.INT32_T], [swapped, 1, MPI.INT32_T])
    check(unpack("i", swapped) == [10 * r + me for r in range(n)], "alltoall")


def vectors():
    counts = [r + 1 for r in range(n)]
    displs = [r * (r + 1) // 2 for r in range(n)]
    want = [r for r in range(n) for _ in range(r + 1)]
    root = n - 1
    whole, part, every = room("i", len(want)), room("i", me + 1), room("i", len(want))
    everybodys = (counts, displs)
    world.Gatherv(int32s([me] * (me + 1)), [whole, everybodys, MPI.INT32_T] if me == root else None, root)
    check(me != root or unpack("i", whole) == want, "gatherv")
    world.Scatterv([whole, everybodys, MPI.INT32_T] if me == root else None, [part, me + 1, MPI.INT32_T], root)
    check(unpack("i", part) == [me] * (me + 1), "scatterv")
    world.Allgatherv([part, me + 1, MPI.INT32_T], [every, everybodys, MPI.INT32_T])
    check(unpack("i", every) == want, "allgatherv")
    # Rank s has s+r+1 times 10s+r for rank r, and so gets as many elements of each
    # as it has for it.
    counts = [me + r + 1 for r in range(n)]
    displs = [sum(counts[:r]) for r in range(n)]
    out, got = pack("i", [10 * me + r for r in range(n) for _ in range(counts[r])]), room("i", sum(counts))
    world.Alltoallv([out, (counts, displs), MPI.INT32_T], [got, (counts, displs), MPI.INT32_T])
    check(unpack("i", got) == [10 * r + me for r in range(n) for _ in range(counts[r])], "alltoallv")


def reductions():
    total = n * (n - 1) // 2
    two, both = pack("d", [me, 0.5]), room("d", 2)
    for root in range(n):
        world.Reduce([two, 2, MPI.DOUBLE], [both, 2, MPI.DOUBLE] if me == root else None, MPI.SUM, root)
        check(me != root or unpack("d", both) == [total, n / 2], "reduce")
    most, upto, mine, total1 = room("i", 2), room("q", 1), room("q", 1), room("d", 1)
    world.Allreduce(int32s([me, -me]), [most, 2, MPI.INT32_T], MPI.MAX)
    check(unpack("i", most) == [n - 1, 0], "allreduce")
    world.Scan([pack("q", [me]), 1, MPI.INT64_T], [upto, 1, MPI.INT64_T], MPI.SUM)
    check(unpack("q", upto) == [me * (me + 1) // 2], "scan")
    world.Exscan([pack("q", [me]), 1, MPI.INT64_T], [upto, 1, MPI.INT64_T], MPI.SUM)
    check(me == 0 or unpack("q", upto) == [me * (me - 1) // 2], "exscan")
    world.Reduce_scatter_block([pack("q", [10 * me + r for r in range(n)]), 1, MPI.INT64_T], [mine, 1, MPI.INT64_T], MPI.SUM)
    check(unpack("q", mine) == [10 * total + n * me], "reduce_scatter_block")
    part = room("i", me + 1)
    world.Reduce_scatter(int32s([10 * me + i for i in range(n * (n + 1) // 2)]), [part, me + 1, MPI.INT32_T],
                         [r + 1 for r in range(n)], MPI.SUM)
    check(unpack("i", part) == [10 * total + n * (me * (me + 1) // 2 + i) for i in range(me + 1)], "reduce_scatter")
    world.Iallreduce([two, 1, MPI.DOUBLE], [total1, 1, MPI.DOUBLE], MPI.SUM).Wait()
    check(unpack("d", total1) == [total], "iallreduce")


def halves():
    half = world.Split(me % 2, -me)
    members = [r for r in reversed(range(n)) if r % 2 == me % 2]
    every, first = room("i", half.size), int32s([me])
    half.Allgather(int32s([me]), [every, 1, MPI.INT32_T])
    check(unpack("i", every) == members, "the order of a half")
    half.Bcast(first, 0)
    check(unpack("i", first[0]) == members[:1], "bcast in a half")
    half.Free()


for step in (basic, wildcards, structs, columns, collectives, vectors, reductions, halves):
    step()
print(f"python {me}: all right", flush=True)
