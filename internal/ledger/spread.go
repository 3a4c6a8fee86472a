package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Range is a share over repeats.
type Range struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Shares is what the ledgers of repeats of one cell have in common. The shares of a contended cell differ from one
// repeat to the next, by much: one ledger is no evidence.
type Shares struct {
	Repeats  int             `json:"repeats"`
	Share    map[Class]Range `json:"share"`
	Residual Range           `json:"residual_share"`
}

// fewest is how many repeats have a median and a range worth the name.
const fewest = 3

// Spread returns least, middle and largest share of each class over at least three ledgers.
func Spread(ls []*Ledger) (Shares, error) {
	if len(ls) < fewest {
		return Shares{}, fmt.Errorf("spread of ledgers: %d repeats, want at least %d: take more traces", len(ls), fewest)
	}
	if slices.Contains(ls, nil) { // null in a file
		return Shares{}, errors.New("spread of ledgers: one of them is empty")
	}
	s := Shares{Repeats: len(ls), Share: map[Class]Range{}}
	for _, c := range Classes() {
		s.Share[c] = over(ls, func(l *Ledger) float64 { return l.Share(c) })
	}
	s.Residual = over(ls, func(l *Ledger) float64 { return l.Residual })
	return s, nil
}

func over(ls []*Ledger, share func(*Ledger) float64) Range {
	list := make([]float64, len(ls))
	for i, l := range ls {
		list[i] = share(l)
	}
	slices.SortFunc(list, cmp.Compare[float64])
	middle := list[len(list)/2]
	if len(list)%2 == 0 {
		middle = (middle + list[len(list)/2-1]) / 2
	}
	return Range{list[0], middle, list[len(list)-1]}
}
