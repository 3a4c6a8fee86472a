package crash

import (
	"fmt"
	"slices"
	"time"

	"crawlbench/bench/redis/frontier"
	"crawlbench/internal/crawl"
)

const (
	// lease is short, so that a crawl goes on soon, and long enough for a busy machine: a process renews it in time.
	lease = time.Second
	// batch is small, so that a dead process held little.
	batch = 16
)

// Frontiers returns the crawlers of package frontier with short leases and small batches.
func Frontiers() (list []Frontier) {
	for _, c := range frontier.Crawlers() {
		f := Frontier{Crawler: c, Name: fmt.Sprintf("%s.lease=%v", c.Name, lease), Lease: lease}
		held := 0 // pages that are fetched and not acknowledged, beside those that are being fetched
		if slices.ContainsFunc(c.Params, func(p crawl.Param) bool { return p.Name == "batch" }) {
			f.Name += fmt.Sprintf(".batch=%d", batch)
			held = 2 * batch // a batch on its way to the server, and the next one
		}
		f.Held = func(workers int) int { return workers + held }
		if c.Name == "redisset" || c.Name == "redislua" {
			f.Loses = "the pages that a process has taken are known to nobody else"
		}
		list = append(list, f)
	}
	return list
}
