package lesson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/simulate"
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
		Why: "Pages of one host are found together and so stand together in the queue. Soon all 64 workers hold pages of " +
			"the same few hosts and wait for their gaps, while hosts that could be asked stand behind them: the ! in the " +
			"strip. More workers only delay it. The remedy is to hand out a worker and a ready host in one step, from a " +
			"heap of hosts by the time at which they may be asked again. One number tells designs apart, unforced " +
			"idleness: worker time in which a host could have been asked. It is 0 for the second one.",
		Next: "\"crawlbench run polite\" shows five shapes of hosts and seven designs, in seconds, in virtual time.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			var pair []crawl.Crawler
			for _, c := range l.Crawlers {
				if c.Name == "hostheap" || c.Name == "sleeper" {
					pair = append(pair, c)
				}
			}
			rows, err := l.Simulate(ctx, pair)
			if err != nil {
				return Result{}, err
			}
			row := func(name string) simulate.Row {
				i := slices.IndexFunc(rows, func(r simulate.Row) bool {
					return r.Crawler == name && r.Situation == "even"
				})
				if i < 0 {
					return simulate.Row{Failed: name + " was not simulated"}
				}
				return rows[i]
			}
			heap, sleeper := row("hostheap"), row("sleeper")
			if failed := heap.Failed + sleeper.Failed; failed != "" {
				return Result{}, errors.New(failed)
			}
			ratio := sleeper.Makespan.Seconds() / heap.Makespan.Seconds()
			measured := fmt.Sprintf("In virtual time, sleeper took %.0f s and hostheap %.0f s: %.1f times as long. Its "+
				"workers were idle without need for %.0f s in all, those of hostheap for %.0f s.",
				sleeper.Makespan.Seconds(), heap.Makespan.Seconds(), ratio, sleeper.Idle.Seconds(), heap.Idle.Seconds())
			r := Result{Choice: Unsure, Picture: strips(heap, sleeper), Measured: measured}
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

// strips draws what hosts were doing.
func strips(rows ...simulate.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The first %.0f s, some hosts, one a line: # a fetch, . the gap, ! ready but no worker fetches\n",
		simulate.StripTime.Seconds())
	for _, r := range rows {
		fmt.Fprintln(&b, r.Crawler)
		for _, line := range r.Strip {
			fmt.Fprintf(&b, "  |%s|\n", line)
		}
	}
	return b.String()
}
