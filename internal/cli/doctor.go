package cli

import (
	"context"
	"flag"
	"fmt"
	"math"
	"time"

	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// doctor measures the noise of this machine, and thus the detectable differences.
func (a *app) doctor(ctx context.Context, fs *flag.FlagSet, args []string) error {
	rounds := fs.Int("rounds", 0, "`number` of rounds of the A/A control; 0: as many as fit into 12 s")
	paces := fs.Bool("limiters", false, "instead, measure how accurately each limiter keeps rates from 1/s to 1,000,000/s; this takes about two minutes")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if *paces {
		return a.measureLimiters(ctx)
	}
	if *rounds != 0 && (*rounds < plan.MinRounds || *rounds > plan.MaxRounds) {
		return usagef("doctor: invalid -rounds %d: want %d to %d, or 0 for as many as fit into %v", *rounds,
			plan.MinRounds, plan.MaxRounds, blocksTime)
	}
	if err := child.Supported(); err != nil {
		return err
	}
	f := host.Fingerprint()
	rows := [][]string{{"machine", fmt.Sprintf("%s cores, %s, %s", f["cores"], f["cpu"], f["kernel"])}}
	readings, err := measure.Machine(ctx)
	if err != nil {
		return err
	}
	x, err := a.experiment(ctx, *rounds, blocksTime)
	if err != nil {
		return err
	}
	parts, err := a.components(x)
	if err != nil {
		return err
	}
	readings = append(readings, parts...)
	for _, r := range append(readings, noise(x.short)...) {
		rows = append(rows, []string{r.Name, r.Value})
		if r.Hint != "" {
			rows = append(rows, []string{"", "hint: " + r.Hint})
		}
	}
	a.screen.List(a.raw, rows)
	return nil
}

// measureLimiters measures the limiters.
func (a *app) measureLimiters(ctx context.Context) error {
	head := []string{"asked/s", "goroutines", "limiter", "burst", "achieved/asked", "worst window", "CPU an event",
		"Jain index"}
	var rows [][]screen.Entry
	for rate := 1.0; rate <= 1e6; rate *= 10 {
		for _, goroutines := range []int{1, 8, 64} {
			for _, k := range limiter.All() {
				p, err := measure.MeasureLimiter(ctx, k.Name, rate, goroutines, time.Second/2)
				if err != nil {
					return err
				}
				rows = append(rows, screen.Row(fmt.Sprintf("%.0f", rate), fmt.Sprint(goroutines), k.Name,
					fmt.Sprint(p.Burst), fmt.Sprintf("%.4f", p.Achieved), fmt.Sprintf("%.3f", p.Worst),
					fmt.Sprintf("%.3g µs", 1e6*p.CPU), fmt.Sprintf("%.3f", p.Jain)))
			}
		}
	}
	a.screen.Table(a.raw, head, rows)
	return nil
}

// noise returns the readings of the A/A control.
func noise(a *diagnose.Analysis) []measure.Reading {
	var list []measure.Reading
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			c := g.Control
			if c == nil {
				continue
			}
			x := c.Times()
			r := measure.Reading{Name: fmt.Sprintf("A/A control, %s", plain.Count(g.Workers, "worker")),
				Value: fmt.Sprintf("%.2fx [%.2f, %.2f] in %s; standard deviation of a round %.0f %%", x.Value, x.Lo, x.Hi,
					plain.Count(c.Blocks, "round"), 100*c.SD)}
			if c.Blocks < 2 {
				r.Value = fmt.Sprintf("%.2fx in one round, too few for an interval", x.Value)
			}
			if c.Verdict == stat.Faster || c.Verdict == stat.Slower {
				r.Hint = "a difference where there is none: one run in twenty has one by chance; if more do, this machine's results cannot be trusted"
			}
			list = append(list, r)
			if c.Blocks < fewestBlocks {
				continue
			}
			alone := stat.Family{Size: 1, Alpha: plan.Alpha, Uneven: true}
			for _, n := range []int{10, 20, 40} {
				if x := alone.MDE(n, c.SD); !math.IsInf(x, 0) && !math.IsNaN(x) {
					list = append(list, measure.Reading{Name: fmt.Sprintf("  %d rounds", n),
						Value: fmt.Sprintf("minimum detectable effect %.0f %%", 100*(x-1))})
				}
			}
		}
	}
	if tr := a.Trust; tr.Repeated > 0 {
		list = append(list, measure.Reading{Name: "flagged",
			Value: fmt.Sprintf("%d of %s", tr.Repeated, plain.Count(tr.Samples, "sample")),
			Hint:  "other processes or virtual machines were running: stop them, or measure at another time"})
	}
	return list
}
