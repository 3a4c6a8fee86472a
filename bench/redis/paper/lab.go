package paper

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/server"
	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/stat"
)

const (
	// repeats is how often each measurement is made. The median counts.
	repeats = 3
	// patience is how long a crawl may take.
	patience = 2 * time.Minute
	// pings is how often the time of a call to the server is measured.
	pings = 1000
	// crowd is the number of workers of a process whose fetches take no time, so that processors or the server bind.
	crowd = 16
	// patient is the number of workers of a process whose fetches take a pause, so that these bind.
	patient, pause = 8, 5 * time.Millisecond
	// unsteady is the standard deviation of the logarithm of that time, as timers are not exact: without it, simulated
	// workers would stay in step for ever.
	unsteady = 0.1
)

// lab makes real crawls on this machine, to measure costs and to compare predictions with.
type lab struct {
	command func() *exec.Cmd // starts a process of a fleet
	server  *server.Server
	graph   graph.Spec
	crawls  int
}

// seen holds the measurements of a crawl.
type seen struct {
	rate           float64 // pages per second
	client, server float64 // seconds of processor time per page
	calls          float64 // to the server, per page
	latency        float64 // seconds of a fetch
	imbalance      float64 // pages of the process that fetched most, over the mean
}

// run makes a crawl by some processes.
func (l *lab) run(ctx context.Context, crawler string, processes, workers int, latency time.Duration) (
	s seen, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	l.crawls++
	jobs := make([]fleet.Job, processes)
	for i := range jobs {
		jobs[i] = fleet.Job{
			Crawler: crawler, Graph: l.graph, Workers: workers, Latency: latency,
			Fleet: crawl.Fleet{Index: i, Processes: processes, Server: l.server.URL(),
				Name: fmt.Sprint("paper", l.crawls)},
		}
	}
	var before time.Duration
	ends, err := fleet.Run(ctx, l.command, jobs, func() (err error) {
		before, err = l.server.CPU()
		return err
	})
	if err != nil {
		return s, err
	}
	after, err := l.server.CPU()
	if err != nil {
		return s, err
	}
	pages, most, calls := 0, 0, 0
	var took, cpu, fetching time.Duration
	for _, e := range ends {
		pages, most, calls = pages+e.Pages, max(most, e.Pages), calls+e.Counts["server calls"]
		took, cpu, fetching = max(took, e.Took), cpu+e.CPU, fetching+e.Fetching
	}
	n := float64(max(1, pages))
	return seen{
		rate: n / took.Seconds(), client: cpu.Seconds() / n, server: (after - before).Seconds() / n,
		calls: float64(calls) / n, latency: fetching.Seconds() / n,
		imbalance: float64(most) * float64(processes) / n,
	}, nil
}

// median makes a crawl several times, and returns the median of each value.
func (l *lab) median(ctx context.Context, crawler string, processes, workers int, latency time.Duration) (seen, error) {
	var all [repeats]seen
	for i := range all {
		var err error
		if all[i], err = l.run(ctx, crawler, processes, workers, latency); err != nil {
			return seen{}, fmt.Errorf("crawl with %s by %d processes: %w", crawler, processes, err)
		}
	}
	of := func(value func(seen) float64) float64 {
		list := make([]float64, len(all))
		for i, s := range all {
			list[i] = value(s)
		}
		return stat.Quantile(list, 0.5)
	}
	return seen{
		rate:    of(func(s seen) float64 { return s.rate }),
		client:  of(func(s seen) float64 { return s.client }),
		server:  of(func(s seen) float64 { return s.server }),
		calls:   of(func(s seen) float64 { return s.calls }),
		latency: of(func(s seen) float64 { return s.latency }),

		imbalance: of(func(s seen) float64 { return s.imbalance }),
	}, nil
}

// roundTrip returns the median time of a call that asks for nothing.
func (l *lab) roundTrip(ctx context.Context) (time.Duration, error) {
	client, err := server.Client(l.server.URL())
	if err != nil {
		return 0, err
	}
	defer client.Close()
	times := make([]float64, pings)
	for i := range times {
		begin := time.Now()
		if err := client.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		times[i] = float64(time.Since(begin))
	}
	return time.Duration(stat.Quantile(times, 0.5)), nil
}

// measure measures what a page and a call cost with a crawler, by crawls of one process. Two of them have fetches that
// take no time, with batches as in costs and with an eighth of that: two numbers of calls per page and two costs give
// the cost of a call. In the third, fetches take time and the server is idle in between, which gives the cost of that.
func (l *lab) measure(ctx context.Context, costs Costs, pages int) (Costs, error) {
	small := max(1, costs.Batch/8)
	var s [3]seen
	for i, c := range []struct{ batch, workers, pages int }{
		{costs.Batch, crowd, pages}, {small, crowd, pages}, {costs.Batch, patient, max(1, pages/10)},
	} {
		latency := time.Duration(0)
		if c.workers == patient {
			latency = pause
		}
		l.graph.Pages = c.pages
		var err error
		s[i], err = l.median(ctx, fmt.Sprintf("%s.batch=%d", costs.Frontier, c.batch), 1, c.workers, latency)
		if err != nil {
			return costs, err
		}
	}
	var err error
	if costs.ServerPage, costs.ServerCall, err = split(s[0].calls, s[0].server, s[1].calls, s[1].server); err == nil {
		costs.ClientPage, costs.ClientCall, err = split(s[0].calls, s[0].client, s[1].calls, s[1].client)
	}
	if err != nil {
		return costs, fmt.Errorf("measure %s: %w", costs.Frontier, err)
	}
	rest := func(cost float64, page, call time.Duration) float64 {
		return max(0, cost-page.Seconds()-s[2].calls*call.Seconds())
	}
	costs.ServerWake = seconds(rest(s[2].server, costs.ServerPage, costs.ServerCall) / s[2].calls)
	costs.ClientWait = seconds(rest(s[2].client, costs.ClientPage, costs.ClientCall))
	l.graph.Pages = pages
	costs.Source = fmt.Sprintf("measured on %s with %d processors and a load of %s, with %s: medians of %d crawls by one "+
		"process, %s, URLs. %d workers whose fetches take no time, and batches of up to %d and %d, made %.4f and %.4f calls "+
		"a page; %d workers whose fetches take %v made %.3f",
		cmp.Or(host.Fingerprint()["cpu"], "this machine"), runtime.NumCPU(), loadAverage(), l.server.Version(), repeats,
		l.graph, crowd, costs.Batch, small, s[0].calls, s[1].calls, patient, pause, s[2].calls)
	return costs, nil
}

// split solves cost = page + calls * call for two costs per page with two numbers of calls per page. Neither result is
// negative: if noise would make one negative, it is 0, and the other explains the first cost.
func split(calls1, cost1, calls2, cost2 float64) (page, call time.Duration, err error) {
	if calls1 <= 0 || calls2 < 1.2*calls1 {
		return 0, 0, fmt.Errorf("%.4f and %.4f calls to the server a page: want two numbers that differ, from smaller "+
			"batches: does the crawler count \"server calls\"?", calls1, calls2)
	}
	slope := max(0, (cost2-cost1)/(calls2-calls1))
	rest := cost1 - slope*calls1
	if rest < 0 {
		slope, rest = cost1/calls1, 0
	}
	return seconds(rest), seconds(slope), nil
}

func seconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }

// Check is the comparison of a prediction with a real crawl.
type Check struct {
	Processes, Workers  int
	Asked, Took         time.Duration // by a fetch: how late timers are is not predicted, but taken from the crawl
	Predicted, Observed Throughput
	Binds               Limit // what limits the prediction
	// Imbalance is the number of pages of the process that fetched most, over the mean. A crawl lasts until that one
	// has fetched them, which the model does not know: its hosts always have pages.
	Imbalance float64
}

// Throughput is how fast a crawl was, and what it cost.
type Throughput struct {
	Rate  float64 // pages per second
	Batch float64 // pages per call
	// Server and Client are seconds of processor time per page. Other load on the machine hardly changes them.
	Server, Client float64
}

// compare makes real crawls by some numbers of processes on this machine, and predicts them: all processes and the
// server share its processors. Hosts do not rest.
func (l *lab) compare(ctx context.Context, costs Costs, processes []int, workers int, latency time.Duration) (
	list []Check, err error) {
	trip, err := l.roundTrip(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range processes {
		s, err := l.median(ctx, fmt.Sprintf("%s.batch=%d", costs.Frontier, costs.Batch), n, workers, latency)
		if err != nil {
			return list, err
		}
		known := costs
		if latency > 0 {
			known.Linger += seconds(s.latency) - latency // that timer is as late as those of fetches
		}
		r, err := Simulate(Model{
			Costs: known, Processes: n, Workers: workers, Hosts: 100_000, Median: seconds(s.latency), Sigma: unsteady,
			RoundTrip: trip, Shared: runtime.NumCPU(), WarmUp: time.Second, Window: 2 * time.Second, Seed: 1,
		})
		if err != nil {
			return list, err
		}
		client := costs.ClientPage.Seconds() + costs.ClientCall.Seconds()/r.Batch
		if latency > 0 {
			client += costs.ClientWait.Seconds()
		}
		call := costs.ServerCall.Seconds() + r.Woken*costs.ServerWake.Seconds()
		list = append(list, Check{
			Processes: n, Workers: workers, Asked: latency, Took: seconds(s.latency), Binds: r.Binds,
			Imbalance: s.imbalance,
			Predicted: Throughput{r.Rate, r.Batch, costs.ServerPage.Seconds() + call/r.Batch, client},
			Observed:  Throughput{s.rate, 1 / s.calls, s.server, s.client},
		})
	}
	return list, nil
}

// loadAverage returns the number of processes that compete for the processors, over a minute; "?" if it is unknown.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if first, _, ok := strings.Cut(string(text), " "); err == nil && ok {
		return first
	}
	return "?"
}
