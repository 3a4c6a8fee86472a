package crawl_test

import (
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

func TestHostKey(t *testing.T) {
	for url, want := range map[string]string{
		"https://www.h1.example/news/page-1.html": "https://www.h1.example",
		"https://www.h1.example":                  "https://www.h1.example",
		"HTTPS://WWW.H1.Example/News":             "https://www.h1.example",
		"https://www.h1.example./":                "https://www.h1.example",
		"https://www.h1.example.:443/":            "https://www.h1.example",
		"https://www.h1.example:443/a:80":         "https://www.h1.example",
		"http://www.h1.example:80?q":              "http://www.h1.example",
		"http://www.h1.example:443/":              "http://www.h1.example:443",
		"https://www.h1.example:8443/":            "https://www.h1.example:8443",
		"https://www.h1.example:/":                "https://www.h1.example",
		"https://me:pw@h.example/":                "https://h.example",
		"https://h.example/@x":                    "https://h.example",
		"https://[2001:DB8::1]/":                  "https://[2001:db8::1]",
		"https://[2001:db8::1]:443/":              "https://[2001:db8::1]",
		"https://[2001:db8::1]:8080/":             "https://[2001:db8::1]:8080",
		"https://h.example#x/y":                   "https://h.example",
		"no url":                                  "no url",
		"":                                        "",
	} {
		if got := crawl.HostKey(url); got != want {
			t.Errorf("HostKey(%q) = %q, want %q", url, got, want)
		}
	}
	url := "https://www.h1.example/news/page-1.html"
	if n := testing.AllocsPerRun(100, func() { crawl.HostKey(url) }); n > 0 {
		t.Errorf("the key of a canonical URL takes %v allocations, want 0", n)
	}
}

func TestPolitenessHasBoundsAndDefaults(t *testing.T) {
	var zero crawl.Policy
	if zero.Width() != 1 || zero.Tries() != crawl.DefaultAttempts {
		t.Errorf("width %d and %d tries", zero.Width(), zero.Tries())
	}
	year := 365 * 24 * time.Hour
	some := crawl.Policy{PerHost: 3, MaxDelay: time.Minute, Attempts: 1}
	if some.Width() != 3 || some.Tries() != 1 {
		t.Errorf("width %d and %d tries", some.Width(), some.Tries())
	}
	for _, c := range []struct {
		p         *crawl.Policy
		ask, want time.Duration
	}{
		{&zero, year, crawl.DefaultMaxDelay}, {&zero, time.Second, time.Second}, {&zero, -1, 0},
		{&some, year, time.Minute},
	} {
		if got := c.p.Bounded(c.ask); got != c.want {
			t.Errorf("Bounded(%v) = %v, want %v", c.ask, got, c.want)
		}
	}
}
