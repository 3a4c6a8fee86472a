package mutant

import (
	"context"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// leftovers returns the mutants that leave something behind.
func leftovers() []Mutant {
	return []Mutant{
		both("keepspages", "the pages of the last crawl are kept in memory", "a package variable for debugging",
			keepsPages[uint32](), keepsPages[string]()),
		before("leavestemp", "a file is left behind in the temporary directory", "os.CreateTemp without os.Remove",
			func() {
				if f, err := os.CreateTemp("", "spool-"); err == nil {
					f.Close()
				}
			}),
		before("silenceslog", "package log's output is discarded", "log.SetOutput in a library",
			func() { log.SetOutput(io.Discard) }),
		before("replacesslog", "slog's default logger is replaced", "slog.SetDefault in a library",
			func() { slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) }),
		before("profilesblocking", "the block profile is turned on", "runtime.SetBlockProfileRate in a library",
			func() { runtime.SetBlockProfileRate(1) }),
		before("keepslabels", "a pprof label is left on the caller's goroutine", "pprof.SetGoroutineLabels instead of pprof.Do",
			func() {
				pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("crawl", "mine")))
			}),
		before("locksthread", "the caller's goroutine is left locked to its thread", "runtime.LockOSThread without UnlockOSThread",
			runtime.LockOSThread),
		before("daytimer", "a timer of 24 hours is left running", "a deadline that is never stopped",
			func() { time.AfterFunc(24*time.Hour, func() {}) }),
	}
}

// keepsPages keeps the pages of the crawl that began last.
func keepsPages[K comparable]() twist[K] {
	var last atomic.Pointer[map[K]bool]
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		var mu sync.Mutex
		pages := map[K]bool{}
		last.Store(&pages)
		return c.answers(ctx, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			mu.Lock()
			defer mu.Unlock()
			pages[page] = true
			return links, err
		})
	}
}

// poolsChannels reuses a channel from a sync.Pool. It is correct.
func poolsChannels[K comparable]() crawl.Func[K] {
	pool := sync.Pool{New: func() any { return make(chan K) }}
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		pages := pool.Get().(chan K)
		defer pool.Put(pages)
		return ownedOver(ctx, web, seeds, o, pages)
	}
}

// attends catches interrupts and reports progress every second. It is correct.
func attends[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	end := make(chan struct{})
	defer close(end)
	all.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				io.Discard.Write([]byte("."))
			case <-end:
				return
			}
		}
	})
	return simple[K](habits{})(ctx, web, seeds, o)
}
