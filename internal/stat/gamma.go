package stat

import "math"

// digamma returns the derivative of log Gamma at x > 0: by recurrence up to 6, then the series of
// Abramowitz and Stegun 6.3.18.
func digamma(x float64) float64 {
	sum := 0.0
	for ; x < 6; x++ {
		sum -= 1 / x
	}
	q := 1 / (x * x)
	return sum + math.Log(x) - 1/(2*x) - q*(1./12-q*(1./120-q*(1./252-q*(1./240-q*(1./132-q*691./32760)))))
}

// trigamma returns the derivative of digamma at x > 0 (Abramowitz and Stegun 6.4.12).
func trigamma(x float64) float64 {
	sum := 0.0
	for ; x < 6; x++ {
		sum += 1 / (x * x)
	}
	q := 1 / (x * x)
	return sum + 1/x + q/2 + q/x*(1./6-q*(1./30-q*(1./42-q*(1./30-q*(5./66-q*691./2730)))))
}

// tetragamma returns the derivative of trigamma at x > 0 (Abramowitz and Stegun 6.4.13).
func tetragamma(x float64) float64 {
	sum := 0.0
	for ; x < 6; x++ {
		sum -= 2 / (x * x * x)
	}
	q := 1 / (x * x)
	return sum - q - q/x - q*q*(1./2-q*(1./6-q*(1./6-q*(3./10-q*5./6))))
}

// trigammaInverse returns the x > 0 whose trigamma is y > 0, by Newton's method on 1/trigamma,
// which is convex and nearly linear, so it converges from below without safeguards (Smyth 2004, appendix).
func trigammaInverse(y float64) float64 {
	switch {
	case y > 1e7:
		return 1 / math.Sqrt(y)
	case y < 1e-6:
		return 1 / y
	}
	x := 0.5 + 1/y
	for range 50 {
		tri := trigamma(x)
		step := tri * (1 - tri/y) / tetragamma(x)
		x += step
		if -step/x < 1e-12 {
			break
		}
	}
	return x
}
