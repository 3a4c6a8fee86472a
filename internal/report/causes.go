package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
)

// finding describes a finding: the crawler, how much, and the cause.
func finding(a *diagnose.Analysis, f diagnose.Finding) Finding {
	c, v, rule := f.Cell, f.Value, f.Rule
	out := Finding{Kind: string(rule.Kind), Cell: c.ID()}
	who := Who(c.Cell)
	ratio := times(stat.Interval{Value: v.Median, Lo: v.Min, Hi: v.Max})
	if v.Agree > 0 {
		out.Confidence = fmt.Sprintf("%s to %s over %d traces; %d of %d reach the threshold of %s", Share(v.Min),
			Share(v.Max), v.N, v.Agree, v.N, setting(rule.Least))
	}
	profile := "cpu"
	if rule.Class != "" {
		profile = "wall"
	}
	switch rule.Kind {
	case diagnose.StoppedGaining:
		knee := c.Row.Knee.Workers
		out.Text = fmt.Sprintf("%s on %s stops scaling at %s: with %d it reaches %s of that throughput", c.Impl,
			c.Graph, plain.Count(knee, "worker"), c.Workers, ratio)
		for _, g := range c.Row.Gains[1:] {
			out.Evidence = append(out.Evidence,
				fmt.Sprintf("%s: %s the throughput of %s", plain.Count(g.Workers, "worker"),
					times(stat.Interval{Value: g.Ratio.Ratio, Lo: g.Ratio.Lo, Hi: g.Ratio.Hi}),
					plain.Count(c.Row.Gains[0].Workers, "worker")))
		}
		out.Confidence = fmt.Sprintf("the %.0f %% interval over %d rounds ends at %.2f", 100*(1-plan.Alpha), v.N,
			v.Max)
		out.Check = "measure worker counts between these: a peak may lie between two points"
	case diagnose.RateLimited:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time waiting for the rate limit: the choice of crawler does not matter here", who, Share(v.Median))
		out.Check = "raise the rate: throughput follows it until something else limits it"
	case diagnose.LatencyBound:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time waiting for the network: more workers fetch more, with any crawler", who, Share(v.Median))
		out.Check = "double the workers: throughput doubles while latency is the limit"
	case diagnose.ContendedLock:
		profile = "mutex"
		out.Text = fmt.Sprintf("%s spends %s of its workers' time blocked on locks", who, Share(v.Median))
		if q := c.Traces.Queue(breakdown.Lock); q >= 0.005 {
			out.Text += fmt.Sprintf(" (%s of that already woken and waiting for a processor)", Share(q/v.Median))
		}
		if s := f.Site; s != nil {
			out.Text += ", mostly at " + s.Where
			pages := float64(max(1, c.Traces.Pages()))
			wakes := perPage(float64(s.Wakes) / pages)
			out.Evidence = append(out.Evidence, fmt.Sprintf("%s (%s): %s, %s sleeps and %s wake-ups per page", s.Where,
				s.Primitive, Share(s.Share), perPage(float64(s.Count)/pages), wakes))
			if s.Wakes > 0 {
				out.Text += fmt.Sprintf(", with %s wake-ups per page", wakes)
			}
		}
		out.Text += growthOfWaits(c.Loss)
		if f.End != nil {
			out.Evidence = append(out.Evidence, "unblocked by "+f.End.By)
		}
		if x := f.Faster; x != nil {
			out.Text += fmt.Sprintf("; %s, which is blocked at most a quarter as much, has %s", x.Other, compared(x))
		}
		out.Check = "shard what the lock protects, or hold it for less time: the share falls and throughput rises"
	case diagnose.SaturatedOwner:
		entry, _, _ := c.Traces.Busiest()
		out.Text = fmt.Sprintf("%s is limited by %s, which is on a processor %s of the time while the workers wait for it", who, role(entry), Share(v.Median))
		out.Confidence = fmt.Sprintf("%s to %s over %d traces", Share(v.Min), Share(v.Max), v.N)
		out.Check = "give the owner less to do, such as one message per page instead of one per link: throughput rises while its share stays"
	case diagnose.NarrowFrontier:
		out.Text = fmt.Sprintf("%s leaves its workers idle %s of the time: the site offers too few pages at once, %.1f per level on average", who, Share(v.Median), c.Width())
		out.Check = "crawl a wider site: the share falls"
	case diagnose.CollectorBound:
		out.Text = fmt.Sprintf("%s spends %s of its processor time in the garbage collector, at %s allocated per page",
			who, Share(v.Median), byteSize(c.Bytes))
		out.Confidence = fmt.Sprintf("the mean of %d samples", v.N)
		out.Check = "set GOGC=off: throughput rises by about that share"
	case diagnose.WastedCycles:
		out.Text = fmt.Sprintf("%s uses %s the processor time per page that it uses with one worker", who, ratio)
		if f.Grown != nil {
			out.Text += ", " + growthOf(c.Loss, f.Grown)
		} else {
			out.Text += fmt.Sprintf("; to see where, take CPU profiles with one worker and with %d: in [profiles], set "+
				"kinds = [\"cpu\"] and growth = [1]", c.Workers)
		}
		out.Evidence = append(out.Evidence, work(c.Loss)...)
		for _, name := range slices.Sorted(maps.Keys(c.Counts)) {
			out.Evidence = append(out.Evidence, fmt.Sprintf("%s: %.2g per page", name, c.Counts[name]))
		}
		out.Confidence = fmt.Sprintf("the %.0f %% interval over %d rounds starts at %.2f", 100*(1-plan.Alpha), v.N,
			v.Min)
		out.Check = "run it on one processor: the processor time per page falls to that of one worker"
	case diagnose.ProcessorBound:
		out.Text = fmt.Sprintf("with %s on %s, workers are runnable but have no processor: beyond %d they only queue",
			plain.Count(c.Workers, "worker"), c.Graph, c.Procs)
		least, most := math.Inf(1), 0.0
		for _, h := range f.All {
			least, most = min(least, h.Value.Min), max(most, h.Value.Max)
			out.Evidence = append(out.Evidence,
				fmt.Sprintf("%s: %s of its workers' time", h.Cell.Impl, Share(h.Value.Median)))
		}
		out.Confidence = fmt.Sprintf("%s to %s over the traces of %s", Share(least), Share(most),
			plain.Count(len(f.All), "crawler"))
		out.Check = fmt.Sprintf("run it on more than %s: the share falls and throughput rises",
			plain.Count(c.Procs, "processor"))
	case diagnose.RateExceeded, diagnose.BurstExceeded:
		limiter, of := c.Table.LimiterName(), "the rate"
		if rule.Kind == diagnose.BurstExceeded {
			of = "what rate and burst allow in its worst window"
		}
		out.Text = fmt.Sprintf("limiter %s lets through %.1f times %s: %s", limiter, v.Median, of, who)
		for _, h := range f.All {
			p := h.Cell.Pace
			out.Evidence = append(out.Evidence,
				fmt.Sprintf("%s, %s: %.0f pages/s of %.0f; in the worst window, of %.3g ms, %.1f times what rate and burst allow, in the median round %.1f times",
					h.Cell.Impl, plain.Count(h.Cell.Workers, "worker"), p.Achieved, p.Asked, 1e3*p.Window, p.Worst,
					h.Cell.Window()))
		}
		out.Confidence = fmt.Sprintf("%.2f to %.2f times over %s", v.Min, v.Max, plain.Count(v.N, "sample"))
		out.Check = "run it with limiter = \"paced\": the excess disappears; if it does not, the crawler fetches without waiting"
		if limiter == "paced" {
			out.Check = "run it on an idle machine: workers that are delayed after they were let through look like this"
		}
	}
	if k := cause(f, who, &out); k != "" {
		profile = k
	}
	if text := explainedShare(f); text != "" {
		out.Evidence = append(out.Evidence, text)
	}
	for _, kind := range []string{profile, "wall", "cpu"} {
		if strings.HasSuffix(c.Files[kind], ".pb.gz") {
			out.Profile = kind
			out.Next = shell.Command("serve", "-cell", c.ID(), "-profile", kind, a.Run.Dir())
			break
		}
	}
	return out
}

// cause describes a finding about a cause inside the crawler, in addition to those of finding. It returns the kind of
// profile that shows it; "" for other kinds.
func cause(f diagnose.Finding, who string, out *Finding) (profile string) {
	c, v := f.Cell, f.Value
	share := Share(v.Median)
	if out.Confidence == "" {
		out.Confidence = fmt.Sprintf("%s to %s over %d traces", Share(v.Min), Share(v.Max), v.N)
	}
	switch f.Rule.Kind {
	case diagnose.LoggerLock:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time blocked on the lock of a logger, at %s", who, share,
			place(f.Site))
		out.Check = "discard the log: the share falls and throughput rises"
		return "mutex"
	case diagnose.HeldAcross:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time blocked on a lock, at %s, that is held across a wait: its holder is in %s at %s", who, share, place(f.Site), f.Hold.For, f.Hold.At)
		out.Evidence = append(out.Evidence, fmt.Sprintf("for %s of the time that others wait for the lock, its holder waits too", Share(f.Part)))
		out.Check = "unlock before that call: the share falls and throughput rises"
		return "mutex"
	case diagnose.ChannelAsLock:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time waiting for a channel that it uses as a lock, at %s, released at %s", who, share, f.Pair.Send, f.Pair.Receive)
		out.Evidence = append(out.Evidence, fmt.Sprintf("%s of %s were ended by a goroutine that had waited there itself and fetched nothing since",
			plain.Number(f.Pair.Locks), plain.Count(f.Pair.SendSleeps+f.Pair.ReceiveSleeps, "wait")))
		out.Check = "replace it by a sync.Mutex, which hands over faster, or split what it protects: throughput rises"
		return "block"
	case diagnose.SmallChannel:
		out.Text = fmt.Sprintf("%s sleeps %.2g times per page at the two ends of a channel, the sender at %s and the receiver at %s: they take turns, which a larger buffer avoids", who, v.Median, f.Pair.Send, f.Pair.Receive)
		out.Evidence = append(out.Evidence, fmt.Sprintf("%s slept, %s", plain.Count(f.Pair.SendSleeps, "sender"),
			plain.Count(f.Pair.ReceiveSleeps, "receiver")))
		out.Confidence = fmt.Sprintf("%.2g to %.2g sleeps per page over %d traces", v.Min, v.Max, v.N)
		out.Check = "double the channel's buffer: the sleeps per page fall; if they do not, the two wait for each other by design"
		return "block"
	case diagnose.IdleWorkers:
		idle, _ := c.IdleProcessors()
		out.Text = fmt.Sprintf("%s leaves its workers idle %s of the time and the processors %s, although the site has %.0f pages per level on average", who, share, Share(idle), c.Width())
		if f.Site != nil {
			out.Text += fmt.Sprintf(": they wait mostly at %s (%s)", f.Site.Where, f.Site.Primitive)
		}
		if f.End != nil {
			out.Evidence = append(out.Evidence, "woken mostly by "+f.End.By)
		}
		out.Check = "wake a worker as soon as there is something to do for it: the share falls and throughput rises"
		return "wall"
	case diagnose.SerialStage:
		out.Text = fmt.Sprintf("%s is limited by a serial stage, %s: one goroutine that is occupied %s of the time while the workers wait for it", who, role(f.Role), share)
		out.Check = "run two goroutines of this stage: throughput rises and the workers wait less"
		return "wall"
	case diagnose.Herd:
		out.Text = fmt.Sprintf("%s wakes its workers %.2g times per page for nothing, at %s: a thundering herd of sync.(*Cond).Broadcast", who, v.Median, place(f.Site))
		out.Confidence = fmt.Sprintf("%.2g to %.2g such wake-ups per page over %d traces", v.Min, v.Max, v.N)
		out.Check = "call Signal for each item instead: the wake-ups fall to those with work"
		return "wall"
	case diagnose.Sleeping:
		what := "between pages"
		if _, polling := c.Napping(); polling {
			what = "to poll: most of the time it wakes, finds nothing to do, and sleeps again"
		}
		out.Text = fmt.Sprintf("%s spends %s of its workers' time in time.Sleep at %s, %s", who, share, place(f.Site), what)
		out.Check = "halve the sleep: throughput rises"
		return "wall"
	case diagnose.Yielding:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time after runtime.Gosched, at %s: it spins instead of sleeping", who,
			share, place(f.Site))
		out.Check = "sleep on a sync.Cond or a channel instead: processor time per page falls"
		return "cpu"
	case diagnose.SystemCalls:
		out.Text = fmt.Sprintf("%s spends %s of its processor time in system calls%s", who, share, atSpot(f.Spot))
		out.Check = "leave the calls out, or make one for many pages: throughput rises by about that share"
	case diagnose.Allocation:
		out.Text = fmt.Sprintf("%s spends %s of its processor time allocating memory%s, %s per page", who, share,
			atSpot(f.Spot), byteSize(c.Bytes))
		out.Check = "reuse what is allocated there: throughput rises by about that share"
	case diagnose.Parsing:
		out.Text = fmt.Sprintf("%s spends %s of its processor time parsing pages: no crawler changes that", who, share)
		out.Check = "crawl pages with fewer links: the share falls"
	case diagnose.Connections:
		out.Text = fmt.Sprintf("%s makes %s connections a page", who, perPage(v.Median))
		out.Confidence = fmt.Sprintf("%s to %s over %s", perPage(v.Min), perPage(v.Max), plain.Count(v.N, "sample"))
		out.Check = "crawl a graph with fewer hosts: processor time per page falls"
		switch first, known := c.FirstDials(); {
		case !known:
			out.Text += "; why is not known: measure it with one worker too"
		case first >= 0.5:
			out.Text += fmt.Sprintf(": %s are the first to their host, since the hosts have few pages", Share(first))
		default:
			out.Text += fmt.Sprintf(": %s are made because several workers visit a host at once", Share(1-first))
			out.Check = "halve the workers: connections and processor time per page fall"
		}
		return "cpu"
	case diagnose.BusySite:
		out.Text = fmt.Sprintf("%s spends %s of its workers' time waiting for the site, which shares the processors: a page takes %s of processor time in the crawler and %s in the site", who, share, plain.Seconds(c.CPU), plain.Seconds(c.SiteCPU))
		out.Check = "double the workers: throughput stays, since the processors are busy"
		return "wall"
	case diagnose.LongTail:
		out.Text = fmt.Sprintf("%s spends %s of the time of a crawl on a single page at its end, while all other workers have nothing left to do", who, share)
		out.Check = "crawl a larger site: the share falls, as one page does not become slower"
		return "wall"
	case diagnose.SmallBurst:
		out.Text = fmt.Sprintf("%s reaches %s of its rate although its workers wait for the limiter: the burst is too small to make up for moments without a waiting worker", who, share)
		out.Confidence = fmt.Sprintf("%s to %s over %d samples", Share(v.Min), Share(v.Max), v.N)
		out.Check = "raise the burst: the rate is reached; if not, the limiter itself is too slow"
		return "wall"
	case diagnose.Throttled:
		out.Text = fmt.Sprintf("GOMAXPROCS %d is more than the processor quota of the control group, which stopped the crawls for %s of their time", c.Procs, share)
		out.Confidence = fmt.Sprintf("%s to %s over %d samples", Share(v.Min), Share(v.Max), v.N)
		out.Check = "raise the quota, or set gomaxprocs to it: the crawls are no longer stopped"
	default:
		return grown(f, who, out)
	}
	if f.Rule.Kind != diagnose.Throttled {
		out.Confidence = fmt.Sprintf("%s to %s, the 95 %% interval for %s", Share(v.Min), Share(v.Max),
			plain.Count(v.N, "sample"))
	}
	return "cpu"
}

// grown describes a finding about the growth of processor time.
func grown(f diagnose.Finding, who string, out *Finding) string {
	v := f.Value
	what, check := "", ""
	switch f.Rule.Kind {
	case diagnose.ReaderCounter:
		what = "the readers of an RWMutex count themselves in one word, whose cache line travels between the cores"
		check = "replace it by a copy-on-write map, or shard it: processor time per page falls"
	case diagnose.HotAtomic:
		what = "the workers change the same words, whose cache lines travel between the cores"
		if strings.HasSuffix(f.Spot.Called, ").CompareAndSwap") {
			what = "the workers compare and swap the same words, whose cache lines travel between the cores"
		}
		check = "give each worker words of its own, on cache lines of their own: processor time per page falls"
	case diagnose.HotLine:
		what = likely(f, "a cache line that several cores write travels between them")
		check = "pad what this line writes to 64 bytes, or give each worker its own: if processor time per page stays, it is not the cache line"
	case diagnose.MemoryCopies:
		what = likely(f, "copies on several cores share the bandwidth of the memory")
		check = "copy less, or a smaller set that fits the caches: if processor time per page stays, it is not the bandwidth"
	default:
		return ""
	}
	out.Text = fmt.Sprintf("%s uses %s the processor time per page that it uses with one worker, %s: %s", who,
		times(stat.Interval{Value: v.Median, Lo: v.Min, Hi: v.Max}), growthOf(f.Cell.Loss, f.Grown), what)
	out.Confidence = fmt.Sprintf("the %.0f %% interval over %d rounds starts at %.2f", 100*(1-plan.Alpha), v.N, v.Min)
	out.Evidence = append(out.Evidence, work(f.Cell.Loss)...)
	out.Check = check
	return "cpu"
}

// likely says that something makes instructions wait: hardware counters show that they do, or are missing.
func likely(f diagnose.Finding, what string) string {
	if _, _, known := f.Cell.Loss.Instructions(); known {
		return what
	}
	return "as if " + what + "; without hardware counters, this cannot be told from more instructions"
}

// growthOf says which part of the growth of processor time a class has, and where.
func growthOf(l *diagnose.Loss, g *diagnose.Growth) string {
	part := partOf(l, g)
	text := fmt.Sprintf("%s more; %s of the growth is in %s%s", plain.Seconds(l.CPU.Value),
		interval(part.Value, part.Lo, part.Hi, Share), className(g.Class), atSpot(&g.Spot))
	if g.More.Lo <= 0 {
		text += ", which is uncertain: take longer profiles, by a larger length in [profiles]"
	}
	return text
}

// partOf returns the part of a class in the growth of all classes that grow.
func partOf(l *diagnose.Loss, g *diagnose.Growth) stat.Interval {
	sum := 0.0
	for _, c := range l.Classes {
		sum += max(0, c.More.Value)
	}
	if sum == 0 {
		return stat.Interval{}
	}
	share := func(x float64) float64 { return max(0, min(1, x/sum)) }
	return stat.Interval{Value: share(g.More.Value), Lo: share(g.More.Lo), Hi: share(g.More.Hi)}
}

func className(c profile.Class) string {
	return map[profile.Class]string{profile.OwnCode: "its own code", profile.LockPath: "the slow path of locks",
		profile.Channels: "channel operations", profile.Scheduler: "the scheduler", profile.Maps: "maps and hashes",
		profile.Atomics: "atomic operations", profile.Collect: "the garbage collector",
		profile.Copying: "copying memory", profile.Allocate: "allocation", profile.Syscalls: "system calls",
		profile.Parsing: "parsing pages", profile.Fetching: "fetching over HTTP", profile.Harness: "the harness"}[c]
}

func atSpot(s *profile.Spot) string {
	if s == nil || s.Where == "" {
		return ""
	}
	if s.Called == "" {
		return ", at " + s.Where
	}
	return fmt.Sprintf(", at %s (%s)", s.Where, s.Called)
}

// place names a site.
func place(s *breakdown.Site) string {
	if s == nil {
		return "an unknown place"
	}
	return s.Where
}

// role names a goroutine that is not a worker.
func role(entry string) string {
	if entry == "(caller)" {
		return "the goroutine that called it"
	}
	return entry
}

// growthOfWaits says how much processor time per page sleeping, waking and spinning for a lock costs more than with one
// worker, and which share of the growth that is; "" if it is not known, or there is no growth.
func growthOfWaits(l *diagnose.Loss) string {
	lock, sched := l.Of(profile.LockPath), l.Of(profile.Scheduler)
	if lock == nil || l.CPU.Lo <= 0 || lock.More.Lo <= 0 {
		return ""
	}
	part := partOf(l, lock)
	return fmt.Sprintf("; a page costs %s more processor time than with one worker: %s of the growth is in the slow path of locks and %s in the scheduler",
		plain.Seconds(l.CPU.Value), interval(part.Value, part.Lo, part.Hi, Share), Share(partOf(l, sched).Value))
}

// explainedShare says which share of the throughput lost against one worker a finding explains; "" if unknown.
func explainedShare(f diagnose.Finding) string {
	if f.Explains <= 0 || f.Cell.Loss == nil {
		return ""
	}
	return fmt.Sprintf("it explains %s of the %s per page that the processors spend more than with one worker, busy or idle",
		Share(f.Explains), plain.Seconds(f.Cell.Loss.Total.Value))
}

// causes returns the causes of a run in words: each once, with the other crawlers and graphs that it holds for.
func causes(a *diagnose.Analysis, e *experiments) (list []Finding) {
	for _, c := range a.Causes {
		f := finding(a, c.Finding)
		for i, o := range c.Also {
			f.Text += []string{"; also ", ", "}[min(i, 1)]
			switch {
			case o.Cell.Impl != c.Cell.Impl && o.Cell.Graph != c.Cell.Graph:
				f.Text += fmt.Sprintf("%s on %s", o.Cell.Impl, o.Cell.Graph)
			case o.Cell.Impl != c.Cell.Impl:
				f.Text += o.Cell.Impl
			default:
				f.Text += "on " + o.Cell.Graph
			}
			f.Text += " (" + valueOf(o) + ")"
		}
		if f, ok := e.tested(c.Finding, f); ok {
			list = append(list, f)
		}
	}
	return list
}

// valueOf formats the value of a finding.
func valueOf(f diagnose.Finding) string {
	switch f.Rule.Kind {
	case diagnose.Herd, diagnose.SmallChannel:
		return fmt.Sprintf("%.2g per page", f.Value.Median)
	case diagnose.StoppedGaining, diagnose.WastedCycles, diagnose.ReaderCounter, diagnose.HotAtomic, diagnose.HotLine,
		diagnose.MemoryCopies, diagnose.RateExceeded, diagnose.BurstExceeded:
		return fmt.Sprintf("%.2fx", f.Value.Median)
	}
	return Share(f.Value.Median)
}

// others returns the findings that are not causes, in words.
func others(a *diagnose.Analysis, e *experiments) (list []Finding) {
	for _, f := range a.Others {
		if out, ok := e.tested(f, finding(a, f)); ok {
			list = append(list, out)
		}
	}
	return list
}
