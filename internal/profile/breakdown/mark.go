package breakdown

import (
	"context"
	"runtime"
	"runtime/trace"
)

// The names of regions and log messages in the trace.
const (
	crawlRegion = "crawlbench.crawl"
	fetchLog    = "crawlbench.fetch"
)

// Crawl calls f, which is one crawl, and marks it in the execution trace, if one is being recorded.
// Crawls must not overlap.
func Crawl(f func()) {
	if trace.IsEnabled() {
		recordSelectSend()
	}
	defer trace.StartRegion(context.Background(), crawlRegion).End()
	f()
}

// Mark notes in the execution trace, if one is being recorded, that this goroutine begins to fetch
// a page. It uses no task from a context, since walking up a chain of contexts would double the
// cost.
func Mark() {
	if trace.IsEnabled() {
		trace.Log(context.Background(), fetchLog, "")
	}
}

// recordSelectSend makes a select end the wait of a goroutine that receives, so that the trace
// contains the runtime's source line of a send in a select. See selects.
func recordSelectSend() {
	c, never := make(chan bool), make(chan bool)
	go func() { <-c }()
	for {
		select {
		case c <- true: // the receiver is already waiting, or default would have been taken
			return
		case <-never:
		default:
			runtime.Gosched()
		}
	}
}
