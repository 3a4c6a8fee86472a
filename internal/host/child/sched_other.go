//go:build !linux

package child

import "time"

// schedTimes returns 0: the times are only known on Linux.
func schedTimes(int) (run, wait time.Duration) { return 0, 0 }
