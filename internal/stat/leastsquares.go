package stat

import "math"

// leastSquares returns the weights, none below 0, with which the columns come closest to 1 in every row, the first column
// always being used. There are few columns, so that every choice of those with a weight above 0 is tried, and the best that
// needs no negative weight is exact. The first column must be above 0 in every row.
func leastSquares(columns [][]float64) []float64 {
	best, least := make([]float64, len(columns)), math.Inf(1)
	for choice := 1; choice < 1<<len(columns); choice += 2 {
		var some [][]float64
		var which []int
		for i, c := range columns {
			if choice>>i&1 == 1 {
				some, which = append(some, c), append(which, i)
			}
		}
		weights, rest, ok := project(some)
		if !ok || rest >= least {
			continue
		}
		least = rest
		clear(best)
		for i, w := range weights {
			best[which[i]] = w
		}
	}
	return best
}

// project solves the least squares of columns against 1 by Gram-Schmidt, and returns the sum of the squares of what is left.
// ok is false if a weight is not above 0, or the columns depend on each other.
func project(columns [][]float64) (weights []float64, rest float64, ok bool) {
	k, rows := len(columns), len(columns[0])
	left := make([]float64, rows)
	for i := range left {
		left[i] = 1
	}
	var r [3][3]float64
	var q [3][]float64
	var z [3]float64
	for j, c := range columns {
		v := append([]float64(nil), c...)
		whole := math.Sqrt(dot(v, v))
		for i := range j {
			r[i][j] = dot(q[i], v)
			subtract(v, r[i][j], q[i])
		}
		r[j][j] = math.Sqrt(dot(v, v))
		if r[j][j] <= 1e-10*whole {
			return nil, 0, false
		}
		for i := range v {
			v[i] /= r[j][j]
		}
		q[j] = v
		z[j] = dot(v, left)
		subtract(left, z[j], v)
	}
	weights = make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		w := z[i]
		for j := i + 1; j < k; j++ {
			w -= r[i][j] * weights[j]
		}
		if weights[i] = w / r[i][i]; !(weights[i] > 0) {
			return nil, 0, false
		}
	}
	return weights, dot(left, left), true
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func subtract(v []float64, factor float64, q []float64) {
	for i := range v {
		v[i] -= factor * q[i]
	}
}
