package main

import (
	"context"
	"fmt"
	"time"

	"crawlbench/bench"
)

// burns returns a crawler under the names burn0, burn5 and so on, each of which takes as many per cent longer: after a
// crawl it burns the rest of the time on one processor.
func burns(c bench.Crawler) (list []bench.Crawler) {
	f := c.ByID
	for _, percent := range []int{0, 5, 8, 10, 15, 20} {
		c.Name = fmt.Sprint("burn", percent)
		c.Doc = fmt.Sprintf("mutexmap, and %d %% more time burnt", percent)
		c.ByURL = nil
		c.ByID = func(ctx context.Context, web bench.Web[uint32], seeds []uint32, o bench.Options) (
			did bench.Result, err error,
		) {
			start := time.Now()
			did, err = f(ctx, web, seeds, o)
			crawl := time.Since(start)
			for time.Since(start) < crawl+crawl*time.Duration(percent)/100 {
			}
			return did, err
		}
		list = append(list, c)
	}
	return list
}
