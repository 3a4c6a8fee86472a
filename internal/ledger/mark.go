package ledger

import (
	"context"
	"runtime"
	"runtime/trace"
)

// The names of the protocol in the trace.
const (
	crawlRegion = "crawlbench.crawl"
	fetchLog    = "crawlbench.fetch"
)

// Crawl calls f, which is one crawl, and marks its extent in the execution trace, if one is being taken. Crawls must
// not overlap.
func Crawl(f func()) {
	if trace.IsEnabled() {
		teach()
	}
	defer trace.StartRegion(context.Background(), crawlRegion).End()
	f()
}

// Mark notes in the execution trace, if one is being taken, that this goroutine begins to fetch a page. It looks for no
// task in a context, since walking up a chain of contexts would cost as much again.
func Mark() {
	if trace.IsEnabled() {
		trace.Log(context.Background(), fetchLog, "")
	}
}

// teach lets a select end the waiting of a goroutine that receives, so that the trace holds the line of the runtime where
// a select sends. See selects.
func teach() {
	c, never := make(chan bool), make(chan bool)
	go func() { <-c }()
	for {
		select {
		case c <- true: // the receiver waits already, or the default would have been taken
			return
		case <-never:
		default:
			runtime.Gosched()
		}
	}
}
