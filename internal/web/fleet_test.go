package web

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// set returns the bitset of pages, in the given number of words.
func set(words int, pages ...uint32) []uint64 {
	s := make([]uint64, words)
	for _, p := range pages {
		s[p/64] |= 1 << (p % 64)
	}
	return s
}

func TestUnite(t *testing.T) {
	reach := graph.Reach{Set: set(2, 0, 1, 2, 70, 71), Pages: 5}
	for _, test := range []struct {
		what   string
		budget int
		parts  [][]uint64
		want   string
	}{
		{"alone", 0, [][]uint64{set(2, 0, 1, 2, 70, 71)}, ""},
		{"shared", 0, [][]uint64{set(2, 0, 70), set(2, 1), set(2, 2, 71)}, ""},
		{"one did nothing", 0, [][]uint64{set(2), set(2, 0, 1, 2, 70, 71)}, ""},
		{"missed", 0, [][]uint64{set(2, 0, 70), set(2, 1, 71)},
			"1 of 5 reachable pages were not fetched by any process (page 2)"},
		{"twice", 0, [][]uint64{set(2, 0, 1, 70), set(2, 1, 2, 71)},
			"1 fetch of pages that another process had fetched (page 1)"},
		{"thrice", 0, [][]uint64{set(2, 0, 1, 70), set(2, 1, 2, 71), set(2, 1)},
			"2 fetches of pages that another process had fetched (page 1)"},
		{"both", 0, [][]uint64{set(2, 0, 1, 70), set(2, 0, 2)},
			"1 fetch of pages that another process had fetched (page 0); " +
				"1 of 5 reachable pages were not fetched by any process (page 71)"},
		{"budget", 3, [][]uint64{set(2, 0, 1), set(2, 70)}, ""},
		{"budget of each", 3, [][]uint64{set(2, 0, 1), set(2, 70, 71)},
			"4 pages were fetched by all processes, the budget is 3"},
		{"budget not reached", 3, [][]uint64{set(2, 0), set(2, 1)},
			"2 pages were fetched by all processes, the budget is 3"},
		{"budget beyond the graph", 9, [][]uint64{set(2, 0, 1, 2), set(2, 70, 71)}, ""},
	} {
		got := ""
		if v := Unite(reach, test.budget, test.parts); v != nil {
			got = v.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

// Unite agrees with counting page by page.
func TestUniteCountsPages(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var all, pages []uint32
		for p := range uint32(200) {
			if draw.IntN(3) > 0 {
				all = append(all, p)
			}
		}
		times := map[uint32]int{}
		parts := make([][]uint64, 1+draw.IntN(4))
		for i := range parts {
			pages = nil
			for _, p := range all {
				if draw.IntN(2) == 0 {
					pages, times[p] = append(pages, p), times[p]+1
				}
			}
			parts[i] = set(4, pages...)
		}
		twice, missed := 0, 0
		for _, p := range all {
			twice += max(0, times[p]-1)
			if times[p] == 0 {
				missed++
			}
		}
		found := Unite(graph.Reach{Set: set(4, all...), Pages: len(all)}, 0, parts)
		got := [2]int{}
		for _, text := range found {
			i := 0
			if strings.Contains(text, "reachable") {
				i = 1
			}
			fmt.Sscan(text, &got[i])
		}
		if want := [2]int{twice, missed}; got != want {
			t.Fatalf("%v: twice and missed %v, want %v", found, got, want)
		}
	}
}

func TestSharesEndWithTheFirst(t *testing.T) {
	at := func(times ...time.Duration) (list []Wait) {
		for _, d := range times {
			list = append(list, Wait{0, d})
		}
		return list
	}
	for _, test := range []struct {
		waits [][]Wait
		want  float64
	}{
		{[][]Wait{at(1, 2, 3)}, 1},
		{[][]Wait{at(1, 3, 5), at(2, 4, 6)}, 2.0 / 3}, // until 5
		{[][]Wait{at(1, 2, 3, 4), at(3, 8, 9, 10)}, 0.25},
		{[][]Wait{at(4, 3, 2, 1), at(10, 9, 8, 7), at(1, 2, 5, 11)}, 0},
	} {
		if got := Shares(test.waits); got != test.want {
			t.Errorf("%v: %v, want %v", test.waits, got, test.want)
		}
	}
	if LeastToMost([]float64{0, 0}) != 1 || LeastToMost([]float64{3, 6, 4}) != 0.5 ||
		LeastToMost([]float64{0, 2}) != 0 {
		t.Error("the least is not divided by the most")
	}
}

// A part of a crawl may miss pages and be led to pages by others, and its own repetitions are found.
func TestAPartOfACrawl(t *testing.T) {
	g, err := graph.Build(t.Context(), graph.Spec{Kind: "chain", Pages: 9, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	for _, exact := range []bool{true, false, true} {
		for _, test := range []struct {
			pages []uint32
			want  string
		}{
			{[]uint32{8, 3}, ""},
			{nil, ""},
			{[]uint32{8, 3, 8}, "1 fetch of pages that had been fetched before (page 8)"},
		} {
			s.Begin(Rules{Workers: 1, Exact: exact, Part: true})()
			for _, p := range test.pages {
				s.IDs().Fetch(t.Context(), p)
			}
			got := ""
			if err := s.End(crawl.Result{Pages: len(test.pages)}, nil); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("exact %v, %v: %q, want %q", exact, test.pages, got, test.want)
			}
			distinct := slices.Compact(slices.Sorted(slices.Values(test.pages)))
			if want := set(1, distinct...); !slices.Equal(s.Seen(), want) {
				t.Errorf("exact %v, %v: seen %x, want %x", exact, test.pages, s.Seen(), want)
			}
		}
	}
}
