package mpi

import (
	"os"
	"syscall"
)

// A name is an abstract Unix socket's: it is there until the process ends, however
// that comes, and belongs to the host, or to the container whose network it is.
// Go's poller would keep a thread for it, and so it is the system's calls that are
// made.

func nameSocket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
}

// takeName keeps a name for the rest of this process, and reports whether it could:
// another may have it. Where told is not nil, it is called when a process of the
// same user sends a word to the name.
func takeName(name string, told func()) bool {
	fd, err := nameSocket()
	if err != nil {
		return false
	}
	if syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@" + name}) != nil {
		syscall.Close(fd)
		return false
	}
	if told != nil && syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1) == nil {
		go func() {
			for !isToldBy(fd, os.Getuid()) {
			}
			told()
		}()
	}
	return true
}

// isToldBy waits for a word, and reports whether it is one of the user's.
func isToldBy(fd, user int) bool {
	about := make([]byte, syscall.CmsgSpace(syscall.SizeofUcred))
	_, n, _, _, err := syscall.Recvmsg(fd, make([]byte, 1), about, 0)
	if err == syscall.EINTR {
		return false
	}
	if err != nil {
		select {} // there is nothing to be heard
	}
	messages, err := syscall.ParseSocketControlMessage(about[:n])
	if err != nil || len(messages) != 1 {
		return false
	}
	who, err := syscall.ParseUnixCredentials(&messages[0])
	return err == nil && int(who.Uid) == user
}

// tell sends a word to a name, and reports whether a process has it.
func tell(name string) bool {
	fd, err := nameSocket()
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return syscall.Sendto(fd, []byte{1}, syscall.MSG_DONTWAIT, &syscall.SockaddrUnix{Name: "@" + name}) == nil
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
