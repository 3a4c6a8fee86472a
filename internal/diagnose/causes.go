package diagnose

import (
	"math"
	"slices"
	"strings"

	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
)

// Thresholds of the causes.
const (
	// costShare is the share of the processors' time, idle or spent on waiting, from which waiting costs throughput.
	// Workers beyond the processors also wait for each other, but then the processors have enough to do.
	costShare = 0.10
	// causeShare is the share of a cause in the growth of the processor time of a page.
	causeShare = 0.35
	// grownBy is the ratio of the processor time of a page to that with one worker from which the growth is a cause.
	grownBy = 1.5
	// preempted is the flag of a sample beside which other processes ran.
	preempted = "preempted"
)

// costly returns a condition: waiting in the given states costs throughput. Its cost is the part of the idle time of
// the processors in which workers sleep in these states, the processor time of the class, and the part of the
// scheduler's that wakes them. Processors that idle for another reason, as at the end of a crawl, do not count.
func costly(class profile.Class, states ...breakdown.State) func(*Cell) bool {
	return func(c *Cell) bool {
		idle, known := c.IdleProcessors()
		if !known {
			return false
		}
		cost := idle * c.Traces.asleep(states...)
		spent, profiled := c.classes(class)
		if !profiled {
			asleep := 0.0
			for _, s := range states {
				asleep += c.Traces.Share(s) - c.Traces.Queue(s)
			}
			return cost >= costShare || asleep >= lockShare
		}
		scheduler, _ := c.classes(profile.Scheduler)
		return cost+spent.Median+scheduler.Median*c.Traces.sleeps(states...) >= costShare
	}
}

// spins reports whether yielding costs processor time. Where other workers have something to do, one that yields waits
// for a processor and costs nothing.
func spins(c *Cell) bool {
	v, known := c.classes(profile.Scheduler)
	return !known || v.Median >= costShare
}

// classes returns the share of the processor time in some classes, with the interval for the number of samples; known
// is false without samples.
func (c *Cell) classes(of ...profile.Class) (v Value, known bool) {
	hits, all := 0.0, 0.0
	for _, r := range c.repeats() {
		sum := 0.0
		for _, s := range r.Seconds {
			sum += s
		}
		for _, class := range of {
			hits += float64(r.Samples) * r.Seconds[class] / sum
		}
		all += float64(r.Samples)
	}
	if all == 0 {
		return v, false
	}
	const z = 1.96 // Wilson's interval, which holds for few samples as well
	p := hits / all
	middle, half := p+z*z/(2*all), z*math.Sqrt(p*(1-p)/all+z*z/(4*all*all))
	v.Range = breakdown.Range{Min: max(0, middle-half) / (1 + z*z/all), Median: p, Max: (middle + half) / (1 + z*z/all)}
	v.N = int(all)
	return v, true
}

// ofClasses is the value of a rule about classes of processor time.
func ofClasses(of ...profile.Class) func(*Cell) (Value, bool) {
	return func(c *Cell) (Value, bool) { return c.classes(of...) }
}

// lock returns the hold of the lock that is waited for most, in which its holder waited, and its share of all holds of
// that lock; nil if the holder had or wanted a processor most of the time.
func (t *Traces) lock() (*breakdown.LockHold, float64) {
	sums, away := map[string]float64{}, map[breakdown.LockHold]float64{}
	for _, l := range t.Breakdowns {
		for _, h := range l.Holds {
			sums[h.Where] += h.Seconds
			sec := h.Seconds
			if h.Seconds = 0; h.At != "" {
				away[h] += sec
			}
		}
	}
	for _, s := range t.Sites() {
		if s.State != breakdown.Lock {
			continue
		}
		var best *breakdown.LockHold
		part := 0.0
		for h, sec := range away {
			if h.Where != s.Where {
				continue
			}
			part += sec / sums[s.Where]
			if best == nil || sec > best.Seconds {
				h.Seconds = sec
				best = &h
			}
		}
		return best, part
	}
	return nil, 0
}

// heldAcross returns the share of the time blocked on locks, if their holders sleep or wait for something else most of
// the time that they hold them.
func heldAcross(c *Cell) (Value, bool) {
	v, known := traced(c, func(l *breakdown.Breakdown) float64 { return l.Share(breakdown.Lock) })
	if !known {
		return v, false
	}
	hold, part := c.Traces.lock()
	return v, hold != nil && part >= 0.5
}

// logging returns the share of the time blocked on the lock of a logger, or in the system calls under it.
func logging(c *Cell) (Value, bool) {
	return traced(c, func(l *breakdown.Breakdown) float64 {
		return l.SiteShare(func(s breakdown.Site) bool { return s.State == breakdown.Lock && isLogger(s.Primitive) })
	})
}

// isLogger reports whether a function belongs to a package that logs.
func isLogger(name string) bool {
	return strings.HasPrefix(name, "log.") || strings.HasPrefix(name, "slog.")
}

// vain returns the site of waits of some kind that workers mostly leave for nothing; nil if there is none.
func (c *Cell) vain(of func(breakdown.Site) bool) *breakdown.Site {
	if c.Traces == nil {
		return nil
	}
	for _, s := range c.Traces.Sites() {
		if of(s) && 2*s.Vain >= s.Count {
			return &s
		}
	}
	return nil
}

// Napping returns the site where workers sleep for most of the time that they sleep, and whether they find nothing to
// do most of the times; nil if they do not sleep.
func (c *Cell) Napping() (site *breakdown.Site, polling bool) {
	if c.Traces == nil {
		return nil, false
	}
	for _, s := range c.Traces.Sites() {
		if s.State == breakdown.Other && s.Primitive == "time.Sleep" {
			return &s, 2*s.Vain >= s.Count
		}
	}
	return nil, false
}

func napping(c *Cell) (Value, bool) {
	return traced(c, func(l *breakdown.Breakdown) float64 {
		return l.SiteShare(func(s breakdown.Site) bool {
			return s.State == breakdown.Other && s.Primitive == "time.Sleep"
		})
	})
}

// Herd returns the site of a sync.Cond where workers are woken for nothing, mostly by a broadcast; nil if there is
// none.
func (c *Cell) Herd() *breakdown.Site {
	s := c.vain(func(s breakdown.Site) bool { return s.Primitive == "sync.(*Cond).Wait" })
	if s == nil {
		return nil
	}
	broadcast, all := 0, 0
	for _, e := range c.Traces.Ends() {
		if e.Where == s.Where && e.State == s.State {
			all += e.Count
			if e.Called == "sync.(*Cond).Broadcast" {
				broadcast += e.Count
			}
		}
	}
	if 2*broadcast < all {
		return nil
	}
	return s
}

// herd returns the number of wake-ups for nothing per page.
func herd(c *Cell) (v Value, known bool) {
	s := c.Herd()
	if s == nil {
		return v, false
	}
	return traced(c, func(l *breakdown.Breakdown) float64 {
		n := 0
		for _, x := range l.Sites {
			if x.Where == s.Where && x.State == s.State {
				n += x.Vain
			}
		}
		return float64(n) / float64(max(1, l.Pages))
	})
}

// yielding returns the share of the workers' time after they had yielded the processor.
func yielding(c *Cell) (Value, bool) {
	return traced(c, func(l *breakdown.Breakdown) float64 {
		return l.SiteShare(func(s breakdown.Site) bool { return s.State == breakdown.Runnable && s.Primitive == yield })
	})
}

// yield is the reason of the execution tracer for a call of runtime.Gosched.
const yield = "runtime.Gosched"

// Token returns the places that acquire and release a channel which is used as a lock: those who release it have mostly
// waited for it themselves since their last fetch. Nil if there is none.
func (c *Cell) Token() *breakdown.Pair {
	if c.Traces == nil {
		return nil
	}
	pairs := c.Traces.Pairs()
	if len(pairs) > 0 && 3*pairs[0].Locks >= pairs[0].SendSleeps+pairs[0].ReceiveSleeps {
		return &pairs[0]
	}
	return nil
}

func token(c *Cell) (v Value, known bool) {
	p := c.Token()
	if p == nil {
		return v, false
	}
	return traced(c, func(l *breakdown.Breakdown) float64 {
		return l.SiteShare(func(s breakdown.Site) bool {
			return (s.State == breakdown.Channel || s.State == breakdown.Idle) && (s.Where == p.Send ||
				s.Where == p.Receive)
		})
	})
}

// Rendezvous returns the places that send on and receive from a channel if goroutines sleep at both; nil if there is
// none.
func (c *Cell) Rendezvous() *breakdown.Pair {
	if c.Traces == nil {
		return nil
	}
	for _, p := range c.Traces.Pairs() {
		if all := p.SendSleeps + p.ReceiveSleeps; 4*min(p.SendSleeps, p.ReceiveSleeps) >= all {
			return &p
		}
	}
	return nil
}

// rendezvous returns the number of sleeps per page at both ends of a channel.
func rendezvous(c *Cell) (v Value, known bool) {
	p := c.Rendezvous()
	if p == nil {
		return v, false
	}
	return traced(c, func(l *breakdown.Breakdown) float64 {
		n := 0
		for _, x := range l.Pairs {
			if x.Send == p.Send && x.Receive == p.Receive {
				n += x.SendSleeps + x.ReceiveSleeps
			}
		}
		return float64(n) / float64(max(1, l.Pages))
	})
}

// Stage returns the goroutine, one in each crawl, that is always occupied, by computing, sleeping or waiting for the
// site, and for which workers wait; "" if there is none.
func (c *Cell) Stage() string {
	if c.Traces == nil {
		return ""
	}
	occupied := map[string]int{}
	for _, l := range c.Traces.Breakdowns {
		for _, r := range l.Roles {
			if r.Count == l.Crawls && r.Occupied(l.Wall) >= 0.75 && r.Ended >= waitedFor*l.Worker {
				occupied[r.Entry]++
			}
		}
	}
	best := ""
	for entry, n := range occupied {
		if n == len(c.Traces.Breakdowns) && (best == "" || entry < best) {
			best = entry
		}
	}
	return best
}

// stage returns the share of the time in which the stage of Stage is occupied.
func stage(c *Cell) (v Value, known bool) {
	entry := c.Stage()
	if entry == "" {
		return v, false
	}
	return traced(c, func(l *breakdown.Breakdown) float64 {
		i := slices.IndexFunc(l.Roles, func(r breakdown.Role) bool { return r.Entry == entry })
		return l.Roles[i].Occupied(l.Wall)
	})
}

// tail returns the share of a crawl in which one worker alone has something to do, at its end.
func tail(c *Cell) (v Value, known bool) {
	if c.Traces == nil {
		return v, false
	}
	for _, l := range c.Traces.Breakdowns {
		if l.Cut || l.Pages < 8*l.Workers*l.Crawls || l.Wall == 0 {
			return v, false
		}
	}
	return traced(c, func(l *breakdown.Breakdown) float64 { return l.Tail / l.Wall })
}

// missedRate returns the share of its rate that the limiter let through, if its workers wait for it nevertheless and
// neither the latency nor the depth of the site is the reason.
func missedRate(c *Cell) (v Value, known bool) {
	share, bound := c.Kept()
	if !bound || c.Traces == nil || c.Traces.Share(breakdown.RateLimit) < 0.25 {
		return v, false
	}
	asked := c.Pace.Asked
	return Value{Range: breakdown.Range{Min: slices.Min(c.achieved) / asked, Median: share,
		Max: slices.Max(c.achieved) / asked}, N: len(c.achieved)}, true
}

// throttled returns the share of the time of the crawls in which the control group was throttled. Samples beside which
// other processes ran do not count: these may have used up the quota.
func throttled(c *Cell) (v Value, known bool) {
	var list []float64
	for _, r := range c.Records {
		if slices.Contains(r.Sample.Flags, preempted) {
			continue
		}
		if wall := float64(r.Sample.Crawls) * r.Sample.Values["sec/op"]; wall > 0 {
			list = append(list, r.Sample.Host["throttled-sec"]/wall)
		}
	}
	if len(list) == 0 {
		return v, false
	}
	return Value{Range: breakdown.Range{Min: slices.Min(list), Median: stat.Median(list).Center, Max: slices.Max(list)},
		N: len(list)}, c.representative()
}

// travels returns the value of a rule about causes that make instructions wait for memory: how many times the processor
// time per page of one worker it is, if the cause that is tells has the largest part of the growth, and is sure to have
// some. Hardware counters, where there are any, must not show that more instructions are executed instead.
func travels(is func(*Loss) *Growth) func(*Cell) (Value, bool) {
	return func(c *Cell) (Value, bool) {
		v, known := growth(c)
		if !known || c.Loss == nil || c.Loss.executesMore() {
			return v, false
		}
		g := is(c.Loss)
		return v, g != nil && g.More.Lo > 0 && g.More.Value >= causeShare*c.Loss.CPU.Value
	}
}

// largest returns the class that grew most if it is the given one, and a function that the line called, or nothing, is
// accepted; else nil.
func largest(class profile.Class, called func(string) bool) func(*Loss) *Growth {
	return func(l *Loss) *Growth {
		if len(l.Classes) == 0 || l.Classes[0].Class != class || !called(l.Classes[0].Spot.Called) {
			return nil
		}
		return &l.Classes[0]
	}
}

func isReader(called string) bool { return strings.HasPrefix(called, "sync.(*RWMutex).R") }

func isAtomic(called string) bool { return strings.HasPrefix(called, "atomic.") }

// oneLine returns the growth of the crawler's own code if it is the largest, and one line has most of it.
func oneLine(l *Loss) *Growth {
	g := largest(profile.OwnCode, func(string) bool { return true })(l)
	if g == nil || g.Part < 0.6 {
		return nil
	}
	return g
}

// memory returns the growth of memory copies, if it is the largest.
func memory(l *Loss) *Growth { return largest(profile.Copying, func(string) bool { return true })(l) }
