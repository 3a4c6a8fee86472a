package lesson

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
)

func blockProfile() Lesson {
	return Lesson{
		Title: "reading a block profile",
		Question: "For each page, each of eight workers calls three functions: load sleeps for 1 ms; remember locks a mutex " +
			"for a few nanoseconds; store puts a token into a channel with room for one, sleeps for 1 ms, and takes it " +
			"out. Which function has the most time in the block profile?",
		Choices: []string{"load", "remember", "store"},
		Taught:  2,
		Why: "A block profile counts the time for which goroutines wait for each other, at the line where they wait: " +
			"a channel, a select, a lock. Sleeping, waiting for the network, and waiting for a processor are not in " +
			"it, so load does not appear, and store appears only with its wait for the token. A channel with room " +
			"for one is a lock, and a block profile shows that. Beware of idle workers that wait for work: they may " +
			"be at the top and mean nothing.",
		Next: "After \"make bench\", \"make flame CELL='mutexmap rmat14' PROFILE=block\" opens such a profile.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			return l.profiled(ctx, "lesson.channellock", "block", "load", "remember", "store")
		},
	}
}

func mutexProfile() Lesson {
	return Lesson{
		Title: "reading a mutex profile",
		Question: "Two functions lock the same mutex for each page: enter holds it for a few nanoseconds, archive for 1 ms. " +
			"Eight workers wait for it in both. Which function has nearly all the time in the mutex profile?",
		Choices: []string{
			"enter, where workers wait until archive has finished",
			"archive, which makes them wait",
			"half each",
		},
		Taught: 1,
		Why: "A block profile shows who waits; a mutex profile shows who makes others wait. Its stacks are those of Unlock, " +
			"and each is charged with the waits that it ended. So the line to change is in the mutex profile: what it " +
			"does between Lock and Unlock is too long. The block profile of the same crawl shows both functions.",
		Next: "After \"make bench\", \"make flame CELL='mutexmap rmat14' PROFILE=mutex\" opens such a profile.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			return l.profiled(ctx, "lesson.holder", "mutex", "enter", "archive")
		},
	}
}

// profiled measures a crawler with eight workers, takes a profile, and chooses the function with more than two thirds
// of the time that functions have in it.
func (l *Lab) profiled(ctx context.Context, impl, kind string, functions ...string) (Result, error) {
	shares := map[string]float64{}
	pages := 0.0
	_, err := l.measureThen(ctx, fmt.Sprintf(`
crawlers = [%q]
workers  = [8]
rounds   = 1
sample   = "20ms"
[[graph]]
name   = "rmat7"
kind   = "rmat"
scale  = 7
degree = 12
[profiles]
kinds  = [%q]
length = "300ms"
`, impl, kind), func(a *diagnose.Analysis) error {
		c, err := cell(a, impl, 8)
		if err != nil {
			return err
		}
		text, err := a.Run.ReadFile(c.Files[kind])
		if err != nil {
			return err
		}
		p, err := profile.ReadFrom(bytes.NewReader(text), kind)
		if err != nil {
			return err
		}
		shares = byFunction(p, functions)
		for _, rec := range a.Run.Records() {
			if rec.Profile != nil {
				pages += float64(rec.Profile.Pages)
			}
		}
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	all := 0.0
	for _, f := range functions {
		all += shares[f]
	}
	if all == 0 || pages == 0 {
		return Result{Choice: Unsure, Measured: "The profile has none of these functions."}, nil
	}
	r := Result{Choice: Unsure}
	var list []bar
	for i, f := range functions {
		list = append(list, bar{f, shares[f], fmt.Sprintf("%.3g ms a page", shares[f]/pages/1e6)})
		if shares[f] > all*2/3 {
			r.Choice = i
			r.Measured = fmt.Sprintf("%s has %.0f %% of the time that these functions have in the %s profile.", f,
				100*shares[f]/all, kind)
		}
	}
	r.Picture = bars(list)
	if r.Choice == Unsure {
		r.Measured = "No function has more than two thirds of the time."
	}
	return r, nil
}

// byFunction returns the time of each function of a set of this package in a block or mutex profile.
func byFunction(p *profile.Profile, functions []string) map[string]float64 {
	shares := map[string]float64{}
	for _, s := range p.Sample {
		for _, at := range s.Location {
			for _, line := range at.Line {
				_, name, own := strings.Cut(line.Function.Name, "internal/lesson.(*")
				_, name, _ = strings.Cut(name, ").")
				if own && slices.Contains(functions, name) {
					shares[name] += float64(s.Value[1])
				}
			}
		}
	}
	return shares
}

// hold is the time per page of the slow functions.
const hold = time.Millisecond

// slots is a visited set that uses a channel with room for one as a lock.
type slots struct {
	counting[uint32]
	slot chan struct{}
}

func channelLock() crawl.Crawler {
	return engine.FromVisited("lesson.channellock", "a channel as a lock, held for 1 ms a page",
		func(int) crawl.Visited[uint32] {
			return &slots{counting[uint32]{seen: map[uint32]struct{}{}, batch: true}, make(chan struct{}, 1)}
		}, nil)
}

func (s *slots) AddNew(dst, links []uint32) []uint32 {
	s.load()
	dst = s.remember(dst, links)
	s.store()
	return dst
}

//go:noinline
func (s *slots) load() { time.Sleep(hold) }

//go:noinline
func (s *slots) remember(dst, links []uint32) []uint32 { return s.counting.AddNew(dst, links) }

//go:noinline
func (s *slots) store() {
	s.slot <- struct{}{}
	time.Sleep(hold)
	<-s.slot
}

// holder is a visited set whose functions hold one lock for different times.
type holder struct {
	mu   sync.Mutex
	seen map[uint32]struct{}
}

func slowHolder() crawl.Crawler {
	return engine.FromVisited("lesson.holder", "a mutex, held for 1 ms a page in one of two functions",
		func(int) crawl.Visited[uint32] { return &holder{seen: map[uint32]struct{}{}} }, nil)
}

func (s *holder) AddNew(dst, links []uint32) []uint32 {
	dst = s.enter(dst, links)
	s.archive()
	return dst
}

//go:noinline
func (s *holder) enter(dst, links []uint32) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if _, known := s.seen[link]; !known {
			s.seen[link] = struct{}{}
			dst = append(dst, link)
		}
	}
	return dst
}

//go:noinline
func (s *holder) archive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	time.Sleep(hold)
}
