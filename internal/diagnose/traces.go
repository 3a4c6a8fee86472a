package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
)

// Traces holds the results of the execution traces of a cell.
type Traces struct {
	Breakdowns []*breakdown.Breakdown
	Shares     breakdown.Shares
	Distortion
}

// attachTraces reads the time breakdowns and the processor time by class of all cells.
func (a *Analysis) attachTraces(cells map[plan.Cell]*Cell) error {
	list := slices.Collect(maps.Values(cells))
	errs := make([]error, len(list))
	parallel.Each(len(list), func(i int) { errs[i] = cmp.Or(a.attachTrace(list[i]), a.attachUsage(list[i])) })
	return cmp.Or(errs...)
}

// attachTrace reads the time breakdowns of a cell. A cell whose time breakdowns were deleted counts as not traced.
func (a *Analysis) attachTrace(c *Cell) error {
	file := c.Files["breakdown"]
	if file == "" || c.Failure != nil {
		c.Traces = nil
		return nil
	}
	text, err := a.Run.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c.Traces = nil
		delete(c.Files, "breakdown")
		return nil
	}
	if err == nil {
		c.Traces.Breakdowns, err = breakdown.Parse(text)
	}
	if err == nil {
		c.Traces.Shares, err = breakdown.Summarize(c.Traces.Breakdowns)
	}
	if err != nil {
		return fmt.Errorf("read the time breakdown %s: %w: restore it from a backup, or delete it to read the run without that trace", filepath.Join(a.Run.Dir(), file), err)
	}
	return nil
}

// Share returns the median share of a state in the workers' time.
func (t *Traces) Share(c breakdown.State) float64 { return t.Shares.Share[c].Median }

// Queue returns the median of the part of Share in which workers were woken and waited for a processor.
func (t *Traces) Queue(c breakdown.State) float64 { return t.Shares.Queue[c].Median }

// Pages returns the number of pages fetched in all traces.
func (t *Traces) Pages() int {
	n := 0
	for _, l := range t.Breakdowns {
		n += l.Pages
	}
	return n
}

// Scaled returns the median share of a state in the workers' time, scaled so that the shares of all
// states add up to 1; the medians of several traces need not.
func (t *Traces) Scaled(c breakdown.State) float64 {
	sum := 0.0
	for _, class := range breakdown.States() {
		sum += t.Share(class)
	}
	return t.Share(c) / sum
}

// Worker returns the workers' time of all traces, in seconds.
func (t *Traces) Worker() float64 {
	sum := 0.0
	for _, l := range t.Breakdowns {
		sum += l.Worker
	}
	return sum
}

// PerPage returns the workers' seconds in a state per page crawled, over all traces.
func (t *Traces) PerPage(c breakdown.State) float64 {
	seconds := 0.0
	for _, l := range t.Breakdowns {
		seconds += l.Seconds[c]
	}
	return seconds / float64(max(1, t.Pages()))
}

// Sites returns the sums over all traces of the sites of waits, largest first.
func (t *Traces) Sites() []breakdown.Site {
	list := addUp(t.Breakdowns, func(l *breakdown.Breakdown) []breakdown.Site { return l.Sites },
		func(s breakdown.Site) breakdown.Site {
			return breakdown.Site{State: s.State, Where: s.Where, Primitive: s.Primitive}
		},
		func(sum *breakdown.Site, s breakdown.Site) {
			sum.Count, sum.Wakes, sum.Vain = sum.Count+s.Count, sum.Wakes+s.Wakes, sum.Vain+s.Vain
			sum.Seconds, sum.Queue = sum.Seconds+s.Seconds, sum.Queue+s.Queue
		})
	worker := t.Worker()
	for i := range list {
		list[i].Share = list[i].Seconds / worker
	}
	slices.SortFunc(list, func(x, y breakdown.Site) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Where+x.Primitive, y.Where+y.Primitive))
	})
	return list
}

// Ends returns the sums over all traces of waits and what ended them, largest first.
func (t *Traces) Ends() []breakdown.End {
	list := addUp(t.Breakdowns, func(l *breakdown.Breakdown) []breakdown.End { return l.Ends },
		func(e breakdown.End) breakdown.End {
			return breakdown.End{State: e.State, Where: e.Where, By: e.By,
				Called: e.Called}
		},
		func(sum *breakdown.End, e breakdown.End) {
			sum.Count, sum.Seconds, sum.Queue = sum.Count+e.Count, sum.Seconds+e.Seconds, sum.Queue+e.Queue
		})
	slices.SortFunc(list, func(x, y breakdown.End) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Where+x.By, y.Where+y.By))
	})
	return list
}

// Pairs returns the sums over all traces of the two ends of channels, most sleeps first.
func (t *Traces) Pairs() []breakdown.Pair {
	list := addUp(t.Breakdowns, func(l *breakdown.Breakdown) []breakdown.Pair { return l.Pairs },
		func(p breakdown.Pair) breakdown.Pair { return breakdown.Pair{Send: p.Send, Receive: p.Receive} },
		func(sum *breakdown.Pair, p breakdown.Pair) {
			sum.SendSleeps, sum.ReceiveSleeps = sum.SendSleeps+p.SendSleeps, sum.ReceiveSleeps+p.ReceiveSleeps
			sum.Locks += p.Locks
		})
	slices.SortFunc(list, func(x, y breakdown.Pair) int {
		return cmp.Or(cmp.Compare(y.SendSleeps+y.ReceiveSleeps, x.SendSleeps+x.ReceiveSleeps),
			cmp.Compare(x.Send+x.Receive, y.Send+y.Receive))
	})
	return list
}

// addUp adds up the elements of the time breakdowns with the same key, which is also a T.
func addUp[T comparable](ls []*breakdown.Breakdown, of func(*breakdown.Breakdown) []T, key func(T) T,
	add func(sum *T, x T)) []T {
	at := map[T]int{}
	var list []T
	for _, l := range ls {
		for _, x := range of(l) {
			k := key(x)
			if _, ok := at[k]; !ok {
				at[k] = len(list)
				list = append(list, k)
			}
			add(&list[at[k]], x)
		}
	}
	return list
}

// waitedFor is the share of the workers' time from which they wait for a goroutine.
const waitedFor = 0.25

// Busiest returns the goroutine for which workers wait, one in each crawl, with the largest share
// of the crawls' time on
// a processor, over all traces, with its smallest and largest share; entry is "" if there is none.
func (t *Traces) Busiest() (entry string, least, most float64) {
	shares := map[string][]float64{}
	for _, l := range t.Breakdowns {
		for _, r := range l.Roles {
			if r.Count <= l.Crawls && r.Ended >= waitedFor*l.Worker {
				shares[r.Entry] = append(shares[r.Entry], r.Share)
			}
		}
	}
	for e, list := range shares {
		if len(list) < len(t.Breakdowns) {
			continue
		}
		if lo := slices.Min(list); lo > least {
			entry, least, most = e, lo, slices.Max(list)
		}
	}
	return entry, least, most
}
