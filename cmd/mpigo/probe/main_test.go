package main

import (
	"slices"
	"testing"
)

func TestSegments(t *testing.T) {
	const maps = `00400000-00500000 r-xp 00000000 fe:00 1 /tmp/probe
7f00c4db4000-7f00c51cd000 rw-s 00000000 00:01 7 /SYSV00000000 (deleted)
7f00c51cd000-7f00c55e6000 rw-s 00000000 00:1b 8 /dev/shm/ucx_shm_posix_6c74da06 (deleted)
7f00c55e6000-7f00c59ff000 rw-s 00000000 00:1b 9 /dev/shm/ucx_shm_posix_62eab8b5 (deleted)
7f0120a02000-7f0120a03000 rw-s 00000000 00:1b 5 /dev/shm/mpich_shar_tmpfwhpjA (deleted)
7f2eb1dff000-7f2eb2200000 rw-s 00000000 00:1b 4 /tmp/ompi.0/vader_segment.host.0.69670001.0
7f2eb2600000-7f2eb2a00000 rw-s 00000000 fe:00 6 /tmp/ompi.0/smseg-1768357889-0
7f2eb2a00000-7f2eb2e00000 r--s 00000000 00:1b 3 /dev/shm/read_only
7f2eb2e00000-7f2eb3200000 rw-s 00000000 00:1b 2 /dev/shm/other.1
7f2eb3200000-7f2eb3600000 rw-p 00000000 00:00 0
`
	if got, want := segments(maps), []string{"SYSV", "other.1", "ucx_shm_posix", "vader_segment"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
