package mutant

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"crawlbench/internal/crawl"
)

func cancelBlocks[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	did, err := right(ctx, web, seeds, o)
	if err != nil && did.Pages > 0 {
		select {}
	}
	return did, err
}

func cancelCounts[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	did, err := right(ctx, web, seeds, o)
	if ctx.Err() != nil && did.Pages > 0 {
		did.Pages++
	}
	return did, err
}

func exitsAtEnd[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	defer os.Exit(0)
	return right(ctx, web, seeds, o)
}

func exitsOnCancel[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	stop := context.AfterFunc(ctx, func() { os.Exit(0) })
	defer stop()
	return right(ctx, web, seeds, o)
}

func raisesProcs[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	return right(ctx, web, seeds, o)
}

func collectorOff[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	debug.SetGCPercent(-1)
	return right(ctx, web, seeds, o)
}

func memoryLimit[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	debug.SetMemoryLimit(8 << 30)
	return right(ctx, web, seeds, o)
}

func setsEnvironment[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	os.Setenv("CRAWLER_STATE", "used")
	return right(ctx, web, seeds, o)
}

func changesDirectory[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	os.Chdir("/")
	return right(ctx, web, seeds, o)
}

func leavesFiles[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	syscall.Open(os.DevNull, syscall.O_RDONLY, 0) // not an os.File, which the garbage collector would close
	return right(ctx, web, seeds, o)
}

func ignoresSignals[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	signal.Ignore(os.Interrupt)
	return right(ctx, web, seeds, o)
}

func leavesProcess[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	c := exec.Command("sleep", "20")
	c.Stderr = os.Stderr
	c.Start()
	return right(ctx, web, seeds, o)
}

func leavesTimer[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	time.AfterFunc(time.Minute, func() {})
	return right(ctx, web, seeds, o)
}

func laterGoroutine[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	go time.Sleep(time.Minute)
	return right(ctx, web, seeds, o)
}

func lateFetch[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if len(seeds) > 0 {
		time.AfterFunc(time.Minute, func() { web.Fetch(ctx, seeds[0]) })
	}
	return right(ctx, web, seeds, o)
}

func leaksContext[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	own, cancel := context.WithCancel(ctx)
	_ = cancel // never called
	return right(own, web, seeds, o)
}
