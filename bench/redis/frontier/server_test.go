package frontier_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crawlbench/bench/redis/frontier"
	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
	"crawlbench/internal/crawl"
)

// counted is a site that counts how often each page is fetched.
type counted struct {
	web
	latency time.Duration
	after   func(fetches int) // called after each fetch

	mu    sync.Mutex
	times []int
	sum   int
}

func (c *counted) Fetch(_ context.Context, page uint32) ([]uint32, error) {
	time.Sleep(c.latency)
	c.mu.Lock()
	c.times[page]++
	c.sum++
	sum := c.sum
	c.mu.Unlock()
	if c.after != nil {
		c.after(sum)
	}
	return c.web[page], nil
}

type byURL struct{ *counted }

func (c byURL) Fetch(ctx context.Context, url string) ([]string, error) {
	page, err := strconv.Atoi(url[strings.LastIndexByte(url, '/')+1:])
	if err != nil {
		return nil, err
	}
	links, err := c.counted.Fetch(ctx, uint32(page))
	var list []string
	for _, l := range links {
		list = append(list, urlOf(l))
	}
	return list, err
}

func urlOf(page uint32) string {
	return fmt.Sprintf("https://www.h%d.example/a/%d", hostOf(page), page)
}

// small returns a site of few pages.
func small(latency time.Duration) *counted {
	const n = 3000
	w := make(web, n)
	for p := range w {
		for i := range 6 {
			w[p] = append(w[p], uint32((p*7+i*i*31+1)%n), uint32((p+1)%n))
		}
	}
	return &counted{web: w, latency: latency, times: make([]int, n)}
}

// fleet crawls with 4 processes and returns their errors.
func fleet(t *testing.T, c crawl.Crawler, url string, site *counted, urls bool, lease time.Duration) (errs []error) {
	const processes = 4
	var values []int64
	for _, p := range c.Params {
		if values = append(values, p.Default); p.Name == "lease" && lease > 0 {
			values[len(values)-1] = int64(lease)
		}
	}
	id, text := c.With(values)
	errs = make([]error, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			o := crawl.Options{Workers: 4, Politeness: &crawl.Politeness{HostOf: hostOf, PerHost: 8},
				Fleet: &crawl.Fleet{Index: i, Processes: processes, Server: url, Name: "t"}}
			if urls {
				_, errs[i] = text(t.Context(), byURL{site}, []string{urlOf(0)}, o)
			} else {
				_, errs[i] = id(t.Context(), site, []uint32{0}, o)
			}
		})
	}
	all.Wait()
	return errs
}

// Crawls are complete on a real server, by id and by URL, and leave nothing there that stays.
func TestCrawlsOnARealServer(t *testing.T) {
	s := servertest.Start(t, server.Options{})
	for _, c := range frontier.Crawlers() {
		for _, urls := range []bool{false, true} {
			site := small(0)
			for i, err := range fleet(t, c, s.URL(), site, urls, 0) {
				if err != nil {
					t.Errorf("%s, urls %v: process %d: %v", c.Name, urls, i, err)
				}
			}
			if i := slices.IndexFunc(site.times, func(n int) bool { return n != 1 }); i >= 0 {
				t.Errorf("%s, urls %v: page %d was fetched %d times", c.Name, urls, i, site.times[i])
			}
			client := client(t, s.URL())
			keys, err := client.Keys(t.Context(), "*").Result()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				if ttl := client.TTL(t.Context(), key).Val(); ttl < 0 || ttl > time.Hour {
					t.Errorf("%s: the key %s stays for %v", c.Name, key, ttl)
				}
			}
			if err := s.Forget("t"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// All processes fail and say why when the server forgets the crawl.
func TestARealServerForgets(t *testing.T) {
	s := servertest.Start(t, server.Options{})
	flusher := client(t, s.URL())
	for _, c := range frontier.Crawlers() {
		site := small(time.Millisecond)
		site.after = func(n int) {
			if n == 1000 {
				flusher.FlushAll(context.Background())
			}
		}
		for i, err := range fleet(t, c, s.URL(), site, false, time.Second) {
			if err == nil || !strings.Contains(err.Error(), "the server no longer has the crawl") &&
				!strings.Contains(err.Error(), "has failed") {
				t.Errorf("%s: process %d: %v", c.Name, i, err)
			}
		}
		if err := s.Forget("t"); err != nil {
			t.Fatal(err)
		}
	}
}

// Those that survive a server that is killed and started again do so, and lose no page.
func TestARealServerIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, c := range frontier.Crawlers() {
		s := servertest.Start(t, server.Options{AOF: server.EverySec})
		site := small(time.Millisecond)
		var restart sync.WaitGroup
		killed := make(chan struct{})
		site.after = func(n int) {
			if n == 1500 {
				restart.Go(func() {
					if err := s.Kill(); err != nil {
						t.Error(err)
					}
					close(killed)
					if err := s.Restart(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			if n >= 1500 { // else a crawl may end before its server does
				<-killed
			}
		}
		errs := fleet(t, c, s.URL(), site, false, 2*time.Second)
		restart.Wait()
		if c.Name == "redisset" || c.Name == "redislua" {
			if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
				t.Errorf("%s does not say that the server died", c.Name)
			}
			continue
		}
		for i, err := range errs {
			if err != nil && !strings.Contains(err.Error(), "no longer has the crawl") { // within a second of its start
				t.Errorf("%s: process %d: %v", c.Name, i, err)
			}
		}
		if lost := slices.Index(site.times, 0); lost >= 0 && errs[0] == nil {
			t.Errorf("%s: page %d was never fetched", c.Name, lost)
		}
	}
}
