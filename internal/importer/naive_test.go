package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/graph"
)

// naiveRecord is a line of a random crawl.
type naiveRecord struct {
	URL      string   `json:"url"`
	Links    []string `json:"links,omitempty"`
	Status   int      `json:"status"`
	Redirect string   `json:"redirect,omitempty"`
	Bytes    int      `json:"bytes"`
}

// naive returns the links, statuses and sizes of the pages of a crawl by their URLs, one record after the other.
func naive(records []naiveRecord, leaves bool) (links map[string][]string, status, size map[string]int) {
	links, status, size = map[string][]string{}, map[string]int{}, map[string]int{}
	better := func(r naiveRecord) bool {
		old, is := status[r.URL]
		class := func(s int) int { return slices.Index([]bool{s < 0 || s >= 400, s >= 300, true}, true) }
		return !is || class(r.Status) > class(old)
	}
	for _, r := range records {
		if !better(r) {
			continue
		}
		status[r.URL], size[r.URL], links[r.URL] = r.Status, r.Bytes, nil
		switch {
		case r.Status < 0 || r.Status >= 400:
		case r.Redirect != "":
			links[r.URL] = []string{r.Redirect}
		default:
			links[r.URL] = r.Links
		}
	}
	for from, list := range links {
		var kept []string
		for _, to := range list {
			if _, fetched := status[to]; fetched || leaves {
				kept = append(kept, to)
			}
		}
		links[from] = kept
	}
	for _, list := range maps.Clone(links) {
		for _, to := range list {
			if _, fetched := status[to]; !fetched {
				status[to], links[to] = 0, nil
			}
		}
	}
	return links, status, size
}

// fewest returns the least number of pages from which all of want are reached, by trying all choices.
func fewest(links map[string][]string, want []string) int {
	reached := make([]uint64, len(want)) // by each of want, as a set of their indices
	for i, from := range want {
		seen := map[string]bool{from: true}
		for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
			for _, to := range links[queue[0]] {
				if !seen[to] {
					seen[to] = true
					queue = append(queue, to)
				}
			}
		}
		for j, to := range want {
			if seen[to] {
				reached[i] |= 1 << j
			}
		}
	}
	for n := 1; ; n++ {
		for set := range uint64(1) << len(want) {
			all, count := uint64(0), 0
			for i, r := range reached {
				if set>>i&1 != 0 {
					all |= r
					count++
				}
			}
			if count == n && all == 1<<len(want)-1 {
				return n
			}
		}
	}
}

// Random crawls, with repeated fetches, failures, redirects and pages that were never fetched, become what a naive
// reading of the rules says.
func TestRandomCrawlsBecomeWhatTheRulesSay(t *testing.T) {
	for seed := range uint64(300) {
		draw := rand.New(rand.NewPCG(seed, 0))
		url := func() string { return fmt.Sprintf("https://h%d.example/%d", draw.IntN(3), draw.IntN(3)) }
		var records []naiveRecord
		var text strings.Builder
		for range 1 + draw.IntN(10) {
			status := []int{200, 200, 200, 301, 404, -1}[draw.IntN(6)]
			r := naiveRecord{URL: url(), Status: status, Bytes: draw.IntN(100)}
			for range draw.IntN(3) {
				r.Links = append(r.Links, url())
			}
			if r.Status == 301 {
				r.Redirect = url()
			}
			records = append(records, r)
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(string(line) + "\n")
		}
		for _, leaves := range []bool{true, false} {
			g, rep := imported(t, text.String(), Options{Leaves: leaves})
			links, status, size := naive(records, leaves)
			same(t, fmt.Sprintf("seed %d, leaves %v:\n%s", seed, leaves, &text), g, rep, links, status, size)
		}
	}
}

// same fails the test unless g has the given links, statuses and sizes, and starts as it should.
func same(t *testing.T, what string, g *graph.Graph, rep *Report, links map[string][]string,
	status, size map[string]int) {
	t.Helper()
	pages := 0
	for p := range uint32(g.Pages()) {
		from := g.URL(p)
		if from == seedsPage {
			continue
		}
		pages++
		var out []string
		for _, q := range g.Out(p) {
			out = append(out, g.URL(q))
		}
		if s, is := status[from]; !is || s != int(g.Record.Status[p]) || size[from] != int(g.Record.Sizes[p]) ||
			!slices.Equal(out, links[from]) {
			t.Errorf("%s%s has status %d, %d bytes and links %v; want %d, %d, %v", what, from, g.Record.Status[p],
				g.Record.Sizes[p], out, s, size[from], links[from])
		}
	}
	if pages != len(status) {
		t.Errorf("%s%d pages, want %d", what, pages, len(status))
	}
	var fetched, succeeded []string
	for _, url := range slices.Sorted(maps.Keys(status)) {
		if status[url] != 0 {
			fetched = append(fetched, url)
		}
		if status[url] > 0 && status[url] < 400 {
			succeeded = append(succeeded, url)
		}
	}
	want := 1
	if len(succeeded) == 0 || fewest(links, succeeded) > 1 {
		want = fewest(links, fetched)
	}
	if rep.Roots != want || want > 1 != (g.URL(g.Start) == seedsPage) {
		t.Errorf("%s%d pages to start from, want %d; start %s", what, rep.Roots, want, g.URL(g.Start))
	}
	if want > 1 && (len(g.Out(g.Start)) != want || rep.Reached < len(fetched)) {
		t.Errorf("%sthe start page links to %d pages, want %d, and leads to %d of %d", what, len(g.Out(g.Start)), want,
			rep.Reached, len(fetched))
	}
}
