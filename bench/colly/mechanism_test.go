package collycrawler

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gocolly/colly/v2"
	"github.com/gocolly/colly/v2/queue"
	"github.com/gocolly/colly/v2/storage"

	"crawlbench/bench"
)

// The suite observes colly under random schedules. These tests control the schedule.

// memory is a web that counts its fetches. Each fetch calls wait, if not nil, which may take time.
type memory struct {
	links map[string][]string
	wait  func(url string)

	mu      sync.Mutex
	fetched map[string]int
}

func (m *memory) Fetch(_ context.Context, url string) ([]string, error) {
	m.mu.Lock()
	if m.fetched == nil {
		m.fetched = map[string]int{}
	}
	m.fetched[url]++
	m.mu.Unlock()
	if m.wait != nil {
		m.wait(url)
	}
	return m.links[url], nil
}

func url(n int) string { return fmt.Sprintf("https://h.example/%d", n) }

func urls(from, to int) []string {
	var list []string
	for n := from; n < to; n++ {
		list = append(list, url(n))
	}
	return list
}

// hesitant is a storage whose lookups take a second, like one behind a network.
type hesitant struct{ storage.Storage }

func (h hesitant) IsVisited(id uint64) (bool, error) {
	seen, err := h.Storage.IsVisited(id)
	time.Sleep(time.Second)
	return seen, err
}

// crawlBy runs a collector with the given storage, asynchronous or with a queue.
func crawlBy(t *testing.T, web bench.Web[string], store storage.Storage, byQueue bool, seeds []string,
	o bench.Options) bench.Result {
	t.Helper()
	c, s, crawl, end, err := collect(t.Context(), web, o)
	if err != nil {
		t.Fatal(err)
	}
	defer end(nil)
	if err := c.SetStorage(store); err != nil {
		t.Fatal(err)
	}
	c.DisableCookies()
	c.MaxRequests = uint32(o.MaxPages)
	var did bench.Result
	if byQueue {
		if err = drain(c, seeds, o, &queue.InMemoryQueueStorage{}); err == nil {
			did, err = s.result(crawl)
		}
	} else {
		did, err = visit(crawl, c, s, seeds)
	}
	if err != nil {
		t.Fatal(err)
	}
	return did
}

// Pages 1 and 2 arrive at the same instant, and both link to page 3.
func TestTwoLinksFoundAtOnceAreFetchedTwice(t *testing.T) {
	for name, one := range map[string]struct {
		store   func() storage.Storage
		byQueue bool
		want    int
	}{
		"colly":        {func() storage.Storage { return &storage.InMemoryStorage{} }, false, 2},
		"collyqueue":   {func() storage.Storage { return &storage.InMemoryStorage{} }, true, 2},
		"collyguarded": {func() storage.Storage { return &exact{} }, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				noon := time.Now().Add(time.Hour)
				web := &memory{links: map[string][]string{url(0): urls(1, 3), url(1): urls(3, 4), url(2): urls(3, 4)}}
				web.wait = func(u string) {
					if u == url(1) || u == url(2) {
						time.Sleep(time.Until(noon))
					}
				}
				crawlBy(t, web, hesitant{one.store()}, one.byQueue, urls(0, 1), bench.Options{Workers: 4})
				if n := web.fetched[url(3)]; n != one.want || len(web.fetched) != 4 {
					t.Errorf("page 3 was fetched %d times, want %d; all pages: %v", n, one.want, web.fetched)
				}
			})
		})
	}
}

// Five pages arrive at the same instant, when the budget has one page left, and each links to another page.
func TestLinksFoundAtOncePassTheBudgetTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := time.Now().Add(time.Hour)
		web := &memory{links: map[string][]string{url(0): urls(1, 6)}}
		for n := 1; n < 6; n++ {
			web.links[url(n)] = urls(n+5, n+6)
		}
		web.wait = func(u string) {
			if web.links[u] != nil && u != url(0) {
				time.Sleep(time.Until(noon))
			}
		}
		did := crawlBy(t, web, hesitant{&storage.InMemoryStorage{}}, false, urls(0, 1),
			bench.Options{Workers: 8, MaxPages: 7})
		if did.Pages != 11 {
			t.Errorf("with a MaxRequests of 7 it fetched %d pages, want 11", did.Pages)
		}
		web.fetched = nil
		noon = time.Now().Add(time.Hour)
		did, err := guarded(t.Context(), web, urls(0, 1), bench.Options{Workers: 8, MaxPages: 7})
		if did.Pages != 7 || err != nil {
			t.Errorf("guarded, it fetched %d pages of 7, error %v", did.Pages, err)
		}
	})
}

// A request of the queue is counted when it is made, when it is taken from the list, and again when it is sent.
func TestQueueSpendsTheBudgetOnRequestsNotSent(t *testing.T) {
	for budget, want := range map[int]int{1: 0, 2: 1, 11: 1, 0: 11} {
		synctest.Test(t, func(t *testing.T) {
			web := &memory{links: map[string][]string{url(0): urls(1, 11)}}
			did, err := queued(t.Context(), web, urls(0, 1), bench.Options{Workers: 1, MaxPages: budget})
			if did.Pages != want || err != nil {
				t.Errorf("with a MaxRequests of %d it fetched %d pages, want %d; error %v", budget, did.Pages, want,
					err)
			}
		})
	}
}

// A page links to a thousand others, and there is one worker.
func TestAGoroutineForEveryURLFound(t *testing.T) {
	const leaves = 1000
	for _, c := range Crawlers() {
		want := leaves
		if c.Name == "collyqueue" {
			want = 2 // the worker and the queue's loop
		}
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				most, stacks := 0, make([]byte, 4<<20)
				web := &memory{links: map[string][]string{url(0): urls(1, 1+leaves)}}
				web.wait = func(u string) {
					time.Sleep(time.Second) // it ends when all other goroutines wait
					if u != url(0) && most == 0 {
						most = bytes.Count(stacks[:runtime.Stack(stacks, true)],
							[]byte("created by github.com/gocolly/colly/"))
					}
				}
				if _, err := c.ByURL(t.Context(), web, urls(0, 1), bench.Options{Workers: 1}); err != nil {
					t.Fatal(err)
				}
				if most != want {
					t.Errorf("%d goroutines at once, want %d", most, want)
				}
			})
		})
	}
}

// counting counts the requests added to a list.
type counting struct {
	queue.InMemoryQueueStorage
	added int
}

func (c *counting) AddRequest(r []byte) error {
	c.added++
	return c.InMemoryQueueStorage.AddRequest(r)
}

// Of n pages that all link to each other, the i-th fetched page adds the n-i pages that were not fetched yet.
func TestQueueHoldsLinksNotPages(t *testing.T) { synctest.Test(t, queueHoldsLinksNotPages) }

func queueHoldsLinksNotPages(t *testing.T) {
	const pages = 50
	web := &memory{links: map[string][]string{}}
	for n := range pages {
		web.links[url(n)] = urls(0, pages)
	}
	o := bench.Options{Workers: 1}
	c, s, _, end, err := collect(t.Context(), web, o)
	if err != nil {
		t.Fatal(err)
	}
	defer end(nil)
	list := &counting{}
	if err := drain(c, urls(0, 1), o, list); err != nil {
		t.Fatal(err)
	}
	if want := 1 + pages*(pages-1)/2; list.added != want || s.pages.Load() != pages {
		t.Errorf("%d pages were fetched and %d requests queued, want %d and %d", s.pages.Load(), list.added, pages,
			want)
	}
}

// Page 0 takes a second and links to page 2, while page 1 takes an hour. A thread is free for page 2.
func TestAddURLDoesNotWakeTheQueue(t *testing.T) {
	for add, want := range map[string]time.Duration{"AddURL": time.Hour, "AddRequest": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			web := &memory{links: map[string][]string{url(0): urls(2, 3)}}
			began, came := time.Now(), time.Duration(0)
			web.wait = func(u string) {
				switch u {
				case url(0):
					time.Sleep(time.Second)
				case url(1):
					time.Sleep(time.Hour)
				case url(2):
					came = time.Since(began)
				}
			}
			c, _, _, end, err := collect(t.Context(), web, bench.Options{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer end(nil)
			if add == "AddRequest" {
				err = drain(c, urls(0, 2), bench.Options{Workers: 2}, &queue.InMemoryQueueStorage{})
			} else {
				q, _ := queue.New(2, nil)
				c.OnHTML("a[href]", func(a *colly.HTMLElement) { _ = q.AddURL(a.Attr("href")) })
				_, _ = q.AddURL(url(0)), q.AddURL(url(1))
				err = q.Run(c)
			}
			if came != want || err != nil {
				t.Errorf("%s: page 2 was fetched after %v, want %v; error %v", add, came, want, err)
			}
		})
	}
}

// Colly uses URLs in its parser's form.
func TestURLsAreNormalised(t *testing.T) {
	for given, fetched := range map[string]string{
		"https://h.example":       "https://h.example/",
		"https://H.example/a/../": "https://h.example/",
		"https://h.example/a b":   "https://h.example/a%20b",
		"https://h.example/a%20b": "https://h.example/a%20b",
		"https://h.example/a?q=1": "https://h.example/a?q=1",
	} {
		web := &memory{}
		if _, err := Crawler().ByURL(t.Context(), web, []string{given}, bench.Options{}); err != nil ||
			web.fetched[fetched] != 1 {
			t.Errorf("seed %s: fetched %v, want %s; error %v", given, web.fetched, fetched, err)
		}
	}
	_, err := Crawler().ByURL(t.Context(), &memory{}, []string{"/relative"}, bench.Options{})
	if err == nil {
		t.Error("an invalid seed URL gives no error")
	}
}

// Ten pages and one worker, which is released before the callbacks of a page run.
func TestCallbacksHaveNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &memory{links: map[string][]string{}}
		for n := range 10 {
			web.links[url(n)] = urls(0, 1)
		}
		c, s, crawl, end, err := collect(t.Context(), web, bench.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer end(nil)
		var mu sync.Mutex
		running, most := 0, 0
		c.OnHTML("a[href]", func(*colly.HTMLElement) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
		})
		if _, err := visit(crawl, c, s, urls(0, 10)); err != nil {
			t.Fatal(err)
		}
		if most != 10 {
			t.Errorf("%d callbacks ran at once, want 10", most)
		}
	})
}
