package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"crawlbench/internal/ledger"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
)

// Traced is what the execution traces of a cell say.
type Traced struct {
	Ledgers []*ledger.Ledger
	Shares  ledger.Shares
	Distortion
}

// attachTraces reads the ledgers of the cells that have some.
func (a *Analysis) attachTraces(cells map[plan.Cell]*Cell) error {
	list := slices.Collect(maps.Values(cells))
	errs := make([]error, len(list))
	parallel.Each(len(list), func(i int) { errs[i] = a.attachTrace(list[i]) })
	return cmp.Or(errs...)
}

// attachTrace reads the ledgers of a cell. One whose ledgers were deleted is as if it had not been traced.
func (a *Analysis) attachTrace(c *Cell) error {
	file := c.Files["ledger"]
	if file == "" || c.Failure != nil {
		c.Traced = nil
		return nil
	}
	text, err := a.Run.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c.Traced = nil
		delete(c.Files, "ledger")
		return nil
	}
	if err == nil {
		c.Traced.Ledgers, err = ledger.Parse(text)
	}
	if err == nil {
		c.Traced.Shares, err = ledger.Spread(c.Traced.Ledgers)
	}
	if err != nil {
		return fmt.Errorf("read the ledger %s: %w: restore it from a backup, or delete it to read the run without that trace", filepath.Join(a.Run.Dir(), file), err)
	}
	return nil
}

// Share returns the median share of a class of worker time.
func (t *Traced) Share(c ledger.Class) float64 { return t.Shares.Share[c].Median }

// repeats says over how many traces a share has which range, and how many of them have at least so much.
func (t *Traced) repeats(c ledger.Class, least float64) string {
	agree := 0
	for _, l := range t.Ledgers {
		if l.Share(c) >= least {
			agree++
		}
	}
	r := t.Shares.Share[c]
	return fmt.Sprintf("%s to %s over %d traces, of which %d alone would do", percent(r.Min), percent(r.Max), len(t.Ledgers), agree)
}

// Sites adds up the places of all traces, largest first.
func (t *Traced) Sites() []ledger.Site {
	type key struct {
		class            ledger.Class
		where, primitive string
	}
	sum := map[key]*ledger.Site{}
	worker := 0.0
	for _, l := range t.Ledgers {
		worker += l.Worker
		for _, s := range l.Sites {
			k := key{s.Class, s.Where, s.Primitive}
			if sum[k] == nil {
				sum[k] = &ledger.Site{Class: s.Class, Where: s.Where, Primitive: s.Primitive}
			}
			sum[k].Count += s.Count
			sum[k].Seconds += s.Seconds
		}
	}
	var list []ledger.Site
	for _, s := range sum {
		s.Share = s.Seconds / worker
		list = append(list, *s)
	}
	sortBy(list, func(s ledger.Site) (float64, string) { return s.Seconds, s.Where + s.Primitive })
	return list
}

// Ends adds up who waited where and who ended it, largest first. Share is of worker time.
func (t *Traced) Ends() []ledger.End {
	type key struct {
		class     ledger.Class
		where, by string
	}
	sum := map[key]*ledger.End{}
	for _, l := range t.Ledgers {
		for _, e := range l.Ends {
			k := key{e.Class, e.Where, e.By}
			if sum[k] == nil {
				sum[k] = &ledger.End{Class: e.Class, Where: e.Where, By: e.By}
			}
			sum[k].Count += e.Count
			sum[k].Seconds += e.Seconds
		}
	}
	var list []ledger.End
	for _, e := range sum {
		list = append(list, *e)
	}
	sortBy(list, func(e ledger.End) (float64, string) { return e.Seconds, e.Where + e.By })
	return list
}

// Busiest returns the role that has the largest share of the crawls' time on a processor, over all traces, and its least
// and largest share; nil if there is none.
func (t *Traced) Busiest() (entry string, least, most float64) {
	shares := map[string][]float64{}
	for _, l := range t.Ledgers {
		for _, r := range l.Roles {
			shares[r.Entry] = append(shares[r.Entry], r.Share)
		}
	}
	for e, list := range shares {
		if len(list) < len(t.Ledgers) {
			continue
		}
		lo, hi := list[0], list[0]
		for _, s := range list {
			lo, hi = min(lo, s), max(hi, s)
		}
		if lo > least {
			entry, least, most = e, lo, hi
		}
	}
	return entry, least, most
}
