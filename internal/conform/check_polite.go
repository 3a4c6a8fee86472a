package conform

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
	"crawlbench/internal/simulate"
	"crawlbench/internal/web/hostlog"
)

// keys returns the kind of key of a subject.
func (c subject) keys() string {
	if c.ids {
		return "id"
	}
	return "url"
}

// siteOf builds the site of a situation.
func siteOf(t *Report, c subject, s simulate.Situation) *simulate.Site {
	t.Helper()
	s.Spec.Seed = 1
	site, err := simulate.Build(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	site.Workers = c.clamp(crawl.Options{Workers: s.Workers}).Workers
	return site
}

// politely crawls a site and fails the check unless the crawl is right. If busy is set, no worker may be idle
// without need, unless the crawler is Wasteful.
func politely(t *Report, c subject, site *simulate.Site, busy bool, change func(*crawl.Options)) simulate.Outcome {
	t.Helper()
	p := site.Policy
	where := fmt.Sprintf(" (%s, %d hosts, %d workers, gap %v, from the start: %v, %d per host)", site.Spec.Kind,
		site.Spec.Hosts, site.Workers, p.Gap, p.FromStart, p.Width())
	*t.doing = where
	var watched watchedOptions
	out := simulate.Crawl(context.Background(), c.crawler, c.keys(), site, func(o *crawl.Options) {
		if change != nil {
			change(o)
		}
		watched.watch(o)
	})
	synctest.Wait()
	if out.Err != nil {
		t.Fatalf("it returned the error %v%s", out.Err, where)
	}
	for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, watched.budget == 0) {
		t.Errorf("%v%s", f, where)
	}
	for _, fault := range watched.faults(out) {
		t.Errorf("%s%s", fault, where)
	}
	fetches, failed := 0, 0
	for _, e := range out.Log {
		if !e.Robots && !e.Refused {
			fetches++
			if f := site.Situation.Fails; f != nil && f(e.Page) {
				failed++
			}
		}
	}
	// A page that its host refused to the end is a failed fetch too; only slowdown has those.
	if did := out.Result; site.Refuses == nil && (did.Pages != fetches || did.Errors != failed) {
		t.Errorf("it returned %d pages and %d errors, want %d and %d%s", did.Pages, did.Errors, fetches, failed, where)
	}
	if idle := hostlog.Idle(&site.Site, site.Rules(), out.Log); busy && !c.crawler.Wasteful && idle > 0 {
		t.Errorf("workers were idle for %v in which a host could have been asked%s", idle, where)
	}
	if t.Failed() {
		t.FailNow()
	}
	*t.doing = ""
	return out
}

const (
	politeGap     = time.Second
	politeLatency = 60 * time.Millisecond
)

// flat is a situation with equal hosts and a gap.
func flat(pages, hosts, workers int) simulate.Situation {
	return simulate.Situation{Spec: graph.Spec{Kind: "flat", Pages: pages, Hosts: hosts}, Workers: workers,
		Median: politeLatency, Sigma: 1, Policy: crawl.Politeness{Gap: politeGap}}
}

func gap(t *Report, c subject) {
	for _, workers := range []int{1, 3, 64} {
		for _, latency := range []time.Duration{time.Millisecond, politeLatency, 3 * time.Second} {
			for _, kind := range []string{"even", "zipf", "flat"} {
				s := flat(120, 12, workers)
				s.Spec.Kind, s.Median = kind, latency
				politely(t, c, siteOf(t, c, s), false, nil)
				s.Fails = func(page uint32) bool { return page%3 == 2 }
				politely(t, c, siteOf(t, c, s), false, nil)
			}
		}
	}
}

func fromStart(t *Report, c subject) {
	for _, latency := range []time.Duration{politeLatency, 3 * time.Second} {
		s := flat(60, 6, 30)
		s.Median, s.Policy.FromStart = latency, true
		politely(t, c, siteOf(t, c, s), true, nil)
		s.Policy.PerHost = 3
		politely(t, c, siteOf(t, c, s), true, nil)
	}
}

// late has more hosts that are ready than workers, for some of the time and always, and a limiter that lets fetches
// of hosts that are ready wait.
func late(t *Report, c subject) {
	for _, start := range []bool{false, true} {
		for _, hosts := range []int{30, 80} {
			s := flat(10*hosts, hosts, 4)
			s.AllSeeded, s.Policy.FromStart = true, start
			politely(t, c, siteOf(t, c, s), false, nil)
		}
		for _, width := range []int{1, 2} {
			for _, latency := range []time.Duration{politeLatency, 3 * politeGap} {
				s := flat(60, 6, 30)
				s.Median, s.Policy.FromStart, s.Policy.PerHost = latency, start, width
				limit := func(o *crawl.Options) { o.Limiter = limiter.New("bucket", 4, 2) }
				politely(t, c, siteOf(t, c, s), false, limit)
				politely(t, c, siteOf(t, c, s), false, func(o *crawl.Options) { o.MaxPages = 20 })
			}
		}
	}
}

func pingPong(t *Report, c subject) {
	for _, hosts := range []int{2, 3, 15} {
		s := flat(60, hosts, 4)
		s.Spec.Kind, s.Sigma = "pingpong", 0
		politely(t, c, siteOf(t, c, s), false, nil)
	}
}

func places(t *Report, c subject) {
	for _, width := range []int{2, 3} {
		for _, gap := range []time.Duration{0, politeGap} {
			s := flat(120, 4, 20)
			s.Policy.Gap, s.Policy.PerHost = gap, width
			politely(t, c, siteOf(t, c, s), true, nil)
			if gap == 0 { // enough failures to use up the places of each host
				s.Fails = func(page uint32) bool { return page%3 == 2 }
				politely(t, c, siteOf(t, c, s), true, nil)
				s.Fails = nil
			}
		}
	}
}

// slowDown makes hosts ask for pauses.
func slowDown(t *Report, c subject) {
	const pause = 20 * time.Second
	s := flat(60, 6, 8)
	for _, rest := range []time.Duration{pause, 0} {
		for _, width := range []int{1, 2} {
			s.Policy.PerHost = width
			s.Refuses = func(page uint32, nth int) (time.Duration, bool) { return rest, page%7 == 3 && nth < 3 }
			out := politely(t, c, siteOf(t, c, s), true, nil)
			if out.Result.Pages != 60 || out.Result.Errors != 0 {
				t.Fatalf("hosts refused pages once or twice, and it returned %+v, want 60 pages without errors", out.Result)
			}
		}
	}
	// Each attempt waits on the limiter, and a refused one costs no budget.
	politely(t, c, siteOf(t, c, s), false, func(o *crawl.Options) {
		o.Limiter, o.MaxPages = limiter.New("bucket", 2, 2), 50
	})
	// One page is refused for ever, with a pause that is longer than what the policy admits.
	s.Policy = crawl.Politeness{Gap: politeGap, MaxDelay: time.Minute, Attempts: 4}
	asked := 0
	s.Refuses = func(page uint32, _ int) (time.Duration, bool) {
		if page == 5 {
			asked++
		}
		return 1000 * time.Hour, page == 5 && asked < 20
	}
	site := siteOf(t, c, s)
	out := politely(t, c, site, true, nil)
	if out.Result.Pages != 60 || out.Result.Errors != 1 || asked != 4 {
		t.Fatalf("a host refused a page for ever, and it returned %+v after %d attempts, want 60 pages and 1 error after 4",
			out.Result, asked)
	}
}

// robots gives hosts a robots.txt, with a Crawl-delay of up to three years and pages that are forbidden.
func robots(t *Report, c subject) {
	for _, width := range []int{1, 2} {
		s := flat(60, 6, 8)
		s.Policy = crawl.Politeness{Gap: politeGap, PerHost: width, Robots: true, CrawlDelay: true,
			MaxDelay: time.Minute}
		s.Robots = func(host uint32) time.Duration {
			return []time.Duration{0, politeGap / 2, 3 * time.Second, 1e8 * time.Second}[host%4]
		}
		s.Forbids = func(page uint32) bool { return page%10 == 7 }
		politely(t, c, siteOf(t, c, s), true, nil)
		politely(t, c, siteOf(t, c, s), false, func(o *crawl.Options) { o.MaxPages = 60 - 6 })
		politely(t, c, siteOf(t, c, s), false, func(o *crawl.Options) { o.Limiter = limiter.New("paced", 2, 1) })
		// Whoever cannot read a robots.txt must assume that it forbids everything (RFC 9309, 2.3.1.4).
		s.RobotsFails = func(host uint32) bool { return host%3 == 2 }
		politely(t, c, siteOf(t, c, s), false, nil)
	}
}

// hostKey writes the hosts of URLs in different ways, and lets two hosts share a server.
func hostKey(t *Report, c subject) {
	if c.ids {
		return
	}
	s := flat(60, 6, 20)
	s.Spelled = true
	politely(t, c, siteOf(t, c, s), true, nil)
	s.Policy.Server = func(host string) string {
		number, _ := strconv.Atoi(strings.TrimFunc(host, func(r rune) bool { return r < '0' || r > '9' }))
		return fmt.Sprint("server ", number/2)
	}
	site := siteOf(t, c, s)
	for p := range site.Host {
		site.Host[p] /= 2
	}
	politely(t, c, site, true, nil)
}

// hurry cancels crawls while they do nothing but wait for a host.
func hurry(t *Report, c subject) {
	const long = 100 * time.Second
	for _, workers := range []int{1, 4} {
		for _, pause := range []bool{false, true} {
			for _, start := range []bool{false, true} {
				s := flat(20, 1, workers)
				s.Sigma, s.Policy = 0, crawl.Politeness{Gap: long, FromStart: start}
				if pause {
					s.Policy.Gap = politeGap
					s.Refuses = func(uint32, int) (time.Duration, bool) { return long, true }
				}
				site := siteOf(t, c, s)
				const at = 7 * time.Second
				ctx, stop := context.WithTimeout(context.Background(), at)
				out := simulate.Crawl(ctx, c.crawler, c.keys(), site, nil)
				stop()
				if out.Err != context.DeadlineExceeded || out.Took != at {
					t.Fatalf("with a deadline after %v, in a gap or pause of %v, it returned %v after %v, want %v after %v",
						at, long, out.Err, out.Took, context.DeadlineExceeded, at)
				}
				if want := (crawl.Result{Pages: len(out.Log)}); !pause && out.Result != want {
					t.Fatalf("with a deadline after %v, in a gap of %v, it returned %+v, want %+v", at, long, out.Result, want)
				}
				synctest.Wait()
				time.Sleep(long)
			}
		}
	}
}

// forget measures the memory of a crawl that goes from host to host.
func forget(t *Report, c subject) {
	const hosts, early, late, most = 3000, 500, 2900, 4 << 10
	var first, last runtime.MemStats
	s := simulate.Situation{
		Spec: graph.Spec{Kind: "pingpong", Pages: hosts, Hosts: hosts}, Workers: 2, Median: time.Second,
		Policy: crawl.Politeness{Gap: politeGap},
		Fails: func(page uint32) bool {
			switch page {
			case early:
				runtime.GC()
				runtime.ReadMemStats(&first)
			case late:
				runtime.GC()
				runtime.ReadMemStats(&last)
			}
			return false
		},
	}
	site := siteOf(t, c, s)
	out := simulate.Crawl(context.Background(), c.crawler, c.keys(), site, nil)
	if out.Err != nil || out.Result.Pages != hosts {
		t.Fatalf("it returned %+v and the error %v, want %d pages", out.Result, out.Err, hosts)
	}
	used := func(m runtime.MemStats) int64 { return int64(m.HeapAlloc + m.StackInuse) }
	if each := (used(last) - used(first)) / (late - early); each > most {
		t.Fatalf("it uses %d bytes for each host whose pages are done, want at most %d", each, most)
	}
}

func unforced(t *Report, c subject) {
	shapes := []simulate.Situation{
		{Spec: graph.Spec{Kind: "even", Pages: 900, Hosts: 30}, Workers: 16},
		{Spec: graph.Spec{Kind: "zipf", Pages: 900, Hosts: 90}, Workers: 16},
		{Spec: graph.Spec{Kind: "giant", Pages: 600, Hosts: 60}, Workers: 8, Largest: 5 * time.Second},
		{Spec: graph.Spec{Kind: "flat", Pages: 1500, Hosts: 300}, Workers: 16, AllSeeded: true},
		{Spec: graph.Spec{Kind: "wide", Pages: 800, Hosts: 400}, Workers: 8},
	}
	for _, s := range shapes {
		s.Median, s.Sigma, s.Policy = politeLatency, 1, crawl.Politeness{Gap: politeGap}
		politely(t, c, siteOf(t, c, s), true, nil)
	}
}
