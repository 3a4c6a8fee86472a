package graph

// levels is the number of levels of a recursive matrix drawn at a time: the table of their 4^levels
// outcomes fits into the L1 cache.
const levels = 5

// pathTable draws paths down all levels with one table lookup (Huebschle-Schneider and Sanders,
// "Linear Work Generation of R-MAT Graphs", 2020): each slot has a path and a second one that fills
// the rest of the slot (alias method; Vose, IEEE Transactions on Software Engineering 1991).
type pathTable [1 << (2 * levels)]slot

// slot is an entry of the table; all are equally likely. A path is the bits of from above those of to, eight each.
type slot struct {
	share uint32    // the first path is drawn below it, out of 2^(32-2*levels)
	paths [2]uint16 // an index and not a branch, which would be mispredicted every other time
}

// draw returns the path that random selects.
func (d *pathTable) draw(random uint32) uint16 {
	s := &d[random%(1<<(2*levels))]
	return s.paths[(s.share-1-random>>(2*levels))>>31]
}

// newPathTable returns the table for quadrants.
func newPathTable() *pathTable {
	var d pathTable
	chance := make([]float64, len(d)) // of each path, in slots
	var poor, rich []int
	for i := range d {
		chance[i] = float64(len(d))
		for level := range levels {
			q := i >> (2 * level) & 3
			chance[i] *= quadrants[q] / 100
			d[i].paths[0] |= uint16(q>>1<<8|q&1) << level
		}
		if chance[i] < 1 {
			poor = append(poor, i)
		} else {
			rich = append(rich, i)
		}
	}
	for len(poor) > 0 && len(rich) > 0 {
		p, r := poor[len(poor)-1], rich[len(rich)-1]
		poor = poor[:len(poor)-1]
		d.fill(p, chance[p], r)
		if chance[r] -= 1 - chance[p]; chance[r] < 1 {
			rich = rich[:len(rich)-1]
			poor = append(poor, r)
		}
	}
	for _, i := range append(poor, rich...) { // up to rounding, they fill a slot exactly
		d.fill(i, 1, i)
	}
	return &d
}

func (d *pathTable) fill(i int, share float64, other int) {
	d[i].share = uint32(share * (1 << (32 - 2*levels)))
	d[i].paths[1] = d[other].paths[0] // filled in already
}
