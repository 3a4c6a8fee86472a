package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/stat"
)

// Limits on what a file makes its reader allocate, far beyond any practical run.
const (
	mostSlots = 1 << 20
	mostCells = 1 << 16
	mostNames = 1 << 12
	mostLooks = 100
	maxWait   = 10 * time.Second
	longestID = 200 // bytes; with a suffix it is a file name, which may have 255 bytes
)

// Read reads a plan written by encoding/json. The text is untrusted: a returned plan has passed Check.
func Read(text []byte) (*Plan, error) {
	p := new(Plan)
	raw := struct {
		*Plan
		Crawlers json.RawMessage `json:"crawlers"`
		Graphs   json.RawMessage `json:"graphs"`
		Cells    json.RawMessage `json:"cells"`
		Schedule json.RawMessage `json:"schedule"`
		Passes   json.RawMessage `json:"passes"`
		Looks    json.RawMessage `json:"looks"`
	}{Plan: p}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	err := errors.Join(
		readList(raw.Crawlers, "crawlers", mostNames, 1, &p.Crawlers),
		readList(raw.Graphs, "graphs", mostNames, 60, &p.Graphs),
		readList(raw.Cells, "cells", mostCells, 18, &p.Cells),
		readList(raw.Schedule, "slots", mostSlots, 3, &p.Schedule),
		readList(raw.Looks, "looks", mostLooks, 2, &p.Looks),
		readList(raw.Passes, "profile passes", mostCells, 5, &p.Passes),
	)
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// readList reads a list of at most most elements, each with at most values values.
func readList[T any](text json.RawMessage, what string, most, values int, to *[]T) error {
	if bytes.Count(text, []byte(",")) > most*values {
		return fmt.Errorf("it has more than %d %s", most, what)
	}
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, to)
}

// Check returns an error if p is not a valid plan: names become those of files and benchmarks and
// are shown on terminals and pages, numbers must be within the limits of scenarios, indexes must be
// valid, and the schedule must measure every cell once per round.
func (p *Plan) Check() error {
	switch {
	case len(p.Crawlers) == 0 || len(p.Cells) == 0:
		return errors.New("it has no crawlers or no cells")
	case !ValidName(strings.ReplaceAll(p.Scenario, "-", "_")):
		return fmt.Errorf("invalid scenario name %q", p.Scenario)
	case p.Sample < 0 || p.Sample > time.Hour || p.Length < 0 || p.Length > time.Hour || p.Deadline < 0 ||
		p.Deadline > 7*24*time.Hour || p.Memory < 0:
		return fmt.Errorf("samples of %v, passes of %v, a deadline of %v or %d bytes of memory are out of bounds",
			p.Sample, p.Length, p.Deadline, p.Memory)
	}
	if err := p.Politeness.check(); err != nil {
		return err
	}
	if p.Simulated && (p.Politeness == nil || len(p.Passes) > 0 || p.Turns > 0) {
		return errors.New("it is simulated, and has no politeness, or it has profile passes or turns")
	}
	names := map[string]bool{}
	for _, name := range p.Crawlers {
		if !ValidCrawler(name) || names[name] {
			return fmt.Errorf("crawler %q: the name is invalid or occurs twice", name)
		}
		names[name] = true
	}
	graphs := map[string]bool{}
	for _, g := range p.Graphs {
		if !ValidName(g.Name) || graphs[g.Name] {
			return fmt.Errorf("graph %q: the name is invalid or occurs twice", g.Name)
		}
		graphs[g.Name] = true
	}
	ids := map[string]bool{}
	for i, c := range p.Cells {
		if err := c.check(); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		switch id := c.ID(); {
		case !names[c.Impl] || !graphs[c.Graph]:
			return fmt.Errorf("cell %d is of crawler %q on graph %q, which the plan does not have",
				i+1, c.Impl, c.Graph)
		case ids[id]:
			return fmt.Errorf("cell %s occurs twice", id)
		default:
			ids[id] = true
		}
	}
	return errors.Join(p.checkSchedule(), p.checkBlocks(), p.checkPasses())
}

// check returns an error if the cell by itself is invalid.
func (c Cell) check() error {
	switch {
	case !ValidCrawler(c.Impl) || !ValidName(c.Graph) || c.Keys != "id" && c.Keys != "url" ||
		c.Limiter != "" && !ValidName(c.Limiter):
		return fmt.Errorf("crawler %q, graph %q, keys %q or limiter %q is not a valid name",
			c.Impl, c.Graph, c.Keys, c.Limiter)
	case c.Transport != Memory && c.Transport != HTTP || !canCarry(c.Transport, c.Keys):
		return fmt.Errorf("transport %q with keys %q: want none, or \"http\" with \"url\"", string(c.Transport), c.Keys)
	case c.Transport == HTTP && c.NullSet:
		return errors.New("a null set over HTTP: want one of the two")
	case c.Processes < 0 || c.Processes > maxProcesses:
		return fmt.Errorf("%d processes: want at most %d", c.Processes, maxProcesses)
	case c.Processes > 0 && (c.Transport != Memory || c.NullSet || c.NoGC || c.Delay != Delay{} || c.Resident):
		return errors.New("a fleet over HTTP, with a null set, without collector, with a delay or in a block: want none of these")
	case c.Workers < 1 || c.Workers > 1<<26 || c.Procs < 1 || c.Procs > 1<<20 || c.Burst < 0 || c.MaxPages < 0:
		return fmt.Errorf("%d workers, GOMAXPROCS %d, burst %d or a budget of %d pages are out of bounds",
			c.Workers, c.Procs, c.Burst, c.MaxPages)
	case c.Cost.Latency < 0 || c.Cost.Latency > 2*maxWait || c.Cost.CPU < 0 || c.Cost.CPU > 2*maxWait:
		return fmt.Errorf("the cost of a fetch, %v, is out of bounds", c.Cost)
	case c.Delay.Site < 0 || c.Delay.For < 0 || c.Delay.For > maxWait:
		return fmt.Errorf("a delay of %v at line %d is out of bounds", c.Delay.For, c.Delay.Site)
	case len(c.ID()) > longestID:
		return fmt.Errorf("its name has %d bytes, want at most %d, as it is the name of a file: shorten the names "+
			"of the crawler and the graph", len(c.ID()), longestID)
	}
	return nil
}

// checkSchedule returns an error unless each round measures once every cell that has at least as many rounds.
func (p *Plan) checkSchedule() error {
	n := len(p.Cells)
	limited := 0
	for _, c := range p.Cells {
		if c.Rate > 0 {
			limited++
		}
	}
	// Count in floating point, because the number of rounds is untrusted.
	want := float64(max(0, p.Rounds)) * float64(n-limited)
	if limited > 0 {
		want += float64(max(0, p.RoundsOf(Cell{Rate: 1}))) * float64(limited)
	}
	if p.Rounds < 1 || p.RateLimitedRounds < 0 || p.RateLimitedRounds > MaxRounds || len(p.Schedule) > mostSlots ||
		float64(len(p.Schedule)) != want {
		return fmt.Errorf("the schedule has %d slots, want %d rounds of %d cells, %d of them in %d rounds, "+
			"and at most %d slots",
			len(p.Schedule), p.Rounds, n, limited, p.RateLimitedRounds, mostSlots)
	}
	last := make([]int, n) // the last round of each cell, from 1
	round, slot, per := 0, 0, n
	for i, s := range p.Schedule {
		if slot == per {
			if round, slot = round+1, 0; p.RateLimitedRounds > 0 && round >= p.RateLimitedRounds {
				per = n - limited
			}
		}
		if s.Cell < 0 || s.Cell >= n || s.Round != round || s.Slot != slot || s.Round >= p.RoundsOf(p.Cells[s.Cell]) {
			return fmt.Errorf("the schedule's entry %d is round %d slot %d cell %d, in a plan of %d cells",
				i+1, s.Round, s.Slot, s.Cell, n)
		}
		if last[s.Cell] == s.Round+1 {
			return fmt.Errorf("the schedule's entry %d measures cell %d a second time in round %d",
				i+1, s.Cell, s.Round)
		}
		last[s.Cell] = s.Round + 1
		slot++
	}
	return p.checkLooks()
}

// checkLooks returns an error unless the looks are those of a family, within the rounds.
func (p *Plan) checkLooks() error {
	if g := p.Gate; g != nil && !(*g >= 0 && *g <= 1e6) {
		return fmt.Errorf("a gate of %v is out of bounds", *g)
	}
	if !p.Stop || p.Rounds < 2 {
		if len(p.Looks) > 0 {
			return fmt.Errorf("it has %d looks: want none", len(p.Looks))
		}
		return nil
	}
	if err := stat.CheckLooks(p.Looks); err != nil {
		return err
	}
	if last := p.Looks[len(p.Looks)-1].Blocks; last != p.Rounds {
		return fmt.Errorf("its last look is after %d of %d rounds: want all", last, p.Rounds)
	}
	return nil
}

func (p *Plan) checkPasses() error {
	for i, pass := range p.Passes {
		if pass.Cell < 0 || pass.Cell >= len(p.Cells) {
			return fmt.Errorf("profile pass %d is of cell %d, in a plan of %d cells", i+1, pass.Cell, len(p.Cells))
		}
		if len(pass.Kinds) == 0 || slices.ContainsFunc(pass.Kinds,
			func(kind string) bool { return !ValidName(kind) }) {
			return fmt.Errorf("profile pass %d has the kinds %q, which are not valid names", i+1, pass.Kinds)
		}
	}
	return nil
}
