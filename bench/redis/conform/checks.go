package conform

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// Check is a check of a crawler for fleets.
type Check struct {
	Name, Doc string
	// durable and polite say that only crawlers are checked that survive the death of a process, or know hosts.
	durable, polite bool
	// site is what is crawled. The fleet has 3 processes of 2 workers.
	site func() *site
	// set changes the fleet before it starts. nil changes nothing.
	set func(*fleet)
	// happens is what happens to the fleet when its processes have been started.
	happens func(*fleet)
	// verify verifies it when they have ended.
	verify func(*fleet)
}

// For reports whether the check is one for a crawler.
func (c Check) For(s Subject) bool {
	return (!c.durable || s.durable()) && (!c.polite || s.Name == "redisshards")
}

// Run runs the check on a crawler and returns what is wrong with it.
func (c Check) Run(t *testing.T, s Subject, urls bool) (faults []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		f := &fleet{subject: s, urls: urls, server: newServer(), site: c.site(), size: 3,
			options: crawl.Options{Workers: 2}}
		if c.set != nil {
			c.set(f)
		}
		f.startAll()
		if c.happens != nil {
			c.happens(f)
		}
		f.wait()
		c.verify(f)
		f.server.stop()
		faults = f.faults
	})
	return faults
}

// slack is what processes may take to end: a few calls, and the wait for more results.
const slack = 20 * time.Millisecond

// a page of most sites takes this long.
const usual = 100 * time.Millisecond

func usualTree() *site { return tree(60, 4, usual) }

// wellEnded requires that nobody failed, that each page was fetched once and that all ended at once.
func wellEnded(f *fleet) {
	f.noErrors()
	f.once()
	f.endedTogether(slack)
}

// survived requires the same of a fleet some of whose processes died or were cut off.
func survived(f *fleet, excused ...*process) {
	f.noErrors()
	f.atLeastOnce(excused...)
	f.endedTogether(slack)
}

// spoken requires that all living processes failed, with one of some words, within a time after another.
func spoken(f *fleet, since time.Time, within time.Duration, words ...string) {
	for _, p := range f.living() {
		switch {
		case p.err == nil:
			f.fault("silent: process %d did not fail", p.index)
		case !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(p.err.Error(), w) }):
			f.fault("process %d failed with %q, want one of %q", p.index, p.err, words)
		case p.at.Sub(since) > within:
			f.fault("late: process %d failed after %v, want %v", p.index, p.at.Sub(since), within)
		}
	}
}

// Checks returns all checks.
func Checks() []Check {
	return []Check{
		{Name: "whole", Doc: "fetch each page once, count those that fail, end together, leave nothing",
			site: func() *site {
				s := usualTree()
				s.fails = func(page int) bool { return page%5 == 4 }
				return s
			},
			verify: func(f *fleet) {
				wellEnded(f)
				if left := f.server.lasting(); len(left) > 0 {
					f.fault("the server keeps %q", left)
				}
			}},
		{Name: "end", Doc: "wait for a page that takes a minute and has the only link to others",
			site: func() *site {
				s := tree(40, 4, usual)
				s.latency = func(page int) time.Duration {
					if page == 7 {
						return time.Minute
					}
					return usual
				}
				return s
			},
			verify: func(f *fleet) {
				if took := f.processes[0].at.Sub(f.begin); took > time.Minute+20*usual {
					f.fault("took %v", took)
				}
				wellEnded(f)
			}},
		{Name: "width", Doc: "keep the workers of all processes busy as long as there are pages",
			site: func() *site { return star(60, time.Second) },
			verify: func(f *fleet) {
				wellEnded(f)
				most := 10*time.Second + 2*usual // 60 pages by 6 workers
				if f.subject.Name == "redisshards" {
					most = 60 * time.Second // hosts are not divided evenly among shards
				}
				if took := f.processes[0].at.Sub(f.begin); took > most {
					f.fault("took %v, want %v", took, most)
				}
			}},
		{Name: "budget", Doc: "fetch exactly MaxPages pages together", site: usualTree,
			set: func(f *fleet) { f.options.MaxPages = 17 },
			verify: func(f *fleet) {
				f.noErrors()
				f.endedTogether(slack)
				if n := len(f.site.fetches); n != 17 {
					f.fault("%d pages were fetched, MaxPages is 17", n)
				}
			}},
		{Name: "cancel", Doc: "return when cancelled, and tell the others, who go on or fail", site: usualTree,
			happens: func(f *fleet) {
				time.Sleep(5*usual + usual/2)
				p := f.processes[1]
				p.died = time.Now()
				p.cancel()
				<-p.ended
				if p.err == nil || p.at.Sub(p.died) > slack {
					f.fault("the cancelled process returned %v after %v", p.err, p.at.Sub(p.died))
				}
				p.dead.Store(true)
			},
			verify: func(f *fleet) {
				if f.subject.durable() {
					survived(f, f.processes[1])
				} else {
					spoken(f, f.processes[1].died, 3*usual+slack, "has left")
				}
			}},
		{Name: "dead", Doc: "lose nothing that a dead process held, or fail and say so", site: usualTree,
			happens: func(f *fleet) {
				time.Sleep(4*usual + usual/3)
				if p := f.server.loseAnswer(); p != nil { // as it arrives
					f.crash(p)
				}
			},
			verify: func(f *fleet) {
				at := slices.IndexFunc(f.processes, func(p *process) bool { return p.dead.Load() })
				switch {
				case at < 0:
					f.fault("the crawl ended early")
				case f.subject.durable():
					survived(f, f.processes[at])
				default:
					spoken(f, f.processes[at].died, lease*4/3+3*usual+slack, "has died")
				}
			}},
		{Name: "late", Doc: "count an acknowledgement that comes after the lease no second time", durable: true,
			site: func() *site { return tree(250, 4, usual) },
			happens: func(f *fleet) {
				time.Sleep(3*usual + usual/3)
				f.processes[1].freeze(2*lease + usual/3)
			},
			verify: func(f *fleet) { survived(f, f.processes[1]) }},
		{Name: "restart", site: usualTree,
			Doc:     "survive a restart of the server that has lost nothing but an answer, or fail and say so",
			happens: func(f *fleet) { f.restart(0) },
			verify: func(f *fleet) {
				if f.subject.durable() {
					f.noErrors()
					f.once()
					f.endedTogether(lease + 2*usual) // pages of the lost answer are taken when their lease has ended
				} else {
					spoken(f, f.begin, 10*usual, "server of the crawl", "has left", "has died")
				}
			}},
		{Name: "earlier", Doc: "lose nothing when a restarted server has lost the last moment", durable: true,
			site:    usualTree,
			happens: func(f *fleet) { f.restart(3 * usual) },
			verify:  func(f *fleet) { survived(f, f.processes...) }},
		{Name: "forgotten", Doc: "fail, and say so, when a restarted server has lost everything", site: usualTree,
			happens: func(f *fleet) {
				time.Sleep(5*usual + usual/3)
				f.server.stop()
				time.Sleep(usual)
				f.server.start(nil)
			},
			verify: func(f *fleet) {
				words := []string{"no longer has the crawl"}
				if !f.subject.durable() {
					words = append(words, "server of the crawl")
				}
				spoken(f, f.begin, 20*usual, words...)
			}},
		{Name: "flushed", Doc: "go on when the server has dropped all scripts", site: usualTree,
			happens: func(f *fleet) {
				for range 5 {
					time.Sleep(usual + usual/3)
					f.server.flushScripts()
				}
			},
			verify: wellEnded},
		{Name: "again", Doc: "go on with a crawl whose processes have all died", durable: true, site: usualTree,
			happens: func(f *fleet) {
				time.Sleep(5 * usual)
				old := slices.Clone(f.processes)
				for _, p := range old {
					f.crash(p)
				}
				time.Sleep(usual)
				for range f.size {
					f.start()
				}
			},
			verify: func(f *fleet) { survived(f, f.processes[:3]...) }},
		{Name: "joins", Doc: "give work to a process that comes later",
			site: func() *site {
				s := tree(200, 30, usual)
				s.host = func(page int) uint32 { return uint32(page) % 40 }
				return s
			},
			set: func(f *fleet) { f.size = 2 },
			happens: func(f *fleet) {
				time.Sleep(lease)
				f.start()
			},
			verify: func(f *fleet) {
				wellEnded(f)
				if n := f.processes[2].did.Pages; n < 10 {
					f.fault("a process that came later fetched %d pages of %d", n, len(f.site.fetches))
				}
			}},
		{Name: "gaps", Doc: "keep the gap of each host, also when its owner dies", polite: true,
			site: politeSite, set: politely,
			happens: func(f *fleet) {
				time.Sleep(7 * time.Second)
				for range 1000 {
					if f.busy(f.processes[0]) {
						break
					}
					time.Sleep(usual / 10)
				}
				f.crash(f.processes[0])
			},
			verify: func(f *fleet) { f.gaps(); survived(f, f.processes[0]) }},
		{Name: "handover", Doc: "keep the gap of each host when it is handed over", polite: true,
			site: politeSite,
			set:  func(f *fleet) { politely(f); f.size = 1 },
			happens: func(f *fleet) {
				for range 2 {
					time.Sleep(3*time.Second + usual/3)
					f.start()
				}
			},
			verify: func(f *fleet) {
				f.gaps()
				wellEnded(f)
			}},
	}
}

// Extras returns checks that are run on the crawlers, and not on mutants: what they find, others find too.
func Extras() []Check {
	return []Check{
		{Name: "turns", Doc: "wake a process that waits when there is a page for it",
			site: func() *site { return chain(40, time.Second) },
			verify: func(f *fleet) {
				wellEnded(f)
				if took, most := f.processes[0].at.Sub(f.begin), 40*(time.Second+slack); took > most {
					f.fault("took %v, want %v", took, most)
				}
			}},
		{Name: "deaths", Doc: "lose nothing when all but one die, one after the other", durable: true,
			site: func() *site { return tree(80, 4, usual) },
			happens: func(f *fleet) {
				for _, p := range f.processes[:2] {
					time.Sleep(2 * usual)
					f.crash(p)
				}
			},
			verify: func(f *fleet) { survived(f, f.processes[0], f.processes[1]) }},
		{Name: "first", Doc: "lose nothing when a server has lost all but that the crawl has begun", durable: true,
			site:    usualTree,
			happens: func(f *fleet) { f.restart(time.Hour) },
			verify:  func(f *fleet) { f.noErrors(); f.completeness(); f.endedTogether(slack) }},
		{Name: "storm", Doc: "survive deaths, restarts and cuts at random moments", durable: true,
			site: func() *site { return tree(120, 3, usual) },
			happens: func(f *fleet) {
				draw := rand.New(rand.NewPCG(1, uint64(len(f.subject.Name))))
				moment := func() time.Duration { return time.Duration(draw.Int64N(int64(3 * usual))) }
				for range 4 {
					time.Sleep(moment())
					f.server.cut(f.processes[draw.IntN(len(f.processes))])
					time.Sleep(moment())
					f.restart(moment())
					time.Sleep(moment())
					f.crash(f.processes[len(f.processes)-1])
					f.start()
				}
			},
			verify: func(f *fleet) { f.noErrors(); f.completeness() }},
	}
}
