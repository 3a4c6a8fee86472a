package child

import (
	"fmt"
	"os"
	"time"
)

// schedTimes returns for how long the current threads of pid have run, and for how long they were runnable and waited
// for a processor.
func schedTimes(pid int) (run, wait time.Duration) {
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
