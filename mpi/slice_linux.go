package mpi

import "golang.org/x/sys/unix"

// adviseHuge has the kernel put the whole huge pages of b, which begins at the
// boundary of one and is all zero, on huge pages when they are touched. Errors
// are no matter: then the pages are small.
func adviseHuge(b []byte) {
	b = b[:len(b)&^(hugePage-1)]
	if unix.Madvise(b, unix.MADV_HUGEPAGE) != nil {
		return
	}
	// Go may have used this memory before, and the kernel leaves as they are
	// small pages that are there. So give them back: they are zero again when
	// they are touched, as they must be.
	_ = unix.Madvise(b, unix.MADV_DONTNEED)
}
