package mpi_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/mpi4go/mpi4go/datatype"
	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/cgo"
	"github.com/mpi4go/mpi4go/mpi/mpitest"
)

type parcel struct {
	ID   int32
	_    uint32
	Pos  [3]float64
	Kind uint8
}

// Several things of different types travel as one message.
func TestPack(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, before := (me+1)%size, (me+size-1)%size
	column, err := datatype.Vector(3, 1, 4, datatype.Int16)
	must(t, err)
	defer column.Free()

	numbers := func(r int) []float64 { return []float64{float64(r), math.Pi, -1} }
	structs := func(r int) []parcel {
		return []parcel{{ID: int32(r), Pos: [3]float64{1, 2, float64(r)}, Kind: 3}, {ID: -1, Kind: 200}}
	}
	matrix := func(r int) []int16 {
		m := make([]int16, 12)
		for i := range m {
			m[i] = int16(r*100 + i)
		}
		return m
	}
	size1, err := mpi.PackSize(c, numbers(0))
	must(t, err)
	size2, err := mpi.PackSize(c, mpi.Structs(structs(0)))
	must(t, err)
	size3, err := mpi.PackSize(c, mpi.Typed(matrix(0)[1:], 1, column))
	must(t, err)
	if size1 < 24 || size2 < 2*29 || size3 < 6 {
		t.Errorf("the sizes are %d, %d and %d, less than the data", size1, size2, size3)
	}
	out := make([]byte, 5+size1+size2+size3)
	at, err := mpi.Pack(c, numbers(me), out, 5)
	must(t, err)
	at, err = mpi.Pack(c, mpi.Structs(structs(me)), out, at)
	must(t, err)
	at, err = mpi.Pack(c, mpi.Typed(matrix(me)[1:], 1, column), out, at)
	must(t, err)
	if at < 5+24+58+6 || at > len(out) || !bytes.Equal(out[:5], make([]byte, 5)) {
		t.Errorf("packed to %d of %d, and %v before", at, len(out), out[:5])
	}

	in := make([]byte, len(out))
	_, err = mpi.Sendrecv(c, out[5:at], next, 0, in, before, 0)
	must(t, err)
	gotNumbers, gotStructs, gotMatrix := make([]float64, 3), make([]parcel, 2), make([]int16, 12)
	pos, err := mpi.Unpack(c, in, 0, gotNumbers)
	must(t, err)
	pos, err = mpi.Unpack(c, in, pos, mpi.Structs(gotStructs))
	must(t, err)
	pos, err = mpi.Unpack(c, in, pos, mpi.Typed(gotMatrix[1:], 1, column))
	must(t, err)
	if pos != at-5 {
		t.Errorf("unpacked to %d, want %d", pos, at-5)
	}
	wantMatrix := make([]int16, 12)
	for _, i := range []int{1, 5, 9} {
		wantMatrix[i] = matrix(before)[i]
	}
	if !slices.Equal(gotNumbers, numbers(before)) || !slices.Equal(gotStructs, structs(before)) || !slices.Equal(gotMatrix, wantMatrix) {
		t.Errorf("got %v, %v and %v", gotNumbers, gotStructs, gotMatrix)
	}
}

// What is sent as Packed needs no unpacking, and a Byte is what it is.
func TestUntyped(t *testing.T) {
	c := mpitest.World(t)
	me, size := c.Rank(), c.Size()
	next, before := (me+1)%size, (me+size-1)%size
	out, got := make([]byte, 24), make([]float64, 3)
	_, err := mpi.Pack(c, []float64{float64(me), 1, 2}, out, 0)
	must(t, err)
	_, err = mpi.Sendrecv(c, mpi.Typed(out, 24, datatype.Packed), next, 0, got, before, 0)
	must(t, err)
	if want := []float64{float64(before), 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	two, err := datatype.Contiguous(2, datatype.Byte)
	must(t, err)
	defer two.Free()
	in := []byte{1, 2, 3, 4}
	end, err := mpi.PackExternal(mpi.Typed(in, 2, two), out, 0)
	must(t, err)
	if end != 4 || !bytes.Equal(out[:4], in) || two.String() != "contiguous(2 MPI_BYTE)" {
		t.Errorf("%v are packed to %d as %v by %v", in, end, out[:4], two)
	}
	for _, d := range []datatype.Datatype{datatype.Byte, datatype.Packed} {
		must(t, d.Free())
		e, lb, err := cgo.TypeInfo("", d.Handle())
		must(t, err)
		if e != *d.Elem() || lb != 0 {
			t.Errorf("%v is %+v, and the library says %+v", d, *d.Elem(), e)
		}
	}
}

func TestPackRefusals(t *testing.T) {
	c := mpitest.World(t)
	var none *mpi.Comm
	out := make([]byte, 20)
	x := []int64{1, 2}
	drop := func(n int, err error) error { return err }
	refused(t, c, []refusal{
		{"Pack, nil communicator", mpi.ErrComm, "the communicator is nil", func() error { return drop(mpi.Pack(none, x, out, 0)) }},
		{"Pack, position -1", mpi.ErrArg, "position is -1, but len(out) is 20", func() error { return drop(mpi.Pack(c, x, out, -1)) }},
		{"Pack, position 21", mpi.ErrArg, "position is 21", func() error { return drop(mpi.Pack(c, x, out, 21)) }},
		{"Pack, short", mpi.ErrBuffer, "the elements take 16 bytes, but out has 15 from position 5 on", func() error { return drop(mpi.Pack(c, x, out, 5)) }},
		{"Pack, overlap", mpi.ErrBuffer, "share memory", func() error { return drop(mpi.Pack(c, out[:4], out, 3)) }},
		{"Pack, bad Buffer", mpi.ErrType, "is a string", func() error { return drop(mpi.Pack(c, mpi.Structs([]string{""}), out, 0)) }},
		{"Unpack, position 21", mpi.ErrArg, "position is 21, but len(in) is 20", func() error { return drop(mpi.Unpack(c, out, 21, x)) }},
		{"Unpack, short", mpi.ErrBuffer, "the elements take 16 bytes, but in has 15 from position 5 on", func() error { return drop(mpi.Unpack(c, out, 5, x)) }},
		{"Unpack, nil communicator", mpi.ErrComm, "nil", func() error { return drop(mpi.Unpack(none, out, 0, x)) }},
		{"PackSize, nil communicator", mpi.ErrComm, "nil", func() error { return drop(mpi.PackSize(none, x)) }},
		{"PackExternal, short", mpi.ErrBuffer, "the elements take 16 bytes, but out has 15", func() error { return drop(mpi.PackExternal(x, out, 5)) }},
		{"PackExternal, position -1", mpi.ErrArg, "position is -1", func() error { return drop(mpi.PackExternal(x, out, -1)) }},
		{"UnpackExternal, short", mpi.ErrBuffer, "the elements take 16 bytes, but in has 15", func() error { return drop(mpi.UnpackExternal(out, 5, x)) }},
	})
	// The same where there is just room, and where there is nothing to pack.
	at, err := mpi.Pack(c, x, out, 4)
	if must(t, err); at != 20 {
		t.Errorf("packed to %d, want 20", at)
	}
	for _, nothing := range []mpi.Buffer{{}, mpi.Slice([]int{}), mpi.Structs([]struct{}{{}, {}})} {
		at, err = mpi.Pack(c, nothing, nil, 0)
		if must(t, err); at != 0 {
			t.Errorf("nothing is packed to %d", at)
		}
		at, err = mpi.Unpack(c, out, 20, nothing)
		if must(t, err); at != 20 {
			t.Errorf("nothing is unpacked to %d", at)
		}
	}
}

func checkExternal[B mpi.Data](t *testing.T, name string, in, out B, same func() bool, want any) {
	t.Helper()
	var wanted bytes.Buffer
	must(t, binary.Write(&wanted, binary.BigEndian, want))
	size, err := mpi.PackExternalSize(in)
	must(t, err)
	if size != wanted.Len() {
		t.Errorf("%s: the size is %d, want %d", name, size, wanted.Len())
	}
	packed := make([]byte, 3+wanted.Len()+4)
	at, err := mpi.PackExternal(in, packed, 3)
	must(t, err)
	if at != 3+wanted.Len() || !bytes.Equal(packed[3:at], wanted.Bytes()) || !bytes.Equal(packed[at:], make([]byte, 4)) {
		t.Errorf("%s is packed to %d as %v, want %v", name, at, packed[3:], wanted.Bytes())
	}
	copy(packed[3:], wanted.Bytes())
	at, err = mpi.UnpackExternal(packed, 3, out)
	must(t, err)
	if at != 3+wanted.Len() || !same() {
		t.Errorf("%s is unpacked to %d as %v, want %v", name, at, out, in)
	}
}

func checkExternalSlice[T comparable](t *testing.T, kind cgo.Kind, in ...T) {
	t.Helper()
	out := make([]T, len(in))
	checkExternal(t, kind.String(), mpi.Structs(in), mpi.Structs(out), func() bool { return slices.Equal(in, out) }, in)
}

func TestExternal(t *testing.T) {
	mpitest.World(t)
	checkExternalSlice(t, cgo.Bool, true, false, true)
	checkExternalSlice[int8](t, cgo.Int8, 1, -2, 127)
	checkExternalSlice[int16](t, cgo.Int16, 1, -2, 0x1234)
	checkExternalSlice[int32](t, cgo.Int32, 1, -2, 0x12345678)
	checkExternalSlice[int64](t, cgo.Int64, 1, -2, 0x123456789abcdef0)
	checkExternalSlice[uint8](t, cgo.Uint8, 1, 200)
	checkExternalSlice[uint16](t, cgo.Uint16, 1, 0xfedc)
	checkExternalSlice[uint32](t, cgo.Uint32, 1, 0xfedcba98)
	checkExternalSlice[uint64](t, cgo.Uint64, 1, 0xfedcba9876543210)
	checkExternalSlice[float32](t, cgo.Float32, 1, -math.Pi)
	checkExternalSlice[float64](t, cgo.Float64, 1, -math.Pi)
	checkExternalSlice[complex64](t, cgo.Complex64, 1, complex(math.Pi, 2))
	checkExternalSlice[complex128](t, cgo.Complex128, 1, complex(math.Pi, 2))

	pairs := []datatype.ValueIndex[float64]{{Value: math.Pi, Index: 5}, {Value: -1, Index: -2}}
	gotPairs := make([]datatype.ValueIndex[float64], 2)
	checkExternal(t, "pairs", mpi.Structs(pairs), mpi.Structs(gotPairs), func() bool { return slices.Equal(pairs, gotPairs) }, pairs)

	in := []parcel{{ID: 7, Pos: [3]float64{1, 2, 3}, Kind: 9}, {ID: -7, Pos: [3]float64{math.Pi}, Kind: 1}}
	out := make([]parcel, 2)
	type sent struct { // what has no holes is as encoding/binary has it
		ID   int32
		Pos  [3]float64
		Kind uint8
	}
	want := []sent{{7, in[0].Pos, 9}, {-7, in[1].Pos, 1}}
	checkExternal(t, "a struct", mpi.Structs(in), mpi.Structs(out), func() bool { return slices.Equal(in, out) }, want)
}

var initOnce = sync.OnceValue(func() error { return mpi.Init() })

// FuzzUnpack unpacks bytes of anybody's, from anywhere. Elements change only as a
// whole and only those that were asked for: each becomes what its bytes say.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte("sixteen bytes of."), 1, uint8(4), uint8(0))
	f.Add([]byte("a parcel has thirteen, and here are two of them"), 3, uint8(1), uint8(1))
	f.Add([]byte("columns"), 0, uint8(1), uint8(2))
	f.Add([]byte("too short"), 8, uint8(1), uint8(3))
	f.Add([]byte(nil), -1, uint8(0), uint8(4))
	f.Add([]byte("far away"), math.MaxInt, uint8(2), uint8(5))
	f.Fuzz(func(t *testing.T, in []byte, position int, count, kind uint8) {
		if !mpi.Initialized() { // mpitest fuzzes without a launcher
			must(t, initOnce())
		}
		n := int(count % 8)
		external := kind&1 == 0
		unpack := func(out mpi.Buffer) (int, error) {
			if external {
				return mpi.UnpackExternal(in, position, out)
			}
			return mpi.Unpack(mpi.Self(), in, position, out)
		}
		order := binary.ByteOrder(binary.NativeEndian)
		if external {
			order = binary.BigEndian
		}
		before := bytes.Clone(in)
		// Elements before and after those that are unpacked, none of which the bytes
		// of the fuzzer's are likely to make.
		const guard, filled = 2, 0x5a5a
		room := func(n int) []uint16 { return slices.Repeat([]uint16{filled}, n) }
		var end, size int
		var err error
		var got, want []uint16
		element := func(i int) uint16 { return order.Uint16(in[position+2*i:]) }
		whole := func() bool { return position >= 0 && position <= len(in) && size <= len(in)-position }
		switch kind / 2 % 3 {
		case 0: // one after the other
			size, got, want = 2*n, room(n+2*guard), room(n+2*guard)
			end, err = unpack(mpi.Slice(got[guard : guard+n]))
			for i := 0; whole() && i < n; i++ {
				want[guard+i] = element(i)
			}
		case 1: // every third
			column, terr := datatype.Vector(n, 1, 3, datatype.Uint16)
			must(t, terr)
			defer column.Free()
			size, got, want = 2*n, room(3*n+2*guard), room(3*n+2*guard)
			end, err = unpack(mpi.Typed(got[guard:guard+3*n], min(n, 1), column))
			for i := 0; whole() && i < n; i++ {
				want[guard+3*i] = element(i)
			}
		default: // with padding between
			type odd struct {
				A uint16
				_ uint32
				B uint16
			}
			s := slices.Repeat([]odd{{A: filled, B: filled}}, n+2*guard)
			size, want = 4*n, room(2*(n+2*guard))
			end, err = unpack(mpi.Structs(s[guard : guard+n]))
			for _, v := range s {
				got = append(got, v.A, v.B)
			}
			for i := 0; whole() && i < 2*n; i++ {
				want[2*guard+i] = element(i)
			}
		}
		if (err == nil) != whole() || err == nil && end != position+size || err != nil && end != position {
			t.Errorf("%d bytes from %d of %d: ended at %d with error %v", size, position, len(in), end, err)
		}
		if !slices.Equal(got, want) || !bytes.Equal(in, before) {
			t.Errorf("%d bytes from %d of %v: got %x, want %x", size, position, in, got, want)
		}
	})
}
