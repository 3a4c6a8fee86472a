package server_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
)

// slow is a behaviour in which fetches overlap.
var slow = graph.Behaviour{Seed: 1,
	Latency: graph.Latency{Model: "lognormal", Median: 50 * time.Millisecond, Sigma: 0.5}}

// TestRightCrawlersAreVerified crawls with all shares, by the header Host and by proxy.
func TestRightCrawlersAreVerified(t *testing.T) {
	shares := server.DefaultShares()
	if err := shares.Set("slow=0.1,utf16=0.1,redirects=0.2,refusals=0.1,forbidden=0.3,odd=0.2"); err != nil {
		t.Fatal(err)
	}
	g := build(t, 300, 10)
	failing := slow
	failing.Fail = 0.03
	for _, byProxy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := site(t, g, failing, server.Settings{Shares: shares, Workers: 5})
			c := crawler{client: over(t, s, byProxy), workers: 5, robots: true, gzip: byProxy}
			pages := c.crawl(t, s.SeedURL())
			v := s.Verdict()
			if !v.OK || v.Found != v.Pages || v.Served != v.Pages || v.Failed == 0 || pages != v.Found-v.Failed {
				t.Errorf("%d pages: %+v", pages, v)
			}
			if v.InFlight != 5 || v.AtHost < 2 || v.AtHost > 5 || v.Redirects == 0 || v.Refused == 0 || v.Pages >= 300 {
				t.Errorf("%+v", v)
			}
			first := v
			s.Reset()
			c.crawl(t, s.SeedURL())
			if v := s.Verdict(); !v.OK || v.Served != first.Served {
				t.Errorf("the second crawl: %+v, the first: %+v", v, first)
			}
		})
	}
}

// TestWrongCrawlersAreNamed plants one fault in each crawler.
func TestWrongCrawlersAreNamed(t *testing.T) {
	g := build(t, 300, 6)
	lost := g.Links[len(g.Links)/2]
	drop := func(name string) func(string, []byte) []string {
		return func(page string, body []byte) (links []string) {
			for _, l := range extract(page, body) {
				if l != name {
					links = append(links, l)
				}
			}
			return links
		}
	}
	policy := &crawl.Politeness{Gap: time.Second}
	for name, c := range map[string]struct {
		shares  string
		set     server.Settings
		crawler func(s *server.Site) crawler
		says    func(v server.Verdict) bool
	}{
		"misses a page": {"", server.Settings{}, func(s *server.Site) crawler {
			return crawler{links: drop(s.URL(lost))}
		}, func(v server.Verdict) bool {
			return v.Missed.Count >= 1 && v.Twice.Count+v.Unknown.Count+v.Unlinked.Count == 0 && len(v.Links) == 1 &&
				v.Missed.First[0] == v.Links[0].To && v.Links[0].Tag == `<a href="`+v.Links[0].To+`">`
		}},
		"ignores the base": {"base=0.3,relative=1", server.Settings{}, func(s *server.Site) crawler {
			return crawler{links: func(page string, body []byte) []string {
				return extracted(page, body, false, false)
			}}
		}, func(v server.Verdict) bool { return v.Unknown.Count > 0 }},
		"finds links with a regular expression": {"decoys=0.5", server.Settings{}, func(s *server.Site) crawler {
			return crawler{links: matched}
		}, func(v server.Verdict) bool {
			return v.Unknown.Count == 6*3 && v.Missed.Count == 0 && strings.Contains(v.Unknown.First[0], ".example/-/")
		}},
		"does not decode character references": {"odd=1", server.Settings{}, func(s *server.Site) crawler {
			return crawler{links: func(page string, body []byte) []string {
				return extract(page, []byte(strings.ReplaceAll(string(body), "&", "&amp;")))
			}}
		}, func(v server.Verdict) bool { return v.Missed.Count > 0 || v.Unknown.Count > 0 }},
		"drops pages for nofollow": {"duplicates=0.4,nofollow=0.5", server.Settings{}, func(s *server.Site) crawler {
			dropped := map[string]bool{}
			return crawler{workers: 1, links: func(page string, body []byte) (links []string) {
				for _, m := range anchors.FindAllStringSubmatch(string(body), -1) {
					if strings.Contains(string(body), m[0]+` rel="nofollow"`) {
						dropped[m[1]] = true
					}
				}
				for _, l := range extract(page, body) {
					if !dropped[l] {
						links = append(links, l)
					}
				}
				return links
			}}
		}, func(v server.Verdict) bool { return v.Missed.Count > 0 && v.Unknown.Count == 0 }},
		"keeps fragments": {"duplicates=0.5,fragments=0.5", server.Settings{}, func(s *server.Site) crawler {
			return crawler{links: func(page string, body []byte) []string { return extracted(page, body, true, true) }}
		}, func(v server.Verdict) bool { return v.Twice.Count > 0 && v.Missed.Count == 0 }},
		"fetches the seed twice": {"", server.Settings{}, func(s *server.Site) crawler {
			return crawler{seeds: []string{strings.Replace(s.SeedURL(), "www", "WWW", 1)}}
		}, func(v server.Verdict) bool { return v.Twice.Count == 1 && v.Missed.Count == 0 }},
		"does not follow redirects": {"redirects=0.2", server.Settings{}, func(s *server.Site) crawler {
			return crawler{noRedirect: true}
		}, func(v server.Verdict) bool { return v.Missed.Count > 0 && v.Redirects > 0 }},
		"does not ask again": {"refusals=0.2", server.Settings{}, func(s *server.Site) crawler {
			return crawler{noRetry: true}
		}, func(v server.Verdict) bool { return v.Missed.Count >= v.Refused && v.Refused > 0 }},
		"ignores robots.txt": {"forbidden=1", server.Settings{}, func(s *server.Site) crawler {
			return crawler{}
		}, func(v server.Verdict) bool { return v.Forbidden.Count > 0 && v.Robots == 0 }},
		"guesses pages": {"", server.Settings{}, func(s *server.Site) crawler {
			return crawler{seeds: []string{s.URL(uint32(g.Pages() - 1))}}
		}, func(v server.Verdict) bool { return v.Unlinked.Count == 1 && v.Missed.Count == 0 }},
		"has too many workers": {"", server.Settings{Workers: 4}, func(s *server.Site) crawler {
			return crawler{workers: 5}
		}, func(v server.Verdict) bool { return v.InFlight == 5 && strings.HasPrefix(v.Faults[0], "workers: ") }},
		"breaks the gap": {"", server.Settings{Policy: policy}, func(s *server.Site) crawler {
			return crawler{workers: 1, gap: 999 * time.Millisecond}
		}, func(v server.Verdict) bool {
			return strings.HasPrefix(v.Faults[0], "gap: ") && v.Gap == 999*time.Millisecond && v.Found == v.Pages
		}},
		"ignores Crawl-delay": {"", server.Settings{CrawlDelay: time.Second,
			Policy: &crawl.Politeness{CrawlDelay: true, PerHost: 5}}, func(s *server.Site) crawler {
			return crawler{robots: true, workers: 2}
		}, func(v server.Verdict) bool { return strings.HasPrefix(v.Faults[0], "gap: ") && v.Robots > 0 }},
		"has two fetches at a host": {"", server.Settings{Policy: &crawl.Politeness{}}, func(s *server.Site) crawler {
			return crawler{workers: 2}
		}, func(v server.Verdict) bool { return v.AtHost == 2 && strings.HasPrefix(v.Faults[0], "places: ") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.set.Shares = only(t, c.shares)
				s := site(t, g, slow, c.set)
				wrong := c.crawler(s)
				wrong.client = over(t, s, true)
				if wrong.workers == 0 {
					wrong.workers = 3
				}
				wrong.crawl(t, s.SeedURL())
				if v := s.Verdict(); v.OK || !c.says(v) {
					t.Errorf("%+v", v)
				}
			})
		})
	}
}

// TestPoliteCrawlersAreVerified is the twin of those above that break a rule.
func TestPoliteCrawlersAreVerified(t *testing.T) {
	g := build(t, 100, 5)
	for _, set := range []server.Settings{
		{Policy: &crawl.Politeness{Gap: time.Second}, Workers: 1},
		{Policy: &crawl.Politeness{CrawlDelay: true}, CrawlDelay: time.Second},
		{Policy: &crawl.Politeness{Gap: time.Second, Robots: true}, Shares: only(t, "forbidden=0.5,refusals=0.2")},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := site(t, g, slow, set)
			c := crawler{client: over(t, s, true), workers: 1, gap: time.Second, robots: set.Workers == 0}
			c.crawl(t, s.SeedURL())
			if v := s.Verdict(); !v.OK || v.Gap != time.Second || v.AtHost != 1 || v.Interval <= v.Gap {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestARedirectFollowedTwiceIsNamed(t *testing.T) {
	g := build(t, 50, 2)
	s := site(t, g, instant, server.Settings{Shares: only(t, "redirects=1")})
	var moved string
	for p := range uint32(g.Pages()) {
		if s.Linked(p) != s.URL(p) {
			moved = s.Linked(p)
		}
	}
	ask(s, "GET", moved)
	if v := s.Verdict(); v.Twice.Count != 0 {
		t.Errorf("%+v", v)
	}
	ask(s, "GET", moved)
	if v := s.Verdict(); v.Twice.Count != 1 || v.Twice.First[0] != moved {
		t.Errorf("%+v", v)
	}
}

func TestAClientThatDoesNotWaitGotNoPage(t *testing.T) {
	g := build(t, 50, 2)
	synctest.Test(t, func(t *testing.T) {
		s := site(t, g, graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Second}},
			server.Settings{Shares: only(t, "slow=1")})
		client := over(t, s, false)
		client.Timeout = 500 * time.Millisecond // before the head
		if _, err := client.Get(s.SeedURL()); err == nil {
			t.Error("want a time-out")
		}
		time.Sleep(time.Second)
		if v := s.Verdict(); v.Aborted != 1 || v.Served != 0 || v.Found != 0 || v.Took != 500*time.Millisecond {
			t.Errorf("%+v", v)
		}
		client.Timeout = 1050 * time.Millisecond // within the body
		if resp, err := client.Get(s.SeedURL()); err == nil {
			resp.Body.Read(make([]byte, 1))
			time.Sleep(200 * time.Millisecond)
			resp.Body.Close()
		}
		time.Sleep(time.Second)
		if v := s.Verdict(); v.Aborted != 2 || v.Served != 0 {
			t.Errorf("%+v", v)
		}
	})
}

// A client that gives up may ask for the next page before the site sees that it has. One that does not is the twin.
func TestAClientThatGaveUpMayGoOn(t *testing.T) {
	g := build(t, 50, 2)
	for _, gives := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := site(t, g, graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Second}},
				server.Settings{Workers: 1, Policy: &crawl.Politeness{}})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var all sync.WaitGroup
			all.Go(func() {
				s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", s.SeedURL(), nil).WithContext(ctx))
			})
			time.Sleep(500 * time.Millisecond)
			all.Go(func() { ask(s, "GET", s.SeedURL()) })
			time.Sleep(time.Millisecond)
			if gives {
				stop()
			}
			all.Wait()
			if v := s.Verdict(); gives != (len(v.Faults) == 0) || gives != (v.Aborted == 1) {
				t.Errorf("it gives up: %v: %+v", gives, v)
			}
		})
	}
}

func TestWaitIdle(t *testing.T) {
	g := build(t, 50, 2)
	synctest.Test(t, func(t *testing.T) {
		nine := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: 9 * time.Second}}
		s := site(t, g, nine, server.Settings{})
		client := over(t, s, false)
		begin := time.Now()
		go func() {
			time.Sleep(20 * time.Second)
			for range 2 {
				get(t, client, s.SeedURL(), false)
				time.Sleep(2 * time.Second)
			}
		}()
		if err := s.WaitIdle(t.Context(), time.Time{}, 3*time.Second); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != (20+9+2+9+3)*time.Second {
			t.Errorf("it was idle after %v, want 43s", took)
		}
	})
	for first, want := range map[time.Duration]time.Duration{
		2 * time.Second: (2 + 9 + 3) * time.Second, 4 * time.Second: 3 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			nine := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: 9 * time.Second}}
			s := site(t, g, nine, server.Settings{})
			client := over(t, s, false)
			begin := time.Now()
			go func() {
				time.Sleep(first)
				get(t, client, s.SeedURL(), false)
			}()
			err := s.WaitIdle(t.Context(), begin, 3*time.Second)
			if took := time.Since(begin); err != nil || took != want {
				t.Errorf("with a request after %v, it was idle after %v, %v: want %v", first, took, err, want)
			}
			time.Sleep(time.Minute) // until the request is answered
		})
	}
}
