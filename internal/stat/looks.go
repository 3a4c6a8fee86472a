package stat

import "fmt"

// Look is a number of blocks, fixed before the run, at which a family is tested, and the share of
// alpha spent there. The shares of all looks add up to at most 1, so alpha holds however the looks
// depend on each other.
type Look struct {
	Blocks int     `json:"blocks"`
	Share  float64 `json:"share"`
}

// lookAt lists the looks of a long run: each has 1.4 to 1.5 times the blocks of the previous one.
var lookAt = [...]int{6, 9, 14, 20, 28, 40, 60, 90, 130, 200}

// InterimLooks returns the looks of a run of at most the given number of blocks: those of lookAt below
// that number, and one at the end. It is nil for fewer than 2 blocks, which have no variance; up to
// 7 blocks, the end is the only look. A run longer than the list has no look between the last entry
// and the end.
//
// The last look gets half of alpha. The others share the rest equally, except that the last but one
// gets twice as much: .1 .1 .1 .2 .5 for 28 blocks. This increases the minimum detectable effect by
// 3 % compared with a single test at the end, less than spending functions that stop as early;
// anytime-valid confidence sequences increase it by 19 %.
func InterimLooks(blocks int) []Look {
	if blocks < 2 {
		return nil
	}
	var looks []Look
	for _, n := range lookAt {
		if 5*blocks >= 6*n { // a look just before the end would waste alpha
			looks = append(looks, Look{Blocks: n})
		}
	}
	if k := len(looks); k > 0 && looks[k-1].Blocks == blocks {
		looks = looks[:k-1]
	}
	for i := range looks {
		looks[i].Share = 0.5 / float64(len(looks)+1)
	}
	last := 1.0
	if k := len(looks); k > 0 {
		looks[k-1].Share *= 2
		last = 0.5
	}
	return append(looks, Look{blocks, last})
}

// FinalLook returns the only look of a run with the given number of blocks, after the last of them.
func FinalLook(blocks int) []Look { return []Look{{Blocks: max(2, blocks), Share: 1}} }

// CheckLooks returns an error unless looks has at least one look, in order, and spends at most all of alpha.
func CheckLooks(looks []Look) error {
	blocks, shares := 1, 0.0
	for i, l := range looks {
		if l.Blocks <= blocks || !(l.Share > 0) {
			return fmt.Errorf("look %d is at %d blocks with share %v: want more blocks than the look before, at least 2, and a share above 0",
				i, l.Blocks, l.Share)
		}
		blocks = l.Blocks
		shares += l.Share
	}
	if len(looks) == 0 || shares > 1+1e-9 {
		return fmt.Errorf("%d looks share %v of alpha: want at least one look and at most 1", len(looks), shares)
	}
	return nil
}
