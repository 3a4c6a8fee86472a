package bench_test

import (
	"slices"
	"testing"

	"crawlbench/bench"
)

func TestEarlierNames(t *testing.T) {
	name := func(list []bench.Crawler) (names []string) {
		for _, c := range list {
			names = append(names, c.Name)
		}
		return names
	}
	var earlier []bench.Contender = bench.Contenders()
	if got, want := name(earlier), name(bench.Crawlers()); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("Contenders returns %q, want %q", got, want)
	}
}
