package explain

import (
	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

// experiment changes one thing about a cell, to test findings of some kinds.
type experiment struct {
	name   string
	kinds  []diagnose.Kind
	metric Metric
	// change returns the changed cell; false if it cannot be changed so.
	change func(c plan.Cell, of *diagnose.Cell, p *plan.Plan) (plan.Cell, bool)
	// predict returns the ratios that the finding allows. A finding that is wrong allows others: where the cause is not
	// the limit, removing it changes nothing, and doubling something else does.
	predict func(f diagnose.Finding, c plan.Cell) Band
}

// experiments lists them. A kind is tested by the first one that can change the cell.
var experiments = [...]experiment{
	{
		name: "collector off", metric: Throughput, change: collectorOff,
		kinds: []diagnose.Kind{diagnose.CollectorBound, diagnose.Allocation},
		// At least half of what is gained if the whole share goes.
		predict: func(f diagnose.Finding, _ plan.Cell) Band {
			share := min(f.Value.Median, 0.9)
			return Band{Lo: 1 + (1/(1-share)-1)/2}
		},
	},
	{
		name: "GOMAXPROCS 1", metric: Throughput, change: oneProcessor,
		kinds: []diagnose.Kind{diagnose.ContendedLock, diagnose.LoggerLock, diagnose.HeldAcross,
			diagnose.ChannelAsLock},
		// Work in parallel falls to 1/P; what a lock serializes does not.
		predict: func(_ diagnose.Finding, c plan.Cell) Band { return Band{Lo: (1 + 1/float64(c.Procs)) / 2} },
	},
	{
		name: "GOMAXPROCS 1", metric: CPU, change: oneProcessor,
		kinds: []diagnose.Kind{diagnose.WastedCycles, diagnose.ReaderCounter, diagnose.HotAtomic, diagnose.HotLine,
			diagnose.MemoryCopies},
		// At least half of the growth goes, as it comes from other cores.
		predict: func(f diagnose.Finding, _ plan.Cell) Band { return Band{Hi: (1 + 1/max(1, f.Value.Median)) / 2} },
	},
	{
		name: "twice the workers", metric: Throughput, change: workers(2, 1),
		kinds:   []diagnose.Kind{diagnose.SaturatedOwner, diagnose.SerialStage},
		predict: func(diagnose.Finding, plan.Cell) Band { return Band{Hi: 1.15} },
	},
	{
		name: "half the workers", metric: Throughput, change: workers(1, 2),
		kinds: []diagnose.Kind{diagnose.NarrowFrontier},
		// The others take over what those that are missing did, as far as they are idle.
		predict: func(f diagnose.Finding, _ plan.Cell) Band {
			return Band{Lo: 0.85 * min(1, 0.5/max(0.01, 1-f.Value.Median))}
		},
	},
	{
		name: "half the workers", metric: Throughput, change: workers(1, 2),
		kinds:   []diagnose.Kind{diagnose.StoppedGaining},
		predict: func(diagnose.Finding, plan.Cell) Band { return Band{Lo: 0.9} },
	},
	{
		name: "half the workers", metric: CPU, change: workers(1, 2), kinds: []diagnose.Kind{diagnose.Herd},
		predict: func(diagnose.Finding, plan.Cell) Band { return Band{Hi: 0.9} },
	},
	{
		name: "twice the latency", metric: Throughput, change: twiceTheLatency,
		kinds: []diagnose.Kind{diagnose.LatencyBound},
		// A page takes longer by the share of the time that is latency.
		predict: func(f diagnose.Finding, _ plan.Cell) Band { return Band{Hi: (1 + 1/(1+f.Value.Median)) / 2} },
	},
	{
		name: "twice the processor time of a page", metric: Throughput, change: twiceTheCPU,
		kinds:   []diagnose.Kind{diagnose.ProcessorBound},
		predict: func(diagnose.Finding, plan.Cell) Band { return Band{Hi: 0.75} },
	},
	{
		name: "twice the rate", metric: Throughput, change: twiceTheRate, kinds: []diagnose.Kind{diagnose.RateLimited},
		predict: func(diagnose.Finding, plan.Cell) Band { return Band{Lo: 1.25} },
	},
}

func collectorOff(c plan.Cell, _ *diagnose.Cell, _ *plan.Plan) (plan.Cell, bool) {
	off := !c.NoGC
	c.NoGC = true
	return c, off
}

func oneProcessor(c plan.Cell, _ *diagnose.Cell, _ *plan.Plan) (plan.Cell, bool) {
	several := c.Procs > 1
	c.Procs = 1
	return c, several
}

// workers returns a change of the number of workers by a factor.
func workers(times, parts int) func(plan.Cell, *diagnose.Cell, *plan.Plan) (plan.Cell, bool) {
	return func(c plan.Cell, _ *diagnose.Cell, _ *plan.Plan) (plan.Cell, bool) {
		n := c.Workers * times / parts
		whole := n > 0 && n*parts == c.Workers*times
		c.Workers = n
		return c, whole
	}
}

func twiceTheLatency(c plan.Cell, _ *diagnose.Cell, p *plan.Plan) (plan.Cell, bool) {
	c.Cost.Latency = 2 * c.FetchOf(p.Fetch).Latency.Median
	return c, c.Cost.Latency > 0
}

// twiceTheCPU adds the crawler's own processor time per page to that of the fetch.
func twiceTheCPU(c plan.Cell, of *diagnose.Cell, p *plan.Plan) (plan.Cell, bool) {
	own := seconds(of.CPU)
	c.Cost.CPU = c.FetchOf(p.Fetch).CPU + own
	return c, own > 0
}

func twiceTheRate(c plan.Cell, _ *diagnose.Cell, _ *plan.Plan) (plan.Cell, bool) {
	limited := c.Rate > 0
	c.Rate *= 2
	return c, limited
}
