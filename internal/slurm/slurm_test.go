package slurm

import (
	"slices"
	"testing"
)

func TestGroups(t *testing.T) {
	for list, want := range map[string][]Group{
		"4":            {{1, 4}},
		"4(x2),3":      {{2, 4}, {1, 3}},
		"1,2(x10),0":   {{1, 1}, {10, 2}, {1, 0}},
		"":             nil,
		"four":         nil,
		"4(x2),":       nil,
		"4(xtwo)":      nil,
		"-4":           nil,
		"4(x-2)":       nil,
		"2147483648x1": nil,
	} {
		if got := Groups(list); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", list, got, want)
		}
	}
}
