package stat

import "math"

// solver solves for at most 3 weights of rows; it reuses its vectors, since the bootstrap calls it a thousand times.
type solver struct {
	columns [3][]float64 // for the caller to fill; the first must be positive in every row
	q       [3][]float64
	left    []float64
}

func newSolver(rows int) *solver {
	s := &solver{left: make([]float64, rows)}
	for i := range s.q {
		s.columns[i], s.q[i] = make([]float64, rows), make([]float64, rows)
	}
	return s
}

// leastSquares returns the nonnegative weights with which the first k columns come closest to 1 in
// every row; the first column is always used. With so few columns it tries every subset and takes
// the best one without a negative weight, which is exact.
func (s *solver) leastSquares(k int) (best [3]float64) {
	least := math.Inf(1)
	for choice := 1; choice < 1<<k; choice += 2 {
		var which [3]int
		n := 0
		for i := range k {
			if choice>>i&1 == 1 {
				which[n] = i
				n++
			}
		}
		weights, rest, ok := s.project(which[:n])
		if !ok || rest >= least {
			continue
		}
		least = rest
		best = [3]float64{}
		for i, column := range which[:n] {
			best[column] = weights[i]
		}
	}
	return best
}

// project solves the least squares of some columns against 1 by Gram-Schmidt, and returns the
// residual sum of squares. ok is false if a weight is not positive, or the columns are linearly
// dependent.
func (s *solver) project(columns []int) (weights [3]float64, rest float64, ok bool) {
	for i := range s.left {
		s.left[i] = 1
	}
	var r [3][3]float64
	var z [3]float64
	for j, column := range columns {
		v := s.q[j]
		copy(v, s.columns[column])
		whole := math.Sqrt(dot(v, v))
		for i := range j {
			r[i][j] = dot(s.q[i], v)
			subtract(v, r[i][j], s.q[i])
		}
		r[j][j] = math.Sqrt(dot(v, v))
		if r[j][j] <= 1e-10*whole {
			return weights, 0, false
		}
		for i := range v {
			v[i] /= r[j][j]
		}
		z[j] = dot(v, s.left)
		subtract(s.left, z[j], v)
	}
	for i := len(columns) - 1; i >= 0; i-- {
		w := z[i]
		for j := i + 1; j < len(columns); j++ {
			w -= r[i][j] * weights[j]
		}
		if weights[i] = w / r[i][i]; !(weights[i] > 0) {
			return weights, 0, false
		}
	}
	return weights, dot(s.left, s.left), true
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
