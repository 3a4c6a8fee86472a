package child

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Bound limits the data segment of this process, which holds Go's heap and stacks but neither its
// reserved addresses nor what is mapped from files; past it the runtime ends the process with "out
// of memory". Should the machine run out of memory all the same, the kernel ends this process
// before others. 0: no limit.
func Bound(bytes int64) error {
	os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	if bytes <= 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return fmt.Errorf("limit memory to %d bytes: %w", bytes, err)
	}
	return nil
}
