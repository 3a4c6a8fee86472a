package plan

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
)

// A block is one round of a group of cells, whose crawlers are all alive at once and take turns: the
// machine's noise lives milliseconds to seconds, and crawls so close to each other share most of it.

// Group returns what the cells that are compared with each other have in common: the cell without
// its crawler.
func (c Cell) Group() Cell {
	c.Impl, c.MaxPages, c.Resident = "", 0, false
	return c
}

// SetResidents decides which cells are measured in blocks. Fresh processes remain for groups that
// fits, which gets their cells, refuses; for single cells; for rate-limited cells, whose crawls take
// as long as a sample; for fleets; and for all cells of a plan without turns. It draws the schedule anew.
func (p *Plan) SetResidents(fits func(group []Cell) bool) {
	groups := map[Cell][]Cell{}
	for _, c := range p.Cells {
		groups[c.Group()] = append(groups[c.Group()], c)
	}
	resident := map[Cell]bool{}
	for g, cells := range groups {
		resident[g] = p.Turns > 0 && g.Rate == 0 && g.Processes == 0 && len(cells) > 1 && (fits == nil || fits(cells))
	}
	for i, c := range p.Cells {
		p.Cells[i].Resident = resident[c.Group()]
	}
	p.SetRounds(p.Rounds)
}

// drawn returns cells in the order in which a round measures them: blocks and single cells are drawn,
// the cells of a block stay together.
func (p *Plan) drawn(round int, cells []int) []int {
	var units [][]int
	block := map[Cell]int{} // index of the unit
	for _, i := range cells {
		c := p.Cells[i]
		if u, ok := block[c.Group()]; ok && c.Resident {
			units[u] = append(units[u], i)
			continue
		}
		if c.Resident {
			block[c.Group()] = len(units)
		}
		units = append(units, []int{i})
	}
	draw := rand.New(rand.NewPCG(p.Seed, uint64(round)))
	draw.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
	return slices.Concat(units...)
}

// Order returns in which order n crawlers of a group take a turn of a round's block. It depends only
// on the seed, the round and the group. Every second turn is the reverse of the one before, so that
// a drift of the machine affects all of them equally.
func (p *Plan) Order(round int, group Cell, turn, n int) []int {
	id := fnv.New64a()
	id.Write([]byte(group.ID()))
	draw := rand.New(rand.NewPCG(p.Seed^id.Sum64(), uint64(round)))
	var order []int
	for range turn/2 + 1 {
		order = draw.Perm(n)
	}
	if turn%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// checkBlocks returns an error if cells cannot be measured in blocks as the plan says.
func (p *Plan) checkBlocks() error {
	if p.Turns < 0 || p.Turns > maxTurns || p.Slice < 0 || p.Slice > maxSlice || p.Rest < 0 || p.Rest > maxRest {
		return fmt.Errorf("%d turns of %v with rests of %v are out of bounds", p.Turns, p.Slice, p.Rest)
	}
	resident := map[Cell]bool{}
	for i, c := range p.Cells {
		in, known := resident[c.Group()]
		switch {
		case c.Resident && (p.Turns == 0 || c.Rate > 0):
			return fmt.Errorf("cell %d is resident, but it has a rate or the plan has no turns", i+1)
		case known && in != c.Resident:
			return fmt.Errorf("cell %d is resident and others of its group are not, or the reverse", i+1)
		}
		resident[c.Group()] = c.Resident
	}
	return nil
}
