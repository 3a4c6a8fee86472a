package stat

import "math"

// Power is the probability of finding the minimum detectable effect.
const Power = 0.8

// MDE returns the minimum detectable effect of the given number of blocks, as a ratio above 1: the smallest
// that is found with Power by the first claim of the family, at its last look. sd is the standard
// deviation of the log ratio of a block; a noise that is pooled over the family goes in as it is,
// that of dependent blocks times Inflation. It is +Inf for fewer than 2 blocks.
//
// It takes the looks that a run with this number of blocks has, or the end only if the family is uneven. The
// quantile of the noncentral t is that of Abramowitz and Stegun 26.7.10, with the mean cost of the
// guards for dependence and skewness; that of the signed-rank test has its efficiency of 3/pi under normal noise.
func (f Family) MDE(blocks int, sd float64) float64 {
	looks := InterimLooks(blocks)
	if len(looks) == 0 {
		return math.Inf(1)
	}
	if f.Uneven {
		looks = FinalLook(blocks)
	}
	n := float64(blocks)
	alpha := f.Alpha * looks[len(looks)-1].Share / float64(max(1, f.Size))
	if f.Equivalence {
		alpha /= 2
	}
	if f.RanksFrom > 0 && blocks >= f.RanksFrom {
		if 2*math.Exp2(-n) >= alpha {
			return math.Inf(1)
		}
		z := upper(alpha / 2)
		return math.Exp(sd * (z + upper(1-Power)) * math.Sqrt(math.Pi/3/n*(1+z*z/2/n)))
	}
	v := n - 1 + priorDegrees(f.Size, n-1)
	t := skewed(studentQuantile(alpha, v), skewTerm(max(f.Skewness, skewCost(f.Size, n)), blocks))
	return math.Exp(guardCost(f.Size, n) * sd / math.Sqrt(n) * (t*(1-1/(4*v)) + upper(1-Power)*math.Sqrt(1+t*t/(2*v))))
}

// BlocksFor returns the fewest blocks whose MDE is at most ratio, above 1; 0 if 10,000 do not suffice.
func (f Family) BlocksFor(ratio, sd float64) int {
	// Up to there more blocks can find less: those of a second look, or the first for which ranks decide.
	lo := max(lookAt[1], f.RanksFrom)
	for n := 2; n <= lo; n++ {
		if f.MDE(n, sd) <= ratio {
			return n
		}
	}
	hi := 10_000
	if f.MDE(hi, sd) > ratio {
		return 0
	}
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; f.MDE(mid, sd) > ratio {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// upper returns the standard normal quantile with upper tail probability p.
func upper(p float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*p) }
