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

func TestAPanicIsTheCallers(t *testing.T) {
	for _, bad := range []int{0, 7, 99} {
		func() {
			defer func() {
				if p := recover(); p != "no" {
					t.Errorf("call %d panics, and the caller gets %v", bad, p)
				}
			}()
			Each(100, func(i int) {
				if i == bad {
					panic("no")
				}
			})
		}()
	}
}
