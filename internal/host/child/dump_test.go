package child_test

import (
	"testing"

	"crawlbench/internal/host/child"
)

const (
	deadlocked = `goroutine 7 [sync.WaitGroup.Wait]:
mine.crawl(...)
	/src/mine/main.go:37 +0x1

goroutine 8 [sync.Mutex.Lock]:
sync.(*Mutex).Lock(...)
	/go/src/sync/mutex.go:46
mine.(*set).AddNew(0x1)
	/src/mine/main.go:21 +0x1
`
	checking = `
goroutine 1 [chan receive]:
crawlbench/internal/conform.Child({0x1})
	/src/crawlbench/internal/conform/run.go:259 +0x1

goroutine 6 [chan receive]:
crawlbench/internal/conform.runAsChild(0x1)
	/src/crawlbench/internal/conform/run.go:285 +0x1
`
)

// Places name the crawler's goroutines. Those of the check are named only if there are no others.
func TestPlaces(t *testing.T) {
	for dump, want := range map[string]string{
		deadlocked + checking: "\n1 goroutine: sync.WaitGroup.Wait in mine.crawl (main.go:37)" +
			"\n1 goroutine: sync.Mutex.Lock in mine.(*set).AddNew (main.go:21)",
		checking: "\n1 goroutine: chan receive in crawlbench/internal/conform.Child (run.go:259)" +
			"\n1 goroutine: chan receive in crawlbench/internal/conform.runAsChild (run.go:285)",
	} {
		if got := child.Places([]byte(dump), ""); got != want {
			t.Errorf("the places of\n%s\nare:%s\nwant:%s", dump, got, want)
		}
	}
}
