package report

import (
	"fmt"
	"math"
	"time"

	"crawlbench/internal/plain"
)

// SI writes x with three digits and a prefix: 1.23M.
func SI(x float64) string {
	prefix := ""
	for _, p := range []string{"k", "M", "G", "T"} {
		if math.Abs(x) < 999.5 {
			break
		}
		x /= 1000
		prefix = p
	}
	digits := 0
	switch {
	case math.Abs(x) < 9.995:
		digits = 2
	case math.Abs(x) < 99.95:
		digits = 1
	}
	return fmt.Sprintf("%.*f%s", digits, x, prefix)
}

// Count writes n with commas.
func Count(n int) string { return plain.Number(float64(n)) }

// Plural writes n with its noun.
func Plural(n int, noun string) string { return plain.Count(n, noun) }

// duration writes d to the second, or finer if it is short.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Minute).String()
}
