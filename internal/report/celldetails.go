package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// CellDetails is the view of a cell.
type CellDetails struct {
	ID, Name, Median, Interval, Versus, Bound, Flame string
	Flagged                                          string
	Samples                                          Figure
	Bimodal                                          bool
	Overhead                                         string
	// where workers wait, and what ends the waits; nil if not traced
	Waits []Table
	Files [][2]string
	Facts [][2]string
}

// NewCellDetails makes the view of a cell of a.
func NewCellDetails(a *diagnose.Analysis, c *diagnose.Cell) CellDetails {
	return cellDetails(a, c, true)
}

// cellDetails is NewCellDetails, with a flame graph if drawn.
func cellDetails(a *diagnose.Analysis, c *diagnose.Cell, drawn bool) CellDetails {
	v := CellDetails{ID: c.ID(), Name: CellName(c), Bimodal: c.Bimodal}
	switch {
	case c.Failure != nil:
		v.Median = fmt.Sprintf("%s: %s", c.Failure.Class, c.Failure.Message)
		return v
	case !c.Sound():
		v.Median = "not measured"
		return v
	}
	fact := func(name, format string, args ...any) {
		v.Facts = append(v.Facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if name := MachineName(a); name != "" {
		fact("machine", "%s alone, of %s", name, plain.Count(len(a.Machines.List), "machine"))
	}
	v.Median = fmt.Sprintf("%s %s", SI(c.Summary.Center), perSecondOf(c.Transport))
	v.Interval, v.Samples = Interval(c), samples(c)
	if c.Versus != nil {
		v.Versus = compared(c.Versus)
	}
	if c.Bound.By != "" {
		v.Bound = fmt.Sprintf("%s of the %s pages/s that %s", boundShare(c), SI(c.Bound.Speed),
			boundName(c.Bound.By))
	}
	if !c.Valid() {
		v.Flagged = "Most of its samples are flagged, so no cause is given. "
	}
	for _, f := range slices.Sorted(maps.Keys(c.Flags)) {
		v.Flagged += fmt.Sprintf("%s: %d of %d samples. ", f, c.Flags[f], len(c.Measured()))
	}
	fact("processor time, not traced", "%s per page", plain.Seconds(c.CPU))
	fact("allocated", "%.0f B per page", c.Bytes)
	if c.Retained > 0 {
		fact("retained", "%.1f B of the heap per page, at the last page", c.Retained)
	}
	if c.Growth != nil && c.Growth.N > 0 {
		fact("compared with one worker", "%s the processor time per page",
			times(stat.Interval{Value: c.Growth.Ratio, Lo: c.Growth.Lo, Hi: c.Growth.Hi}))
	}
	if c.Transport == plan.HTTP {
		fact("by the wall clock", "%s pages/s", SI(c.Wall))
		fact("site", "%s of processor time per page, in its own process", plain.Seconds(c.SiteCPU))
		fact("connections", "%s per page", perPage(c.Dials))
	}
	if f := c.Fleet; f != nil {
		fact("fleet", "of %s, the least served got %.2f of what the most served got; all started within %s",
			plain.Count(c.Processes, "process"), f.LeastToMost, plain.Seconds(f.Skew))
		if c.ServerCPU > 0 {
			fact("server", "%s of processor time per page, in its own process", plain.Seconds(c.ServerCPU))
		}
	}
	if share, known := c.Changeable(); known {
		fact("fetching and parsing", "%s per page with workers that do nothing else: the crawler can change %s", plain.Seconds(c.Fetching),
			Share(share))
	}
	if cost, share := engineShare(a.Run.Manifest(), c); cost > 0 {
		fact("engine, site and verification", "%s per page, %s of this cell", plain.Seconds(cost), Share(share))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Counts)) {
		fact(name, "%.2g per page", c.Counts[name])
	}
	v.Facts = append(v.Facts, countedFacts(c)...)
	for _, kinds := range slices.Sorted(maps.Keys(c.Distortions)) {
		fact(kinds+" profile", "%s", overhead(c.Distortions[kinds]))
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Files)) {
		v.Files = append(v.Files, [2]string{kind, c.Files[kind]})
	}
	if c.Traces != nil {
		v.traced(c)
		switch file := c.Files["wall"]; {
		case file != "" && drawn:
			v.Flame = flame(a.Run.Open, file, v.Name)
		case file != "":
			fact("flame graph", "left out, as this report has many: see it with crawlbench serve")
		}
	}
	return v
}

// engineShare returns the cost per page of engine, site and verification for c's crawler, and its
// share of c's time; 0 if the crawler does not use the engine, or the cost was not measured.
func engineShare(m store.Manifest, c *diagnose.Cell) (cost, share float64) {
	if !slices.Contains(m.OnEngine, c.Crawler()) || c.Transport == plan.HTTP {
		return 0, 0
	}
	cost = m.Engine[store.EngineKey(c.Graph, c.Keys, c.Transport, c.Workers, c.Procs)]
	return cost, cost * c.Summary.Center
}

// mostWaits is the number of rows in a table of waits.
const mostWaits = 8

func (v *CellDetails) traced(c *diagnose.Cell) {
	v.Overhead = fmt.Sprintf("While traced it crawled %s pages/s, %s.", SI(c.Traces.Speed), overhead(c.Traces.Distortion))
	worker, pages := c.Traces.Worker(), float64(max(1, c.Traces.Pages()))
	sites := Table{About: queueAbout, Head: []string{"state", "waits at", "for", "of workers' time", "in the queue",
		"sleeps per page", "wake-ups per page"}}
	for i, s := range c.Traces.Sites() {
		if i < mostWaits {
			sites.add(string(s.State), s.Where, s.Primitive, Share(s.Share), Share(s.Queue/worker),
				perPage(float64(s.Count)/pages), perPage(float64(s.Wakes)/pages))
		}
	}
	ends := Table{Head: []string{"state", "waits at", "ended by", "of workers' time", "in the queue"}}
	for i, e := range c.Traces.Ends() {
		if i < mostWaits {
			ends.add(string(e.State), e.Where, e.By, Share(e.Seconds/worker), Share(e.Queue/worker))
		}
	}
	v.Waits = []Table{sites, ends}
}

// samples returns the figure of a cell's samples in the order of the rounds, with the median and its interval.
func samples(c *diagnose.Cell) Figure {
	f := Figure{Title: "Samples in the order of the rounds",
		Sentence: "Pages/s by round; the line is the median, the band its 95 % interval. Flagged samples are hollow.",
		Numbers: Table{Head: []string{"round", "slot", "started", "crawls", "pages/s", "per crawl",
			"processor time per page", "flags"}}}
	var dots []Dot
	for _, rec := range c.Records {
		s, pages := rec.Sample, rec.Sample.Values["pages/op"]
		speed := pages / s.Values[store.TimeUnit(c.Transport)]
		flags := strings.Join(s.Flags, ", ")
		dots = append(dots, Dot{Round: rec.Round + 1, Value: speed, Note: flags})
		if s.Before != nil {
			flags = strings.TrimPrefix(flags+", measured again", ", ")
		}
		f.Numbers.add(fmt.Sprint(rec.Round+1), fmt.Sprint(rec.Slot+1), rec.Start.UTC().Format("15:04:05"),
			fmt.Sprint(s.Crawls), SI(speed),
			plain.Seconds(s.Values["sec/op"]), plain.Seconds(s.Values["cpu-sec/op"]/pages), flags)
	}
	f.SVG = Samples("samples of "+CellName(c), f.Sentence, ColorOf(c.Impl), dots, c.Summary.Center,
		c.Summary.Lo, c.Summary.Hi, SI)
	return f
}

// Interval returns the median throughput of a cell with its interval; "" if it was not measured.
func Interval(c *diagnose.Cell) string {
	if !c.Sound() {
		return ""
	}
	return interval(c.Summary.Center, c.Summary.Lo, c.Summary.Hi, SI) + " " + perSecondOf(c.Transport)
}
