package diagnose

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Loss is what a page costs more with the cell's workers than with one: seconds on the processors that the workers
// could use, min(workers, GOMAXPROCS). They spend it on more processor time, of some class, or leave it idle. If each
// additional processor brought as much as the first, all of it would be 0.
type Loss struct {
	One   *Cell         // the crawler with one worker
	Many  *Cell         // the cell
	Total stat.Interval // CPU and Idle
	CPU   stat.Interval // growth of processor time
	Idle  stat.Interval // growth of the time in which a processor has nothing to do
	// Classes divide CPU; they add up to it. The largest is first. Nil without CPU profiles of both cells.
	Classes []Growth
}

// Growth is the growth of processor time of one class, in seconds per page.
type Growth struct {
	Class       profile.Class
	One, Many   float64       // seconds per page with one worker, and with the cell's workers
	More, Share stat.Interval // Many - One, and its share of Loss.Total
	// Spot is the line with the largest growth in this class, and Part its share of More; "" if unknown.
	Spot profile.Spot
	Part float64
}

// resamples is the number of bootstrap samples for the intervals of a loss.
const resamples = 400

// lose computes the losses of the cells of a table, unless the site's latency is what a page costs: workers that wait
// for the site do not need a processor.
func (t *Table) lose(run *store.Run) {
	p := run.Plan()
	fetch := p.BehaviourOf(t.Graph)
	if t.Rate > 0 || t.Transport == plan.HTTP || t.Processes > 0 ||
		t.info(run).MeanWait(fetch.Latency) > time.Microsecond+fetch.CPU {
		return
	}
	for _, r := range t.Rows {
		one := r.Cells[0]
		if one.Workers != 1 || !one.Sound() {
			continue
		}
		for _, c := range r.Cells[1:] {
			if c.Sound() {
				c.Loss = loss(one, c, p.Seed)
			}
		}
	}
}

// costs are the costs of a page: its time with the processors that the workers can use, and its processor time by
// class.
type costs struct {
	procs, cpu float64
	classes    map[profile.Class]float64
}

// costsOf returns the costs of a cell with the given rounds and repeats of its CPU profile.
func (c *Cell) costsOf(rounds []int, repeats []profile.Repeat) costs {
	var times, cpu []float64
	for _, i := range rounds {
		if !math.IsNaN(c.times[i]) {
			times, cpu = append(times, c.times[i]), append(cpu, c.cpu[i])
		}
	}
	if len(times) == 0 {
		return costs{procs: math.NaN(), cpu: math.NaN()}
	}
	x := costs{cpu: stat.Quantile(cpu, 0.5), classes: map[profile.Class]float64{}}
	x.procs = float64(min(c.Workers, c.Procs)) * stat.Quantile(times, 0.5)
	sum := 0.0
	for _, r := range repeats {
		for class, s := range r.Seconds {
			x.classes[class] += s
			sum += s
		}
	}
	for class := range x.classes {
		x.classes[class] *= x.cpu / sum
	}
	return x
}

func loss(one, c *Cell, seed uint64) *Loss {
	rounds := make([]int, len(c.times))
	for i := range rounds {
		rounds[i] = i
	}
	before, after := one.repeats(), c.repeats()
	profiled := len(before) > 0 && len(after) > 0
	draw := rand.New(rand.NewPCG(seed, uint64(c.Workers)))
	drawn := make([]int, len(rounds))
	var x, y []costs // with one worker, and with the cell's; the first is of all samples
	x, y = append(x, one.costsOf(rounds, before)), append(y, c.costsOf(rounds, after))
	for range resamples {
		for i := range drawn {
			drawn[i] = draw.IntN(len(rounds))
		}
		x, y = append(x, one.costsOf(drawn, redraw(draw, before))), append(y, c.costsOf(drawn, redraw(draw, after)))
	}
	spread := func(of func(x, y costs) float64) stat.Interval {
		var list []float64
		for i := range x[1:] {
			if v := of(x[i+1], y[i+1]); !math.IsNaN(v) {
				list = append(list, v)
			}
		}
		at := of(x[0], y[0])
		if len(list) == 0 {
			return stat.Interval{Value: at, Lo: math.Inf(-1), Hi: math.Inf(1)}
		}
		return stat.Interval{Value: at, Lo: stat.Quantile(list, 0.025), Hi: stat.Quantile(list, 0.975)}
	}
	l := &Loss{One: one, Many: c,
		Total: spread(func(x, y costs) float64 { return y.procs - x.procs }),
		CPU:   spread(func(x, y costs) float64 { return y.cpu - x.cpu }),
		Idle:  spread(func(x, y costs) float64 { return y.procs - y.cpu - (x.procs - x.cpu) })}
	if !profiled {
		return l
	}
	for _, class := range profile.Classes() {
		more := func(x, y costs) float64 { return y.classes[class] - x.classes[class] }
		g := Growth{Class: class, One: x[0].classes[class], Many: y[0].classes[class], More: spread(more),
			Share: spread(func(x, y costs) float64 { return more(x, y) / (y.procs - x.procs) })}
		g.Spot, g.Part = grown(class, before, after, x[0], y[0])
		l.Classes = append(l.Classes, g)
	}
	slices.SortStableFunc(l.Classes, func(a, b Growth) int { return cmp.Compare(b.More.Value, a.More.Value) })
	return l
}

// repeats returns the repeats of the cell's CPU profile that have samples.
func (c *Cell) repeats() (list []profile.Repeat) {
	if c.Usage == nil {
		return nil
	}
	for _, r := range c.Usage.Repeats {
		if r.Samples > 0 {
			list = append(list, r)
		}
	}
	return list
}

func redraw(draw *rand.Rand, list []profile.Repeat) []profile.Repeat {
	drawn := make([]profile.Repeat, len(list))
	for i := range drawn {
		drawn[i] = list[draw.IntN(len(list))]
	}
	return drawn
}

// grown returns the spot of a class whose time per page grew most, and its part of the growth of the class.
func grown(class profile.Class, before, after []profile.Repeat, one, many costs) (profile.Spot, float64) {
	type place struct{ where, called string }
	more := map[place]float64{}
	add := func(list []profile.Repeat, cpu float64) {
		sum := 0.0
		for _, r := range list {
			for _, s := range r.Seconds {
				sum += s
			}
		}
		for _, r := range list {
			for _, s := range r.Spots {
				if s.Class == class && s.Where != "" {
					more[place{s.Where, s.Called}] += s.Seconds * cpu / sum
				}
			}
		}
	}
	add(after, many.cpu)
	add(before, -one.cpu)
	total := many.classes[class] - one.classes[class]
	best := profile.Spot{Class: class}
	for p, s := range more {
		if s > best.Seconds || s == best.Seconds && s > 0 && p.where+p.called < best.Where+best.Called {
			best = profile.Spot{Class: class, Where: p.where, Called: p.called, Seconds: s}
		}
	}
	if total <= 0 || best.Seconds <= 0 {
		return profile.Spot{Class: class}, 0
	}
	return best, best.Seconds / total
}

// Of returns the growth of a class; nil if there are no CPU profiles.
func (l *Loss) Of(class profile.Class) *Growth {
	if l == nil {
		return nil
	}
	for i := range l.Classes {
		if l.Classes[i].Class == class {
			return &l.Classes[i]
		}
	}
	return nil
}

// grows returns how many times the processor time of a page with one worker it takes with the cell's, if the growth in
// the harness is left out: that does the same for a page with any number of workers, so the machine made it slower.
// known is false without CPU profiles.
func (l *Loss) grows() (times float64, known bool) {
	h := l.Of(profile.Harness)
	if h == nil {
		return 0, false
	}
	one, many := 0.0, 0.0
	for _, g := range l.Classes {
		one, many = one+g.One, many+g.Many
	}
	return (many - max(0, h.More.Value)) / one, one > 0
}

// share adds up the growth of classes as a share of the loss.
func (l *Loss) share(classes ...profile.Class) (sum float64) {
	for _, class := range classes {
		if g := l.Of(class); g != nil {
			sum += max(0, g.More.Value) / l.Total.Value
		}
	}
	return sum
}

// asleep returns the part of the workers' waiting for other goroutines, for a lock, a channel or work, that is in the
// given states, without the time that they waited for a processor.
func (t *Traces) asleep(states ...breakdown.State) float64 {
	part, all := 0.0, 0.0
	for _, s := range []breakdown.State{breakdown.Lock, breakdown.Channel, breakdown.Idle, breakdown.Other} {
		x := max(0, t.Share(s)-t.Queue(s))
		all += x
		if slices.Contains(states, s) {
			part += x
		}
	}
	if all == 0 {
		return 0
	}
	return part / all
}

// sleeps returns the part of the sleeps that end by another goroutine which are in the given states.
func (t *Traces) sleeps(states ...breakdown.State) float64 {
	part, all := 0, 0
	for _, s := range t.Sites() {
		all += s.Wakes
		if slices.Contains(states, s.State) {
			part += s.Wakes
		}
	}
	return float64(part) / float64(max(1, all))
}

// explains returns the share of the lost throughput that the cause of a finding explains: the growth of the classes of
// processor time that it costs, and its part of the idle time; 0 if unknown.
func explains(f Finding) float64 {
	c := f.Cell
	switch f.Rule.Kind {
	case RateLimited, LatencyBound, SmallBurst, Throttled:
		return 1 // nothing else matters there
	}
	if c.Loss == nil || c.Loss.Total.Value <= 0 {
		return 0
	}
	idle := max(0, c.Loss.Idle.Value) / c.Loss.Total.Value
	waits := func(classes []profile.Class, states ...breakdown.State) float64 {
		if c.Traces == nil {
			return c.Loss.share(classes...)
		}
		return c.Loss.share(classes...) + c.Loss.share(profile.Scheduler)*c.Traces.sleeps(states...) +
			idle*c.Traces.asleep(states...)
	}
	share := 0.0
	switch f.Rule.Kind {
	case ContendedLock, HeldAcross, LoggerLock:
		share = waits([]profile.Class{profile.LockPath}, breakdown.Lock)
	case ChannelAsLock, SmallChannel, SaturatedOwner, SerialStage:
		share = waits([]profile.Class{profile.Channels}, breakdown.Channel, breakdown.Idle)
	case NarrowFrontier, IdleWorkers, LongTail, Herd:
		share = waits(nil, breakdown.Idle)
	case Sleeping:
		share = idle * c.Traces.asleep(breakdown.Other)
	case Yielding:
		share = c.Loss.share(profile.Scheduler)
	case CollectorBound, Allocation:
		share = c.Loss.share(profile.Collect, profile.Allocate)
	case SystemCalls:
		share = c.Loss.share(profile.Syscalls)
	case ReaderCounter, HotAtomic, HotLine, MemoryCopies, WastedCycles:
		if len(c.Loss.Classes) > 0 {
			share = c.Loss.share(c.Loss.Classes[0].Class)
		}
	}
	return max(0, min(1, share))
}

// Costs returns what a page costs on the processors that the workers can use, in seconds: processor time by class, and
// idle time. It returns false without a CPU profile.
func (c *Cell) Costs() (classes map[profile.Class]float64, idle float64, known bool) {
	repeats := c.repeats()
	if len(repeats) == 0 || !c.Sound() {
		return nil, 0, false
	}
	rounds := make([]int, len(c.times))
	for i := range rounds {
		rounds[i] = i
	}
	x := c.costsOf(rounds, repeats)
	return x.classes, max(0, x.procs-x.cpu), true
}
