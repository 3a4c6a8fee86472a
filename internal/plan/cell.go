package plan

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// Cell is one point of the sweep.
type Cell struct {
	Impl    string `json:"impl"`
	Graph   string `json:"graph"`
	Keys    string `json:"keys"` // "id" or "url"
	Workers int    `json:"workers"`
	Rate    Rate   `json:"rate"` // pages a second, 0 for no limit
	// Burst is the limiter's bucket size in pages. It is 0, the default that BucketSize returns,
	// unless the scenario sets it.
	Burst int `json:"burst,omitempty"`
	// Limiter is the name of the limiter, of limiter.All. It is empty, meaning limiter.Default,
	// unless the scenario sets it.
	Limiter string `json:"limiter,omitempty"`
	// Cost changes what a fetch costs.
	Cost Cost `json:"cost,omitzero"`
	// Transport is how pages come to the crawler: HTTP, or Memory.
	Transport Transport `json:"transport,omitempty"`
	// Processes is the number of processes of the fleet that crawls the cell, each with its own workers and its own
	// GOMAXPROCS. 0 means that one process crawls alone, whereas in a fleet of one it uses what others could share.
	Processes int `json:"processes,omitempty"`
	// NoGC is set if the garbage collector is off, within the memory limit.
	NoGC bool `json:"gogc_off,omitempty"`
	// NullSet is set if a set that stores nothing replaces the visited set of a crawler on the shared engine. It crawls
	// the spanning tree of the graph, which has the same pages and no duplicate.
	NullSet bool `json:"null_set,omitempty"`
	// Delay is put in at a line of the crawler.
	Delay Delay `json:"delay,omitzero"`
	// Procs is GOMAXPROCS.
	Procs int `json:"gomaxprocs"`
	// MaxPages is the page budget; 0 means the whole graph.
	MaxPages int `json:"max_pages,omitempty"`
	// Resident says that the cell is measured in blocks with the others of its group, and not in a
	// fresh process after another.
	Resident bool `json:"resident,omitempty"`
}

// Transport is how pages come to a crawler.
type Transport string

const (
	// Memory is the site in the crawler's own process. It is the zero value, so that it is not part of names.
	Memory Transport = ""
	// HTTP is a site in a process of its own, whose pages are HTML. What is compared is the processor time of the
	// crawler's process: two processes on the same processors take time from each other.
	HTTP Transport = "http"
)

// String returns the name of a transport.
func (t Transport) String() string { return cmp.Or(string(t), "memory") }

// Delay is a delay at a line of the crawler, in a program that was built for it. Site is the number of the line, from
// 1; 0 means none. If For is 0, the line is only counted.
type Delay struct {
	Site int           `json:"site,omitempty"`
	For  time.Duration `json:"for_ns,omitempty"`
}

// Suffixes of the names of second entries of a crawler.
const (
	controlSuffix = ".control"
	againstSuffix = ".against"
)

// Control returns the name of a crawler's entry as the A/A control.
func Control(name string) string { return name + controlSuffix }

// Against returns the name of the entry of another program's crawler.
func Against(name string) string { return name + againstSuffix }

// IsAgainst reports whether the cell is measured with another program.
func (c Cell) IsAgainst() bool { return strings.HasSuffix(c.Impl, againstSuffix) }

// Crawler returns the name of the cell's crawler: Impl without the suffix of a second entry.
func (c Cell) Crawler() string { return CrawlerOf(c.Impl) }

// CrawlerOf returns the name of the crawler of an entry.
func CrawlerOf(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, controlSuffix), againstSuffix)
}

// IsControl reports whether the cell belongs to the A/A control.
func (c Cell) IsControl() bool { return strings.HasSuffix(c.Impl, controlSuffix) }

// Name returns the cell's benchmark name without the word Benchmark:
// Crawl/impl=I/graph=G/keys=K/workers=W/rate=R-P, with /burst=B, /limiter=L, /latency=D, /cpu=D,
// /transport=http, /processes=N, /gogc=off and /set=null before -P if they are set.
func (c Cell) Name() string { return "Crawl/" + c.path("/") }

// SubName returns the name to pass to b.Run of package testing: without the leading Crawl/ and the
// trailing -P.
func (c Cell) SubName() string { return strings.TrimSuffix(c.path("/"), fmt.Sprintf("-%d", c.Procs)) }

// ID returns the name in a form that can be a file name: impl=I,graph=G,keys=K,workers=W,rate=R-P.
func (c Cell) ID() string { return c.path(",") }

func (c Cell) path(sep string) string {
	parts := []string{
		"impl=" + c.Impl,
		"graph=" + c.Graph,
		"keys=" + c.Keys,
		fmt.Sprintf("workers=%d", c.Workers),
		"rate=" + c.Rate.String(),
	}
	if c.Burst != 0 {
		parts = append(parts, fmt.Sprintf("burst=%d", c.Burst))
	}
	if c.Limiter != "" {
		parts = append(parts, "limiter="+c.Limiter)
	}
	parts = append(parts, c.Cost.parts("=")...)
	if c.Transport != Memory {
		parts = append(parts, "transport="+c.Transport.String())
	}
	if c.Processes > 0 {
		parts = append(parts, fmt.Sprintf("processes=%d", c.Processes))
	}
	if c.NoGC {
		parts = append(parts, "gogc=off")
	}
	if c.NullSet {
		parts = append(parts, "set=null")
	}
	if c.Delay.Site > 0 {
		parts = append(parts, fmt.Sprintf("delay=%dx%s", c.Delay.Site, ascii(c.Delay.For)))
	}
	return fmt.Sprintf("%s-%d", strings.Join(parts, sep), c.Procs)
}

// BucketSize returns the limiter's bucket size in pages: Burst, or by default the pages of 10 ms at the rate. Timers
// on Linux fire about a millisecond late, and a smaller bucket would lose the tokens of that time.
func (c Cell) BucketSize() int {
	if c.Burst > 0 {
		return c.Burst
	}
	return max(1, int(math.Ceil(float64(c.Rate)/100)))
}

// Ideal returns the shortest possible time to fetch pages over depth levels of links if each fetch
// waits for wait and uses cpu of processor time: the maximum of the bounds by rate, workers,
// processors and depth. The limiter's bucket is empty at the start.
func (c Cell) Ideal(pages, depth int, wait, cpu time.Duration) time.Duration {
	if c.MaxPages > 0 {
		pages = min(pages, c.MaxPages)
		depth = min(depth, pages)
	}
	n, processes := float64(pages), max(1, c.Processes)
	bound := n * float64(wait+cpu) / float64(c.Workers*processes)
	bound = max(bound, n*float64(cpu)/float64(min(c.Procs, c.Workers)*processes))
	bound = max(bound, float64(depth+1)*float64(wait+cpu))
	if c.Rate > 0 {
		bound = max(bound, n/float64(c.Rate)*float64(time.Second))
	}
	return time.Duration(min(max(0, bound), 1<<60)) // sums of more than 36 years would overflow
}
