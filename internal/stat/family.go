package stat

import (
	"cmp"
	"slices"
)

// Holm adjusts the P values of a family of comparisons: if those with an adjusted P below alpha are
// claimed, the chance of any false claim is below alpha, however the comparisons depend on each
// other. It returns them in the order of ps. (Holm 1979; it finds at least what Bonferroni finds,
// with the same guarantee.)
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	adjusted := make([]float64, len(ps))
	least := 0.0
	for k, i := range order {
		least = max(least, min(1, ps[i]*float64(len(ps)-k)))
		adjusted[i] = least
	}
	return adjusted
}
