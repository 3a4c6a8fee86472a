package ui

import (
	"fmt"
	"math"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

type runPage struct {
	*report.Page
	Points  points
	On      string // the machine of these points; "" for a run on one
	Files   []anchor
	Measure []anchor // to the matrices
}

// Report makes the report page of a run.
func (s *Site) Report(a *diagnose.Analysis, name string) ([]byte, error) {
	path := s.Run(name)
	p := runPage{Page: report.View(a, s.cellOfRun)}
	if !a.Run.Plan().Simulated {
		p.Points, p.On = s.points(a), report.MachineName(a)
	}
	if !s.static {
		for _, file := range Files() {
			p.Files = append(p.Files, anchor{Text: file, Href: "files/" + file})
		}
	}
	f := frame{Title: p.Title, Subtitle: p.Subtitle, Crumbs: s.crumbs(path, name),
		Tabs: s.tabs(a, path, name, "report"), Plots: true}
	return s.render("run.html", path, f, p)
}

// Files returns the names of the files of a run that are served unchanged.
func Files() []string {
	return []string{"report.html", "manifest.json", "plan.json", "journal.jsonl", "bench.txt"}
}

// tabs returns the links to the pages of a run.
func (s *Site) tabs(a *diagnose.Analysis, path, run, here string) []anchor {
	list := []anchor{{"report", s.Link(path, s.Run(run)), here == "report"},
		{"matrix", s.Link(path, s.Matrix(run, Measures(a)[0].ID)), here == "matrix"}}
	if a.Changes != nil {
		list = append(list, anchor{"changes", s.Link(path, s.Changes(run, "")), here == "changes"})
	}
	return list
}

// points is the data of the interactive plot: speeds are in pages per second, unknown values are null.
type points struct {
	Baseline string  `json:"baseline"`
	Cells    []point `json:"cells"`
}

type point struct {
	Crawler string   `json:"crawler"`
	Color   int      `json:"color"`
	Graph   string   `json:"graph"`
	Keys    string   `json:"keys"`
	Procs   int      `json:"procs"`
	Rate    string   `json:"rate"`
	Workers int      `json:"workers"`
	Href    string   `json:"href"`
	Speed   interval `json:"speed"`
	Versus  interval `json:"versus"` // relative to the baseline's speed
	CPU     interval `json:"cpu"`    // seconds per page
	Share   interval `json:"share"`  // of the bound
}

// interval is a value with the ends of its interval.
type interval [3]*float64

func (s *Site) points(a *diagnose.Analysis) points {
	p := points{Baseline: a.Baseline}
	for _, t := range a.Tables {
		for c := range t.Cells() {
			if !c.Sound() {
				continue
			}
			x := point{Crawler: c.Impl, Color: report.ColorOf(c.Impl), Graph: t.Graph, Keys: t.Keys, Procs: t.Procs,
				Rate: report.RateName(t.Key), Workers: c.Workers, Href: s.cellOfRun(c.ID()),
				Speed: ends(c.Summary.Center, c.Summary.Lo, c.Summary.Hi), CPU: ends(c.CPU, math.NaN(), math.NaN())}
			if c.Versus != nil {
				v := c.Versus.Times()
				x.Versus = ends(v.Value, v.Lo, v.Hi)
			}
			if c.Bound.By != "" {
				x.Share = ends(c.Bound.Share, math.NaN(), math.NaN())
			}
			p.Cells = append(p.Cells, x)
		}
	}
	return p
}

func ends(list ...float64) (i interval) {
	for j, x := range list {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			i[j] = &list[j]
		}
	}
	return i
}

// Progress is the progress of a run, with its interim results.
type Progress struct {
	Name     string
	Manifest store.Manifest
	State    string
	Done     int
	Total    int
	Passes   int // profile passes taken, and planned
	Planned  int
	Left     string // estimated
	Cells    []Interim
}

// Interim is the interim result of a cell.
type Interim struct {
	ID, Name string
	Samples  int
	Speed    float64 // median pages per second, over HTTP of processor time; 0 if there is no sample
	Failed   bool
	OverHTTP bool
}

// Shown returns the speed as it is shown.
func (x Interim) Shown() string {
	if x.OverHTTP {
		return report.SI(x.Speed) + " in a second of processor time"
	}
	return report.SI(x.Speed)
}

type progressPage struct {
	Progress
	Percent int
}

// Running makes the page of a run in progress, which events keep up to date.
func (s *Site) Running(p Progress) ([]byte, error) {
	path := s.Run(p.Name)
	f := frame{Title: fmt.Sprintf("%s on %s", p.Manifest.Scenario, host.Model(p.Manifest.Host)), Subtitle: p.Name +
		", in progress",
		Crumbs: s.crumbs(path, p.Name), Live: true}
	return s.render("running.html", path, f, progressPage{Progress: p, Percent: 100 * p.Done / max(1, p.Total)})
}
