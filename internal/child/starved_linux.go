package child

import (
	"fmt"
	"os"
	"time"
)

// demand returns for how long the threads that pid has now have run, and have been ready and waited for a processor.
func demand(pid int) (run, wait time.Duration) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, _ := os.ReadDir(dir)
	for _, t := range threads {
		text, _ := os.ReadFile(dir + "/" + t.Name() + "/schedstat")
		var r, w time.Duration
		if _, err := fmt.Sscan(string(text), &r, &w); err == nil {
			run, wait = run+r, wait+w
		}
	}
	return run, wait
}
