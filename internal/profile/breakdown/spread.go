package breakdown

import (
	"errors"
	"fmt"
	"slices"
)

// Range is the minimum, median and maximum of a share over repeats.
type Range struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Shares summarises the time breakdowns of repeats of one cell. The shares of a contended cell vary
// a lot between repeats: a single breakdown is not evidence.
type Shares struct {
	Repeats     int             `json:"repeats"`
	Share       map[State]Range `json:"share"`
	Queue       map[State]Range `json:"queue_share"` // the part of Share in Breakdown.Queue
	Unaccounted Range           `json:"unaccounted_share"`
}

// minRepeats is the minimum number of repeats for a meaningful median and range.
const minRepeats = 3

// Summarize returns the minimum, median and maximum share of each state over at least three
// breakdowns.
func Summarize(ls []*Breakdown) (Shares, error) {
	if len(ls) < minRepeats {
		return Shares{}, fmt.Errorf("time breakdown: %d repeats, want at least %d: record more traces", len(ls),
			minRepeats)
	}
	if slices.Contains(ls, nil) { // null in a file
		return Shares{}, errors.New("time breakdown: one of the repeats is empty")
	}
	s := Shares{Repeats: len(ls), Share: map[State]Range{}, Queue: map[State]Range{}}
	for _, c := range States() {
		s.Queue[c] = RangeOf(ls, func(l *Breakdown) float64 { return l.QueueShare(c) })
		s.Share[c] = RangeOf(ls, func(l *Breakdown) float64 { return l.Share(c) })
	}
	s.Unaccounted = RangeOf(ls, func(l *Breakdown) float64 { return l.Unaccounted })
	return s, nil
}

// RangeOf returns the minimum, median and maximum of share over one or more time breakdowns.
func RangeOf(ls []*Breakdown, share func(*Breakdown) float64) Range {
	list := make([]float64, len(ls))
	for i, l := range ls {
		list[i] = share(l)
	}
	slices.Sort(list)
	middle := list[len(list)/2]
	if len(list)%2 == 0 {
		middle = (middle + list[len(list)/2-1]) / 2
	}
	return Range{list[0], middle, list[len(list)-1]}
}
