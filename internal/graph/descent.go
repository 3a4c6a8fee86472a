package graph

// levels is how many levels of a recursive matrix are drawn at a time: the table of their 4^levels
// outcomes stays in the first level of cache.
const levels = 5

// descent draws paths down the levels with one look into a table for all of them
// (Huebschle-Schneider and Sanders, "Linear Work Generation of R-MAT Graphs", 2020): each slot has
// a path and another that makes up the rest of its share (alias method; Vose, IEEE Transactions on
// Software Engineering 1991).
type descent [1 << (2 * levels)]slot

// slot is drawn with a chance of one in 4^levels. A path is the bits of from above those of to, eight for each.
type slot struct {
	share uint32    // below it, of 2^(32-2*levels), the first path is drawn
	paths [2]uint16 // an index and not a branch, which would be mispredicted every other time
}

// draw returns the path that so many random bits stand for.
func (d *descent) draw(random uint32) uint16 {
	s := &d[random%(1<<(2*levels))]
	return s.paths[(s.share-1-random>>(2*levels))>>31]
}

// newDescent returns the table for quadrants.
func newDescent() *descent {
	var d descent
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
	for _, i := range append(poor, rich...) { // but for rounding they are as rich as a slot is large
		d.fill(i, 1, i)
	}
	return &d
}

func (d *descent) fill(i int, share float64, other int) {
	d[i].share = uint32(share * (1 << (32 - 2*levels)))
	d[i].paths[1] = d[other].paths[0] // filled in already
}
