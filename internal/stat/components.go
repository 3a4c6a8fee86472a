package stat

import "math"

// Components are the parts of the noise of resident blocks, as variances of the logarithm of a crawl's time.
type Components struct {
	Process float64 // what a process is faster or slower in all of its slices
	Slice   float64 // a slice's own, times its length in seconds: longer slices average it
	Machine float64 // what slices close to each other do not share, whatever their length
}

// Turns are the slices of one block of equal crawlers: Logs[crawler][turn] is the logarithm of the mean time of
// a crawl in a slice of Length seconds.
type Turns struct {
	Length float64
	Logs   [][]float64
}

// FitComponents estimates the components from blocks of the same crawler, at least 2 of them in each block, with
// slices of two lengths. Within a block the differences of two crawlers vary from turn to turn by twice the
// noise of a slice, from block to block in addition by twice that of a process. Estimates are not below 0. With
// slices of one length all their noise counts as Slice.
func FitComponents(blocks []Turns) Components {
	var lengths, within, weights []float64
	between, pairs := 0.0, 0.0
	for _, b := range blocks {
		for i := range b.Logs {
			for j := range i {
				d := make([]float64, len(b.Logs[i]))
				for t := range d {
					d[t] = b.Logs[i][t] - b.Logs[j][t]
				}
				if len(d) < 2 {
					continue
				}
				s := spreadOf(d)
				lengths, weights = append(lengths, b.Length), append(weights, s.Degrees)
				within = append(within, s.Variance/2)
				m := mean(d)
				between += m*m/2 - s.Variance/2/float64(len(d)) // equal crawlers differ by 0
				pairs++
			}
		}
	}
	var c Components
	if pairs == 0 {
		return c
	}
	c.Process = max(0, between/pairs)
	c.Slice, c.Machine = fitLine(lengths, within, weights)
	return c
}

// fitLine fits variance = slice/length + machine by weighted least squares, both at least 0.
func fitLine(lengths, variances, weights []float64) (slice, machine float64) {
	var w, x, y, xx, xy float64
	for i, l := range lengths {
		u := 1 / l
		w, x, y = w+weights[i], x+weights[i]*u, y+weights[i]*variances[i]
		xx, xy = xx+weights[i]*u*u, xy+weights[i]*u*variances[i]
	}
	if det := w*xx - x*x; det > 1e-9*w*xx {
		slice, machine = (w*xy-x*y)/det, (y*xx-x*xy)/det
	}
	switch {
	case machine < 0 || slice == 0 && machine == 0:
		return xy / xx, 0
	case slice < 0:
		return 0, y / w
	}
	return slice, machine
}

// SD returns the standard deviation of the log ratio of two crawlers in a block with the given number of turns
// and slices of that length in seconds.
func (c Components) SD(turns int, slice float64) float64 {
	return math.Sqrt(2 * (c.Process + (c.Slice/slice+c.Machine)/float64(turns)))
}

// Cost is what a block costs, in seconds: Process for starting, warming up and ending each of its Crawlers, HandOver
// for each turn besides its slice, and at least Shortest for a slice, however short it is to be.
type Cost struct {
	Crawlers                    int
	Process, HandOver, Shortest float64
}

// Time returns the time of a block.
func (k Cost) Time(turns int, slice float64) float64 {
	return float64(k.Crawlers) * (k.Process + float64(turns)*(max(slice, k.Shortest)+k.HandOver))
}

// Noise is that of a kind of block, and what such a block costs.
type Noise struct {
	Components
	Cost
}

const (
	// mostTurns is the largest number of turns that Best returns.
	mostTurns = 24
	// noNoise is the variance of blocks without noise, so that its logarithm is finite.
	noNoise = 1e-12
)

// Best returns the turns and the length of slices, between 5 and 40 ms, with the smallest variance for the time that
// blocks take. For several kinds of blocks, all of which have the same, it is the geometric mean that is smallest.
func Best(kinds ...Noise) (turns int, slice float64) {
	least := math.Inf(1)
	for _, l := range []float64{0.005, 0.01, 0.02, 0.04} {
		for r := 1; r <= mostTurns; r++ {
			sum := 0.0
			for _, k := range kinds {
				sd := k.SD(r, max(l, k.Shortest))
				sum += math.Log(max(sd*sd, noNoise) * k.Time(r, l))
			}
			if sum < least-1e-9 {
				least, turns, slice = sum, r, l
			}
		}
	}
	return turns, slice
}
