package main

// collective is one row: a collective of the standard, from which the
// functions of all its forms are made.
type collective struct {
	name string // of the blocking form
	mpi  string // the standard's name, without MPI_
	// Sections of MPI 4.1 for the blocking, nonblocking and persistent forms.
	section, isection, psection string
	doc                         string // begins after the function's name
	errors                      string
	buffers                     bool // it takes []Buffer and has no type parameter
	form                             // the form with two buffers
	inPlace                     *form
}

// form is how the functions look and what they call.
type form struct {
	params string // without the communicator
	method string // of Comm; its first argument is a call
	args   string // the others
	doc    string // of the in-place form
}

const (
	collErrors = "ErrComm, ErrCount, ErrBuffer"
	rootErrors = "ErrComm, ErrRoot, ErrCount, ErrBuffer"
	opErrors   = "ErrComm, ErrOp (o is not defined for the element type), ErrCount, ErrBuffer"
)

// What is the same in many rows.
const (
	sendRecv     = "send, recv B"
	views        = "viewOf(send), viewOf(recv)"
	interMeaning = `On an intercommunicator root is a rank of the other group; the root calls
itself Root, and the rest of its group says ProcNull and takes no part.`
)

var table = []collective{
	{
		name: "Barrier", mpi: "barrier", section: "6.3", isection: "6.12.1", psection: "6.13.1",
		doc:    `waits until all ranks of c have called it.`,
		errors: "ErrComm",
		form:   form{method: "barrier"},
	},
	{
		name: "Bcast", mpi: "bcast", section: "6.4", isection: "6.12.2", psection: "6.13.2",
		doc: `sends all elements of buf on the rank root into buf on all others. buf has
the same length everywhere. ` + interMeaning,
		errors: "ErrComm, ErrRoot, ErrTruncate where the library notices a short buf",
		form:   form{params: "buf B, root int", method: "bcast", args: "viewOf(buf), root"},
	},
	{
		name: "Gather", mpi: "gather", section: "6.5", isection: "6.12.3", psection: "6.13.3",
		doc: `collects the ranks' send slices, all of the same length, in recv on the rank
root, in rank order. On root len(recv) is at least Size*len(send); elsewhere
recv is ignored and may be nil. ` + interMeaning + ` Its recv is divided
evenly among the ranks of the other group.`,
		errors: rootErrors,
		form:   form{params: "send, recv B, root int", method: "gather", args: views + ", root"},
		inPlace: &form{params: "buf B, root int", method: "gatherInPlace", args: "viewOf(buf), root",
			doc: `on root buf holds all parts, root's own already in its place, and len(buf) is
a multiple of Size; elsewhere buf is the part to send.`},
	},
	{
		name: "Gatherv", mpi: "gatherv", section: "6.5", isection: "6.12.3", psection: "6.13.3",
		doc: `is Gather for parts of different length: on root the part of rank i,
counts[i] elements, goes to recv[displs[i]:]. Nil displs mean packed, one
after the other. counts and displs have an entry for each rank, in elements,
and their parts lie in recv and do not overlap. Elsewhere than on root recv,
counts and displs are ignored and may be nil.`,
		errors: rootErrors,
		form: form{params: "send, recv B, counts, displs []int, root int", method: "gatherv",
			args: views + ", counts, displs, root"},
		inPlace: &form{params: "buf B, counts, displs []int, root int", method: "gathervInPlace",
			args: "viewOf(buf), counts, displs, root",
			doc: `on root buf holds all parts, root's own already in its place; elsewhere buf
is the part to send.`},
	},
	{
		name: "Scatter", mpi: "scatter", section: "6.6", isection: "6.12.4", psection: "6.13.4",
		doc: `sends the parts of send on the rank root, Size parts of len(recv) elements
each, to the ranks' recv, in rank order. recv has the same length everywhere,
and on root len(send) is Size times that; elsewhere send is ignored and may be
nil. ` + interMeaning + ` Its send is divided evenly among the ranks of the
other group.`,
		errors: rootErrors,
		form:   form{params: "send, recv B, root int", method: "scatter", args: views + ", root"},
		inPlace: &form{params: "buf B, root int", method: "scatterInPlace", args: "viewOf(buf), root",
			doc: `on root buf holds all parts and keeps root's own where it is, and len(buf) is
a multiple of Size; elsewhere buf receives the part.`},
	},
	{
		name: "Scatterv", mpi: "scatterv", section: "6.6", isection: "6.12.4", psection: "6.13.4",
		doc: `is Scatter for parts of different length: rank i receives the counts[i]
elements of send[displs[i]:] on root, and its recv has just that length. Nil
displs mean packed, one after the other. counts and displs have an entry for
each rank, in elements, and their parts lie in send. Elsewhere than on root
send, counts and displs are ignored and may be nil.`,
		errors: rootErrors + ", ErrTruncate",
		form: form{params: "send B, counts, displs []int, recv B, root int", method: "scatterv",
			args: "viewOf(send), counts, displs, viewOf(recv), root"},
		inPlace: &form{params: "buf B, counts, displs []int, root int", method: "scattervInPlace",
			args: "viewOf(buf), counts, displs, root",
			doc: `on root buf holds all parts and keeps root's own where it is; elsewhere buf
receives the part.`},
	},
	{
		name: "Allgather", mpi: "allgather", section: "6.7", isection: "6.12.5", psection: "6.13.5",
		doc: `is Gather to every rank: len(recv) is at least Size*len(send) on all of
them. On an intercommunicator recv is divided evenly among the ranks of the
other group, whose parts it receives.`,
		errors: collErrors,
		form:   form{params: sendRecv, method: "allgather", args: views},
		inPlace: &form{params: "buf B", method: "allgatherInPlace", args: "viewOf(buf)",
			doc: `buf has Size equal parts, this rank's own already in its place.`},
	},
	{
		name: "Allgatherv", mpi: "allgatherv", section: "6.7", isection: "6.12.5", psection: "6.13.5",
		doc:    `is Gatherv to every rank; counts and displs are the same on all of them.`,
		errors: collErrors,
		form: form{params: "send, recv B, counts, displs []int", method: "allgatherv",
			args: views + ", counts, displs"},
		inPlace: &form{params: "buf B, counts, displs []int", method: "allgathervInPlace",
			args: "viewOf(buf), counts, displs",
			doc:  `this rank's part of buf is already in its place.`},
	},
	{
		name: "Alltoall", mpi: "alltoall", section: "6.8", isection: "6.12.6", psection: "6.13.6",
		doc: `sends part i of send to rank i, whose part of recv for this rank it fills:
len(send) is a multiple of Size, the same on all ranks, and len(recv) is at
least that. On an intercommunicator the ranks are those of the other group,
and recv is divided evenly among them.`,
		errors: collErrors,
		form:   form{params: sendRecv, method: "alltoall", args: views},
		inPlace: &form{params: "buf B", method: "alltoallInPlace", args: "viewOf(buf)",
			doc: `the parts of buf are sent and replaced.`},
	},
	{
		name: "Alltoallv", mpi: "alltoallv", section: "6.8", isection: "6.12.6", psection: "6.13.6",
		doc: `is Alltoall for parts of different length: rank i is sent the sendcounts[i]
elements of send[senddispls[i]:], and recvcounts[i] elements from it go to
recv[recvdispls[i]:]. Nil displacements mean packed, one part after the other.
All four have an entry for each rank, in elements; their parts lie in the
buffers, and those of recv do not overlap.`,
		errors: collErrors + ", ErrTruncate",
		form: form{params: "send B, sendcounts, senddispls []int, recv B, recvcounts, recvdispls []int", method: "alltoallv",
			args: "viewOf(send), sendcounts, senddispls, viewOf(recv), recvcounts, recvdispls"},
		inPlace: &form{params: "buf B, counts, displs []int", method: "alltoallvInPlace", args: "viewOf(buf), counts, displs",
			doc: `the parts of buf are sent and replaced, and counts[j] on rank i equals
counts[i] on rank j.`},
	},
	{
		name: "Alltoallw", mpi: "alltoallw", section: "6.8", isection: "6.12.6", psection: "6.13.6", buffers: true,
		doc: `is Alltoall with a buffer for each rank, of any element type: rank i is sent
send[i], and recv[i] receives from it. Both have an entry for each rank; the
zero Buffer is for nothing to send or receive.`,
		errors: collErrors + ", ErrTruncate",
		form:   form{params: "send, recv []Buffer", method: "alltoallw", args: "send, recv"},
		inPlace: &form{params: "bufs []Buffer", method: "alltoallwInPlace", args: "bufs",
			doc: `each of bufs is sent to its rank and replaced by what that sends.`},
	},
	{
		name: "Reduce", mpi: "reduce", section: "6.9.1", isection: "6.12.7", psection: "6.13.7",
		doc: `combines the ranks' send slices, all of the same length, element by element
with the operation o, in recv on the rank root. On root len(recv) is at least
len(send); elsewhere recv is ignored and may be nil. ` + interMeaning + `
The root's send is ignored, too: it receives len(recv) elements.`,
		errors: "ErrComm, ErrRoot, ErrOp (o is not defined for the element type), ErrCount, ErrBuffer",
		form:   form{params: "send, recv B, o op.Op, root int", method: "reduce", args: views + ", o, root"},
		inPlace: &form{params: "buf B, o op.Op, root int", method: "reduceInPlace", args: "viewOf(buf), o, root",
			doc: `root's own contribution is in buf, which receives the result; elsewhere buf
is the contribution.`},
	},
	{
		name: "Allreduce", mpi: "allreduce", section: "6.9.6", isection: "6.12.8", psection: "6.13.8",
		doc: `is Reduce to every rank: len(recv) is at least len(send) on all of them. On
an intercommunicator each group receives the result of the other.`,
		errors: opErrors,
		form:   form{params: "send, recv B, o op.Op", method: "allreduce", args: "cgo.Allreduce, " + views + ", o"},
		inPlace: &form{params: "buf B, o op.Op", method: "allreduceInPlace", args: "cgo.Allreduce, viewOf(buf), o",
			doc: `buf holds this rank's contribution and receives the result.`},
	},
	{
		name: "ReduceScatterBlock", mpi: "reduce_scatter_block", section: "6.10.1", isection: "6.12.9", psection: "6.13.9",
		doc: `combines the ranks' send slices, all of the same length, element by element
with the operation o, and gives each rank an equal part of the result, in rank
order: len(send) is Size times the length of a part, and recv has at least
that.`,
		errors: opErrors,
		form:   form{params: "send, recv B, o op.Op", method: "reduceScatterBlock", args: views + ", o"},
		inPlace: &form{params: "buf B, o op.Op", method: "reduceScatterBlockInPlace", args: "viewOf(buf), o",
			doc: `buf holds this rank's contribution, and receives its part of the result at
the beginning. What the rest holds afterwards is undefined.`},
	},
	{
		name: "ReduceScatter", mpi: "reduce_scatter", section: "6.10.2", isection: "6.12.10", psection: "6.13.10",
		doc: `is ReduceScatterBlock with parts of different length: rank i receives
counts[i] elements. counts has Size entries, the same on all ranks, and their
sum is len(send).`,
		errors: opErrors,
		form: form{params: "send, recv B, counts []int, o op.Op", method: "reduceScatter",
			args: views + ", counts, o"},
		inPlace: &form{params: "buf B, counts []int, o op.Op", method: "reduceScatterInPlace",
			args: "viewOf(buf), counts, o",
			doc: `buf holds this rank's contribution, and receives its part of the result at
the beginning. What the rest holds afterwards is undefined.`},
	},
	{
		name: "Scan", mpi: "scan", section: "6.11.1", isection: "6.12.11", psection: "6.13.11",
		doc: `combines the send slices of the ranks from 0 up to and including this one,
element by element, in recv, whose length is at least len(send).`,
		errors: opErrors,
		form:   form{params: "send, recv B, o op.Op", method: "allreduce", args: "cgo.Scan, " + views + ", o"},
		inPlace: &form{params: "buf B, o op.Op", method: "allreduceInPlace", args: "cgo.Scan, viewOf(buf), o",
			doc: `buf holds this rank's contribution and receives the result.`},
	},
	{
		name: "Exscan", mpi: "exscan", section: "6.11.2", isection: "6.12.12", psection: "6.13.12",
		doc: `combines the send slices of the ranks below this one, element by element, in
recv, whose length is at least len(send). On rank 0 recv is left as it is.`,
		errors: opErrors,
		form:   form{params: "send, recv B, o op.Op", method: "allreduce", args: "cgo.Exscan, " + views + ", o"},
		inPlace: &form{params: "buf B, o op.Op", method: "allreduceInPlace", args: "cgo.Exscan, viewOf(buf), o",
			doc: `buf holds this rank's contribution and receives the result, except on rank 0,
where its contents are undefined afterwards.`},
	},
	{
		name: "NeighborAllgather", mpi: "neighbor_allgather", section: "8.6.1", isection: "8.7.1", psection: "8.8.1",
		doc: `sends all elements of send to each neighbour that this rank sends to in the
topology of c, and receives from each that it receives from: recv is divided
evenly among these, in the order of the topology.`,
		errors: collErrors + ", ErrTopology",
		form:   form{params: sendRecv, method: "neighborAllgather", args: views},
	},
	{
		name: "NeighborAllgatherv", mpi: "neighbor_allgatherv", section: "8.6.1", isection: "8.7.1", psection: "8.8.1",
		doc: `is NeighborAllgather for parts of different length: counts[i] elements from
neighbour i go to recv[displs[i]:]. Nil displs mean packed, one after the
other. The parts lie in recv and do not overlap.`,
		errors: collErrors + ", ErrTopology",
		form: form{params: "send, recv B, counts, displs []int", method: "neighborAllgatherv",
			args: views + ", counts, displs"},
	},
	{
		name: "NeighborAlltoall", mpi: "neighbor_alltoall", section: "8.6.2", isection: "8.7.2", psection: "8.8.2",
		doc: `sends part i of send to neighbour i of those that this rank sends to in the
topology of c, and receives part i of recv from neighbour i of those that it
receives from: each slice is divided evenly.`,
		errors: collErrors + ", ErrTopology",
		form:   form{params: sendRecv, method: "neighborAlltoall", args: views},
	},
	{
		name: "NeighborAlltoallv", mpi: "neighbor_alltoallv", section: "8.6.2", isection: "8.7.2", psection: "8.8.2",
		doc: `is NeighborAlltoall for parts of different length, placed as in Alltoallv:
sendcounts and senddispls have an entry for each neighbour that this rank
sends to, recvcounts and recvdispls for each that it receives from.`,
		errors: collErrors + ", ErrTopology, ErrTruncate",
		form: form{params: "send B, sendcounts, senddispls []int, recv B, recvcounts, recvdispls []int", method: "neighborAlltoallv",
			args: "viewOf(send), sendcounts, senddispls, viewOf(recv), recvcounts, recvdispls"},
	},
	{
		name: "NeighborAlltoallw", mpi: "neighbor_alltoallw", section: "8.6.2", isection: "8.7.2", psection: "8.8.2", buffers: true,
		doc: `is NeighborAlltoall with a buffer for each neighbour, of any element type:
send has one for each that this rank sends to, recv for each that it receives
from. It is what exchanges halos: the buffers may be rows and columns of one
array.`,
		errors: collErrors + ", ErrTopology, ErrTruncate",
		form:   form{params: "send, recv []Buffer", method: "neighborAlltoallw", args: "send, recv"},
	},
}
