//go:build unix

package conform_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
)

func overHTTP(t *testing.T, list []crawl.Crawler) []conform.Result {
	return conform.Suite{Crawlers: list, OverHTTP: true,
		Command: func(crawler, keys, check string) *exec.Cmd {
			return exec.CommandContext(t.Context(), os.Args[0], conform.ChildVerb, crawler, keys, check)
		}}.Run(t.Context())
}

func TestBuiltInCrawlersConformOverHTTP(t *testing.T) {
	t.Parallel()
	list := crawler.All()
	want := 0
	for _, c := range list {
		if c.ByURL != nil {
			want++
		}
	}
	results := overHTTP(t, list)
	if len(results) != want {
		t.Errorf("%d results, want %d", len(results), want)
	}
	for _, v := range results {
		if v.Kind != conform.Pass {
			t.Errorf("%s by %s, %s: %s: %s", v.Crawler, v.Keys, v.Check, v.Kind, v.Text)
		}
	}
}

// wrongOverHTTP are crawlers that are wrong over HTTP, and what is said of them.
func wrongOverHTTP() map[string]crawl.Crawler {
	var right, polite crawl.Func[string]
	for _, c := range crawler.All() {
		switch {
		case c.Polite && polite == nil:
			polite = c.ByURL
		case c.Name == "mutexmap":
			right = c.ByURL
		}
	}
	list := map[string]crawl.Crawler{}
	add := func(text, name string, polite bool, f crawl.Func[string]) {
		list[text] = crawl.Crawler{Name: name, ByURL: f, Polite: polite}
	}
	add("pages were fetched twice", "webtwice", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			w.Fetch(ctx, seeds[0])
			return right(ctx, w, seeds, o)
		})
	add("pages were not fetched", "weblazy", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			return right(ctx, firstLinks{w}, seeds, o)
		})
	add("URLs were fetched to which no link leads", "webguess", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			w.Fetch(ctx, seeds[0]+"?page=2")
			return right(ctx, w, seeds, o)
		})
	add("the budget is 100", "webspends", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			o.MaxPages = 0
			return right(ctx, w, seeds, o)
		})
	add("with a deadline after", "webdeaf", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			return right(context.WithoutCancel(ctx), w, seeds, o)
		})
	add("1 errors, the site served", "webforgets", false,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			did, err := right(ctx, w, seeds, o)
			did.Errors = min(1, did.Errors)
			return did, err
		})
	add("rules were broken", "webrude", true,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			if p := o.Politeness; p != nil {
				short := *p
				short.Gap = p.Gap * 9 / 10
				o.Politeness = &short
			}
			return polite(ctx, w, seeds, o)
		})
	add("pages were fetched that robots.txt forbids", "webdares", true,
		func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result, error) {
			return polite(ctx, bare{w}, seeds, o)
		})
	return list
}

// firstLinks leaves out the last link of each page.
type firstLinks struct{ crawl.Web[string] }

func (w firstLinks) Fetch(ctx context.Context, url string) ([]string, error) {
	links, err := w.Web.Fetch(ctx, url)
	return links[:max(0, len(links)-1)], err
}

// bare hides everything but Fetch.
type bare struct{ web crawl.Web[string] }

func (b bare) Fetch(ctx context.Context, url string) ([]string, error) { return b.web.Fetch(ctx, url) }

func TestWrongCrawlersFailOverHTTP(t *testing.T) {
	t.Parallel()
	wrong := wrongOverHTTP()
	var list []crawl.Crawler
	for _, c := range wrong {
		list = append(list, c)
	}
	begin := time.Now()
	for _, v := range overHTTP(t, list) {
		for text, c := range wrong {
			if c.Name == v.Crawler && (v.Kind != conform.Fail || !strings.Contains(v.Text, text)) {
				t.Errorf("%s: %s: %s, want %q", v.Crawler, v.Kind, v.Text, text)
			}
		}
	}
	t.Logf("%d crawlers in %v", len(list), time.Since(begin))
}
