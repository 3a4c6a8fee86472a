package conform

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

// done returns the outcome of a correct crawl of s.
func done(s *site) outcome {
	out := outcome{count: make([]int, len(s.links)), failed: make([]bool, len(s.links)),
		name: func(page) string { return "p" }, peak: 1}
	level, _ := s.reach(out.failed)
	for p, l := range level {
		if l >= 0 {
			out.count[p] = 1
			out.did.Pages++
		}
	}
	return out
}

// Each fault of an outcome is reported.
func TestOracleReportsEachFault(t *testing.T) {
	s := tree(7, 2)
	s.links = append(s.links, nil) // no link leads to this page
	for _, test := range []struct {
		say    string
		budget int
		spoil  func(*outcome)
	}{
		{"", 0, func(*outcome) {}},
		{"", 7, func(*outcome) {}},
		{"", 100, func(*outcome) {}},
		{"fetched 2 times", 0, func(o *outcome) { o.count[3] = 2 }},
		{"no link leads", 0, func(o *outcome) { o.count[7] = 1 }},
		{"6 of 7 reachable", 0, func(o *outcome) { o.count[3] = 0; o.did.Pages-- }},
		{"MaxPages is 5", 5, func(*outcome) {}},
		{"want 7", 9, func(o *outcome) { o.count[6] = 0; o.did.Pages-- }},
		{"reports 8 pages", 0, func(o *outcome) { o.did.Pages++ }},
		{"reports 1 error, 0 fetches failed", 0, func(o *outcome) { o.did.Errors++ }},
		{"returned the error", 0, func(o *outcome) { o.err = errPlanted }},
		{"in flight at once", 0, func(o *outcome) { o.peak = 3 }},
		{"with 1 fetches in flight", 0, func(o *outcome) { o.inflight = 1 }},
		{"not a key of the site", 0, func(o *outcome) { o.unknown = "x" }},
		{"before a link to it was handed out", 0, func(o *outcome) { o.isEarly = true }},
		{"modified the seeds", 0, func(o *outcome) { o.modified = "the seeds" }},
		{"not cancelled", 0, func(o *outcome) { o.derived = 1 }},
		{"after it had returned", 0, func(o *outcome) { o.late = "1 fetches began" }},
	} {
		out := done(s)
		test.spoil(&out)
		err := s.wrong(out, crawl.Options{Workers: 2, MaxPages: test.budget})
		if (err == nil) != (test.say == "") || err != nil && !strings.Contains(err.Error(), test.say) {
			t.Errorf("want %q, got %v", test.say, err)
		}
	}
}

// The Web of a check reports pages fetched too early, modified slices, leftover contexts and unknown keys.
func TestWebReportsEachFault(t *testing.T) {
	crawler := func(f crawl.Func[uint32]) outcome {
		s := subjects(crawl.Crawler{Name: "x", ByID: f})["id"]
		s.form = &webForm{} // with a context that counts those derived from it
		return s.crawl(context.Background(), chain(3), crawl.Options{Workers: 1})
	}
	fetch := func(web crawl.Web[uint32], pages ...uint32) (did crawl.Result, err error) {
		for _, p := range pages {
			web.Fetch(context.Background(), p)
			did.Pages++
		}
		return did, nil
	}
	inOrder := func(out outcome) error { return chain(3).wrong(out, crawl.Options{Workers: 1}) }
	if err := inOrder(crawler(func(_ context.Context, web crawl.Web[uint32], _ []uint32, _ crawl.Options) (crawl.Result,
		error) {
		return fetch(web, 0, 1, 2)
	})); err != nil {
		t.Errorf("in order: %v", err)
	}
	for name, f := range map[string]crawl.Func[uint32]{
		"before a link": func(_ context.Context, web crawl.Web[uint32], _ []uint32, _ crawl.Options) (crawl.Result,
			error) {
			return fetch(web, 0, 2, 1)
		},
		"modified the links": func(ctx context.Context, web crawl.Web[uint32], _ []uint32,
			_ crawl.Options) (crawl.Result, error) {
			links, _ := web.Fetch(ctx, 0)
			links[0], links[1] = links[1], links[0]
			did, err := fetch(web, 1, 2)
			did.Pages++
			return did, err
		},
		"modified the seeds": func(_ context.Context, web crawl.Web[uint32], seeds []uint32,
			_ crawl.Options) (crawl.Result, error) {
			seeds[0] = 1
			return fetch(web, 0, 1, 2)
		},
		"not cancelled": func(ctx context.Context, web crawl.Web[uint32], _ []uint32, _ crawl.Options) (crawl.Result,
			error) {
			_, cancel := context.WithCancel(context.WithValue(ctx, errPlanted, 1))
			t.Cleanup(cancel)
			_, other := context.WithCancel(ctx)
			t.Cleanup(other)
			return fetch(web, 0, 1, 2)
		},
		"not a key of the site": func(_ context.Context, web crawl.Web[uint32], _ []uint32,
			_ crawl.Options) (crawl.Result, error) {
			return fetch(web, 0, 1, 2, 77)
		},
	} {
		if err := inOrder(crawler(f)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

// A watched context ends with the one that it watches, and so do contexts derived from it.
func TestWatchedContextEnds(t *testing.T) {
	ctx, stop := context.WithCancelCause(context.Background())
	w := watchContext(ctx)
	own, cancel := context.WithCancel(w)
	defer cancel()
	if w.derived.Load() != 1 {
		t.Errorf("%d derived contexts, want 1", w.derived.Load())
	}
	stop(errPlanted)
	<-own.Done()
	if w.Err() != context.Canceled || !errors.Is(own.Err(), context.Canceled) {
		t.Errorf("Err() is %v, and %v of the derived context, want %v", w.Err(), own.Err(), context.Canceled)
	}
	other := watchContext(context.Background())
	_, done := context.WithTimeout(other, time.Hour)
	done()
	if other.derived.Load() != 0 {
		t.Errorf("%d derived contexts are left, want 0", other.derived.Load())
	}
}
