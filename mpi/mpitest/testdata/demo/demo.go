// Package demo is what the tests of mpitest run go test on.
package demo

// Role is executed by every rank, but in branches.
func Role(rank int) string {
	switch rank {
	case 0:
		return "root"
	case 1:
		return "second"
	}
	return "other"
}

// Unused is executed by no rank.
func Unused() string {
	return "unused"
}
