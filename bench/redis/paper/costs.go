package paper

import "time"

// Recorded returns the costs that "crawlbench paper" simulates with unless it measures them anew: what "crawlbench paper
// -measure -compare" found once, on a busy machine, which makes waking up slow. README.md has the comparisons.
func Recorded() []Costs {
	const source = "measured on AMD EPYC with 2 processors and a load of 35, with redis-server 7.0.15: medians of 3 crawls " +
		"by one process, hosts pages=50000 degree=9 intra=0.85 chain=0.15 seed=1, URLs"
	return []Costs{
		{
			Frontier: "redislua", Batch: 64, Linger: time.Millisecond,
			ClientPage: 3218, ClientWait: 47743, ClientCall: 16488, ServerPage: 2731, ServerCall: 12540, ServerWake: 66827,
			Processes: 4, Source: source,
		},
		{
			Frontier: "redislease", Batch: 64, Linger: time.Millisecond,
			ClientPage: 2295, ClientWait: 36648, ClientCall: 36853, ServerPage: 4487, ServerCall: 18162, ServerWake: 89543,
			Processes: 4, Source: source,
		},
		{
			Frontier: "redisshards", Batch: 512, Linger: time.Millisecond, Sharded: true, Shards: 64,
			ClientPage: 2793, ClientWait: 37567, ClientCall: 73656, ServerPage: 241, ServerCall: 87936, ServerWake: 94283,
			Processes: 4, Source: source,
		},
	}
}

// recordedShards returns the shards of the frontier whose costs were recorded or measured.
func recordedShards(name string) int {
	for _, c := range Recorded() {
		if c.Frontier == name {
			return c.Shards
		}
	}
	return 0
}
