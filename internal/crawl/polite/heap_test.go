package polite

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHeapReturnsTimesInOrderWhenTheyHaveCome(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	h := NewHeap()
	if _, ok := h.Next(); ok {
		t.Error("an empty heap has a next time")
	}
	var want, got []int64
	now := int64(0)
	for range 10_000 {
		if draw.IntN(3) > 0 {
			at := now + draw.Int64N(1000)
			h.Push(Due{At: at, Host: uint32(at)})
			want = append(want, at)
			continue
		}
		now += draw.Int64N(20)
		slices.Sort(want)
		for len(want) > 0 && want[0] <= now {
			if at, ok := h.Next(); !ok || at != want[0] {
				t.Fatalf("next is %d, want %d", at, want[0])
			}
			d, ok := h.Pop(now)
			if !ok || d.At != want[0] || d.Host != uint32(d.At) {
				t.Fatalf("Pop(%d) = %v, %v, want %d", now, d, ok, want[0])
			}
			want = want[1:]
			got = append(got, d.At)
		}
		if d, ok := h.Pop(now); ok {
			t.Fatalf("Pop(%d) = %v, want none", now, d)
		}
	}
	if len(got) < 1000 {
		t.Errorf("only %d times came", len(got))
	}
}
