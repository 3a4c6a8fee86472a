package paper

import (
	"fmt"
	"math"
	"testing"
)

// expectedMost returns the expected number of hosts in the fullest of some bins if each host is in a random one, by
// counting: the number of ways with at most m hosts in each bin is n! times the coefficient of x^n in the power bins of
// the sum of x^j/j! for j up to m.
func expectedMost(hosts, bins int) float64 {
	all := 0.0 // logarithm of the number of ways over n!
	for i := range hosts {
		all += math.Log(float64(bins)) - math.Log(float64(i+1))
	}
	sum := 0.0
	for m := range hosts { // the sum of P(most > m)
		ways := make([]float64, hosts+1)
		ways[0] = 1
		for range bins {
			next := make([]float64, hosts+1)
			for n, w := range ways {
				term := w
				for j := 0; j <= m && n+j <= hosts; j++ {
					next[n+j] += term
					term /= float64(j + 1)
				}
			}
			ways = next
		}
		sum += 1 - ways[hosts]/math.Exp(all)
	}
	return sum
}

func TestExpectedMost(t *testing.T) {
	// Two hosts in two bins: 2, 2, 1, 1. Three in two: 3 in 2 of 8 ways, otherwise 2.
	for _, c := range []struct {
		hosts, bins int
		want        float64
	}{{1, 3, 1}, {2, 2, 1.5}, {3, 2, 2.25}, {2, 4, 1.25}} {
		if got := expectedMost(c.hosts, c.bins); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d hosts in %d bins: %v, want %v", c.hosts, c.bins, got, c.want)
		}
	}
}

// random returns an error unless the imbalance is that of hosts which are in random shards, for some seeds.
func random(place func(host, seed uint64, shards, processes int) int, hosts, processes int) error {
	const seeds = 4000
	sum, squares := 0.0, 0.0
	for seed := range uint64(seeds) {
		count := make([]int, processes)
		most := 0
		for h := range uint64(hosts) {
			p := place(h, seed, processes, processes)
			count[p]++
			most = max(most, count[p])
		}
		sum += float64(most)
		squares += float64(most * most)
	}
	mean := sum / seeds
	deviation := math.Sqrt((squares/seeds - mean*mean) / seeds)
	if want := expectedMost(hosts, processes); math.Abs(mean-want) > 4*deviation+1e-9 {
		return fmt.Errorf("%d hosts, %d shards: the fullest has %.3f hosts on average, want %.3f, as of random shards",
			hosts, processes, mean, want)
	}
	return nil
}

func TestImbalanceIsThatOfRandomShards(t *testing.T) {
	for _, c := range []struct{ hosts, processes int }{{10, 2}, {40, 4}, {60, 16}} {
		if err := random(owner, c.hosts, c.processes); err != nil {
			t.Error(err)
		}
		even := func(host, _ uint64, shards, _ int) int { return int(host % uint64(shards)) }
		if random(even, c.hosts, c.processes) == nil {
			t.Errorf("%d hosts, %d shards: hosts in turn pass for random ones", c.hosts, c.processes)
		}
	}
}

func TestImbalanceOfAResultCountsHosts(t *testing.T) {
	m := fast(7, 1)
	m.Sharded, m.Shards, m.Hosts = true, 64, 1000
	count := map[int]int{}
	most := 0
	for h := range uint64(m.Hosts) {
		p := owner(h, m.Seed, m.Shards, m.Processes)
		count[p]++
		most = max(most, count[p])
	}
	if got, want := simulate(t, m).Imbalance, float64(7*most)/1000; got != want {
		t.Errorf("imbalance %v, want %v", got, want)
	}
	m.Sharded = false
	if got := simulate(t, m).Imbalance; got != 1 {
		t.Errorf("imbalance %v of hosts that belong to nobody, want 1", got)
	}
}
