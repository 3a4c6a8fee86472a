package cli

import (
	"errors"
	"flag"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// recorded is the flag -recorded: whether the site replays what was recorded with its graph, and the median to which
// the latencies are scaled, 0 if they are not.
type recorded struct {
	on     bool
	median time.Duration
}

func (r *recorded) add(fs *flag.FlagSet) {
	fs.Var(r, "recorded", "replay the latencies and failures recorded in the graph's file (see import), in place of the "+
		"scenario's; -recorded=5ms scales the latencies to that median")
}

// IsBoolFlag says that the flag needs no value.
func (r *recorded) IsBoolFlag() bool { return true }

func (r *recorded) String() string {
	switch {
	case r == nil || !r.on:
		return "false"
	case r.median > 0:
		return r.median.String()
	}
	return "true"
}

// Set parses true, false or a median.
func (r *recorded) Set(text string) error {
	switch text {
	case "true", "false":
		*r = recorded{on: text == "true"}
		return nil
	}
	median, err := time.ParseDuration(text)
	if err != nil || median <= 0 || median > graph.MaxLatency {
		return errors.New("want a time up to " + graph.MaxLatency.String() + " as the median, or none")
	}
	*r = recorded{true, median}
	return nil
}

// apply makes a scenario replay, if it was asked to.
func (r *recorded) apply(s *plan.Scenario) {
	if r.on {
		s.Replay(r.median)
	}
}
