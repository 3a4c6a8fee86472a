package explain

import (
	"strings"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

// experiment changes one thing about a cell, to test findings of some kinds.
type experiment struct {
	name   string
	metric diagnose.Metric
	// change returns the changed cell, or the reason why it cannot be changed.
	change func(s subject) (c plan.Cell, why string)
	kinds  []diagnose.Kind
	// predict returns the ratios that the finding allows. A finding that is wrong predicts others: where a cause is not
	// the limit, removing it changes nothing. An empty band means that both predict nearly the same.
	predict func(s subject) band
}

// The names of experiments that test several kinds.
const (
	one     = "GOMAXPROCS 1"
	half    = "half the workers"
	twice   = "twice the workers"
	nullSet = "the null set"
	paced   = "limiter paced"
	memory  = "pages in memory"
)

// experiments lists all experiments. A finding is tested by all that list its kind and apply to its
// cell.
var experiments = [...]experiment{
	{"collector off", throughput, collectorOff, []diagnose.Kind{diagnose.CollectorBound},
		// At least half of what is gained if the whole share goes.
		func(s subject) band { return atLeast(1, without(s.Value.Median)) }},
	{one, throughput, oneProcessor, []diagnose.Kind{diagnose.ContendedLock, diagnose.LoggerLock,
		diagnose.ChannelAsLock},
		// Work in parallel falls to 1/P; what a lock serializes does not.
		func(s subject) band { return s.unlessAway(atLeast(1/s.procs(), 1)) }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.ContendedLock, diagnose.LoggerLock,
		diagnose.ChannelAsLock},
		// Where workers wait for the site, they do not need processors, and half of them fetch half as much; those that
		// wait for a lock do not.
		func(s subject) band { return s.ifAway(band{Lo: 0.85}) }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.HeldAcross, diagnose.SerialStage},
		func(subject) band { return band{Lo: 0.85} }},
	{one, throughput, oneProcessor, []diagnose.Kind{diagnose.HeldAcross, diagnose.SerialStage,
		diagnose.SaturatedOwner, diagnose.NarrowFrontier, diagnose.IdleWorkers}, oneSuffices},
	{twice, throughput, workers(2, 1), []diagnose.Kind{diagnose.SaturatedOwner},
		func(subject) band { return band{Hi: 1.15} }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.NarrowFrontier, diagnose.IdleWorkers},
		// The remaining workers take over the work of the missing ones in their idle time.
		func(s subject) band { return band{Lo: 0.85 * min(1, 0.5/max(0.01, 1-s.Value.Median))} }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.StoppedGaining},
		func(subject) band { return band{Lo: 0.9} }},
	{twice, throughput, workers(2, 1), []diagnose.Kind{diagnose.Sleeping},
		// Workers sleep beside each other, as long as processors are idle.
		func(s subject) band {
			gain := s.Value.Median
			if idle, known := s.Cell.IdleProcessors(); known {
				gain = min(gain, without(idle)-1)
			}
			return band{Lo: 1 + gain/4}
		}},
	{one, cpu, oneProcessor, []diagnose.Kind{diagnose.Yielding},
		// The processors on which workers only ask again are gone.
		func(s subject) band { return atMost(1, 1/s.procs()) }},
	{one, cpu, oneProcessor, []diagnose.Kind{diagnose.SmallChannel},
		// Nobody wakes another processor. What it costs to use the channel remains.
		func(s subject) band { return band{Hi: 1 - s.Cell.Handing()/3} }},
	{half, cpu, workers(1, 2), []diagnose.Kind{diagnose.Herd}, func(subject) band { return band{Hi: 0.9} }},
	{one, throughput, oneProcessor, []diagnose.Kind{diagnose.LongTail},
		// The tail does not need more than one.
		func(s subject) band { return s.unlessAway(atLeast(1/s.procs(), tailRemains(s, s.procs()))) }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.LongTail},
		func(s subject) band { return s.ifAway(atLeast(0.5, tailRemains(s, 2))) }},
	{nullSet, throughput, withoutSet, []diagnose.Kind{diagnose.ContendedLock, diagnose.LoggerLock,
		diagnose.HeldAcross, diagnose.ChannelAsLock, diagnose.Allocation, diagnose.SystemCalls},
		// The share goes with the set. Of waiting, a part may only become visible elsewhere.
		func(s subject) band {
			share := s.Value.Median
			if s.Rule.Kind != diagnose.Allocation && s.Rule.Kind != diagnose.SystemCalls {
				share /= 2
			}
			return atLeast(1, without(share))
		}},
	{one, cpu, oneProcessor, []diagnose.Kind{diagnose.WastedCycles, diagnose.ReaderCounter, diagnose.HotAtomic,
		diagnose.HotLine, diagnose.MemoryCopies},
		// At least half of the growth goes, as it comes from other cores.
		func(s subject) band { return atMost(1, 1/max(1, s.Value.Median)) }},
	{nullSet, cpu, withoutSet, []diagnose.Kind{diagnose.ReaderCounter, diagnose.HotAtomic, diagnose.HotLine,
		diagnose.MemoryCopies},
		// What grew goes with the set.
		func(s subject) band { return atMost(1, 1-s.grown()) }},
	{"twice the latency", throughput, twiceTheLatency, []diagnose.Kind{diagnose.LatencyBound},
		// A page takes longer by the share of the time that is latency.
		func(s subject) band { return atMost(1, 1/(1+s.Value.Median)) }},
	{half, throughput, workers(1, 2), []diagnose.Kind{diagnose.BusySite},
		// The processors stay busy; workers that wait for a latency fetch half as much.
		func(subject) band { return band{Lo: 0.85} }},
	{memory, cpu, inMemory, []diagnose.Kind{diagnose.Parsing},
		func(s subject) band { return atMost(1, 1-s.Value.Median) }},
	{memory, cpu, inMemory, []diagnose.Kind{diagnose.Connections},
		// Making a connection takes about as much processor time as fetching a page over an existing one.
		func(s subject) band { return atMost(1, 1/(1+s.Value.Median)) }},
	{"more processors", throughput, allProcessors, []diagnose.Kind{diagnose.ProcessorBound},
		func(s subject) band { return band{Lo: 1.15} }},
	{"twice the processor time of a page", throughput, twiceTheCPU, []diagnose.Kind{diagnose.ProcessorBound},
		func(subject) band { return band{Hi: 0.75} }},
	{"twice the rate", throughput, twiceTheRate, []diagnose.Kind{diagnose.RateLimited},
		func(subject) band { return band{Lo: 1.25} }},
	{"four times the burst", throughput, burst(4), []diagnose.Kind{diagnose.SmallBurst},
		func(s subject) band { return band{Lo: (1 + 1/max(0.01, s.Value.Median)) / 2} }},
	{one, throughput, oneProcessor, []diagnose.Kind{diagnose.Throttled}, withinQuota},
	{paced, throughput, pacedLimiter, []diagnose.Kind{diagnose.RateExceeded},
		func(s subject) band { return band{Hi: (1 + 1/s.Value.Median) / 2} }},
	{paced, window, pacedLimiter, []diagnose.Kind{diagnose.BurstExceeded},
		func(s subject) band { return atMost(1, 1/s.Value.Median) }},
}

// tooClose is the ratio of two predictions below which an experiment cannot distinguish them.
const tooClose = 1.1

// atLeast returns a band that begins midway between the ratios that a wrong and a right finding predict.
func atLeast(wrong, right float64) band {
	if right < tooClose*wrong {
		return band{}
	}
	return band{Lo: (wrong + right) / 2}
}

// atMost returns a band that ends midway between the ratios that a wrong and a right finding predict.
func atMost(wrong, right float64) band {
	if wrong < tooClose*right {
		return band{}
	}
	return band{Hi: (wrong + right) / 2}
}

// without returns the speed-up of a crawl that no longer needs a share of its time, at most 10.
func without(share float64) float64 { return 1 / (1 - min(0.9, share)) }

// oneSuffices predicts the throughput on one processor of a crawl that waits for something else: it falls only if the
// crawl used more than one.
func oneSuffices(s subject) band {
	idle, known := s.Cell.IdleProcessors()
	if !known || s.away() {
		return band{}
	}
	return atLeast(1/s.procs(), 1/max(1, s.procs()*(1-idle)))
}

// tailRemains returns the throughput if all but the tail of a crawl takes longer by a factor.
func tailRemains(s subject, by float64) float64 {
	return 1 / (s.Value.Median + (1-s.Value.Median)*by)
}

// withinQuota predicts the throughput on one processor if the control group stops the crawl for a part of the time:
// then it used its quota on several.
func withinQuota(s subject) band {
	quota := s.procs() * (1 - s.Value.Median)
	return atLeast(1/s.procs(), min(1, quota)/quota)
}

// The changes.

func collectorOff(s subject) (plan.Cell, string) {
	c := s.base()
	if c.NoGC {
		return c, "its collector is already off"
	}
	c.NoGC = true
	return c, ""
}

func oneProcessor(s subject) (plan.Cell, string) {
	c := s.base()
	if c.Procs == 1 {
		return c, "it has only one processor"
	}
	c.Procs = 1
	return c, ""
}

func allProcessors(s subject) (plan.Cell, string) {
	c := s.base()
	if c.Procs >= s.cores() {
		return c, "it already has all processors"
	}
	c.Procs = s.cores()
	return c, ""
}

// workers returns a change of the number of workers by a factor.
func workers(times, parts int) func(subject) (plan.Cell, string) {
	return func(s subject) (plan.Cell, string) {
		c := s.base()
		if c.Workers*times%parts != 0 {
			return c, "its number of workers cannot be halved"
		}
		c.Workers = c.Workers * times / parts
		return c, ""
	}
}

func twiceTheLatency(s subject) (plan.Cell, string) {
	c := s.base()
	c.Cost.Latency = 2 * s.plan.FetchOf(c).Latency.Median
	if c.Cost.Latency == 0 {
		return c, "the site has no latency"
	}
	return c, ""
}

// twiceTheCPU adds the crawler's own processor time per page to that of the fetch.
func twiceTheCPU(s subject) (plan.Cell, string) {
	c := s.base()
	own := seconds(s.Cell.CPU)
	if own <= 0 {
		return c, "its processor time is unknown"
	}
	c.Cost.CPU = s.plan.FetchOf(c).CPU + own
	return c, ""
}

// inMemory takes the pages from memory, where they are neither fetched nor parsed.
func inMemory(s subject) (plan.Cell, string) {
	c := s.base()
	if c.Transport == plan.Memory {
		return c, "its pages are already in memory"
	}
	c.Transport = plan.Memory
	return c, ""
}

func twiceTheRate(s subject) (plan.Cell, string) {
	c := s.base()
	if c.Rate == 0 {
		return c, "it has no rate"
	}
	c.Rate *= 2
	return c, ""
}

func burst(times int) func(subject) (plan.Cell, string) {
	return func(s subject) (plan.Cell, string) {
		c := s.base()
		if c.Rate == 0 {
			return c, "it has no rate"
		}
		c.Burst = times * c.BucketSize()
		return c, ""
	}
}

func pacedLimiter(s subject) (plan.Cell, string) {
	c := s.base()
	if diagnose.KeyOf(c).LimiterName() == "paced" {
		return c, "its limiter is already the most precise one: only an idle machine can show whether workers were late after they had been let through"
	}
	c.Limiter = "paced"
	return c, ""
}

// withoutSet replaces the visited set by the null set, if the finding is about a line of the set.
func withoutSet(s subject) (plan.Cell, string) {
	c := s.base()
	where := s.where()
	switch {
	case c.NullSet:
		return c, "it has no set"
	case c.Transport == plan.HTTP:
		return c, "the site serves the whole graph, and the null set needs a tree"
	case s.plan.BehaviourOf(c.Graph).Fail+s.plan.BehaviourOf(c.Graph).HostFail > 0:
		return c, "some fetches fail, and the null set needs a tree that is reached whole"
	case !s.onEngine() || where == "" || strings.HasPrefix(where, "engine."):
		return c, "the line is not part of a visited set on the shared engine, so no setting removes its work; crawlbench causal delays it instead"
	}
	c.NullSet = true
	return c, ""
}

// seconds converts seconds.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
