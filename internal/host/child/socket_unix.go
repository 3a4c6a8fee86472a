//go:build unix

package child

import (
	"os"
	"syscall"
)

// socketPair returns the two ends of a connection. Only the first is in non-blocking mode, so that
// waiting for it occupies no thread.
func socketPair() (own, other *os.File, err error) {
	syscall.ForkLock.RLock() // no child that starts meanwhile inherits them
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		syscall.Close(fds[0])
		syscall.Close(fds[1])
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fds[0]), "requests"), os.NewFile(uintptr(fds[1]), "requests of the child"), nil
}

func closeOnExec(fd int) { syscall.CloseOnExec(fd) }
