package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/web/delay"
)

// Main is Child for the main function of a program whose first argument is ChildVerb. It returns the exit code.
func Main(in io.Reader, out, errw io.Writer, table []crawl.Crawler) int {
	if err := Child(in, out, table); err != nil {
		fmt.Fprintln(errw, err)
		return 1
	}
	return 0
}

// Child does the job that it reads from in, with a crawler of table, and writes to out how it ended. The process exits
// when in ends, because nobody waits for it any more.
func Child(in io.Reader, out io.Writer, table []crawl.Crawler) error {
	asked, answers := json.NewDecoder(in), json.NewEncoder(out)
	var job Job
	if err := asked.Decode(&job); err != nil {
		return fmt.Errorf("read the job of a process of a fleet: %w", err)
	}
	run, err := prepare(job, table)
	if err != nil {
		return err
	}
	if err := answers.Encode(struct{}{}); err != nil {
		return err
	}
	var begin struct{}
	if err := asked.Decode(&begin); err != nil {
		return fmt.Errorf("wait for the start of the crawl: %w", err)
	}
	go func() {
		asked.Decode(&begin)
		os.Exit(1)
	}()
	return answers.Encode(run())
}

// prepare does what is not part of the crawl.
func prepare(job Job, table []crawl.Crawler) (run func() End, err error) {
	c, err := plan.Find(table, job.Crawler)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	g, err := graph.Build(ctx, job.Graph, 0)
	if err != nil {
		return nil, err
	}
	s := &site{graph: g, latency: job.Latency}
	if job.Log != "" {
		if s.log, err = create(job.Log); err != nil {
			return nil, err
		}
	}
	end := End{Counts: map[string]int{}}
	o := crawl.Options{Workers: job.Workers, SizeHint: g.Pages(), Fleet: &job.Fleet,
		Count: func(name string, n int) { end.Counts[name] += n }}
	return func() End {
		begin, cpu := time.Now(), host.CPUTime()
		var r crawl.Result
		var err error
		if c.ByURL != nil {
			r, err = c.ByURL(ctx, byURL{s}, []string{g.URL(g.Start)}, o)
		} else {
			r, err = c.ByID(ctx, byID{s}, []uint32{g.Start}, o)
		}
		end.At, end.CPU = time.Now(), host.CPUTime()-cpu
		end.Took = end.At.Sub(begin)
		end.Pages, end.Errors, end.Fetching = r.Pages, r.Errors, time.Duration(s.spent.Load())
		if err != nil {
			end.Failed = err.Error()
		}
		return end
	}, nil
}

// site is the site that a fleet crawls.
type site struct {
	graph   *graph.Graph
	latency time.Duration
	log     *log
	spent   atomic.Int64 // by fetches, in nanoseconds
}

// fetch sleeps for the latency, and logs the fetch.
func (s *site) fetch(ctx context.Context, page uint32) error {
	s.log.add(page, false)
	if s.latency > 0 {
		begin := time.Now()
		if err := delay.Wait(ctx, s.latency); err != nil {
			return err
		}
		s.spent.Add(int64(time.Since(begin)))
	}
	s.log.add(page, true)
	return nil
}

type byID struct{ *site }

func (s byID) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	if int(page) >= s.graph.Pages() {
		return nil, fmt.Errorf("no page %d", page)
	}
	if err := s.fetch(ctx, page); err != nil {
		return nil, err
	}
	return s.graph.Out(page), nil
}

type byURL struct{ *site }

func (s byURL) Fetch(ctx context.Context, url string) ([]string, error) {
	page, ok := s.graph.PageOf(url)
	if !ok {
		return nil, fmt.Errorf("no page %q", url)
	}
	if err := s.fetch(ctx, page); err != nil {
		return nil, err
	}
	out := s.graph.Out(page)
	links := make([]string, len(out))
	for i, q := range out {
		links[i] = s.graph.URL(q)
	}
	return links, nil
}
