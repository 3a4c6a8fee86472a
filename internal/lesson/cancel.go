package lesson

import (
	"context"
	"strings"
	"sync"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
)

func cancellation() Lesson {
	return Lesson{
		Title: "a cancellation that leaks",
		Question: "Workers fetch pages and send the results over an unbuffered channel to the goroutine that called the " +
			"crawler. When the context is cancelled, every fetch returns at once, and so does the caller. What becomes " +
			"of the workers?",
		Choices: []string{
			"they end: their context is cancelled",
			"some stay forever: they send to a channel that nobody receives from",
		},
		Taught: 1,
		Why: "A context ends waits that watch it, and a plain send does not. Each worker that was fetching wants to hand " +
			"over its result when the receiver is gone. Three remedies: a buffer with room for every result that can be " +
			"under way, a select with ctx.Done() in each send, and above all to wait for the workers before returning, " +
			"which turns a leak into a hang that a test finds. The correct twin has the buffer, and waits.",
		Next: "\"crawlbench conform -checks cancel\" cancels crawls while they fetch, wait and start, in virtual time.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			twin, err := l.check(ctx, keeper(), "cancel")
			if err != nil {
				return Result{}, err
			}
			leaky, err := l.check(ctx, ignorer(), "cancel")
			if err != nil {
				return Result{}, err
			}
			return leftBehind(twin, leaky), nil
		},
	}
}

// keeper returns the correct twin of ignorer.
func keeper() crawl.Crawler {
	return crawl.Crawler{Name: "lesson.keeper", Doc: "waits for its workers when cancelled", ByID: collect(false)}
}

// leftBehind returns the answer from the checks of a correct crawler and of one that should leave goroutines behind.
func leftBehind(twin, leaky conform.Result) Result {
	text, _, _ := strings.Cut(leaky.Text, "\n")
	r := Result{Choice: Unsure, Picture: verdictLine("buffer, and waits", twin) +
		verdictLine("no buffer, does not wait", leaky), Measured: "The check says: " + text + "."}
	switch {
	case !twin.Kind.OK():
		r.Measured = "The correct twin fails too, so this check proves nothing: " + twin.Text + "."
	case leaky.Kind.OK():
		r.Choice, r.Measured = 0, "The check found no goroutine left behind."
	case strings.Contains(leaky.Text, "goroutine"):
		r.Choice = 1
	}
	return r
}

// ignorer returns a crawler whose workers block forever when it is cancelled.
func ignorer() crawl.Crawler {
	return crawl.Crawler{Name: "lesson.ignorer", Doc: "returns when cancelled, without its workers", ByID: collect(true)}
}

// outcome is the result of a fetch.
type outcome[K comparable] struct {
	links   []K
	fetched bool
	err     error
}

// collect returns a crawler whose calling goroutine owns the visited set and collects what workers fetch. If it leaks,
// it does not wait for them when it is cancelled.
func collect(leaks bool) crawl.Func[uint32] {
	return func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		room := o.Workers
		if leaks {
			room = 0
		}
		todo, results := make(chan uint32), make(chan outcome[uint32], room)
		var pool sync.WaitGroup
		for range o.Workers {
			pool.Go(func() {
				for page := range todo {
					results <- fetch(ctx, web, page, o.Limiter)
				}
			})
		}
		did, err := own(ctx, seeds, o.MaxPages, todo, results)
		close(todo)
		if err != nil {
			cancel() // ends the fetches under way
		}
		if err == nil || !leaks {
			pool.Wait()
			for len(results) > 0 {
				did.add(<-results)
			}
		}
		return did.Result, err
	}
}

func fetch(ctx context.Context, web crawl.Web[uint32], page uint32, limiter crawl.Limiter) outcome[uint32] {
	if limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			return outcome[uint32]{err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return outcome[uint32]{err: err}
	}
	links, err := web.Fetch(ctx, page)
	return outcome[uint32]{links, true, err}
}

// tally counts the fetches.
type tally struct{ crawl.Result }

func (t *tally) add(r outcome[uint32]) {
	if r.fetched {
		t.Pages++
		if r.err != nil {
			t.Errors++
		}
	}
}

// own keeps the visited set and the frontier until all pages are fetched or ctx ends.
func own(ctx context.Context, seeds []uint32, most int, todo chan<- uint32,
	results <-chan outcome[uint32]) (did tally, err error) {
	seen := map[uint32]bool{}
	var frontier []uint32
	offer := func(links []uint32) {
		for _, link := range links {
			if !seen[link] && (most == 0 || len(seen) < most) {
				seen[link] = true
				frontier = append(frontier, link)
			}
		}
	}
	offer(seeds)
	for flying := 0; len(frontier) > 0 || flying > 0; {
		var next uint32
		var to chan<- uint32
		if len(frontier) > 0 {
			next, to = frontier[0], todo
		}
		select {
		case to <- next:
			frontier = frontier[1:]
			flying++
		case r := <-results:
			did.add(r)
			if flying--; r.err != nil && !r.fetched {
				return did, r.err
			}
			offer(r.links)
		case <-ctx.Done():
			return did, ctx.Err()
		}
	}
	return did, nil
}
