package mpi

import (
	"math"
	"testing"
)

// FuzzParts divides a buffer by counts and displacements of all kinds. What is
// accepted must lie in the buffer, and parts of which none may touch another must
// name each element once at most; what is refused must not.
func FuzzParts(f *testing.F) {
	f.Add(uint8(10), []byte{3, 0, 3, 3, 4, 6})       // one after the other
	f.Add(uint8(10), []byte{3, 6, 3, 0, 4, 2})       // two of them overlap
	f.Add(uint8(5), []byte{0, 100, 5, 0, 0, 9})      // nothing, from anywhere
	f.Add(uint8(5), []byte{1, 127, 127, 1, 126, 2})  // beyond any memory
	f.Add(uint8(5), []byte{2, 4, 1, 5, 255, 0, 128}) // beyond the end, and less than nothing
	f.Fuzz(func(t *testing.T, length uint8, data []byte) {
		n := int(length % 64)
		var counts, displs []int
		for i := 0; i+1 < len(data) && len(counts) < 20; i += 2 {
			counts, displs = append(counts, number(data[i])), append(displs, number(data[i+1]))
		}
		v := viewOf([]int64{})
		v.n = n
		in, apart := partsOf(n, counts, displs)
		packed := make([]int, len(counts))
		at := 0
		for i, k := range counts {
			if packed[i] = at; k < 0 || k > n {
				break // refused in any case, and where the others are does not matter
			}
			at += k
		}
		inRow, _ := partsOf(n, counts, packed)
		for _, test := range []struct {
			what string
			err  error
			good bool
		}{
			{"gathers", gatherRecv.check("Test", v, counts, displs, len(counts)), in && apart},
			{"scatters", scatterSend.check("Test", v, counts, displs, len(counts)), in},
			{"gathers in a row", gatherRecv.check("Test", v, counts, nil, len(counts)), inRow},
			{"scatters in a row", scatterSend.check("Test", v, counts, nil, len(counts)), inRow},
			{"shares", (&Comm{size: len(counts)}).checkShares("Test", "send", v, counts), inRow && at == n},
			{"has too many", scatterSend.check("Test", v, counts, displs, len(counts)+1), false},
		} {
			if (test.err == nil) != test.good {
				t.Errorf("%s %v from %v of %d elements: %v, and it should be %v", test.what, counts, displs, n, test.err, test.good)
			}
		}
	})
}

// number is small, or one at the ends of what there is.
func number(b byte) int {
	switch b {
	case 124:
		return maxInt32 + 1
	case 125:
		return -maxInt32 - 1
	case 126:
		return math.MaxInt - 1
	case 127:
		return math.MaxInt
	case 128:
		return math.MinInt
	}
	return int(int8(b))
}

// partsOf goes through the elements one by one: are all in the buffer, and is none
// named twice? An empty part is anywhere but at a negative place.
func partsOf(n int, counts, displs []int) (in, apart bool) {
	used := make([]bool, n)
	apart = true
	for i, k := range counts {
		if k < 0 || displs[i] < 0 {
			return false, false
		}
		for e := range k {
			at := displs[i] + e
			if at < 0 || at >= n {
				return false, false
			}
			apart = apart && !used[at]
			used[at] = true
		}
	}
	return true, apart
}
