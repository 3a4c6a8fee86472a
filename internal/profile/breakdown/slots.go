package breakdown

import (
	"cmp"
	"slices"

	"golang.org/x/exp/trace"
)

// stepFunction is a rate that changes in steps, with its integral.
type stepFunction struct {
	at    []trace.Time
	rate  []float64 // from at[i] on
	until []float64 // integral up to at[i]
}

// step sets the rate to r from t on; t must not decrease.
func (m *stepFunction) step(t trace.Time, r float64) {
	sum := 0.0
	if n := len(m.at) - 1; n >= 0 {
		sum = m.until[n] + m.rate[n]*float64(t-m.at[n])
	}
	m.at, m.rate, m.until = append(m.at, t), append(m.rate, r), append(m.until, sum)
}

// read returns the integral up to t.
func (m *stepFunction) read(t trace.Time) float64 {
	i, found := slices.BinarySearch(m.at, t)
	if !found {
		i--
	}
	for i+1 < len(m.at) && m.at[i+1] == t {
		i++
	}
	if i < 0 {
		return 0
	}
	return m.until[i] + m.rate[i]*float64(t-m.at[i])
}

func (m *stepFunction) between(from, to trace.Time) float64 { return m.read(to) - m.read(from) }

// indicator returns a stepFunction that is 1 during the given spans, which must not overlap, and 0
// otherwise.
func indicator(spans []span) *stepFunction {
	m := &stepFunction{}
	for _, s := range spans {
		m.step(s.from, 1)
		m.step(s.to, 0)
	}
	return m
}

// claim is when a short-lived worker acquired its slot.
type claim struct {
	took trace.Time // when it acquired its slot, or its end if it never did; before that it waits in the frontier
	ran  trace.Time // when it ran for the first time
}

// slots is the distribution of a crawl's slots among short-lived workers.
type slots struct {
	holding *stepFunction // the weight of a goroutine that holds a slot
	started *stepFunction // the weight of a goroutine that has not run yet
	idle    float64
	surplus float64
}

// claimOf determines when g acquired its slot.
func claimOf(g *goroutine, s selects) claim {
	c := claim{ran: g.ended}
	for _, p := range g.intervals {
		if p.state.Executing() {
			c.ran = p.from
			break
		}
	}
	if !g.created {
		c.ran = g.began
	}
	if len(g.marks) == 0 {
		c.took = g.ended
		return c
	}
	c.took = c.ran
	for _, p := range g.intervals {
		if p.to > g.marks[0] {
			break
		}
		if p.state != trace.GoWaiting {
			continue
		}
		if k := s.class(p); k != Lock && k != RateLimit && k != GC {
			c.took = p.to
		}
	}
	return c
}

// shareSlots distributes n slots.
func shareSlots(x *crawlRecord, workers []*goroutine, claimed map[*goroutine]claim, n int) slots {
	type change struct {
		at               trace.Time
		holding, started int
	}
	var changes []change
	put := func(from, to trace.Time, holding, started int) {
		if from < to {
			changes = append(changes, change{from, holding, started}, change{to, -holding, -started})
		}
	}
	for _, g := range workers {
		c := claimed[g]
		put(g.began, min(c.ran, c.took), 0, 1)
		from := c.took
		for _, p := range g.intervals {
			if joins(p) && p.from >= c.took {
				put(from, p.from, 1, 0)
				from = p.to
			}
		}
		put(from, g.ended, 1, 0)
	}
	changes = append(changes, change{at: x.to})
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })

	s := slots{holding: &stepFunction{}, started: &stepFunction{}}
	holding, started, last := 0, 0, x.from
	for _, c := range changes {
		length := float64(c.at - last)
		s.idle += length * float64(max(0, n-holding-started))
		s.surplus += length * float64(max(0, holding-n))
		holding, started, last = holding+c.holding, started+c.started, c.at
		s.holding.step(c.at, fractionEach(n, holding))
		s.started.step(c.at, fractionEach(max(0, n-holding), started))
	}
	return s
}

// fractionEach returns the fraction of a slot that each of n goroutines gets, at most 1.
func fractionEach(slots, n int) float64 {
	if n <= slots {
		return 1
	}
	return float64(slots) / float64(n)
}
