package visited

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
)

// URLs are equal if and only if their texts are, at any address and of any length.
func TestTableIsExact(t *testing.T) {
	long := strings.Repeat("x", maxLength)
	urls := []string{"", "a", "b", "ab", long[:maxLength-1], long, long + "x", long + "y", long[:1]}
	for n := range 5000 {
		urls = append(urls, fmt.Sprintf("https://h.example/%d", n))
	}
	for _, hint := range []int{0, 1, 10_000} {
		set := NewTable(hint)
		if found := set.AddNew(nil, urls); len(found) != len(urls) {
			t.Errorf("hint %d: %d of %d URLs are new", hint, len(found), len(urls))
		}
		for i, url := range urls {
			urls[i] = strings.Clone(url) // so that the addresses differ
		}
		if found := set.AddNew(nil, urls); len(found) != 0 {
			t.Errorf("hint %d: %.20q is new again", hint, found[0])
		}
	}
}

// Two texts that begin at the same address and differ in length are different URLs.
func TestPrefixIsAnotherURL(t *testing.T) {
	url := "https://h.example/page"
	var parts []string
	for n := range len(url) {
		parts = append(parts, url[:n])
	}
	if found := NewTable(0).AddNew(nil, parts); len(found) != len(parts) {
		t.Errorf("%d of %d prefixes are new", len(found), len(parts))
	}
}

// If all marks are equal, only the comparison distinguishes the URLs.
func TestEqualMarksAreCompared(t *testing.T) {
	set := NewTable(0).(*table)
	for n := range 40 { // a window holds 16; each table of the chain is eight times as large as the one before
		url := fmt.Sprintf("https://h.example/%03d", n)
		if !set.add(url, 7<<32) || set.add(strings.Clone(url), 7<<32) {
			t.Errorf("%s", url)
		}
	}
}

// The texts of URLs are kept as long as the set, even if nothing else refers to them.
func TestTableKeepsTexts(t *testing.T) {
	set := NewTable(1000)
	name := func(n int) string { return fmt.Sprintf("https://h.example/%d", n) }
	for n := range 1000 {
		set.AddNew(nil, []string{name(n)})
	}
	for range 3 {
		runtime.GC()
		for n := range 1000 {
			_ = strings.Repeat("y", len(name(n)))
		}
	}
	for n := range 1000 {
		if len(set.AddNew(nil, []string{name(n)})) > 0 {
			t.Fatalf("%s is new again", name(n))
		}
	}
}

// BenchmarkVisited adds pages of which one in sixteen is new, as in a crawl.
func BenchmarkVisited(b *testing.B) {
	const pages, times = 1 << 16, 16
	ids, urls := make([]uint32, pages*times), make([]string, pages*times)
	names := make([]string, pages)
	for p := range names {
		names[p] = fmt.Sprintf("https://www.h%d.example/research/projects/page-%d.html", p/100, p)
	}
	for i := range ids {
		ids[i] = uint32(i) * 0x9e3779b1 % pages
		urls[i] = names[ids[i]]
	}
	b.Run("bits", func(b *testing.B) { ask(b, NewBits, ids, pages) })
	b.Run("table", func(b *testing.B) { ask(b, NewTable, urls, pages) })
}

func ask[K comparable](b *testing.B, newSet crawl.NewVisited[K], links []K, pages int) {
	const page = 16 // links
	dst := make([]K, 0, page)
	for b.Loop() {
		set, found := newSet(pages), 0
		for i := 0; i < len(links); i += page {
			found += len(set.AddNew(dst, links[i:i+page]))
		}
		if found != pages {
			b.Fatalf("%d of %d are new", found, pages)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(links)), "ns/link")
}
