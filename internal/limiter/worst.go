package limiter

import "time"

// Shortest is the shortest window in which grants are counted: on anything shorter the operating system has more to say
// than a limiter.
const Shortest = time.Millisecond

// Worst returns the worst of all windows of at least Shortest: the largest ratio of what was let through in one to what a
// rate a second and a bucket of burst allow in it, rate x length + burst; and how long that window is. at are the times of
// the grants, in order. Above 1 a limiter let through too much, or whoever it let through was held up before taking the
// time and so came close to the next.
//
// Of the windows longer than Shortest those from grant i to grant j matter. The largest ratio over them is found by
// Dinkelbach's method (On nonlinear fractional programming, 1967): ratio x is beaten where
// (j+1 - x rate at[j]) - (i - x rate at[i]) > x burst, which one pass finds from the least second term so far; few passes
// suffice.
func Worst(at []time.Duration, rate float64, burst int) (ratio float64, window time.Duration) {
	allowed := func(d time.Duration) float64 { return rate*d.Seconds() + float64(burst) }
	first := 0
	for j := range at {
		for at[j]-at[first] > Shortest {
			first++
		}
		if x := float64(j-first+1) / allowed(Shortest); x > ratio {
			ratio, window = x, Shortest
		}
	}
	for {
		from, to := denser(at, rate, float64(burst), ratio)
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

// denser returns the grants between which what was let through exceeds ratio times what is allowed by most; to is -1 if
// there are none.
func denser(at []time.Duration, rate, burst, ratio float64) (from, to int) {
	to = -1
	most := 0.0
	next, least, leastAt := 0, 0.0, 0
	for j := range at {
		for ; at[j]-at[next] > Shortest; next++ {
			if x := float64(next) - ratio*rate*at[next].Seconds(); next == 0 || x < least {
				least, leastAt = x, next
			}
		}
		if next == 0 {
			continue
		}
		if over := float64(j+1) - ratio*rate*at[j].Seconds() - least - ratio*burst; over > most {
			most, from, to = over, leastAt, j
		}
	}
	return from, to
}
