package stat

import (
	"math"
	"math/rand/v2"
)

// memory is an Ornstein-Uhlenbeck process, sampled every millisecond.
type memory struct{ sd, tau float64 } // tau in ms

// noises are those of a machine: its state, a random effect per process, and that of a slice of 10 ms.
type noises struct {
	memory         []memory
	lottery, slice float64
}

var (
	// fitted has parameters fitted to a shared machine with two processors. The noise of a single slice is small in
	// comparison.
	fitted = noises{[]memory{{0.147, 7}, {0.106, 98}, {0.115, 1400}}, 0.064, 0.010}
	// still, uneven and drifting are quiet machines: without more noise, with processes that differ, and with a speed
	// that drifts by the minute.
	still    = noises{[]memory{{0.005, 98}}, 0.005, 0.01}
	uneven   = noises{[]memory{{0.005, 98}}, 0.05, 0.01}
	drifting = noises{[]memory{{0.1, 60_000}}, 0.005, 0.01}
)

const (
	sliceMs   = 5
	turnCount = 6
	startMs   = 22 // of a process, with its warm-up
	handMs    = 2  // from slice to slice, with the rest of a crawl
)

// clock simulates a machine over time.
type clock struct {
	draw  *rand.Rand
	noise noises
	state []float64
	keep  []float64
	step  []float64
}

func newClock(draw *rand.Rand, noise noises) *clock {
	c := &clock{draw: draw, noise: noise}
	for _, m := range noise.memory {
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
	for i, m := range c.noise.memory {
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
		luck[i] = c.noise.lottery * c.draw.NormFloat64()
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
			own := c.noise.slice * math.Sqrt(10./sliceMs) * c.draw.NormFloat64()
			slices[i][r] = luck[i] + own + c.run(sliceMs)
			c.skip(handMs)
		}
	}
	return slices
}
