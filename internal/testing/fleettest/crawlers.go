package fleettest

import (
	"context"
	"errors"
	"net/rpc"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/crawler"
)

// KilledOnce is a variable with the name of a file that says that the process of mortal was killed. Without it, it is
// killed each time.
const KilledOnce = "CRAWLBENCH_TEST_KILLED_ONCE"

// Crawlers returns crawlers for fleets. The first, sharing, is right. The second process of skipping leaves pages out,
// that of dying panics, and that of mortal is killed. Each process of everything crawls all.
func Crawlers() []crawl.Crawler {
	eighth := func(f *crawl.Fleet, page uint32) bool { return f.Index == 1 && page%8 == 7 }
	return []crawl.Crawler{
		over("sharing", func(*crawl.Fleet, uint32) bool { return false }),
		over("skipping", eighth),
		over("dying", func(f *crawl.Fleet, page uint32) bool {
			if eighth(f, page) {
				panic("planted")
			}
			return false
		}),
		over("mortal", func(f *crawl.Fleet, page uint32) bool {
			if eighth(f, page) && !killedBefore() {
				if self, err := os.FindProcess(os.Getpid()); err == nil {
					self.Kill()
				}
				select {}
			}
			return false
		}),
		{Name: "everything", Doc: "each process crawls all", Fleet: true, ByID: crawler.All()[0].ByID},
	}
}

// killedBefore reports whether it was called before, as the file of KilledOnce says.
func killedBefore() bool {
	name := os.Getenv(KilledOnce)
	if name == "" {
		return false
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

// over returns a crawler that shares its crawl over a Server. skip says which pages it only pretends to have fetched.
func over(name string, skip func(f *crawl.Fleet, page uint32) bool) crawl.Crawler {
	return crawl.Crawler{Name: name, Doc: "a call a page", Fleet: true, ByID: func(ctx context.Context,
		web crawl.Web[uint32], seeds []uint32, o crawl.Options) (did crawl.Result, err error) {
		client, err := rpc.Dial("tcp", o.Fleet.Server)
		if err != nil {
			return did, err
		}
		defer client.Close()
		var all sync.WaitGroup
		var mu sync.Mutex
		calls := 0
		for range o.Workers {
			all.Go(func() {
				w := worker{client: client, web: web, o: o, skip: skip}
				wrong := w.crawl(ctx, seeds)
				mu.Lock()
				defer mu.Unlock()
				did.Pages, did.Errors, calls = did.Pages+w.did.Pages, did.Errors+w.did.Errors, calls+w.calls
				err = errors.Join(err, wrong)
			})
		}
		all.Wait()
		o.Count("server calls", calls)
		return did, err
	}}
}

type worker struct {
	client *rpc.Client
	web    crawl.Web[uint32]
	o      crawl.Options
	skip   func(f *crawl.Fleet, page uint32) bool
	did    crawl.Result
	calls  int
}

// crawl fetches pages until the crawl of all processes is over.
func (w *worker) crawl(ctx context.Context, seeds []uint32) error {
	q := Step{Name: w.o.Fleet.Name, Links: seeds, MaxPages: w.o.MaxPages}
	for {
		var next Next
		w.calls++
		err := w.client.Call("Toy.Step", q, &next)
		switch q.Links, q.Done = nil, 0; {
		case err != nil || next.Over:
			return err
		case !next.OK:
			time.Sleep(200 * time.Microsecond)
			continue
		}
		q.Done = 1
		if w.skip(w.o.Fleet, next.Page) {
			continue
		}
		if w.o.Limiter != nil {
			if err := w.o.Limiter.Wait(ctx); err != nil {
				return err
			}
		}
		links, err := w.web.Fetch(ctx, next.Page)
		w.did.Pages++
		if err != nil {
			w.did.Errors++
		}
		q.Links = links
	}
}

// Limiters returns limiters for fleets. The first, gate, is right, without a burst. With gates, each process has the
// whole rate, and with part, which needs no server, its part. A closed one cannot be made.
func Limiters() []crawl.LimiterKind {
	return []crawl.LimiterKind{
		{Name: "gate", Doc: "a call a page", Fleet: true, New: gateAt(func(f *crawl.Fleet) string { return f.Name })},
		{Name: "gates", Doc: "a call a page", Fleet: true, Wrong: "each process has the whole rate",
			New: gateAt(func(f *crawl.Fleet) string { return f.Name + string(rune('a'+f.Index)) })},
		{Name: "part", Doc: "each process has its part of the rate", Fleet: true, Local: true,
			New: func(rate float64, burst int, f *crawl.Fleet) (crawl.Limiter, error) {
				return limiter.New("paced", rate/float64(f.Processes), burst), nil
			}},
		{Name: "closed", Doc: "cannot be made", Fleet: true,
			New: func(float64, int, *crawl.Fleet) (crawl.Limiter, error) {
				return nil, errors.New("no server answers")
			}},
	}
}

// gate is a limiter that reserves each grant at the server.
type gate struct {
	client *rpc.Client
	q      Grant
	calls  atomic.Int64
}

func gateAt(name func(*crawl.Fleet) string) func(float64, int, *crawl.Fleet) (crawl.Limiter, error) {
	return func(rate float64, _ int, f *crawl.Fleet) (crawl.Limiter, error) {
		client, err := rpc.Dial("tcp", f.Server)
		if err != nil {
			return nil, err
		}
		return &gate{client: client, q: Grant{Name: name(f), Rate: rate}}, nil
	}
}

// Wait implements crawl.Limiter.
func (g *gate) Wait(ctx context.Context) error {
	var wait time.Duration
	g.calls.Add(1)
	if err := g.client.Call("Toy.Take", g.q, &wait); err != nil {
		return err
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close closes the connection.
func (g *gate) Close() error { return g.client.Close() }

// Calls returns how many calls the limiter has made.
func (g *gate) Calls() int64 { return g.calls.Load() }
