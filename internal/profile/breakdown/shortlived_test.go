package breakdown_test

import (
	"sync"
	"testing"
	"time"

	"crawlbench/internal/profile/breakdown"
)

// pagesBehindSemaphore returns a crawl with a goroutine per page, in which a semaphore limits
// concurrent fetches.
func pagesBehindSemaphore(slots, pages int) func() {
	return func() {
		semaphore := make(chan bool, slots)
		var all sync.WaitGroup
		for range pages {
			all.Go(func() {
				semaphore <- true
				breakdown.Mark()
				sleepyFetch()
				<-semaphore
			})
		}
		all.Wait()
	}
}

func TestQueueBeforeASemaphore(t *testing.T) {
	patient(t, func(t testing.TB) {
		const slots, pages = 4, 100
		l, _ := measured(t, slots, pagesBehindSemaphore(slots, pages))
		requireDominant(t, l, breakdown.Network, 0.6)
		if l.ShortLived != 1 || l.Pages != pages {
			t.Errorf("%d crawls with short-lived workers, want 1; %d pages of %d", l.ShortLived, l.Pages, pages)
		}
		if l.Queued < 3*l.Worker {
			t.Errorf("queued %g s of %g worker-seconds: want half of the pages waiting on average", l.Queued, l.Worker)
		}
		if l.Seconds[breakdown.Channel] > 0 {
			t.Errorf("%g s blocked on a channel: the semaphore is the frontier", l.Seconds[breakdown.Channel])
		}
	})
}

func TestFreeSlotsAreIdle(t *testing.T) {
	patient(t, func(t testing.TB) {
		const slots, pages = 4, 100
		l, _ := measured(t, slots, func() {
			for range pages { // a chain: one page after another
				pagesBehindSemaphore(slots, 1)()
			}
		})
		requireDominant(t, l, breakdown.Idle, 0.6)
		requireSite(t, l, breakdown.Idle, "(idle slot)", "")
		if l.ShortLived != 1 || l.Seconds[breakdown.Network] < pages*nap.Seconds() {
			t.Errorf("%d crawls with short-lived workers, want 1; %g s of fetching", l.ShortLived,
				l.Seconds[breakdown.Network])
		}
	})
}

func TestPoolForEveryLevel(t *testing.T) {
	patient(t, func(t testing.TB) {
		const workers, levels = 4, 20
		l, _ := measured(t, workers, func() {
			for range levels {
				pool(workers, 2, func(int, int) { sleepyFetch() })()
				time.Sleep(4 * nap) // merging, while no worker exists
			}
		})
		if f, s := l.Share(breakdown.Network), l.Share(breakdown.Idle); f < 0.15 || s < 0.3 {
			t.Errorf("fetch %.2f, idle %.2f: want both large", f, s)
			show(t, l)
		}
	})
}

// A worker that never gets a page is still a worker.
func TestWorkerWithoutAPage(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 8, func() {
			pages := make(chan int)
			var all, busy, ready sync.WaitGroup
			ready.Add(8)
			for range 8 {
				all.Go(func() {
					ready.Done()
					for range pages {
						breakdown.Mark()
						time.Sleep(20 * nap)
						busy.Done()
					}
				})
			}
			ready.Wait()
			time.Sleep(nap) // until all of them wait
			busy.Add(2)
			pages <- 1
			pages <- 2
			busy.Wait()
			close(pages)
			all.Wait()
		})
		if l.Pages != 2 || l.ShortLived != 0 || len(l.Roles) != 1 {
			t.Errorf("%d pages of 2, %d crawls with short-lived workers, roles %v", l.Pages, l.ShortLived, l.Roles)
		}
	})
}

// busyOwner reports whether the busiest role works all the time, and much more than the workers.
func busyOwner(l *breakdown.Breakdown) bool {
	role := l.Roles[0]
	return role.Running+role.Runnable >= 0.8*l.Wall && role.Running >= 4*l.Seconds[breakdown.Running]
}

func TestOwnerIsARole(t *testing.T) {
	for _, own := range []struct {
		name, entry string
		run         func(func())
	}{
		{"the caller", "(caller)", func(f func()) { f() }},
		{"a goroutine", "breakdown_test.TestOwnerIsARole.", func(f func()) {
			var all sync.WaitGroup
			all.Go(f)
			all.Wait()
		}},
	} {
		t.Run(own.name, func(t *testing.T) {
			patient(t, func(t testing.TB) {
				const pages = 2000
				c := make(chan int)
				owned := func() {
					var workers sync.WaitGroup
					workers.Go(pool(2, pages/2, func(int, int) { c <- 1 }))
					own.run(func() {
						for range pages {
							<-c
							spin(100_000)
						}
					})
					workers.Wait()
				}
				l, _ := measured(t, 2, owned)
				// A worker that the operating system preempts counts as running: that is not so in each of ten crawls.
				for try := 0; try < 10 && !busyOwner(l); try++ {
					l, _ = measured(t, 2, owned)
				}
				role := l.Roles[0]
				if len(role.Entry) < len(own.entry) || role.Entry[:len(own.entry)] != own.entry || role.Count != 1 {
					t.Errorf("the busiest role is %+v, want %s", role, own.entry)
				}
				if !busyOwner(l) {
					t.Errorf("the owner is not fully busy: %+v of %g s", role, l.Wall)
				}
				requireSite(t, l, breakdown.Channel, "TestOwnerIsARole", "chan send")
			})
		})
	}
}
