package conform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/bench/redis/frontier"
	"crawlbench/internal/crawl"
)

// Subject is a crawler to be checked.
type Subject struct {
	Name string
	// Edit and Hook break it, see frontier.Settings.
	Edit func(script, text string) string
	Hook func() redis.Hook
}

// durable reports whether the crawler survives the death of a process.
func (s Subject) durable() bool { return s.Name == "redislease" || s.Name == "redisshards" }

const (
	lease  = time.Second // of all crawlers that are checked
	batch  = 4
	shards = 8
)

// crawler returns the crawler for a process.
func (s Subject) crawler(settings frontier.Settings) (crawl.Func[uint32], crawl.Func[string]) {
	settings.Edit = s.Edit
	if s.Hook != nil {
		settings.Hook = s.Hook()
	}
	all := settings.Crawlers()
	c := all[slices.IndexFunc(all, func(c crawl.Crawler) bool { return c.Name == s.Name })]
	var values []int64
	for _, p := range c.Params {
		values = append(values, map[string]int64{"lease": int64(lease), "batch": batch, "shards": shards}[p.Name])
	}
	return c.With(values)
}

// fleet is a crawl by several processes, which are groups of goroutines here, with clients of their own.
type fleet struct {
	subject   Subject
	urls      bool
	server    *server
	site      *site
	options   crawl.Options // but for Fleet, of each process
	size      int           // Fleet.Processes
	processes []*process
	begin     time.Time
	faults    []string
}

// process is a process of a fleet.
type process struct {
	index  int
	cancel context.CancelFunc
	dead   atomic.Bool
	died   time.Time
	ended  chan struct{}

	mu     sync.Mutex
	frozen chan struct{} // closed when it thaws; nil if it is not frozen

	// when it has ended:
	did    crawl.Result
	err    error
	at     time.Time
	counts map[string]int
}

// thawed returns a channel that is closed when the process is not frozen.
func (p *process) thawed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
		close(p.frozen)
	}
	return p.frozen
}

// freeze lets nothing that the process sends arrive for a time, and then all of it.
func (p *process) freeze(d time.Duration) {
	frozen := make(chan struct{})
	p.mu.Lock()
	p.frozen = frozen
	p.mu.Unlock()
	time.Sleep(d)
	close(frozen)
}

// start starts a process.
func (f *fleet) start() *process {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{index: len(f.processes) % f.size, cancel: cancel, ended: make(chan struct{}),
		counts: map[string]int{}}
	f.processes = append(f.processes, p)
	id, url := f.subject.crawler(frontier.Settings{Dial: f.server.dial(p), Outage: 10 * time.Second})
	o := f.options
	o.Fleet = &crawl.Fleet{Index: p.index, Processes: f.size, Server: "redis://127.0.0.1:6379", Name: "test"}
	o.Count = func(name string, n int) { p.counts[name] += n }
	go func() {
		defer close(p.ended)
		if f.urls {
			p.did, p.err = url(ctx, byURL{f.site, p}, []string{f.site.url(0)}, o)
		} else {
			p.did, p.err = id(ctx, byID{f.site, p}, []uint32{0}, o)
		}
		p.at = time.Now()
		cancel()
	}()
	return p
}

// startAll starts all processes of a fleet.
func (f *fleet) startAll() {
	f.begin = time.Now()
	for range f.size {
		f.start()
	}
}

// crash ends a process as kill -9 would: the server sees its connections close, and nothing else.
func (f *fleet) crash(p *process) {
	p.dead.Store(true)
	p.died = time.Now()
	f.server.cut(p)
	p.cancel()
}

// fault records what is wrong.
func (f *fleet) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

// patience is the time after which a process counts as hanging.
const patience = 2 * time.Minute

// wait waits until all processes have ended, and ends those that hang.
func (f *fleet) wait() {
	limit := time.After(patience)
	for _, p := range f.processes {
		select {
		case <-p.ended:
		case <-limit:
			f.fault("hangs: process %d had not ended after %v", p.index, patience)
			for _, p := range f.processes {
				p.cancel()
			}
			for _, p := range f.processes {
				<-p.ended
			}
			return
		}
	}
}

// living are the processes that did not die.
func (f *fleet) living() (list []*process) {
	for _, p := range f.processes {
		if !p.dead.Load() {
			list = append(list, p)
		}
	}
	return list
}

// noErrors requires that no living process failed.
func (f *fleet) noErrors() {
	for _, p := range f.living() {
		if p.err != nil {
			f.fault("process %d failed: %v", p.index, p.err)
		}
	}
}

// completeness requires that each page was fetched, and returns how often.
func (f *fleet) completeness() map[int]int {
	times, lost := map[int]int{}, []int(nil)
	for _, x := range f.site.fetches {
		if !x.cut {
			times[x.page]++
		}
	}
	reachable := f.site.reachable()
	for page := range reachable {
		if times[page] == 0 {
			lost = append(lost, page)
		}
	}
	slices.Sort(lost)
	if len(lost) > 0 {
		f.fault("lost: %d pages were never fetched: %s", len(lost), some(lost))
	}
	for page := range times {
		if !reachable[page] {
			f.fault("page %d was fetched, and nobody links to it", page)
		}
	}
	return times
}

func some(pages []int) string {
	const most = 5
	text := strings.Trim(fmt.Sprint(pages[:min(most, len(pages))]), "[]")
	if len(pages) > most {
		text += " ..."
	}
	return text
}

// once requires that each page was fetched exactly once.
func (f *fleet) once() {
	var twice []int
	for page, n := range f.completeness() {
		if n > 1 {
			twice = append(twice, page)
		}
	}
	slices.Sort(twice)
	if len(twice) > 0 {
		f.fault("twice: %d pages were fetched twice though nobody died: %s", len(twice), some(twice))
	}
	pages, errors := 0, 0
	for _, p := range f.processes {
		pages += p.did.Pages
		errors += p.did.Errors
	}
	failed := 0
	for page := range f.site.reachable() {
		if f.site.fails != nil && f.site.fails(page) {
			failed++
		}
	}
	if pages != len(f.site.fetches) || errors != failed && len(f.faults) == 0 {
		f.fault("the results say %d pages and %d errors, want %d and %d", pages, errors, len(f.site.fetches), failed)
	}
}

// atLeastOnce requires that each page was fetched, and that those that were fetched more than once were held by one of
// some processes, which were dead or cut off, and no more than these may hold.
func (f *fleet) atLeastOnce(excused ...*process) {
	f.completeness()
	by := map[int][]*fetch{}
	for _, x := range f.site.fetches {
		by[x.page] = append(by[x.page], x)
	}
	held := map[*process]int{}
	var without []int
	for page, list := range by {
		if len(list) == 1 {
			continue
		}
		i := slices.IndexFunc(list, func(x *fetch) bool { return slices.Contains(excused, x.process) })
		if i < 0 {
			without = append(without, page)
			continue
		}
		held[list[i].process]++
	}
	slices.Sort(without)
	if len(without) > 0 {
		f.fault("twice: %d pages were fetched twice that no dead process held: %s", len(without), some(without))
	}
	most := 3*batch + f.options.Workers
	for p, n := range held {
		if n > most {
			f.fault("twice: %d pages were fetched again that process %d had fetched: it held at most %d", n, p.index,
				most)
		}
	}
}

// endedTogether requires that all living processes ended as soon as the last fetch did, give or take a time.
func (f *fleet) endedTogether(slack time.Duration) {
	var last time.Time
	for _, x := range f.site.fetches {
		if x.end.After(last) && !x.cut {
			last = x.end
		}
	}
	for _, p := range f.living() {
		switch late := p.at.Sub(last); {
		case late > slack:
			f.fault("late: process %d ended %v after the last fetch, want at most %v", p.index, late, slack)
		case late < 0 && p.err == nil:
			f.fault("early: process %d ended %v before the last fetch", p.index, -late)
		}
	}
}
