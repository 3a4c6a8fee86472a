package child

import (
	"os"

	"golang.org/x/sys/unix"
)

// sink creates a file for a child's output that is read after the child has ended. Unlike a pipe, it
// wakes no reader while the child runs, and no reader waits for other writers. It is in memory and at
// most size bytes long.
func sink(name string, size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil { // an old kernel, or a sandbox
		return unlinkedFile()
	}
	f := os.NewFile(uintptr(fd), name)
	if err := f.Truncate(size); err != nil { // memory is only used as it is written
		f.Close()
		return nil, err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return f, nil
}
