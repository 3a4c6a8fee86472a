package store

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"crawlbench/internal/plan"
)

// check returns an error if rec lacks data of its kind or has invalid values. The checksum of a line only shows that
// the line is unchanged, not that crawlbench wrote it.
func (rec *Record) check() error {
	if !(rec.Wall >= 0 && rec.Wall <= math.MaxInt32) {
		return fmt.Errorf("invalid wall time of %v seconds", rec.Wall)
	}
	if rec.More < 0 || rec.More > 0 && rec.Kind != KindSample {
		return fmt.Errorf("invalid block: %d more records after a %s", rec.More, rec.Kind)
	}
	switch {
	case rec.Kind == KindFailure && rec.Failure != nil:
		return rec.Failure.check(rec.Cell)
	case rec.Kind == KindProfile && rec.Profile != nil && rec.Round == passRound:
		return rec.Profile.check(rec.Cell)
	case rec.Kind == KindSample && rec.Sample != nil && rec.Round != passRound:
		if before := rec.Sample.Before; before != nil && before.Before != nil {
			return errors.New("invalid sample: it was repeated more than once")
		}
		return rec.Sample.check()
	}
	return fmt.Errorf("invalid record: want a %s, %s or %s with its data", KindSample, KindProfile, KindFailure)
}

func (s *Sample) check() error {
	if s.Crawls < 1 || len(s.Seconds) != s.Crawls {
		return fmt.Errorf("invalid sample: %d crawls with %d times", s.Crawls, len(s.Seconds))
	}
	for _, sec := range s.Seconds {
		if !(sec >= 0 && sec <= math.MaxInt32) {
			return fmt.Errorf("invalid sample: a crawl took %v seconds", sec)
		}
	}
	for _, unit := range Units() {
		if _, ok := s.Values[unit]; !ok {
			return fmt.Errorf("invalid sample: it has no %s", unit)
		}
	}
	if err := s.checkSlices(); err != nil {
		return err
	}
	if s.Values["sec/op"] < leastDivisor || s.Values["pages/op"] < leastDivisor {
		return fmt.Errorf("invalid sample: %v pages in %v seconds", s.Values["pages/op"], s.Values["sec/op"])
	}
	retained := errors.Join(checkAmount("retained bytes per page", s.Retained),
		checkAmount("retained bytes per host", s.PerHost))
	if err := errors.Join(checkAmounts(s.Values), checkAmounts(s.Counts), retained); err != nil {
		return err
	}
	for name, x := range s.Host {
		if !(math.Abs(x) <= mostAmount) {
			return fmt.Errorf("invalid value: %q is %v: want a number between %v and %v", name, x, -mostAmount,
				mostAmount)
		}
	}
	if s.Polite != nil {
		if err := s.Polite.Check(); err != nil {
			return err
		}
	}
	if f := s.Fleet; f != nil {
		err := errors.Join(checkAmount("least_to_most", f.LeastToMost), checkAmount("calls_per_grant", f.Calls),
			checkAmount("start_skew_sec", f.Skew))
		if err != nil {
			return err
		}
	}
	if p := s.Pace; p != nil {
		return errors.Join(checkAmount("asked", p.Asked), checkAmount("achieved", p.Achieved),
			checkAmount("worst", p.Worst), checkAmount("worst_window_sec", p.Window),
			checkAmount("unfairness_p99", p.Unfairness))
	}
	return nil
}

// checkSlices returns an error unless the slices, if there are any, have all crawls with their times.
func (s *Sample) checkSlices() error {
	crawls := 0
	for i, slice := range s.Slices {
		if slice.Crawls < 1 || slice.Crawls > s.Crawls ||
			!(slice.Seconds >= leastDivisor && slice.Seconds <= math.MaxInt32) ||
			!(slice.CPU >= 0 && slice.CPU <= math.MaxInt32) {
			return fmt.Errorf("invalid slice %d: %d crawls in %v seconds", i+1, slice.Crawls, slice.Seconds)
		}
		sum := 0.0
		for _, sec := range s.Seconds[min(crawls, s.Crawls):min(crawls+slice.Crawls, s.Crawls)] {
			sum += sec
		}
		if crawls += slice.Crawls; crawls <= s.Crawls && math.Abs(sum-slice.Seconds) > 1e-6*sum {
			return fmt.Errorf("invalid slice %d: %v seconds, but its crawls took %v", i+1, slice.Seconds, sum)
		}
	}
	if len(s.Slices) > 0 && crawls != s.Crawls {
		return fmt.Errorf("invalid sample: %d crawls, but %d in its slices", s.Crawls, crawls)
	}
	return checkAmount("outside_sec", s.Outside)
}

// checkAmounts returns an error if one of values is not an amount.
func checkAmounts(values map[string]float64) error {
	for name, x := range values {
		if err := checkAmount(name, x); err != nil {
			return err
		}
	}
	return nil
}

// mostAmount is the largest amount, and leastDivisor the smallest number of pages or seconds of a sample. Quotients of
// such numbers, their squares and sums are finite, so no report can have infinite figures or NaN.
const (
	mostAmount   = 1e18
	leastDivisor = 1e-9
)

// checkAmount returns an error if x is not an amount, which is a number from 0 to mostAmount.
func checkAmount(name string, x float64) error {
	if x >= 0 && x <= mostAmount {
		return nil
	}
	return fmt.Errorf("invalid value: %q is %v: want a number between 0 and %v", name, x, mostAmount)
}

// checkAmounts returns an error if the manifest has an amount or a count that cannot be.
func (m *Manifest) checkAmounts() error {
	for _, g := range m.Graphs {
		if min(g.Pages, g.Links, g.Reachable, g.Failed, g.Depth) < 0 || min(g.RecordedMean, g.RecordedMedian) < 0 {
			return fmt.Errorf("invalid count of graph %q: want at least 0", g.Name)
		}
	}
	return errors.Join(checkAmount("spin", m.Spin), checkAmount("measured_share", m.Measured),
		checkAmounts(m.ProfilerCost), checkAmounts(m.Harness), checkAmounts(m.Engine))
}

func (p *Profile) check(cell string) error {
	if p.Crawls < 0 || p.Pages < 0 || !(p.Sec >= 0 && p.Sec <= math.MaxInt32) {
		return fmt.Errorf("invalid profile: %d crawls and %d pages in %v seconds", p.Crawls, p.Pages, p.Sec)
	}
	for kind, file := range p.Files {
		name, ok := strings.CutPrefix(file, "profiles/"+cell+"/")
		if !ok || !plan.ValidName(name) || strings.HasPrefix(name, ".") || !plan.ValidName(kind) {
			return fmt.Errorf("invalid file %[2]q of the %[1]q profile: want one in profiles/%[3]s", kind, file, cell)
		}
	}
	return checkAmounts(p.Events)
}

func (f *Failure) check(cell string) error {
	name, ok := strings.CutPrefix(f.Output, "failures/"+cell+".")
	if f.Output != "" && (!ok || !plan.ValidName(name)) {
		return fmt.Errorf("invalid output file %q: want one in failures whose name begins with the cell", f.Output)
	}
	return nil
}
