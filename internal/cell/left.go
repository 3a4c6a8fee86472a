package cell

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/web"
)

// bystanders are the goroutines that are not the crawler's: those that there were before a crawl.
type bystanders struct {
	count int
	ids   map[string]bool
}

// note notes who there is, before a crawl.
func (b *bystanders) note() {
	if n := runtime.NumGoroutine(); n != b.count {
		b.count, b.ids = n, map[string]bool{}
		for _, g := range goroutines() {
			b.ids[g.id] = true
		}
	}
}

const (
	// turns is how often others are let run before a goroutine that is still there is looked at: one whose last act was to
	// say that it is done needs a turn to end.
	turns = 100
	// firstLook is when the goroutines left are looked at first, lastLook when none may be left: the system may have taken
	// the processor from one that is about to end.
	firstLook, lastLook = 2 * time.Millisecond, time.Second
)

// left returns the processor time that goroutines have used which the crawl left running when it returned, before seconds
// of the process's time, and what is wrong if it left some that wait for something or do not end.
func (b *bystanders) left(before float64) (seconds float64, v web.Violations) {
	if runtime.NumGoroutine() <= b.count {
		return 0, nil
	}
	for range turns {
		runtime.Gosched()
		if runtime.NumGoroutine() <= b.count {
			return used() - before, nil
		}
	}
	begin := time.Now()
	looking := 0.0 // what the looks took
	var waited []goroutine
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		time.Sleep(pause)
		since := time.Since(begin)
		look := used()
		if runtime.NumGoroutine() <= b.count {
			return look - before - looking, nil
		}
		if since < firstLook {
			continue
		}
		there := b.strangers()
		if len(there) == 0 { // what is counted beyond is the runtime's own
			b.note()
			return look - before - looking, nil
		}
		looking += used() - look
		var waits, still []goroutine // one that waits at two looks is not about to end
		for _, g := range there {
			if g.waits() {
				waits = append(waits, g)
				if slices.Contains(waited, g) {
					still = append(still, g)
				}
			}
		}
		waited = waits
		switch {
		case len(still) > 0:
			return 0, leftBehind(still)
		case since > lastLook:
			return 0, leftBehind(there)
		}
	}
}

// strangers returns those who are no bystanders.
func (b *bystanders) strangers() []goroutine {
	return slices.DeleteFunc(goroutines(), func(g goroutine) bool { return b.ids[g.id] })
}

func leftBehind(some []goroutine) web.Violations {
	one := some[0]
	return web.Violations{fmt.Sprintf("%d goroutines were left when it returned (one is in state %q, started by %s)", len(some), one.state, one.by)}
}

// goroutine is one as a dump shows it.
type goroutine struct{ id, state, by string }

// goroutines returns all goroutines of this process but the runtime's own.
func goroutines() (list []goroutine) {
	text := make([]byte, 1<<16)
	n := runtime.Stack(text, true)
	for ; n == len(text); n = runtime.Stack(text, true) {
		text = make([]byte, 2*len(text))
	}
	header := regexp.MustCompile(`^goroutine (\d+) .*?\[([^\],]+)`)
	creator := regexp.MustCompile(`created by (\S+).*\n\s+(?:.*/)?([^/\s]+:\d+)`)
	for _, one := range strings.Split(string(text[:n]), "\n\n") {
		head := header.FindStringSubmatch(one)
		if head == nil {
			continue
		}
		g := goroutine{id: head[1], state: head[2], by: "the program"}
		if by := creator.FindStringSubmatch(one); by != nil {
			// The runtime calls finalizers, and the standard library receives signals for whoever asks first.
			if strings.HasPrefix(by[1], "runtime.") || strings.HasPrefix(by[1], "os/signal.") {
				continue
			}
			g.by = by[1] + " at " + by[2]
		}
		list = append(list, g)
	}
	return list
}

// waits reports whether g waits for what only others can bring about, or for a time. Who waits for a lock will have it.
func (g goroutine) waits() bool {
	for _, state := range []string{"sleep", "select", "chan ", "IO wait", "sync.Cond.Wait", "sync.WaitGroup.Wait"} {
		if strings.HasPrefix(g.state, state) {
			return true
		}
	}
	return false
}
