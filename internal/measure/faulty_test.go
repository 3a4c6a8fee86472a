//go:build unix

package measure

import (
	"context"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/web/delay"
)

// fault is the one thing wrong with an otherwise correct crawler. Every attempt must detect it.
type fault struct {
	name string
	keys string // "": id
	want string // substring of Outcome.Wrong
	job  func(*Job)
	// byID and byURL wrap a correct crawler. stop is closed when the attempt is over.
	byID  func(stop <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32]
	byURL func(stop <-chan struct{}, right crawl.Func[string]) crawl.Func[string]
}

// then calls f after a correct crawl, before it returns.
func then(f func(stop <-chan struct{})) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(stop <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			did, err := right(ctx, w, seeds, o)
			f(stop)
			return did, err
		}
	}
}

// around calls f before the crawl and the function that f returns after it.
func around(f func() func()) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			defer f()()
			return right(ctx, w, seeds, o)
		}
	}
}

func nothing() {}

// burn uses a processor for about d.
func burn(d time.Duration) {
	for begin := cpuSeconds(); cpuSeconds()-begin < d.Seconds(); {
		delay.Burn(10_000)
	}
}

// fewFiles lowers the open-file limit of this process and returns a function that restores it.
func fewFiles() (restore func()) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		panic(err)
	}
	few := was
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		panic(err)
	}
	return func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) }
}

// forgetful is a crawler that remembers only the last most pages. Without obeysContext it also fetches failed pages
// again.
func forgetful(most int, obeysContext bool) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(stop <-chan struct{}, _ crawl.Func[uint32]) crawl.Func[uint32] {
		return func(
			ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
		) (did crawl.Result, err error) {
			seen, order := map[uint32]bool{}, []uint32{}
			for queue := seeds; len(queue) > 0; queue = queue[1:] {
				select {
				case <-stop:
					return did, nil
				default:
				}
				if obeysContext && ctx.Err() != nil {
					return did, ctx.Err()
				}
				links, err := w.Fetch(ctx, queue[0])
				did.Pages++
				if err != nil {
					did.Errors++
				}
				if !obeysContext && err != nil {
					links = queue[:1] // fetch it again
				}
				for _, link := range links {
					if !seen[link] || !obeysContext && err != nil {
						seen[link] = true
						queue = append(queue, link)
						if order = append(order, link); len(order) > most {
							delete(seen, order[0])
							order = order[1:]
						}
					}
				}
			}
			return did, nil
		}
	}
}

// remembers replays the pages of the first crawl in later crawls with the same key.
func remembers(
	key func(w crawl.Web[uint32], seeds []uint32) any,
) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		known := map[any][]uint32{}
		return func(
			ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
		) (did crawl.Result, err error) {
			k := key(w, seeds)
			if pages, ok := known[k]; ok {
				for _, p := range pages {
					if _, err := w.Fetch(ctx, p); err != nil {
						did.Errors++
					}
				}
				return crawl.Result{Pages: len(pages), Errors: did.Errors}, nil
			}
			r := &recorder{Web: w}
			did, err = right(ctx, r, seeds, o)
			known[k] = r.pages
			return did, err
		}
	}
}

type recorder struct {
	crawl.Web[uint32]
	mu    sync.Mutex
	pages []uint32
}

func (r *recorder) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	r.mu.Lock()
	r.pages = append(r.pages, page)
	r.mu.Unlock()
	return r.Web.Fetch(ctx, page)
}

// faults returns all faults. Those that leave files open add the descriptors to opened.
func faults(opened *[]int) []fault {
	return []fault{
		{
			name: "more-processors",
			want: "GOMAXPROCS is 3 after the crawl, the cell has 2",
			byID: around(func() func() { runtime.GOMAXPROCS(3); return nothing }),
		},
		{name: "more-processors-meanwhile", want: "GOMAXPROCS is 3 during the crawl, the cell has 2",
			byID: around(func() func() { n := runtime.GOMAXPROCS(3); return func() { runtime.GOMAXPROCS(n) } })},
		{
			name: "no-collector",
			want: "the GC percentage is off after the crawl, it was 100 before",
			byID: around(func() func() { debug.SetGCPercent(-1); return nothing }),
		},
		{name: "no-collector-meanwhile", want: "the GC percentage is off during the crawl, it was 100 before",
			byID: around(func() func() { n := debug.SetGCPercent(-1); return func() { debug.SetGCPercent(n) } })},
		{name: "memory-limit", want: "the memory limit is 1073741824 bytes after the crawl, it was off before",
			byID: around(func() func() { debug.SetMemoryLimit(1 << 30); return nothing })},
		{
			name: "directory",
			want: "the crawls changed the working directory from ",
			byID: then(func(<-chan struct{}) { os.Chdir("/") }),
		},
		{name: "environment", want: "the crawls set the environment variable CRAWLER_WAS_HERE",
			byID: then(func(<-chan struct{}) { os.Setenv("CRAWLER_WAS_HERE", "1") })},
		{
			name: "limit",
			want: "the crawls changed the process's Max open files from ",
			byID: then(func(<-chan struct{}) { fewFiles() }),
		},
		{
			name: "mask",
			want: "the crawls changed the process's Umask from ",
			byID: then(func(<-chan struct{}) { syscall.Umask(0o077) }),
		},
		{
			name: "signals",
			want: "the crawls changed the process's SigIgn from ",
			byID: then(func(<-chan struct{}) { signal.Ignore(syscall.SIGUSR2) }),
		},
		{name: "file-left-open", want: " files open (one is /", byID: then(func(<-chan struct{}) {
			fd, err := syscall.Open(os.Args[0], syscall.O_RDONLY, 0)
			*opened = append(*opened, fd)
			if err != nil {
				panic(err)
			}
		})},
		{
			name: "files-used-up",
			want: "the open files can no longer be listed after the crawls: ",
			job:  func(*Job) { fewFiles() },
			byID: then(func(stop <-chan struct{}) {
				for {
					fd, err := syscall.Open(os.Args[0], syscall.O_RDONLY, 0)
					if err != nil {
						break
					}
					*opened = append(*opened, fd)
				}
			}),
		},
		{
			name: "waits-for-ever",
			want: " goroutines were left when it returned (one is in state \"chan receive\", started by ",
			byID: then(func(stop <-chan struct{}) { go func() { <-stop }() }),
		},
		{name: "ends-later", want: " goroutines were left when it returned (one is in state \"sleep\", started by ",
			byID: then(func(stop <-chan struct{}) {
				go func() {
					for range 1000 {
						select {
						case <-stop:
							return
						default:
							time.Sleep(time.Millisecond)
						}
					}
				}()
			})},
		{
			name: "works-on",
			want: "its goroutines kept working after it returned: at least ",
			byID: then(func(<-chan struct{}) { go burn(20 * time.Millisecond) }),
		},
		{
			name: "timer",
			want: " goroutines were started after it returned",
			job:  func(j *Job) { j.Retained = true },
			byID: then(func(stop <-chan struct{}) {
				var again func()
				again = func() {
					select {
					case <-stop:
					default:
						time.AfterFunc(20*time.Millisecond, again)
					}
				}
				again()
			}),
		},
		{
			name: "fetches-later",
			want: " fetch",
			byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
				return func(
					ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
				) (crawl.Result, error) {
					did, err := right(ctx, w, seeds, o)
					time.AfterFunc(2*time.Millisecond, func() { w.Fetch(context.Background(), seeds[0]) })
					return did, err
				}
			},
		},
		{
			name: "remembers-by-web",
			want: "the crawler remembers or guesses pages",
			byID: remembers(func(w crawl.Web[uint32], _ []uint32) any { return w }),
		},
		{
			name: "remembers-by-seed",
			want: "the crawler remembers or guesses pages",
			byID: remembers(func(_ crawl.Web[uint32], seeds []uint32) any { return seeds[0] }),
		},
		{
			name: "remembers-the-budget",
			want: "the crawler remembers or guesses pages",
			job:  func(j *Job) { j.Cell.MaxPages = 50 },
			byID: remembers(func(_ crawl.Web[uint32], seeds []uint32) any { return seeds[0] }),
		},
		{
			name: "one-worker-more",
			want: "others in flight, the most allowed",
			job: func(j *Job) { // with fetches so long that they overlap on a busy machine too
				j.Fetch.Latency, j.Cell.MaxPages = graph.Latency{Model: "constant", Median: time.Millisecond}, 60
			},
			byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
				return func(
					ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
				) (crawl.Result, error) {
					o.Workers++
					return right(ctx, w, seeds, o)
				}
			},
		},
		{
			name: "hoards",
			want: "waits on the limiter that no fetch had used yet",
			job:  func(j *Job) { j.Cell.Rate = plan.Rate(100_000) },
			byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
				return func(
					ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
				) (crawl.Result, error) {
					if o.Limiter != nil {
						for range 500 { // all pages
							o.Limiter.Wait(ctx)
						}
						o.Limiter = nil
					}
					return right(ctx, w, seeds, o)
				}
			},
		},
		{name: "forgets", want: "64 fetches of pages that had been fetched before (page ", byID: forgetful(50, true)},
		{
			name: "forgets-and-is-deaf",
			want: "; it had not returned 1s after its context was cancelled",
			byID: forgetful(50, false),
		},
		{
			name: "filters-in-place",
			keys: "url",
			want: "links must not be modified",
			byURL: func(_ <-chan struct{}, right crawl.Func[string]) crawl.Func[string] {
				return func(
					ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options,
				) (crawl.Result, error) {
					return right(ctx, filtered{w}, seeds, o)
				}
			},
		},
	}
}

// filtered is a site whose links are reordered in place.
type filtered struct{ crawl.Web[string] }

func (f filtered) Fetch(ctx context.Context, url string) ([]string, error) {
	links, err := f.Web.Fetch(ctx, url)
	for i, j := 0, len(links)-1; i < j; i, j = i+1, j-1 {
		links[i], links[j] = links[j], links[i]
	}
	return links, err
}

// Every attempt detects the fault and names the cause.
func TestFaultsAreDetected(t *testing.T) {
	tries := 20
	if testing.Short() {
		tries = 3
	}
	file := cache(t, graph.Spec{Kind: "hosts", Pages: 500, Seed: 1}, nil)
	right := style{name: "right", take: func(int) int { return 0 }}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var opened []int
	restore := fewFiles()
	restore()
	mask := syscall.Umask(0o022)
	syscall.Umask(mask)
	for _, f := range faults(&opened) {
		if slices.Contains([]string{"limit", "mask", "signals", "file-left-open", "files-used-up"}, f.name) &&
			runtime.GOOS != "linux" {
			continue
		}
		n := tries
		switch f.name {
		case "forgets-and-is-deaf":
			n = min(n, 3) // each takes a second
		case "works-on":
			n = min(n, 5) // each takes a few tenths
		case "signals":
			n = 1 // a process cannot undo it
		}
		for try := range n {
			stop := make(chan struct{})
			c := crawl.Crawler{Name: f.name}
			j := Job{Cache: file, Sample: time.Millisecond}
			j.Cell.Impl, j.Cell.Graph, j.Cell.Keys, j.Cell.Workers, j.Cell.Procs = f.name, "g", "id", 3, 2
			if f.byURL != nil {
				j.Cell.Keys = "url"
				c.ByURL = f.byURL(stop, styled[string](right))
			} else {
				c.ByID = f.byID(stop, styled[uint32](right))
			}
			if f.job != nil {
				f.job(&j)
			}
			before := runtime.NumGoroutine()
			o, err := Run(t.Context(), j, []crawl.Crawler{c})
			if err != nil || !strings.Contains(o.Wrong, f.want) {
				t.Errorf("%s, attempt %d: error %v, verdict %q, want %q", f.name, try, err, o.Wrong, f.want)
			}
			close(stop)
			for _, fd := range opened {
				syscall.Close(fd)
			}
			opened = nil
			restore()
			syscall.Umask(mask)
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			os.Unsetenv("CRAWLER_WAS_HERE")
			if err := os.Chdir(dir); err != nil {
				t.Fatal(err)
			}
			for range 200 { // until its goroutines have exited
				if runtime.NumGoroutine() <= before {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// A child process that still runs, or has not been waited for, is detected.
func TestChildProcessIsDetected(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("child processes are only detected on Linux")
	}
	var started atomic.Pointer[os.Process]
	c := crawl.Crawler{Name: "starts", ByID: then(func(<-chan struct{}) {
		if started.Load() == nil {
			exe, _ := os.Executable()
			p, err := os.StartProcess(exe, []string{filepath.Base(exe), "-test.run=^$"}, &os.ProcAttr{})
			if err == nil {
				started.Store(p)
			}
		}
	})(nil, styled[uint32](style{take: func(int) int { return 0 }}))}
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 100}, nil))
	j.Cell.Impl = "starts"
	o, err := Run(t.Context(), j, []crawl.Crawler{c})
	if err != nil || !strings.Contains(o.Wrong, "the crawls left a child process") {
		t.Errorf("%v, %q", err, o.Wrong)
	}
	if _, err := started.Load().Wait(); err != nil {
		t.Fatal(err)
	}
	started.Store(nil)
	c.ByID = styled[uint32](style{take: func(int) int { return 0 }})
	if o, err := Run(t.Context(), j, []crawl.Crawler{c}); err != nil || o.Wrong != "" {
		t.Errorf("the child was waited for: error %v, verdict %q", err, o.Wrong)
	}
}

// Work after the crawls is detected, even in a goroutine that existed before them. Short work, like that of the
// runtime, is tolerated.
func TestProcessorTimeAfterTheCrawlsIsDetected(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 5}, nil))
	b, err := Open(j, crawler.All())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, test := range []struct {
		works time.Duration
		found bool
	}{{20 * time.Millisecond, false}, {time.Minute, true}} {
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for begin := time.Now(); time.Since(begin) < test.works; delay.Burn(1000) {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		b.baseline = goroutineBaseline{}
		b.baseline.record()
		cpu, begin := cpuSeconds(), time.Now()
		v := b.baseline.checkIdle(b.site, shortWindow)
		for try := 0; try < 100 && test.found && v == nil; try++ { // other processes may use the processors
			v = b.baseline.checkIdle(b.site, shortWindow)
		}
		share := (cpuSeconds() - cpu) / time.Since(begin).Seconds()
		close(stop)
		<-ended
		if test.found && v == nil && share < 1.2*maxIdleShare {
			t.Skipf("the machine is too busy: the work got %.0f %% of a processor", 100*share)
		}
		if test.found && (len(v) != 1 || !strings.Contains(v[0], "of a processor was in use")) ||
			!test.found && v != nil {
			t.Errorf("work of %v: verdict %v", test.works, v)
		}
	}
}
