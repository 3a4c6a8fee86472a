// Command spider crawls with colly, as one writes it, what "crawlbench site" serves: from CRAWLBENCH_SEED, through
// http_proxy.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gocolly/colly/v2"
)

func main() {
	seed := os.Getenv("CRAWLBENCH_SEED")
	parallelism := flag.Int("parallelism", 8, "requests at a time, or at a host if -hosts is given")
	delay := flag.Duration("delay", 0, "delay after a request")
	hosts := flag.Int("hosts", 0, "make a rule for each of this number of hosts, in place of one for all")
	flag.Parse()
	if seed == "" {
		fmt.Fprintln(os.Stderr, "spider: CRAWLBENCH_SEED is not set: run it by \"crawlbench site SCENARIO GRAPH -- spider\"")
		os.Exit(2)
	}
	c := colly.NewCollector(colly.Async(true))
	rules := []*colly.LimitRule{{DomainGlob: "*", Parallelism: *parallelism, Delay: *delay}}
	if *hosts > 0 {
		rules = nil
	}
	for h := range *hosts {
		rules = append(rules, &colly.LimitRule{DomainGlob: fmt.Sprintf("www.h%d.example", h), Parallelism: *parallelism,
			Delay: *delay})
	}
	err := c.Limits(rules)
	c.OnHTML("a[href]", func(a *colly.HTMLElement) { _ = a.Request.Visit(a.Attr("href")) })
	var pages atomic.Int64
	c.OnResponse(func(*colly.Response) { pages.Add(1) })
	c.OnError(func(r *colly.Response, err error) {
		if !strings.Contains(err.Error(), "already visited") {
			fmt.Fprintln(os.Stderr, "spider:", r.Request.URL, err)
		}
	})
	begin := time.Now()
	if err == nil {
		err = c.Visit(seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "spider:", err)
		os.Exit(1)
	}
	c.Wait()
	fmt.Printf("colly: %d pages in %v\n", pages.Load(), time.Since(begin).Round(time.Millisecond))
}
