package store

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"crawlbench/internal/scenario"
)

// check returns what a record of that kind must have and this one has not. A line's checksum says that it is as somebody
// wrote it, not that crawlbench did.
func (rec *Record) check() error {
	if !(rec.Wall >= 0 && rec.Wall <= math.MaxInt32) {
		return fmt.Errorf("it took %v seconds", rec.Wall)
	}
	switch {
	case rec.Kind == KindFailure && rec.Failure != nil:
		return rec.Failure.check(rec.Cell)
	case rec.Kind == KindProfile && rec.Profile != nil && rec.Round == passRound:
		return rec.Profile.check(rec.Cell)
	case rec.Kind == KindSample && rec.Sample != nil && rec.Round != passRound:
		if before := rec.Sample.Before; before != nil && before.Before != nil {
			return errors.New("it was taken more than twice")
		}
		return rec.Sample.check()
	}
	return fmt.Errorf("it is no %s, %s or %s with its data", KindSample, KindProfile, KindFailure)
}

func (s *Sample) check() error {
	if s.Crawls < 1 || len(s.Seconds) != s.Crawls {
		return fmt.Errorf("it is a sample of %d crawls with %d times", s.Crawls, len(s.Seconds))
	}
	for _, sec := range s.Seconds {
		if !(sec >= 0 && sec <= math.MaxInt32) {
			return fmt.Errorf("one of its crawls took %v seconds", sec)
		}
	}
	for _, unit := range Units() {
		if _, ok := s.Values[unit]; !ok {
			return fmt.Errorf("it is a sample without %s", unit)
		}
	}
	if s.Values["sec/op"] <= 0 || s.Values["pages/op"] <= 0 {
		return fmt.Errorf("%v pages in %v seconds are no crawl", s.Values["pages/op"], s.Values["sec/op"])
	}
	if err := errors.Join(amounts(s.Values), amounts(s.Counts), amount("held", s.Held)); err != nil {
		return err
	}
	for name, x := range s.Host {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%q is %v", name, x)
		}
	}
	if p := s.Pace; p != nil {
		return errors.Join(amount("asked", p.Asked), amount("achieved", p.Achieved), amount("worst", p.Worst), amount("worst_window_sec", p.Window), amount("passed_over", p.Passed))
	}
	return nil
}

// amounts returns an error if one of values is no amount.
func amounts(values map[string]float64) error {
	for name, x := range values {
		if err := amount(name, x); err != nil {
			return err
		}
	}
	return nil
}

// amount returns an error if x is not a finite number from 0 on.
func amount(name string, x float64) error {
	if x >= 0 && x <= math.MaxFloat64 {
		return nil
	}
	return fmt.Errorf("%q is %v", name, x)
}

func (p *Profile) check(cell string) error {
	if p.Crawls < 0 || p.Pages < 0 || !(p.Sec >= 0 && p.Sec <= math.MaxInt32) {
		return fmt.Errorf("it is a profile of %d crawls and %d pages in %v seconds", p.Crawls, p.Pages, p.Sec)
	}
	for kind, file := range p.Files {
		name, ok := strings.CutPrefix(file, "profiles/"+cell+"/")
		if !ok || !scenario.ValidName(name) || strings.HasPrefix(name, ".") || !scenario.ValidName(kind) {
			return fmt.Errorf("its %q profile is the file %q: want one in profiles/%s", kind, file, cell)
		}
	}
	return amounts(p.Events)
}

func (f *Failure) check(cell string) error {
	name, ok := strings.CutPrefix(f.Output, "failures/"+cell+".")
	if f.Output != "" && (!ok || !scenario.ValidName(name)) {
		return fmt.Errorf("its output is the file %q: want one in failures that begins with its cell", f.Output)
	}
	return nil
}
