package conform

import (
	"slices"
	"testing"
	"time"
)

// The rows cover every combination, and without the last row one is missing.
func TestCoverHasEveryCombination(t *testing.T) {
	for _, sizes := range [][]int{{2, 2, 2}, {6, 4, 3, 4, 8, 4, 7, 3, 3, 3}, {5, 1, 3, 2}} {
		for strength := 1; strength <= 3; strength++ {
			rows := cover(sizes, strength, 1)
			missing := func(rows [][]int) int {
				o := newOpen(sizes, strength)
				for _, row := range rows {
					for f, l := range row {
						if l < 0 || l >= sizes[f] {
							t.Fatalf("level %d of factor %d, which has %d", l, f, sizes[f])
						}
					}
					o.close(row)
				}
				return o.left
			}
			if n := missing(rows); n != 0 {
				t.Errorf("sizes %v, strength %d: %d combinations are not covered", sizes, strength, n)
			}
			if n := missing(rows[:len(rows)-1]); n == 0 {
				t.Errorf("sizes %v, strength %d: the last row covers nothing", sizes, strength)
			}
			if again := cover(sizes, strength, 1); !slices.EqualFunc(rows, again, slices.Equal) {
				t.Errorf("sizes %v, strength %d: not the same rows again", sizes, strength)
			}
		}
	}
}

// All pairs of three factors with two levels need four rows.
func TestCoverIsSmall(t *testing.T) {
	if n := len(cover([]int{2, 2, 2}, 2, 1)); n > 6 {
		t.Errorf("%d rows for the pairs of three factors with two levels, want at most 6 (4 are possible)", n)
	}
	all := 1
	fs := factors()
	for _, n := range sizes(fs) {
		all *= n
	}
	if n := len(cover(sizes(fs), 3, coverSeed)); n > all/100 {
		t.Errorf("%d rows of %d possible ones, want at most one in 100", n, all)
	}
}

// A failure that needs two levels is shrunk to these two.
func TestShrinkKeepsWhatIsNeeded(t *testing.T) {
	fs := factors()
	row := make([]int, len(fs))
	for f := range row {
		row[f] = len(fs[f].levels) - 1
	}
	tries := 0
	got, err := shrink(fs, row, errPlanted, func(row []int) error {
		tries++
		if row[4] >= 3 && row[6] >= 1 {
			return errPlanted
		}
		return nil
	}, func(time.Time) bool { return tries > 1000 })
	want := make([]int, len(fs))
	want[4], want[6] = 3, 1
	if !slices.Equal(got, want) || err != errPlanted {
		t.Errorf("shrunk to %v, want %v; %v", got, want, err)
	}
	if text := describe(fs, got); text != "a star of 40, 1 worker, MaxPages half of the site, the seeds fail" {
		t.Errorf("described as %q", text)
	}
	if tries > 500 {
		t.Errorf("%d tries, want at most 500", tries)
	}
}
