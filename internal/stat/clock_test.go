package stat

import (
	"math"
	"math/rand/v2"
)

// memory is an Ornstein-Uhlenbeck process, sampled every millisecond.
type memory struct{ sd, tau float64 } // tau in ms

// machineMemory has parameters fitted to the noise of a shared machine with two processors: the state of the machine,
// and a random effect per process. The noise of a single slice is small in comparison.
var machineMemory = []memory{{0.147, 7}, {0.106, 98}, {0.115, 1400}}

const (
	lottery   = 0.064
	sliceOwn  = 0.010 // of 10 ms
	sliceMs   = 5
	turnCount = 6
	startMs   = 22 // of a process, with its warm-up
	handMs    = 2  // from slice to slice, with the rest of a crawl
)

// clock simulates a machine over time.
type clock struct {
	draw  *rand.Rand
	state []float64
	keep  []float64
	step  []float64
}

func newClock(draw *rand.Rand) *clock {
	c := &clock{draw: draw}
	for _, m := range machineMemory {
		keep := math.Exp(-1 / m.tau)
		c.keep = append(c.keep, keep)
		c.step = append(c.step, m.sd*math.Sqrt(1-keep*keep))
		c.state = append(c.state, m.sd*draw.NormFloat64())
	}
	return c
}

// run advances by ms and returns the mean log slowness of that time.
func (c *clock) run(ms int) float64 {
	sum := 0.0
	for range ms {
		for i := range c.state {
			c.state[i] = c.keep[i]*c.state[i] + c.step[i]*c.draw.NormFloat64()
			sum += c.state[i]
		}
	}
	return sum / float64(ms)
}

// skip advances by ms in one step.
func (c *clock) skip(ms float64) {
	for i, m := range machineMemory {
		keep := math.Exp(-ms / m.tau)
		c.state[i] = keep*c.state[i] + m.sd*math.Sqrt(1-keep*keep)*c.draw.NormFloat64()
	}
}

// block returns the slices of a block of resident processes.
func (c *clock) block(crawlers int) [][]float64 {
	c.skip(float64(crawlers * startMs))
	slices := make([][]float64, crawlers)
	luck := make([]float64, crawlers)
	for i := range slices {
		luck[i] = lottery * c.draw.NormFloat64()
		slices[i] = make([]float64, turnCount)
	}
	order := c.draw.Perm(crawlers)
	for r := range turnCount {
		if r%2 == 0 {
			order = c.draw.Perm(crawlers)
		}
		for k := range order {
			i := order[k]
			if r%2 == 1 {
				i = order[crawlers-1-k]
			}
			own := sliceOwn * math.Sqrt(10./sliceMs) * c.draw.NormFloat64()
			slices[i][r] = luck[i] + own + c.run(sliceMs)
			c.skip(handMs)
		}
	}
	return slices
}
