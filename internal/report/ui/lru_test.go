package ui

import (
	"slices"
	"testing"
)

func TestRecentEvictsTheLeastRecentlyUsed(t *testing.T) {
	r := lru[int]{memory: 10}
	has := func(want ...string) {
		t.Helper()
		var keys []string
		for _, k := range r.values {
			keys = append(keys, k.key)
		}
		if !slices.Equal(keys, want) {
			t.Errorf("have %v, want %v", keys, want)
		}
	}
	r.put("a", 1, 4)
	r.put("b", 2, 4)
	r.put("c", 3, 2)
	has("a", "b", "c")
	if v, ok := r.use("a"); v != 1 || !ok {
		t.Errorf("a is %d, %v", v, ok)
	}
	if v, ok := r.look("b"); v != 2 || !ok {
		t.Errorf("b is %d, %v", v, ok)
	}
	has("b", "c", "a") // look is not a use
	r.put("d", 4, 1)
	has("c", "a", "d")
	r.put("c", 5, 5) // replaces the old value
	has("a", "d", "c")
	r.put("large", 6, 100)
	has("large") // the last is kept regardless of size
	if _, ok := r.use("a"); ok {
		t.Error("a was not evicted")
	}
	r.put("e", 7, 10)
	has("e")
}
