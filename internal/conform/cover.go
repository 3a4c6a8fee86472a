package conform

import "math/rand/v2"

// cover returns a covering array: for each choice of strength factors and each choice of their levels
// there is a row with these levels. sizes are the numbers of levels of the factors. Each row is the best
// of several candidates (Cohen, Dalal, Fredman and Patton, The AETG system, 1997). The result is a
// function of sizes, strength and seed.
func cover(sizes []int, strength int, seed uint64) [][]int {
	draw := rand.New(rand.NewPCG(seed, uint64(strength)))
	open := newOpen(sizes, strength)
	var rows [][]int
	for open.left > 0 {
		var best []int
		most := -1
		for range candidates {
			row := open.candidate(draw)
			if n := open.count(row); n > most {
				best, most = row, n
			}
		}
		open.close(best)
		rows = append(rows, best)
	}
	return rows
}

// candidates is how many rows are tried for each row. More candidates give fewer rows but take longer.
const candidates = 8

// open is the set of combinations that no row covers yet.
type open struct {
	sizes  []int
	groups [][]int  // of factors
	is     [][]bool // by group, and by combination of levels
	left   int
}

func newOpen(sizes []int, strength int) *open {
	o := &open{sizes: sizes}
	var choose func(from int, chosen []int)
	choose = func(from int, chosen []int) {
		if len(chosen) == strength {
			n := 1
			for _, f := range chosen {
				n *= sizes[f]
			}
			is := make([]bool, n)
			for i := range is {
				is[i] = true
			}
			o.groups, o.is = append(o.groups, append([]int(nil), chosen...)), append(o.is, is)
			o.left += n
			return
		}
		for f := from; f < len(sizes); f++ {
			choose(f+1, append(chosen, f))
		}
	}
	choose(0, nil)
	return o
}

// index returns the index of the combination that row has in group.
func (o *open) index(group, row []int) int {
	i := 0
	for _, f := range group {
		i = i*o.sizes[f] + row[f]
	}
	return i
}

// candidate returns a row that covers at least one open combination; its other levels are drawn.
func (o *open) candidate(draw *rand.Rand) []int {
	row := make([]int, len(o.sizes))
	for f, n := range o.sizes {
		row[f] = draw.IntN(n)
	}
	for g := draw.IntN(len(o.groups)); ; g = (g + 1) % len(o.groups) {
		is := o.is[g]
		at := draw.IntN(len(is))
		for range is {
			if is[at] {
				for i := len(o.groups[g]) - 1; i >= 0; i-- {
					f := o.groups[g][i]
					row[f] = at % o.sizes[f]
					at /= o.sizes[f]
				}
				return row
			}
			at = (at + 1) % len(is)
		}
	}
}

// count returns how many open combinations row covers.
func (o *open) count(row []int) int {
	n := 0
	for g, group := range o.groups {
		if o.is[g][o.index(group, row)] {
			n++
		}
	}
	return n
}

// close removes the combinations that row covers.
func (o *open) close(row []int) {
	for g, group := range o.groups {
		if at := o.index(group, row); o.is[g][at] {
			o.is[g][at] = false
			o.left--
		}
	}
}
