package measure

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/web"
)

// goroutineBaseline records the goroutines that ran before a crawl and so are not the crawler's.
type goroutineBaseline struct {
	count int
	ids   map[string]bool
}

// record records the goroutines that exist now, before a crawl.
func (b *goroutineBaseline) record() {
	if n := runtime.NumGoroutine(); n != b.count {
		b.count, b.ids = n, map[string]bool{}
		for _, g := range goroutines() {
			b.ids[g.id] = true
		}
	}
}

const (
	// yields is how often awaitExit yields before it looks at remaining goroutines: one that has just signalled that it
	// is done must be scheduled once more to exit.
	yields = 100
	// firstCheck is the earliest that remaining goroutines are examined, and lastCheck the latest that one may remain:
	// the operating system may have preempted one that is about to exit.
	firstCheck, lastCheck = 2 * time.Millisecond, time.Second
)

// awaitExit waits for the goroutines that were running when the crawl returned, at process time before, in seconds. It
// returns the processor time that they used until they exited, and a Verdict if some are blocked or do not exit.
func (b *goroutineBaseline) awaitExit(before float64) (seconds float64, v web.Violations) {
	if runtime.NumGoroutine() <= b.count {
		return 0, nil
	}
	for range yields {
		runtime.Gosched()
		if runtime.NumGoroutine() <= b.count {
			return cpuSeconds() - before, nil
		}
	}
	begin := time.Now()
	overhead := 0.0 // processor time of the checks themselves
	var blocked []goroutine
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		time.Sleep(pause)
		since := time.Since(begin)
		now := cpuSeconds()
		if runtime.NumGoroutine() <= b.count {
			return now - before - overhead, nil
		}
		if since < firstCheck {
			continue
		}
		extra := b.extra()
		if len(extra) == 0 { // the surplus is the runtime's own
			b.record()
			return now - before - overhead, nil
		}
		overhead += cpuSeconds() - now
		// One that is blocked at two checks is not about to exit, unless one that still runs will wake it.
		var blockedNow, blockedTwice []goroutine
		for _, g := range extra {
			if g.blocked() {
				blockedNow = append(blockedNow, g)
				if slices.Contains(blocked, g) {
					blockedTwice = append(blockedTwice, g)
				}
			}
		}
		blocked = blockedNow
		switch {
		case len(blockedTwice) == len(extra):
			return 0, leftBehind(extra)
		case since > lastCheck:
			return 0, leftBehind(extra)
		}
	}
}

// extra returns the goroutines that are not in the baseline.
func (b *goroutineBaseline) extra() []goroutine {
	return slices.DeleteFunc(goroutines(), func(g goroutine) bool { return b.ids[g.id] })
}

// leftBehind returns a Verdict about the goroutines of list.
func leftBehind(list []goroutine) web.Violations {
	first := list[0]
	return web.Violations{fmt.Sprintf("%d goroutines were left when it returned (one is in state %q, started by %s)",
		len(list), first.state, first.by)}
}

// goroutine is a goroutine as a stack dump shows it.
type goroutine struct{ id, state, by string }

// goroutines returns all goroutines of this process except the runtime's own.
func goroutines() (list []goroutine) {
	text := make([]byte, 1<<16)
	n := runtime.Stack(text, true)
	for ; n == len(text); n = runtime.Stack(text, true) {
		text = make([]byte, 2*len(text))
	}
	header := regexp.MustCompile(`^goroutine (\d+) .*?\[([^\],]+)`)
	creator := regexp.MustCompile(`created by (\S+).*\n\s+(?:.*/)?([^/\s]+:\d+)`)
	for _, stack := range strings.Split(string(text[:n]), "\n\n") {
		head := header.FindStringSubmatch(stack)
		if head == nil {
			continue
		}
		g := goroutine{id: head[1], state: head[2], by: "the program"}
		if by := creator.FindStringSubmatch(stack); by != nil {
			// The runtime runs finalizers, and os/signal starts its receiver on first use.
			if strings.HasPrefix(by[1], "runtime.") || strings.HasPrefix(by[1], "os/signal.") {
				continue
			}
			g.by = by[1] + " at " + by[2]
		}
		list = append(list, g)
	}
	return list
}

// blocked reports whether g waits for a timer or for another goroutine to act. A goroutine that waits for a lock will
// get it.
func (g goroutine) blocked() bool {
	return slices.ContainsFunc([]string{"sleep", "select", "chan ", "IO wait", "sync.Cond.Wait", "sync.WaitGroup.Wait"},
		func(state string) bool { return strings.HasPrefix(g.state, state) })
}
