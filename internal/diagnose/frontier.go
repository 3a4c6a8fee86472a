package diagnose

import (
	"math"

	"crawlbench/internal/graph"
	"crawlbench/internal/profile/breakdown"
)

// slackShare is the share of the processors' time that is idle from which workers without a page cost throughput.
const slackShare = 0.2

// sureIdle is how much more idle workers than the site explains may still be its doing: traces are not exact.
const sureIdle = 0.05

// leastUneven is how many times as long as the mean the slowest pages take at least: a machine does not run all pages
// equally fast.
const leastUneven = 1.5

// IdleProcessors returns the share of the time of the processors that the workers can use in which nothing ran on them;
// known is false without traces.
func (c *Cell) IdleProcessors() (share float64, known bool) {
	v, known := traced(c, func(l *breakdown.Breakdown) float64 { return l.IdleShare(c.Procs) })
	return v.Median, known
}

// slack reports whether processors have nothing to do for much of the time. Otherwise idle workers cost nothing: others
// keep the processors busy.
func slack(c *Cell) bool {
	idle, known := c.IdleProcessors()
	return known && idle >= slackShare
}

// Width returns the pages of the site divided by its levels, 0 if it is unknown.
func (c *Cell) Width() float64 {
	pages, levels := c.shape()
	if levels == 0 {
		return 0
	}
	return float64(pages) / float64(levels)
}

// shape returns the number of pages and levels of the site that a crawl fetches.
func (c *Cell) shape() (pages, levels int) {
	pages = c.Site.Reachable
	if c.MaxPages > 0 {
		pages = min(pages, c.MaxPages)
	}
	if pages == 0 {
		return 0, 0
	}
	return pages, min(pages, c.Site.Depth+1)
}

// narrow reports whether the site explains that workers are idle. Assume that no worker is idle while a page is known
// that nobody fetches. Then all known pages are being fetched whenever a worker is idle, so the time of a page later
// the next level is known: workers are idle for the time of a page in each level at most (Graham, 1966).
func narrow(c *Cell) bool {
	return slack(c) && c.idle() <= c.explainedIdle(1)+sureIdle
}

// wide reports whether the site does not explain that workers are idle, even if in each level all wait for a page that
// is as slow as the slowest of a hundred.
func wide(c *Cell) bool {
	return slack(c) && c.explainedIdle(1) > 0 && c.idle() > c.explainedIdle(max(leastUneven, c.uneven))+sureIdle
}

// idle returns the share of the workers' time without a page, and not queueing for a processor.
func (c *Cell) idle() float64 { return c.Traces.Share(breakdown.Idle) - c.Traces.Queue(breakdown.Idle) }

// explainedIdle returns the share of the workers' time that the site leaves them idle at most, if the slowest page of a
// level takes the given number of times as long as the mean; 0 if the site is unknown.
func (c *Cell) explainedIdle(slowest float64) float64 {
	pages, levels := c.shape()
	if pages == 0 {
		return 0
	}
	others := slowest * float64((c.Workers-1)*levels)
	if math.IsInf(others, 1) {
		return 1
	}
	return others / (float64(pages) + others)
}

// uneven returns how many times as long as the mean the slowest page of a hundred takes.
func uneven(fetch graph.Behaviour) float64 {
	l := fetch.Latency
	sigma := math.Hypot(l.Sigma, l.HostSigma)
	switch {
	case l.Model == graph.Recorded || fetch.Largest > 0:
		return math.Inf(1) // which is not known
	case l.MeanWait() > 0:
		const percentile = 2.33 // of the normal distribution
		return math.Exp(percentile*sigma - sigma*sigma/2)
	}
	return 1
}
