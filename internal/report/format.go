package report

import (
	"fmt"
	"math"
	"time"
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
func Count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes n with its noun.
func Plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun[len(noun)-1] == 's':
		return Count(n) + " " + noun + "es"
	}
	return Count(n) + " " + noun + "s"
}

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
