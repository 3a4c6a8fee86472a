package child

import (
	"os"

	"golang.org/x/sys/unix"
)

// sink makes a file for what a child says, which is read when it has ended: nobody is woken while
// it runs, and nobody waits for whoever holds the other end. It is in memory, and no longer than
// size.
func sink(name string, size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil { // an old kernel, or a sandbox
		return nameless()
	}
	f := os.NewFile(uintptr(fd), name)
	if err := f.Truncate(size); err != nil { // it takes memory as it is written
		f.Close()
		return nil, err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return f, nil
}
