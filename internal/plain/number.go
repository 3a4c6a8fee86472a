package plain

import (
	"fmt"
	"strings"
)

// Number writes a whole number with commas; one beyond counting with an exponent.
func Number[T int | float64](n T) string {
	x := float64(n)
	if x > 1e15 || x < -1e15 {
		return fmt.Sprintf("%.2g", x)
	}
	digits, sign := strings.CutPrefix(fmt.Sprintf("%.0f", x), "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if sign {
		return "-" + digits
	}
	return digits
}

// Count writes n with its noun, which is in the singular: 1 page, 1,000 pages, 2 passes, 2 fetches.
func Count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "ch"):
		noun += "e"
	}
	return Number(n) + " " + noun + "s"
}

// Seconds writes a time with its unit: 12 ns, 1.5 µs, 2.0 ms, 1.25 s.
func Seconds(x float64) string {
	switch {
	case x < 1e-6:
		return fmt.Sprintf("%.0f ns", x*1e9)
	case x < 1e-3:
		return fmt.Sprintf("%.1f µs", x*1e6)
	case x < 1:
		return fmt.Sprintf("%.1f ms", x*1e3)
	}
	return fmt.Sprintf("%.2f s", x)
}

// Bytes writes a number of bytes with three digits or more, and the unit that suits it: 12 bytes, 1.5 KiB, 1.21 GiB.
func Bytes(n float64) string {
	unit := "bytes"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n < 1024 {
			break
		}
		n, unit = n/1024, next
	}
	return fmt.Sprintf("%.*g %s", 3+min(1, int(n/1000)), n, unit)
}
