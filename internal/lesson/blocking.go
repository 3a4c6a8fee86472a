package lesson

import (
	"context"
	"fmt"
	"strings"

	"crawlbench/internal/plan"
	"crawlbench/internal/web/hostlog"
)

func headOfLine() Lesson {
	return Lesson{
		Title: "politeness and head-of-line blocking",
		Question: "A site has 100 hosts of 40 pages. Each host is asked for one page at a time and rests for a second " +
			"after it, a fetch takes about 0.1 s, and there are 64 workers. One crawler has a single queue, and a worker " +
			"waits until the host of its page may be asked. Another one hands out only pages whose hosts may be asked " +
			"now. How much longer does the first one take?",
		Choices: []string{
			"not longer: the gaps of the hosts set the time, and both keep them",
			"up to three times as long",
			"more than five times as long",
		},
		Taught: 2,
		Why: "Pages of one host are found together and so stand together in the queue. Soon all 64 workers hold " +
			"pages of the same few hosts and wait for their gaps, while hosts that could be asked wait behind them: " +
			"the ! in the strips. More workers only delay it. The remedy is to hand out a worker and a ready host in " +
			"one step, from a heap of hosts by the time at which they may be asked again. One number tells crawlers " +
			"apart, unforced idleness: worker time in which a host could have been asked. It is 0 for the second one.",
		Next: "\"crawlbench run polite\" shows five shapes of hosts and seven crawlers, in seconds, in virtual time.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			rows, err := l.simulate(ctx, blocking)
			if err != nil {
				return Result{}, err
			}
			heap, sleeper := rows["hostheap"], rows["sleeper"]
			ratio := sleeper.Makespan / heap.Makespan
			measured := fmt.Sprintf("In virtual time, sleeper took %.0f s and hostheap %.0f s: %.1f times as long. "+
				"Its workers were needlessly idle for %.0f s in all, those of hostheap for %.0f s.",
				sleeper.Makespan, heap.Makespan, ratio, sleeper.Idle, heap.Idle)
			r := Result{Choice: Unsure, Picture: strips(rows, "hostheap", "sleeper"), Measured: measured}
			switch {
			case ratio < 1.1:
				r.Choice = 0
			case ratio < 3:
				r.Choice = 1
			case ratio > 5:
				r.Choice = 2
			}
			return r, nil
		},
	}
}

// blocking is a simulated scenario of hosts of equal sizes.
const blocking = `simulated = true
crawlers = ["hostheap", "sleeper"]
workers = [64]
[politeness]
gap = "1s"
[fetch]
latency = "lognormal"
median = "60ms"
sigma = 0.87
[[graph]]
name = "even"
kind = "even"
pages = 4000
hosts = 100
`

// simulate simulates a scenario of one graph and returns what its hosts saw, by crawler.
func (l *Lab) simulate(ctx context.Context, text string) (map[string]hostlog.Summary, error) {
	s, err := plan.Parse("lesson.toml", []byte(text))
	if err != nil {
		return nil, err
	}
	p, err := plan.Make(s, l.Crawlers, 1)
	if err != nil {
		return nil, err
	}
	list, err := l.Simulate(ctx, p)
	if err != nil {
		return nil, err
	}
	rows := map[string]hostlog.Summary{}
	for _, r := range list {
		if r.Failed != "" {
			return nil, fmt.Errorf("%s: %s", r.Cell.Impl, r.Failed)
		}
		rows[r.Cell.Impl] = r.Summary
	}
	return rows, nil
}

// strips draws what hosts were doing.
func strips(rows map[string]hostlog.Summary, crawlers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The first %.0f s, some hosts, one a line: # a fetch, . the gap, ! ready but no worker fetches\n",
		rows[crawlers[0]].StripEnd)
	for _, name := range crawlers {
		fmt.Fprintln(&b, name)
		for _, line := range rows[name].Strips {
			fmt.Fprintf(&b, "  |%s|\n", line)
		}
	}
	return b.String()
}
