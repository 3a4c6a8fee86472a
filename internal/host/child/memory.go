package child

import "os"

// Bound limits the data segment of this process, which includes Go's heap and stacks but neither
// reserved addresses nor mapped files. Beyond it the runtime ends the process with "out of memory".
// If the machine runs out of memory anyway, the kernel kills this process before others. 0 means no
// limit.
func Bound(bytes int64) error {
	os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	if bytes <= 0 {
		return nil
	}
	return limitData(bytes)
}
