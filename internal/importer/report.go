package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
)

// Report says what was read and how it was converted.
type Report struct {
	Formats  []string // names
	Records  int      // that were read
	Broken   int      // that were skipped because they are broken
	First    []string // the first broken ones, with their positions
	LeftOut  int      // that are of no page, such as DNS names and robots.txt
	Repeated int      // of pages that had a record already
	NoLinks  int      // pages whose body could not be decoded
	TreeOnly bool     // some pages have only the links by which pages were found
	Leaves   int      // pages that were only linked to

	Pages, Links, Hosts                  int
	Fetched, Failed, Redirected, Reached int
	Roots                                int // pages from which the crawl has to start; 0 if one was given
	Statuses                             map[int]int
	Bytes                                uint64
	Total                                time.Duration // latencies of all pages
	// Waits are the quantiles 0.5, 0.9, 0.99 and 1 of the latencies of the pages that were fetched; nil if no latency
	// was recorded.
	Waits []time.Duration
}

// mostFirst is the largest number of broken records that are listed.
const mostFirst = 10

func (r *Report) broken(what string) {
	r.Broken++
	if len(r.First) < mostFirst {
		r.First = append(r.First, plain.Line(what))
	}
}

// summarize counts the pages of g.
func (r *Report) summarize(g *graph.Graph) {
	rec := g.Record
	r.Pages, r.Links, r.Hosts, r.Statuses = g.Pages(), len(g.Links), len(g.Hosts), map[int]int{}
	r.Reached = graph.Walk(g, nil).Pages
	var waits []uint32
	for p := range uint32(g.Pages()) {
		status := int(rec.Status[p])
		r.Total += time.Duration(rec.Waits[p]) * time.Microsecond
		if status == 0 {
			continue
		}
		r.Fetched++
		r.Bytes += rec.Sizes[p]
		waits = append(waits, rec.Waits[p])
		switch {
		case rec.Failed(p):
			r.Failed++
			r.Statuses[status]++
		case status >= 300:
			r.Redirected++
		}
	}
	slices.Sort(waits)
	if len(waits) == 0 || waits[len(waits)-1] == 0 {
		return
	}
	for _, q := range []float64{0.5, 0.9, 0.99, 1} {
		at := int(q * float64(len(waits)-1))
		r.Waits = append(r.Waits, time.Duration(waits[at])*time.Microsecond)
	}
}

// FailedBy returns the statuses of the pages that failed, the most frequent first, with their numbers.
func (r *Report) FailedBy() string {
	list := slices.SortedFunc(maps.Keys(r.Statuses), func(a, b int) int {
		return cmp.Or(r.Statuses[b]-r.Statuses[a], a-b)
	})
	var text []string
	for i, status := range list {
		if i == 5 {
			text = append(text, "...")
			break
		}
		text = append(text, fmt.Sprintf("%d: %s", status, plain.Number(float64(r.Statuses[status]))))
	}
	return strings.Join(text, ", ")
}

// notes returns what a reader of results must know about the graph.
func (r *Report) notes() (list []string) {
	list = append(list, fmt.Sprintf("imported from %s: %s fetched, %s failed, %s redirected",
		strings.Join(r.Formats, " and "), plain.Count(r.Fetched, "page"), plain.Number(r.Failed),
		plain.Number(r.Redirected)))
	if r.Roots > 1 {
		list = append(list,
			fmt.Sprintf("an added start page links to %s from which the crawl began", plain.Count(r.Roots, "page")))
	}
	if r.TreeOnly {
		list = append(list, "pages have only the links by which other pages were found")
	}
	if r.Broken > 0 {
		list = append(list, plain.Count(r.Broken, "broken record")+" left out")
	}
	return list
}
