package limiter

import "time"

// Shortest is the shortest window in which grants are counted: in shorter ones the operating
// system's scheduling dominates.
const Shortest = time.Millisecond

// Worst returns the largest ratio, over all windows of at least Shortest, of the grants in a window
// to what a rate per second and a bucket of burst allow in it, rate x length + burst. It also
// returns the length of that window. at are the times of the grants, in order. If the ratio is
// above 1, the limiter granted too much, or a caller was delayed between its grant and reading the
// clock, and so came close to the next grant.
//
// Of the windows longer than Shortest only those from grant i to grant j matter. The largest ratio
// over them is found by Dinkelbach's method (On nonlinear fractional programming, 1967): ratio x is
// exceeded where (j+1 - x rate at[j]) - (i - x rate at[i]) > x burst, which one pass finds from the
// smallest second term so far; a few passes suffice.
func Worst(at []time.Duration, rate float64, burst int) (ratio float64, window time.Duration) {
	return WorstFrom(Shortest, at, rate, burst)
}

// WorstFrom is Worst over all windows of at least the given length.
func WorstFrom(shortest time.Duration, at []time.Duration, rate float64, burst int) (ratio float64,
	window time.Duration) {
	allowed := func(d time.Duration) float64 { return rate*d.Seconds() + float64(burst) }
	first := 0
	for j := range at {
		for at[j]-at[first] > shortest {
			first++
		}
		if x := float64(j-first+1) / allowed(shortest); x > ratio {
			ratio, window = x, shortest
		}
	}
	for {
		from, to := worstExceeding(shortest, at, rate, float64(burst), ratio)
		if to < 0 {
			return ratio, window
		}
		d := at[to] - at[from]
		x := float64(to-from+1) / allowed(d)
		if x <= ratio {
			return ratio, window
		}
		ratio, window = x, d
	}
}

// worstExceeding returns the pair of grants between which the number of grants exceeds ratio times
// the allowed number by most; to is -1 if there is no such pair.
func worstExceeding(shortest time.Duration, at []time.Duration, rate, burst, ratio float64) (from, to int) {
	to = -1
	most := 0.0
	next, least, leastAt := 0, 0.0, 0
	for j := range at {
		for ; at[j]-at[next] > shortest; next++ {
			if x := float64(next) - ratio*rate*at[next].Seconds(); next == 0 || x < least {
				least, leastAt = x, next
			}
		}
		if next == 0 {
			continue
		}
		if excess := float64(j+1) - ratio*rate*at[j].Seconds() - least - ratio*burst; excess > most {
			most, from, to = excess, leastAt, j
		}
	}
	return from, to
}
