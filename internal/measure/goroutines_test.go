//go:build unix

package measure

import (
	"strings"
	"testing"
	"time"
)

// A goroutine that waits for one that still runs is about to exit, however long the other is kept from a processor. One
// that nobody wakes was left behind.
func TestAGoroutineThatWillBeWokenWasNotLeftBehind(t *testing.T) {
	for _, wakes := range []bool{true, false} {
		var b goroutineBaseline
		b.record()
		wake, end := make(chan struct{}), make(chan struct{})
		go func() {
			select {
			case <-wake:
			case <-end:
			}
		}()
		go func() {
			burn(10 * time.Millisecond)
			if wakes {
				close(wake)
			}
		}()
		_, v := b.awaitExit(cpuSeconds())
		close(end)
		if wakes && v != nil || !wakes && (len(v) != 1 || !strings.HasPrefix(v[0], "1 goroutines were left")) {
			t.Errorf("one is woken: %v, verdict %v", wakes, v)
		}
	}
}
