//go:build !linux

package child

import "time"

// cpuTime returns 0: the time of another process is only known on Linux.
func cpuTime(int) time.Duration { return 0 }
