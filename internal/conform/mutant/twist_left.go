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
	var list []Mutant
	both := func(name, doc, seen string, id twist[uint32], url twist[string]) {
		list = append(list, Mutant{Crawler: crawl.Crawler{Name: name, Doc: doc, ByID: twisted(id), ByURL: twisted(url)},
			Case: seen})
	}
	both("keepspages", "the pages of the last crawl are kept in memory", "a package variable for debugging",
		keepsPages[uint32](), keepsPages[string]())
	both("leavestemp", "a file is left behind in the temporary directory", "os.CreateTemp without os.Remove",
		first[uint32](leavesTemp), first[string](leavesTemp))
	both("silenceslog", "package log's output is discarded", "log.SetOutput in a library", first[uint32](silencesLog),
		first[string](silencesLog))
	both("replacesslog", "slog's default logger is replaced", "slog.SetDefault in a library",
		first[uint32](replacesSlog),
		first[string](replacesSlog))
	both("profilesblocking", "the block profile is turned on", "runtime.SetBlockProfileRate in a library",
		first[uint32](profilesBlocking), first[string](profilesBlocking))
	both("keepslabels", "a pprof label is left on the caller's goroutine",
		"pprof.SetGoroutineLabels instead of pprof.Do",
		first[uint32](keepsLabels), first[string](keepsLabels))
	both("locksthread", "the caller's goroutine is left locked to its thread",
		"runtime.LockOSThread without UnlockOSThread", first[uint32](runtime.LockOSThread),
		first[string](runtime.LockOSThread))
	both("daytimer", "a timer of 24 hours is left running", "a deadline that is never stopped", first[uint32](dayTimer),
		first[string](dayTimer))
	return list
}

// first calls f before the crawl.
func first[K comparable](f func()) twist[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		f()
		return right(ctx, web, seeds, o)
	}
}

// keepsPages keeps the pages of the crawl that began last.
func keepsPages[K comparable]() twist[K] {
	var last atomic.Pointer[map[K]bool]
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		var mu sync.Mutex
		pages := map[K]bool{}
		last.Store(&pages)
		return right(ctx, answered(web, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			mu.Lock()
			defer mu.Unlock()
			pages[page] = true
			return links, err
		}), seeds, o)
	}
}

func leavesTemp() {
	if f, err := os.CreateTemp("", "spool-"); err == nil {
		f.Close()
	}
}

func silencesLog()      { log.SetOutput(io.Discard) }
func replacesSlog()     { slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) }
func profilesBlocking() { runtime.SetBlockProfileRate(1) }
func dayTimer()         { time.AfterFunc(24*time.Hour, func() {}) }

func keepsLabels() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("crawl", "mine")))
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
