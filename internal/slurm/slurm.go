// Package slurm reads what Slurm says in the environment.
package slurm

import (
	"strconv"
	"strings"
)

// A Group is so many nodes with so many tasks each.
type Group struct{ Nodes, Tasks int }

// Groups takes apart a list such as SLURM_TASKS_PER_NODE: 4(x2),3 is two nodes with
// 4 tasks and one with 3. It is nil for anything else.
func Groups(list string) (groups []Group) {
	for part := range strings.SplitSeq(list, ",") {
		tasks, times, repeated := strings.Cut(strings.TrimSuffix(part, ")"), "(x")
		n, err := strconv.Atoi(tasks)
		nodes := 1
		if repeated && err == nil {
			nodes, err = strconv.Atoi(times)
		}
		if err != nil || n < 0 || nodes < 0 {
			return nil
		}
		groups = append(groups, Group{nodes, n})
	}
	return groups
}
