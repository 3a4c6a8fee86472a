package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// agree reports whether two numbers agree to a relative precision.
func agree(a, b, precision float64) bool {
	return a == b || math.Abs(a-b) <= precision*math.Max(math.Abs(a), math.Abs(b))
}

func TestPolygammaAtPointsWithAClosedForm(t *testing.T) {
	const euler = 0.57721566490153286
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"digamma(1)", digamma(1), -euler},
		{"digamma(1/2)", digamma(0.5), -euler - 2*math.Ln2},
		{"digamma(3)", digamma(3), 1.5 - euler},
		{"trigamma(1)", trigamma(1), math.Pi * math.Pi / 6},
		{"trigamma(1/2)", trigamma(0.5), math.Pi * math.Pi / 2},
		{"trigamma(3)", trigamma(3), math.Pi*math.Pi/6 - 1.25},
		{"tetragamma(1)", tetragamma(1), -2 * 1.2020569031595942}, // zeta(3)
		{"tetragamma(1/2)", tetragamma(0.5), -14 * 1.2020569031595942},
	} {
		if !agree(c.got, c.want, 1e-9) {
			t.Errorf("%s = %.15g, want %.15g", c.name, c.got, c.want)
		}
	}
}

func TestTrigammaInverseInvertsTrigamma(t *testing.T) {
	for x := 1e-4; x < 1e7; x *= 1.7 {
		if got := trigammaInverse(trigamma(x)); !agree(got, x, 1e-5) {
			t.Errorf("of trigamma(%g): %g", x, got)
		}
	}
}

func TestStudentTailsAtDegreesWithAClosedForm(t *testing.T) {
	for _, x := range []float64{0, 0.1, 0.5, 1, 2, 4.3, 10, 1e3, 1e6} {
		for v, want := range map[float64]float64{
			1: 2 * math.Atan2(1, x) / math.Pi,
			2: 2 / (math.Sqrt(2+x*x) * (math.Sqrt(2+x*x) + x)), // 1 - x/sqrt(2+x^2) without cancellation
		} {
			if got := studentTails(x, v); !agree(got, want, 1e-10) || got != studentTails(-x, v) {
				t.Errorf("of %g with %g degrees: %g, want %g", x, v, got, want)
			}
		}
		if got, want := studentTails(x, 1e6), math.Erfc(x/math.Sqrt2); got != want {
			t.Errorf("of %g with a million degrees: %g, want %g", x, got, want)
		}
	}
	// The transition to the normal tails is smooth enough.
	if a, b := studentTails(4, manyDegrees), studentTails(4, manyDegrees+1); !agree(a, b, 0.01) {
		t.Errorf("%g, and %g with a degree more", a, b)
	}
	if studentTails(math.Inf(1), 5) != 0 {
		t.Error("the tail beyond infinity is not 0")
	}
}

func TestStudentQuantileInvertsTails(t *testing.T) {
	draw := rand.New(rand.NewPCG(11, 0))
	for range 3000 {
		p, v := math.Pow(10, -12*draw.Float64()), math.Pow(10, 4.2*draw.Float64())
		q := studentQuantile(p, v)
		if got := studentTails(q, v); !agree(got, p, 1e-6) {
			t.Fatalf("p %g with %g degrees: quantile %g has tails %g", p, v, q, got)
		}
	}
	for _, c := range []struct{ p, v, want float64 }{{0.05, 1, 12.7062047362}, {0.05, 10, 2.2281388520},
		{0.01, 30, 2.7499956536}, {0.001, 5, 6.8688266259}} {
		if got := studentQuantile(c.p, c.v); !agree(got, c.want, 1e-9) {
			t.Errorf("of %g with %g degrees: %.10f, want %.10f", c.p, c.v, got, c.want)
		}
	}
}
