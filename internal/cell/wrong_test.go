package cell

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

	"crawlbench/internal/contender"
	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/scenario"
	"crawlbench/internal/web"
)

// fault is what is wrong about a crawler that is right else. It is found in each of some tries.
type fault struct {
	name string
	keys string // "": id
	want string // in what is said
	job  func(*Job)
	// crawl wraps right, which crawls as it should. stop is closed when the try is over.
	byID  func(stop <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32]
	byURL func(stop <-chan struct{}, right crawl.Func[string]) crawl.Func[string]
}

// then does f when the crawl has gone right, before it returns.
func then(f func(stop <-chan struct{})) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(stop <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			did, err := right(ctx, w, seeds, o)
			f(stop)
			return did, err
		}
	}
}

// around does f before the crawl, and what f returns after it.
func around(f func() func()) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			defer f()()
			return right(ctx, w, seeds, o)
		}
	}
}

func nothing() {}

// burn uses a processor for about so long.
func burn(d time.Duration) {
	for begin := used(); used()-begin < d.Seconds(); {
		web.Burn(10_000)
	}
}

// fewFiles lets this process open few files, until the limit is what it was.
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

// forgetful remembers so many pages only.
func forgetful(most int, hears bool) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(stop <-chan struct{}, _ crawl.Func[uint32]) crawl.Func[uint32] {
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (did crawl.Result, err error) {
			seen, order := map[uint32]bool{}, []uint32{}
			for queue := seeds; len(queue) > 0; queue = queue[1:] {
				select {
				case <-stop:
					return did, nil
				default:
				}
				if hears && ctx.Err() != nil {
					return did, ctx.Err()
				}
				links, err := w.Fetch(ctx, queue[0])
				did.Pages++
				if err != nil {
					did.Errors++
				}
				if !hears && err != nil {
					links = queue[:1] // again, and again
				}
				for _, link := range links {
					if !seen[link] || !hears && err != nil {
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

// remembers keeps the pages of the first crawl under what key says of a crawl.
func remembers(key func(w crawl.Web[uint32], seeds []uint32) any) func(<-chan struct{}, crawl.Func[uint32]) crawl.Func[uint32] {
	return func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
		known := map[any][]uint32{}
		return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (did crawl.Result, err error) {
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

// faults are those of the kinds that there are. They note in opened what files they leave.
func faults(opened *[]int) []fault {
	return []fault{
		{name: "more-processors", want: "GOMAXPROCS is 3 after the crawl, the cell has 2", byID: around(func() func() { runtime.GOMAXPROCS(3); return nothing })},
		{name: "more-processors-meanwhile", want: "GOMAXPROCS is 3 during the crawl, the cell has 2",
			byID: around(func() func() { n := runtime.GOMAXPROCS(3); return func() { runtime.GOMAXPROCS(n) } })},
		{name: "no-collector", want: "the GC percent is off after the crawl, it was 100 before", byID: around(func() func() { debug.SetGCPercent(-1); return nothing })},
		{name: "no-collector-meanwhile", want: "the GC percent is off during the crawl, it was 100 before",
			byID: around(func() func() { n := debug.SetGCPercent(-1); return func() { debug.SetGCPercent(n) } })},
		{name: "memory-limit", want: "the memory limit is 1073741824 bytes after the crawl, it was off before",
			byID: around(func() func() { debug.SetMemoryLimit(1 << 30); return nothing })},
		{name: "directory", want: "the working directory is / after the crawls, it was ", byID: then(func(<-chan struct{}) { os.Chdir("/") })},
		{name: "environment", want: "the environment variable CRAWLER_WAS_HERE is set after the crawls, it was not before",
			byID: then(func(<-chan struct{}) { os.Setenv("CRAWLER_WAS_HERE", "1") })},
		{name: "limit", want: "the kernel's Max open files is 200 ", byID: then(func(<-chan struct{}) { fewFiles() })},
		{name: "mask", want: "the kernel's Umask is 0077 after the crawls, it was ", byID: then(func(<-chan struct{}) { syscall.Umask(0o077) })},
		{name: "signals", want: "the kernel's SigIgn is ", byID: then(func(<-chan struct{}) { signal.Ignore(syscall.SIGUSR2) })},
		{name: "file-left-open", want: " files are open after the crawls that were not before (/", byID: then(func(<-chan struct{}) {
			fd, err := syscall.Open(os.Args[0], syscall.O_RDONLY, 0)
			*opened = append(*opened, fd)
			if err != nil {
				panic(err)
			}
		})},
		{name: "files-used-up", want: "the open files cannot be listed any more after the crawls: ", job: func(*Job) { fewFiles() }, byID: then(func(stop <-chan struct{}) {
			for {
				fd, err := syscall.Open(os.Args[0], syscall.O_RDONLY, 0)
				if err != nil {
					break
				}
				*opened = append(*opened, fd)
			}
		})},
		{name: "waits-for-ever", want: " goroutines were left when it returned (one is in state \"chan receive\", started by ", byID: then(func(stop <-chan struct{}) { go func() { <-stop }() })},
		{name: "ends-later", want: " goroutines were left when it returned (one is in state \"sleep\", started by ",
			byID: then(func(<-chan struct{}) { go time.Sleep(60 * time.Millisecond) })},
		{name: "works-on", want: "its goroutines worked on after it had returned: at least ", byID: then(func(<-chan struct{}) { go burn(4 * time.Millisecond) })},
		{name: "timer", want: " goroutines were started after it had returned", job: func(j *Job) { j.Weigh = true }, byID: then(func(stop <-chan struct{}) {
			var again func()
			again = func() {
				select {
				case <-stop:
				default:
					time.AfterFunc(20*time.Millisecond, again)
				}
			}
			again()
		})},
		{name: "fetches-later", want: "fetches ", byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
			return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
				did, err := right(ctx, w, seeds, o)
				time.AfterFunc(2*time.Millisecond, func() { w.Fetch(context.Background(), seeds[0]) })
				return did, err
			}
		}},
		{name: "remembers-by-web", want: "the crawler remembers or guesses pages", byID: remembers(func(w crawl.Web[uint32], _ []uint32) any { return w })},
		{name: "remembers-by-seed", want: "the crawler remembers or guesses pages", byID: remembers(func(_ crawl.Web[uint32], seeds []uint32) any { return seeds[0] })},
		{name: "remembers-the-budget", want: "the crawler remembers or guesses pages", job: func(j *Job) { j.Cell.MaxPages = 50 },
			byID: remembers(func(_ crawl.Web[uint32], seeds []uint32) any { return seeds[0] })},
		{name: "one-worker-more", want: "others in flight, the most allowed", byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
			return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
				o.Workers++
				return right(ctx, w, seeds, o)
			}
		}},
		{name: "hoards", want: "waits on the limiter that no fetch had used yet", job: func(j *Job) { j.Cell.Rate = scenario.Rate(100_000) },
			byID: func(_ <-chan struct{}, right crawl.Func[uint32]) crawl.Func[uint32] {
				return func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
					if o.Limiter != nil {
						for range 500 { // all pages
							o.Limiter.Wait(ctx)
						}
						o.Limiter = nil
					}
					return right(ctx, w, seeds, o)
				}
			}},
		{name: "forgets", want: "64 repeated fetches (page ", byID: forgetful(50, true)},
		{name: "forgets-and-is-deaf", want: "; 1s later it had not returned, though its context was cancelled", byID: forgetful(50, false)},
		{name: "filters-in-place", keys: "url", want: "links must not be modified", byURL: func(_ <-chan struct{}, right crawl.Func[string]) crawl.Func[string] {
			return func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
				return right(ctx, filtered{w}, seeds, o)
			}
		}},
	}
}

// filtered is a site whose links are filtered in place, those to pages on other hosts last.
type filtered struct{ crawl.Web[string] }

func (f filtered) Fetch(ctx context.Context, url string) ([]string, error) {
	links, err := f.Web.Fetch(ctx, url)
	for i, j := 0, len(links)-1; i < j; i, j = i+1, j-1 {
		links[i], links[j] = links[j], links[i]
	}
	return links, err
}

// Each fault is found in each try, and the cause is named.
func TestFaultsAreRefused(t *testing.T) {
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
		if slices.Contains([]string{"limit", "mask", "signals", "file-left-open", "files-used-up"}, f.name) && runtime.GOOS != "linux" {
			continue
		}
		n := tries
		switch f.name {
		case "forgets-and-is-deaf":
			n = min(n, 3) // each takes a second
		case "signals":
			n = 1 // a process cannot take it back
		}
		for try := range n {
			stop := make(chan struct{})
			c := crawl.Contender{Name: f.name}
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
			o, err := Run(t.Context(), j, []crawl.Contender{c})
			if err != nil || !strings.Contains(o.Wrong, f.want) {
				t.Errorf("%s, try %d: %v, %q, want %q", f.name, try, err, o.Wrong, f.want)
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
			for range 200 { // until the try has ended indeed
				if runtime.NumGoroutine() <= before {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// A child process that is left running, or is not waited for, is found.
func TestChildProcessIsFound(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux is asked for children")
	}
	var started atomic.Pointer[os.Process]
	c := crawl.Contender{Name: "starts", ByID: then(func(<-chan struct{}) {
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
	o, err := Run(t.Context(), j, []crawl.Contender{c})
	if err != nil || !strings.Contains(o.Wrong, "there is a child process after the crawls") {
		t.Errorf("%v, %q", err, o.Wrong)
	}
	if _, err := started.Load().Wait(); err != nil {
		t.Fatal(err)
	}
	started.Store(nil)
	c.ByID = styled[uint32](style{take: func(int) int { return 0 }})
	if o, err := Run(t.Context(), j, []crawl.Contender{c}); err != nil || o.Wrong != "" {
		t.Errorf("it was waited for: %v, %q", err, o.Wrong)
	}
}

// Work that goes on after the crawls, in a goroutine that was there before them, is found; work that ends soon, as the
// runtime's does, is not.
func TestProcessorTimeAfterTheCrawlsIsFound(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 5}, nil))
	b, err := Open(j, contender.All())
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
			for begin := time.Now(); time.Since(begin) < test.works; web.Burn(1000) {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		b.others = bystanders{}
		b.others.note()
		v := b.others.quiet(b.site, shortWindow)
		for try := 0; try < 100 && test.found && v == nil; try++ { // others may have the processors
			v = b.others.quiet(b.site, shortWindow)
		}
		close(stop)
		<-ended
		if test.found && (len(v) != 1 || !strings.Contains(v[0], "of a processor was in use")) || !test.found && v != nil {
			t.Errorf("work of %v: %v", test.works, v)
		}
	}
}
