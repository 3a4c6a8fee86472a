package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"crawlbench/internal/breakdown"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
)

// Traced is what the execution traces of a cell say.
type Traced struct {
	Breakdowns []*breakdown.Breakdown
	Shares     breakdown.Shares
	Distortion
}

// attachTraces reads the time breakdowns of the cells that have some.
func (a *Analysis) attachTraces(cells map[plan.Cell]*Cell) error {
	list := slices.Collect(maps.Values(cells))
	errs := make([]error, len(list))
	parallel.Each(len(list), func(i int) { errs[i] = a.attachTrace(list[i]) })
	return cmp.Or(errs...)
}

// attachTrace reads the time breakdowns of a cell. One whose time breakdowns were deleted is as if
// it had not been traced.
func (a *Analysis) attachTrace(c *Cell) error {
	file := c.Files["breakdown"]
	if file == "" || c.Failure != nil {
		c.Traced = nil
		return nil
	}
	text, err := a.Run.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c.Traced = nil
		delete(c.Files, "breakdown")
		return nil
	}
	if err == nil {
		c.Traced.Breakdowns, err = breakdown.Parse(text)
	}
	if err == nil {
		c.Traced.Shares, err = breakdown.Summarize(c.Traced.Breakdowns)
	}
	if err != nil {
		return fmt.Errorf("read the time breakdown %s: %w: restore it from a backup, or delete it to read the run without that trace", filepath.Join(a.Run.Dir(), file), err)
	}
	return nil
}

// Share returns the median share of a class of worker time.
func (t *Traced) Share(c breakdown.State) float64 { return t.Shares.Share[c].Median }

// Scaled returns the median share of a class of worker time, scaled so that those of all classes
// add up to 1: the medians
// of several traces need not.
func (t *Traced) Scaled(c breakdown.State) float64 {
	sum := 0.0
	for _, class := range breakdown.States() {
		sum += t.Share(class)
	}
	return t.Share(c) / sum
}

// Worker returns the workers' time of all traces, in seconds.
func (t *Traced) Worker() float64 {
	sum := 0.0
	for _, l := range t.Breakdowns {
		sum += l.Worker
	}
	return sum
}

// PerPage returns the workers' seconds of a class per page crawled, over all traces.
func (t *Traced) PerPage(c breakdown.State) float64 {
	seconds, pages := 0.0, 0
	for _, l := range t.Breakdowns {
		seconds += l.Seconds[c]
		pages += l.Pages
	}
	return seconds / float64(max(1, pages))
}

// Sites adds up the places of all traces, largest first.
func (t *Traced) Sites() []breakdown.Site {
	list := addUp(t.Breakdowns, func(l *breakdown.Breakdown) []breakdown.Site { return l.Sites },
		func(s breakdown.Site) breakdown.Site {
			return breakdown.Site{State: s.State, Where: s.Where, Primitive: s.Primitive}
		},
		func(sum *breakdown.Site, s breakdown.Site) {
			sum.Count, sum.Seconds = sum.Count+s.Count, sum.Seconds+s.Seconds
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

// Ends adds up who waited where and who ended it, largest first.
func (t *Traced) Ends() []breakdown.End {
	list := addUp(t.Breakdowns, func(l *breakdown.Breakdown) []breakdown.End { return l.Ends },
		func(e breakdown.End) breakdown.End { return breakdown.End{State: e.State, Where: e.Where, By: e.By} },
		func(sum *breakdown.End, e breakdown.End) {
			sum.Count, sum.Seconds = sum.Count+e.Count, sum.Seconds+e.Seconds
		})
	slices.SortFunc(list, func(x, y breakdown.End) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Where+x.By, y.Where+y.By))
	})
	return list
}

// addUp adds up what the time breakdowns have under the same key, which is a T too.
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

// Busiest returns the role that has the largest share of the crawls' time on a processor, over all
// traces, and its least
// and largest share; nil if there is none.
func (t *Traced) Busiest() (entry string, least, most float64) {
	shares := map[string][]float64{}
	for _, l := range t.Breakdowns {
		for _, r := range l.Roles {
			shares[r.Entry] = append(shares[r.Entry], r.Share)
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
