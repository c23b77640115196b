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
// another may have it. Where told is not nil, it is called with what a process of the
// same user tells the name.
func takeName(name string, told func(code int)) bool {
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
			for {
				if code, ok := hear(fd, os.Getuid()); ok {
					told(code)
				}
			}
		}()
	}
	return true
}

// hear waits for what somebody tells, and reports whether it is one of the user's.
func hear(fd, user int) (code int, ok bool) {
	word, about := make([]byte, 1), make([]byte, syscall.CmsgSpace(syscall.SizeofUcred))
	_, n, _, _, err := syscall.Recvmsg(fd, word, about, 0)
	if err == syscall.EINTR {
		return 0, false
	}
	if err != nil {
		select {} // there is nothing to be heard
	}
	messages, err := syscall.ParseSocketControlMessage(about[:n])
	if err != nil || len(messages) != 1 {
		return 0, false
	}
	who, err := syscall.ParseUnixCredentials(&messages[0])
	return int(word[0]), err == nil && int(who.Uid) == user
}

// tell tells a name an exit code, and reports whether a process has it.
func tell(name string, code int) bool {
	fd, err := nameSocket()
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return syscall.Sendto(fd, []byte{byte(code)}, syscall.MSG_DONTWAIT, &syscall.SockaddrUnix{Name: "@" + name}) == nil
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
