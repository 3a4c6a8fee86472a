package plan

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// inBlocks is base with blocks.
func inBlocks() *Scenario {
	s := base()
	s.Turns, s.Slice = 6, 5*time.Millisecond
	return s
}

func TestCellsWithoutRateAreMeasuredInBlocks(t *testing.T) {
	p := makePlan(t, inBlocks())
	for _, c := range p.Cells {
		if c.Resident != (c.Rate == 0) {
			t.Errorf("%s: resident %v", c.ID(), c.Resident)
		}
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Scenario){
		"no turns":         func(s *Scenario) { s.Turns = 0 },
		"a single crawler": func(s *Scenario) { s.Crawlers = []string{"a"} },
	} {
		s := inBlocks()
		change(s)
		for _, c := range makePlan(t, s).Cells {
			if c.Resident {
				t.Errorf("%s: %s is resident", name, c.ID())
			}
		}
	}
	p.SetResidents(func(group []Cell) bool { return group[0].Graph == "h" })
	for _, c := range p.Cells {
		if c.Resident != (c.Rate == 0 && c.Graph == "h") {
			t.Errorf("%s: resident %v although only graph h fits", c.ID(), c.Resident)
		}
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

// A control and the crawlers of another program are in the block of those that they are compared with.
func TestBlocksHoldWhatIsCompared(t *testing.T) {
	s := inBlocks()
	s.Control, s.Against = true, true
	p := makePlan(t, s)
	for _, q := range []Question{Crawlers, Controls, Programs} {
		n := 0
		for base, other := range p.Pairs(q) {
			if n++; base.Group() != other.Group() || base.Resident != other.Resident {
				t.Errorf("%s and %s are not in a block", base.ID(), other.ID())
			}
		}
		if n == 0 {
			t.Errorf("question %d: no pairs", q)
		}
	}
}

func TestBlocksStayTogetherInARound(t *testing.T) {
	p := makePlan(t, inBlocks())
	orders := map[string]bool{}
	for round := range p.Rounds {
		slots := p.Schedule[round*len(p.Cells) : (round+1)*len(p.Cells)]
		seen := map[Cell]int{} // last slot of a group
		order := ""
		for i, s := range slots {
			c := p.Cells[s.Cell]
			if !c.Resident {
				continue
			}
			last, ok := seen[c.Group()]
			if ok && last != i-1 {
				t.Fatalf("round %d: the block of %s is interrupted", round, c.ID())
			}
			if !ok {
				order += c.Group().ID() + " "
			}
			seen[c.Group()] = i
		}
		orders[order] = true
	}
	if len(orders) < p.Rounds-1 {
		t.Errorf("%d orders of blocks in %d rounds", len(orders), p.Rounds)
	}
	longer := makePlan(t, inBlocks())
	longer.SetRounds(2 * p.Rounds)
	if !slices.Equal(longer.Schedule[:len(p.Schedule)], p.Schedule) {
		t.Error("a longer schedule does not begin with the shorter one")
	}
}

func TestOrderOfTurns(t *testing.T) {
	p := makePlan(t, inBlocks())
	g := p.Cells[0].Group()
	place := make([][]int, 4) // how often each crawler was at each place, in even turns
	for i := range place {
		place[i] = make([]int, 4)
	}
	for round := range 200 {
		for turn := 0; turn < 6; turn += 2 {
			order, back := p.Order(round, g, turn, 4), p.Order(round, g, turn+1, 4)
			slices.Reverse(back)
			if !slices.Equal(order, back) {
				t.Fatalf("round %d: turn %d is %v, and the next is not its reverse", round, turn, order)
			}
			if again := p.Order(round, g, turn, 4); !slices.Equal(order, again) {
				t.Fatalf("%v and %v", order, again)
			}
			for at, crawler := range order {
				place[crawler][at]++
			}
		}
	}
	for crawler, counts := range place { // 150 each: four standard deviations are 42
		for _, n := range counts {
			if n < 108 || n > 192 {
				t.Errorf("crawler %d was at each place %v times of 600", crawler, counts)
				break
			}
		}
	}
	other := g
	other.Workers++
	differ := func(x func(round, turn int) []int) bool {
		for round := range 5 {
			for turn := range 2 {
				if !reflect.DeepEqual(p.Order(round, g, 2*turn, 9), x(round, 2*turn)) {
					return true
				}
			}
		}
		return false
	}
	q := *p
	q.Seed++
	for name, x := range map[string]func(round, turn int) []int{
		"another group": func(round, turn int) []int { return p.Order(round, other, turn, 9) },
		"another round": func(round, turn int) []int { return p.Order(round+5, g, turn, 9) },
		"another turn":  func(round, turn int) []int { return p.Order(round, g, turn+2, 9) },
		"another seed":  func(round, turn int) []int { return q.Order(round, g, turn, 9) },
	} {
		if !differ(x) {
			t.Errorf("%s has the same orders", name)
		}
	}
	if fmt.Sprint(p.Order(0, g, 0, 1)) != "[0]" {
		t.Error("the order of one crawler")
	}
}
