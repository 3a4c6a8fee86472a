package stat

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Comparisons that get no more blocks are tested at the looks that they reach, and hold up no other.
func TestLooksDoNotWaitForComparisonsThatEnded(t *testing.T) {
	draw := rand.New(rand.NewPCG(41, 0))
	all, _ := allPairs(blockwise(unitNormal, 0.25, 0, quiet)(draw, 2, 4, 28), []float64{0, 0, 0, 1})
	f := unlimited(InterimLooks(28))
	f.Size = len(all)
	whole, err := f.Decide(all)
	if err != nil {
		t.Fatal(err)
	}
	all[0] = all[0][:10] // of two equal crawlers: open after two looks
	waits, err := f.Decide(all)
	if err != nil || waits.Looks != 2 {
		t.Errorf("%d looks, want 2: a look waits for a comparison that goes on (%v)", waits.Looks, err)
	}
	goes, err := f.Decide(all, 0)
	if err != nil || goes.Looks != 5 || goes.Comparisons[0].Look != 1 || goes.Comparisons[0].Blocks != 9 {
		t.Errorf("%d looks, the comparison that ended has %+v (%v)", goes.Looks, goes.Comparisons[0], err)
	}
	if !reflect.DeepEqual(goes.Comparisons[0], waits.Comparisons[0]) {
		t.Errorf("the comparison that ended is %+v, before %+v", goes.Comparisons[0], waits.Comparisons[0])
	}
	for i, c := range goes.Comparisons[1:] {
		if c.Verdict != whole.Comparisons[i+1].Verdict {
			t.Errorf("comparison %d: %v, with the other whole %v", i+1, c.Verdict, whole.Comparisons[i+1].Verdict)
		}
	}
	all[0] = all[0][:1]
	if d, err := f.Decide(all, 0); err != nil || d.Looks != 5 || d.Comparisons[0].Look != -1 {
		t.Errorf("one block: %+v (%v)", d.Comparisons[0], err)
	}
}

// With different numbers of blocks each comparison uses those that it has, and false wins stay as seldom.
func TestUnevenComparisonsUseAllTheirBlocks(t *testing.T) {
	n := runs(700)
	draw := rand.New(rand.NewPCG(42, 0))
	wins, covered, all := 0, 0, 0
	for range n {
		family, truth := allPairs(blockwise(unitNormal, 0.25, 0, quiet)(draw, groups, perGroup, 28),
			[]float64{0, 0, 0, 0, 1})
		f := unlimited(FinalLook(28))
		f.Size, f.Uneven = len(family), true
		for i := range family {
			family[i] = family[i][:[]int{6, 9, 28}[i%3]]
		}
		family[0] = family[0][:1]
		d, err := f.Decide(family)
		if err != nil {
			t.Fatal(err)
		}
		won := 0
		for i, c := range d.Comparisons[1:] {
			if c.Blocks != len(family[i+1]) || c.Look != 0 {
				t.Fatalf("%d blocks at look %d, want %d at 0", c.Blocks, c.Look, len(family[i+1]))
			}
			all++
			if at := math.Exp(truth[i+1]); c.Alone.Lo <= at && at <= c.Alone.Hi {
				covered++
			}
			switch {
			case truth[i+1] == 0 && claimed(c.Verdict):
				won = 1
			case truth[i+1] != 0 && c.Verdict != Slower:
				t.Errorf("a difference of 172 %% is %v after %d blocks", c.Verdict, c.Blocks)
			}
		}
		if d.Comparisons[0].Look != -1 {
			t.Fatalf("one block: %+v", d.Comparisons[0])
		}
		wins += won
	}
	atMostShare(t, "false win", wins, n, 0.055)
	atLeastShare(t, "covered", covered, all, 0.94)
	f := unlimited(InterimLooks(28))
	f.Uneven = true
	if _, err := f.Decide(nil); err == nil {
		t.Error("uneven with five looks: want an error")
	}
}
