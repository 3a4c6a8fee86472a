package paper

import "time"

// Recorded returns the costs that "crawlbench paper" simulates with unless it measures them anew: what -measure found
// once, on a busy machine, which makes waking up slow. README.md has the comparisons.
func Recorded() []Costs {
	const source = "measured on AMD EPYC with 2 processors and a load of 40, with redis-server 7.0.15: medians of 3 crawls " +
		"by one process, hosts pages=50000 degree=9 intra=0.85 chain=0.15 seed=1, URLs"
	return []Costs{
		{
			Frontier: "redislua", Batch: 64, Linger: time.Millisecond,
			ClientPage: 3327, ClientWait: 45368, ClientCall: 14197,
			ServerPage: 2891, ServerCall: 10413, ServerWake: 71627,
			Processes: 4, Source: source,
		},
		{
			Frontier: "redislease", Batch: 64, Linger: time.Millisecond,
			ClientPage: 2510, ClientWait: 36289, ClientCall: 27035,
			ServerPage: 4575, ServerCall: 15353, ServerWake: 77039,
			Processes: 4, Source: source,
		},
		{
			Frontier: "redisshards", Batch: 512, Linger: time.Millisecond, Sharded: true, Shards: 64,
			ClientPage: 2603, ClientWait: 24709, ClientCall: 101195,
			ServerPage: 274, ServerCall: 81981, ServerWake: 74349,
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
