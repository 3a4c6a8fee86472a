package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/graph"
)

// Cost is what every fetch of a cell costs, instead of what the scenario's table [fetch] says; 0 means that it does not
// change that.
type Cost struct {
	Latency time.Duration `json:"latency_ns,omitempty"` // median waiting time
	CPU     time.Duration `json:"cpu_ns,omitempty"`     // processor time
}

// maxCost bounds a cost, so that a crawl of a few pages ends before its deadline.
const maxCost = time.Second

// String returns the cost as written in a scenario: none, latency 1ms, cpu 10us, or both.
func (c Cost) String() string {
	if c == (Cost{}) {
		return "none"
	}
	return strings.Join(c.parts(" "), " ")
}

// parts returns the names and values of the costs that are set, separated by sep.
func (c Cost) parts(sep string) (list []string) {
	if c.Latency > 0 {
		list = append(list, "latency"+sep+ascii(c.Latency))
	}
	if c.CPU > 0 {
		list = append(list, "cpu"+sep+ascii(c.CPU))
	}
	return list
}

// ascii formats a time with letters that may occur in a benchmark's name.
func ascii(d time.Duration) string { return strings.ReplaceAll(d.String(), "µ", "u") }

// parseCost parses the result of String.
func parseCost(s string) (c Cost, err error) {
	words := strings.Fields(s)
	if s == "none" {
		return c, nil
	}
	for i := 0; i+1 < len(words); i += 2 {
		to := map[string]*time.Duration{"latency": &c.Latency, "cpu": &c.CPU}[words[i]]
		d, err := time.ParseDuration(words[i+1])
		if to == nil || *to != 0 || err != nil || d <= 0 || d > maxCost {
			return Cost{}, badCost(s)
		}
		*to = d
	}
	if len(words) == 0 || len(words)%2 != 0 {
		return Cost{}, badCost(s)
	}
	return c, nil
}

func badCost(s string) error {
	return fmt.Errorf(`invalid cost %s: want "none", "latency 1ms", "cpu 10us" or both, of at most %v`, quoted(s), maxCost)
}

// FetchOf returns how the site answers the fetches of a cell, given its behaviour.
func (c Cell) FetchOf(b graph.Behaviour) graph.Behaviour {
	if c.Cost.Latency > 0 {
		if b.Latency.Model == "" || b.Latency.Model == "zero" {
			b.Latency = graph.Latency{Model: "constant"}
		}
		b.Latency.Median = c.Cost.Latency
	}
	if c.Cost.CPU > 0 {
		b.CPU = c.Cost.CPU
	}
	return b
}

// UsesCPU reports whether fetches of some cell use processor time.
func (p *Plan) UsesCPU() bool {
	return slices.ContainsFunc(p.Cells, func(c Cell) bool { return p.FetchOf(c).CPU > 0 })
}
