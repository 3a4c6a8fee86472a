package measure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/web/server"
)

// The requests of a remote that are not part of a crawl are those of a host that no graph has.
const (
	controlHost = "control.invalid"
	cpuPath     = "/cpu"
)

// beginPath is the request for the begin of a crawl of pages that do not wait, or of which none is refused.
func beginPath(hurry, plain bool) string { return fmt.Sprintf("/begin/%t/%t", hurry, plain) }

// hurried is the behaviour of a site that can be told not to wait.
type hurried struct {
	waits func(page uint32) time.Duration
	fails func(page uint32) bool // nil if none does
	hurry *atomic.Bool
}

// Wait implements server.Behaviour.
func (h hurried) Wait(page, _ uint32) time.Duration {
	if h.hurry.Load() {
		return 0
	}
	return h.waits(page)
}

// Fails implements server.Behaviour.
func (h hurried) Fails(page uint32) bool { return h.fails != nil && h.fails(page) }

// serveSite serves the graph of a job on a Unix socket until the parent says that nobody needs it any more. Such a
// socket is out of reach of other machines, and leaves no port in TIME_WAIT.
func serveSite(job Job) (Outcome, error) {
	cache, err := graph.OpenCache(job.Cache)
	if err != nil {
		return Outcome{}, err
	}
	defer cache.Close()
	mode := new(mode)
	answers := hurried{job.Fetch.Waits(cache.Graph), job.Fetch.Failing(cache.Graph), &mode.hurry}
	set := server.Settings{Seed: *job.ServeSeed, Shares: server.DefaultShares(), RetryAfter: job.Fetch.RetryAfter,
		CrawlDelay: job.Fetch.RobotsDelay, Forbids: job.Fetch.Forbidding(cache.Graph)}
	if refuses := job.Fetch.Refusing(); refuses != nil {
		set.Refuses = func(page uint32) bool { return !mode.plain.Load() && refuses(page) }
	}
	site, err := server.New(cache.Graph, answers, set)
	if err != nil {
		return Outcome{}, err
	}
	site.Prepare()
	listener, err := net.Listen("unix", job.Site)
	if err != nil {
		return Outcome{}, fmt.Errorf("serve the graph: %w", err)
	}
	serving := &http.Server{Handler: controlled(site, mode), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- serving.Serve(listener) }()
	if err := job.conn.Answer(nil); err != nil { // it is ready
		return Outcome{}, err
	}
	var none any
	for more := true; more && err == nil; {
		more, err = job.conn.Next(&none)
	}
	serving.Close()
	if errServe := <-ended; !errors.Is(errServe, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve the graph: %w", errServe))
	}
	return Outcome{}, err
}

// mode is how a site answers a crawl.
type mode struct {
	hurry atomic.Bool // without waiting
	plain atomic.Bool // without refusals
}

// controlled is a site that also answers the requests of a remote.
func controlled(site *server.Site, m *mode) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != controlHost {
			site.ServeHTTP(w, r)
			return
		}
		var hurry, plain bool
		if n, _ := fmt.Sscanf(r.URL.Path, "/begin/%t/%t", &hurry, &plain); n == 2 {
			m.hurry.Store(hurry)
			m.plain.Store(plain)
			site.Reset()
		}
		json.NewEncoder(w).Encode(host.CPUTime())
	})
}
