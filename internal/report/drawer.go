package report

import (
	"fmt"
	"maps"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plot"
	"crawlbench/internal/store"
)

// Drawer is what is known of a cell.
type Drawer struct {
	ID, Name, Median, Strip, Versus, Bound, Flame string
	Doubts                                        string
	Bimodal                                       bool
	Traced                                        bool
	Distortion                                    string
	Sites, Ends                                   [][]string
	Files                                         [][2]string
	Facts                                         [][2]string
}

// CellName says what a cell is, what distinguishes it parted by commas.
func CellName(c *diagnose.Cell) string {
	return fmt.Sprintf("%s, %s by %s, %s, rate %s", c.Impl, c.Graph, c.Keys, Plural(c.Workers, "worker"), c.Rate) + kept(c.Burst, c.Limiter)
}

// Open fills the drawer of a cell of a.
func Open(a *diagnose.Analysis, c *diagnose.Cell) Drawer { return open(a, c, true) }

// open is Open, with a flame graph or without.
func open(a *diagnose.Analysis, c *diagnose.Cell, drawn bool) Drawer {
	v := Drawer{ID: c.ID(), Name: CellName(c), Bimodal: c.Bimodal}
	if len(c.Measured()) == 0 {
		v.Median = "not measured"
		return v
	}
	v.Median = fmt.Sprintf("%s pages/s", SI(c.Summary.Center))
	v.Strip = plot.Strip("samples of "+v.Name, "pages a second by round", c.Speed, c.Summary.Center)
	if c.Versus != nil {
		v.Versus = fmt.Sprintf("against %s %s", c.Versus.Against, VerdictWords(c.Versus))
	}
	if c.Bound.By != "" {
		v.Bound = fmt.Sprintf("%.0f %% of the %s/s that %s", 100*c.Bound.Share, SI(c.Bound.Speed), boundWords(c.Bound.By))
	}
	if !c.Valid() {
		v.Doubts = "Most of its samples are doubtful, so nothing is said of why it is as it is. "
	}
	for _, f := range slices.Sorted(maps.Keys(c.Doubts)) {
		v.Doubts += fmt.Sprintf("%s: %d of %d samples. ", f, c.Doubts[f], len(c.Measured()))
	}
	v.Facts = [][2]string{
		{"processor time", fmt.Sprintf("%s a page", Seconds(c.CPU))}, {"allocated", fmt.Sprintf("%.0f B a page", c.Bytes)},
	}
	if c.Held > 0 {
		v.Facts = append(v.Facts, [2]string{"held", fmt.Sprintf("%.1f B a page of the heap at the last page", c.Held)})
	}
	if c.Growth != nil && c.Growth.N > 0 {
		v.Facts = append(v.Facts, [2]string{"against one worker", fmt.Sprintf("%.2f [%.2f, %.2f] times the processor time a page", c.Growth.Ratio, c.Growth.Lo, c.Growth.Hi)})
	}
	if cost, share := engineShare(a.Run.Manifest(), c); cost > 0 {
		v.Facts = append(v.Facts, [2]string{"engine, site and judge", fmt.Sprintf("%s a page, %.0f %% of this cell", Seconds(cost), 100*share)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Counts)) {
		v.Facts = append(v.Facts, [2]string{name, fmt.Sprintf("%.2g a page", c.Counts[name])})
	}
	for _, kinds := range slices.Sorted(maps.Keys(c.Under)) {
		v.Facts = append(v.Facts, [2]string{kinds + " profile", distortion(c.Under[kinds])})
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Files)) {
		v.Files = append(v.Files, [2]string{kind, c.Files[kind]})
	}
	if c.Traced != nil {
		v.traced(c)
		switch file := c.Files["wall"]; {
		case file != "" && drawn:
			v.Flame = flame(a.Run.Open, file, v.Name)
		case file != "":
			v.Facts = append(v.Facts, [2]string{"flame graph", "left out, for this report has many: see it by crawlbench serve"})
		}
	}
	return v
}

// engineShare returns what the engine that carries c's design costs a page, with site and judge, and what part of c's time
// that is; 0 if there is none, or none was measured.
func engineShare(m store.Manifest, c *diagnose.Cell) (cost, share float64) {
	if !slices.Contains(m.OnEngine, c.Design()) {
		return 0, 0
	}
	cost = m.Engine[store.EngineKey(c.Graph, c.Keys, c.Workers, c.Procs)]
	return cost, cost * c.Summary.Center
}

func (v *Drawer) traced(c *diagnose.Cell) {
	v.Traced = true
	v.Distortion = fmt.Sprintf("While it was traced it crawled %s/s, %s. The account leaves %.2f %% of the workers' time open at most.",
		SI(c.Traced.Speed), distortion(c.Traced.Distortion), 100*c.Traced.Shares.Residual.Max)
	for i, s := range c.Traced.Sites() {
		if i < 8 {
			v.Sites = append(v.Sites, []string{string(s.Class), s.Where, s.Primitive, fmt.Sprintf("%.1f %%", 100*s.Share)})
		}
	}
	worker := 0.0
	for _, l := range c.Traced.Ledgers {
		worker += l.Worker
	}
	for i, e := range c.Traced.Ends() {
		if i < 8 {
			v.Ends = append(v.Ends, []string{string(e.Class), e.Where, e.By, fmt.Sprintf("%.1f %%", 100*e.Seconds/worker)})
		}
	}
}

// distortion says what profilers did, and what was to be expected of them.
func distortion(d diagnose.Distortion) string {
	text := fmt.Sprintf("%.0f %% slower", 100*d.Slowed)
	if d.Slowed < 0 {
		text = fmt.Sprintf("%.0f %% faster, by chance", -100*d.Slowed)
	}
	switch {
	case d.Most == 0:
	case d.Most < 0.005:
		text += fmt.Sprintf("; its %s events a second were to take less than 1 %%", SI(d.Events))
	default:
		text += fmt.Sprintf("; its %s events a second were to take %.2g to %.2g %%", SI(d.Events), 100*d.Least, 100*d.Most)
	}
	return text
}

// Seconds writes a time with its unit.
func Seconds(x float64) string {
	switch {
	case x < 1e-6:
		return fmt.Sprintf("%.0f ns", x*1e9)
	case x < 1e-3:
		return fmt.Sprintf("%.1f µs", x*1e6)
	case x < 1:
		return fmt.Sprintf("%.1f ms", x*1e3)
	}
	return fmt.Sprintf("%.2f s", x)
}

func boundWords(by string) string {
	switch by {
	case "rate":
		return "the rate limit allows"
	case "latency":
		return "its workers can fetch, each waiting for its page"
	case "depth":
		return "the depth of the graph allows"
	}
	return "its cores allow at one worker's cost a page"
}
