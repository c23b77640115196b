package mpi

import "syscall"

// A name is an abstract Unix socket's: it is there until the process ends, however
// that comes, and belongs to the host, or to the container whose network it is.
// Go's poller would keep a thread for it, and so it is the system's calls that are
// made.

func nameSocket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
}

// takeName keeps a name for the rest of this process, and reports whether it could:
// another may have it.
func takeName(name string) bool {
	fd, err := nameSocket()
	if err != nil {
		return false
	}
	if syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@" + name}) != nil {
		syscall.Close(fd)
		return false
	}
	return true
}

// nameTaken reports whether a process has the name.
func nameTaken(name string) bool {
	fd, err := nameSocket()
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return syscall.Connect(fd, &syscall.SockaddrUnix{Name: "@" + name}) == nil
}
