package mpi_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/internal/badinput"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
	"github.com/mpi4go/mpi4go/op"
)

// TestBadInput calls every function with every argument that it cannot have.
func TestBadInput(t *testing.T) {
	c := mpitest.World(t)
	me, n := c.Rank(), c.Size()
	freed, err := c.Dup()
	must(t, err)
	must(t, freed.Free())
	cart, err := mpi.CreateCart(c, []int{n}, []bool{true}, false)
	must(t, err)
	freedCart, err := mpi.CreateCart(c, []int{n}, nil, false)
	must(t, err)
	must(t, freedCart.Free())
	graph, err := mpi.CreateGraph(c, slices.Repeat([]int{0}, n), nil, false)
	must(t, err)
	dist, err := mpi.CreateDistGraphAdjacent(c, nil, nil, nil, nil, false)
	must(t, err)
	group, err := c.Group()
	must(t, err)
	gone, err := c.Group()
	must(t, err)
	must(t, gone.Free())
	sum, err := op.New(func(in, inout []float64) {}, true)
	must(t, err)
	must(t, sum.Free())
	odd, err := datatype.Contiguous(3, datatype.Float64)
	must(t, err)
	must(t, odd.Free())
	kv, err := mpi.NewKeyval[int](nil, nil)
	must(t, err)
	lost, err := mpi.NewKeyval[int](nil, nil)
	must(t, err)
	must(t, lost.Free())
	nothing, err := c.Mprobe(mpi.ProcNull, 0)
	must(t, err)
	code, err := mpi.AddErrorCode(mpi.ErrArg)
	must(t, err)
	over := mpi.Isend(c, []int{1}, mpi.ProcNull, 0)
	_, err = over.Wait()
	must(t, err)

	room := func(n int) mpi.Buffer { return mpi.Slice(make([]float64, n)) }
	rooms := func(n int) []mpi.Buffer { return slices.Repeat([]mpi.Buffer{{}}, n) }
	ones := slices.Repeat([]int{1}, n)
	_, displs := mpi.Partition(n, n)
	with := func(list []int, x int) []int {
		list = slices.Clone(list)
		list[len(list)-1] = x
		return list
	}
	type wrongs = []badinput.Wrong
	numbers := func(class mpi.Class, says string, list ...int) (all wrongs) {
		for _, x := range list {
			all = append(all, badinput.Wrong{Value: x, Class: class, Says: says})
		}
		return all
	}
	counts := func(prefix string, good []int) wrongs {
		says := prefix + "counts|the part of rank"
		return wrongs{
			{[]int{}, mpi.ErrCount, says}, {good[1:], mpi.ErrCount, says}, {append(slices.Clone(good), 1), mpi.ErrCount, says},
			{with(good, -1), mpi.ErrCount, says}, {with(good, 1<<40), mpi.ErrCount, says}, {with(good, math.MaxInt), mpi.ErrCount, says},
		}
	}
	places := func(prefix string, good []int) wrongs {
		says := prefix + "displs|the part of rank"
		return wrongs{
			{[]int{}, mpi.ErrCount, says}, {append(slices.Clone(good), 1), mpi.ErrCount, says},
			{with(good, -1), mpi.ErrCount, says}, {with(good, 1<<40), mpi.ErrCount, says}, {with(good, math.MaxInt), mpi.ErrCount, says},
		}
	}
	lists := func(says string, good int) wrongs {
		bad := rooms(good)
		bad[good-1] = mpi.Structs([]func(){nil})
		return wrongs{{[]mpi.Buffer{}, mpi.ErrCount, says + " has"}, {rooms(good + 1), mpi.ErrCount, says + " has"}, {bad, mpi.ErrBuffer, says + `\[`}}
	}
	peers := numbers(mpi.ErrRank, "@ is", -7, n, 1<<40, math.MaxInt, math.MinInt)
	named := func(list wrongs, name string) wrongs {
		list = slices.Clone(list)
		for i := range list {
			list[i].Says = strings.ReplaceAll(list[i].Says, "@", name)
		}
		return list
	}
	tags := numbers(mpi.ErrTag, "@ is", -7, c.TagUB()+1, math.MaxInt, math.MinInt)
	noTags := append(numbers(mpi.ErrTag, "@ is", mpi.AnyTag), tags...)
	roots := numbers(mpi.ErrRoot, "root is", -7, n, mpi.ProcNull, mpi.Root, mpi.AnySource, math.MaxInt)
	buffers := wrongs{
		{mpi.Structs([]func(){nil}), mpi.ErrType, "datatype.Of.*func"},
		{mpi.Typed([]float64{1}, 2, datatype.Float64), mpi.ErrBuffer, "Typed.*layout"},
		{mpi.Typed([]float64{1}, -1, datatype.Float64), mpi.ErrCount, "Typed: count is -1"},
		{mpi.Typed([]float64{1}, 1, odd), mpi.ErrType, "freed"},
	}
	comms := wrongs{{nil, mpi.ErrComm, "communicator is nil"}, {freed, mpi.ErrComm, "communicator has been freed"}}
	groups := wrongs{{nil, mpi.ErrGroup, "group is nil"}, {gone, mpi.ErrGroup, "group has been freed"}}
	ranks := wrongs{{[]int{n}, mpi.ErrRank, `ranks\[0\] is`}, {[]int{-1}, mpi.ErrRank, `ranks\[0\] is`}, {[]int{0, math.MinInt}, mpi.ErrRank, `ranks\[1\] is`}}
	twice := badinput.Wrong{Value: []int{0, 0}, Class: mpi.ErrRank, Says: `ranks\[0\] and ranks\[1\] are both 0`}
	ranges := wrongs{
		{[]mpi.Range{{0, 0, 0}}, mpi.ErrArg, `ranges\[0\] is`}, {[]mpi.Range{{0, n, 1}}, mpi.ErrRank, `ranges\[0\] is`},
		{[]mpi.Range{{-1, 0, 1}}, mpi.ErrRank, `ranges\[0\] is`}, {[]mpi.Range{{0, math.MinInt, -1}}, mpi.ErrRank, `ranges\[0\] is`},
		{[]mpi.Range{{0, 0, 1}, {0, 0, 1}}, mpi.ErrRank, "named twice"},
	}
	infos := wrongs{
		{mpi.Info{"": "x"}, mpi.ErrInfoKey, "info has the key"}, {mpi.Info{"a\x00": "x"}, mpi.ErrInfoKey, "info has the key"},
		{mpi.Info{strings.Repeat("k", 10000): "x"}, mpi.ErrInfoKey, "info has the key"},
		{mpi.Info{"k": "a\x00"}, mpi.ErrInfoValue, `info\["k"\]`}, {mpi.Info{"k": strings.Repeat("v", 100000)}, mpi.ErrInfoValue, `info\["k"\]`},
	}
	texts := func(name string) wrongs {
		return wrongs{{strings.Repeat("x", 100000), mpi.ErrArg, name + " has"}, {"a\x00b", mpi.ErrArg, name + " is"}}
	}
	positions := numbers(mpi.ErrArg, "position is", -1, 101, math.MaxInt, math.MinInt)
	requests := wrongs{{nil, mpi.ErrRequest, "request is nil"}, {over, mpi.ErrRequest, "the request (is )?of Isend"}}
	sessions := wrongs{{nil, mpi.ErrArg, "session is nil"}, {new(mpi.Session), mpi.ErrState, "session has been finalised"}}
	large := numbers(mpi.ErrArg, "key is", 1<<40, math.MinInt)
	edges := func(name string) wrongs {
		return wrongs{{[]int{n}, mpi.ErrRank, name + `\[0\] is`}, {[]int{-1}, mpi.ErrRank, name + `\[0\] is`}, {[]int{math.MaxInt}, mpi.ErrRank, name + `\[0\] is`}}
	}
	weights := func(name string) wrongs {
		return wrongs{{[]int{1, 1}, mpi.ErrArg, name + " has"}, {[]int{-1}, mpi.ErrArg, name + `\[0\] is`}, {[]int{1 << 40}, mpi.ErrArg, name + `\[0\] is`}}
	}

	tab := badinput.Table{
		Funcs: badFuncs,
		Fine:  badFine,
		Any:   []string{"reorder bool", "high bool", "disp int", "ctx context.Context", "err error", "v T", "s []T", "periods []bool"},
		Base:  collectiveOf,
		Good: map[string]any{
			"*Comm": c, "buf B": room(n), "dest int": me, "source int": me, "tag int": 1, "sendtag int": 1, "recvtag int": 1, "root int": me,
			"o op.Op": op.Sum, "*Group": group, "info Info": mpi.Info(nil), "*Message": nothing, "in B": room(1), "out B": room(1), "inout B": room(1),
			"ctx context.Context": context.Background(), "err error": mpi.ErrArg, "v T": 0, "reorder bool": false, "high bool": false,
			"send B": room(1), "recv B": room(1), "send S": room(1), "recv R": room(1), "counts []int": ones, "displs []int": displs,
			"sendcounts []int": ones, "senddispls []int": displs, "recvcounts []int": ones, "recvdispls []int": displs,
			"Gather.recv": room(n), "Allgather.recv": room(n), "Gatherv.recv": room(n), "Allgatherv.recv": room(n), "Scatter.send": room(n), "Scatterv.send": room(n),
			"Alltoall.send": room(n), "Alltoall.recv": room(n), "Alltoallv.send": room(n), "Alltoallv.recv": room(n),
			"ReduceScatter.send": room(n), "ReduceScatterBlock.send": room(n),
			"send []Buffer": rooms(n), "recv []Buffer": rooms(n), "bufs []Buffer": rooms(n),
			"*Cart": cart, "*Graph": graph, "*DistGraph": dist, "*Keyval[T]": kv, "*Request": over, "rs ...*Request": []*mpi.Request{},
			"*Session": new(mpi.Session), "h *Errhandler": mpi.ErrorsReturn, "pset string": "mpi://SELF", "n int": 0,
			"in []byte": make([]byte, 100), "out []byte": make([]byte, 100), "position int": 0,
			"color int": 0, "key int": 0, "kind CommType": mpi.CommTypeShared, "level int": 0, "name string": "name", "bytes int": 1,
			"class Class": mpi.ErrArg, "code int": code, "text string": "text", "tag string": "tag", "f int": 0,
			"partitions int": 1, "partition int": 0, "partitions ...int": []int{0}, "low int": 0, "high int": 0,
			"dims []int": []int{n}, "periods []bool": []bool(nil), "coords ...int": []int{0}, "rank int": 0, "dim int": 0, "disp int": 1, "keep []bool": []bool{true},
			"nnodes int": n, "ndims int": 1, "index []int": slices.Repeat([]int{0}, n), "edges []int": []int(nil),
			"sources []int": []int{0}, "degrees []int": []int{1}, "destinations []int": []int{0}, "weights []int": []int(nil), "sourceWeights []int": []int{1}, "destWeights []int": []int{1},
			"localLeader int": 0, "remoteLeader int": 0, "ranks ...int": []int{0}, "ranges ...Range": []mpi.Range{{0, 0, 1}}, "ranks []int": []int{0},
			"s []T": []float64{1}, "Structs.s": []*int(nil), "count int": 1, "t datatype.Datatype": datatype.Float64,
			"DimsCreate.dims": []int{0},
		},
		Bad: map[string]wrongs{
			"*Comm": comms, "*Group": groups, "buf B": buffers, "send B": buffers, "recv B": buffers, "send S": buffers, "recv R": buffers, "in B": buffers, "out B": buffers, "inout B": buffers,
			"dest int": append(named(peers, "dest"), badinput.Wrong{Value: mpi.AnySource, Class: mpi.ErrRank, Says: "dest is"}), "source int": named(peers, "source"),
			"tag int": named(tags, "tag"), "sendtag int": named(noTags, "sendtag"), "recvtag int": named(tags, "recvtag"), "root int": roots,
			"o op.Op":  {{op.Op{}, mpi.ErrOp, "no reduction operation"}, {op.Band, mpi.ErrOp, "does not define"}, {op.MaxLoc, mpi.ErrOp, "does not define"}, {sum, mpi.ErrOp, "freed"}},
			"*Message": {{nil, mpi.ErrRequest, "message is nil"}}, "info Info": infos,
			"counts []int": counts("", ones), "displs []int": places("", displs),
			"sendcounts []int": counts("send", ones), "senddispls []int": places("send", displs),
			"recvcounts []int": counts("recv", ones), "recvdispls []int": places("recv", displs),
			"send []Buffer": lists("send", n), "recv []Buffer": lists("recv", n), "bufs []Buffer": lists("bufs", n),
			"*Keyval[T]": {{nil, mpi.ErrKeyval, "key is nil"}, {lost, mpi.ErrKeyval, "key has been freed"}},
			"*Cart":      {{nil, mpi.ErrComm, "communicator is nil"}, {freedCart, mpi.ErrComm, "freed"}},
			"*Graph":     {{nil, mpi.ErrComm, "communicator is nil"}}, "*DistGraph": {{nil, mpi.ErrComm, "communicator is nil"}},
			"*Request": requests, "rs ...*Request": {{[]*mpi.Request{over}, mpi.ErrRequest, "the request of Isend"}},
			"*Session": sessions, "position int": positions, "out []byte": {{make([]byte, 3), mpi.ErrBuffer, "but out has 3"}, {[]byte(nil), mpi.ErrBuffer, "but out has 0"}}, "in []byte": {{make([]byte, 3), mpi.ErrBuffer, "but in has 3"}, {[]byte(nil), mpi.ErrBuffer, "but in has 0"}},
			"Comm.SetErrhandler.h": {{mpi.NewSessionErrhandler(func(*mpi.Session, error) {}), mpi.ErrArg, "not one for communicators"}}, "Session.SetErrhandler.h": {{mpi.NewErrhandler(func(*mpi.Comm, error) {}), mpi.ErrArg, "not one for sessions"}},

			"color int": numbers(mpi.ErrArg, "color is", -7, 1<<40), "key int": large, "kind CommType": numbers(mpi.ErrArg, "kind is", 99, -99),
			"name string": texts("name"), "text string": texts("text"), "tag string": texts("tag"),
			"level int": numbers(mpi.ErrArg, "level is", 1<<40, math.MinInt), "bytes int": numbers(mpi.ErrArg, "bytes is", -1, math.MinInt), "class Class": numbers(mpi.ErrArg, "class is", -1, 100000),
			"code int": numbers(mpi.ErrArg, "code is", -1, 0, 1<<40), "f int": numbers(mpi.ErrComm, "handle is", 1<<40, math.MinInt),
			"partitions int": numbers(mpi.ErrArg, "partitions is", 0, -1, 1<<40),
			"dims []int":     {{[]int{-1}, mpi.ErrDims, `dims\[0\] is`}, {[]int{n + 1}, mpi.ErrDims, "dims is"}, {[]int{n, math.MaxInt}, mpi.ErrDims, "dims"}},
			"rank int":       numbers(mpi.ErrRank, "rank is", -1, n, 1<<40), "coords ...int": {{[]int{}, mpi.ErrDims, "coords has"}, {[]int{0, 0}, mpi.ErrDims, "coords has"}},
			"dim int": numbers(mpi.ErrDims, "dim is", -1, 1, 1<<40), "keep []bool": {{[]bool{}, mpi.ErrDims, "keep has"}, {[]bool{true, true}, mpi.ErrDims, "keep has"}},
			"nnodes int": numbers(mpi.ErrArg, "nnodes is", 0, -1, 1<<40), "ndims int": numbers(mpi.ErrDims, "ndims is", -1, 1<<40),
			"index []int":   {{[]int{-1}, mpi.ErrArg, "index"}, {with(slices.Repeat([]int{0}, n), 1), mpi.ErrArg, `index\[`}, {slices.Repeat([]int{0}, n+1), mpi.ErrArg, "index has"}},
			"edges []int":   {{[]int{n}, mpi.ErrArg, "edges"}},
			"sources []int": edges("sources"), "destinations []int": edges("destinations"), "degrees []int": {{[]int{-1}, mpi.ErrArg, `degrees\[0\] is`}, {[]int{2}, mpi.ErrArg, "degrees"}, {[]int{}, mpi.ErrArg, "degrees has"}},
			"weights []int": weights("weights"), "sourceWeights []int": weights("sourceWeights"), "destWeights []int": weights("destWeights"),
			"localLeader int": numbers(mpi.ErrRank, "localLeader is", -1, n, 1<<40), "remoteLeader int": numbers(mpi.ErrRank, "remoteLeader is", -1, n, 1<<40),
			"ranks ...int": append(slices.Clone(ranks), twice), "ranks []int": ranks, "ranges ...Range": ranges,
			"count int":           {{-1, mpi.ErrCount, "count is -1"}, {2, mpi.ErrBuffer, "2 elements of the layout"}, {math.MaxInt, mpi.ErrCount, "beyond any memory"}},
			"t datatype.Datatype": {{datatype.Datatype{}, mpi.ErrType, "zero Datatype"}, {odd, mpi.ErrType, "freed"}},
			"Structs.s":           {{[]*int{nil}, mpi.ErrType, "pointer"}},
		},
		Error: func(result any) error {
			if b, ok := result.(mpi.Buffer); ok {
				return mpi.Send(c, b, mpi.ProcNull, 0)
			}
			return nil
		},
	}
	// What came with MPI-4.
	if version, _ := mpi.StandardVersion(); version >= 4 {
		s, err := mpi.SessionInit(nil)
		must(t, err)
		defer func() { must(t, s.Finalize()) }()
		tab.Good["*Session"] = s
		tab.Good["Session.SetErrhandler.h"] = mpi.NewSessionErrhandler(func(*mpi.Session, error) {})
		tab.Bad["n int"] = numbers(mpi.ErrArg, "n is", -1, 1000, 1<<40)
		tab.Bad["pset string"] = wrongs{{"mpi://NONE", mpi.ErrArg, "process set"}, {"", mpi.ErrArg, "process set"}}
		send, recv := mpi.PsendInit(c, 2, room(2), mpi.ProcNull, 1), mpi.PrecvInit(c, 2, room(2), mpi.ProcNull, 1)
		must(t, mpi.Startall(send, recv))
		defer func() {
			must(t, send.PreadyRange(0, 1))
			must(t, mpi.Waitall(send, recv))
			must(t, send.Free())
			must(t, recv.Free())
		}()
		for _, name := range []string{"Pready", "PreadyRange", "PreadyList"} {
			tab.Good["Request."+name+".r"] = send
		}
		tab.Good["Request.Parrived.r"] = recv
		part := numbers(mpi.ErrArg, "partition", -1, 2, 1<<40)
		tab.Bad["partition int"], tab.Bad["low int"], tab.Bad["high int"] = part, part, part
		tab.Bad["partitions ...int"] = wrongs{{[]int{-1}, mpi.ErrArg, "partition"}, {[]int{0, 2}, mpi.ErrArg, "partition"}, {[]int{0, 0}, mpi.ErrArg, "partition"}}
	} else {
		tab.Any = append(tab.Any, "n int", "pset string", "partition int", "low int", "high int", "partitions ...int", "Session.SetErrhandler.h")
		delete(tab.Bad, "Session.SetErrhandler.h")
		tab.Bad["SessionInit.info"] = wrongs{{mpi.Info(nil), mpi.ErrUnsupported, "came with MPI-4"}}
	}
	// Only the leaders look at the peer: here each rank is one.
	tab.Good["IntercommCreate.local"] = mpi.Self()
	own, err := group.Incl(me)
	must(t, err)
	tab.Good["IntercommCreateFromGroups.local"] = own
	if n == 1 {
		// There is no other group, which is found first.
		tab.Any = append(tab.Any, "IntercommCreateFromGroups.info")
		tab.Bad["IntercommCreateFromGroups.info"] = wrongs{}
	} else {
		other, err := group.Incl((me + 1) % n)
		must(t, err)
		tab.Good["IntercommCreateFromGroups.remote"] = other
		defer func() { must(t, other.Free()) }()
	}
	// Neighbours need a topology: here a ring, where each rank has two.
	pair := []int{1, 1}
	for name := range badFuncs {
		base := collectiveOf(name)
		if !strings.HasPrefix(base, "Neighbor") {
			continue
		}
		tab.Good[name+".c"] = cart.Comm
		tab.Bad[name+".c"] = append(slices.Clone(comms), badinput.Wrong{c, mpi.ErrTopology, "no topology"})
		tab.Good[name+".send"], tab.Good[name+".recv"] = room(2), room(2)
		if strings.HasPrefix(base, "NeighborAllgather") {
			tab.Good[name+".send"] = room(1)
		}
		for _, prefix := range []string{"", "send", "recv"} {
			tab.Good[name+"."+prefix+"counts"], tab.Good[name+"."+prefix+"displs"] = pair, []int{0, 1}
			tab.Bad[name+"."+prefix+"counts"], tab.Bad[name+"."+prefix+"displs"] = counts(prefix, pair), places(prefix, []int{0, 1})
		}
		if base == "NeighborAlltoallw" {
			for _, side := range []string{"send", "recv"} {
				tab.Good[name+"."+side], tab.Bad[name+"."+side] = rooms(2), lists(side, 2)
			}
		}
	}
	// Sends take no AnyTag.
	for name := range badFuncs {
		if strings.Contains(strings.ToLower(name), "send") {
			tab.Bad[name+".tag"] = named(noTags, "tag")
		}
	}
	tab.Test(t)
	must(t, cart.Free())
	must(t, graph.Free())
	must(t, dist.Free())
	must(t, group.Free())
	must(t, kv.Free())
	must(t, own.Free())
}

// collectiveOf is the blocking form of a collective.
func collectiveOf(name string) string {
	if len(name) > 1 && name[0] == 'I' && name[1] >= 'a' && name[1] <= 'z' {
		name = strings.ToUpper(name[1:2]) + name[2:]
	}
	name = strings.TrimSuffix(name, "Init")
	return strings.TrimSuffix(name, "InPlace")
}

// badFuncs are the functions with arguments that can be wrong.
var badFuncs = map[string]any{
	"Pcontrol":                      mpi.Pcontrol,
	"AddErrorCode":                  mpi.AddErrorCode,
	"AddErrorString":                mpi.AddErrorString,
	"Allgather":                     mpi.Allgather[mpi.Buffer],
	"AllgatherInPlace":              mpi.AllgatherInPlace[mpi.Buffer],
	"AllgatherInPlaceInit":          mpi.AllgatherInPlaceInit[mpi.Buffer],
	"AllgatherInit":                 mpi.AllgatherInit[mpi.Buffer],
	"Allgatherv":                    mpi.Allgatherv[mpi.Buffer],
	"AllgathervInPlace":             mpi.AllgathervInPlace[mpi.Buffer],
	"AllgathervInPlaceInit":         mpi.AllgathervInPlaceInit[mpi.Buffer],
	"AllgathervInit":                mpi.AllgathervInit[mpi.Buffer],
	"Allreduce":                     mpi.Allreduce[mpi.Buffer],
	"AllreduceInPlace":              mpi.AllreduceInPlace[mpi.Buffer],
	"AllreduceInPlaceInit":          mpi.AllreduceInPlaceInit[mpi.Buffer],
	"AllreduceInit":                 mpi.AllreduceInit[mpi.Buffer],
	"Alltoall":                      mpi.Alltoall[mpi.Buffer],
	"AlltoallInPlace":               mpi.AlltoallInPlace[mpi.Buffer],
	"AlltoallInPlaceInit":           mpi.AlltoallInPlaceInit[mpi.Buffer],
	"AlltoallInit":                  mpi.AlltoallInit[mpi.Buffer],
	"Alltoallv":                     mpi.Alltoallv[mpi.Buffer],
	"AlltoallvInPlace":              mpi.AlltoallvInPlace[mpi.Buffer],
	"AlltoallvInPlaceInit":          mpi.AlltoallvInPlaceInit[mpi.Buffer],
	"AlltoallvInit":                 mpi.AlltoallvInit[mpi.Buffer],
	"Alltoallw":                     mpi.Alltoallw,
	"AlltoallwInPlace":              mpi.AlltoallwInPlace,
	"AlltoallwInPlaceInit":          mpi.AlltoallwInPlaceInit,
	"AlltoallwInit":                 mpi.AlltoallwInit,
	"AttachBuffer":                  mpi.AttachBuffer,
	"Bcast":                         mpi.Bcast[mpi.Buffer],
	"BcastInit":                     mpi.BcastInit[mpi.Buffer],
	"Bsend":                         mpi.Bsend[mpi.Buffer],
	"BsendInit":                     mpi.BsendInit[mpi.Buffer],
	"Cart.Coords":                   (*mpi.Cart).Coords,
	"Cart.RankAt":                   (*mpi.Cart).RankAt,
	"Cart.Shift":                    (*mpi.Cart).Shift,
	"Cart.Sub":                      (*mpi.Cart).Sub,
	"CartMap":                       mpi.CartMap,
	"Comm.Barrier":                  (*mpi.Comm).Barrier,
	"Comm.BarrierInit":              (*mpi.Comm).BarrierInit,
	"Comm.CallErrhandler":           (*mpi.Comm).CallErrhandler,
	"Comm.Cart":                     (*mpi.Comm).Cart,
	"Comm.Compare":                  (*mpi.Comm).Compare,
	"Comm.Create":                   (*mpi.Comm).Create,
	"Comm.CreateGroup":              (*mpi.Comm).CreateGroup,
	"Comm.DistGraph":                (*mpi.Comm).DistGraph,
	"Comm.Dup":                      (*mpi.Comm).Dup,
	"Comm.DupWithInfo":              (*mpi.Comm).DupWithInfo,
	"Comm.Errhandler":               (*mpi.Comm).Errhandler,
	"Comm.Graph":                    (*mpi.Comm).Graph,
	"Comm.Group":                    (*mpi.Comm).Group,
	"Comm.Ibarrier":                 (*mpi.Comm).Ibarrier,
	"Comm.Idup":                     (*mpi.Comm).Idup,
	"Comm.IdupWithInfo":             (*mpi.Comm).IdupWithInfo,
	"Comm.Improbe":                  (*mpi.Comm).Improbe,
	"Comm.Info":                     (*mpi.Comm).Info,
	"Comm.Iprobe":                   (*mpi.Comm).Iprobe,
	"Comm.Merge":                    (*mpi.Comm).Merge,
	"Comm.Mprobe":                   (*mpi.Comm).Mprobe,
	"Comm.MprobeContext":            (*mpi.Comm).MprobeContext,
	"Comm.Name":                     (*mpi.Comm).Name,
	"Comm.Probe":                    (*mpi.Comm).Probe,
	"Comm.ProbeContext":             (*mpi.Comm).ProbeContext,
	"Comm.RemoteGroup":              (*mpi.Comm).RemoteGroup,
	"Comm.SetErrhandler":            (*mpi.Comm).SetErrhandler,
	"Comm.SetInfo":                  (*mpi.Comm).SetInfo,
	"Comm.SetName":                  (*mpi.Comm).SetName,
	"Comm.Split":                    (*mpi.Comm).Split,
	"Comm.SplitType":                (*mpi.Comm).SplitType,
	"Comm.SplitTypeWithInfo":        (*mpi.Comm).SplitTypeWithInfo,
	"CommCreateFromGroup":           mpi.CommCreateFromGroup,
	"CommFromFortran":               mpi.CommFromFortran,
	"CreateCart":                    mpi.CreateCart,
	"CreateDistGraph":               mpi.CreateDistGraph,
	"CreateDistGraphAdjacent":       mpi.CreateDistGraphAdjacent,
	"CreateGraph":                   mpi.CreateGraph,
	"Dims":                          mpi.Dims,
	"DimsCreate":                    mpi.DimsCreate,
	"DistGraph.Neighbors":           (*mpi.DistGraph).Neighbors,
	"Exscan":                        mpi.Exscan[mpi.Buffer],
	"ExscanInPlace":                 mpi.ExscanInPlace[mpi.Buffer],
	"ExscanInPlaceInit":             mpi.ExscanInPlaceInit[mpi.Buffer],
	"ExscanInit":                    mpi.ExscanInit[mpi.Buffer],
	"Gather":                        mpi.Gather[mpi.Buffer],
	"GatherInPlace":                 mpi.GatherInPlace[mpi.Buffer],
	"GatherInPlaceInit":             mpi.GatherInPlaceInit[mpi.Buffer],
	"GatherInit":                    mpi.GatherInit[mpi.Buffer],
	"Gatherv":                       mpi.Gatherv[mpi.Buffer],
	"GathervInPlace":                mpi.GathervInPlace[mpi.Buffer],
	"GathervInPlaceInit":            mpi.GathervInPlaceInit[mpi.Buffer],
	"GathervInit":                   mpi.GathervInit[mpi.Buffer],
	"Graph.Get":                     (*mpi.Graph).Get,
	"Graph.Neighbors":               (*mpi.Graph).Neighbors,
	"Graph.NeighborsCount":          (*mpi.Graph).NeighborsCount,
	"GraphMap":                      mpi.GraphMap,
	"Group.Compare":                 (*mpi.Group).Compare,
	"Group.Difference":              (*mpi.Group).Difference,
	"Group.Excl":                    (*mpi.Group).Excl,
	"Group.Incl":                    (*mpi.Group).Incl,
	"Group.Intersection":            (*mpi.Group).Intersection,
	"Group.RangeExcl":               (*mpi.Group).RangeExcl,
	"Group.RangeIncl":               (*mpi.Group).RangeIncl,
	"Group.TranslateRanks":          (*mpi.Group).TranslateRanks,
	"Group.Union":                   (*mpi.Group).Union,
	"Iallgather":                    mpi.Iallgather[mpi.Buffer],
	"IallgatherInPlace":             mpi.IallgatherInPlace[mpi.Buffer],
	"Iallgatherv":                   mpi.Iallgatherv[mpi.Buffer],
	"IallgathervInPlace":            mpi.IallgathervInPlace[mpi.Buffer],
	"Iallreduce":                    mpi.Iallreduce[mpi.Buffer],
	"IallreduceInPlace":             mpi.IallreduceInPlace[mpi.Buffer],
	"Ialltoall":                     mpi.Ialltoall[mpi.Buffer],
	"IalltoallInPlace":              mpi.IalltoallInPlace[mpi.Buffer],
	"Ialltoallv":                    mpi.Ialltoallv[mpi.Buffer],
	"IalltoallvInPlace":             mpi.IalltoallvInPlace[mpi.Buffer],
	"Ialltoallw":                    mpi.Ialltoallw,
	"IalltoallwInPlace":             mpi.IalltoallwInPlace,
	"Ibcast":                        mpi.Ibcast[mpi.Buffer],
	"Ibsend":                        mpi.Ibsend[mpi.Buffer],
	"Iexscan":                       mpi.Iexscan[mpi.Buffer],
	"IexscanInPlace":                mpi.IexscanInPlace[mpi.Buffer],
	"Igather":                       mpi.Igather[mpi.Buffer],
	"IgatherInPlace":                mpi.IgatherInPlace[mpi.Buffer],
	"Igatherv":                      mpi.Igatherv[mpi.Buffer],
	"IgathervInPlace":               mpi.IgathervInPlace[mpi.Buffer],
	"Imrecv":                        mpi.Imrecv[mpi.Buffer],
	"IneighborAllgather":            mpi.IneighborAllgather[mpi.Buffer],
	"IneighborAllgatherv":           mpi.IneighborAllgatherv[mpi.Buffer],
	"IneighborAlltoall":             mpi.IneighborAlltoall[mpi.Buffer],
	"IneighborAlltoallv":            mpi.IneighborAlltoallv[mpi.Buffer],
	"IneighborAlltoallw":            mpi.IneighborAlltoallw,
	"IntercommCreate":               mpi.IntercommCreate,
	"IntercommCreateFromGroups":     mpi.IntercommCreateFromGroups,
	"Irecv":                         mpi.Irecv[mpi.Buffer],
	"Ireduce":                       mpi.Ireduce[mpi.Buffer],
	"IreduceInPlace":                mpi.IreduceInPlace[mpi.Buffer],
	"IreduceScatter":                mpi.IreduceScatter[mpi.Buffer],
	"IreduceScatterBlock":           mpi.IreduceScatterBlock[mpi.Buffer],
	"IreduceScatterBlockInPlace":    mpi.IreduceScatterBlockInPlace[mpi.Buffer],
	"IreduceScatterInPlace":         mpi.IreduceScatterInPlace[mpi.Buffer],
	"Irsend":                        mpi.Irsend[mpi.Buffer],
	"Iscan":                         mpi.Iscan[mpi.Buffer],
	"IscanInPlace":                  mpi.IscanInPlace[mpi.Buffer],
	"Iscatter":                      mpi.Iscatter[mpi.Buffer],
	"IscatterInPlace":               mpi.IscatterInPlace[mpi.Buffer],
	"Iscatterv":                     mpi.Iscatterv[mpi.Buffer],
	"IscattervInPlace":              mpi.IscattervInPlace[mpi.Buffer],
	"Isend":                         mpi.Isend[mpi.Buffer],
	"Isendrecv":                     mpi.Isendrecv[mpi.Buffer, mpi.Buffer],
	"IsendrecvReplace":              mpi.IsendrecvReplace[mpi.Buffer],
	"Issend":                        mpi.Issend[mpi.Buffer],
	"Keyval.Delete":                 (*mpi.Keyval[int]).Delete,
	"Keyval.Set":                    (*mpi.Keyval[int]).Set,
	"Mrecv":                         mpi.Mrecv[mpi.Buffer],
	"NeighborAllgather":             mpi.NeighborAllgather[mpi.Buffer],
	"NeighborAllgatherInit":         mpi.NeighborAllgatherInit[mpi.Buffer],
	"NeighborAllgatherv":            mpi.NeighborAllgatherv[mpi.Buffer],
	"NeighborAllgathervInit":        mpi.NeighborAllgathervInit[mpi.Buffer],
	"NeighborAlltoall":              mpi.NeighborAlltoall[mpi.Buffer],
	"NeighborAlltoallInit":          mpi.NeighborAlltoallInit[mpi.Buffer],
	"NeighborAlltoallv":             mpi.NeighborAlltoallv[mpi.Buffer],
	"NeighborAlltoallvInit":         mpi.NeighborAlltoallvInit[mpi.Buffer],
	"NeighborAlltoallw":             mpi.NeighborAlltoallw,
	"NeighborAlltoallwInit":         mpi.NeighborAlltoallwInit,
	"Pack":                          mpi.Pack[mpi.Buffer],
	"PackExternal":                  mpi.PackExternal[mpi.Buffer],
	"PackExternalSize":              mpi.PackExternalSize[mpi.Buffer],
	"PackSize":                      mpi.PackSize[mpi.Buffer],
	"PrecvInit":                     mpi.PrecvInit[mpi.Buffer],
	"PsendInit":                     mpi.PsendInit[mpi.Buffer],
	"Recv":                          mpi.Recv[mpi.Buffer],
	"RecvInit":                      mpi.RecvInit[mpi.Buffer],
	"Reduce":                        mpi.Reduce[mpi.Buffer],
	"ReduceInPlace":                 mpi.ReduceInPlace[mpi.Buffer],
	"ReduceInPlaceInit":             mpi.ReduceInPlaceInit[mpi.Buffer],
	"ReduceInit":                    mpi.ReduceInit[mpi.Buffer],
	"ReduceLocal":                   mpi.ReduceLocal[mpi.Buffer],
	"ReduceScatter":                 mpi.ReduceScatter[mpi.Buffer],
	"ReduceScatterBlock":            mpi.ReduceScatterBlock[mpi.Buffer],
	"ReduceScatterBlockInPlace":     mpi.ReduceScatterBlockInPlace[mpi.Buffer],
	"ReduceScatterBlockInPlaceInit": mpi.ReduceScatterBlockInPlaceInit[mpi.Buffer],
	"ReduceScatterBlockInit":        mpi.ReduceScatterBlockInit[mpi.Buffer],
	"ReduceScatterInPlace":          mpi.ReduceScatterInPlace[mpi.Buffer],
	"ReduceScatterInPlaceInit":      mpi.ReduceScatterInPlaceInit[mpi.Buffer],
	"ReduceScatterInit":             mpi.ReduceScatterInit[mpi.Buffer],
	"Request.Complete":              (*mpi.Request).Complete,
	"Request.Parrived":              (*mpi.Request).Parrived,
	"Request.Pready":                (*mpi.Request).Pready,
	"Request.PreadyList":            (*mpi.Request).PreadyList,
	"Request.PreadyRange":           (*mpi.Request).PreadyRange,
	"Request.Start":                 (*mpi.Request).Start,
	"Rsend":                         mpi.Rsend[mpi.Buffer],
	"RsendInit":                     mpi.RsendInit[mpi.Buffer],
	"Scan":                          mpi.Scan[mpi.Buffer],
	"ScanInPlace":                   mpi.ScanInPlace[mpi.Buffer],
	"ScanInPlaceInit":               mpi.ScanInPlaceInit[mpi.Buffer],
	"ScanInit":                      mpi.ScanInit[mpi.Buffer],
	"Scatter":                       mpi.Scatter[mpi.Buffer],
	"ScatterInPlace":                mpi.ScatterInPlace[mpi.Buffer],
	"ScatterInPlaceInit":            mpi.ScatterInPlaceInit[mpi.Buffer],
	"ScatterInit":                   mpi.ScatterInit[mpi.Buffer],
	"Scatterv":                      mpi.Scatterv[mpi.Buffer],
	"ScattervInPlace":               mpi.ScattervInPlace[mpi.Buffer],
	"ScattervInPlaceInit":           mpi.ScattervInPlaceInit[mpi.Buffer],
	"ScattervInit":                  mpi.ScattervInit[mpi.Buffer],
	"Send":                          mpi.Send[mpi.Buffer],
	"SendInit":                      mpi.SendInit[mpi.Buffer],
	"Sendrecv":                      mpi.Sendrecv[mpi.Buffer, mpi.Buffer],
	"SendrecvReplace":               mpi.SendrecvReplace[mpi.Buffer],
	"Session.CallErrhandler":        (*mpi.Session).CallErrhandler,
	"Session.Errhandler":            (*mpi.Session).Errhandler,
	"Session.Group":                 (*mpi.Session).Group,
	"Session.Info":                  (*mpi.Session).Info,
	"Session.NthPset":               (*mpi.Session).NthPset,
	"Session.NumPsets":              (*mpi.Session).NumPsets,
	"Session.PsetInfo":              (*mpi.Session).PsetInfo,
	"Session.SetErrhandler":         (*mpi.Session).SetErrhandler,
	"SessionInit":                   mpi.SessionInit,
	"Ssend":                         mpi.Ssend[mpi.Buffer],
	"SsendInit":                     mpi.SsendInit[mpi.Buffer],
	"Startall":                      mpi.Startall,
	"Structs":                       mpi.Structs[*int],
	"Typed":                         mpi.Typed[float64],
	"Unpack":                        mpi.Unpack[mpi.Buffer],
	"UnpackExternal":                mpi.UnpackExternal[mpi.Buffer],
}

// badFine are the others.
var badFine = map[string]string{
	"AddErrorClass":            "no arguments",
	"AppNum":                   "no arguments",
	"AtLeast":                  "an Option, which Init looks at: see TestAtLeast of package e2e",
	"BadBuffer":                "it is an error",
	"BsendOverhead":            "no arguments",
	"BsendSize":                "it cannot fail",
	"Cart.Dims":                "it cannot fail",
	"Cart.Free":                "nil is none to free",
	"Cart.Periods":             "it cannot fail",
	"CodeError":                "it makes an error",
	"Comm.Abort":               "it does not return",
	"Comm.Fortran":             "it cannot fail",
	"Comm.Free":                "see TestArguments: nil is none to free",
	"Comm.Handle":              "it cannot fail",
	"Comm.IsInter":             "it cannot fail",
	"Comm.Rank":                "it cannot fail",
	"Comm.RemoteSize":          "it cannot fail",
	"Comm.Size":                "it cannot fail",
	"Comm.TagUB":               "it cannot fail",
	"Comm.Topology":            "it cannot fail",
	"CommFromHandle":           "see TestForeignHandles",
	"Comparison.String":        "it cannot fail",
	"Context":                  "no arguments",
	"CopyAttr":                 "it cannot fail",
	"CountOf":                  "it says Undefined",
	"DistGraph.NeighborsCount": "it cannot fail",
	"EmptyGroup":               "no arguments",
	"EnvInfo":                  "no arguments",
	"Finalize":                 "no arguments",
	"Finalized":                "no arguments",
	"Go":                       "a nil function panics: see TestReport of package e2e",
	"Graph.Dims":               "it cannot fail",
	"Graph.Free":               "nil is none to free",
	"Group.Free":               "nil is none to free",
	"Group.Rank":               "it cannot fail",
	"Group.Size":               "it cannot fail",
	"IOProc":                   "no arguments",
	"Init":                     "see TestWatchdogSetting and its like: a process has one",
	"Initialized":              "no arguments",
	"Keyval.Free":              "nil is none to free",
	"Keyval.Get":               "it says that there is none",
	"LastUsedCode":             "no arguments",
	"LibraryVersion":           "no arguments",
	"Main":                     "as Init",
	"MakeSlice":                "a negative length panics, as make does: see TestMakeSliceNegative",
	"Message.Status":           "that of nil is empty",
	"NewErrhandler":            "any function will do",
	"NewKeyval":                "nil functions are allowed",
	"NewSessionErrhandler":     "any function will do",
	"Partition":                "parts below 1 panic: see TestPartition",
	"ProcessorName":            "no arguments",
	"Request.Cancel":           "nil is complete",
	"Request.Done":             "nil is complete",
	"Request.Free":             "nil is none to free",
	"Request.GetStatus":        "nil is complete",
	"Request.Status":           "that of nil is empty",
	"Request.Test":             "nil is complete",
	"Request.Wait":             "nil is complete",
	"Request.WaitContext":      "nil is complete",
	"Self":                     "no arguments",
	"SendBuffer.Detach":        "nil and a buffer that has been detached are none to detach",
	"Session.Finalize":         "nil is none to finalise",
	"Slice":                    "any slice will do",
	"StandardVersion":          "no arguments",
	"StartGrequest":            "nil functions are allowed",
	"Status.Bytes":             "it cannot fail",
	"Status.Cancelled":         "it cannot fail",
	"Status.Elements":          "it says Undefined",
	"Status.SetCancelled":      "it cannot fail",
	"Testall":                  "nil requests are passed over",
	"Testany":                  "nil requests are passed over",
	"Testsome":                 "nil requests are passed over",
	"ThreadLevel.String":       "it cannot fail",
	"Threads":                  "no arguments",
	"Topology.String":          "it cannot fail",
	"UniverseSize":             "no arguments",
	"Waitall":                  "nil requests are passed over",
	"Waitany":                  "nil requests are passed over",
	"Waitsome":                 "nil requests are passed over",
	"Watchdog":                 "an Option, which Init looks at",
	"WithSignals":              "an Option, which Init looks at",
	"World":                    "no arguments",
	"Wtick":                    "no arguments",
	"Wtime":                    "no arguments",
	"WtimeIsGlobal":            "no arguments",
	"Accumulate":               "see TestWindowRefuses and TestWindowObject",
	"AllocMem":                 "see TestAllocMem",
	"Assert.String":            "it cannot fail",
	"CompareAndSwap":           "see TestWindowRefuses and TestWindowObject",
	"FetchAndOp":               "see TestWindowRefuses and TestWindowObject",
	"FreeMem":                  "see TestAllocMem",
	"Get":                      "see TestWindowRefuses and TestWindowObject",
	"GetAccumulate":            "see TestWindowRefuses and TestWindowObject",
	"NewWinErrhandler":         "see TestWindowErrhandler",
	"NewWinKeyval":             "see TestWinKeyval",
	"Put":                      "see TestWindowRefuses and TestWindowObject",
	"Raccumulate":              "see TestWindowRefuses and TestWindowObject",
	"Rget":                     "see TestWindowRefuses and TestWindowObject",
	"RgetAccumulate":           "see TestWindowRefuses and TestWindowObject",
	"Rput":                     "see TestWindowRefuses and TestWindowObject",
	"TargetTyped":              "see TestWindowRefuses and TestWindowObject",
	"Win.CallErrhandler":       "see TestWindowErrhandler",
	"Win.Complete":             "see TestWindowRefuses and TestWindowObject",
	"Win.Errhandler":           "see TestWindowErrhandler",
	"Win.Fence":                "see TestWindowRefuses and TestWindowObject",
	"Win.Flavor":               "it cannot fail",
	"Win.Flush":                "see TestWindowRefuses and TestWindowObject",
	"Win.FlushAll":             "see TestWindowRefuses and TestWindowObject",
	"Win.FlushLocal":           "see TestWindowRefuses and TestWindowObject",
	"Win.FlushLocalAll":        "see TestWindowRefuses and TestWindowObject",
	"Win.Free":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Group":                "see TestWindowRefuses and TestWindowObject",
	"Win.Info":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Lock":                 "see TestWindowRefuses and TestWindowObject",
	"Win.LockAll":              "see TestWindowRefuses and TestWindowObject",
	"Win.Name":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Post":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Rank":                 "it cannot fail",
	"Win.SetErrhandler":        "see TestWindowErrhandler",
	"Win.SetInfo":              "see TestWindowRefuses and TestWindowObject",
	"Win.SetName":              "see TestWindowRefuses and TestWindowObject",
	"Win.Size":                 "it cannot fail",
	"Win.Start":                "see TestWindowRefuses and TestWindowObject",
	"Win.Sync":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Test":                 "see TestWindowRefuses and TestWindowObject",
	"Win.Unified":              "it cannot fail",
	"Win.Unlock":               "see TestWindowRefuses and TestWindowObject",
	"Win.UnlockAll":            "see TestWindowRefuses and TestWindowObject",
	"Win.Wait":                 "see TestWindowRefuses and TestWindowObject",
	"WinAllocate":              "see TestWindowRefuses and TestWindowObject",
	"WinAllocateShared":        "see TestWindowRefuses and TestWindowObject",
	"WinAttach":                "see TestWindowRefuses and TestWindowObject",
	"WinCreate":                "see TestWindowRefuses and TestWindowObject",
	"WinCreateDynamic":         "see TestWindowRefuses and TestWindowObject",
	"WinDetach":                "see TestWindowRefuses and TestWindowObject",
	"WinFlavor.String":         "it cannot fail",
	"WinKeyval.Delete":         "see TestWinKeyval",
	"WinKeyval.Free":           "see TestWinKeyval",
	"WinKeyval.Get":            "see TestWinKeyval",
	"WinKeyval.Set":            "see TestWinKeyval",
	"WinSharedQuery":           "see TestWindowRefuses and TestWindowObject",
}
