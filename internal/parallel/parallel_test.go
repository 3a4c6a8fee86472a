package parallel

import (
	"slices"
	"testing"
)

func TestEachNumberOnce(t *testing.T) {
	for n := range 20 {
		calls, want := make([]int, n), make([]int, n)
		Each(n, func(i int) { calls[i]++ })
		for i := range want {
			want[i] = 1
		}
		if !slices.Equal(calls, want) {
			t.Errorf("of %d: %v", n, calls)
		}
	}
}
